mod seals;

use super::testing::{MS, Packet, payload, publication};
use super::*;
use crate::id::Ssrc;
use crate::rtp::rtcp::{self, Rtcp};
use crate::rtp::time::NtpTime;

const TRACK: TrackId = TrackId(7);
const OURS: Ssrc = Ssrc(1);

struct Fixture {
    publication: Publication,
    start: Instant,
}

impl Fixture {
    fn new(parameters: PublicationParameters) -> Self {
        let start = Instant::now();
        let limits = CacheLimits::default();
        Self {
            publication: Publication::new(TRACK, ParticipantId(1), parameters, &limits, start),
            start,
        }
    }

    fn video() -> Self {
        Self::new(publication("1", vec![payload(96, Codec::Vp8, Some(97))], &[]))
    }

    fn receive(
        &mut self,
        now: Instant,
        flow: Flow,
        packet: &Packet<'_>,
    ) -> Result<(SeqNo, bool, Vec<u8>), Drop> {
        let bytes = packet.write();
        let header = Header::parse(&bytes).unwrap();
        let extensions = Extensions::parse(&header, &bytes, &self.publication.extensions);
        let source = Source {
            track: TRACK,
            encoding: EncodingIndex(0),
            flow,
        };
        let arrival = self
            .publication
            .receive(now, source, &header, extensions, &bytes)?;
        Ok((arrival.sequence, arrival.recovered, arrival.payload.to_vec()))
    }

    fn media(&mut self, now: Instant, sequence: u16) -> Result<(SeqNo, bool, Vec<u8>), Drop> {
        let payload = sequence.to_be_bytes();
        self.receive(now, Flow::Media, &media(sequence, &payload))
    }

    fn rtcp(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        if !self.publication.poll_rtcp(now, OURS, &mut out) {
            assert!(out.is_empty());
            return Vec::new();
        }
        rtcp::parse(&out)
            .map(|packet| describe(packet.unwrap()))
            .collect()
    }
}

fn media(sequence: u16, payload: &[u8]) -> Packet<'_> {
    Packet {
        ssrc: 10,
        pt: 96,
        sequence,
        timestamp: u32::from(sequence) * 3000,
        extensions: Extensions::default(),
        payload,
    }
}

fn rtx(payload: &[u8]) -> Packet<'_> {
    Packet {
        ssrc: 11,
        pt: 97,
        ..media(1, payload)
    }
}

fn describe(packet: Rtcp<'_>) -> String {
    match packet {
        Rtcp::ReceiverReport { reports, .. } => {
            let lost: Vec<_> = reports.map(|report| report.cumulative_lost).collect();
            format!("report {lost:?}")
        }
        Rtcp::Nack { media, items, .. } => format!("nack {media} {:?}", items.collect::<Vec<_>>()),
        Rtcp::Pli { media, .. } => format!("pli {media}"),
        Rtcp::Fir { entries, .. } => format!("fir {:?}", entries.collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_packet_arrives_once_however_often_it_comes() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    let (first, recovered, payload) = fixture.media(now, 65_535).unwrap();
    assert_eq!((recovered, &payload[..]), (false, &[0xff, 0xff][..]));
    let (next, ..) = fixture.media(now, 1).unwrap();
    assert_eq!(next.since(first), 2);
    assert_eq!(fixture.media(now, 65_535), Err(Drop::Duplicate));
    let (late, recovered, _) = fixture.media(now, 0).unwrap();
    assert_eq!((late.since(first), recovered), (1, true));
}

#[test]
fn a_retransmission_arrives_as_what_it_repairs() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    assert_eq!(
        fixture.receive(now, Flow::Rtx, &rtx(&[0, 5, 9])),
        Err(Drop::MalformedRtx)
    );
    let (first, ..) = fixture.media(now, 4).unwrap();
    fixture.media(now, 6).unwrap();
    let (repaired, recovered, payload) = fixture.receive(now, Flow::Rtx, &rtx(&[0, 5, 9, 9])).unwrap();
    assert_eq!(
        (repaired.since(first), recovered, &payload[..]),
        (1, true, &[9, 9][..])
    );
    assert_eq!(
        fixture.receive(now, Flow::Rtx, &rtx(&[0, 5, 9, 9])),
        Err(Drop::Duplicate)
    );
    assert_eq!(fixture.media(now, 5), Err(Drop::Duplicate));
    assert_eq!(fixture.receive(now, Flow::Rtx, &rtx(&[])), Err(Drop::Padding));
    assert_eq!(
        fixture.receive(now, Flow::Rtx, &rtx(&[1])),
        Err(Drop::MalformedRtx)
    );
}

#[test]
fn what_was_not_negotiated_is_refused() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    let other = Packet {
        pt: 97,
        ..media(1, b"x")
    };
    assert_eq!(
        fixture.receive(now, Flow::Media, &other),
        Err(Drop::UnknownPayloadType)
    );
    let other = Packet {
        pt: 96,
        ..rtx(b"xyz")
    };
    assert_eq!(
        fixture.receive(now, Flow::Rtx, &other),
        Err(Drop::UnknownPayloadType)
    );
}

