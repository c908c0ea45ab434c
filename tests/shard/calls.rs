//! Coming, going, muting, moving.

use std::net::SocketAddr;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::demux::Protocol;
use rapport_sfu::drop::Drop;
use rapport_sfu::event::LeaveReason;
use rapport_sfu::id::{ParticipantId, RoomId, SubscriptionId, TapId, TrackId};
use rapport_sfu::parameters::Fingerprint;

use crate::hall::{Hall, NEXT_DOOR, ROOM, credentials, is_unbroken, millis, seconds};

#[test]
fn a_mute_silences_and_an_unmute_goes_on_at_a_key_frame_without_a_seam() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Video);
    hall.show(listener, MediaKind::Video, track);
    hall.run(seconds(1));
    let before = hall.received(listener);
    hall.command(Command::Mute { track, muted: true });
    hall.run(millis(400));
    assert_eq!(hall.received(listener), []);
    hall.command(Command::Mute { track, muted: false });
    hall.run(seconds(1));
    let after = hall.received(listener);
    assert!(after[0].content.keyframe && after[0].content.start);
    assert_eq!(after[0].index, before.last().unwrap().index + 1);
    assert!(is_unbroken(&after));
    let elapsed = after[0].timestamp.wrapping_sub(before.last().unwrap().timestamp);
    assert!((36_000..60_000).contains(&elapsed), "{elapsed} ticks of 90 kHz");
}

#[test]
fn nobody_is_asked_for_key_frames_of_a_muted_track() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Video);
    hall.show(listener, MediaKind::Video, track);
    hall.run(seconds(1));
    hall.command(Command::Mute { track, muted: true });
    let asked = hall.client(speaker).keyframe_requests_received;
    hall.run(seconds(5));
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked);
    hall.command(Command::Mute { track, muted: false });
    hall.run(millis(40));
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked + 1);
    assert!(hall.received(listener).last().unwrap().content.frame > 200);
}

#[test]
fn whoever_taps_a_track_asks_for_its_key_frames_at_the_pace_of_all() {
    let mut hall = Hall::new();
    let speaker = hall.join(ROOM, &[]);
    let track = hall.publish(speaker, MediaKind::Video);
    hall.run(seconds(1));
    let asked = hall.client(speaker).keyframe_requests_received;
    for _ in 0..3 {
        hall.command(Command::RequestKeyframes { track });
        hall.run(millis(50));
    }
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked + 1);
    hall.run(seconds(1));
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked + 2);
    hall.command(Command::Mute { track, muted: true });
    hall.command(Command::RequestKeyframes { track });
    hall.run(seconds(1));
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked + 2);
}

#[test]
fn a_closed_room_says_goodbye_to_everybody_and_forgets_all() {
    let mut hall = Hall::new();
    let (one, other) = (hall.join(ROOM, &["chat"]), hall.join(ROOM, &[]));
    let elsewhere = hall.join(NEXT_DOOR, &[]);
    let track = hall.publish(one, MediaKind::Audio);
    hall.show(other, MediaKind::Audio, track);
    hall.command(Command::Tap { tap: TapId(1), track });
    hall.run(millis(200));
    hall.command(Command::CloseRoom { room: ROOM });
    assert!(hall.client(one).was_closed() && hall.client(other).was_closed());
    assert!(!hall.client(elsewhere).was_closed());
    let mut left = hall.left();
    left.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(
        left,
        [(one, LeaveReason::RoomClosed), (other, LeaveReason::RoomClosed)]
    );
    let stats = hall.shard.stats();
    assert_eq!(
        [
            stats.rooms,
            stats.participants,
            stats.publications,
            stats.subscriptions
        ],
        [1, 1, 0, 0]
    );
}

#[test]
fn who_left_is_not_known_any_more_by_name_or_by_address() {
    let mut hall = Hall::new();
    let (stays, leaves) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    hall.publish(leaves, MediaKind::Audio);
    let track = hall.publish(stays, MediaKind::Audio);
    hall.show(leaves, MediaKind::Audio, track);
    hall.run(millis(200));
    hall.command(Command::Leave { participant: leaves });
    hall.received(leaves);
    let (rtp, unknown) = (hall.rtp_sent, hall.drops(Drop::UnknownPeer));
    // Its client has not noticed: it goes on to send media, feedback and, after 2.5 s, a check.
    hall.run(seconds(3));
    assert_eq!(hall.received(leaves), []);
    assert_eq!(hall.rtp_sent, rtp);
    assert!(hall.drops(Drop::UnknownPeer) >= unknown + 150);
    assert_eq!(hall.shard.stats().drops.get(Drop::StaleCommand), 0);
}

