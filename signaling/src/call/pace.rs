//! How fast a client may talk.
//!
//! Owns: the bucket. Never does: read a clock.

use std::time::Instant;

use super::reliable::WINDOW;

/// Messages a second, on the average. A client says a few a minute; what is lively on purpose (speaking, line)
/// it debounces to a few a second.
const RATE: f64 = 50.0;

/// Messages at once.
const BURST: f64 = 100.0;

/// A bucket that runs out with each message and fills with time.
#[derive(Debug)]
pub(crate) struct Pace {
    left: f64,
    at: Instant,
}

impl Pace {
    /// Of a new socket, on which all may be said again that was not acknowledged on the last one.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            left: BURST + WINDOW as f64,
            at: now,
        }
    }

    /// One message; false when it is one too many.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let filled = now.saturating_duration_since(self.at).as_secs_f64() * RATE;
        // What a new socket has above the burst is for its beginning and does not come again.
        self.left = (self.left + filled).min(self.left.max(BURST)) - 1.0;
        self.at = now;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many messages pass at one moment.
    fn admitted(pace: &mut Pace, now: Instant) -> usize {
        (0..10_000).take_while(|_| pace.admits(now)).count()
    }

    #[test]
    fn a_burst_passes_then_fifty_a_second() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(admitted(&mut pace, now), 100 + WINDOW);
        assert!(!pace.admits(now));
        let mut pace = Pace { left: 0.0, at: now };
        assert_eq!(admitted(&mut pace, now + Duration::from_secs(1)), 50);
        let mut pace = Pace { left: 0.0, at: now };
        assert_eq!(admitted(&mut pace, now + Duration::from_secs(3600)), 100);
    }
}