#[test]
fn padding_takes_a_number_and_nothing_else() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    fixture.media(now, 1).unwrap();
    let (padding, _, payload) = fixture.receive(now, Flow::Media, &media(2, &[])).unwrap();
    assert!(payload.is_empty());
    fixture.media(now, 3).unwrap();
    assert!(fixture.publication.encodings[0].nack.is_empty());
    assert!(
        fixture
            .publication
            .cached(now, EncodingIndex(0), padding)
            .is_none()
    );
}

#[test]
fn what_came_can_be_had_again_for_a_second() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    let extensions = Extensions {
        video_orientation: Some(3),
        ..Extensions::default()
    };
    let packet = Packet {
        extensions,
        ..media(8, b"picture")
    };
    let (sequence, ..) = fixture.receive(now, Flow::Media, &packet).unwrap();
    let cached = fixture
        .publication
        .cached(now + 900 * MS, EncodingIndex(0), sequence)
        .unwrap();
    assert_eq!((cached.payload, cached.timestamp), (&b"picture"[..], 24_000));
    assert_eq!(
        (cached.sequence, cached.codec, cached.track),
        (sequence, Codec::Vp8, TRACK)
    );
    assert_eq!(cached.extensions.video_orientation, Some(3));
    assert!(
        fixture
            .publication
            .cached(now + 1001 * MS, EncodingIndex(0), sequence)
            .is_none()
    );
    assert!(
        fixture
            .publication
            .cached(now, EncodingIndex(1), sequence)
            .is_none()
    );
}

#[test]
fn a_publisher_that_begins_anew_is_no_late_packet() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    let (before, ..) = fixture.media(now, 40_000).unwrap();
    fixture.media(now, 40_002).unwrap();
    let anew = Packet {
        ssrc: 12,
        ..media(3, b"x")
    };
    let (after, recovered, _) = fixture.receive(now, Flow::Media, &anew).unwrap();
    assert_eq!((after.low(), recovered), (3, false));
    assert!(after.since(before) > 65_536 / 2);
    assert!(
        fixture.publication.encodings[0].nack.is_empty(),
        "the old source is not asked any more"
    );
}

#[test]
fn what_is_missing_is_asked_for_in_a_compound_packet() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    fixture.media(now, 65_534).unwrap();
    fixture.media(now, 2).unwrap();
    let due = fixture.publication.poll_timeout().unwrap();
    assert_eq!(fixture.rtcp(now), [""; 0]);
    assert_eq!(fixture.rtcp(due), ["report []", "nack 10 [65535, 0, 1]"]);
    assert_eq!(fixture.rtcp(due), [""; 0]);
}

#[test]
fn what_came_in_the_meantime_makes_no_empty_compound() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    fixture.media(now, 1).unwrap();
    fixture.media(now, 3).unwrap();
    fixture.media(now + 5 * MS, 5).unwrap();
    fixture.media(now + 6 * MS, 2).unwrap();
    assert_eq!(fixture.publication.poll_timeout(), Some(now + 8 * MS));
    assert_eq!(fixture.rtcp(now + 8 * MS), [""; 0]);
    assert_eq!(fixture.rtcp(now + 13 * MS), ["report []", "nack 10 [4]"]);
}

#[test]
fn reports_go_out_every_second() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    assert_eq!(fixture.publication.poll_timeout(), None);
    fixture.media(now, 1).unwrap();
    fixture.media(now, 2).unwrap();
    assert_eq!(fixture.rtcp(now + 999 * MS), [""; 0]);
    assert_eq!(fixture.rtcp(now + 1000 * MS), ["report [0]"]);
    assert_eq!(fixture.rtcp(now + 1500 * MS), [""; 0]);
    assert_eq!(fixture.rtcp(now + 2000 * MS), ["report [0]"]);
}

