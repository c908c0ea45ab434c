//! What is counted of the disk.
//!
//! Owns: plain values for whoever shows them. Never does: know how they are shown.

use std::time::Duration;

/// Of a [`crate::Recorder`] since it was opened, but where it says "now".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// How many recordings there are now.
    pub recordings: usize,
    /// How often files and journals of all were written.
    pub commits: u64,
    /// How long each sync of the volume took; those that failed too.
    pub syncs: Durations,
    /// How much of the worst recording was not safe when the last commit began: what a loss of power would have cost
    /// then. It grows while commits fail, and with the time that each takes.
    pub lag: Duration,
    /// Appended to files and journals.
    pub bytes_written: u64,
    /// Files that failed, and went on as another.
    pub files_failed: u64,
    /// Journals that failed, and were written anew.
    pub journals_renewed: u64,
    /// Recordings that could not go on.
    pub recordings_lost: u64,
    /// How often a recording found no room.
    pub full: u64,
    /// Room is short now: sound alone is recorded.
    pub is_short: bool,
    /// How much can still be written, in bytes, as of the last commit.
    pub free_bytes: u64,
    /// What all recordings take, in bytes: as it was when one began, with what was written since.
    pub stored_bytes: u64,
    /// What they may take, where that is limited.
    pub quota_bytes: Option<u64>,
    /// How much more they may take, by the volume and by the quota.
    pub left_bytes: u64,
    /// That is so little that somebody should make room.
    pub is_low: bool,
    /// When the volume is full, if as much is written as now; none where nothing is known.
    pub seconds_left: Option<u64>,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// How often it was done.
    pub count: u64,
    /// All together.
    pub sum: Duration,
    /// The last time.
    pub last: Duration,
    /// How often it took no longer than each of [`Durations::BOUNDS`], those within the one before counted too.
    pub within: [u64; Self::BOUNDS.len()],
}

impl Durations {
    /// From a solid-state disk with a cache that outlives a loss of power, to a disk that others use as well, to the
    /// second that is allowed between commits, to what is a fault.
    pub const BOUNDS: [Duration; 8] = [
        Duration::from_millis(1),
        Duration::from_millis(3),
        Duration::from_millis(10),
        Duration::from_millis(30),
        Duration::from_millis(100),
        Duration::from_millis(300),
        Duration::from_millis(1000),
        Duration::from_millis(5000),
    ];

    pub(crate) fn add(&mut self, took: Duration) {
        self.count += 1;
        self.sum += took;
        self.last = took;
        for (within, bound) in self.within.iter_mut().zip(Self::BOUNDS) {
            *within += u64::from(took <= bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_what_is_within_it() {
        let mut durations = Durations::default();
        for millis in [1, 2, 10, 11, 9000] {
            durations.add(Duration::from_millis(millis));
        }
        assert_eq!(durations.count, 5);
        assert_eq!(durations.sum, Duration::from_millis(9024));
        assert_eq!(durations.last, Duration::from_secs(9));
        assert_eq!(durations.within, [1, 2, 3, 4, 4, 4, 4, 4]);
    }
}
