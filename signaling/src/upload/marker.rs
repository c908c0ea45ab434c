//! Whether a folder in place of a bucket is the one that it was.
//!
//! Owns: the mark by which it is known. Never does: make copies.
//!
//! A disk that is not mounted leaves an empty folder where it was. What is copied there is hidden when it comes back, and
//! what is erased there is not erased. So a random number is kept in the folder and beside the recordings, and nothing is
//! done while the two differ.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rapport_recorder::Sum;
use ring::rand::{SecureRandom as _, SystemRandom};

/// See the module.
#[derive(Debug)]
pub(super) struct Marker {
    ours: PathBuf,
    theirs: PathBuf,
}

impl Marker {
    /// Of a folder that is there. The first time, it is marked.
    pub(super) fn open(recordings: &Path, bucket: &Path) -> io::Result<Self> {
        // of each folder that was ever one there is a mark
        let name = Sum::of(bucket.as_os_str().as_encoded_bytes()).sha256;
        let marker = Self {
            ours: recordings.join(format!("bucket-{}", &name[..16])),
            theirs: bucket.join(MARK),
        };
        if read(&marker.ours)?.is_none() {
            let theirs = read(&marker.theirs)?;
            let mark = theirs.map_or_else(random, Ok)?;
            write(&marker.theirs, &mark)?;
            write(&marker.ours, &mark)?;
        }
        Ok(marker)
    }

    /// An error where it is another one.
    pub(super) fn check(&self) -> io::Result<()> {
        match (read(&self.ours)?, read(&self.theirs)?) {
            (Some(ours), Some(theirs)) if ours == theirs => Ok(()),
            _ => Err(io::Error::other(
                "it is not the one that it was: is its disk mounted?",
            )),
        }
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(mark) => Ok(Some(mark)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, mark: &str) -> io::Result<()> {
    fs::write(path, mark)?;
    fs::File::open(path)?.sync_all()?;
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::File::open(folder)?.sync_all()
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| io::Error::other("no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

const MARK: &str = "rapport-recordings";

#[cfg(test)]
mod tests {
    use super::*;

    /// Of this test alone.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("rapport-marker-{}", random().unwrap()));
            fs::create_dir_all(path.join("recordings")).unwrap();
            fs::create_dir_all(path.join("bucket")).unwrap();
            Self(path)
        }

        fn open(&self) -> Marker {
            Marker::open(&self.0.join("recordings"), &self.0.join("bucket")).unwrap()
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_folder_without_its_disk_is_not_taken_for_it_and_is_again_when_it_comes_back() {
        let place = Temporary::new();
        let (bucket, away) = (place.0.join("bucket"), place.0.join("away"));
        place.open().check().unwrap();
        fs::rename(&bucket, &away).unwrap();
        fs::create_dir(&bucket).unwrap();
        // also of a server that starts meanwhile
        let marker = place.open();
        assert!(marker.check().unwrap_err().to_string().contains("mounted"));
        assert_eq!(fs::read_dir(&bucket).unwrap().count(), 0, "nothing is made there");
        fs::remove_dir(&bucket).unwrap();
        assert!(marker.check().is_err());
        fs::rename(&away, &bucket).unwrap();
        marker.check().unwrap();
    }

    #[test]
    fn a_folder_that_has_a_mark_is_taken_as_it_is() {
        let place = Temporary::new();
        place.open();
        let mark = fs::read(place.0.join("bucket").join(MARK)).unwrap();
        fs::remove_dir_all(place.0.join("recordings")).unwrap();
        fs::create_dir(place.0.join("recordings")).unwrap();
        place.open().check().unwrap();
        assert_eq!(fs::read(place.0.join("bucket").join(MARK)).unwrap(), mark);
    }
}
