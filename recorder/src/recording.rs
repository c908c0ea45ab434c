//! A recording on its way to the disk.
//!
//! Owns: the order of writing and syncing, and what an error of either leads to. Never does: say that something is safe
//! before it is.
//!
//! First the file's bytes, then a sync, then the journal's, then a sync. So what the journal says is there.

use std::io;

use crate::capture::{Capture, Span};
use crate::folder::{FolderError, JOURNAL, MANIFEST, part_name};
use crate::frame::{Frame, Gap};
use crate::manifest::Manifest;
use crate::recovery::finish;
use crate::storage::{Storage, append_all};

/// See the module.
#[derive(Debug)]
pub struct Recording<S> {
    storage: S,
    capture: Capture,
    /// The file that is appended to, if it is there.
    file: Option<u16>,
    /// How long the journal is.
    journal: u64,
    safe_micros: u64,
    /// The journal failed: what it says from then on would not be so.
    is_lost: bool,
}

/// Why something is not safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Nothing is lost but pictures: sound is tried again with the next commit.
    #[error("the disk is full: pictures are not recorded any more")]
    Full,
    /// The file went on as another one; pictures wait for a key frame.
    #[error("a file of the recording failed, and another one was begun: {0}")]
    Failed(#[source] io::Error),
    /// All is durable; the files do not have their names yet. The next start gives them.
    #[error("the recording is complete, but its files are not named so: {0}")]
    Unfinished(#[source] FolderError),
    /// Nothing can be recorded any more. What was safe is.
    #[error("the recording has ended: its journal failed: {0}")]
    Lost(#[source] io::Error),
}

impl<S: Storage> Recording<S> {
    /// Makes the folder's files. Only when this returns has the recording begun.
    pub fn begin(mut storage: S, manifest: Manifest) -> Result<Self, CommitError> {
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| CommitError::Lost(error.into()))?;
        let written = (|| {
            storage.create(MANIFEST)?;
            append_all(&mut storage, MANIFEST, &text)?;
            storage.sync(MANIFEST)?;
            storage.create(JOURNAL)?;
            storage.sync_folder()
        })();
        written.map_err(CommitError::Lost)?;
        let mut recording = Self {
            storage,
            capture: Capture::begin(manifest),
            file: None,
            journal: 0,
            safe_micros: 0,
            is_lost: false,
        };
        recording.commit()?;
        Ok(recording)
    }

    /// A whole frame.
    pub fn handle_frame(&mut self, frame: Frame) {
        self.capture.handle_frame(frame);
    }

    /// Something will not come.
    pub fn handle_gap(&mut self, gap: Gap) {
        self.capture.handle_gap(gap);
    }

    /// There is room on the disk again.
    pub fn handle_room(&mut self) {
        self.capture.handle_room();
    }

    /// Up to which time the recording is safe, in microseconds.
    pub const fn safe_micros(&self) -> u64 {
        self.safe_micros
    }

    /// Makes durable what came; to be called every second.
    pub fn commit(&mut self) -> Result<u64, CommitError> {
        if let Some(span) = self.capture.poll_span() {
            self.commit_span(&span)?;
        }
        Ok(self.safe_micros)
    }

    /// Makes the rest durable, with the index, and gives the files their names. An error of the disk on the way is told
    /// after that, if it could be done all the same.
    pub fn end(mut self) -> Result<u64, CommitError> {
        let last = self.commit();
        let first = match self.close() {
            // what it was kept for is written to what is left
            Err(error @ (CommitError::Full | CommitError::Failed(_))) => {
                self.close()?;
                Err(error)
            }
            closed => Ok(closed?),
        };
        finish(&mut self.storage).map_err(CommitError::Unfinished)?;
        last?;
        first?;
        Ok(self.safe_micros)
    }

    fn close(&mut self) -> Result<(), CommitError> {
        let span = self.capture.end();
        self.commit_span(&span)
    }

    fn commit_span(&mut self, span: &Span) -> Result<(), CommitError> {
        if self.is_lost {
            return Err(CommitError::Lost(io::Error::other("it has failed before")));
        }
        match self.write_file(span) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(self.full(span)),
            Err(error) => return Err(self.failed(error)),
        }
        if let Err(error) = self.write_journal(&span.records) {
            self.is_lost = true;
            return Err(CommitError::Lost(error));
        }
        self.safe_micros = self.capture.handle_durable();
        Ok(())
    }

    fn write_file(&mut self, span: &Span) -> io::Result<()> {
        let name = part_name(span.file);
        if self.file != Some(span.file) {
            self.storage.create(&name)?;
            self.storage.sync_folder()?;
            self.file = Some(span.file);
        }
        append_all(&mut self.storage, &name, &span.bytes)?;
        self.storage.sync(&name)
    }

    /// What is torn goes: the next reader need not know.
    fn write_journal(&mut self, records: &[u8]) -> io::Result<()> {
        let written =
            append_all(&mut self.storage, JOURNAL, records).and_then(|()| self.storage.sync(JOURNAL));
        if let Err(error) = written {
            // if that fails too, the torn record has no CRC
            let _ = self.storage.truncate(JOURNAL, self.journal);
            return Err(error);
        }
        self.journal += records.len() as u64;
        Ok(())
    }

    /// The bytes that found room make none for others: the file is cut back.
    fn full(&mut self, span: &Span) -> CommitError {
        let cut = match self.file {
            Some(_) => self.storage.truncate(&part_name(span.file), span.offset),
            None => Ok(()),
        };
        match cut {
            Ok(()) => {
                self.capture.handle_full();
                CommitError::Full
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: io::Error) -> CommitError {
        self.capture.handle_failed();
        CommitError::Failed(error)
    }
}
