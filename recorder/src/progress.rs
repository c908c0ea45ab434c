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
    /// Files with media, by the names of complete ones, and up to where each will not change.
    pub captures: Vec<(String, u64)>,
    /// Those beside them, once it has ended.
    pub small: Vec<(String, u64)>,
    /// Nothing follows.
    pub is_ended: bool,
    /// Its keys were destroyed.
    pub is_shredded: bool,
    /// Files with media are in the folder.
    pub has_media: bool,
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
    let has_media = captures.iter().any(|(number, _)| {
        let name = name_of(&mut disk, *number);
        disk.length(&name).is_ok()
    });
    Ok(Progress {
        captures: captures
            .into_iter()
            .map(|(number, length)| (capture_name(number), length))
            .collect(),
        small: if is_ended { small(&mut disk) } else { Vec::new() },
        is_ended,
        is_shredded: is_shredded(&mut disk),
        has_media,
    })
}

/// The keys come last: an object without them opens nothing.
fn small(disk: &mut Disk) -> Vec<(String, u64)> {
    let files = [MANIFEST, JOURNAL, CONSENTS, KEYS];
    files
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), disk.length(name).ok()?)))
        .collect()
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
