//! Senders that seal and packetise as browsers do, and a clock for the machine.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rapport_seal::{BaseKey, Kid, Opener, Sealer, Trailer};
use rapport_sfu::codec::{Codec, H264Profile};
use rapport_sfu::id::{SenderIndex, TapId, TrackId};
use rapport_sfu::publication::arrival::EncodingIndex;
use rapport_sfu::rtp::codec::is_keyframe;
use rapport_sfu::subscription::tap::TapPacket;

use super::{Intake, Output, Source};
use crate::frame::{Frame, Gap};

pub(crate) const ALL_CODECS: [Codec; 5] = [
    Codec::Opus,
    Codec::Vp8,
    Codec::Vp9 { profile: 0 },
    Codec::H264 {
        profile: H264Profile::ConstrainedBaseline,
        packetization_mode: 1,
    },
    Codec::Av1 { profile: 0 },
];

/// Small, so that frames have many packets.
pub(crate) const MTU: usize = 60;

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// One encoding of a track.
pub(crate) struct Sender {
    pub(crate) codec: Codec,
    pub(crate) encoding: u8,
    pub(crate) timestamp: u32,
    pub(crate) sequence: u64,
    pub(crate) picture_id: u16,
    pub(crate) tl0: u8,
    /// VP9: references are named.
    pub(crate) is_flexible: bool,
    pub(crate) mtu: usize,
    sealer: Sealer,
    random: StdRng,
}

/// A frame as it was encoded, and on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) timestamp: u32,
    pub(crate) plain: Vec<u8>,
    pub(crate) packets: Vec<TapPacket>,
}

/// The temporal layer of a frame, and whether it refers to the lowest alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) temporal: u8,
    pub(crate) is_sync: bool,
}

impl Sender {
    pub(crate) fn new(codec: Codec, encoding: u8) -> Self {
        // each has its own range of counters, as if one sealer made them all
        let first = 300 + (u64::from(encoding) << 24);
        Self {
            codec,
            encoding,
            timestamp: u32::MAX - 50_000,
            sequence: 65_530,
            picture_id: 0x7ffa,
            tl0: 250,
            is_flexible: false,
            mtu: MTU,
            sealer: Sealer::new(&key(), first).unwrap(),
            random: StdRng::seed_from_u64(u64::from(encoding)),
        }
    }

