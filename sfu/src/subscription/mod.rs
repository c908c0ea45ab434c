//! What leaves.
//!
//! Owns: one place in which a subscriber receives media: the choice of its source, one unbroken stream
//! out of whatever that is, retransmissions and sender reports. Never does: seal, queue or pace; the
//! subscriber's transport does, behind [`Egress`].

mod forwarder;
mod history;
mod pictures;
mod report;
mod rtx;
mod selector;
mod send;
pub mod tap;
#[cfg(test)]
pub(crate) mod testing;

use std::time::{Duration, Instant};

use crate::codec::MediaKind;
use crate::drop::Drop;
use crate::id::{Mid, Ssrc, SubscriptionId, TrackId};
use crate::parameters::{Payload, SubscriptionParameters};
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::rtp::extension::ExtensionMap;
use crate::rtp::rtcp::{self, ReportBlock};
use crate::rtp::sequence::SeqNo;
use crate::rtp::time::ClockMap;
use crate::transport::egress::Egress;

use forwarder::Forwarder;
use report::Reports;
use rtx::Retransmitter;
use selector::{Selected, Selector};

pub use report::Reception;

/// One place in which a subscriber receives media.
#[derive(Debug)]
pub struct Subscription {
    id: SubscriptionId,
    kind: MediaKind,
    mid: Mid,
    payloads: Vec<Payload>,
    extensions: ExtensionMap,
    ssrc: Ssrc,
    rtx_ssrc: Option<Ssrc>,
    cname: String,
    selector: Selector,
    forwarder: Forwarder,
    retransmitter: Retransmitter,
    reports: Reports,
}

impl Subscription {
    /// An empty place. The first packet will have these numbers, which are best random (RFC 3550 §5.1).
    pub fn new(
        id: SubscriptionId,
        parameters: SubscriptionParameters,
        first_sequence: u16,
        first_timestamp: u32,
    ) -> Self {
        let media = parameters.media;
        Self {
            id,
            kind: media.kind,
            mid: media.mid,
            extensions: ExtensionMap::new(&media.extensions),
            ssrc: parameters.ssrc,
            rtx_ssrc: parameters.rtx_ssrc,
            cname: parameters.cname,
            selector: Selector::new(media.kind),
            forwarder: Forwarder::new(
                media.kind,
                clock_rate(&media.payloads),
                first_sequence,
                first_timestamp,
            ),
            retransmitter: Retransmitter::new(first_sequence),
            reports: Reports::default(),
            payloads: media.payloads,
        }
    }

    /// Its name.
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// Sound or picture.
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// Ours, as feedback names it.
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The chosen track.
    pub fn track(&self) -> Option<TrackId> {
        self.selector.track()
    }

    /// What is forwarded at present: where a key frame request of the subscriber's goes.
    pub fn current(&self) -> Option<(TrackId, EncodingIndex)> {
        self.selector.current()
    }

    /// Chooses a track, or none. The old one stops at once; video begins at a key frame.
    pub fn select(&mut self, track: Option<TrackId>) {
        self.selector.select(track);
    }

    /// The room withholds the track from everybody, or no longer does. It goes on without a seam, and video
    /// at a key frame: what a decoder missed can't be referred to. Meanwhile no key frame is asked for, which
    /// nobody would get to see. A new choice is not muted.
    pub fn mute(&mut self, muted: bool) {
        self.selector.mute(muted);
    }

    /// Sends a packet on, if it is of what this subscriber gets now. `clock` is that of its encoding.
    pub fn forward<E: Egress + ?Sized>(
        &mut self,
        now: Instant,
        arrival: &Arrival<'_>,
        clock: &ClockMap,
        egress: &mut E,
    ) -> Result<(), Drop> {
        if !egress.is_connected() {
            return Err(Drop::SubscriberNotConnected);
        }
        let payload = self.payload(arrival)?;
        if arrival.payload.is_empty() {
            self.fits_promised_number(arrival)
                .then_some(())
                .ok_or(Drop::Padding)?;
        } else if self.admit(now, arrival)? == Selected::Begins {
            self.forwarder.begin(arrival, clock);
        }
        let placed = self.forwarder.place(arrival, clock)?;
        self.send(now, arrival, &payload, placed, egress)
    }

