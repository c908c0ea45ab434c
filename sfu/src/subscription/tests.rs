//! A subscription as its subscriber sees it.

mod continuity;
mod recovery;
mod repair;
mod reports;
mod taps;

use std::time::{Duration, Instant};

use super::testing::Recording;
use super::*;
use crate::codec::Codec;
use crate::parameters::ExtensionKind;
use crate::publication::testing::{MS, arrival, extensions, media, payload};
use crate::rtp::extension::{AudioLevel, Extensions};

const FIRST: u16 = 1000;
const FIRST_TIMESTAMP: u32 = 5_000_000;
const TRACK: TrackId = TrackId(1);
const OTHER: TrackId = TrackId(2);

fn subscription(payloads: Vec<Payload>, rtx_ssrc: Option<u32>) -> Subscription {
    let parameters = SubscriptionParameters {
        media: media("slot", payloads),
        ssrc: Ssrc(100),
        rtx_ssrc: rtx_ssrc.map(Ssrc),
        cname: "cname".to_owned(),
    };
    let mut subscription = Subscription::new(SubscriptionId(1), parameters, FIRST, FIRST_TIMESTAMP);
    subscription.select(Some(TRACK));
    subscription
}

fn video() -> Subscription {
    subscription(vec![payload(102, H264, Some(103))], Some(101))
}

fn audio() -> Subscription {
    subscription(vec![payload(109, Codec::Opus, None)], None)
}

const H264: Codec = Codec::H264 {
    profile: crate::codec::H264Profile::ConstrainedBaseline,
    packetization_mode: 1,
};

fn keyframe<'a>(arrival: Arrival<'a>) -> Arrival<'a> {
    Arrival {
        keyframe: true,
        ..arrival
    }
}

fn of(track: TrackId, encoding: u8, arrival: Arrival<'_>) -> Arrival<'_> {
    Arrival {
        track,
        encoding: EncodingIndex(encoding),
        ..arrival
    }
}

fn clock(codec: Codec) -> ClockMap {
    ClockMap::new(codec.clock_rate())
}

/// Forwards with a clock that knows nothing.
fn forward(
    subscription: &mut Subscription,
    now: Instant,
    arrival: &Arrival<'_>,
    egress: &mut Recording,
) -> Result<(), Drop> {
    subscription.forward(now, arrival, &clock(arrival.codec), egress)
}

#[test]
fn sound_starts_at_once_with_the_numbers_it_was_given() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    let arrival = arrival(now, 70_000, 9, Codec::Opus, b"sound");
    forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    let sent = egress.last();
    assert_eq!((sent.ssrc, sent.index), (Ssrc(100), u64::from(FIRST)));
    assert_eq!(sent.header().timestamp, FIRST_TIMESTAMP);
    assert_eq!(sent.header().payload_type.0, 109);
    assert_eq!(sent.payload(), b"sound");
    assert_eq!(subscription.poll_keyframe_request(now), None);
}

#[test]
fn a_picture_starts_at_a_key_frame_which_is_asked_for_until_it_comes() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let wanted = Some((TRACK, EncodingIndex(0)));
    assert_eq!(subscription.poll_timeout(now), Some(now));
    assert_eq!(subscription.poll_keyframe_request(now), wanted);
    let inter = arrival(now, 7, 9, H264, b"inter");
    let awaiting = Err(Drop::AwaitingKeyframe);
    assert_eq!(forward(&mut subscription, now, &inter, &mut egress), awaiting);
    assert_eq!(subscription.poll_keyframe_request(now + 499 * MS), None);
    assert_eq!(subscription.poll_keyframe_request(now + 500 * MS), wanted);
    let key = keyframe(arrival(now, 8, 9, H264, b"key"));
    assert_eq!(forward(&mut subscription, now, &key, &mut egress), Ok(()));
    assert_eq!(subscription.poll_keyframe_request(now + 2000 * MS), None);
    assert_eq!(subscription.current(), wanted);
    assert_eq!(egress.last().index, u64::from(FIRST));
}