    /// Time passes until the next frame.
    pub(crate) fn skip(&mut self, time: Duration) {
        let ticks = rapport_sfu::rtp::time::ticks_in(time, self.codec.clock_rate());
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    pub(crate) fn send(&mut self, is_key: bool) -> Sent {
        let size = self.random.random_range(20..400);
        self.send_sized(is_key, size, Layer::default())
    }

    pub(crate) fn send_sized(&mut self, is_key: bool, size: usize, layer: Layer) -> Sent {
        let (encoded, plain) = self.encode(is_key, size);
        let sealed = self
            .sealer
            .seal(
                rapport_seal::Codec::of(self.codec).unwrap(),
                &encoded,
                &Trailer::default(),
            )
            .unwrap();
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        self.tl0 = self.tl0.wrapping_add(u8::from(layer.temporal == 0));
        let payloads = self.packetise(&sealed, is_key, layer);
        let last = payloads.len() - 1;
        let packets = payloads
            .into_iter()
            .enumerate()
            .map(|(at, payload)| self.packet(at == last, payload));
        Sent {
            plain,
            packets: packets.collect(),
            timestamp: self.timestamp,
        }
    }

    fn packet(&mut self, marker: bool, payload: Vec<u8>) -> TapPacket {
        self.sequence += 1;
        TapPacket {
            sequence: self.sequence,
            timestamp: self.timestamp,
            // RFC 7587 §4.1: of sound it tells where somebody begins to speak, if anything
            marker: marker && self.codec != Codec::Opus,
            ..packet(self.codec, self.encoding, payload)
        }
    }

    /// What an encoder makes, and what comes back of it.
    fn encode(&mut self, is_key: bool, size: usize) -> (Vec<u8>, Vec<u8>) {
        let mut body: Vec<u8> = (0..size).map(|_| self.random.random_range(0..4)).collect();
        let first = |key: u8, other: u8| if is_key { key } else { other };
        let same = |frame: Vec<u8>| (frame.clone(), frame);
        match self.codec {
            Codec::Opus => {
                body.insert(0, 0xf8);
                same(body)
            }
            Codec::Vp8 => {
                body.insert(0, first(0x10, 0x11));
                same(body)
            }
            Codec::Vp9 { .. } => same(body),
            Codec::H264 { .. } => {
                let sets: &[u8] = &[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 1];
                let sets = if is_key { sets } else { &[] };
                let slice = [0, 0, 0, 1, first(0x65, 0x41), 0x88];
                same([sets, &slice, &body].concat())
            }
            _ => {
                let sequence: &[u8] = if is_key { &[0x0a, 3, 1, 2, 3] } else { &[] };
                let mut rest = vec![0x32];
                rest.extend([(size & 0x7f) as u8 | 0x80, (size >> 7) as u8]);
                rest.extend(body);
                let plain = [sequence, &rest].concat();
                ([&[0x12, 0], &plain[..]].concat(), plain)
            }
        }
    }

    fn packetise(&self, sealed: &[u8], is_key: bool, layer: Layer) -> Vec<Vec<u8>> {
        match self.codec {
            Codec::Opus => vec![sealed.to_vec()],
            Codec::Vp8 => self.packetise_vp8(sealed, layer),
            Codec::Vp9 { .. } => self.packetise_vp9(sealed, is_key, layer),
            Codec::H264 { .. } => self.packetise_h264(sealed),
            _ => self.packetise_av1(sealed, is_key),
        }
    }

    fn packetise_vp8(&self, sealed: &[u8], layer: Layer) -> Vec<Vec<u8>> {
        let [high, low] = self.picture_id.to_be_bytes();
        let indices = layer.temporal << 6 | u8::from(layer.is_sync) << 5;
        let chunks = sealed.chunks(self.mtu).enumerate();
        let payload = |(at, chunk): (usize, &[u8])| {
            let start = if at == 0 { 0x10 } else { 0 };
            [&[0x80 | start, 0xe0, high | 0x80, low, self.tl0, indices], chunk].concat()
        };
        chunks.map(payload).collect()
    }

    fn packetise_vp9(&self, sealed: &[u8], is_key: bool, layer: Layer) -> Vec<Vec<u8>> {
        let [high, low] = self.picture_id.to_be_bytes();
        let count = sealed.len().div_ceil(self.mtu);
        let chunks = sealed.chunks(self.mtu).enumerate();
        let payload = |(at, chunk): (usize, &[u8])| {
            let (start, end) = (u8::from(at == 0) << 3, u8::from(at + 1 == count) << 2);
            let (inter, flexible) = (u8::from(!is_key) << 6, u8::from(self.is_flexible) << 4);
            let indices = layer.temporal << 5;
            let mut payload = vec![0xa0 | start | end | inter | flexible, high | 0x80, low, indices];
            match (self.is_flexible, is_key) {
                (false, _) => payload.push(self.tl0),
                (true, false) => payload.extend([0x03, 0x04]),
                (true, true) => {}
            }
            payload.extend(chunk);
            payload
        };
        chunks.map(payload).collect()
    }

    /// Small units that follow each other are aggregated, large ones fragmented.
    fn packetise_h264(&self, sealed: &[u8]) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        let mut aggregation = vec![0x78];
        for unit in units(sealed) {
            if unit.len() <= self.mtu / 4 {
                aggregation.extend((unit.len() as u16).to_be_bytes());
                aggregation.extend(unit);
                continue;
            }
            if aggregation.len() > 1 {
                payloads.push(std::mem::replace(&mut aggregation, vec![0x78]));
            }
            payloads.extend(self.fragment(unit));
        }
        if aggregation.len() > 1 {
            payloads.push(aggregation);
        }
        payloads
    }

    fn fragment(&self, unit: &[u8]) -> Vec<Vec<u8>> {
        if unit.len() <= self.mtu {
            return vec![unit.to_vec()];
        }
        let count = (unit.len() - 1).div_ceil(self.mtu);
        let chunks = unit[1..].chunks(self.mtu).enumerate();
        let payload = |(at, chunk): (usize, &[u8])| {
            let (start, end) = (u8::from(at == 0) << 7, u8::from(at + 1 == count) << 6);
            [&[unit[0] & 0xe0 | 28, unit[0] & 0x1f | start | end], chunk].concat()
        };
        chunks.map(payload).collect()
    }