    /// Answers one number of a NACK. `cached` looks a packet up in its publication.
    pub fn handle_nack<'a, E: Egress + ?Sized>(
        &mut self,
        now: Instant,
        lost: u16,
        cached: impl FnOnce(TrackId, EncodingIndex, SeqNo) -> Option<Arrival<'a>>,
        egress: &mut E,
    ) -> Result<(), Drop> {
        let (index, track, encoding, sequence) = self.forwarder.source_of(lost).ok_or(Drop::CacheMiss)?;
        if self.has_rtx() {
            let arrival = cached(track, encoding, sequence).ok_or(Drop::CacheMiss)?;
            self.send_rtx(now, index, &arrival, egress)
        } else {
            self.resend(now, index, egress)
        }
    }

    /// Takes a report block; returns the round trip if it tells one. Blocks about the retransmission stream
    /// say nothing of what the subscriber sees, and are ignored.
    pub fn handle_report(&mut self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        if block.ssrc != self.ssrc {
            return None;
        }
        let rtt = self.reports.handle_report(now, block)?;
        self.retransmitter.set_rtt(rtt);
        Some(rtt)
    }

    /// What the subscriber last said of its reception.
    pub fn reception(&self) -> Option<&Reception> {
        self.reports.reception()
    }

    /// Packets and payload octets sent so far; both wrap.
    pub fn sent(&self) -> (u32, u32) {
        self.reports.sent()
    }

    /// A key frame that this place waits for; repeated at a pace until it comes.
    pub fn poll_keyframe_request(&mut self, now: Instant) -> Option<(TrackId, EncodingIndex)> {
        self.selector.poll_keyframe_request(now)
    }

    /// Sends a sender report if it is due.
    pub fn poll_rtcp<E: Egress + ?Sized>(&mut self, now: Instant, egress: &mut E) -> Result<(), Drop> {
        let Some(newest) = self.forwarder.newest() else {
            return Ok(());
        };
        let Some(info) = self.reports.poll(now, clock_rate(&self.payloads), newest) else {
            return Ok(());
        };
        let (ssrc, cname) = (self.ssrc, &self.cname);
        egress.send_rtcp(now, &mut |out| rtcp::sender_report(out, ssrc, info, &[], cname))
    }

    /// When to poll again.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let timeouts = [self.selector.poll_timeout(now), self.reports.poll_timeout()];
        timeouts.into_iter().flatten().min()
    }

    fn payload(&self, arrival: &Arrival<'_>) -> Result<Payload, Drop> {
        let payload = self
            .payloads
            .iter()
            .find(|payload| payload.codec == arrival.codec);
        payload.copied().ok_or(Drop::CodecNotNegotiated)
    }

    fn admit(&mut self, now: Instant, arrival: &Arrival<'_>) -> Result<Selected, Drop> {
        if self.is_current(arrival) && self.forwarder.is_jump(arrival.sequence) {
            self.selector.restart();
        }
        self.selector.admit(now, arrival)
    }

    /// Padding of the publisher's is of no use to others, so its number closes up; unless that was kept
    /// free because the padding came late, when an empty packet is better than a hole.
    fn fits_promised_number(&mut self, padding: &Arrival<'_>) -> bool {
        let goes_on = self.is_current(padding) && !self.forwarder.is_jump(padding.sequence);
        goes_on && !self.forwarder.skip(padding.sequence)
    }

    fn is_current(&self, arrival: &Arrival<'_>) -> bool {
        self.selector.current() == Some((arrival.track, arrival.encoding))
    }
}

fn clock_rate(payloads: &[Payload]) -> u32 {
    payloads
        .first()
        .map_or(90_000, |payload| payload.codec.clock_rate())
}

#[cfg(test)]
mod tests;