#[test]
fn a_client_that_hangs_up_is_gone_at_once() {
    let mut hall = Hall::new();
    let (stays, leaves) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let now = hall.now;
    hall.client(leaves).close(now);
    hall.exchange();
    assert_eq!(hall.left(), [(leaves, LeaveReason::Closed)]);
    assert!(hall.clients[&stays].is_connected());
}

#[test]
fn orders_that_name_what_is_gone_are_counted_and_do_nothing() {
    let mut hall = Hall::new();
    let (participant, room) = (ParticipantId(99), RoomId(99));
    let (track, subscription, tap) = (TrackId(99), SubscriptionId(99), TapId(99));
    let stale = [
        Command::RestartIce {
            participant,
            local: credentials("a", 1),
            remote: credentials("b", 1),
        },
        Command::Unpublish { track },
        Command::Select {
            subscription,
            track: Some(track),
        },
        Command::Unsubscribe { subscription },
        Command::Mute { track, muted: true },
        Command::Tap { tap, track },
        Command::Untap { tap },
        Command::Leave { participant },
        Command::CloseRoom { room },
    ];
    let count = stale.len() as u64;
    stale.into_iter().for_each(|command| hall.command(command));
    assert_eq!(hall.drops(Drop::StaleCommand), count);
    assert_eq!(hall.events, []);
    assert_eq!(hall.shard.stats().rooms, 0);
}

#[test]
fn an_ice_restart_keeps_media_flowing_and_ends_the_old_credentials() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Audio);
    hall.show(listener, MediaKind::Audio, track);
    hall.run(millis(200));
    let (local, remote) = (credentials("server", 70), credentials("client", 70));
    hall.command(Command::RestartIce {
        participant: listener,
        local: local.clone(),
        remote: remote.clone(),
    });
    hall.run(millis(200));
    let now = hall.now;
    hall.client(listener).restart_ice(remote, local, now);
    hall.run(millis(200));
    assert!(is_unbroken(&hall.received(listener)));
    // With the first new check the old password is worth nothing.
    let (old_local, old_remote) = (
        credentials("server", listener.0),
        credentials("client", listener.0),
    );
    let refused = hall.drops(Drop::UnauthenticStun);
    let now = hall.now;
    hall.client(listener).restart_ice(old_remote, old_local, now);
    hall.run(millis(200));
    assert!(hall.drops(Drop::UnauthenticStun) > refused);
}

#[test]
fn media_follows_a_client_whose_address_changed() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Audio);
    hall.show(listener, MediaKind::Audio, track);
    hall.run(millis(200));
    hall.received(listener);
    hall.client(listener).address = SocketAddr::from(([10, 9, 9, 9], 1_234));
    hall.run(millis(100));
    assert_eq!(hall.received(listener), [], "an address that nobody vouched for");
    // Checks of consent come every 2.5 s.
    hall.run(seconds(3));
    let (received, _) = (hall.received(listener), hall.astray.clear());
    assert!(!received.is_empty());
    hall.run(millis(200));
    assert_eq!(hall.received(listener).len(), 10);
    assert_eq!(hall.astray, []);
}

#[test]
fn a_client_with_the_wrong_certificate_gets_nothing() {
    let mut hall = Hall::new();
    let speaker = hall.join(ROOM, &[]);
    let track = hall.publish(speaker, MediaKind::Audio);
    hall.run(millis(200));
    let impostor = hall.enter(ROOM, &[], |transport| {
        transport.fingerprint = Fingerprint([7; 32])
    });
    hall.show(impostor, MediaKind::Audio, track);
    hall.run(seconds(2));
    assert_eq!(hall.left(), [(impostor, LeaveReason::WrongFingerprint)]);
    assert_eq!(hall.rtp_sent, 0);
    assert!(!hall.astray.contains(&Protocol::Srtp));
}
