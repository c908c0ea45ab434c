//! What arrives.
//!
//! Owns: one track as its publisher sends it: unwrapping, duplicates, statistics, what is missing, what
//! is kept for others, and the RTCP that goes back. Never does: know who receives it.

pub mod arrival;
pub mod cache;
mod encoding;
mod feedback;
pub mod keyframe;
pub mod nack;
mod reception;
pub(crate) mod ring;
pub mod seal;
pub mod source;
#[cfg(test)]
pub(crate) mod testing;

use std::time::{Duration, Instant};

use crate::codec::{Codec, MediaKind};
use crate::drop::Drop;
use crate::event::Event;
use crate::id::{ParticipantId, Pt, TrackId};
use crate::parameters::{Payload, PublicationParameters};
use crate::rtp::codec::is_keyframe;
use crate::rtp::dependency::DependencyDescriptor;
use crate::rtp::extension::{ExtensionMap, Extensions};
use crate::rtp::header::Header;
use crate::rtp::rtcp::ReportBlock;
use crate::rtp::sequence::SeqNo;
use crate::rtp::time::ClockMap;

use arrival::{Arrival, EncodingIndex, MAX_ENCODINGS};
use cache::CacheLimits;
use encoding::Encoding;
use feedback::REPORT_INTERVAL;
use seal::Seal;
use source::{Flow, Source};

/// A track is called stalled after this long without a packet: forty times the longest gap that
/// Opus without DTX leaves, and far below what a person would call gone.
pub const SILENCE: Duration = Duration::from_secs(2);

/// One track as it arrives.
#[derive(Debug)]
pub struct Publication {
    track: TrackId,
    publisher: ParticipantId,
    kind: MediaKind,
    payloads: Vec<Payload>,
    extensions: ExtensionMap,
    encodings: Vec<Encoding>,
    /// In a sealed room.
    seal: Option<Seal>,
    /// When the last packet came; none before the first and while stalled.
    alive: Option<Instant>,
    report_at: Option<Instant>,
    /// Room for report blocks, so that writing them allocates nothing.
    blocks: Vec<ReportBlock>,
    /// At most one: a start and a stall are [`SILENCE`] apart.
    event: Option<Event>,
    requests: Requests,
}

/// What a publisher was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Numbers to be sent again.
    pub nacks: u64,
    /// Key frames.
    pub keyframes: u64,
}

/// A media packet without its wrapping.
struct Unwrapped<'a> {
    codec: Codec,
    number: u16,
    payload: &'a [u8],
}

impl Publication {
    /// A track from which nothing came yet.
    pub fn new(
        track: TrackId,
        publisher: ParticipantId,
        parameters: PublicationParameters,
        limits: &CacheLimits,
        now: Instant,
    ) -> Self {
        let media = parameters.media;
        let clock_rate = media
            .payloads
            .first()
            .map_or(90_000, |payload| payload.codec.clock_rate());
        let encodings = parameters.encodings.iter().take(MAX_ENCODINGS);
        Self {
            track,
            publisher,
            kind: media.kind,
            extensions: ExtensionMap::new(&media.extensions),
            encodings: encodings
                .map(|_| Encoding::new(media.kind, clock_rate, limits, now))
                .collect(),
            seal: parameters.sealed.map(Seal::new),
            payloads: media.payloads,
            alive: None,
            report_at: None,
            blocks: Vec::with_capacity(MAX_ENCODINGS),
            event: None,
            requests: Requests::default(),
        }
    }

    /// Its name.
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// Whose it is.
    pub fn publisher(&self) -> ParticipantId {
        self.publisher
    }

    /// Sound or picture.
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// Whether a tap listens: it has more time than ears have.
    pub(crate) fn set_tapped(&mut self, is_tapped: bool) {
        for encoding in &mut self.encodings {
            encoding.nack.set_tapped(is_tapped);
        }
    }

    /// It was to be sealed and was not: nothing of it goes to anybody any more.
    pub fn is_refused(&self) -> bool {
        self.seal.as_ref().is_some_and(Seal::is_broken)
    }

