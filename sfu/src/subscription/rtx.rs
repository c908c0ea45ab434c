//! Sending again what a subscriber missed.
//!
//! Owns: the retransmission stream's numbers, the sealed bytes of streams without one, and the budget
//! that keeps NACKs from being an amplifier. Never does: seal a number twice.

use std::time::{Duration, Instant};

use crate::drop::Drop;
use crate::publication::ring::{CacheLimit, PacketRing};

/// What one subscription needs to answer NACKs.
#[derive(Debug)]
pub(crate) struct Retransmitter {
    next_index: u64,
    sealed: PacketRing<()>,
    budget: Budget,
    rtt: Option<Duration>,
}

impl Retransmitter {
    /// `first` numbers the first packet of the retransmission stream.
    pub(crate) fn new(first: u16) -> Self {
        Self {
            // RFC 3711 §3.3.1, as for the first packet of the stream itself.
            next_index: u64::from(first & 0x7fff),
            sealed: PacketRing::new(SEALED, SEALED_PACKETS),
            budget: Budget::default(),
            rtt: None,
        }
    }

    /// The index of the next retransmission packet (RFC 4588).
    pub(crate) fn next_index(&mut self) -> u64 {
        let index = self.next_index;
        self.next_index += 1;
        index
    }

    /// A packet went out for the first time.
    pub(crate) fn earn(&mut self, bytes: usize) {
        self.budget.earn(bytes);
    }

    /// Pays for a retransmission.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), Drop> {
        self.budget.spend(bytes)
    }

    /// Keeps a sealed packet of a stream without retransmission stream.
    pub(crate) fn keep(&mut self, now: Instant, index: u64, sealed: &[u8]) {
        self.sealed.push(now, index, (), [sealed, &[]]);
    }

    /// The identical bytes of a packet that was sealed before.
    pub(crate) fn sealed(&self, now: Instant, index: u64) -> Option<&[u8]> {
        self.sealed.get(now, index).map(|kept| kept.bytes)
    }

    /// The round trip, from the subscriber's reports.
    pub(crate) fn set_rtt(&mut self, rtt: Duration) {
        self.rtt = Some(rtt);
    }

    /// How long one number stays answered. Half a round trip: measured from the other end, a repeat is
    /// due after a whole one, and the measure may be late.
    pub(crate) fn pace(&self) -> Duration {
        self.rtt.map_or(MIN_PACE, |rtt| (rtt / 2).max(MIN_PACE))
    }
}

/// What may be sent again, in bytes.
#[derive(Debug)]
struct Budget {
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: BURST }
    }
}

impl Budget {
    fn earn(&mut self, sent: usize) {
        self.bytes = (self.bytes + sent / SHARE).min(BURST);
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Drop> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Drop::NackThrottled)?;
        Ok(())
    }
}

/// Audio is concealed after half a second; 64 KiB is that at 1 Mbit/s.
const SEALED: CacheLimit = CacheLimit {
    span: Duration::from_millis(500),
    bytes: 64 << 10,
};

/// Half a second of Opus in packets of 5 ms.
const SEALED_PACKETS: usize = 128;

/// One byte in two may be sent again: enough for a path that loses a third, and no more than half as
/// much again can be drawn out of us by asking.
const SHARE: usize = 2;

/// A key frame of 1080p, which is what is asked for in one go after an outage.
pub(crate) const BURST: usize = 128 << 10;

/// As [`crate::publication::nack`] paces us: a repeat sooner than one frame at 50 frames/s is noise.
const MIN_PACE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_draws_no_more_than_half_of_what_was_sent_beyond_the_burst() {
        let mut retransmitter = Retransmitter::new(0);
        let mut drawn = 0;
        let mut sent = 0;
        for _ in 0..1000 {
            retransmitter.earn(1200);
            sent += 1200;
            while retransmitter.spend(1200).is_ok() {
                drawn += 1200;
            }
        }
        assert_eq!(retransmitter.spend(1200), Err(Drop::NackThrottled));
        assert!(drawn > sent / SHARE && drawn <= BURST + sent / SHARE, "{drawn}");
    }

    #[test]
    fn a_quiet_subscriber_saves_up_no_more_than_a_burst() {
        let mut retransmitter = Retransmitter::new(0);
        (0..1000).for_each(|_| retransmitter.earn(1200));
        let drawn = std::iter::repeat_with(|| retransmitter.spend(1024))
            .take_while(Result::is_ok)
            .count();
        assert_eq!(drawn * 1024, BURST);
    }

    #[test]
    fn the_pace_follows_the_round_trip() {
        let mut retransmitter = Retransmitter::new(0);
        assert_eq!(retransmitter.pace(), MIN_PACE);
        retransmitter.set_rtt(Duration::from_millis(300));
        assert_eq!(retransmitter.pace(), Duration::from_millis(150));
        retransmitter.set_rtt(Duration::from_millis(3));
        assert_eq!(retransmitter.pace(), MIN_PACE);
    }
}