#[test]
fn a_muted_picture_is_not_asked_for_until_it_is_shown_again() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let key = keyframe(arrival(now, 8, 9, H264, b"key"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    subscription.mute(true);
    assert_eq!(subscription.poll_keyframe_request(now), None);
    subscription.mute(false);
    assert_eq!(
        subscription.poll_keyframe_request(now),
        Some((TRACK, EncodingIndex(0)))
    );
    let inter = arrival(now, 300, 9, H264, b"inter");
    assert_eq!(
        forward(&mut subscription, now, &inter, &mut egress),
        Err(Drop::AwaitingKeyframe)
    );
    let key = keyframe(arrival(now, 301, 9, H264, b"key"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    assert_eq!(egress.last().index, u64::from(FIRST) + 1);
}

#[test]
fn nothing_leaves_before_the_subscriber_is_connected_and_the_start_is_not_lost() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    egress.connected = false;
    let key = keyframe(arrival(now, 8, 9, H264, b"key"));
    let refused = Err(Drop::SubscriberNotConnected);
    assert_eq!(forward(&mut subscription, now, &key, &mut egress), refused);
    egress.connected = true;
    let inter = arrival(now, 9, 9, H264, b"inter");
    assert_eq!(
        forward(&mut subscription, now, &inter, &mut egress),
        Err(Drop::AwaitingKeyframe)
    );
}

#[test]
fn an_unknown_codec_is_not_forwarded_nor_another_track() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let vp8 = keyframe(arrival(now, 8, 9, Codec::Vp8, b"key"));
    assert_eq!(
        forward(&mut subscription, now, &vp8, &mut egress),
        Err(Drop::CodecNotNegotiated)
    );
    let other = of(OTHER, 0, keyframe(arrival(now, 8, 9, H264, b"key")));
    assert_eq!(
        forward(&mut subscription, now, &other, &mut egress),
        Err(Drop::NotSelected)
    );
    let beyond = of(TRACK, 3, keyframe(arrival(now, 8, 9, H264, b"key")));
    assert_eq!(
        forward(&mut subscription, now, &beyond, &mut egress),
        Err(Drop::NotSelected)
    );
}

#[test]
fn header_extensions_are_those_of_the_slot_and_of_the_moment() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    let mut arrival = arrival(now, 8, 9, Codec::Opus, b"sound");
    arrival.extensions = Extensions {
        mid: Mid::new("theirs"),
        rid: crate::id::Rid::new("h"),
        repaired_rid: crate::id::Rid::new("h"),
        transport_sequence: Some(999),
        audio_level: Some(AudioLevel {
            level: 30,
            voice: true,
        }),
        playout_delay: Some([1, 2, 3]),
        video_orientation: Some(1),
        dependency_descriptor: Some(b"dd"),
        ..Extensions::default()
    };
    forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    let sent = egress.last();
    let got = Extensions::parse(&sent.header(), &sent.bytes, &ExtensionMap::new(&extensions()));
    assert_eq!(got.mid, Mid::new("slot"));
    assert_eq!((got.rid, got.repaired_rid), (None, None));
    assert_eq!(got.transport_sequence, Some(0));
    assert_eq!(got.abs_send_time.map(|time| time.0), Some(77));
    assert_eq!(got.audio_level, arrival.extensions.audio_level);
    assert_eq!(got.playout_delay, Some([1, 2, 3]));
    assert_eq!(got.video_orientation, Some(1));
    assert_eq!(got.dependency_descriptor, Some(&b"dd"[..]));
}

#[test]
fn what_was_not_negotiated_is_left_out() {
    let (now, mut egress) = (Instant::now(), Recording::default());
    let mut parameters = SubscriptionParameters {
        media: media("slot", vec![payload(109, Codec::Opus, None)]),
        ssrc: Ssrc(100),
        rtx_ssrc: None,
        cname: String::new(),
    };
    parameters
        .media
        .extensions
        .retain(|extension| extension.kind == ExtensionKind::Mid);
    let mut subscription = Subscription::new(SubscriptionId(1), parameters, FIRST, 0);
    subscription.select(Some(TRACK));
    let arrival = arrival(now, 8, 9, Codec::Opus, b"sound");
    forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    let sent = egress.last();
    assert_eq!(sent.header().extensions(&sent.bytes).count(), 1);
}

