//! What sender and receiver tell one another about one subscription.
//!
//! Owns: when a sender report is due and what it says, and what the subscriber's report blocks say. Never
//! does: read a clock of its own: the times in a report are the publisher's, so that what was captured
//! together is played together.

use std::time::{Duration, Instant};

use crate::rtp::rtcp::{ReportBlock, SenderInfo};
use crate::rtp::time::{NtpTime, from_short_ntp, ticks_in};
use crate::subscription::forwarder::Newest;

/// Both directions of reports.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    packets: u32,
    octets: u32,
    due: Option<Instant>,
    /// The last reports: the middle of their NTP time, and when they left.
    sent: [Option<(u32, Instant)>; REMEMBERED],
    next: usize,
    reception: Option<Reception>,
}

/// What the subscriber says of what it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Of the last interval, in 1/256.
    pub fraction_lost: u8,
    /// Since the beginning; duplicates can make it negative.
    pub cumulative_lost: i32,
    /// In ticks of the codec's clock.
    pub jitter: u32,
    /// None until it has answered a sender report.
    pub rtt: Option<Duration>,
}

impl Reports {
    /// Counts a packet; RFC 3550 §6.4.1: "payload octets …, i.e., not including header or padding".
    pub(crate) fn count(&mut self, now: Instant, payload: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
        self.due.get_or_insert(now);
    }

    /// When the next sender report is due; none before the first packet.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// The sender report of this moment, if it is due and the publisher's clock is known.
    pub(crate) fn poll(&mut self, now: Instant, clock_rate: u32, newest: &Newest) -> Option<SenderInfo> {
        self.due.filter(|&due| due <= now)?;
        let captured = newest.captured;
        self.due = Some(now + captured.map_or(UNTIL_CLOCK_KNOWN, |_| INTERVAL));
        let elapsed = now.saturating_duration_since(newest.arrived);
        let ntp = later(captured?, elapsed);
        self.sent[self.next] = Some((ntp.middle(), now));
        self.next = (self.next + 1) % REMEMBERED;
        Some(SenderInfo {
            ntp,
            rtp: newest.timestamp.wrapping_add(ticks_in(elapsed, clock_rate)),
            packets: self.packets,
            octets: self.octets,
        })
    }

    /// Takes a report block about this subscription; returns the round trip if it tells one.
    pub(crate) fn handle_report(&mut self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        let rtt = self.round_trip(now, block);
        self.reception = Some(Reception {
            fraction_lost: block.fraction_lost,
            cumulative_lost: block.cumulative_lost,
            jitter: block.jitter,
            rtt: rtt.or_else(|| self.reception.and_then(|last| last.rtt)),
        });
        rtt
    }

    /// What the subscriber last said.
    pub(crate) fn reception(&self) -> Option<&Reception> {
        self.reception.as_ref()
    }

    /// Packets and payload octets so far; both wrap.
    pub(crate) fn sent(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    /// RFC 3550 §6.4.1: A − LSR − DLSR, with our own note of when the report left in place of LSR.
    fn round_trip(&self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        let ours = |&&(middle, _): &&(u32, Instant)| middle == block.last_sender_report;
        let (_, left) = self.sent.iter().flatten().find(ours)?;
        let since = now.saturating_duration_since(*left);
        since.checked_sub(from_short_ntp(block.delay_since))
    }
}

fn later(ntp: NtpTime, by: Duration) -> NtpTime {
    // Below 2^32 seconds, so the shifted value fits; what a hundred years more would add is cut off.
    let units = ((by.as_nanos() << 32) / 1_000_000_000) as u64;
    NtpTime(ntp.0.wrapping_add(units))
}

/// As browsers do; lip sync is only as good as the last report.
const INTERVAL: Duration = Duration::from_secs(1);

/// The publisher's first report comes within a second of its first packet; ours follows soon.
const UNTIL_CLOCK_KNOWN: Duration = Duration::from_millis(100);

/// A report block answers the last report or, at a round trip above a second, one before.
const REMEMBERED: usize = 4;
