//! When which client wants to be called.
//!
//! Owns: the order. Never does: read a clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// At most one time a client counts: the last that was set.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// What counts; entries of the heap that say otherwise are stale.
    set: Vec<Option<Instant>>,
}

impl Timers {
    pub(crate) fn set(&mut self, client: usize, at: Instant) {
        if self.set.len() <= client {
            self.set.resize(client + 1, None);
        }
        if self.set[client] != Some(at) {
            self.set[client] = Some(at);
            self.heap.push(Reverse((at, client)));
        }
    }

    pub(crate) fn unset(&mut self, client: usize) {
        if let Some(set) = self.set.get_mut(client) {
            *set = None;
        }
    }

    /// Not later than the next time that counts.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// A client whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        loop {
            let &Reverse((at, client)) = self.heap.peek()?;
            if at > now {
                return None;
            }
            self.heap.pop();
            let set = self.set.get_mut(client)?;
            if *set == Some(at) {
                *set = None;
                return Some(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_last_time_that_was_set_counts() {
        let now = Instant::now();
        let later = |ms| now + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.set(0, later(10));
        timers.set(1, later(20));
        timers.set(0, later(30));
        assert_eq!(timers.pop_due(later(15)), None);
        assert_eq!(timers.pop_due(later(25)), Some(1));
        timers.set(1, later(40));
        timers.unset(1);
        assert_eq!(timers.pop_due(later(50)), Some(0));
        assert_eq!(timers.pop_due(later(50)), None);
    }
}
