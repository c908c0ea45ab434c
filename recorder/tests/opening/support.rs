//! Folders, and what is read back of a file that was exported.

use std::fs::{self, File};
use std::io::{Cursor, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use matroska_demuxer::MatroskaFile;
use rapport_keys::RecipientKey;
use rapport_recorded::{Call, Clear, ROOT_SEED};
use rapport_recorder::{Disk, ExportError, Exported, Form, Opening, export};

/// A folder until the end of a test.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rapport-opening-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// With everything that a call leaves.
    pub(crate) fn of(call: &Call) -> (Self, Vec<Clear>) {
        let folder = Self::new();
        let clear = call.write(folder.path());
        (folder, clear)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn clinic() -> RecipientKey {
    RecipientKey::of_clinic(&ROOT_SEED)
}

pub(crate) fn export_to(
    folder: &Path,
    key: &RecipientKey,
    form: Form,
    out: impl Write + Seek,
) -> Result<Exported, ExportError> {
    let mut opening = Opening::begin(Disk::of(folder), key)?;
    export(&mut opening, form, out)
}

/// What the export of a folder says, and its file.
pub(crate) fn exported(folder: &Path, key: &RecipientKey) -> (Exported, Vec<u8>) {
    let mut out = Cursor::new(Vec::new());
    let exported = export_to(folder, key, Form::Webm, &mut out).unwrap();
    (exported, out.into_inner())
}

/// Why there is none.
pub(crate) fn refusal(folder: &Path) -> String {
    let mut out = Cursor::new(Vec::new());
    let error = export_to(folder, &clinic(), Form::Webm, &mut out).unwrap_err();
    assert!(out.into_inner().is_empty());
    error.to_string()
}

pub(crate) struct Read {
    pub(crate) file: MatroskaFile<Cursor<Vec<u8>>>,
    /// Track, milliseconds, whether it is a key frame, and bytes.
    pub(crate) frames: Vec<(u64, u64, bool, Vec<u8>)>,
}

/// By other people's code.
pub(crate) fn read(bytes: Vec<u8>) -> Read {
    let mut file = MatroskaFile::open(Cursor::new(bytes)).unwrap();
    let mut frames = Vec::new();
    let mut frame = matroska_demuxer::Frame::default();
    while file.next_frame(&mut frame).unwrap() {
        let data = std::mem::take(&mut frame.data);
        frames.push((frame.track, frame.timestamp, frame.is_keyframe.unwrap(), data));
    }
    Read { file, frames }
}

/// Changes a file.
pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    File::create(path).unwrap().write_all(&bytes).unwrap();
}

/// What stands side by side: identifier, content, and length with the head; every size known.
pub(crate) fn elements(mut bytes: &[u8]) -> Vec<(u32, &[u8], usize)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let id = bytes[0].leading_zeros() as usize + 1;
        let length = bytes[id].leading_zeros() as usize + 1;
        let size = number(&bytes[id..id + length]) & !(1 << (7 * length));
        let (begin, end) = (id + length, id + length + size as usize);
        found.push((number(&bytes[..id]) as u32, &bytes[begin..end], end));
        bytes = &bytes[end..];
    }
    found
}

pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
