//! From publisher to subscriber over two lossy paths, sealed on the second.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::*;

use super::*;
use crate::event::SrtpProfile;
use crate::id::ParticipantId;
use crate::publication::Publication;
use crate::publication::cache::CacheLimits;
use crate::publication::nack::NackSchedule;
use crate::publication::source::{Flow, Source};
use crate::publication::testing::{Packet, publication};
use crate::rtp::extension::Extensions;
use crate::rtp::header::Header;
use crate::rtp::rtcp::Rtcp;
use crate::rtp::sequence::Unwrapper;
use crate::rtp::time::AbsSendTime;
use crate::transport::egress::Stamp;
use crate::transport::srtp::{Protector, Unprotector};

const KEY: [u8; 16] = [1; 16];
const SALT: [u8; 12] = [2; 12];
const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;

/// Seals in earnest.
struct Sealing {
    protector: Protector,
    buffer: Vec<u8>,
    out: Vec<Vec<u8>>,
}

impl Egress for Sealing {
    fn is_connected(&self) -> bool {
        true
    }

    fn send(
        &mut self,
        _: Instant,
        ssrc: Ssrc,
        index: u64,
        write: &mut dyn FnMut(&mut Vec<u8>, &Stamp) -> usize,
    ) -> Result<&[u8], Drop> {
        let stamp = Stamp {
            transport_sequence: Some(self.out.len() as u16),
            abs_send_time: AbsSendTime(1),
        };
        let start = self.buffer.len();
        let header_len = write(&mut self.buffer, &stamp);
        self.protector
            .protect_rtp(&mut self.buffer, start, header_len, ssrc, index)?;
        self.out.push(self.buffer.split_off(start));
        Ok(self.out.last().unwrap())
    }

    fn resend(&mut self, _: Instant, sealed: &[u8]) -> Result<(), Drop> {
        self.out.push(sealed.to_vec());
        Ok(())
    }

    fn send_rtcp(&mut self, _: Instant, _: &mut dyn FnMut(&mut Vec<u8>)) -> Result<(), Drop> {
        Ok(())
    }
}

/// What a browser does with what it gets: opens it, unwraps retransmissions, asks for what is missing.
struct Player {
    unprotector: Unprotector,
    numbers: Unwrapper,
    nack: NackSchedule,
    played: BTreeMap<u64, (u32, Vec<u8>)>,
}

impl Player {
    fn receive(&mut self, now: Instant, mut packet: Vec<u8>) {
        let header = Header::parse(&packet).unwrap();
        let Ok(plain) = self.unprotector.unprotect_rtp(&header, &mut packet) else {
            return; // the identical bytes, of which the first copy came as well
        };
        let payload = header.payload(&packet[..plain.len]).unwrap();
        let (number, payload) = match header.ssrc {
            Ssrc(101) => (u16::from_be_bytes([payload[0], payload[1]]), &payload[2..]),
            _ => (header.sequence, payload),
        };
        let sequence = self.numbers.unwrap(number);
        self.nack.handle_packet(now, sequence);
        let before = self
            .played
            .insert(sequence.0, (header.timestamp, payload.to_vec()));
        assert!(before.is_none_or(|before| before == (header.timestamp, payload.to_vec())));
    }
}

/// Publisher, the media plane between, and subscriber.
struct Session {
    publication: Publication,
    subscription: Subscription,
    egress: Sealing,
    player: Player,
    video: bool,
    now: Instant,
}

impl Session {
    fn new(video: bool) -> Self {
        let now = Instant::now();
        let payloads = match video {
            true => vec![payload(96, H264, Some(97))],
            false => vec![payload(111, Codec::Opus, None)],
        };
        let parameters = publication("1", payloads, &[]);
        let limits = CacheLimits::default();
        Self {
            publication: Publication::new(TRACK, ParticipantId(1), parameters, &limits, now),
            subscription: if video { super::video() } else { audio() },
            egress: Sealing {
                protector: Protector::new(PROFILE, &KEY, &SALT).unwrap(),
                buffer: Vec::new(),
                out: Vec::new(),
            },
            player: Player {
                unprotector: Unprotector::new(PROFILE, &KEY, &SALT).unwrap(),
                numbers: Unwrapper::default(),
                nack: NackSchedule::new(if video { MediaKind::Video } else { MediaKind::Audio }),
                played: BTreeMap::new(),
            },
            video,
            now,
        }
    }

