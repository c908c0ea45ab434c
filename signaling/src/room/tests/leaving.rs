//! Who goes, and what is said of it.

use super::*;

fn call_of_three() -> Room {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 2)).unwrap();
    room.sit(guest(2, "ben", &FACE, 2)).unwrap();
    room.sit(host(3, "carl", &FACE, 2)).unwrap();
    effects(&mut room);
    room
}

fn left(participant: u64) -> ServerBody {
    ServerBody::Left { participant }
}

#[test]
fn who_leaves_is_told_so_and_the_others_are_told_of_it() {
    let mut room = call_of_three();
    room.leave(ParticipantId(2)).unwrap();
    let told = notices(&mut room);
    assert_eq!(told.iter().filter(|(whom, _)| *whom == 2).count(), 1);
    assert!(told.contains(&(2, Notice::Out(CloseReason::Left))));
    for whom in [1, 3] {
        assert!(told.contains(&(whom, Notice::Body(left(2)))));
    }
    assert_eq!(room.leave(ParticipantId(2)), Err(RoomError::NoParticipant));
}

#[test]
fn a_host_that_leaves_ends_nothing() {
    let mut room = call_of_three();
    room.leave(ParticipantId(1)).unwrap();
    assert_eq!(outs(&mut room), [(1, CloseReason::Left)]);
    assert_eq!(present(&room), [2, 3]);
}

#[test]
fn a_host_sends_somebody_away() {
    let mut room = call_of_three();
    room.join(subscriber(4, "dora", &[])).unwrap();
    effects(&mut room);
    room.ask(ParticipantId(1), Ask::Remove(ParticipantId(2))).unwrap();
    let told = effects(&mut room);
    let away = Command::Leave {
        participant: ParticipantId(2),
    };
    assert!(told.contains(&Effect::Command(away)));
    assert!(told.contains(&Effect::Notify(
        ParticipantId(2),
        Notice::Out(CloseReason::Removed)
    )));
    room.ask(ParticipantId(1), Ask::Remove(ParticipantId(4))).unwrap();
    assert_eq!(present(&room), [1, 3], "listeners too");
    let gone = room.ask(ParticipantId(1), Ask::Remove(ParticipantId(2)));
    assert_eq!(gone, Err(RoomError::NoParticipant));
}

#[test]
fn a_host_ends_it_for_everybody_at_once() {
    let mut room = call_of_three();
    room.join(subscriber(4, "dora", &[])).unwrap();
    effects(&mut room);
    room.ask(ParticipantId(1), Ask::End).unwrap();
    let told = effects(&mut room);
    let notified = told.iter().filter(|effect| matches!(effect, Effect::Notify(..)));
    assert_eq!(
        notified.count(),
        3,
        "one last word each, and none about the others"
    );
    for whom in 1..=3 {
        let out = Notice::Out(CloseReason::Ended);
        assert!(told.contains(&Effect::Notify(ParticipantId(whom), out)));
    }
    assert!(told.contains(&Effect::Command(Command::CloseRoom { room: RoomId(1) })));
    let gone = told.iter().filter(|effect| matches!(effect, Effect::Gone { .. }));
    assert_eq!(gone.count(), 4);
    assert!(matches!(
        told.last(),
        Some(Effect::Event(RoomEvent::Closed { .. }))
    ));
    assert!(room.is_empty());
}

#[test]
fn a_guest_may_do_none_of_this() {
    let mut room = call_of_three();
    for ask in [Ask::Remove(ParticipantId(1)), Ask::Lock(true), Ask::End] {
        assert_eq!(room.ask(ParticipantId(2), ask), Err(RoomError::NotPermitted));
    }
    assert_eq!(effects(&mut room), []);
    assert_eq!(present(&room), [1, 2, 3]);
}

#[test]
fn who_has_no_seat_asks_nothing() {
    let mut room = call_of_three();
    room.join(subscriber(4, "dora", &[])).unwrap();
    effects(&mut room);
    for nobody in [4, 9] {
        let asked = room.ask(ParticipantId(nobody), Ask::Hand(true));
        assert_eq!(asked, Err(RoomError::NoParticipant));
    }
    assert_eq!(effects(&mut room), []);
}

#[test]
fn everybody_hears_why_the_room_closed() {
    for why in [CloseReason::Ended, CloseReason::Unavailable] {
        let mut room = call_of_three();
        room.close(LeaveReason::RoomClosed, why);
        assert_eq!(outs(&mut room), [(1, why), (2, why), (3, why)]);
    }
}

#[test]
fn what_the_media_plane_says_of_a_loss_is_said_in_the_members_words() {
    for (reason, why) in [
        (LeaveReason::Closed, CloseReason::Left),
        (LeaveReason::ConsentExpired, CloseReason::MediaLost),
        (LeaveReason::HandshakeTimeout, CloseReason::MediaLost),
        (LeaveReason::HandshakeRefused, CloseReason::MediaLost),
        (LeaveReason::WrongFingerprint, CloseReason::MediaLost),
        (LeaveReason::WorkerLost, CloseReason::Unavailable),
    ] {
        let mut room = call_of_three();
        room.handle_event(lost(2, reason));
        room.handle_event(lost(2, reason));
        assert_eq!(outs(&mut room), [(2, why)], "{reason:?}");
        assert_eq!(present(&room), [1, 3]);
    }
}
