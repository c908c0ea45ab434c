//! The keys of a recording, destroyed: what is left of it nobody can open.
//!
//! Owns: the order in which that is done, and the receipt. Never does: reach a copy, or know what a disk keeps of bytes
//! that were overwritten.
//!
//! First the receipt under another name, then the keys, then its name. So a receipt never says what is not so, and after
//! a crash at any point it can be done again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::folder::{FolderError, HOLD, KEYS, read_journal, read_manifest};
use crate::journal::Record;
use crate::manifest::RecordingId;
use crate::recovery::spans;
use crate::storage::{Disk, Storage, read_all};

/// What is left instead of the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shredded {
    /// Of which.
    pub recording: RecordingId,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The last link of the journal's chain, in hexadecimal: of what it was the keys.
    pub head: String,
    /// How many there were.
    pub capsules: usize,
}

/// Why keys are not destroyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShredError {
    /// It is no recording, or can't be written to.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its server may write more keys.
    #[error("it has not ended: it is being made, or its server crashed. `rapport recording recover` ends it")]
    NotEnded,
    /// Somebody said that it must not be.
    #[error("it is held: it must not be destroyed. `rapport recording hold --release` ends that")]
    Held,
    /// They were destroyed before.
    #[error("its keys were destroyed before")]
    Before(Shredded),
}

/// Destroys the keys of a recording in this folder, now being a time in milliseconds since 1970.
pub fn shred(folder: &Path, now: u64) -> Result<Shredded, ShredError> {
    let mut disk = Disk::of(folder);
    let manifest = read_manifest(&mut disk)?;
    if let Some(receipt) = read_receipt(&mut disk)? {
        return Err(ShredError::Before(receipt));
    }
    if folder.join(HOLD).exists() {
        return Err(ShredError::Held);
    }
    let journal = read_journal(&mut disk)?;
    if !journal
        .records
        .iter()
        .any(|record| matches!(record, Record::End(_)))
    {
        return Err(ShredError::NotEnded);
    }
    // of keys that are gone already, by a crash, it knows how many there were
    let receipt = match read_json(&mut disk, RECEIPT_PART) {
        Ok(Some(receipt)) => receipt,
        _ => {
            let last = spans(&journal).last().map(|(_, durable)| durable.chain);
            let head = last.unwrap_or_else(|| Chain::begin(manifest.id, 0));
            let receipt = Shredded {
                recording: manifest.id,
                at: now,
                head: head.0.map(|byte| format!("{byte:02x}")).concat(),
                capsules: count(&mut disk)?,
            };
            write_part(folder, &receipt).map_err(FolderError::io(RECEIPT_PART))?;
            receipt
        }
    };
    destroy(folder).map_err(FolderError::io(KEYS))?;
    let named = fs::rename(folder.join(RECEIPT_PART), folder.join(RECEIPT));
    named
        .and_then(|()| sync_folder(folder))
        .map_err(FolderError::io(RECEIPT))?;
    Ok(receipt)
}

/// The receipt, if the keys of a recording were destroyed.
pub(crate) fn read_receipt(storage: &mut impl Storage) -> Result<Option<Shredded>, FolderError> {
    read_json(storage, RECEIPT)
}

/// Whether there is one.
pub(crate) fn is_shredded(storage: &mut impl Storage) -> bool {
    storage.length(RECEIPT).is_ok()
}

fn read_json(storage: &mut impl Storage, name: &str) -> Result<Option<Shredded>, FolderError> {
    match read_all(storage, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FolderError::io(name)(error)),
        Ok(bytes) => {
            let receipt = serde_json::from_slice(&bytes).map_err(io::Error::from);
            receipt.map(Some).map_err(FolderError::io(name))
        }
    }
}

/// Lines, whatever they are: what is damaged is destroyed, too.
fn count(disk: &mut Disk) -> Result<usize, FolderError> {
    let bytes = match read_all(disk, KEYS) {
        // it ended before anybody had given one
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        read => read.map_err(FolderError::io(KEYS))?,
    };
    Ok(bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count())
}

fn write_part(folder: &Path, receipt: &Shredded) -> io::Result<()> {
    let mut file = File::create(folder.join(RECEIPT_PART))?;
    file.write_all(&serde_json::to_vec_pretty(receipt)?)?;
    file.sync_all()?;
    sync_folder(folder)
}

/// Overwritten, cut, and taken away.
fn destroy(folder: &Path) -> io::Result<()> {
    let path = folder.join(KEYS);
    let mut file = match OpenOptions::new().write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    overwrite(&mut file)?;
    file.set_len(0)?;
    file.sync_all()?;
    fs::remove_file(&path)?;
    sync_folder(folder)
}

/// By zeros, since a file system may give the blocks of a file that is gone to nobody for long.
fn overwrite(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), file)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

const RECEIPT: &str = "shredded.json";
/// Until the keys are gone.
const RECEIPT_PART: &str = "shredded.json.part";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Temporary;

    #[test]
    fn not_a_byte_stays_what_it_was() {
        let folder = Temporary::new();
        let path = folder.path().join(KEYS);
        fs::write(&path, [7; 10_000]).unwrap();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        overwrite(&mut file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), [0; 10_000]);
    }
}
