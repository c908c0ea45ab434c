//! RTP packets, RTCP compounds and dependency descriptors.

use rapport_sfu::id::{Mid, Pt, Rid, Ssrc};
use rapport_sfu::rtp::rtcp::{self, Arrival, ReportBlock, SenderInfo};
use rapport_sfu::rtp::{AbsSendTime, AudioLevel, Extensions, HeaderWriter, NtpTime};

use super::Named;
use crate::rtp::map;

/// One packet a codec, with the extensions that browsers send.
pub(super) fn packets() -> Vec<Named> {
    vec![
        ("opus", packet(&sound(), &[0xf8, 1, 2, 3], 0)),
        ("opus-padded", packet(&sound(), &[0xf8, 1, 2, 3], 7)),
        ("vp8-keyframe", packet(&picture(), &VP8, 0)),
        (
            "vp9-keyframe",
            packet(&picture(), &[0xac, 0x81, 0x02, 0x00, 0x01, 9], 0),
        ),
        ("h264-stap-a", packet(&picture(), &H264, 0)),
        ("av1-sequence", packet(&described(), &[0x18, 0x0a, 0x01, 0x00], 0)),
        ("opus-sealed", packet(&sound(), &sealed(&[0x78]), 0)),
        ("vp9-sealed", packet(&picture(), &sealed(&[0x8c, 0x12]), 0)),
        ("h264-sealed", packet(&picture(), &sealed(&[0x7c, 0x85, 0x88]), 0)),
        ("bare", packet(&Extensions::default(), &[], 0)),
    ]
}

/// A compound of each side, and every message of feedback.
pub(super) fn compounds() -> Vec<Named> {
    let mut sender = Vec::new();
    rtcp::sender_report(&mut sender, Ssrc(1), INFO, &[BLOCK, BLOCK], "cname");
    rtcp::goodbye(&mut sender, &[Ssrc(1), Ssrc(2)]);
    let mut receiver = Vec::new();
    rtcp::receiver_report(&mut receiver, Ssrc(2), &[BLOCK]);
    rtcp::nack(&mut receiver, Ssrc(2), Ssrc(1), [65_530, 65_535, 3, 40]);
    rtcp::pli(&mut receiver, Ssrc(2), Ssrc(1));
    rtcp::fir(&mut receiver, Ssrc(2), Ssrc(1), 5);
    let arrivals = [(65_535, 10), (65_536, 14), (65_539, 4_000), (65_560, 3_990)];
    let arrivals = arrivals.map(|(sequence, ticks)| Arrival { sequence, ticks });
    let mut feedback = Vec::new();
    rtcp::transport_cc(&mut feedback, Ssrc(2), Ssrc(1), 9, &arrivals);
    vec![
        ("sender", sender),
        ("receiver", receiver),
        ("transport-cc", feedback),
    ]
}

/// A key frame's descriptor, and one that builds on it.
pub(super) fn descriptors() -> Vec<Named> {
    let pair = |second: &[u8]| [&[KEY_FRAME.len() as u8], &KEY_FRAME[..], second].concat();
    vec![
        ("key-frame", pair(&[])),
        ("delta-frame", pair(&[0x81, 0x00, 0x02])),
        // Flags 00111; indication 11; frame diffs 3 and 17; chain diff 5.
        (
            "custom-frame",
            pair(&[0xc1, 0x00, 0x10, 0x3e, 0x94, 0x20, 0x02, 0x80]),
        ),
        ("stopped-target", pair(&[0xc1, 0, 3, 0x40])),
        // Offset 63: the second template is number 0.
        ("wrapped-templates", {
            let mut input = pair(&[0x80, 0, 2]);
            (input[1], input[4], input[5]) = (0xff, 0x87, 0xe0);
            input
        }),
    ]
}

fn packet(extensions: &Extensions<'_>, payload: &[u8], padding: u8) -> Vec<u8> {
    let header = HeaderWriter {
        marker: true,
        payload_type: Pt(96),
        sequence: 65_535,
        timestamp: 0xffff_0000,
        ssrc: Ssrc(0x0102_0304),
        padding,
    };
    let mut packet = Vec::new();
    header.write(extensions, &map(), &mut packet);
    packet.extend_from_slice(payload);
    header.append_padding(&mut packet);
    packet
}

fn sound() -> Extensions<'static> {
    Extensions {
        mid: Mid::new("0"),
        transport_sequence: Some(7),
        audio_level: Some(AudioLevel {
            level: 30,
            voice: true,
        }),
        ..Extensions::default()
    }
}

fn picture() -> Extensions<'static> {
    Extensions {
        mid: Mid::new("1"),
        rid: Rid::new("hi"),
        abs_send_time: Some(AbsSendTime(0x0012_3456)),
        transport_sequence: Some(8),
        playout_delay: Some([0, 0, 0]),
        video_orientation: Some(1),
        ..Extensions::default()
    }
}

/// Longer than sixteen bytes, so that the elements take the two-byte form.
fn described() -> Extensions<'static> {
    Extensions {
        repaired_rid: Rid::new("lo"),
        dependency_descriptor: Some(&[0x55; 20]),
        ..picture()
    }
}

/// RFC 9605 §4.3: behind the clear bytes a header of sender 1 with counter 9, and a tag.
fn sealed(clear: &[u8]) -> Vec<u8> {
    [clear, &[0xa8, 0x10, 0x00, 0x00, 0x09], &[0x5c; 16]].concat()
}

/// RFC 7741 §4.2: every field of the descriptor, then a key frame of 16×16.
const VP8: [u8; 14] = [
    0x90, 0xf0, 0x81, 0x02, 0x03, 0x45, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00,
];

/// RFC 6184 §5.7.1: a sequence parameter set and a slice of an IDR picture in one packet.
const H264: [u8; 11] = [0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x65, 0x88];

const INFO: SenderInfo = SenderInfo {
    ntp: NtpTime(0x0123_4567_89ab_cdef),
    rtp: 90_000,
    packets: 10,
    octets: 1_000,
};

const BLOCK: ReportBlock = ReportBlock {
    ssrc: Ssrc(1),
    fraction_lost: 3,
    cumulative_lost: -1,
    highest_sequence: 0x0001_0002,
    jitter: 4,
    last_sender_report: 0x4567_89ab,
    delay_since: 65_536,
};

/// One layer of 640×360: a template for key frames, one for the others, one decode target, one chain.
const KEY_FRAME: [u8; 13] = [
    0xc0, 0x00, 0x01, 0x80, 0x00, 0x3a, 0x41, 0x01, 0x81, 0x3f, 0x80, 0xb3, 0x80,
];
