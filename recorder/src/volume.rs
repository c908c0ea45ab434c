//! Where the folders of all recordings are.
//!
//! Owns: what is asked of a whole file system. Never does: know a recording, or decide how much room is enough.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::fstatvfs;
use nix::sys::utsname::uname;
use nix::unistd::syncfs;

use crate::manifest::RecordingId;
use crate::storage::{Disk, Storage};

/// A folder of folders, all on one file system.
pub trait Volume {
    /// One of them.
    type Folder: Storage;

    /// Makes an empty folder; an error if there is one.
    fn create_folder(&mut self, name: &str) -> io::Result<Self::Folder>;
    /// All that was done in any of the folders so far, and what they and their files are called, outlives a crash. After
    /// an error that is known of nothing that was done since the last time: see [`Storage::sync`].
    fn sync_all(&mut self) -> io::Result<()>;
    /// How much can still be written, in bytes.
    fn free_bytes(&mut self) -> io::Result<u64>;
    /// How much the folders hold, in bytes. It looks at every file: not for every second.
    fn stored_bytes(&mut self) -> io::Result<u64>;
    /// Takes this much room, so that nothing else has it; what is taken already stays.
    fn reserve(&mut self, bytes: u64) -> io::Result<()>;
    /// Gives it back.
    fn release(&mut self) -> io::Result<()>;
}

/// A folder of a real file system, by `syncfs(2)`: that writes whatever others have not synced there either, and tells
/// their errors too. So recordings are best off on a file system of their own.
#[derive(Debug)]
pub struct FileSystem {
    folder: PathBuf,
    /// Opened once: `syncfs` tells an open file of the errors since it told it last.
    handle: File,
}

impl FileSystem {
    /// A folder that is there.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let system = uname()?;
        if !tells_errors(&system.release().to_string_lossy()) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "recordings need Linux 5.8: before that, syncfs did not say what failed",
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            handle: File::open(folder)?,
        })
    }
}

impl Volume for FileSystem {
    type Folder = Disk;

    fn create_folder(&mut self, name: &str) -> io::Result<Disk> {
        let path = self.folder.join(name);
        fs::create_dir(&path)?;
        Ok(Disk::of(&path))
    }

    fn sync_all(&mut self) -> io::Result<()> {
        Ok(syncfs(&self.handle)?)
    }

    fn free_bytes(&mut self) -> io::Result<u64> {
        let system = fstatvfs(&self.handle)?;
        // what is kept for root is not ours
        Ok(system.blocks_available() * system.fragment_size())
    }

    fn stored_bytes(&mut self) -> io::Result<u64> {
        let mut stored = 0;
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?;
            // a file system of its own has a lost+found, which is root's
            let is_recording = |name: &str| name.parse::<RecordingId>().is_ok();
            if !folder.file_name().to_str().is_some_and(is_recording) {
                continue;
            }
            match bytes_in(&folder.path()) {
                Ok(bytes) => stored += bytes,
                // somebody destroys it meanwhile
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stored)
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(RESERVE))?;
        file.set_len(bytes)?;
        if bytes > 0 {
            // blocks are taken, which a length alone does not do
            posix_fallocate(
                &file,
                0,
                bytes.try_into().map_err(|_| io::ErrorKind::FileTooLarge)?,
            )?;
        }
        Ok(())
    }

    fn release(&mut self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(RESERVE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            released => released,
        }
    }
}

fn bytes_in(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        match file?.metadata() {
            Ok(file) => bytes += file.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// syncfs(2): "In mainline kernel versions prior to Linux 5.8, syncfs() will fail only when passed a bad file
/// descriptor". A release reads "6.1.0-44-amd64".
fn tells_errors(release: &str) -> bool {
    let mut numbers = release.split(['.', '-']).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5u32, 8u32),
        _ => false,
    }
}

/// No recording: it is no folder.
const RESERVE: &str = "reserve";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::testing::Temporary;

    #[test]
    fn a_reserve_takes_blocks_and_gives_them_back() {
        let folder = Temporary::new();
        let mut system = FileSystem::of(folder.path()).unwrap();
        let bytes = 3 << 20;
        system.reserve(1 << 20).unwrap();
        system.reserve(bytes).unwrap();
        let kept = fs::metadata(folder.path().join(RESERVE)).unwrap();
        assert_eq!(kept.len(), bytes);
        assert!(kept.blocks() * 512 >= bytes, "{} blocks", kept.blocks());
        system.release().unwrap();
        system.release().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_stored_is_what_the_folders_hold_and_not_the_reserve() {
        let folder = Temporary::new();
        let mut system = FileSystem::of(folder.path()).unwrap();
        system.reserve(1 << 20).unwrap();
        assert_eq!(system.stored_bytes().unwrap(), 0);
        fs::create_dir(folder.path().join("lost+found")).unwrap();
        fs::write(folder.path().join("lost+found/a"), [1; 100]).unwrap();
        for (number, bytes) in [(1, 7), (2, 11)] {
            let name = RecordingId([number; 16]).to_string();
            let mut made = system.create_folder(&name).unwrap();
            made.create("a").unwrap();
            made.append("a", &vec![1; bytes]).unwrap();
            made.create("b").unwrap();
            made.append("b", &[1]).unwrap();
        }
        assert_eq!(system.stored_bytes().unwrap(), 20);
    }

    #[test]
    fn a_folder_is_made_once() {
        let folder = Temporary::new();
        let mut system = FileSystem::of(folder.path()).unwrap();
        system.create_folder("one").unwrap().create("a").unwrap();
        let error = system.create_folder("one").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        system.sync_all().unwrap();
        assert!(system.free_bytes().unwrap() > 0);
    }

    #[test]
    fn old_kernels_are_known_by_their_release() {
        for release in ["5.8.0", "5.10.0-8-amd64", "6.1.0-44-amd64", "10.0-rc1"] {
            assert!(tells_errors(release), "{release}");
        }
        for release in ["5.7.19", "4.18.0-553.el8", "", "new"] {
            assert!(!tells_errors(release), "{release}");
        }
    }
}
