//! When a key frame of a picture is wanted.
//!
//! Owns: the rhythm of wishes. Never does: ask a publisher; the SFU does, once for all who wish.

use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Keyframes {
    last: Option<Instant>,
    wished: Option<Instant>,
    /// Nothing can be written without one.
    needed: Option<Instant>,
}

impl Keyframes {
    /// One came.
    pub(super) const fn handle_keyframe(&mut self, arrived: Instant) {
        self.last = Some(arrived);
    }

    /// Whether nothing can be written without one.
    pub(super) fn set_needed(&mut self, now: Instant, is_needed: bool) {
        self.needed = is_needed.then(|| self.needed.unwrap_or(now));
    }

    /// One is needed for so long that the encoding is not worth it.
    pub(super) fn is_hopeless(&self, now: Instant) -> bool {
        self.needed.is_some_and(|since| since + HOPE <= now)
    }

    /// True once for each wish.
    pub(super) fn poll_wish(&mut self, now: Instant) -> bool {
        let is_due = self.poll_timeout().is_some_and(|due| due <= now);
        if is_due {
            self.wished = Some(now);
        }
        is_due
    }

    /// When the next wish is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let due = self.needed.or_else(|| Some(self.last? + RHYTHM))?;
        Some(self.wished.map_or(due, |wished| due.max(wished + LEAST_BETWEEN)))
    }
}

/// A cluster is five seconds at most, and half a second is enough for a key frame to be asked for, made and sent.
const RHYTHM: Duration = Duration::from_millis(4500);
/// Each costs the publisher ten ordinary frames; more would make a bad path worse.
const LEAST_BETWEEN: Duration = Duration::from_secs(1);
/// Two wishes that nobody heard.
const HOPE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_wished_for_at_once_then_each_second_and_then_in_rhythm() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let mut keyframes = Keyframes::default();
        assert_eq!(keyframes.poll_timeout(), None);
        keyframes.set_needed(at(0), true);
        assert!(keyframes.poll_wish(at(0)));
        keyframes.set_needed(at(999), true);
        assert!(!keyframes.poll_wish(at(999)));
        assert!(keyframes.poll_wish(at(1000)));
        assert!(!keyframes.is_hopeless(at(1999)) && keyframes.is_hopeless(at(2000)));
        keyframes.handle_keyframe(at(1200));
        keyframes.set_needed(at(1200), false);
        assert!(!keyframes.poll_wish(at(5699)));
        assert_eq!(keyframes.poll_timeout(), Some(at(5700)));
        assert!(keyframes.poll_wish(at(5700)));
        keyframes.set_needed(at(6000), true);
        assert!(!keyframes.poll_wish(at(6699)) && keyframes.poll_wish(at(6700)));
    }
}
