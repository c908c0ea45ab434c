//! Steps 4, 6 and 7 on the real types: what a publication does with a packet, and a subscription.
//!
//! Owns: one track without a room. Never does: seal; the way out here takes the bytes and that is all.

use std::time::{Duration, Instant};

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::congestion::ArrivalLog;
use rapport_sfu::drop::Drop;
use rapport_sfu::id::{ParticipantId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::publication::Publication;
use rapport_sfu::publication::arrival::{Arrival, EncodingIndex};
use rapport_sfu::publication::cache::CacheLimits;
use rapport_sfu::publication::source::Sources;
use rapport_sfu::rtp::{AbsSendTime, ClockMap, Extensions, Header, NtpTime, SeqNo};
use rapport_sfu::subscription::Subscription;
use rapport_sfu::transport::egress::{Egress, Stamp};
use rapport_testkit::{Content, publication, subscription};

use crate::parts::{PACKETS, SOURCE, packet};
use crate::report::{Named, Scene};
use crate::wire::{AUDIO, FRAME};

pub(crate) fn rows() -> Vec<Named> {
    let receive = |id, codec| named(id, Receiving::new(codec));
    let forward = |id, codec| named(id, Forwarding::new(codec));
    vec![
        receive("4 receive: publication, VP8", Codec::Vp8),
        receive("4 receive: publication, VP9", VP9),
        receive("4 receive: publication, sound", Codec::Opus),
        named("4 receive: arrival log and its feedback (TWCC)", Arrivals::new()),
        forward("6–7 select and rewrite, video", Codec::Vp8),
        forward("6–7 select and rewrite, VP9", VP9),
        forward("6–7 select and rewrite, sound", Codec::Opus),
    ]
}

fn named(id: &'static str, scene: impl Scene + 'static) -> Named {
    let scene = Box::new(scene);
    Named { id, scene }
}

/// A publisher's track, and plain packets of it.
struct Receiving {
    codec: Codec,
    now: Instant,
    begun: Instant,
    sources: Sources,
    publication: Publication,
    packets: Vec<Vec<u8>>,
    index: u64,
}

impl Receiving {
    fn new(codec: Codec) -> Self {
        let now = Instant::now();
        let mut parameters = publication(codec.kind(), "0", SOURCE);
        parameters.media.payloads[0].codec = codec;
        let mut sources = Sources::default();
        sources.declare(TrackId(1), &parameters);
        let limits = CacheLimits::default();
        Self {
            codec,
            now,
            begun: now,
            sources,
            publication: Publication::new(TrackId(1), ParticipantId(1), parameters, &limits, now),
            packets: vec![Vec::new(); PACKETS],
            index: 0,
        }
    }

    /// One packet, through a header parsed anew: step 3 has done that, but its result can't be kept here.
    fn receive(&mut self, at: usize) -> Option<Arrival<'_>> {
        let bytes = &self.packets[at];
        let header = Header::parse(bytes)?;
        let extensions = Extensions::parse(&header, bytes, self.sources.extensions());
        let source = self.sources.resolve(&header, &extensions).ok()?;
        let received = self
            .publication
            .receive(self.now, source, &header, extensions, bytes);
        received.ok()
    }

    /// As often as browsers do.
    fn report(&mut self) {
        let since = self.now.saturating_duration_since(self.begun);
        let rtp = (self.index / FRAME.len() as u64 * 3_000) as u32;
        self.publication
            .handle_sender_report(self.now, SOURCE, NtpTime::from_unix(since), rtp);
        self.publication.take_requests();
        while self.publication.poll_event().is_some() {}
    }
}

impl Scene for Receiving {
    fn prepare(&mut self) {
        self.now += Duration::from_millis(330);
        let mut payload = Vec::new();
        for bytes in &mut self.packets {
            content(self.codec, self.index, &mut payload);
            bytes.clear();
            packet(self.codec.kind(), self.index, &payload, bytes);
            self.index += 1;
        }
        self.report();
    }

    fn run(&mut self) -> u64 {
        (0..PACKETS).filter(|&at| self.receive(at).is_some()).count() as u64
    }
}

/// One place, and the arrivals that go to it.
struct Forwarding {
    codec: Codec,
    now: Instant,
    clock: ClockMap,
    subscription: Subscription,
    egress: Plain,
    payloads: Vec<Vec<u8>>,
    index: u64,
}

