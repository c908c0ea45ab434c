//! Where recordings are kept.
//!
//! Owns: what is asked of a disk. Never does: know a recording.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// One folder of files that are appended to. What is not synced may be lost by a crash, in any order.
pub trait Storage {
    /// Makes an empty file; an error if there is one.
    fn create(&mut self, name: &str) -> io::Result<()>;
    /// Appends some of the bytes, and says how many.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts a file.
    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()>;
    /// What was done with this file so far outlives a crash. After an error nothing is known of what was not synced
    /// before, and another try proves nothing: see `fsync(2)` and PostgreSQL's "fsyncgate".
    fn sync(&mut self, name: &str) -> io::Result<()>;
    /// Which files there are, and what they are called, outlives a crash.
    fn sync_folder(&mut self) -> io::Result<()>;
    /// Gives a file another name. What had that name is gone.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// How long a file is.
    fn length(&mut self, name: &str) -> io::Result<u64>;
    /// Reads up to the end of the buffer or of the file; how much.
    fn read_at(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl<S: Storage> Storage for &mut S {
    fn create(&mut self, name: &str) -> io::Result<()> {
        (**self).create(name)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        (**self).append(name, bytes)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        (**self).truncate(name, length)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        (**self).sync(name)
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        (**self).sync_folder()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        (**self).length(name)
    }

    fn read_at(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(name, offset, buffer)
    }
}

/// Appends all of the bytes.
pub(crate) fn append_all(storage: &mut impl Storage, name: &str, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = storage.append(name, bytes)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
    }
    Ok(())
}

/// The whole of a file that is known to be short.
pub(crate) fn read_all(storage: &mut impl Storage, name: &str) -> io::Result<Vec<u8>> {
    let length = usize::try_from(storage.length(name)?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        match storage.read_at(name, read as u64, &mut bytes[read..])? {
            0 => break,
            more => read += more,
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

/// A folder of a real file system.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    open: HashMap<String, File>,
}

impl Disk {
    /// A folder that is there.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            open: HashMap::new(),
        }
    }

    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        if !self.open.contains_key(name) {
            let path = self.folder.join(name);
            let file = OpenOptions::new().append(true).read(true).open(&path);
            // a copy on a medium that can't be written to is still to be read
            let file = file.or_else(|_| File::open(&path))?;
            self.open.insert(name.to_owned(), file);
        }
        Ok(self
            .open
            .get_mut(name)
            .unwrap_or_else(|| unreachable!("it was opened")))
    }
}

impl Storage for Disk {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .create_new(true)
            .open(path)?;
        self.open.insert(name.to_owned(), file);
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        self.file(name)?.write(bytes)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        self.file(name)?.set_len(length)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.file(name)?.sync_data()
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.open.remove(from);
        self.open.remove(to);
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.metadata()?.len())
    }

    fn read_at(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file(name)?.read_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Temporary;

    #[test]
    fn what_is_appended_after_a_rename_is_of_the_file_that_has_the_name_now() {
        let folder = Temporary::new();
        let mut disk = Disk::of(folder.path());
        for name in ["old", "new"] {
            disk.create(name).unwrap();
            append_all(&mut disk, name, name.as_bytes()).unwrap();
        }
        disk.rename("new", "old").unwrap();
        append_all(&mut disk, "old", b" and more").unwrap();
        assert_eq!(read_all(&mut disk, "old").unwrap(), b"new and more");
        assert!(disk.length("new").is_err());
    }
}