    fn publish(&mut self, sequence: u16, repair: bool) {
        let osn = sequence.to_be_bytes();
        let content = content(sequence);
        let repairing = repair && self.video;
        let payload = if repairing {
            [&osn[..], &content].concat()
        } else {
            content.to_vec()
        };
        let bytes = Packet {
            ssrc: if repairing { 11 } else { 10 },
            pt: match (self.video, repairing) {
                (true, false) => 96,
                (true, true) => 97,
                _ => 111,
            },
            sequence,
            timestamp: timestamp(sequence),
            extensions: Extensions::default(),
            payload: &payload,
        }
        .write();
        let header = Header::parse(&bytes).unwrap();
        let source = Source {
            track: TRACK,
            encoding: EncodingIndex(0),
            flow: if repairing { Flow::Rtx } else { Flow::Media },
        };
        let Ok(arrival) = self
            .publication
            .receive(self.now, source, &header, Extensions::default(), &bytes)
        else {
            return;
        };
        let clock = *self.publication.clock(arrival.encoding).unwrap();
        let _ = self
            .subscription
            .forward(self.now, &arrival, &clock, &mut self.egress);
    }

    /// What we ask the publisher for.
    fn asked_of_publisher(&mut self) -> Vec<u16> {
        let mut out = Vec::new();
        while self.publication.poll_rtcp(self.now, Ssrc(1), &mut out) {}
        let nacks = rtcp::parse(&out).filter_map(|packet| match packet.unwrap() {
            Rtcp::Nack { items, .. } => Some(items.collect::<Vec<_>>()),
            _ => None,
        });
        nacks.flatten().collect()
    }

    /// Answers what the subscriber asks us for.
    fn answer_player(&mut self) {
        let now = self.now;
        for lost in self.player.nack.poll_nack(now).to_vec() {
            let publication = &self.publication;
            let cached = |_, encoding, sequence| publication.cached(now, encoding, sequence);
            let _ = self
                .subscription
                .handle_nack(now, lost.low(), cached, &mut self.egress);
        }
    }
}

fn content(sequence: u16) -> [u8; 6] {
    let [high, low] = sequence.to_be_bytes();
    // RFC 6184: the first is an IDR slice, all others are not.
    let kind = if sequence == FIRST_PUBLISHED { 0x65 } else { 0x61 };
    [kind, high, low, high ^ 0x5a, low ^ 0x5a, 7]
}

fn timestamp(sequence: u16) -> u32 {
    let since = u32::from(sequence.wrapping_sub(FIRST_PUBLISHED)) * 960;
    (u32::MAX - 5000).wrapping_add(since)
}

/// A little before the wrap, so that each run crosses it.
const FIRST_PUBLISHED: u16 = 65_400;

fn run(video: bool, chances: &[u8], loss: u8, packets: u16) -> Session {
    let mut session = Session::new(video);
    session.publication.set_rtt(30 * MS);
    session.player.nack.set_rtt(30 * MS);
    let mut chances = chances.iter().cycle();
    // (when, order, bytes) on the way to the subscriber; (when, order, number) on the way to us.
    let (mut down, mut up) = (BinaryHeap::new(), BinaryHeap::new());
    let (start, mut order) = (session.now, 0u32);
    for turn in 0..u32::from(packets) * 4 + 400 {
        session.now = start + 5 * MS * turn;
        if turn % 4 == 0 && turn / 4 < u32::from(packets) {
            up.push(Reverse((
                turn,
                order,
                FIRST_PUBLISHED.wrapping_add((turn / 4) as u16),
                false,
            )));
        }
        for number in session.asked_of_publisher() {
            up.push(Reverse((turn + 6, order, number, true)));
        }
        while let Some(&Reverse((when, _, number, repair))) = up.peek()
            && when <= turn
        {
            up.pop();
            let first = number == FIRST_PUBLISHED;
            if first || *chances.next().unwrap() >= loss {
                session.publish(number, repair);
            }
        }
        session.answer_player();
        for packet in std::mem::take(&mut session.egress.out) {
            order += 1;
            let chance = *chances.next().unwrap();
            if chance >= loss || order == 1 {
                down.push(Reverse((turn + 3 + u32::from(chance % 3), order, packet)));
            }
        }
        while let Some(Reverse((when, ..))) = down.peek()
            && *when <= turn
        {
            let Some(Reverse((_, _, packet))) = down.pop() else {
                break;
            };
            session.player.receive(session.now, packet);
        }
    }
    session
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// 10 % loss on either path, wraps of every counter: all arrives, each packet as it was published and
    /// under consecutive numbers; the picture by retransmission streams, the sound by identical bytes.
    #[test]
    fn what_two_lossy_paths_lose_is_repaired(chances in prop::collection::vec(any::<u8>(), 997), video: bool) {
        let session = run(video, &chances, 26, 400);
        let played = &session.player.played;
        let first = *played.keys().next().unwrap();
        // Nothing tells that the very last packets are missing.
        for (at, index) in (first..first + 390).enumerate() {
            let (when, payload) = played.get(&index).expect("everything comes in the end");
            prop_assert_eq!(&payload[..], &content(FIRST_PUBLISHED.wrapping_add(at as u16))[..]);
            prop_assert_eq!(*when, FIRST_TIMESTAMP + at as u32 * 960);
        }
    }
}