impl Forwarding {
    fn new(codec: Codec) -> Self {
        let mut parameters = subscription(codec.kind(), "0", Ssrc(2_000));
        parameters.media.payloads[0].codec = codec;
        let mut subscription = Subscription::new(SubscriptionId(1), parameters, 1, 1);
        subscription.select(Some(TrackId(1)));
        let mut clock = ClockMap::new(codec.clock_rate());
        clock.handle_sender_report(NtpTime(1 << 63), 0);
        Self {
            codec,
            now: Instant::now(),
            clock,
            subscription,
            egress: Plain::default(),
            payloads: vec![Vec::new(); PACKETS],
            index: 0,
        }
    }
}

impl Scene for Forwarding {
    fn prepare(&mut self) {
        self.now += Duration::from_millis(330);
        for (payload, index) in self.payloads.iter_mut().zip(self.index..) {
            content(self.codec, index, payload);
        }
        self.egress.out.clear();
    }

    fn run(&mut self) -> u64 {
        let mut forwarded = 0;
        for payload in &self.payloads {
            let arrival = arrival(self.codec, self.now, self.index, payload);
            let sent = self
                .subscription
                .forward(self.now, &arrival, &self.clock, &mut self.egress);
            forwarded += u64::from(sent.is_ok());
            self.index += 1;
        }
        forwarded
    }
}

/// One packet of an ordered stream.
fn arrival(codec: Codec, now: Instant, index: u64, payload: &[u8]) -> Arrival<'_> {
    let frame = FRAME.len() as u64;
    Arrival {
        track: TrackId(1),
        encoding: EncodingIndex(0),
        sequence: SeqNo((1 << 16) + index),
        timestamp: (index / frame * 3_000) as u32,
        marker: index % frame == frame - 1,
        codec,
        extensions: Extensions::default(),
        payload,
        keyframe: index == 0,
        recovered: false,
        arrived: now,
    }
}

/// The payload of one packet.
fn content(codec: Codec, index: u64, out: &mut Vec<u8>) {
    let frame = FRAME.len() as u64;
    let content = Content {
        track: TrackId(1),
        sequence: index,
        padding: 0,
        frame: (index / frame) as u32,
        keyframe: index < frame,
        start: index.is_multiple_of(frame),
    };
    let size = match codec.kind() {
        MediaKind::Audio => AUDIO[0],
        MediaKind::Video => FRAME[0],
    };
    out.clear();
    content.write(codec, &[], size, out);
}

/// A way out that writes and does not seal.
#[derive(Default)]
struct Plain {
    out: Vec<u8>,
    transport_sequence: u16,
}

impl Egress for Plain {
    fn is_connected(&self) -> bool {
        true
    }

    fn send(
        &mut self,
        _now: Instant,
        _ssrc: Ssrc,
        _index: u64,
        write: &mut dyn FnMut(&mut Vec<u8>, &Stamp) -> usize,
    ) -> Result<&[u8], Drop> {
        let stamp = Stamp {
            transport_sequence: Some(self.transport_sequence),
            abs_send_time: AbsSendTime(1),
        };
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        let start = self.out.len();
        write(&mut self.out, &stamp);
        Ok(&self.out[start..])
    }

    fn resend(&mut self, _now: Instant, _sealed: &[u8]) -> Result<(), Drop> {
        Ok(())
    }

    fn send_rtcp(&mut self, _now: Instant, _write: &mut dyn FnMut(&mut Vec<u8>)) -> Result<(), Drop> {
        Ok(())
    }
}

/// What transport-wide congestion control costs a packet that comes in.
struct Arrivals {
    log: ArrivalLog,
    now: Instant,
    sequence: u16,
    out: Vec<u8>,
}

impl Arrivals {
    fn new() -> Self {
        Self {
            log: ArrivalLog::default(),
            now: Instant::now(),
            sequence: 0,
            out: Vec::with_capacity(2_048),
        }
    }
}

impl Scene for Arrivals {
    fn prepare(&mut self) {}

    fn run(&mut self) -> u64 {
        for _ in 0..PACKETS {
            self.now += Duration::from_millis(3);
            self.log.handle_arrival(self.now, self.sequence);
            self.sequence = self.sequence.wrapping_add(1);
            self.out.clear();
            self.log.poll_feedback(self.now, &mut self.out, Ssrc(1), SOURCE);
        }
        PACKETS as u64
    }
}

const VP9: Codec = Codec::Vp9 { profile: 0 };
