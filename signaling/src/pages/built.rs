//! The files that a build of the pages has left.
//!
//! Owns: where they are. Never does: decide what is served; a file beside them is one of them.

use std::fs;
use std::io;
use std::path::Path;

use axum::body::Bytes;

/// Chosen by the build script.
pub(super) const BUILT: Built = include!(concat!(env!("OUT_DIR"), "/built.rs"));

/// In a release the files are part of the program. In development they are read once, at the start, so that
/// a new page needs no new compilation.
#[allow(dead_code, reason = "each profile has one of them")]
pub(super) enum Built {
    Embedded(&'static [(&'static str, &'static [u8])]),
    Folder(&'static str),
}

impl Built {
    /// Every file by its path below the folder of the pages; none where they were not built.
    pub(super) fn files(&self) -> Vec<(String, Bytes)> {
        match self {
            Self::Embedded(files) => {
                let files = files.iter();
                files
                    .map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes)))
                    .collect()
            }
            Self::Folder(path) => {
                let mut files = Vec::new();
                // What can't be read is not there: the page then says how to build it.
                let _ = read(Path::new(path), "", &mut files);
                files
            }
        }
    }
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, Bytes)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, fs::read(entry.path())?.into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(built: &Built) -> Vec<(String, Bytes)> {
        let mut files = built.files();
        files.sort();
        files
    }

    #[test]
    fn a_folder_and_a_program_hold_the_same_files() {
        let folder = std::env::temp_dir().join(format!("rapport-pages-{}", std::process::id()));
        fs::create_dir_all(folder.join("assets/deep")).unwrap();
        fs::write(folder.join("index.html"), "page").unwrap();
        fs::write(folder.join("assets/deep/main.js"), [0xff, 0]).unwrap();
        let path: &'static str = folder.to_str().unwrap().to_owned().leak();
        let read = sorted(&Built::Folder(path));
        fs::remove_dir_all(&folder).unwrap();
        let embedded = Built::Embedded(&[("assets/deep/main.js", &[0xff, 0]), ("index.html", b"page")]);
        assert_eq!(read, sorted(&embedded));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_holds_none() {
        assert!(Built::Folder("/nowhere/web/app/dist").files().is_empty());
    }
}
