//! Which packets to ask the publisher for again, and when.
//!
//! Owns: the numbers that are missing from one encoding, and the pace of asking. Never does: write RTCP
//! or keep packets.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::codec::MediaKind;
use crate::rtp::sequence::SeqNo;

/// The missing packets of one encoding, in ascending order.
#[derive(Debug)]
pub struct NackSchedule {
    missing: VecDeque<Missing>,
    highest: Option<SeqNo>,
    give_up: Duration,
    rtt: Duration,
    /// Nothing is due before this; may be early, never late.
    next: Option<Instant>,
    /// What the last poll returned; kept so that asking allocates nothing.
    due: Vec<SeqNo>,
}

#[derive(Debug)]
struct Missing {
    sequence: SeqNo,
    noticed: Instant,
    ask_at: Instant,
    tries: u8,
}

impl NackSchedule {
    /// Nothing is missing yet.
    pub fn new(kind: MediaKind) -> Self {
        Self {
            missing: VecDeque::new(),
            highest: None,
            give_up: match kind {
                MediaKind::Audio => GIVE_UP_AUDIO,
                MediaKind::Video => GIVE_UP_VIDEO,
            },
            rtt: RTT_UNTIL_MEASURED,
            next: None,
            due: Vec::with_capacity(MAX_PER_POLL),
        }
    }

    /// Paces repeats: to ask again before the answer can be here only brings it twice.
    pub fn set_rtt(&mut self, rtt: Duration) {
        self.rtt = rtt;
    }

    /// The source counts anew: what was missing stays missing, the pace stays known.
    pub(crate) fn restart(&mut self) {
        self.missing.clear();
        self.highest = None;
        self.next = None;
    }

    /// A packet arrived: numbers between the highest so far and this one are missing.
    pub fn handle_packet(&mut self, now: Instant, sequence: SeqNo) {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return;
        };
        if sequence <= highest {
            self.remove(sequence);
            return;
        }
        self.highest = Some(sequence);
        if sequence.0 - highest.0 > MAX_MISSING as u64 {
            self.missing.clear();
            return;
        }
        (highest.0 + 1..sequence.0).for_each(|lost| self.insert(now, SeqNo(lost)));
    }

    /// The numbers to ask for now, ascending; at most as many as fit one packet, so poll until empty.
    pub fn poll_nack(&mut self, now: Instant) -> &[SeqNo] {
        self.due.clear();
        if self.next.is_some_and(|next| next <= now) {
            self.forget_hopeless(now);
            self.collect_due(now);
            self.next = self.missing.iter().map(|missing| missing.ask_at).min();
        }
        &self.due
    }

    /// When to poll again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// How many numbers are waited for.
    pub fn len(&self) -> usize {
        self.missing.len()
    }

    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    fn insert(&mut self, now: Instant, sequence: SeqNo) {
        if self.missing.len() == MAX_MISSING {
            self.missing.pop_front();
        }
        let ask_at = now + REORDERING_GRACE;
        self.next = Some(self.next.map_or(ask_at, |next| next.min(ask_at)));
        self.missing.push_back(Missing {
            sequence,
            noticed: now,
            ask_at,
            tries: 0,
        });
    }

    fn remove(&mut self, sequence: SeqNo) {
        if let Ok(at) = self
            .missing
            .binary_search_by_key(&sequence, |missing| missing.sequence)
        {
            self.missing.remove(at);
        }
        if self.missing.is_empty() {
            self.next = None;
        }
    }

    fn forget_hopeless(&mut self, now: Instant) {
        let give_up = self.give_up;
        self.missing.retain(|missing| {
            missing.tries < MAX_TRIES && now.saturating_duration_since(missing.noticed) < give_up
        });
    }

    fn collect_due(&mut self, now: Instant) {
        let again = now + self.rtt.max(MIN_REPEAT);
        for missing in self.missing.iter_mut().filter(|missing| missing.ask_at <= now) {
            if self.due.len() == MAX_PER_POLL {
                break;
            }
            missing.tries += 1;
            missing.ask_at = again;
            self.due.push(missing.sequence);
        }
    }
}

/// More than this at once is no loss to repair but an outage, or a sender that jumped: a key frame
/// mends it sooner. A second of 720p is some 250 packets.
const MAX_MISSING: usize = 512;

/// 64 numbers that lie far apart take 64 × 4 bytes (RFC 4585 §6.2.1): three encodings, their report
/// blocks and a PLI stay below one datagram.
const MAX_PER_POLL: usize = 64;

/// Wi-Fi and multi-queue network cards swap neighbours within a few milliseconds; asking sooner asks for
/// what is under way. Still short against any round trip over the Internet.
const REORDERING_GRACE: Duration = Duration::from_millis(8);

/// Below this a repeat is noise: one video frame at 50 frames/s.
const MIN_REPEAT: Duration = Duration::from_millis(20);

/// libwebrtc's default too, before the first report tells better.
const RTT_UNTIL_MEASURED: Duration = Duration::from_millis(100);

/// The tenth copy was lost as well: the path is gone, not the packet.
const MAX_TRIES: u8 = 10;

