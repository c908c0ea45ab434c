//! When does whom something fall due?
//!
//! Owns: the earliest known deadline of each participant. Never does: know what falls due.
//!
//! A heap with lazy deletion: a deadline that moves earlier is pushed, one that moves later is left to fire
//! early, which costs one look at a participant that has nothing to do. So nothing is searched and, once
//! warm, nothing allocated.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::id::ParticipantId;

/// The deadlines of one shard.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, ParticipantId)>>,
    armed: FxHashMap<ParticipantId, Instant>,
}

impl Timers {
    /// Wakes for this participant no later than `deadline`.
    pub(crate) fn arm(&mut self, participant: ParticipantId, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        let earlier = self.armed.get(&participant).is_none_or(|&armed| deadline < armed);
        if earlier {
            self.armed.insert(participant, deadline);
            self.heap.push(Reverse((deadline, participant)));
        }
    }

    /// Forgets a participant that left.
    pub(crate) fn disarm(&mut self, participant: ParticipantId) {
        self.armed.remove(&participant);
    }

    /// The earliest deadline of all. May be early, is never late.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((deadline, _))| deadline)
    }

    /// Somebody whose deadline has come; he is disarmed by it.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<ParticipantId> {
        while let Some(&Reverse((deadline, participant))) = self.heap.peek() {
            if deadline > now {
                return None;
            }
            self.heap.pop();
            if self.armed.get(&participant) == Some(&deadline) {
                self.armed.remove(&participant);
                return Some(participant);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_is_due_comes_once_and_in_order() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.arm(ParticipantId(1), Some(now + 2 * SECOND));
        timers.arm(ParticipantId(2), Some(now + SECOND));
        assert_eq!(timers.next(), Some(now + SECOND));
        assert_eq!(timers.pop_due(now), None);
        assert_eq!(timers.pop_due(now + 3 * SECOND), Some(ParticipantId(2)));
        assert_eq!(timers.pop_due(now + 3 * SECOND), Some(ParticipantId(1)));
        assert_eq!(timers.pop_due(now + 3 * SECOND), None);
    }

    #[test]
    fn an_earlier_deadline_replaces_a_later_one() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.arm(ParticipantId(1), Some(now + 2 * SECOND));
        timers.arm(ParticipantId(1), Some(now + SECOND));
        assert_eq!(timers.pop_due(now + SECOND), Some(ParticipantId(1)));
        assert_eq!(timers.pop_due(now + 5 * SECOND), None);
    }

    #[test]
    fn who_left_is_not_woken() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.arm(ParticipantId(1), Some(now));
        timers.disarm(ParticipantId(1));
        assert_eq!(timers.pop_due(now), None);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn rearming_for_later_does_not_grow_the_heap() {
        let now = Instant::now();
        let mut timers = Timers::default();
        for turn in 0..1000 {
            timers.arm(ParticipantId(1), Some(now + turn * SECOND));
        }
        assert_eq!(timers.heap.len(), 1);
    }
}
