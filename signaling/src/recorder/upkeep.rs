//! What is done with recordings that nobody makes any more.
//!
//! Owns: bringing to an end what a crash left, and destroying what is over. Never does: touch one that is made.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rapport_recorder::{Disk, Expired, Recovered, expire, list, recover};
use tracing::{error, info};

use super::unix_millis;

/// The clock of a machine that has just started may be another one than a moment later.
const CLOCK_SETTLES: Duration = Duration::from_secs(600);

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
    loop {
        hours.tick().await;
        let looked = folder.clone();
        let looking = tokio::task::spawn_blocking(move || expire(&looked, unix_millis()));
        match looking.await {
            Ok(Ok(expired)) => tell_expired(&expired),
            Ok(Err(error)) => error!(%error, "recordings can't be looked at"),
            // The server stops.
            Err(_) => return,
        }
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
