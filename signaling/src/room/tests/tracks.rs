//! What is withheld of a track, and why.

use super::*;

/// What the media plane is told to withhold, in order.
fn mutes(room: &mut Room) -> Vec<(TrackId, bool)> {
    let mute = |command| match command {
        Command::Mute { track, muted } => Some((track, muted)),
        _ => None,
    };
    commands(room).into_iter().filter_map(mute).collect()
}

fn say(room: &mut Room, microphone: bool, camera: bool, screen: bool) {
    let media = MediaState {
        microphone,
        camera,
        screen,
    };
    room.ask(ParticipantId(1), Ask::Media(media)).unwrap();
}

const ALL: [Source; 4] = [
    Source::Microphone,
    Source::Camera,
    Source::Screen,
    Source::ScreenAudio,
];

fn anna() -> Room {
    let mut room = room();
    room.sit(host(1, "anna", &ALL, 1)).unwrap();
    effects(&mut room);
    room
}

#[test]
fn nothing_is_forwarded_of_what_is_switched_off() {
    let mut room = anna();
    say(&mut room, false, true, true);
    assert_eq!(mutes(&mut room), [(track(1, 0), true)]);
    say(&mut room, true, false, false);
    assert_eq!(
        mutes(&mut room),
        [
            (track(1, 0), false),
            (track(1, 1), true),
            (track(1, 2), true),
            (track(1, 3), true),
        ]
    );
    say(&mut room, true, false, false);
    assert_eq!(mutes(&mut room), []);
}

#[test]
fn who_comes_in_muted_is_not_heard_from_the_first_packet() {
    let mut room = room();
    let muted = with_seat(host(1, "anna", &FACE, 1), |seat| {
        seat.media = MediaState::default()
    });
    room.sit(muted).unwrap();
    let told = commands(&mut room);
    let published =
        |command: &Command| matches!(command, Command::Publish { track: id, .. } if *id == track(1, 0));
    let at = told.iter().position(published).unwrap();
    let mute = Command::Mute {
        track: track(1, 0),
        muted: true,
    };
    assert_eq!(told[at + 1], mute);
}

#[test]
fn an_administrators_mute_and_the_members_own_are_two_things() {
    let mut room = anna();
    let id = track(1, 0);
    room.mute(id, true).unwrap();
    assert_eq!(mutes(&mut room), [(id, true)]);
    say(&mut room, false, true, true);
    say(&mut room, true, true, true);
    assert_eq!(mutes(&mut room), [], "the member can't lift it");
    say(&mut room, false, true, true);
    room.mute(id, false).unwrap();
    assert_eq!(
        mutes(&mut room),
        [],
        "and the administrator can't switch a microphone on"
    );
    let shown = &room.info().participants[0].tracks[0];
    assert_eq!((shown.muted, shown.off), (false, true));
    say(&mut room, true, true, true);
    assert_eq!(mutes(&mut room), [(id, false)]);
}

#[test]
fn what_is_published_by_whip_is_an_administrators_to_mute_alone() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Audio])).unwrap();
    effects(&mut room);
    for muted in [true, false] {
        room.mute(TrackId(10), muted).unwrap();
        assert_eq!(mutes(&mut room), [(TrackId(10), muted)]);
    }
    assert_eq!(room.mute(TrackId(99), true), Err(RoomError::NoTrack));
}

#[test]
fn a_track_that_is_not_sealed_is_shown_to_nobody() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.sit(host(2, "ben", &FACE, 1)).unwrap();
    room.sit(host(3, "carl", &FACE, 1)).unwrap();
    room.join(listening_host(4, "dora", &[Video])).unwrap();
    effects(&mut room);
    let unsealed = Event::Unsealed { track: track(1, 1) };
    room.handle_event(unsealed.clone());
    let told = effects(&mut room);
    let refusal = ServerBody::Unsealed { mid: "Camera".into() };
    assert!(told.contains(&Effect::Notify(ParticipantId(1), Notice::Body(refusal))));
    let shows = |whom| shown(&room.snapshot(ParticipantId(whom)).slots).contains(&("v0", 1, Source::Camera));
    assert!(!shows(2) && !shows(3));
    let next = Command::Select {
        subscription: place(2, 1),
        track: Some(track(3, 1)),
    };
    assert!(
        told.contains(&Effect::Command(next)),
        "the place is given to the next"
    );
    assert!(
        told.contains(&Effect::Command(Command::Select {
            subscription: SubscriptionId(40),
            track: None
        })),
        "a listener's too"
    );
    room.handle_event(unsealed);
    assert_eq!(effects(&mut room), []);
    let info = room.info();
    let refused: Vec<_> = info.participants[0]
        .tracks
        .iter()
        .map(|track| track.refused)
        .collect();
    assert_eq!(refused, [false, true]);
}
