//! The packets of one encoding in the order in which they were sent.
//!
//! Owns: what waits behind a hole, and how long. Never does: look into a payload, or ask for what is missing; the SFU
//! does that for all who listen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rapport_sfu::subscription::tap::TapPacket;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// The number that goes on next; none before anything was polled: the lowest that is there then.
    next: Option<u64>,
    held: BTreeMap<u64, TapPacket>,
    held_bytes: usize,
    /// When the hole before the first of those was noticed.
    noticed: Option<Instant>,
    /// No hole is waited for any more.
    is_closed: bool,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    Packet(TapPacket),
    /// Numbers that were waited for in vain.
    Hole,
}

impl Reorder {
    /// Takes a packet; one that comes too late, or twice, is dropped.
    pub(super) fn handle_packet(&mut self, now: Instant, packet: TapPacket) {
        let is_late = self.next.is_some_and(|next| packet.sequence < next);
        if is_late || self.held.contains_key(&packet.sequence) {
            return;
        }
        self.noticed.get_or_insert(now);
        self.held_bytes += packet.payload.len();
        self.held.insert(packet.sequence, packet);
    }

    /// Nothing more comes: what is there goes on, whatever is missing between it.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// In order, as long as there is nothing to wait for.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Step> {
        let first = *self.held.first_key_value()?.0;
        let next = self.next.replace(first).unwrap_or(first);
        if first == next {
            return self.take_first().map(Step::Packet);
        }
        if first - next > LARGEST_HOLE || self.is_given_up(now) {
            return Some(Step::Hole);
        }
        self.next = Some(next);
        None
    }

    /// When a hole is given up.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        Some(self.noticed? + WINDOW)
    }

    /// Something is missing that may still come.
    pub(super) fn is_waiting(&self) -> bool {
        !self.held.is_empty()
    }

    /// More waits than may.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() > MOST_PACKETS || self.held_bytes > MOST_BYTES
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn take_first(&mut self) -> Option<TapPacket> {
        let (sequence, packet) = self.held.pop_first()?;
        self.next = Some(sequence.saturating_add(1));
        self.held_bytes -= packet.payload.len();
        // the next hole is as old as the oldest packet behind it
        let is_hole_next = self
            .held
            .keys()
            .next()
            .is_some_and(|&first| first > sequence.saturating_add(1));
        self.noticed = match self.noticed {
            Some(_) if is_hole_next => self.held.values().map(|packet| packet.arrived).min(),
            noticed => noticed.filter(|_| !self.held.is_empty()),
        };
        Some(packet)
    }

    fn is_given_up(&self, now: Instant) -> bool {
        self.is_closed || self.poll_timeout().is_some_and(|due| due <= now) || self.is_full()
    }
}

/// `publication/nack.rs` of the SFU asks for a packet of a picture for 1 s, for one of sound for half of that: what
/// did not come until then does not come.
pub(super) const WINDOW: Duration = Duration::from_secs(1);

/// `publication/nack.rs` asks for nothing of a larger hole: it is an outage, or a source that counts anew.
const LARGEST_HOLE: u64 = 512;

/// What waits behind a hole is bounded, or a sender that leaves one out would fill the memory. Over the bound the hole
/// is given up as if its time was over. A picture of 8 Mbit/s has 900 packets in a window.
const MOST_PACKETS: usize = 2048;
/// A megabyte is what 8 Mbit/s send in a window; twice that for bursts.
pub(super) const MOST_BYTES: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use rapport_sfu::codec::Codec;

    use super::*;
    use crate::intake::testing::{millis, packet};

    /// What comes of these numbers, each at its millisecond, at the last of them; none is a hole.
    fn poll(begin: Instant, reorder: &mut Reorder, arrivals: &[(u64, u64)]) -> Vec<Option<u64>> {
        let mut now = begin;
        for &(at, sequence) in arrivals {
            now = begin + millis(at);
            let packet = packet(Codec::Opus, 0, vec![0]);
            reorder.handle_packet(
                now,
                TapPacket {
                    sequence,
                    arrived: now,
                    ..packet
                },
            );
        }
        let steps = std::iter::from_fn(|| reorder.poll(now));
        steps
            .map(|step| match step {
                Step::Packet(packet) => Some(packet.sequence),
                Step::Hole => None,
            })
            .collect()
    }

    #[test]
    fn each_hole_is_waited_for_since_it_was_noticed() {
        let (begin, mut reorder) = (Instant::now(), Reorder::default());
        let mut poll = |arrivals: &[_]| poll(begin, &mut reorder, arrivals);
        assert_eq!(
            poll(&[(0, 6), (0, 5)]),
            [Some(5), Some(6)],
            "nothing was polled before"
        );
        assert_eq!(poll(&[(10, 4), (10, 6)]), [], "late, and twice");
        assert_eq!(poll(&[(100, 8), (600, 10), (700, 11)]), []);
        assert_eq!(poll(&[(1099, 12)]), []);
        assert_eq!(poll(&[(1100, 13)]), [None, Some(8)]);
        assert_eq!(poll(&[(1599, 14)]), []);
        assert_eq!(poll(&[(1600, 9)]), [9, 10, 11, 12, 13, 14].map(Some));
        assert_eq!(reorder.poll_timeout(), None);
        assert!(!reorder.is_waiting() && reorder.held_bytes() == 0);
    }

    #[test]
    fn a_hole_that_nobody_asks_for_is_not_waited_for() {
        let (begin, mut reorder) = (Instant::now(), Reorder::default());
        let mut poll = |arrivals: &[_]| poll(begin, &mut reorder, arrivals);
        assert_eq!(poll(&[(0, 1)]), [Some(1)]);
        assert_eq!(poll(&[(1, 514)]), []);
        assert_eq!(poll(&[(2, 2), (2, 3)]), [2, 3].map(Some));
        assert_eq!(poll(&[(1001, 515)]), [None, Some(514), Some(515)]);
        assert_eq!(poll(&[(1002, 1029)]), [None, Some(1029)]);
    }

    #[test]
    fn nothing_is_waited_for_when_nothing_more_comes() {
        let (begin, mut reorder) = (Instant::now(), Reorder::default());
        assert_eq!(poll(begin, &mut reorder, &[(0, 1)]), [Some(1)]);
        reorder.close();
        assert_eq!(
            poll(begin, &mut reorder, &[(1, 3), (1, 6)]),
            [None, Some(3), None, Some(6)]
        );
    }
}
