//! What is done with recordings that nobody makes any more.
//!
//! Owns: bringing to an end what a crash left, and destroying what is over. Never does: touch one that is made.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rapport_recorder::{Disk, Expired, Recovered, expire, list, recover};
use tracing::{error, info, warn};

use super::unix_millis;

/// The clock of a machine that has just started may be another one than a moment later.
const CLOCK_SETTLES: Duration = Duration::from_secs(600);

/// What a clock may be corrected by without a word, in milliseconds.
const AHEAD_MILLIS: u64 = 600_000;

/// How often recordings are looked at whose time is over: days are what is agreed to.
const RETENTION: Duration = Duration::from_secs(3600);

/// How many a crash had left. One that can't be brought to an end is told, and does not keep the others from it.
pub(super) fn recover_all(folder: &Path) -> io::Result<u64> {
    let found = list(folder).map_err(io::Error::other)?;
    let mut recovered = 0;
    for summary in found {
        match recover(&mut Disk::of(&summary.folder)) {
            Ok(Recovered::Nothing) => {}
            Ok(Recovered::UpTo(micros)) => {
                recovered += 1;
                info!(recording = %summary.id, seconds = micros / 1_000_000, "brought to an end after a crash");
            }
            Err(error) => error!(recording = %summary.id, %error, "it can't be brought to an end"),
        }
    }
    Ok(recovered)
}

/// Destroys what is kept longer than everybody agreed to, some minutes after the start and then every hour.
pub(crate) async fn retain(folder: PathBuf) {
    let first = tokio::time::Instant::now() + CLOCK_SETTLES;
    let mut hours = tokio::time::interval_at(first, RETENTION);
    let mut clock = None;
    loop {
        hours.tick().await;
        let (now, wall) = (Instant::now(), unix_millis());
        let time = clock.get_or_insert(Clock { wall, at: now }).time(now, wall);
        if time + AHEAD_MILLIS < wall {
            warn!(
                "the clock was set forward since the start: recordings are destroyed by what it was before; if it is right now, start again"
            );
        }
        let looked = folder.clone();
        let looking = tokio::task::spawn_blocking(move || expire(&looked, time));
        match looking.await {
            Ok(Ok(expired)) => tell_expired(&expired),
            Ok(Err(error)) => error!(%error, "recordings can't be looked at"),
            // The server stops.
            Err(_) => return,
        }
    }
}

/// A clock that nobody sets forward: what it says is taken back by nothing, and a recording destroyed neither.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// In milliseconds since 1970, at that moment.
    wall: u64,
    at: Instant,
}

impl Clock {
    /// What the wall clock says, unless more time has passed by it than has passed.
    fn time(&self, now: Instant, wall: u64) -> u64 {
        let passed = now.saturating_duration_since(self.at).as_millis() as u64;
        wall.min(self.wall.saturating_add(passed))
    }
}

fn tell_expired(expired: &Expired) {
    for id in &expired.destroyed {
        info!(recording = %id, "its time is over, and the folder has nothing of it to open");
    }
    for (id, error) in &expired.failed {
        error!(recording = %id, %error, "its time is over, and it can't be destroyed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_forward_brings_nothing_to_its_end() {
        let (at, wall) = (Instant::now(), 1_795_816_800_000);
        let clock = Clock { wall, at };
        let later = |hours: u64| at + Duration::from_secs(hours * 3600);
        let millis = |hours: u64| wall + hours * 3_600_000;
        assert_eq!(clock.time(later(1), millis(1)), millis(1));
        assert_eq!(clock.time(later(2), millis(24 * 365)), millis(2), "a year ahead");
        assert_eq!(clock.time(later(3), millis(0)), millis(0), "set back");
    }
}
