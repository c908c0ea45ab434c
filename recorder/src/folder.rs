//! The folder of a recording, and of all of them.
//!
//! Owns: the names of files. Never does: write one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::{End, Journal, Record};
use crate::manifest::{Manifest, RecordingId};
use crate::shred::is_shredded;
use crate::storage::{Disk, Storage, read_all};

pub(crate) const MANIFEST: &str = "manifest.json";
/// Hellos, the proposal, and consents, a line each.
pub(crate) const CONSENTS: &str = "consent.jsonl";

/// The file of capsules, a line each.
pub const KEYS: &str = "keys.jsonl";

/// What buckets have of it, a line each.
pub(crate) const UPLOAD: &str = "upload.jsonl";

/// While it is there, the recording is not destroyed.
pub(crate) const HOLD: &str = "hold";

pub(crate) const JOURNAL: &str = "journal.log";
/// The next one, until it is whole.
pub(crate) const JOURNAL_PART: &str = "journal.log.part";

/// A file that is being written, or was when the server crashed.
pub(crate) fn part_name(number: u16) -> String {
    format!("{}.part", capture_name(number))
}

/// A complete file.
pub(crate) fn capture_name(number: u16) -> String {
    format!("capture-{number:03}.mkv")
}

/// Why a folder is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It can't be read.
    #[error("{file}: {error}")]
    Io {
        /// Of the folder.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// There is none, or none of ours.
    #[error("manifest.json is not that of a recording: {0}")]
    Manifest(String),
}

impl FolderError {
    pub(crate) fn io(file: &str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |error| Self::Io { file, error }
    }
}

pub(crate) fn read_manifest(storage: &mut impl Storage) -> Result<Manifest, FolderError> {
    let bytes = read_all(storage, MANIFEST).map_err(FolderError::io(MANIFEST))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| FolderError::Manifest(error.to_string()))?;
    if manifest.version != Manifest::VERSION {
        return Err(FolderError::Manifest(format!(
            "version {} is not known here",
            manifest.version
        )));
    }
    Ok(manifest)
}

pub(crate) fn read_journal(storage: &mut impl Storage) -> Result<Journal, FolderError> {
    let bytes = read_all(storage, JOURNAL).map_err(FolderError::io(JOURNAL))?;
    Ok(Journal::read(&bytes))
}

/// One recording, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its folder.
    pub folder: PathBuf,
    /// Which.
    pub id: RecordingId,
    /// In milliseconds since 1970.
    pub begun: u64,
    /// How much of it is safe, in microseconds.
    pub safe_micros: u64,
    /// It came to an end: none means that it is being made, or that the server crashed and did not start since.
    pub is_ended: bool,
    /// It was brought to its end after a crash.
    pub is_recovered: bool,
    /// Its keys were destroyed: nothing opens it any more.
    pub is_shredded: bool,
    /// How many gaps it has.
    pub gaps: usize,
    /// In which room, as its server calls it.
    pub room: Option<String>,
    /// What it was agreed to be for.
    pub purpose: Option<String>,
    /// When it is to be destroyed, in seconds since 1970.
    pub expires: Option<u64>,
    /// It is kept beyond its time.
    pub is_held: bool,
    /// Those with media, in their order.
    pub files: Vec<String>,
}

/// The recordings in a folder, the oldest first; what is no recording is left out.
pub fn list(folder: &Path) -> io::Result<Vec<Summary>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        found.extend(path.is_dir().then(|| summary(&path)).flatten());
    }
    found.sort_by_key(|summary| (summary.begun, summary.id));
    Ok(found)
}

/// One of them; none where there is no recording.
pub fn summary(folder: &Path) -> Option<Summary> {
    let mut disk = Disk::of(folder);
    let manifest = read_manifest(&mut disk).ok()?;
    let journal = read_journal(&mut disk).ok()?;
    let durable = journal.records.iter().filter_map(|record| match record {
        Record::Durable(durable) => Some(durable.micros),
        _ => None,
    });
    let is = |end| journal.records.contains(&Record::End(end));
    Some(Summary {
        folder: folder.to_owned(),
        id: manifest.id,
        begun: manifest.begun,
        safe_micros: durable.max().unwrap_or(0),
        is_ended: is(End::Stopped) || is(End::Recovered),
        is_recovered: is(End::Recovered),
        is_shredded: is_shredded(&mut disk),
        gaps: journal
            .records
            .iter()
            .filter(|record| matches!(record, Record::Gap(_)))
            .count(),
        room: manifest.room,
        purpose: manifest.purpose,
        expires: manifest.expires,
        is_held: folder.join(HOLD).exists(),
        files: captures(folder),
    })
}

/// Complete ones, and none that is being written.
fn captures(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut captures: Vec<_> = names.filter(|name| is_capture(name)).collect();
    captures.sort();
    captures
}

/// Whether a file of this name belongs to a recording, once it is complete.
pub fn is_kept_file(name: &str) -> bool {
    [MANIFEST, JOURNAL, CONSENTS, KEYS].contains(&name) || is_capture(name)
}

fn is_capture(name: &str) -> bool {
    let number = name
        .strip_prefix("capture-")
        .and_then(|rest| rest.strip_suffix(".mkv"));
    number
        .and_then(|number| number.parse().ok())
        .is_some_and(|number| capture_name(number) == name)
}

#[cfg(test)]
mod tests {
    use super::is_kept_file;

    #[test]
    fn files_of_a_recording_are_known_by_their_names_and_no_others_are() {
        for name in [
            "manifest.json",
            "journal.log",
            "consent.jsonl",
            "keys.jsonl",
            "capture-000.mkv",
            "capture-065.mkv",
        ] {
            assert!(is_kept_file(name), "{name}");
        }
        for name in [
            "",
            "reserve",
            "../manifest.json",
            "capture-000.mkv.part",
            "capture-0.mkv",
            "capture-+00.mkv",
            "capture-../x.mkv",
            "capture-99999.mkv",
            "CAPTURE-000.mkv",
        ] {
            assert!(!is_kept_file(name), "{name}");
        }
    }
}