    /// Takes one decrypted packet. What comes back without payload was padding: subscriptions need it to
    /// close its number up.
    pub fn receive<'a>(
        &mut self,
        now: Instant,
        source: Source,
        header: &Header,
        extensions: Extensions<'a>,
        packet: &'a [u8],
    ) -> Result<Arrival<'a>, Drop> {
        let unwrapped = self.unwrap(source.flow, header, packet)?;
        if let Some(seal) = &mut self.seal {
            seal.check(unwrapped.codec, unwrapped.payload, header.marker)?;
        }
        let encoding = self
            .encodings
            .get_mut(source.encoding.get())
            .ok_or(Drop::UnknownSource)?;
        let numbered = match source.flow {
            Flow::Media => encoding.handle_media(now, header.ssrc, header.sequence, header.timestamp)?,
            Flow::Rtx => encoding.handle_repaired(now, unwrapped.number)?,
        };
        let arrival = Arrival {
            track: self.track,
            encoding: source.encoding,
            sequence: numbered.sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            codec: unwrapped.codec,
            extensions,
            payload: unwrapped.payload,
            keyframe: starts_keyframe(unwrapped.codec, &extensions, unwrapped.payload),
            recovered: numbered.late || source.flow == Flow::Rtx,
            arrived: now,
        };
        if !arrival.payload.is_empty() {
            encoding
                .cache
                .push(&arrival, packet.get(..header.len).unwrap_or_default());
            self.note_alive(now);
        }
        if arrival.keyframe {
            self.encodings[source.encoding.get()].keyframes.handle_keyframe();
        }
        Ok(arrival)
    }

    /// A packet that came before and is still kept.
    pub fn cached(&self, now: Instant, encoding: EncodingIndex, sequence: SeqNo) -> Option<Arrival<'_>> {
        if self.is_refused() {
            return None;
        }
        let cache = &self.encodings.get(encoding.get())?.cache;
        cache.get(now, (self.track, encoding, sequence), &self.extensions)
    }

    /// How an encoding's timestamps relate to its publisher's clock.
    pub fn clock(&self, encoding: EncodingIndex) -> Option<&ClockMap> {
        Some(&self.encodings.get(encoding.get())?.clock)
    }

    /// Starts, and stalls after [`SILENCE`]; a track that stalled starts again. Of a sealed one also, once, that
    /// it was not.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.event.take() {
            return Some(event);
        }
        let is_news = self.seal.as_mut().is_some_and(Seal::poll_broken);
        is_news.then_some(Event::Unsealed { track: self.track })
    }

    /// Notices silence.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.stalls_at().is_some_and(|at| at <= now) {
            self.alive = None;
            self.event = Some(Event::Stalled { track: self.track });
        }
    }

    /// When to call [`Self::handle_timeout`] and [`Self::poll_rtcp`] again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.stalls_at(), self.feedback_at()].into_iter().flatten().min()
    }

    fn stalls_at(&self) -> Option<Instant> {
        self.alive.map(|alive| alive + SILENCE)
    }

    fn note_alive(&mut self, now: Instant) {
        if self.alive.replace(now).is_none() {
            self.event = Some(Event::Started { track: self.track });
            self.report_at.get_or_insert(now + REPORT_INTERVAL);
        }
    }

    fn unwrap<'a>(&self, flow: Flow, header: &Header, packet: &'a [u8]) -> Result<Unwrapped<'a>, Drop> {
        let payload = header.payload(packet).ok_or(Drop::MalformedRtp)?;
        match flow {
            Flow::Media => Ok(Unwrapped {
                codec: self.codec(|known| known.pt == header.payload_type)?,
                number: header.sequence,
                payload,
            }),
            Flow::Rtx => self.unwrap_rtx(header.payload_type, payload),
        }
    }

    /// RFC 4588 §4: the first two bytes are the original sequence number, the rest is the packet.
    fn unwrap_rtx<'a>(&self, pt: Pt, payload: &'a [u8]) -> Result<Unwrapped<'a>, Drop> {
        let codec = self.codec(|known| known.rtx == Some(pt))?;
        if payload.is_empty() {
            return Err(Drop::Padding);
        }
        let (&number, payload) = payload.split_first_chunk().ok_or(Drop::MalformedRtx)?;
        Ok(Unwrapped {
            codec,
            number: u16::from_be_bytes(number),
            payload,
        })
    }

    fn codec(&self, matches: impl Fn(&Payload) -> bool) -> Result<Codec, Drop> {
        let payload = self.payloads.iter().find(|payload| matches(payload));
        payload
            .map(|payload| payload.codec)
            .ok_or(Drop::UnknownPayloadType)
    }
}

/// In a sealed track the payload says nothing, so the descriptor goes first where there is one.
fn starts_keyframe(codec: Codec, extensions: &Extensions<'_>, payload: &[u8]) -> bool {
    match extensions.dependency_descriptor {
        Some(descriptor) => starts_coded_sequence(descriptor),
        None => is_keyframe(codec, payload),
    }
}

/// AV1 RTP specification A.8.2: start_of_frame is the first bit, and behind the three mandatory bytes
/// template_dependency_structure_present_flag. Only the first packet of a key frame has both, and only that
/// one is worth the parser's allocation.
fn starts_coded_sequence(descriptor: &[u8]) -> bool {
    matches!(descriptor, [first, _, _, flags, ..] if first & 0x80 != 0 && flags & 0x80 != 0)
        && DependencyDescriptor::parse(descriptor, None).is_ok_and(|read| read.starts_keyframe())
}

#[cfg(test)]
mod tests;