/// What video jitter buffers wait for at the utmost before they ask for a key frame instead.
const GIVE_UP_VIDEO: Duration = Duration::from_secs(1);

/// Concealed long before: mouth-to-ear delay should stay below 400 ms (ITU-T G.114).
const GIVE_UP_AUDIO: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn numbers(schedule: &mut NackSchedule, now: Instant) -> Vec<u64> {
        schedule
            .poll_nack(now)
            .iter()
            .map(|sequence| sequence.0)
            .collect()
    }

    #[test]
    fn a_gap_is_asked_for_after_a_short_grace_and_again_after_a_round_trip() {
        let start = Instant::now();
        let mut schedule = NackSchedule::new(MediaKind::Video);
        schedule.set_rtt(50 * MS);
        schedule.handle_packet(start, SeqNo(100));
        schedule.handle_packet(start, SeqNo(103));
        assert_eq!(schedule.poll_timeout(), Some(start + REORDERING_GRACE));
        assert!(numbers(&mut schedule, start + 7 * MS).is_empty());
        assert_eq!(numbers(&mut schedule, start + 8 * MS), [101, 102]);
        assert!(numbers(&mut schedule, start + 57 * MS).is_empty());
        schedule.handle_packet(start + 57 * MS, SeqNo(101));
        assert_eq!(numbers(&mut schedule, start + 58 * MS), [102]);
    }

    #[test]
    fn neighbours_that_swapped_are_not_asked_for() {
        let start = Instant::now();
        let mut schedule = NackSchedule::new(MediaKind::Audio);
        for sequence in [10, 12, 11, 13] {
            schedule.handle_packet(start, SeqNo(sequence));
        }
        assert!(schedule.is_empty());
        assert_eq!(schedule.poll_timeout(), None);
    }

    #[test]
    fn an_outage_is_not_asked_for_packet_by_packet() {
        let start = Instant::now();
        let mut schedule = NackSchedule::new(MediaKind::Video);
        schedule.handle_packet(start, SeqNo(0));
        schedule.handle_packet(start, SeqNo(10));
        schedule.handle_packet(start, SeqNo(10 + MAX_MISSING as u64 + 1));
        assert!(schedule.is_empty());
    }

    #[test]
    fn many_losses_are_asked_for_in_several_packets_at_once() {
        let start = Instant::now();
        let mut schedule = NackSchedule::new(MediaKind::Video);
        schedule.handle_packet(start, SeqNo(0));
        schedule.handle_packet(start, SeqNo(151));
        let now = start + REORDERING_GRACE;
        let mut asked = Vec::new();
        while schedule.poll_timeout().is_some_and(|at| at <= now) {
            asked.extend(numbers(&mut schedule, now));
        }
        assert_eq!(asked, (1..151).collect::<Vec<_>>());
    }

    #[test]
    fn a_packet_that_never_comes_is_given_up() {
        for (kind, patience) in [
            (MediaKind::Video, GIVE_UP_VIDEO),
            (MediaKind::Audio, GIVE_UP_AUDIO),
        ] {
            let start = Instant::now();
            let mut schedule = NackSchedule::new(kind);
            schedule.handle_packet(start, SeqNo(0));
            schedule.handle_packet(start, SeqNo(2));
            let mut last = start;
            while let Some(now) = schedule.poll_timeout() {
                if !schedule.poll_nack(now).is_empty() {
                    last = now;
                }
            }
            assert!(schedule.is_empty());
            assert!(last < start + patience);
        }
    }

    proptest! {
        /// Random loss, reordering and pauses: bounded, each number at most ten times, never twice within the
        /// pace, never one that is here, and ascending.
        #[test]
        fn asking_is_bounded(steps in prop::collection::vec((0u64..60, 0i64..700, 0u8..10), 1..300)) {
            let start = Instant::now();
            let mut now = start;
            let mut schedule = NackSchedule::new(MediaKind::Video);
            schedule.set_rtt(30 * MS);
            let mut sequence = 1_000u64;
            let mut here = std::collections::HashSet::new();
            let mut asked: HashMap<u64, Vec<Instant>> = HashMap::new();
            for (pause, step, kind) in steps {
                now += Duration::from_millis(pause);
                let step = match kind { 0 => step, 1..=2 => step % 20, _ => 1 };
                let this = if kind == 3 { sequence.saturating_sub(step as u64 + 5) } else { sequence += step as u64; sequence };
                here.insert(this);
                schedule.handle_packet(now, SeqNo(this));
                prop_assert!(schedule.len() <= MAX_MISSING);
                let due = numbers(&mut schedule, now);
                prop_assert!(due.is_sorted() && due.len() <= MAX_PER_POLL);
                for number in due {
                    prop_assert!(!here.contains(&number));
                    let times = asked.entry(number).or_default();
                    prop_assert!(times.last().is_none_or(|&last| now - last >= 30 * MS));
                    times.push(now);
                    prop_assert!(times.len() <= usize::from(MAX_TRIES));
                    prop_assert!(now - times[0] < GIVE_UP_VIDEO);
                }
            }
        }
    }
}