    /// AV1 RTP specification §5: no temporal delimiters, and no sizes in OBUs. The first packet counts its elements,
    /// the others give each a length.
    fn packetise_av1(&self, sealed: &[u8], is_key: bool) -> Vec<Vec<u8>> {
        let (sequence, rest) = match sealed {
            [0x0a, 3, rest @ ..] if is_key => (Some([&[0x08], &rest[..3]].concat()), &rest[3..]),
            _ => (None, sealed),
        };
        let sizes = rest[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let frame = [&[0x30], &rest[1 + sizes..]].concat();
        let count = frame.len().div_ceil(self.mtu);
        let chunks = frame.chunks(self.mtu).enumerate();
        let payload = |(at, chunk): (usize, &[u8])| {
            let (continues, continued) = (u8::from(at > 0) << 7, u8::from(at + 1 < count) << 6);
            let both = continues | continued;
            match &sequence {
                Some(sequence) if at == 0 => {
                    let header = [both | 0x28, sequence.len() as u8];
                    [&header, &sequence[..], chunk].concat()
                }
                _ if at % 2 == 0 => [&[both | 0x10], chunk].concat(),
                _ => [&[both, chunk.len() as u8 | 0x80, (chunk.len() >> 7) as u8], chunk].concat(),
            }
        };
        chunks.map(payload).collect()
    }
}

/// Annex B taken apart.
fn units(frame: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> = frame
        .windows(4)
        .enumerate()
        .filter_map(|(at, window)| (window == [0, 0, 0, 1]).then_some(at))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([frame.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &frame[start + 4..end])
        .collect()
}

pub(crate) fn packet(codec: Codec, encoding: u8, payload: Vec<u8>) -> TapPacket {
    TapPacket {
        tap: TapId(1),
        track: TrackId(1),
        encoding: EncodingIndex(encoding),
        sequence: 0,
        timestamp: 0,
        marker: codec != Codec::Opus,
        codec,
        keyframe: is_keyframe(codec, &payload),
        ntp: None,
        payload: Bytes::from(payload),
        arrived: Instant::now(),
    }
}

pub(crate) fn key() -> BaseKey {
    BaseKey::new(Kid::first_of(SenderIndex(40)), [9; 32])
}

/// Opens what comes out, each frame once.
pub(crate) struct Reader {
    codec: Codec,
    opener: Opener,
}

impl Reader {
    pub(crate) fn new(codec: Codec) -> Self {
        let mut opener = Opener::default();
        opener.add(&key()).unwrap();
        Self { codec, opener }
    }

    pub(crate) fn open(&mut self, frame: &Frame) -> Vec<u8> {
        self.opener
            .open(rapport_seal::Codec::of(self.codec).unwrap(), &frame.bytes)
            .unwrap()
            .frame
    }
}

/// The machine, and all that came out of it.
pub(crate) struct Driver {
    pub(crate) intake: Intake,
    pub(crate) began: Instant,
    pub(crate) outputs: Vec<(Duration, Output)>,
    pub(crate) most_held: usize,
}

impl Driver {
    pub(crate) fn new(sources: Vec<Source>) -> Self {
        let began = Instant::now();
        let mut driver = Self {
            intake: Intake::new(began, sources),
            began,
            outputs: Vec::new(),
            most_held: 0,
        };
        driver.drain(Duration::ZERO);
        driver
    }

    /// Of one track with the number 1.
    pub(crate) fn of(codec: Codec) -> Self {
        Self::new(vec![Source {
            number: 1,
            owner: 7,
            kind: codec.kind(),
        }])
    }

    /// Time passes.
    pub(crate) fn run(&mut self, until: Duration) {
        while let Some(due) = self
            .intake
            .poll_timeout()
            .filter(|&due| due <= self.began + until)
        {
            self.intake.handle_timeout(due);
            self.drain(due - self.began);
            assert!(
                self.intake.poll_timeout() > Some(due) || self.intake.poll_timeout().is_none(),
                "stuck"
            );
        }
    }

    pub(crate) fn arrive(&mut self, at: Duration, number: u8, packet: TapPacket) {
        self.run(at);
        let arrived = self.began + at;
        self.intake
            .handle_packet(arrived, number, TapPacket { arrived, ..packet });
        self.most_held = self.most_held.max(self.intake.held_bytes());
        self.drain(at);
    }

    pub(crate) fn arrive_all(&mut self, at: Duration, packets: impl IntoIterator<Item = TapPacket>) {
        packets.into_iter().for_each(|packet| self.arrive(at, 1, packet));
    }

    pub(crate) fn end(&mut self, at: Duration) {
        self.run(at);
        self.intake.handle_end(self.began + at);
        self.drain(at);
    }

    pub(crate) fn drain(&mut self, at: Duration) {
        while let Some(output) = self.intake.poll_output() {
            self.outputs.push((at, output));
        }
    }

    pub(crate) fn frames(&self) -> Vec<&Frame> {
        self.outputs
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Frame(frame) => Some(frame),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.outputs
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Gap(gap) => Some(*gap),
                _ => None,
            })
            .collect()
    }

    /// When a key frame was wished for, in milliseconds.
    pub(crate) fn wishes(&self) -> Vec<u128> {
        self.outputs
            .iter()
            .filter(|(_, output)| matches!(output, Output::WantsKeyframe { .. }))
            .map(|(at, _)| at.as_millis())
            .collect()
    }
}
