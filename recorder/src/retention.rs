//! Recordings whose time is over.
//!
//! Owns: which are to be destroyed, and doing it. Never does: destroy what somebody holds, or what is not complete.
//!
//! A recording is kept as long as everybody agreed to. Then its keys are destroyed first ([`shred`](crate::shred)), so that
//! nothing of it can be opened whatever happens next, and then what was sealed with them. Consents and the receipt stay:
//! they say that there was a recording, and that it is gone.

use std::fs;
use std::io;
use std::path::Path;

use crate::folder::{HOLD, Summary, list};
use crate::manifest::RecordingId;
use crate::shred::{ShredError, shred};

/// What a look at all recordings came to.
#[derive(Debug, Default)]
pub struct Expired {
    /// Destroyed now.
    pub destroyed: Vec<RecordingId>,
    /// Over, and held.
    pub held: usize,
    /// Over, and could not be destroyed; the next look tries again.
    pub failed: Vec<(RecordingId, ShredError)>,
}

/// Destroys the recordings in a folder whose time is over at this one, in milliseconds since 1970.
pub fn expire(folder: &Path, now: u64) -> io::Result<Expired> {
    let mut expired = Expired::default();
    let over = |one: &Summary| one.is_ended && one.expires.is_some_and(|at| at.saturating_mul(1000) <= now);
    for one in list(folder)?.into_iter().filter(over) {
        if one.is_held {
            expired.held += 1;
            continue;
        }
        let is_news = !one.is_shredded || !one.files.is_empty();
        match destroy(&one, now) {
            Ok(()) if is_news => expired.destroyed.push(one.id),
            Ok(()) => {}
            Err(error) => expired.failed.push((one.id, error)),
        }
    }
    Ok(expired)
}

/// Keeps a recording beyond its time, or does not any more.
pub fn hold(folder: &Path, held: bool) -> io::Result<()> {
    let path = folder.join(HOLD);
    if held {
        fs::write(path, [])?;
    } else if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    fs::File::open(folder)?.sync_all()
}

fn destroy(one: &Summary, now: u64) -> Result<(), ShredError> {
    match shred(&one.folder, now) {
        Ok(_) | Err(ShredError::Before(_)) => {}
        Err(error) => return Err(error),
    }
    for file in &one.files {
        let removed = fs::remove_file(one.folder.join(file));
        removed.map_err(crate::folder::FolderError::io(file))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beside::Beside;
    use crate::manifest::Manifest;
    use crate::recording::Recording;
    use crate::storage::Disk;
    use crate::testing::{Temporary, manifest, second};

    const NOW: u64 = 2_000_000_000_000;

    /// A recording that is over at a time in seconds since 1970.
    fn record(folder: &Path, number: u8, expires: Option<u64>, ends: bool) -> RecordingId {
        let id = RecordingId([number; 16]);
        let path = folder.join(id.to_string());
        fs::create_dir(&path).unwrap();
        let manifest = Manifest {
            id,
            expires,
            ..manifest()
        };
        let mut recording = Recording::begin(Disk::of(&path), manifest).unwrap();
        recording.handle_beside(Beside::Keys, "{}");
        second(0)
            .into_iter()
            .for_each(|frame| recording.handle_frame(frame));
        recording.commit().unwrap();
        if ends {
            recording.end().unwrap();
        }
        id
    }

    fn files(folder: &Path, id: RecordingId) -> Vec<String> {
        let entries = fs::read_dir(folder.join(id.to_string())).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_over_is_destroyed_and_nothing_else_is() {
        let folder = Temporary::new();
        let folder = folder.path();
        let over = record(folder, 1, Some(NOW / 1000), true);
        let kept = [
            record(folder, 2, Some(NOW / 1000 + 1), true),
            record(folder, 3, None, true),
            record(folder, 4, Some(1), false),
        ];
        let before = kept.map(|id| files(folder, id));
        let expired = expire(folder, NOW).unwrap();
        assert_eq!(expired.destroyed, [over]);
        assert!(expired.failed.is_empty());
        assert_eq!(
            files(folder, over),
            ["journal.log", "manifest.json", "shredded.json"]
        );
        assert_eq!(kept.map(|id| files(folder, id)), before);
        assert!(expire(folder, NOW).unwrap().destroyed.is_empty(), "once");
    }

    #[test]
    fn what_is_held_stays_until_it_is_not_any_more() {
        let folder = Temporary::new();
        let folder = folder.path();
        let id = record(folder, 1, Some(1), true);
        let path = folder.join(id.to_string());
        hold(&path, true).unwrap();
        let expired = expire(folder, NOW).unwrap();
        assert_eq!((expired.held, expired.destroyed.len()), (1, 0));
        hold(&path, false).unwrap();
        hold(&path, false).unwrap();
        assert_eq!(expire(folder, NOW).unwrap().destroyed, [id]);
    }

    #[test]
    fn what_was_left_half_done_is_brought_to_its_end() {
        let folder = Temporary::new();
        let folder = folder.path();
        let id = record(folder, 1, Some(1), true);
        shred(&folder.join(id.to_string()), 5).unwrap();
        assert!(files(folder, id).contains(&"capture-000.mkv".to_owned()));
        assert_eq!(expire(folder, NOW).unwrap().destroyed, [id]);
        assert!(!files(folder, id).contains(&"capture-000.mkv".to_owned()));
    }
}
