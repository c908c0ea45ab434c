//! Publishers by WHIP and subscribers by WHEP.

use rapport_sfu::codec::MediaKind::{Audio, Video};
use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason, SrtpProfile};
use rapport_sfu::id::{ParticipantId, RoomId, TrackId};
use rapport_sfu::parameters::IceCredentials;

use super::*;

#[test]
fn a_place_is_opened_before_a_track_is_put_into_it() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Audio])).unwrap();
    effects(&mut room);
    room.join(subscriber(2, "ben", &[Audio])).unwrap();
    let commands: Vec<_> = effects(&mut room)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Command(command) => Some(command),
            _ => None,
        })
        .collect();
    assert!(matches!(
        commands[..],
        [
            Command::Join { .. },
            Command::Subscribe { .. },
            Command::Select { .. }
        ]
    ));
}

#[test]
fn tracks_go_into_places_of_their_kind_in_the_order_of_publishing() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Audio, Video])).unwrap();
    room.join(publisher(2, "ben", &[Audio, Video])).unwrap();
    room.join(subscriber(3, "carl", &[Audio, Video, Audio])).unwrap();
    assert_eq!(
        selections(&mut room),
        [(30, Some(10)), (31, Some(11)), (32, Some(20))]
    );
}

#[test]
fn a_track_that_comes_later_finds_a_place_and_the_others_stay_put() {
    let mut room = room();
    room.join(subscriber(1, "anna", &[Video, Video])).unwrap();
    room.join(publisher(2, "ben", &[Video])).unwrap();
    assert_eq!(selections(&mut room), [(10, Some(20))]);
    room.join(publisher(3, "carl", &[Video])).unwrap();
    assert_eq!(selections(&mut room), [(11, Some(30))]);
}

#[test]
fn a_place_that_is_freed_is_given_to_the_next_in_line() {
    let mut room = room();
    room.join(subscriber(1, "anna", &[Video])).unwrap();
    room.join(publisher(2, "ben", &[Video])).unwrap();
    room.join(publisher(3, "carl", &[Video])).unwrap();
    assert_eq!(selections(&mut room), [(10, Some(20))]);
    room.leave(ParticipantId(2)).unwrap();
    assert_eq!(selections(&mut room), [(10, None), (10, Some(30))]);
}

#[test]
fn nobody_is_shown_his_own_tracks() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Video])).unwrap();
    room.join(subscriber(2, "anna", &[Video])).unwrap();
    assert_eq!(selections(&mut room), []);
}

#[test]
fn a_subscriber_may_ask_for_one_publisher_only() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Video])).unwrap();
    room.join(publisher(2, "ben", &[Video])).unwrap();
    let only = Identity::new("ben");
    let admission = subscriber(3, "carl", &[Video, Video]);
    room.join(Admission { only, ..admission }).unwrap();
    assert_eq!(selections(&mut room), [(30, Some(20))]);
}

#[test]
fn a_listener_gets_nothing_of_a_call_whenever_it_came() {
    let mut room = room();
    let only = Identity::new("anna");
    let choosing = subscriber(2, "choosing", &[Audio, Video]);
    room.join(subscriber(1, "early", &[Audio, Video])).unwrap();
    room.join(Admission { only, ..choosing }).unwrap();
    room.sit(host(3, "anna", &[Source::Microphone], 0)).unwrap();
    room.join(subscriber(4, "late", &[Audio, Video])).unwrap();
    let camera = (track(3, 1), Source::Camera, publication(Video, "Camera"));
    let more = Extension {
        publications: vec![camera],
        ..Extension::default()
    };
    room.extend(ParticipantId(3), more).unwrap();
    assert_eq!(selections(&mut room), []);
    assert_eq!(present(&room), [1, 2, 3, 4], "and they are seen all the same");
}

#[test]
fn a_listener_with_a_hosts_token_gets_the_sealed_media_of_those_who_were_let_in() {
    let mut room = room();
    room.join(listening_host(1, "early", &[Audio])).unwrap();
    room.sit(host(2, "anna", &FACE, 0)).unwrap();
    room.sit(guest(3, "ben", &FACE, 0)).unwrap();
    room.join(listening_host(4, "late", &[Audio, Audio, Video]))
        .unwrap();
    assert_eq!(
        selections(&mut room),
        [(10, Some(200)), (40, Some(200)), (42, Some(201))]
    );
}

