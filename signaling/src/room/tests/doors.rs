//! Who may come in: the room's kind, its lock, its bound, and the same person again.

use rapport_sfu::codec::MediaKind::Audio;
use rapport_sfu::command::Command;
use rapport_sfu::id::SenderIndex;

use super::*;

fn sealed_by(room: &mut Room) {
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    effects(room);
}

#[test]
fn a_call_keeps_publishers_of_clear_media_out() {
    let mut room = room();
    sealed_by(&mut room);
    let refused = room.join(publisher(2, "ben", &[Audio]));
    assert_eq!(refused, Err(RoomError::OtherKind("sealed")));
    assert_eq!(effects(&mut room), []);
    assert_eq!(room.info().kind, "sealed");
}

#[test]
fn clear_media_keep_a_call_out() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Audio])).unwrap();
    effects(&mut room);
    assert_eq!(
        room.sit(guest(2, "ben", &FACE, 1)),
        Err(RoomError::OtherKind("clear"))
    );
    assert_eq!(effects(&mut room), []);
    assert_eq!(room.info().kind, "clear");
}

#[test]
fn without_the_configurations_word_nothing_clear_is_published() {
    let rules = Rules {
        clear: false,
        ..RULES
    };
    let mut room = Room::new(RoomId(1), name(), rules);
    let refused = room.join(publisher(1, "anna", &[Audio]));
    assert_eq!(refused, Err(RoomError::ClearRefused));
    room.join(subscriber(2, "ben", &[Audio])).unwrap();
    room.sit(guest(3, "carl", &FACE, 1)).unwrap();
    assert_eq!(room.info().kind, "sealed");
}

#[test]
fn a_listener_waits_until_somebody_decides() {
    for sealed in [true, false] {
        let mut room = room();
        room.join(listening_host(1, "anna", &[Audio])).unwrap();
        assert_eq!(room.info().kind, "undecided");
        if sealed {
            room.sit(host(2, "ben", &FACE, 1)).unwrap();
        } else {
            room.join(publisher(2, "ben", &[Audio])).unwrap();
        }
        assert_eq!(selections(&mut room).len(), 1, "it hears the first that comes");
    }
}

#[test]
fn a_locked_room_lets_nobody_new_in() {
    let mut room = room();
    sealed_by(&mut room);
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    room.ask(ParticipantId(1), Ask::Lock(true)).unwrap();
    effects(&mut room);
    assert_eq!(room.sit(guest(3, "carl", &FACE, 1)), Err(RoomError::Locked));
    assert_eq!(room.sit(host(4, "dora", &FACE, 1)), Err(RoomError::Locked));
    assert_eq!(room.join(subscriber(5, "emil", &[])), Err(RoomError::Locked));
    assert_eq!(effects(&mut room), []);
    let reloaded = room.sit(guest(6, "ben", &FACE, 1)).unwrap();
    assert!(reloaded.room.locked);
    assert_eq!(present(&room), [1, 6]);
    room.ask(ParticipantId(1), Ask::Lock(false)).unwrap();
    room.sit(guest(7, "carl", &FACE, 1)).unwrap();
}

#[test]
fn a_locked_room_whose_host_is_lost_takes_a_host() {
    let mut room = room();
    sealed_by(&mut room);
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    room.ask(ParticipantId(1), Ask::Lock(true)).unwrap();
    room.leave(ParticipantId(1)).unwrap();
    assert_eq!(room.sit(guest(3, "carl", &FACE, 1)), Err(RoomError::Locked));
    room.sit(host(4, "anna", &FACE, 1)).unwrap();
}

#[test]
fn who_comes_again_takes_the_place_of_the_former_self() {
    let rules = Rules {
        participants: 2,
        ..RULES
    };
    let mut room = Room::new(RoomId(1), name(), rules);
    sealed_by(&mut room);
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    effects(&mut room);
    assert_eq!(room.sit(guest(3, "carl", &FACE, 1)), Err(RoomError::Full));
    let snapshot = room.sit(guest(4, "ben", &FACE, 1)).unwrap();
    let told = effects(&mut room);
    let order = |picked: &dyn Fn(&Effect) -> bool| told.iter().position(picked).unwrap();
    let left = order(
        &|effect| matches!(effect, Effect::Command(Command::Leave { participant }) if participant.0 == 2),
    );
    let joined = order(
        &|effect| matches!(effect, Effect::Command(Command::Join { participant, .. }) if participant.0 == 4),
    );
    assert!(left < joined, "the media plane never has both");
    assert!(told.contains(&Effect::Notify(
        ParticipantId(2),
        Notice::Out(CloseReason::Replaced)
    )));
    let members: Vec<_> = snapshot.members.iter().map(|member| member.participant).collect();
    assert_eq!(members, [1, 4]);
}

#[test]
fn a_room_of_one_outlives_a_reload() {
    let mut room = room();
    sealed_by(&mut room);
    room.sit(host(2, "anna", &FACE, 1)).unwrap();
    let closed = |effect: &Effect| matches!(effect, Effect::Event(RoomEvent::Closed { .. }));
    assert!(!effects(&mut room).iter().any(closed));
    assert_eq!(present(&room), [2]);
}

#[test]
fn a_listener_of_the_same_identity_is_somebody_else() {
    let mut room = room();
    sealed_by(&mut room);
    room.join(subscriber(2, "anna", &[])).unwrap();
    assert_eq!(present(&room), [1, 2]);
}

#[test]
fn a_number_of_a_sender_is_given_out_once_in_the_life_of_a_room() {
    let mut room = room();
    sealed_by(&mut room);
    // Anna has 16, the first of the numbers; Ben reloads until all are used.
    for participant in 17..=4095 {
        let snapshot = room.sit(guest(participant, "ben", &FACE[..1], 0)).unwrap();
        let sender = snapshot.members.last().unwrap().sender.unwrap();
        assert_eq!(u64::from(sender), participant);
        let sealed = commands(&mut room).into_iter().find_map(|command| match command {
            Command::Publish { parameters, .. } => parameters.sealed,
            _ => None,
        });
        assert_eq!(sealed, Some(SenderIndex(sender)));
    }
    assert_eq!(
        room.sit(guest(5000, "ben", &FACE, 0)),
        Err(RoomError::NoSenderIndex)
    );
    assert_eq!(effects(&mut room), [], "and nobody was sent away for it");
    assert_eq!(present(&room), [1, 4095]);
}

#[test]
fn a_refused_member_uses_up_no_number() {
    let rules = Rules {
        participants: 1,
        ..RULES
    };
    let mut room = Room::new(RoomId(1), name(), rules);
    sealed_by(&mut room);
    assert_eq!(room.sit(guest(2, "ben", &FACE, 0)), Err(RoomError::Full));
    let snapshot = room.sit(host(3, "anna", &FACE, 0)).unwrap();
    assert_eq!(snapshot.members[0].sender, Some(17));
}
