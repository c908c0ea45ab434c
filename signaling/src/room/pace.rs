//! How often the same person may come into a room.
//!
//! Owns: a bucket an identity. Never does: read a clock.
//!
//! Each coming in, and each going that it replaces, is told to everybody and moves their places.

use std::collections::HashMap;
use std::time::Instant;

use crate::auth::Identity;

/// Comings at once: somebody who reloads a page that does not work, a few times over.
const BURST: f64 = 10.0;

/// Comings a second after that, on the average.
const RATE: f64 = 1.0;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace(HashMap<Identity, Bucket>);

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Pace {
    /// One coming; false when it is one too many, which costs nothing.
    pub(super) fn admits(&mut self, identity: &Identity, now: Instant) -> bool {
        // Whose bucket is full again is as good as new, so only who came in the last seconds is remembered.
        self.0.retain(|_, bucket| bucket.left(now) < BURST);
        let full = Bucket { left: BURST, at: now };
        let bucket = self.0.entry(identity.clone()).or_insert(full);
        let left = bucket.left(now) - 1.0;
        if left >= 0.0 {
            *bucket = Bucket { left, at: now };
        }
        left >= 0.0
    }
}

impl Bucket {
    fn left(&self, now: Instant) -> f64 {
        let filled = now.saturating_duration_since(self.at).as_secs_f64() * RATE;
        (self.left + filled).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ten_at_once_then_one_a_second_and_each_for_itself() {
        let mut pace = Pace::default();
        let [anna, ben] = ["anna", "ben"].map(|name| Identity::new(name).unwrap());
        let now = Instant::now();
        let mut admitted = |identity, now| (0..100).filter(|_| pace.admits(identity, now)).count();
        assert_eq!(admitted(&anna, now), 10);
        assert_eq!(admitted(&ben, now), 10);
        assert_eq!(admitted(&anna, now + Duration::from_secs(1)), 1);
        assert_eq!(admitted(&anna, now + Duration::from_secs(4)), 3);
        assert_eq!(admitted(&anna, now + Duration::from_secs(3600)), 10);
        assert_eq!(pace.0.len(), 1, "who has not come for long is forgotten");
    }
}