#[test]
fn a_key_frame_is_asked_for_once_for_all_and_by_what_was_negotiated() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    let encoding = EncodingIndex(0);
    fixture.publication.request_keyframe(now, encoding);
    assert_eq!(fixture.rtcp(now), [""; 0], "nobody to ask yet");
    fixture.media(now, 1).unwrap();
    fixture.publication.request_keyframe(now, encoding);
    assert_eq!(fixture.rtcp(now), ["report []", "pli 10"]);
    fixture.publication.request_keyframe(now, encoding);
    assert_eq!(fixture.rtcp(now + 499 * MS), [""; 0]);
    assert_eq!(fixture.rtcp(now + 500 * MS), ["report []", "pli 10"]);

    fixture.publication.payloads[0].pli = false;
    fixture.publication.request_keyframe(now + 1100 * MS, encoding);
    let fir = fixture.rtcp(now + 1100 * MS);
    assert!(fir[1].starts_with("fir [(Ssrc(10), "), "{fir:?}");
    fixture.publication.payloads[0].fir = false;
    fixture.publication.request_keyframe(now + 1200 * MS, encoding);
    assert_eq!(fixture.rtcp(now + 1700 * MS), [""; 0]);
}

#[test]
fn a_key_frame_that_comes_by_itself_is_not_asked_for() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    fixture.media(now, 1).unwrap();
    fixture.publication.request_keyframe(now, EncodingIndex(0));
    fixture.receive(now, Flow::Media, &media(2, KEYFRAME)).unwrap();
    assert_eq!(fixture.rtcp(now), [""; 0]);
}

#[test]
fn a_sealed_key_frame_is_known_by_its_descriptor() {
    // One layer, one target, one chain, 640×360.
    let structure: &[u8] = &[0xc0, 0, 1, 0x80, 0, 0x3a, 0x41, 1, 0x81, 0x3f, 0x80, 0xb3, 0x80];
    for (descriptor, expected) in [
        (structure, true),
        (&structure[..3], false),
        (&structure[..6], false),
        (&[0, 0, 1, 0x80], false),
    ] {
        let extensions = Extensions {
            dependency_descriptor: Some(descriptor),
            ..Extensions::default()
        };
        assert_eq!(starts_keyframe(Codec::Vp8, &extensions, b"sealed"), expected);
        assert_eq!(starts_keyframe(Codec::Vp8, &extensions, KEYFRAME), expected);
    }
}

#[test]
fn a_track_starts_stalls_and_starts_again() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    assert_eq!(fixture.publication.poll_event(), None);
    fixture.media(now, 1).unwrap();
    fixture.media(now + MS, 2).unwrap();
    assert_eq!(
        fixture.publication.poll_event(),
        Some(Event::Started { track: TRACK })
    );
    assert_eq!(fixture.publication.poll_event(), None);
    fixture.publication.handle_timeout(now + SILENCE);
    assert_eq!(fixture.publication.poll_event(), None);
    fixture.publication.handle_timeout(now + SILENCE + MS);
    assert_eq!(
        fixture.publication.poll_event(),
        Some(Event::Stalled { track: TRACK })
    );
    fixture.publication.handle_timeout(now + 2 * SILENCE);
    assert_eq!(fixture.publication.poll_event(), None);
    fixture.media(now + 2 * SILENCE, 3).unwrap();
    assert_eq!(
        fixture.publication.poll_event(),
        Some(Event::Started { track: TRACK })
    );
}

#[test]
fn a_sender_report_sets_the_clock_of_its_encoding() {
    let mut fixture = Fixture::video();
    let now = fixture.start;
    fixture.media(now, 1).unwrap();
    let ntp = NtpTime(5 << 32);
    assert!(
        !fixture
            .publication
            .handle_sender_report(now, Ssrc(99), ntp, 90_000)
    );
    assert!(
        fixture
            .publication
            .handle_sender_report(now, Ssrc(10), ntp, 90_000)
    );
    let clock = fixture.publication.clock(EncodingIndex(0)).unwrap();
    assert_eq!(clock.ntp_at(180_000), Some(NtpTime(6 << 32)));
}

/// RFC 7741 §4.2 and §4.3: S bit, partition 0, then an uncompressed data chunk with P = 0.
const KEYFRAME: &[u8] = &[0x10, 0, 0, 0, 0x9d, 0x01, 0x2a];
