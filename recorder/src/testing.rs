//! A disk that fails when it is told to, and forgets in a crash what was not synced.
//!
//! Owns: that disk, and a reader of what was recorded that knows nothing of the writer's state.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rapport_seal::Codec;

use crate::ebml::Element;
use crate::frame::Frame;
use crate::manifest::{Manifest, RecordingId, Track};
use crate::storage::Storage;
use crate::volume::Volume;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The power goes: this operation and all later ones do nothing.
    Crash,
    /// Half of what was to be written is, without an error.
    Short,
    /// Some of it is, and then there is no room, for this many operations.
    Full(u64),
    /// The disk fails, once.
    Failed,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    /// What programs see.
    now: Vec<u8>,
    /// What a crash leaves at least.
    durable: Vec<u8>,
    /// Its name outlives a crash.
    is_named: bool,
}

#[derive(Clone, Debug)]
struct Renamed {
    from: String,
    to: String,
    replaced: Option<Kept>,
}

/// A folder in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    files: BTreeMap<String, Kept>,
    /// Those whose folder was not synced.
    renamed: Vec<Renamed>,
    pub(crate) operations: u64,
    pub(crate) trouble: Option<(u64, Trouble)>,
    /// The power goes at this operation, whatever went wrong before.
    pub(crate) crash_at: Option<u64>,
    has_crashed: bool,
    /// Of the whole disk.
    pub(crate) syncs: u64,
    /// How many bytes there is room for, where that is limited.
    pub(crate) capacity: Option<u64>,
    reserved: u64,
}

impl Faulty {
    pub(crate) fn with(at: u64, trouble: Trouble) -> Self {
        Self {
            trouble: Some((at, trouble)),
            ..Self::default()
        }
    }

    pub(crate) fn of_size(bytes: u64) -> Self {
        Self {
            capacity: Some(bytes),
            ..Self::default()
        }
    }

    pub(crate) const fn has_crashed(&self) -> bool {
        self.has_crashed
    }

    /// What is there after the power came back: of what was not synced, some, and of that some sectors never written.
    pub(crate) fn after_crash(&self, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut files = self.files.clone();
        for Renamed { from, to, replaced } in self.renamed.iter().rev() {
            if random.random() {
                let kept = files.remove(to).unwrap();
                files.insert(from.clone(), kept);
                files.extend(replaced.clone().map(|kept| (to.clone(), kept)));
            } else if let (Some(kept), Some(replaced)) = (files.get_mut(to), replaced) {
                // one or the other is there
                kept.is_named |= replaced.is_named;
            }
        }
        files.retain(|_, kept| kept.is_named || random.random());
        for kept in files.values_mut() {
            kept.now = kept.torn(&mut random);
            kept.durable.clone_from(&kept.now);
            kept.is_named = true;
        }
        Self {
            files,
            ..Self::default()
        }
    }

    /// Changes a file behind everybody's back.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.files.get_mut(name).unwrap().now);
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        &self.files[name].now
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    pub(crate) const fn reserved(&self) -> u64 {
        self.reserved
    }

    fn free(&self) -> u64 {
        let used: usize = self.files.values().map(|file| file.now.len()).sum();
        let capacity = self.capacity.unwrap_or(u64::MAX);
        capacity.saturating_sub(used as u64 + self.reserved)
    }

    fn begin(&mut self) -> io::Result<Option<Trouble>> {
        self.operations += 1;
        let due = self.trouble.filter(|(at, trouble)| match trouble {
            Trouble::Full(times) => (*at..at + times).contains(&self.operations),
            _ => *at == self.operations,
        });
        self.has_crashed |= due.is_some_and(|(_, trouble)| trouble == Trouble::Crash)
            || self.crash_at == Some(self.operations);
        if self.has_crashed {
            return Err(io::Error::other("the power is gone"));
        }
        Ok(due.map(|(_, trouble)| trouble))
    }

