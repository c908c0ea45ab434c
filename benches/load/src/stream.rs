//! One source as one client receives it.
//!
//! Owns: which numbers came, and what they tell of the way. Never does: open packets.

use std::time::Duration;

use rapport_sfu::rtp::{Refusal, SeqNo, Unwrapper, Window};

use crate::stamp::Stamp;
use crate::tally::{FREEZE, Tally};

/// The receiving end of one SSRC.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    numbers: Unwrapper,
    seen: Window,
    /// Packets since it began.
    received: u64,
    last: Option<Sample>,
    last_frame: Option<Duration>,
    /// Something came since the last [`Stream::take_flow`].
    flows: bool,
}

/// What the last opened packet was.
#[derive(Clone, Copy, Debug)]
struct Sample {
    origin: u32,
    encoding: u8,
    /// How far the server's number is ahead of the publisher's.
    ahead: i64,
}

/// What a packet is to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// It came for the first time; whether it should be opened.
    Fresh {
        /// Its extended number.
        number: SeqNo,
        /// One in [`SAMPLE`], and each of the first.
        sample: bool,
    },
    /// It came before.
    Again,
}

impl Stream {
    /// A packet with this number came.
    pub(crate) fn handle_packet(&mut self, sequence: u16, tally: &mut Tally) -> Numbered {
        let before = self.numbers.highest();
        let number = self.numbers.unwrap(sequence);
        if matches!(self.seen.accept(number.0), Err(Refusal::Seen | Refusal::TooOld)) {
            tally.duplicates += 1;
            return Numbered::Again;
        }
        match before.map(|before| number.since(before)) {
            None => tally.passed += 1,
            Some(ahead) if ahead > 0 => tally.passed += ahead as u64,
            Some(_) => tally.reordered += 1,
        }
        self.flows = true;
        self.received += 1;
        tally.received += 1;
        let sample = self.received <= FIRST || self.received.is_multiple_of(SAMPLE);
        Numbered::Fresh { number, sample }
    }

    /// The last packet of a frame came, at a time since 1970.
    pub(crate) fn handle_frame(&mut self, at: Duration, tally: &mut Tally) {
        let pause = self
            .last_frame
            .map_or(Duration::ZERO, |last| at.saturating_sub(last));
        self.last_frame = Some(at);
        tally.freezes += u64::from(pause >= FREEZE);
        tally.longest_pause = tally.longest_pause.max(pause);
    }

    /// What an opened packet says; `true` when it is the first of its source and encoding here.
    pub(crate) fn handle_stamp(&mut self, number: SeqNo, stamp: &Stamp, tally: &mut Tally) -> bool {
        let sample = Sample {
            origin: stamp.origin,
            encoding: stamp.encoding,
            ahead: number.since(SeqNo(u64::from(stamp.number))),
        };
        let last = self.last.replace(sample);
        let same = last.filter(|last| (last.origin, last.encoding) == (sample.origin, sample.encoding));
        if let Some(same) = same {
            // Who drops before he numbers lets the publisher's number run ahead.
            tally.skipped += (same.ahead - sample.ahead).max(0) as u64;
        }
        same.is_none()
    }

    /// Whether anything came since [`Self::take_flow`].
    pub(crate) fn flows(&self) -> bool {
        self.flows
    }

    /// The same, and forgets it.
    pub(crate) fn take_flow(&mut self) -> bool {
        std::mem::take(&mut self.flows)
    }

    /// A pause in what is watched is nobody's freeze.
    pub(crate) fn forget_pause(&mut self) {
        self.last_frame = None;
    }
}

/// One packet in so many is opened: enough for a distribution, and little work.
const SAMPLE: u64 = 16;
/// Whose they are and whether they can be decoded is wanted at once.
const FIRST: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stream: &mut Stream, numbers: impl IntoIterator<Item = u16>) -> Tally {
        let mut tally = Tally::default();
        for number in numbers {
            stream.handle_packet(number, &mut tally);
        }
        tally
    }

    fn stamp(number: u32, encoding: u8) -> Stamp {
        Stamp {
            origin: 1,
            encoding,
            keyframe: false,
            number,
            sent: Duration::ZERO,
        }
    }

    #[test]
    fn nothing_is_lost_over_the_wrap() {
        let tally = feed(&mut Stream::default(), (65_000..=u16::MAX).chain(0..500));
        assert_eq!((tally.received, tally.lost(), tally.reordered), (1_036, 0, 0));
    }

    #[test]
    fn a_gap_is_a_loss_until_it_is_filled() {
        let mut stream = Stream::default();
        let tally = feed(&mut stream, [1, 2, 5, 6]);
        assert_eq!((tally.lost(), tally.reordered), (2, 0));
        let tally = feed(&mut Stream::default(), [1, 2, 5, 3, 4, 6]);
        assert_eq!((tally.lost(), tally.reordered), (0, 2));
    }

    #[test]
    fn a_duplicate_counts_once() {
        let tally = feed(&mut Stream::default(), [1, 2, 2, 1, 3]);
        assert_eq!((tally.received, tally.duplicates, tally.lost()), (3, 2, 0));
    }

    #[test]
    fn what_was_dropped_before_it_was_numbered_is_missed() {
        let (mut stream, mut tally) = (Stream::default(), Tally::default());
        assert!(stream.handle_stamp(SeqNo(100), &stamp(40, 0), &mut tally));
        assert!(!stream.handle_stamp(SeqNo(116), &stamp(56, 0), &mut tally));
        assert_eq!(tally.lost(), 0);
        stream.handle_stamp(SeqNo(132), &stamp(75, 0), &mut tally);
        assert_eq!(tally.skipped, 3);
    }

    #[test]
    fn another_encoding_counts_anew() {
        let (mut stream, mut tally) = (Stream::default(), Tally::default());
        stream.handle_stamp(SeqNo(100), &stamp(40, 0), &mut tally);
        assert!(stream.handle_stamp(SeqNo(101), &stamp(900, 1), &mut tally));
        assert_eq!(tally.skipped, 0);
    }

    #[test]
    fn a_long_pause_is_a_freeze() {
        let (mut stream, mut tally) = (Stream::default(), Tally::default());
        for at in [1_000, 1_033, 1_240, 1_439] {
            stream.handle_frame(Duration::from_millis(at), &mut tally);
        }
        assert_eq!(
            (tally.freezes, tally.longest_pause),
            (1, Duration::from_millis(207))
        );
    }
}
