//! Which member is shown where.

use super::*;

const ALL: [Source; 4] = [
    Source::Microphone,
    Source::Camera,
    Source::Screen,
    Source::ScreenAudio,
];

#[test]
fn voice_and_face_stand_side_by_side_and_a_screen_with_its_sound() {
    let mut room = room();
    room.sit(host(1, "anna", &ALL, 0)).unwrap();
    room.sit(host(2, "ben", &FACE, 0)).unwrap();
    let snapshot = room.sit(host(3, "carl", &[], 4)).unwrap();
    let mut pairs = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for (mid, whose, what) in shown(&snapshot.slots) {
        pairs[mid[1..].parse::<usize>().unwrap()].push((whose, what));
    }
    assert_eq!(
        pairs,
        [
            vec![(1, Source::Microphone), (1, Source::Camera)],
            vec![(2, Source::Microphone), (2, Source::Camera)],
            vec![(1, Source::ScreenAudio), (1, Source::Screen)],
            vec![],
        ]
    );
}

#[test]
fn a_voice_comes_before_the_sound_of_a_screen() {
    let mut room = room();
    room.sit(host(1, "anna", &ALL, 0)).unwrap();
    room.sit(host(2, "ben", &FACE, 0)).unwrap();
    let snapshot = room.sit(host(3, "carl", &[], 2)).unwrap();
    let sounds: Vec<_> = shown(&snapshot.slots)
        .into_iter()
        .filter(|(_, _, what)| kind_of(*what) == Audio)
        .collect();
    assert_eq!(
        sounds,
        [("a0", 1, Source::Microphone), ("a1", 2, Source::Microphone)]
    );
}

#[test]
fn a_face_that_waits_does_not_take_the_place_beside_another_voice() {
    let mut room = room();
    // Anna's screen takes the last picture place that is beside nobody.
    room.sit(host(1, "anna", &[Source::Screen], 0)).unwrap();
    room.sit(host(2, "ben", &[Source::Camera], 0)).unwrap();
    room.sit(host(3, "carl", &FACE, 0)).unwrap();
    let snapshot = room.sit(host(4, "dora", &[], 2)).unwrap();
    assert_eq!(
        shown(&snapshot.slots),
        [
            ("a0", 3, Source::Microphone),
            ("v0", 3, Source::Camera),
            ("v1", 1, Source::Screen)
        ]
    );
}

#[test]
fn nobody_sees_himself_but_an_earlier_listener_of_his_name_may_see_him() {
    let mut room = room();
    let alone = room.sit(host(1, "anna", &FACE, 2)).unwrap();
    assert_eq!(shown(&alone.slots), []);
    effects(&mut room);
    room.join(listening_host(2, "anna", &[Video])).unwrap();
    assert_eq!(selections(&mut room), [], "WHEP goes by the name");
}

#[test]
fn what_is_shown_stays_put_and_what_comes_free_is_told_once() {
    let mut room = room();
    room.sit(host(1, "anna", &[], 1)).unwrap();
    room.sit(host(2, "ben", &FACE, 0)).unwrap();
    effects(&mut room);
    room.sit(host(3, "carl", &FACE, 0)).unwrap();
    let slots = |bodies: Vec<ServerBody>| -> Vec<Slot> {
        let slot = |body| match body {
            ServerBody::Slot { slot } => Some(slot),
            _ => None,
        };
        bodies.into_iter().filter_map(slot).collect()
    };
    assert_eq!(slots(bodies(&mut room, 1)), [], "Ben stays where he is");
    room.leave(ParticipantId(2)).unwrap();
    let changed = slots(bodies(&mut room, 1));
    assert_eq!(
        shown(&changed),
        [("a0", 3, Source::Microphone), ("v0", 3, Source::Camera)]
    );
    assert_eq!(changed.len(), 2, "a place that is filled again was never empty");
    room.leave(ParticipantId(3)).unwrap();
    let emptied = slots(bodies(&mut room, 1));
    assert_eq!((emptied.len(), shown(&emptied).len()), (2, 0));
}

#[test]
fn a_screen_does_not_stand_beside_a_voice_in_place_of_the_face() {
    let mut room = room();
    let sources = [Source::Microphone, Source::Screen, Source::Camera];
    room.sit(host(1, "anna", &sources, 0)).unwrap();
    let snapshot = room.sit(host(2, "ben", &[], 2)).unwrap();
    assert_eq!(
        shown(&snapshot.slots),
        [
            ("a0", 1, Source::Microphone),
            ("v0", 1, Source::Camera),
            ("v1", 1, Source::Screen)
        ]
    );
}