    fn file(&mut self, name: &str) -> io::Result<&mut Kept> {
        self.files
            .get_mut(name)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn unless_failed(trouble: Option<Trouble>) -> io::Result<()> {
        match trouble {
            Some(Trouble::Failed) => Err(io::Error::other("the disk failed")),
            _ => Ok(()),
        }
    }
}

impl Kept {
    fn torn(&self, random: &mut StdRng) -> Vec<u8> {
        let common = self
            .durable
            .iter()
            .zip(&self.now)
            .take_while(|(one, other)| one == other)
            .count();
        if common < self.durable.len() {
            // it was cut, and that may not have arrived
            return if random.random() {
                self.now.clone()
            } else {
                self.durable.clone()
            };
        }
        let length = random.random_range(self.durable.len()..=self.now.len());
        let mut left = self.now[..length].to_vec();
        for sector in left[self.durable.len()..].chunks_mut(SECTOR) {
            if random.random_ratio(1, 4) {
                sector.fill(0);
            }
        }
        left
    }
}

impl Storage for Faulty {
    fn create(&mut self, name: &str) -> io::Result<()> {
        Self::unless_failed(self.begin()?)?;
        if self.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.files.insert(name.to_owned(), Kept::default());
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        let crashes = self
            .trouble
            .is_some_and(|(at, trouble)| at == self.operations + 1 && trouble == Trouble::Crash);
        if crashes && !self.has_crashed {
            // the power may go in the middle of it
            self.file(name)?.now.extend_from_slice(&bytes[..bytes.len() / 2]);
        }
        let trouble = self.begin()?;
        Self::unless_failed(trouble)?;
        let some = bytes.len().div_ceil(2);
        let free = self.free();
        let file = self.file(name)?;
        if free < bytes.len() as u64 {
            file.now.extend_from_slice(&bytes[..free as usize]);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        match trouble {
            Some(Trouble::Full(_)) => {
                file.now.extend_from_slice(&bytes[..some - 1]);
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(Trouble::Short) => {
                file.now.extend_from_slice(&bytes[..some]);
                Ok(some)
            }
            _ => {
                file.now.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        Self::unless_failed(self.begin()?)?;
        self.file(name)?.now.truncate(length as usize);
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        Self::unless_failed(self.begin()?)?;
        let file = self.file(name)?;
        file.durable.clone_from(&file.now);
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        Self::unless_failed(self.begin()?)?;
        self.renamed.clear();
        self.files.values_mut().for_each(|file| file.is_named = true);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        Self::unless_failed(self.begin()?)?;
        let file = self.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        let replaced = self.files.insert(to.to_owned(), file);
        self.renamed.push(Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
            replaced,
        });
        Ok(())
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.now.len() as u64)
    }

    fn read_at(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let now = &self.file(name)?.now;
        let rest = now.get(offset as usize..).unwrap_or_default();
        // never all at once
        let read = rest.len().min(buffer.len()).min(1000);
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

/// A disk with folders in it. Its files are called by both names.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    disk: Rc<RefCell<Faulty>>,
    folder: String,
}

impl Shared {
    pub(crate) fn of(disk: Faulty) -> Self {
        Self {
            disk: Rc::new(RefCell::new(disk)),
            folder: String::new(),
        }
    }

    pub(crate) fn borrow_mut(&self) -> RefMut<'_, Faulty> {
        self.disk.borrow_mut()
    }

    /// One that is there.
    pub(crate) fn folder(&self, name: &str) -> Self {
        Self {
            disk: self.disk.clone(),
            folder: format!("{name}/"),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }
}

impl Volume for Shared {
    type Folder = Self;

    fn create_folder(&mut self, name: &str) -> io::Result<Self> {
        Faulty::unless_failed(self.borrow_mut().begin()?)?;
        Ok(self.folder(name))
    }

    fn sync_all(&mut self) -> io::Result<()> {
        let mut disk = self.borrow_mut();
        disk.sync_folder()?;
        disk.syncs += 1;
        for file in disk.files.values_mut() {
            file.durable.clone_from(&file.now);
        }
        Ok(())
    }

    fn free_bytes(&mut self) -> io::Result<u64> {
        Ok(self.borrow_mut().free())
    }

    fn stored_bytes(&mut self) -> io::Result<u64> {
        let disk = self.borrow_mut();
        let lengths = disk.files.values().map(|file| file.now.len() as u64);
        Ok(lengths.sum())
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let mut disk = self.borrow_mut();
        Faulty::unless_failed(disk.begin()?)?;
        disk.reserved = bytes;
        Ok(())
    }

    fn release(&mut self) -> io::Result<()> {
        let mut disk = self.borrow_mut();
        Faulty::unless_failed(disk.begin()?)?;
        disk.reserved = 0;
        Ok(())
    }
}

impl Storage for Shared {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        self.borrow_mut().create(&path)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        let path = self.path(name);
        self.borrow_mut().append(&path, bytes)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        let path = self.path(name);
        self.borrow_mut().truncate(&path, length)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        self.borrow_mut().sync(&path)
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.borrow_mut().sync_folder()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.path(from), self.path(to));
        self.borrow_mut().rename(&from, &to)
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        let path = self.path(name);
        self.borrow_mut().length(&path)
    }

    fn read_at(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let path = self.path(name);
        self.borrow_mut().read_at(&path, offset, buffer)
    }
}

/// A folder of the real disk, until the end of a test.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("rapport-recorder-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Sound of two people and the picture of each.
pub(crate) fn manifest() -> Manifest {
    let track = |codec, sender| Track {
        codec,
        sender,
        device: None,
        spare_of: None,
        width: 640,
        height: 360,
    };
    Manifest {
        version: 1,
        id: RecordingId(std::array::from_fn(|at| at as u8)),
        begun: 1_795_816_800_000,
        layout: 2,
        suite: 5,
        room: None,
        purpose: None,
        expires: None,
        tracks: vec![
            track(Codec::Opus, 16),
            track(Codec::Vp8, 16),
            track(Codec::Opus, 17),
            track(Codec::Vp9, 17),
            // of a codec that nobody sends
            Track {
                spare_of: Some(4),
                ..track(Codec::Vp8, 17)
            },
        ],
    }
}

/// What comes in a second: 10 sounds and 5 pictures of each person, a key frame every 2 s.
pub(crate) fn second(number: u64) -> Vec<Frame> {
    let frame = |track: u8, at: u64, of: u64, is_key| Frame {
        track,
        micros: number * 1_000_000 + at * 1_000_000 / of,
        is_key,
        bytes: [track, number as u8, at as u8].repeat(if track % 2 == 1 { 30 } else { 200 }),
    };
    let mut frames: Vec<_> =
        [1, 3]
            .into_iter()
            .flat_map(|track| (0..10).map(move |at| frame(track, at, 10, true)))
            .chain([2, 4].into_iter().flat_map(|track| {
                (0..5).map(move |at| frame(track, at, 5, at == 0 && number.is_multiple_of(2)))
            }))
            .collect();
    frames.sort_by_key(|frame| (frame.micros, frame.track));
    frames
}

/// All blocks of a file, read without the journal.
pub(crate) fn blocks(file: &[u8]) -> Vec<Frame> {
    let mut rest = file;
    let mut cluster = 0;
    let mut found = Vec::new();
    while let Some(element) = Element::read(rest) {
        match element.id {
            0xe7 => {
                cluster = element
                    .content
                    .iter()
                    .fold(0, |value, byte| value << 8 | i64::from(*byte))
            }
            0xa3 => {
                let [number, high, low, flags, bytes @ ..] = element.content else {
                    panic!("a short block")
                };
                let millis = cluster + i64::from(i16::from_be_bytes([*high, *low]));
                found.push(Frame {
                    track: number & 0x7f,
                    micros: millis as u64 * 1000,
                    is_key: flags & 0x80 != 0,
                    bytes: bytes.to_vec(),
                });
            }
            _ => {}
        }
        rest = if element.is_unsized {
            element.content
        } else {
            element.behind
        };
    }
    found
}

const SECTOR: usize = 512;