#[test]
fn the_best_encoding_that_is_sent_is_switched_to_at_its_key_frame() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let packet = |now, encoding, sequence| of(TRACK, encoding, arrival(now, sequence, 9, H264, b"x"));
    let mut send = |subscription: &mut Subscription, now, arrival: Arrival<'_>| {
        forward(subscription, now, &arrival, &mut egress)
    };
    assert!(send(&mut subscription, start, keyframe(packet(start, 0, 10))).is_ok());
    // A better one is heard of, asked for, and taken at its key frame; until then the first goes on.
    assert_eq!(
        send(&mut subscription, start, packet(start, 2, 500)),
        Err(Drop::NotSelected)
    );
    assert_eq!(
        subscription.poll_keyframe_request(start),
        Some((TRACK, EncodingIndex(2)))
    );
    assert!(send(&mut subscription, start, packet(start, 0, 11)).is_ok());
    // A key frame of one in between is not good enough.
    assert_eq!(
        send(&mut subscription, start, keyframe(packet(start, 1, 300))),
        Err(Drop::NotSelected)
    );
    assert!(send(&mut subscription, start, keyframe(packet(start, 2, 501))).is_ok());
    assert_eq!(
        send(&mut subscription, start, packet(start, 0, 12)),
        Err(Drop::NotSelected)
    );
    assert_eq!(subscription.poll_keyframe_request(start + 600 * MS), None);
    // It falls silent: the next best is asked for and taken.
    let later = start + 1500 * MS;
    assert_eq!(
        send(&mut subscription, later, packet(later, 1, 301)),
        Err(Drop::NotSelected)
    );
    assert_eq!(
        subscription.poll_keyframe_request(later),
        Some((TRACK, EncodingIndex(1)))
    );
    assert!(send(&mut subscription, later, keyframe(packet(later, 1, 302))).is_ok());
    assert_eq!(subscription.current(), Some((TRACK, EncodingIndex(1))));
    let indices: Vec<_> = egress.sent.iter().map(|sent| sent.index).collect();
    assert_eq!(indices, (1000..1004).collect::<Vec<_>>());
}

#[test]
fn choosing_the_same_track_again_interrupts_nothing() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let key = keyframe(arrival(now, 8, 9, H264, b"key"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    subscription.select(Some(TRACK));
    let inter = arrival(now, 9, 9, H264, b"inter");
    assert_eq!(forward(&mut subscription, now, &inter, &mut egress), Ok(()));
    subscription.select(None);
    let inter = arrival(now, 10, 9, H264, b"inter");
    assert_eq!(
        forward(&mut subscription, now, &inter, &mut egress),
        Err(Drop::NotSelected)
    );
    assert_eq!(subscription.poll_keyframe_request(now + 1000 * MS), None);
}

#[test]
fn picture_ids_of_vp8_go_on_over_a_switch() {
    let now = Instant::now();
    let mut egress = Recording::default();
    let mut subscription = subscription(vec![payload(96, Codec::Vp8, Some(97))], Some(101));
    let picture = |id: u8| [0x90, 0x80, 0x80, id, 0x00, 0xaa];
    for (track, sequence, id) in [(TRACK, 50, 200), (OTHER, 9000, 7)] {
        subscription.select(Some(track));
        let bytes = picture(id);
        let arrival = of(track, 0, keyframe(arrival(now, sequence, 9, Codec::Vp8, &bytes)));
        forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    }
    assert_eq!(egress.last().payload(), picture(201));
    // And once more when it is asked for again.
    let bytes = picture(7);
    let again = of(OTHER, 0, arrival(now, 9000, 9, Codec::Vp8, &bytes));
    subscription
        .handle_nack(now, FIRST + 1, |_, _, _| Some(again), &mut egress)
        .unwrap();
    assert_eq!(egress.last().payload()[2..], picture(201));
}