#[test]
fn sound_and_picture_of_one_publisher_stand_side_by_side() {
    let mut room = room();
    // Ben's picture takes the first place; Anna's sound may not stand beside it.
    room.join(publisher(1, "ben", &[Video])).unwrap();
    room.join(publisher(2, "anna", &[Audio, Video])).unwrap();
    room.join(subscriber(3, "carl", &[Audio, Video, Audio, Video]))
        .unwrap();
    assert_eq!(
        selections(&mut room),
        [(31, Some(10)), (32, Some(20)), (33, Some(21))]
    );
}

#[test]
fn a_track_without_a_common_codec_is_not_shown() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Video])).unwrap();
    let mut admission = subscriber(2, "ben", &[Video]);
    admission.subscriptions[0].1.media = media(Video, VP9);
    room.join(admission).unwrap();
    assert_eq!(selections(&mut room), []);
}

#[test]
fn a_full_room_lets_nobody_in_and_is_unharmed() {
    let rules = Rules {
        participants: 1,
        ..RULES
    };
    let mut room = Room::new(RoomId(1), name(), rules);
    room.join(publisher(1, "anna", &[])).unwrap();
    effects(&mut room);
    assert_eq!(room.join(publisher(2, "ben", &[Audio])), Err(RoomError::Full));
    assert_eq!(effects(&mut room), []);
    assert_eq!(room.summary().participants, 1);
}

#[test]
fn whoever_the_media_plane_lost_is_forgotten_once() {
    let mut room = room();
    room.join(publisher(1, "anna", &[Audio])).unwrap();
    effects(&mut room);
    let left = Event::Left {
        room: RoomId(1),
        participant: ParticipantId(1),
        reason: LeaveReason::ConsentExpired,
    };
    room.handle_event(left.clone());
    let told = effects(&mut room);
    assert!(matches!(
        &told[..],
        [
            Effect::Gone { tracks, .. },
            Effect::Event(RoomEvent::Left { .. }),
            Effect::Event(RoomEvent::Closed { .. }),
        ] if *tracks == [TrackId(10)]
    ));
    room.handle_event(left);
    assert_eq!(effects(&mut room), []);
    assert!(room.is_empty());
}

#[test]
fn events_about_somebody_unknown_change_nothing() {
    let mut room = room();
    room.handle_event(Event::Started { track: TrackId(9) });
    room.handle_event(Event::Connected {
        participant: ParticipantId(9),
        profile: SrtpProfile::AeadAes128Gcm,
    });
    assert_eq!(effects(&mut room), []);
}

fn fragment(credentials: &IceCredentials) -> String {
    format!(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
        credentials.ufrag, credentials.pwd
    )
}

#[test]
fn candidates_need_the_tag_and_change_nothing() {
    let mut room = room();
    let admission = publisher(1, "anna", &[]);
    let tag = IfMatch::parse(admission.tag.as_str());
    room.join(admission).unwrap();
    effects(&mut room);
    let same = fragment(&credentials("remote"));
    let patch = |room: &mut Room, tag: &IfMatch| room.patch(ParticipantId(1), tag, &same, &[]);
    assert_eq!(patch(&mut room, &tag), Ok(Patched::Trickled));
    let other = IfMatch::parse("\"other\"");
    assert_eq!(patch(&mut room, &other), Err(RoomError::OtherIceSession));
    assert_eq!(effects(&mut room), []);
}

#[test]
fn an_ice_restart_needs_the_star_and_gives_a_new_tag() {
    let mut room = room();
    let admission = publisher(1, "anna", &[]);
    let tag = IfMatch::parse(admission.tag.as_str());
    room.join(admission).unwrap();
    effects(&mut room);
    let new = fragment(&credentials("newer"));
    let refused = room.patch(ParticipantId(1), &tag, &new, &[]);
    assert_eq!(refused, Err(RoomError::RestartWithoutStar));
    let patched = room.patch(ParticipantId(1), &IfMatch::Any, &new, &[]).unwrap();
    let Patched::Restarted { tag: fresh, .. } = patched else {
        panic!("{patched:?}")
    };
    assert!(!tag.matches(&fresh));
    assert!(matches!(
        &effects(&mut room)[..],
        [Effect::Command(Command::RestartIce { remote, .. })] if *remote == credentials("newer")
    ));
}
