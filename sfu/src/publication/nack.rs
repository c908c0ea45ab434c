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
    kind: MediaKind,
    give_up: Duration,
    rtt: Rtt,
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
    asked: Instant,
    tries: u8,
}

impl NackSchedule {
    /// Nothing is missing yet.
    pub fn new(kind: MediaKind) -> Self {
        Self {
            missing: VecDeque::new(),
            highest: None,
            kind,
            give_up: give_up(kind, false),
            rtt: Rtt::default(),
            next: None,
            due: Vec::with_capacity(MAX_PER_POLL),
        }
    }

    /// Tells the round trip, by which repeats are paced: to ask again before the answer can be here only
    /// brings it twice. Without this it is learnt from how long answers take.
    pub fn set_rtt(&mut self, rtt: Duration) {
        self.rtt.told = Some(rtt);
    }

    /// Whether somebody listens who has time: what is too late for ears is asked for all the same then.
    pub fn set_tapped(&mut self, is_tapped: bool) {
        self.give_up = give_up(self.kind, is_tapped);
    }

    /// A packet arrived: numbers between the highest so far and this one are missing.
    pub fn handle_packet(&mut self, now: Instant, sequence: SeqNo) {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return;
        };
        if sequence <= highest {
            self.remove(now, sequence);
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
            asked: now,
            tries: 0,
        });
    }

    fn remove(&mut self, now: Instant, sequence: SeqNo) {
        let found = self
            .missing
            .binary_search_by_key(&sequence, |missing| missing.sequence);
        if let Some(missing) = found.ok().and_then(|at| self.missing.remove(at))
            // RFC 6298 §3 (Karn): what was asked for twice does not tell which request it answers.
            && missing.tries == 1
        {
            self.rtt.learn(now.saturating_duration_since(missing.asked));
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
        let again = now + self.rtt.get().max(MIN_REPEAT);
        for missing in self.missing.iter_mut().filter(|missing| missing.ask_at <= now) {
            if self.due.len() == MAX_PER_POLL {
                break;
            }
            missing.tries += 1;
            missing.asked = now;
            missing.ask_at = again;
            self.due.push(missing.sequence);
        }
    }
}

/// How long an answer takes.
#[derive(Clone, Copy, Debug, Default)]
struct Rtt {
    told: Option<Duration>,
    learnt: Option<Duration>,
}

impl Rtt {
    fn get(self) -> Duration {
        self.told.or(self.learnt).unwrap_or(RTT_UNTIL_KNOWN)
    }

    /// RFC 6298 §2: SRTT ← 7/8 SRTT + 1/8 R, and the first measure as it is.
    fn learn(&mut self, sample: Duration) {
        let smooth = |rtt: Duration| (rtt * 7 + sample) / 8;
        self.learnt = Some(self.learnt.map_or(sample, smooth));
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
const RTT_UNTIL_KNOWN: Duration = Duration::from_millis(100);

/// The tenth copy was lost as well: the path is gone, not the packet.
const MAX_TRIES: u8 = 10;

const fn give_up(kind: MediaKind, is_tapped: bool) -> Duration {
    match kind {
        MediaKind::Audio if is_tapped => GIVE_UP_TAPPED,
        MediaKind::Audio => GIVE_UP_AUDIO,
        MediaKind::Video => GIVE_UP_VIDEO,
    }
}

/// What the recorder waits for a packet, and what browsers keep sound for is longer.
const GIVE_UP_TAPPED: Duration = Duration::from_secs(1);

/// What video jitter buffers wait for at the utmost before they ask for a key frame instead.
const GIVE_UP_VIDEO: Duration = Duration::from_secs(1);

/// Concealed long before: mouth-to-ear delay should stay below 400 ms (ITU-T G.114).
const GIVE_UP_AUDIO: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
