//! What buckets have of a recording, as far as that was proven: `upload.jsonl`.
//!
//! Owns: the form of its lines. Never does: ask a bucket.
//!
//! A line each, appended and made durable before anything counts:
//!
//! | line | says |
//! |---|---|
//! | `{"begun":{"bucket":"s3://…"}}` | objects may be there from here on, and what follows is of this bucket |
//! | `{"verified":{"name":"…","sha256":"…","length":…}}` | the object was read back, and is what the folder has |
//! | `{"erased":{"at":…}}` | none of its objects is there any more, as of these milliseconds since 1970 |
//!
//! A line that a crash tore says nothing, wherever it stands: at worst something is proven twice.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::folder::{FolderError, UPLOAD};
use crate::storage::{Disk, Storage, append_all, read_all};

/// What two copies of the same bytes have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// In hexadecimal.
    pub sha256: String,
    /// In bytes.
    pub length: u64,
}

impl Sum {
    /// Of these.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = digest(&SHA256, bytes);
        Self {
            sha256: digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            length: bytes.len() as u64,
        }
    }
}

/// What is appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoteLine {
    /// Objects may be there from here on.
    Begun {
        /// Where: what follows is of it.
        bucket: String,
    },
    /// The object was read back, and is what the folder has.
    Verified {
        /// Behind the name of the recording.
        name: String,
        /// Of it.
        #[serde(flatten)]
        sum: Sum,
    },
    /// None of its objects is there any more.
    Erased {
        /// When, in milliseconds since 1970.
        at: u64,
    },
}

/// What one bucket has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// By its name behind that of the recording.
    pub verified: HashMap<String, Sum>,
    /// Nothing is there any more.
    pub is_erased: bool,
}

/// What every bucket has that a recording was ever copied to.
pub fn remotes(folder: &Path) -> Result<HashMap<String, Remote>, FolderError> {
    Ok(read(&mut Disk::of(folder))?.0)
}

/// What this bucket has; from here on it is known that something may be there. Nothing is begun where the keys were
/// destroyed.
pub fn begin_remote(folder: &Path, bucket: &str, is_shredded: bool) -> Result<Option<Remote>, FolderError> {
    let mut disk = Disk::of(folder);
    let (mut remotes, current) = read(&mut disk)?;
    if is_shredded && !remotes.contains_key(bucket) {
        return Ok(None);
    }
    if current.as_deref() != Some(bucket) {
        let begun = RemoteLine::Begun {
            bucket: bucket.to_owned(),
        };
        append(&mut disk, &begun)?;
    }
    Ok(Some(remotes.remove(bucket).unwrap_or_default()))
}

/// Appends a line; it is durable when this returns.
pub fn append_remote(folder: &Path, line: &RemoteLine) -> Result<(), FolderError> {
    append(&mut Disk::of(folder), line)
}

/// And the bucket that the next line is of.
fn read(storage: &mut impl Storage) -> Result<(HashMap<String, Remote>, Option<String>), FolderError> {
    let bytes = match read_all(storage, UPLOAD) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(FolderError::io(UPLOAD))?,
    };
    let mut remotes: HashMap<String, Remote> = HashMap::new();
    let mut current = None;
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| serde_json::from_slice(line).ok()) {
        if let RemoteLine::Begun { bucket } = line {
            // it may have been erased before, and is not any more
            remotes.entry(bucket.clone()).or_default().is_erased = false;
            current = Some(bucket);
        } else if let Some(remote) = current.as_ref().and_then(|bucket| remotes.get_mut(bucket)) {
            remote.handle(line);
        }
    }
    Ok((remotes, current))
}

impl Remote {
    fn handle(&mut self, line: RemoteLine) {
        match line {
            RemoteLine::Verified { name, sum } => {
                self.verified.insert(name, sum);
            }
            RemoteLine::Erased { .. } => {
                self.verified.clear();
                self.is_erased = true;
            }
            RemoteLine::Begun { .. } => {}
        }
    }
}

fn append(storage: &mut impl Storage, line: &RemoteLine) -> Result<(), FolderError> {
    let written = write(storage, line);
    written.map_err(FolderError::io(UPLOAD))
}

fn write(storage: &mut impl Storage, line: &RemoteLine) -> io::Result<()> {
    let length = match storage.length(UPLOAD) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            storage.create(UPLOAD)?;
            0
        }
        length => length?,
    };
    let mut last = [b'\n'];
    if length > 0 {
        storage.read_at(UPLOAD, length - 1, &mut last)?;
    }
    // behind a torn line it would be part of it
    let mut text = if last == [b'\n'] { Vec::new() } else { vec![b'\n'] };
    serde_json::to_writer(&mut text, line)?;
    text.push(b'\n');
    append_all(storage, UPLOAD, &text)?;
    storage.sync(UPLOAD)?;
    storage.sync_folder()
}

#[cfg(test)]
mod tests;
