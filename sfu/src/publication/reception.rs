//! How well one encoding arrives.
//!
//! Owns: the counts behind a report block (RFC 3550 §6.4.1). Never does: count retransmissions, which
//! would hide from the publisher what its path loses.

use std::time::Instant;

use crate::id::Ssrc;
use crate::rtp::rtcp::ReportBlock;
use crate::rtp::sequence::SeqNo;
use crate::rtp::time::{NtpTime, short_ntp, ticks_in};

/// Loss and jitter of one source, as RFC 3550 counts them.
#[derive(Debug)]
pub(crate) struct Reception {
    clock_rate: u32,
    epoch: Instant,
    first: Option<SeqNo>,
    highest: SeqNo,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    transit: Option<u32>,
    /// In sixteenths of a tick.
    jitter: u32,
    sender_report: Option<(u32, Instant)>,
}

impl Reception {
    /// Nothing came yet.
    pub(crate) fn new(clock_rate: u32, now: Instant) -> Self {
        Self {
            clock_rate,
            epoch: now,
            first: None,
            highest: SeqNo(0),
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            jitter: 0,
            sender_report: None,
        }
    }

    /// Counts a packet that came by itself.
    pub(crate) fn handle_packet(&mut self, now: Instant, sequence: SeqNo, timestamp: u32) {
        self.first.get_or_insert(sequence);
        self.highest = self.highest.max(sequence);
        self.received += 1;
        self.note_transit(now, timestamp);
    }

    /// Notes the sender report that the next report block refers to.
    pub(crate) fn handle_sender_report(&mut self, now: Instant, ntp: NtpTime) {
        self.sender_report = Some((ntp.middle(), now));
    }

    /// Closes an interval; `None` before the first packet.
    pub(crate) fn report(&mut self, now: Instant, ssrc: Ssrc) -> Option<ReportBlock> {
        let first = self.first?;
        let expected = (self.highest.0 + 1).saturating_sub(first.0);
        let fraction_lost = self.fraction_lost(expected);
        let (last, delay) = self.sender_report.map_or((0, 0), |(middle, came)| {
            (middle, short_ntp(now.saturating_duration_since(came)))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost: lost(expected, self.received),
            // RFC 3550 §6.4.1: the high sixteen bits count cycles, and the first cycle is zero.
            highest_sequence: (self.highest.0 - (first.0 & !0xffff)) as u32,
            jitter: self.jitter >> 4,
            last_sender_report: last,
            delay_since: delay,
        })
    }

    /// RFC 3550 A.3, "the fraction of packets lost during the last reporting interval".
    fn fraction_lost(&mut self, expected: u64) -> u8 {
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received - self.received_prior;
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost = expected_interval.saturating_sub(received_interval);
        (lost << 8)
            .checked_div(expected_interval)
            .map_or(0, |fraction| fraction.min(255) as u8)
    }

    /// RFC 3550 A.8: J += (|D| − J) / 16, in integers.
    fn note_transit(&mut self, now: Instant, timestamp: u32) {
        let arrival = ticks_in(now.saturating_duration_since(self.epoch), self.clock_rate);
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let distance = (transit.wrapping_sub(last) as i32)
                .unsigned_abs()
                .min(MAX_DISTANCE);
            self.jitter = (self.jitter + distance).saturating_sub((self.jitter + 8) >> 4);
        }
    }
}

/// Negative when duplicates came; what does not fit its field is clamped where it is written.
fn lost(expected: u64, received: u64) -> i32 {
    i32::try_from(expected.wrapping_sub(received) as i64).unwrap_or(i32::MAX)
}

/// A timestamp that leaps (a source that was replaced) is no jitter: at most ten seconds of 90 kHz count.
const MAX_DISTANCE: u32 = 900_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SSRC: Ssrc = Ssrc(1);

    fn receive(reception: &mut Reception, start: Instant, sequences: impl IntoIterator<Item = u64>) {
        for sequence in sequences {
            let at = start + Duration::from_millis(20 * sequence);
            reception.handle_packet(at, SeqNo(65_536 + sequence), (sequence * 960) as u32);
        }
    }

    #[test]
    fn nothing_is_reported_of_a_source_that_never_sent() {
        let now = Instant::now();
        assert_eq!(Reception::new(48_000, now).report(now, SSRC), None);
    }

    #[test]
    fn loss_is_told_of_the_interval_and_of_all() {
        let start = Instant::now();
        let mut reception = Reception::new(48_000, start);
        receive(
            &mut reception,
            start,
            (0..100).filter(|sequence| sequence % 4 != 1),
        );
        let report = reception.report(start, SSRC).unwrap();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (64, 25));
        assert_eq!(report.highest_sequence, 99);
        receive(&mut reception, start, 100..200);
        let report = reception.report(start, SSRC).unwrap();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, 25));
    }

    #[test]
    fn an_even_pace_has_no_jitter_and_an_uneven_one_has() {
        let start = Instant::now();
        let mut even = Reception::new(48_000, start);
        receive(&mut even, start, 0..50);
        assert_eq!(even.report(start, SSRC).unwrap().jitter, 0);
        let mut uneven = Reception::new(48_000, start);
        for sequence in 0..500u64 {
            let at = start + Duration::from_millis(20 * sequence + 10 * (sequence % 2));
            uneven.handle_packet(at, SeqNo(sequence), (sequence * 960) as u32);
        }
        // Each packet differs by 10 ms from the last, and the mean converges to that.
        let jitter = uneven.report(start, SSRC).unwrap().jitter;
        assert!((440..=480).contains(&jitter), "{jitter}");
    }

    #[test]
    fn a_report_refers_to_the_last_sender_report() {
        let start = Instant::now();
        let mut reception = Reception::new(48_000, start);
        receive(&mut reception, start, 0..2);
        reception.handle_sender_report(start, NtpTime(0x1122_3344_5566_7788));
        let report = reception
            .report(start + Duration::from_millis(500), SSRC)
            .unwrap();
        assert_eq!(report.last_sender_report, 0x3344_5566);
        assert_eq!(report.delay_since, 0x8000);
    }
}
