//! Files beside the media, of one line for each thing that is kept (`web/client/RECORDING.md`, section 5).
//!
//! Owns: which lines stand there whole, and which of them are durable. Never does: read one.
//!
//! A line that could not be written, or that a failed sync may have lost, is written once more; what a failed attempt left
//! of it is cut off before. Until then nothing new of the recording is called safe: what depends on a line is committed
//! after it, and not without it.

use std::io;

use crate::folder::{CONSENTS, KEYS};
use crate::storage::{Storage, append_all};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    /// Hellos, the proposal, and consents.
    Consents,
    /// Capsules.
    Keys,
}

/// Both files of a recording.
#[derive(Debug)]
pub(crate) struct Lines([File; 2]);

#[derive(Debug)]
struct File {
    name: &'static str,
    is_there: bool,
    /// What of it is durable, and what stands there whole, in bytes.
    durable: u64,
    length: u64,
    /// Stands there, and may be lost by a crash.
    appended: Vec<u8>,
    pending: Vec<u8>,
    /// More may stand there than is known of.
    is_torn: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self([CONSENTS, KEYS].map(File::new))
    }

    /// To be written with what is committed next.
    pub(crate) fn push(&mut self, beside: Beside, line: &str) {
        let [consents, keys] = &mut self.0;
        let file = match beside {
            Beside::Consents => consents,
            Beside::Keys => keys,
        };
        file.pending.extend(line.as_bytes());
        file.pending.push(b'\n');
    }

    /// Whether something waits to be written, or to be durable.
    pub(crate) fn is_dirty(&self) -> bool {
        self.0
            .iter()
            .any(|file| !file.pending.is_empty() || !file.appended.is_empty())
    }

    /// Appends what waits.
    pub(crate) fn append(&mut self, storage: &mut impl Storage) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|file| file.append(storage))
    }

    /// Makes each durable by itself, where the volume is not synced as a whole.
    pub(crate) fn sync(&self, storage: &mut impl Storage) -> io::Result<()> {
        let mut appended = self.0.iter().filter(|file| !file.appended.is_empty());
        appended.try_for_each(|file| {
            if file.durable == 0 {
                // it may be new, and its name not durable
                storage.sync_folder()?;
            }
            storage.sync(file.name)
        })
    }

    /// How the sync went after they were appended.
    pub(crate) fn handle_synced(&mut self, is_durable: bool) {
        self.0.iter_mut().for_each(|file| file.handle_synced(is_durable));
    }
}

impl File {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            is_there: false,
            durable: 0,
            length: 0,
            appended: Vec::new(),
            pending: Vec::new(),
            is_torn: false,
        }
    }

    fn append(&mut self, storage: &mut impl Storage) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if !self.is_there {
            storage.create(self.name)?;
            self.is_there = true;
        }
        if self.is_torn {
            storage.truncate(self.name, self.length)?;
        }
        self.is_torn = true;
        append_all(storage, self.name, &self.pending)?;
        self.is_torn = false;
        self.length += self.pending.len() as u64;
        self.appended.append(&mut self.pending);
        Ok(())
    }

    fn handle_synced(&mut self, is_durable: bool) {
        if is_durable {
            self.durable = self.length;
            self.appended.clear();
        } else if !self.appended.is_empty() {
            self.length = self.durable;
            self.is_torn = true;
            self.appended.append(&mut self.pending);
            std::mem::swap(&mut self.appended, &mut self.pending);
        }
    }
}
