//! How far a recording is that may be going on.
//!
//! Owns: what of its files will not change any more. Never does: write, or believe a journal that a loss of power could
//! take back.

use std::fs;
use std::io;
use std::path::Path;

use crate::folder::{CONSENTS, FolderError, JOURNAL, KEYS, MANIFEST, capture_name};
use crate::journal::{End, Journal, Record};
use crate::recovery::{name_of, spans};
use crate::shred::is_shredded;
use crate::storage::{Disk, Storage, read_all};

/// What is there of a recording, for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files with media that are in the folder, by the names of complete ones, and up to where each will not change.
    pub captures: Vec<(String, u64)>,
    /// Those beside them, once it has ended.
    pub small: Vec<(String, u64)>,
    /// Nothing follows.
    pub is_ended: bool,
    /// Its keys were destroyed.
    pub is_shredded: bool,
    /// Files with media that are not in the folder any more.
    pub absent: Vec<String>,
}

/// Looks at the folder of a recording.
pub fn progress(folder: &Path) -> Result<Progress, FolderError> {
    let mut disk = Disk::of(folder);
    let bytes = read_all(&mut disk, JOURNAL).map_err(FolderError::io(JOURNAL))?;
    // What was read may be on its way to the disk still: a crash would take it back, and other bytes could come there.
    disk.sync(JOURNAL).map_err(FolderError::io(JOURNAL))?;
    let journal = Journal::read(&bytes);
    let is = |end| journal.records.contains(&Record::End(end));
    let is_ended = is(End::Stopped) || is(End::Recovered);
    let mut captures: Vec<(u16, u64)> = Vec::new();
    for (file, durable) in spans(&journal) {
        match captures.iter_mut().find(|(number, _)| *number == file) {
            Some((_, length)) => *length = durable.to.max(*length),
            None => captures.push((file, durable.to)),
        }
    }
    let mut found = Progress {
        is_ended,
        is_shredded: is_shredded(&mut disk),
        ..Progress::default()
    };
    for (number, length) in captures {
        let name = name_of(&mut disk, number);
        match length_of(&mut disk, &name)? {
            Some(_) => found.captures.push((capture_name(number), length)),
            None => found.absent.push(capture_name(number)),
        }
    }
    if is_ended {
        for name in [MANIFEST, JOURNAL, CONSENTS, KEYS] {
            let length = length_of(&mut disk, name)?;
            found.small.extend(length.map(|length| (name.to_owned(), length)));
        }
    }
    Ok(found)
}

/// None: it is not there. What can't be looked at is an error: who takes it for nothing counts as copied what is not.
fn length_of(disk: &mut Disk, name: &str) -> Result<Option<u64>, FolderError> {
    match disk.length(name) {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FolderError::io(name)(error)),
    }
}

/// Whether the keys of a recording were destroyed.
pub fn is_destroyed(folder: &Path) -> bool {
    is_shredded(&mut Disk::of(folder))
}

/// So many bytes of a file of a recording, from this offset; of one with media by either of its names.
pub fn read_piece(folder: &Path, file: &str, from: u64, length: u64) -> Result<Vec<u8>, FolderError> {
    let mut disk = Disk::of(folder);
    let part = format!("{file}.part");
    let name = if disk.length(file).is_ok() { file } else { &part };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        let more = disk.read_at(name, from + read as u64, &mut bytes[read..]);
        match more.map_err(FolderError::io(name))? {
            0 => return Err(FolderError::io(name)(io::ErrorKind::UnexpectedEof.into())),
            more => read += more,
        }
    }
    Ok(bytes)
}

/// Takes the files with media away.
pub fn remove_media(folder: &Path, captures: &[String]) -> Result<(), FolderError> {
    for name in captures {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FolderError::io(name)(error));
            }
            _ => {}
        }
    }
    let mut disk = Disk::of(folder);
    disk.sync_folder().map_err(FolderError::io(MANIFEST))
}
