//! One encoding as it arrives.
//!
//! Owns: its numbering, reception, clock, missing packets, key frame requests and cache. Never does: know
//! payload types or write RTCP; the publication does.

use std::time::Instant;

use crate::codec::MediaKind;
use crate::drop::Drop;
use crate::id::Ssrc;
use crate::publication::cache::{Cache, CacheLimits};
use crate::publication::keyframe::KeyframeRequests;
use crate::publication::nack::NackSchedule;
use crate::publication::reception::Reception;
use crate::rtp::rtcp::ReportBlock;
use crate::rtp::sequence::{Refusal, SeqNo, Unwrapper, Window};
use crate::rtp::time::{ClockMap, NtpTime};

/// State of one encoding.
#[derive(Debug)]
pub(crate) struct Encoding {
    clock_rate: u32,
    ssrc: Option<Ssrc>,
    /// Added to what the unwrapper counts; a multiple of 2^16, grown when the SSRC changes.
    base: u64,
    unwrapper: Unwrapper,
    window: Window,
    reception: Reception,
    pub(crate) clock: ClockMap,
    pub(crate) nack: NackSchedule,
    pub(crate) keyframes: KeyframeRequests,
    pub(crate) cache: Cache,
}

/// A packet's place in its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) sequence: SeqNo,
    /// A higher number came before.
    pub(crate) late: bool,
}

impl Encoding {
    /// Nothing came yet.
    pub(crate) fn new(kind: MediaKind, clock_rate: u32, limits: &CacheLimits, now: Instant) -> Self {
        Self {
            clock_rate,
            ssrc: None,
            base: 0,
            unwrapper: Unwrapper::default(),
            window: Window::default(),
            reception: Reception::new(clock_rate, now),
            clock: ClockMap::new(clock_rate),
            nack: NackSchedule::new(kind),
            keyframes: KeyframeRequests::default(),
            cache: Cache::new(kind, limits),
        }
    }

    /// The SSRC that sends it at present.
    pub(crate) fn ssrc(&self) -> Option<Ssrc> {
        self.ssrc
    }

    /// Takes a media packet that came by itself.
    pub(crate) fn handle_media(
        &mut self,
        now: Instant,
        ssrc: Ssrc,
        number: u16,
        timestamp: u32,
    ) -> Result<Numbered, Drop> {
        if self.ssrc != Some(ssrc) {
            self.begin(now, ssrc);
        }
        let numbered = self.number(now, number)?;
        self.reception.handle_packet(now, numbered.sequence, timestamp);
        Ok(numbered)
    }

    /// Takes a packet out of a retransmission; refused before the encoding's own first packet, for its
    /// number would mean nothing yet.
    pub(crate) fn handle_repaired(&mut self, now: Instant, number: u16) -> Result<Numbered, Drop> {
        self.ssrc.ok_or(Drop::MalformedRtx)?;
        self.number(now, number)
    }

    /// Relates the encoding's clocks.
    pub(crate) fn handle_sender_report(&mut self, now: Instant, ntp: NtpTime, rtp: u32) {
        self.clock.handle_sender_report(ntp, rtp);
        self.reception.handle_sender_report(now, ntp);
    }

    /// Closes the interval of the next report block.
    pub(crate) fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        self.reception.report(now, self.ssrc?)
    }

    /// A new SSRC counts anew; its numbers go on far above the old ones, so that none is taken for a
    /// late packet of the old source, and nothing of that is asked for any more.
    fn begin(&mut self, now: Instant, ssrc: Ssrc) {
        if let Some(highest) = self.unwrapper.highest() {
            self.base += (highest.0 | 0xffff) + 1;
        }
        self.ssrc = Some(ssrc);
        self.unwrapper = Unwrapper::default();
        self.window = Window::default();
        self.reception = Reception::new(self.clock_rate, now);
        self.clock = ClockMap::new(self.clock_rate);
    }

    fn number(&mut self, now: Instant, number: u16) -> Result<Numbered, Drop> {
        let highest = self.unwrapper.highest();
        let plain = self.unwrapper.peek(number);
        self.window.accept(plain.0).map_err(|refusal| match refusal {
            Refusal::Seen => Drop::Duplicate,
            Refusal::TooOld => Drop::Late,
        })?;
        self.unwrapper.unwrap(number);
        let sequence = SeqNo(self.base + plain.0);
        self.nack.handle_packet(now, sequence);
        Ok(Numbered {
            sequence,
            late: highest.is_some_and(|highest| plain < highest),
        })
    }
}
