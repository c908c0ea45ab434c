//! What is seen and heard, and by whom else.

use rapport_sfu::codec::{Codec, H264Profile, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::drop::Drop;
use rapport_sfu::id::{ParticipantId, Rid, Ssrc, TapId, TrackId};
use rapport_sfu::parameters::{EncodingParameters, MediaParameters};
use rapport_sfu::rtp::NtpTime;
use rapport_sfu::rtp::rtcp::SenderInfo;
use rapport_testkit::{media, publication, subscription};

use crate::hall::{Hall, NEXT_DOOR, ROOM, is_unbroken, millis, seconds};

#[test]
fn a_track_of_another_room_cannot_be_shown() {
    let mut hall = Hall::new();
    let (speaker, stranger) = (hall.join(NEXT_DOOR, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Audio);
    hall.show(stranger, MediaKind::Audio, track);
    hall.run(seconds(1));
    assert_eq!(hall.received(stranger), []);
    assert_eq!(hall.drops(Drop::StaleCommand), 1);
}

#[test]
fn somebody_else_is_shown_in_the_same_place_without_a_seam() {
    let mut hall = Hall::new();
    let (one, other, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let (first, second) = (
        hall.publish(one, MediaKind::Video),
        hall.publish(other, MediaKind::Video),
    );
    let place = hall.show(listener, MediaKind::Video, first);
    hall.run(seconds(1));
    hall.command(Command::Select {
        subscription: place.subscription,
        track: Some(second),
    });
    hall.run(seconds(1));
    let received = hall.received(listener);
    assert!(is_unbroken(&received));
    let switch = received.iter().position(|packet| packet.content.track == second);
    let (before, after) = received.split_at(switch.unwrap());
    assert!(before.iter().all(|packet| packet.content.track == first));
    assert!(after.iter().all(|packet| packet.content.track == second));
    assert!(after[0].content.keyframe && after[0].timestamp != before.last().unwrap().timestamp);
}

#[test]
fn padding_of_a_publishers_leaves_no_hole() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Video);
    hall.show(listener, MediaKind::Video, track);
    for _ in 0..20 {
        hall.run(millis(60));
        hall.client(speaker).send_padding(0);
    }
    hall.run(millis(60));
    assert!(hall.drops(Drop::Padding) >= 19);
    assert!(is_unbroken(&hall.received(listener)));
}

#[test]
fn eight_who_ask_for_a_key_frame_make_one_request() {
    let mut hall = Hall::new();
    let speaker = hall.join(ROOM, &[]);
    let track = hall.publish(speaker, MediaKind::Video);
    let listeners: Vec<_> = (0..8).map(|_| hall.join(ROOM, &[])).collect();
    let show = |id: ParticipantId, hall: &mut Hall| (id, hall.show(id, MediaKind::Video, track).ssrc);
    let places: Vec<_> = listeners.into_iter().map(|id| show(id, &mut hall)).collect();
    hall.run(seconds(2));
    let asked = hall.client(speaker).keyframe_requests_received;
    let counted = hall.shard.stats();
    for (id, ssrc) in &places {
        hall.client(*id).request_keyframe(*ssrc);
    }
    hall.run(millis(60));
    assert_eq!(hall.client(speaker).keyframe_requests_received, asked + 1);
    let stats = hall.shard.stats();
    assert_eq!(
        stats.inbound_keyframe_requests,
        counted.inbound_keyframe_requests + 8
    );
    assert_eq!(
        stats.outbound_keyframe_requests,
        counted.outbound_keyframe_requests + 1
    );
}

#[test]
fn a_tap_gets_every_packet_in_order_and_the_capture_time_once_it_is_known() {
    let mut hall = Hall::new();
    let speaker = hall.join(ROOM, &[]);
    let track = hall.publish(speaker, MediaKind::Audio);
    hall.run(millis(200));
    hall.command(Command::Tap { tap: TapId(5), track });
    hall.run(millis(200));
    assert_eq!(hall.taps.len(), 10);
    assert!(hall.taps.iter().all(|packet| packet.ntp.is_none()));
    let rtp = hall.taps[9].timestamp;
    hall.client(speaker).send_report(0, report(rtp, 1_000));
    hall.run(millis(200));
    let ascending = hall
        .taps
        .windows(2)
        .all(|pair| pair[1].sequence == pair[0].sequence + 1);
    assert!(ascending && hall.taps.len() == 20);
    let off = hall.taps[10].ntp.unwrap().0.abs_diff(wall_clock(1_020).0);
    assert!(off <= 2, "{off} × 2⁻³² s");
    hall.command(Command::Untap { tap: TapId(5) });
    hall.run(millis(200));
    assert_eq!(hall.taps.len(), 20);
}

#[test]
fn a_tap_that_is_not_read_loses_packets_and_no_memory() {
    let mut hall = Hall::new();
    let speaker = hall.join(ROOM, &[]);
    let track = hall.publish(speaker, MediaKind::Audio);
    for tap in 0..100 {
        hall.command(Command::Tap {
            tap: TapId(tap),
            track,
        });
    }
    // Fifty packets for a hundred taps, before anybody drains.
    (0..50).for_each(|_| hall.client(speaker).send_frame(0, &[80]));
    hall.exchange();
    assert_eq!(hall.taps.len(), 4_096);
    assert_eq!(hall.drops(Drop::TapFull), 5_000 - 4_096);
}

#[test]
fn sound_and_picture_of_one_publisher_stay_in_sync() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let sound = hall.publish(speaker, MediaKind::Audio);
    let picture = hall.publish(speaker, MediaKind::Video);
    let heard = hall.show(listener, MediaKind::Audio, sound).ssrc;
    let seen = hall.show(listener, MediaKind::Video, picture).ssrc;
    hall.run(millis(100));
    let received = hall.received(listener);
    let last = |ssrc| received.iter().rfind(|packet| packet.ssrc == ssrc).unwrap();
    // The publisher says that these two were captured 40 ms apart, though they came together.
    let (audio, video) = (last(heard), last(seen));
    hall.client(speaker)
        .send_report(0, report(50_000 + audio.content.frame * 960, 5_000));
    hall.client(speaker)
        .send_report(1, report(50_000 + video.content.frame * 3_000, 5_040));
    hall.run(seconds(7));
    let reports = hall.client(listener).reports.clone();
    let captured = |ssrc: Ssrc, timestamp: u32, rate: f64| {
        let SenderInfo { ntp, rtp, .. } = reports[&ssrc];
        let since = f64::from(timestamp.wrapping_sub(rtp) as i32) / rate;
        ntp.0 as f64 / (1u64 << 32) as f64 + since
    };
    let apart = captured(seen, video.timestamp, 90_000.0) - captured(heard, audio.timestamp, 48_000.0);
    assert!((apart - 0.040).abs() < 0.002, "{apart} s");
}

