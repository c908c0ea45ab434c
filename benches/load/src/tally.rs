//! What was counted in one span of time.
//!
//! Owns: the counters that streams and publishers add to. Never does: decide what is good.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Counters of one span, over all clients.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// How late, against the recording's time: the generator's own fault.
    pub(crate) lateness: Delays,
    /// Datagrams that the kernel did not take.
    pub(crate) send_failed: u64,
    /// Media packets received for the first time.
    pub(crate) received: u64,
    /// Bytes of these on the wire, without UDP's and IP's headers.
    pub(crate) received_bytes: u64,
    /// Numbers that went by; whoever counts what is missing subtracts what was received.
    pub(crate) passed: u64,
    /// Missing though the numbers have no gap: what the server dropped before it numbered.
    pub(crate) skipped: u64,
    pub(crate) duplicates: u64,
    pub(crate) reordered: u64,
    /// Retransmissions and packets of other payload types.
    pub(crate) other: u64,
    /// Packets that were opened.
    pub(crate) opened: u64,
    /// Packets that should have opened and did not, or held something else than what was sent.
    pub(crate) unreadable: u64,
    /// From the kernel's hand at one end to its hand at the other end.
    pub(crate) delays: Delays,
    /// Pauses between frames of [`FREEZE`] and longer.
    pub(crate) freezes: u64,
    pub(crate) longest_pause: Duration,
    /// Requests for key frames that publishers got.
    pub(crate) keyframe_requests: u64,
    /// Packets that publishers were asked for again.
    pub(crate) nacked: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            lateness: Delays::new(),
            send_failed: 0,
            received: 0,
            received_bytes: 0,
            passed: 0,
            skipped: 0,
            duplicates: 0,
            reordered: 0,
            other: 0,
            opened: 0,
            unreadable: 0,
            delays: Delays::new(),
            freezes: 0,
            longest_pause: Duration::ZERO,
            keyframe_requests: 0,
            nacked: 0,
        }
    }
}

impl Tally {
    /// Packets that should have come and did not.
    pub(crate) fn lost(&self) -> u64 {
        self.passed.saturating_sub(self.received) + self.skipped
    }
}

/// A distribution of times, in microseconds, to about one part in a hundred.
#[derive(Clone, Debug)]
pub(crate) struct Delays(Histogram<u64>);

impl Delays {
    fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 2);
        Self(histogram.expect("the bounds are constants, in order, and two digits are allowed"))
    }

    pub(crate) fn record(&mut self, delay: Duration) {
        self.0.saturating_record(delay.as_micros() as u64);
    }

    /// The delay that this share of all did not exceed; zero when there are none.
    pub(crate) fn at(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }

    pub(crate) fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }
}

/// Faces are read from about 200 ms on (Shen 2012): a pause of that length is seen.
pub(crate) const FREEZE: Duration = Duration::from_millis(200);

/// Longer than any span that is measured.
const LONGEST: Duration = Duration::from_secs(600);
