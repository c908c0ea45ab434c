//! What each outgoing number stands for.
//!
//! Owns: a bounded ring from outgoing index to the source's packet, and how often each was asked for
//! again. Never does: decide which number a packet gets.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::drop::Drop;
use crate::rtp::sequence::SeqNo;

/// The last outgoing numbers, oldest overwritten. Within a segment both numbers ascend together, so a
/// source number is found by bisection and no second table is needed.
#[derive(Debug)]
pub(crate) struct History {
    entries: Box<[Entry]>,
    first: u64,
    next: u64,
    /// Zero of the millisecond clock in the entries; an `Instant` would double their size.
    epoch: Option<Instant>,
}

/// One outgoing number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The source's number.
    pub(crate) sequence: SeqNo,
    /// Milliseconds since the epoch when it was last sent again.
    resent: u32,
    /// Which stretch of the source it belongs to.
    pub(crate) segment: u16,
    /// Whether the packet itself came and went; otherwise the number waits for it.
    pub(crate) sent: bool,
    resends: u8,
}

impl History {
    /// `first` is the index of the first packet to come.
    pub(crate) fn new(len: usize, first: u64) -> Self {
        let empty = Entry {
            sequence: SeqNo(0),
            resent: 0,
            segment: 0,
            sent: false,
            resends: 0,
        };
        Self {
            entries: vec![empty; len].into_boxed_slice(),
            first,
            next: first,
            epoch: None,
        }
    }

    /// How many numbers it remembers.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The index of the next packet to come.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Gives the next number to a source packet.
    pub(crate) fn push(&mut self, sequence: SeqNo, segment: u16, sent: bool) -> u64 {
        let index = self.next;
        self.next += 1;
        let at = self.at(index);
        self.entries[at] = Entry {
            sequence,
            resent: 0,
            segment,
            sent,
            resends: 0,
        };
        index
    }

    /// The entry of an outgoing index that is not forgotten yet.
    pub(crate) fn get(&self, index: u64) -> Option<&Entry> {
        self.alive()
            .contains(&index)
            .then(|| &self.entries[self.at(index)])
    }

    /// As [`Self::get`].
    pub(crate) fn get_mut(&mut self, index: u64) -> Option<&mut Entry> {
        let at = self.at(index);
        self.alive().contains(&index).then(|| &mut self.entries[at])
    }

    /// The outgoing index that a source number has got at or after `from`, the start of its segment.
    pub(crate) fn find(&self, sequence: SeqNo, from: u64) -> Option<u64> {
        let Range { start, end } = self.alive();
        let (mut low, mut high) = (start.max(from), end);
        while low < high {
            let middle = low.midpoint(high);
            let found = self.entries[self.at(middle)].sequence;
            if found == sequence {
                return Some(middle);
            }
            if found < sequence {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        None
    }

    /// The newest outgoing index with these low sixteen bits.
    pub(crate) fn index_of(&self, number: u16) -> Option<u64> {
        let newest = self.next.checked_sub(1)?;
        let back = (newest as u16).wrapping_sub(number);
        newest
            .checked_sub(u64::from(back))
            .filter(|index| self.alive().contains(index))
    }

    /// Whether this number may be sent again, and notes that it is.
    pub(crate) fn resend(&mut self, now: Instant, index: u64, pace: Duration) -> Result<(), Drop> {
        let epoch = *self.epoch.get_or_insert(now);
        // Wraps after 49 days; then one retransmission may be refused once.
        let millis = now.saturating_duration_since(epoch).as_millis() as u32;
        let entry = self.get_mut(index).ok_or(Drop::CacheMiss)?;
        let since = Duration::from_millis(u64::from(millis.wrapping_sub(entry.resent)));
        if entry.resends == MAX_RESENDS || (entry.resends > 0 && since < pace) {
            return Err(Drop::NackThrottled);
        }
        entry.resends += 1;
        entry.resent = millis;
        Ok(())
    }

    fn alive(&self) -> Range<u64> {
        self.first.max(self.next.saturating_sub(self.len()))..self.next
    }

    fn at(&self, index: u64) -> usize {
        // The remainder is below the length, which is a usize.
        (index % self.len()) as usize
    }
}

/// As often as we ask a publisher ourselves: a path that loses ten copies is gone.
const MAX_RESENDS: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Duration = Duration::from_millis(20);

    #[test]
    fn a_number_finds_its_packet_and_a_packet_its_number() {
        let mut history = History::new(8, 65_530);
        for sequence in (100..120).step_by(2) {
            history.push(SeqNo(sequence), 1, true);
        }
        assert_eq!(history.next(), 65_540);
        let index = history.index_of(3).unwrap();
        assert_eq!(index, 65_539);
        assert_eq!(history.get(index).unwrap().sequence, SeqNo(118));
        assert_eq!(history.find(SeqNo(118), 65_530), Some(65_539));
        assert_eq!(history.find(SeqNo(117), 65_530), None);
        assert_eq!(history.find(SeqNo(102), 65_530), None, "forgotten");
        assert_eq!(history.find(SeqNo(108), 65_536), None, "before the segment");
        assert_eq!(history.index_of(4), None, "still to come");
        assert_eq!(history.index_of(65_531), None, "forgotten");
    }

    #[test]
    fn a_number_is_sent_again_at_a_pace_and_ten_times_at_most() {
        let start = Instant::now();
        let mut history = History::new(8, 0);
        let index = history.push(SeqNo(1), 1, true);
        assert_eq!(history.resend(start, index, PACE), Ok(()));
        assert_eq!(history.resend(start, index, PACE), Err(Drop::NackThrottled));
        let granted = (1..100).filter(|&step| history.resend(start + PACE * step, index, PACE).is_ok());
        assert_eq!(granted.count(), usize::from(MAX_RESENDS) - 1);
        assert_eq!(history.resend(start, index + 1, PACE), Err(Drop::CacheMiss));
    }
}