#[test]
fn of_three_encodings_the_best_is_shown_and_the_next_when_it_ends() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let mut parameters = publication(MediaKind::Video, "cam", Ssrc(0x3000_0000));
    parameters.encodings = ["q", "h", "f"]
        .iter()
        .zip(0..)
        .map(|(rid, at)| EncodingParameters {
            rid: Rid::new(rid),
            ssrc: Some(Ssrc(0x3000_0000 + at * 2)),
            rtx_ssrc: Some(Ssrc(0x3000_0001 + at * 2)),
        })
        .collect();
    let best = parameters.encodings[2].ssrc.unwrap();
    let second = parameters.encodings[1].ssrc.unwrap();
    let track = hall.publish_as(speaker, parameters);
    hall.show(listener, MediaKind::Video, track);
    hall.run(seconds(2));
    let asked = |hall: &mut Hall, ssrc| {
        let senders = &hall.client(speaker).senders;
        senders
            .iter()
            .find(|sender| sender.ssrc == ssrc)
            .unwrap()
            .next_sequence()
    };
    assert!(asked(&mut hall, best) > asked(&mut hall, second) - 10);
    let before = hall.received(listener);
    assert!(is_unbroken(&before));
    hall.run_with(seconds(4), |sender| sender.ssrc != best);
    let after = hall.received(listener);
    assert!(after.len() > 200, "{} packets of the second best", after.len());
    assert!(is_unbroken(&after));
    assert!(after[0].content.keyframe && after[0].content.start);
    assert_eq!(after[0].index, before.last().unwrap().index + 1);
}

#[test]
fn every_codec_is_forwarded_as_it_was_offered() {
    for codec in CODECS {
        let (received, mut hall, _) = show(codec, codec);
        assert!(is_unbroken(&received), "{codec:?}");
        assert!(received[0].content.start, "{codec:?}");
        let video = codec.kind() == MediaKind::Video;
        assert!(!video || received[0].content.keyframe, "{codec:?}");
        hall.run(millis(20));
    }
}

#[test]
fn a_codec_that_the_subscriber_lacks_is_dropped_and_counted() {
    for (sent, taken) in [
        (CODECS[2], CODECS[1]),
        (CODECS[3], CODECS[4]),
        (CODECS[1], CODECS[3]),
    ] {
        let (received, hall, _) = show(sent, taken);
        assert_eq!(received, [], "{sent:?}");
        assert!(hall.drops(Drop::CodecNotNegotiated) > 50, "{sent:?}");
    }
}

/// What somebody who takes one codec gets of somebody who sends another.
fn show(sent: Codec, taken: Codec) -> (Vec<rapport_testkit::Received>, Hall, TrackId) {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let mut sending = publication(sent.kind(), "send", Ssrc(0x3000_0000));
    sending.media = with_codec("send", sent);
    let mut receiving = subscription(taken.kind(), "recv", Ssrc(0x4000_0000));
    receiving.media = with_codec("recv", taken);
    let track = hall.publish_as(speaker, sending);
    hall.show_as(listener, receiving, track);
    hall.run(seconds(1));
    (hall.received(listener), hall, track)
}

fn with_codec(mid: &str, codec: Codec) -> MediaParameters {
    let mut section = media(codec.kind(), mid);
    section.payloads[0].codec = codec;
    section
}

/// A sender report of this RTP time at so many milliseconds.
fn report(rtp: u32, at: u64) -> SenderInfo {
    SenderInfo {
        ntp: wall_clock(at),
        rtp,
        packets: 1,
        octets: 1,
    }
}

fn wall_clock(at: u64) -> NtpTime {
    NtpTime::from_unix(seconds(1_700_000_000) + millis(at))
}

const CODECS: [Codec; 5] = [
    Codec::Opus,
    Codec::Vp8,
    Codec::Vp9 { profile: 0 },
    Codec::H264 {
        profile: H264Profile::ConstrainedBaseline,
        packetization_mode: 1,
    },
    Codec::Av1 { profile: 0 },
];
