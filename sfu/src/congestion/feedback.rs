//! The receiving side of transport-wide congestion control: what arrived when, told in time.
//!
//! Owns: the arrivals of one publisher's transport and the schedule of their reports. Never does: estimate
//! anything; by this scheme the sender does.

use std::time::{Duration, Instant};

use crate::id::Ssrc;
use crate::rtp::Unwrapper;
use crate::rtp::rtcp::{Arrival, MAX_ARRIVALS, TICK, transport_cc};

/// The arrivals of one transport. Each is reported once, again only when it lies between others that are.
#[derive(Clone, Debug, Default)]
pub struct ArrivalLog {
    numbers: Unwrapper,
    /// The first arrival; all times are told relative to it.
    origin: Option<Instant>,
    /// When each of the newest [`LOG_NUMBERS`] came, at the number modulo that. Empty before the first.
    ticks: Vec<i64>,
    /// The lowest and the highest number not told yet.
    unreported: Option<(u64, u64)>,
    /// Arrivals since everything was told.
    waiting: usize,
    due: Option<Instant>,
    /// The number that would confirm that the sender began to count anew.
    restarted_at: Option<u16>,
    feedback_count: u8,
}

impl ArrivalLog {
    /// Takes the arrival of a packet with this transport-wide number. A duplicate changes nothing, nor does
    /// a packet too late for the log.
    pub fn handle_arrival(&mut self, now: Instant, sequence: u16) {
        let Some(number) = self.extend(sequence) else {
            return;
        };
        let origin = *self.origin.get_or_insert(now);
        let slot = &mut self.ticks[slot(number)];
        if *slot != EMPTY {
            return;
        }
        *slot = (now.saturating_duration_since(origin).as_micros() / TICK.as_micros()) as i64;
        self.schedule(now, number);
    }

    /// When [`ArrivalLog::poll_feedback`] will have something to say.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Appends one message if one is due, and says if it did. Several can be due: ask until there is none.
    pub fn poll_feedback(&mut self, now: Instant, out: &mut Vec<u8>, sender: Ssrc, media: Ssrc) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        let mut arrivals = [Arrival::default(); MAX_ARRIVALS];
        let found = self.gather(&mut arrivals);
        let told = transport_cc(out, sender, media, self.feedback_count, &arrivals[..found]);
        self.settle(arrivals[..told].last().copied());
        self.feedback_count = self.feedback_count.wrapping_add(u8::from(told > 0));
        told > 0
    }

    /// The extended number, if the log has a place for it.
    fn extend(&mut self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.numbers.highest() else {
            return Some(self.restart(sequence));
        };
        let ahead = self.numbers.peek(sequence).since(highest);
        if ahead.unsigned_abs() >= LOG_NUMBERS {
            return self.leap(sequence);
        }
        self.restarted_at = None;
        for number in highest.0 + 1..=highest.0.saturating_add_signed(ahead) {
            self.ticks[slot(number)] = EMPTY;
        }
        let number = self.numbers.unwrap(sequence).0;
        self.forget_before(self.numbers.highest()?.0.saturating_sub(LOG_NUMBERS - 1));
        Some(number)
    }

    /// RFC 3550 appendix A.1, for the same question: two packets in a row that are both far off mean that
    /// the sender began anew; one alone is a stray.
    fn leap(&mut self, sequence: u16) -> Option<u64> {
        if self.restarted_at == Some(sequence) {
            return Some(self.restart(sequence));
        }
        self.restarted_at = Some(sequence.wrapping_add(1));
        None
    }

    /// What was not told of the old count is of no use to a sender that began anew.
    fn restart(&mut self, sequence: u16) -> u64 {
        self.ticks.clear();
        self.ticks.resize(LOG_NUMBERS as usize, EMPTY);
        self.numbers = Unwrapper::default();
        self.settle(None);
        self.restarted_at = None;
        self.numbers.unwrap(sequence).0
    }

    fn forget_before(&mut self, oldest: u64) {
        self.unreported = self
            .unreported
            .and_then(|(from, to)| (to >= oldest).then_some((from.max(oldest), to)));
    }

    fn schedule(&mut self, now: Instant, number: u64) {
        let (from, to) = self.unreported.unwrap_or((number, number));
        self.unreported = Some((from.min(number), to.max(number)));
        self.waiting += 1;
        let due = if self.waiting >= ENOUGH {
            now
        } else {
            now + INTERVAL
        };
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Everything known from the lowest to the highest number not told, as far as one message goes. What was
    /// told before is told again: left out, it would read as lost.
    fn gather(&self, arrivals: &mut [Arrival; MAX_ARRIVALS]) -> usize {
        let Some((from, to)) = self.unreported else {
            return 0;
        };
        let known = (from..=to).filter_map(|sequence| {
            let ticks = *self.ticks.get(slot(sequence))?;
            (ticks != EMPTY).then_some(Arrival { sequence, ticks })
        });
        arrivals
            .iter_mut()
            .zip(known)
            .map(|(place, arrival)| *place = arrival)
            .count()
    }

    /// Everything up to `last` is told; without one, everything is.
    fn settle(&mut self, last: Option<Arrival>) {
        let next = last.map_or(u64::MAX, |last| last.sequence + 1);
        self.forget_before(next);
        if self.unreported.is_none() {
            self.waiting = 0;
            self.due = None;
        }
    }
}

fn slot(number: u64) -> usize {
    (number % LOG_NUMBERS) as usize
}

/// How far back a late packet is still reported: two seconds of the busiest publisher we admit (three
/// encodings, about 1000 packets a second), in 16 KiB.
const LOG_NUMBERS: u64 = 2048;
/// No packet with this number came.
const EMPTY: i64 = i64::MIN;
/// Between the first untold arrival and its report. libwebrtc's receiver takes the same, and its estimator
/// is tuned to it.
const INTERVAL: Duration = Duration::from_millis(100);
/// So many arrivals are told at once, without waiting: a burst is what an estimator wants to know early,
/// and the message stays below half a packet.
const ENOUGH: usize = 64;

#[cfg(test)]
mod tests;
