//! When to ask the publisher for a key frame.
//!
//! Owns: merging and pacing the requests for one encoding. Never does: remember who asked. A subscriber
//! that still waits asks again, so a request that nobody waits for any more dies by itself.

use std::time::{Duration, Instant};

/// The requests for one encoding, merged.
#[derive(Debug, Default)]
pub struct KeyframeRequests {
    /// Since when somebody waits.
    wanted: Option<Instant>,
    asked: Option<Instant>,
    /// RFC 5104 §4.3.1.1: counts commands, repeats of an unanswered one excepted.
    command: u8,
    /// The last command has not been answered by a key frame.
    outstanding: bool,
}

impl KeyframeRequests {
    /// Somebody needs a key frame.
    pub fn request(&mut self, now: Instant) {
        self.wanted.get_or_insert(now);
    }

    /// One begins: all who waited are served.
    pub fn handle_keyframe(&mut self) {
        self.wanted = None;
        self.outstanding = false;
    }

    /// Whether to ask the publisher now; the answer is the `seq_nr` that a FIR carries.
    pub fn poll(&mut self, now: Instant) -> Option<u8> {
        self.poll_timeout().filter(|&at| at <= now)?;
        self.wanted = None;
        self.asked = Some(now);
        // RFC 5104 §4.3.1.2: a repetition that is no new command uses the same sequence number.
        if !self.outstanding {
            self.command = self.command.wrapping_add(1);
        }
        self.outstanding = true;
        Some(self.command)
    }

    /// When to poll again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let wanted = self.wanted?;
        Some(self.asked.map_or(wanted, |asked| wanted.max(asked + PACE)))
    }
}

/// A key frame costs about as much as a second of video, so no crowd of joiners (and no hostile one)
/// gets more than two a second out of a publisher; and 500 ms is longer than a round trip plus a frame.
pub(crate) const PACE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn many_who_wait_make_one_request() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        assert_eq!(requests.poll(start), None);
        requests.request(start);
        requests.request(start);
        assert!(requests.poll(start).is_some());
        assert_eq!(requests.poll(start), None);
    }

    #[test]
    fn who_still_waits_is_heard_again_but_not_too_soon() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        requests.request(start);
        let first = requests.poll(start);
        requests.request(start);
        assert_eq!(requests.poll(start + 499 * MS), None);
        assert_eq!(requests.poll_timeout(), Some(start + PACE));
        let second = requests.poll(start + PACE);
        assert_eq!(first, second, "a repetition, not a new command");
    }

    #[test]
    fn a_key_frame_serves_all_who_waited() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        requests.request(start);
        let first = requests.poll(start);
        requests.request(start);
        requests.handle_keyframe();
        assert_eq!(requests.poll_timeout(), None);
        requests.request(start);
        assert_eq!(
            requests.poll(start + 10 * MS),
            None,
            "hostile askers get two a second at most"
        );
        let second = requests.poll(start + PACE);
        assert!(second.is_some() && second != first, "a new command");
    }
}
