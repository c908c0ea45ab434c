//! Counters that wrap at sixteen bits, and memories of which numbers were seen.
//!
//! Owns: extending a 16-bit number to 64 bits, and the sliding window over extended numbers. Never does:
//! tell a restarted source from a very late packet; whoever counts the source does.

/// An extended sequence number: its low sixteen bits are those on the wire (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeqNo(pub u64);

impl SeqNo {
    /// What stands in the header.
    #[inline]
    pub const fn low(self) -> u16 {
        self.0 as u16
    }

    /// How far this is ahead of `earlier`; negative when it is behind.
    #[inline]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0) as i64
    }
}

/// Extends the 16-bit numbers of one source, each to the value nearest to the highest so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwrapper {
    highest: Option<u64>,
}

impl Unwrapper {
    /// Extends a number and remembers it if it is the highest.
    #[inline]
    pub fn unwrap(&mut self, sequence: u16) -> SeqNo {
        let extended = self.peek(sequence);
        self.highest = Some(self.highest.map_or(extended.0, |highest| highest.max(extended.0)));
        extended
    }

    /// Extends a number and remembers nothing.
    #[inline]
    pub fn peek(&self, sequence: u16) -> SeqNo {
        let Some(highest) = self.highest else {
            return SeqNo(FIRST_CYCLE + u64::from(sequence));
        };
        let ahead = sequence.wrapping_sub(highest as u16) as i16;
        SeqNo(highest.wrapping_add_signed(i64::from(ahead)))
    }

    /// The highest so far.
    #[inline]
    pub fn highest(&self) -> Option<SeqNo> {
        self.highest.map(SeqNo)
    }
}

/// Numbers start in the second cycle, so that one older than the first seen is not below zero.
const FIRST_CYCLE: u64 = 1 << 16;

/// Remembers which of the newest `WORDS` × 64 indices were seen (RFC 3711 §3.3.2's replay list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<const WORDS: usize = 16> {
    newest: Option<u64>,
    /// One bit an index, at the index modulo the width; those ahead of `newest` are zero.
    seen: [u64; WORDS],
}

/// Why an index was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It was accepted before.
    Seen,
    /// It is behind the window: nobody remembers whether it was seen.
    TooOld,
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Self {
            newest: None,
            seen: [0; WORDS],
        }
    }
}

impl<const WORDS: usize> Window<WORDS> {
    /// How many indices back the memory goes.
    pub const WIDTH: u64 = {
        assert!(WORDS > 0, "a window of nothing remembers nothing");
        WORDS as u64 * 64
    };

    /// Would this index be accepted? Marks nothing, so that a forged packet leaves no trace.
    #[inline]
    pub fn check(&self, index: u64) -> Result<(), Refusal> {
        let Some(newest) = self.newest.filter(|&newest| index <= newest) else {
            return Ok(());
        };
        if newest - index >= Self::WIDTH {
            return Err(Refusal::TooOld);
        }
        let (word, bit) = Self::place(index);
        if self.seen[word] & bit == 0 {
            Ok(())
        } else {
            Err(Refusal::Seen)
        }
    }

    /// Marks the index as seen, if it was not.
    #[inline]
    pub fn accept(&mut self, index: u64) -> Result<(), Refusal> {
        self.check(index)?;
        if self.newest.is_none_or(|newest| index > newest) {
            self.slide(index);
        }
        let (word, bit) = Self::place(index);
        self.seen[word] |= bit;
        Ok(())
    }

    /// The highest index accepted.
    #[inline]
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    fn slide(&mut self, to: u64) {
        let from = self.newest.replace(to).unwrap_or(to);
        if to - from >= Self::WIDTH {
            self.seen = [0; WORDS];
            return;
        }
        for index in from + 1..=to {
            let (word, bit) = Self::place(index);
            self.seen[word] &= !bit;
        }
    }

    #[inline]
    fn place(index: u64) -> (usize, u64) {
        ((index / 64) as usize % WORDS, 1 << (index % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_extended_over_the_wrap_in_any_order() {
        let mut unwrapper = Unwrapper::default();
        let first = unwrapper.unwrap(0);
        assert_eq!(unwrapper.unwrap(65_535).since(first), -1);
        assert_eq!(unwrapper.unwrap(2).since(first), 2);
        assert_eq!(unwrapper.unwrap(30_000).since(first), 30_000);
        assert_eq!(unwrapper.unwrap(60_000).since(first), 60_000);
        assert_eq!(unwrapper.unwrap(1).since(first), 65_537);
        assert_eq!(unwrapper.peek(65_535).since(first), 65_535);
        assert_eq!(
            unwrapper.highest().map(|highest| highest.since(first)),
            Some(65_537)
        );
    }

    #[test]
    fn a_window_accepts_each_index_once() {
        let mut window = Window::<16>::default();
        assert_eq!(window.accept(5000), Ok(()));
        assert_eq!(window.accept(5000), Err(Refusal::Seen));
        assert_eq!(window.accept(5000 - 1023), Ok(()));
        assert_eq!(window.accept(5000 - 1023), Err(Refusal::Seen));
        assert_eq!(window.accept(5000 - 1024), Err(Refusal::TooOld));
        assert_eq!(window.accept(5001), Ok(()));
        assert_eq!(window.check(5000 - 1023), Err(Refusal::TooOld));
    }

    #[test]
    fn a_leap_ahead_forgets_everything_and_keeps_the_leap() {
        let mut window = Window::<16>::default();
        window.accept(10).unwrap();
        window.accept(u64::MAX).unwrap();
        assert_eq!(window.check(u64::MAX), Err(Refusal::Seen));
        assert_eq!(window.check(u64::MAX - 1023), Ok(()));
        assert_eq!(window.check(10), Err(Refusal::TooOld));
        assert_eq!(window.newest(), Some(u64::MAX));
    }

    proptest! {
        #[test]
        fn an_extended_number_keeps_its_low_bits_and_is_near_the_highest(numbers: Vec<u16>) {
            let mut unwrapper = Unwrapper::default();
            for number in numbers {
                let before = unwrapper.highest();
                let extended = unwrapper.unwrap(number);
                prop_assert_eq!(extended.low(), number);
                if let Some(before) = before {
                    prop_assert!((-32_768..32_768).contains(&extended.since(before)));
                }
            }
        }

        #[test]
        fn a_window_agrees_with_a_set(steps in proptest::collection::vec(-300i64..200, 1..300)) {
            let mut window = Window::<4>::default();
            let mut seen = BTreeSet::new();
            let mut at = 100_000u64;
            for step in steps {
                at = at.saturating_add_signed(step);
                let newest = seen.last().copied().unwrap_or(0);
                let expected = if at + Window::<4>::WIDTH <= newest {
                    Err(Refusal::TooOld)
                } else if seen.contains(&at) {
                    Err(Refusal::Seen)
                } else {
                    Ok(())
                };
                prop_assert_eq!(window.check(at), expected);
                prop_assert_eq!(window.accept(at), expected);
                if expected.is_ok() {
                    seen.insert(at);
                }
            }
        }
    }
}
