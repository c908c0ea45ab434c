//! What a new offer of the same member adds.

use super::*;

fn call_of_two() -> Room {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.sit(host(2, "ben", &FACE, 0)).unwrap();
    effects(&mut room);
    room
}

#[test]
fn more_places_show_at_once_what_was_waiting() {
    let mut room = call_of_two();
    let more = Extension {
        subscriptions: pairs_of(2, 0..2),
        ..Extension::default()
    };
    let slots = room.extend(ParticipantId(2), more).unwrap();
    assert_eq!(slots.len(), 4);
    assert_eq!(
        shown(&slots),
        [("a0", 1, Source::Microphone), ("v0", 1, Source::Camera)]
    );
    let told = effects(&mut room);
    let opened = |effect: &Effect| matches!(effect, Effect::Command(Command::Subscribe { .. }));
    let selected = |effect: &Effect| matches!(effect, Effect::Command(Command::Select { .. }));
    assert_eq!(told.iter().filter(|effect| opened(effect)).count(), 4);
    assert!(told.iter().rposition(opened) < told.iter().position(selected));
    let notified = |effect: &Effect| matches!(effect, Effect::Notify(..));
    assert!(!told.iter().any(notified), "the answer says it: {told:?}");
}

#[test]
fn what_is_published_later_is_sealed_and_shown_to_the_others() {
    let mut room = call_of_two();
    let screen = Extension {
        publications: vec![(track(2, 5), Source::Screen, publication(Video, "s"))],
        ..Extension::default()
    };
    let places = Extension {
        subscriptions: pairs_of(1, 1..2),
        ..Extension::default()
    };
    room.extend(ParticipantId(1), places).unwrap();
    effects(&mut room);
    assert_eq!(room.extend(ParticipantId(2), screen), Ok(vec![]));
    let told = effects(&mut room);
    let sealed = told.iter().find_map(|effect| match effect {
        Effect::Command(Command::Publish { parameters, .. }) => parameters.sealed,
        _ => None,
    });
    assert_eq!(sealed.map(|index| index.0), Some(17));
    let slots = room.snapshot(ParticipantId(1)).slots;
    assert!(shown(&slots).contains(&("v1", 2, Source::Screen)));
    let told_to_anna = |effect: &Effect| matches!(effect, Effect::Notify(ParticipantId(1), Notice::Body(ServerBody::Slot { slot })) if slot.mid == "v1");
    assert_eq!(told.iter().filter(|effect| told_to_anna(effect)).count(), 1);
}

#[test]
fn new_credentials_restart_ice_and_change_nothing_else() {
    let mut room = call_of_two();
    let restart = Extension {
        restart: Some((credentials("ours"), credentials("theirs"))),
        ..Extension::default()
    };
    room.extend(ParticipantId(2), restart).unwrap();
    assert_eq!(
        effects(&mut room),
        [Effect::Command(Command::RestartIce {
            participant: ParticipantId(2),
            local: credentials("ours"),
            remote: credentials("theirs"),
        })]
    );
}

#[test]
fn only_members_of_a_call_extend() {
    let mut room = call_of_two();
    room.join(subscriber(3, "carl", &[])).unwrap();
    effects(&mut room);
    for nobody in [3, 9] {
        let more = Extension {
            subscriptions: pairs_of(nobody, 0..1),
            ..Extension::default()
        };
        let extended = room.extend(ParticipantId(nobody), more);
        assert_eq!(extended, Err(RoomError::NoParticipant));
    }
    assert_eq!(effects(&mut room), []);
}
