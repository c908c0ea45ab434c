//! A recording on its way to the disk.
//!
//! Owns: the order of writing and syncing, and what an error of either leads to. Never does: say that something is safe
//! before it is.
//!
//! First the file's bytes, then a sync, then the journal's, then a sync. So what the journal says is there. Each of the
//! steps between is a method, and each is told how the sync before it went: whether that was of one file
//! ([`Recording::commit`]) or of all recordings together ([`crate::Recorder`]) is not their concern.

use std::io;

use crate::beside::{Beside, Lines};
use crate::capture::{Capture, Span};
use crate::folder::{FolderError, JOURNAL, JOURNAL_PART, MANIFEST, part_name};
use crate::frame::{Frame, Gap};
use crate::journal::Journal;
use crate::manifest::Manifest;
use crate::recovery::{finish, name_files};
use crate::storage::{Storage, append_all, read_all};

/// See the module.
#[derive(Debug)]
pub struct Recording<S> {
    storage: S,
    capture: Capture,
    /// The file that is appended to, if it is there.
    file: Option<u16>,
    /// How long the journal is.
    journal: u64,
    /// Appended, and not durable yet.
    staged: Option<Span>,
    safe_micros: u64,
    phase: Phase,
    beside: Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Going,
    /// What is appended next is the last.
    Ending,
    /// All is durable, the end too.
    Ended,
    /// The journal failed: what it says from then on would not be so.
    Lost,
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
    /// All is durable; the journal is another file now, with all that it said.
    #[error("the journal of the recording failed, and was written anew: {0}")]
    Renewed(#[source] io::Error),
    /// All is durable; the files do not have their names yet. The next start gives them.
    #[error("the recording is complete, but its files are not named so: {0}")]
    Unfinished(#[source] FolderError),
    /// Nothing can be recorded any more. What was safe is.
    #[error("the recording has ended: its journal failed: {0}")]
    Lost(#[source] io::Error),
}

impl CommitError {
    /// The files have their names, which may not outlive a crash.
    pub(crate) fn unfinished(error: &io::Error) -> Self {
        Self::Unfinished(FolderError::io(JOURNAL)(again(error)))
    }
}

impl<S: Storage> Recording<S> {
    /// Makes the folder's files. Only when this returns has the recording begun.
    pub fn begin(storage: S, manifest: Manifest) -> Result<Self, CommitError> {
        let mut recording = Self::stage(storage, manifest).map_err(CommitError::Lost)?;
        recording.storage.sync(MANIFEST).map_err(CommitError::Lost)?;
        recording.commit()?;
        Ok(recording)
    }

    /// Makes the folder's files, which are durable when the first span is.
    pub(crate) fn stage(mut storage: S, manifest: Manifest) -> io::Result<Self> {
        let text = serde_json::to_vec_pretty(&manifest)?;
        storage.create(MANIFEST)?;
        append_all(&mut storage, MANIFEST, &text)?;
        storage.create(JOURNAL)?;
        Ok(Self {
            storage,
            capture: Capture::begin(manifest),
            file: None,
            journal: 0,
            staged: None,
            safe_micros: 0,
            phase: Phase::Going,
            beside: Lines::new(),
        })
    }

    /// A whole frame.
    pub fn handle_frame(&mut self, frame: Frame) {
        self.capture.handle_frame(frame);
    }

    /// Something will not come.
    pub fn handle_gap(&mut self, gap: Gap) {
        self.capture.handle_gap(gap);
    }

    /// Nothing comes of a picture's track any more, unless something does.
    pub(crate) fn handle_left(&mut self, track: u8) {
        self.capture.handle_left(track);
    }

    /// A line for a file beside the media. Nothing that comes after it is called safe without it.
    pub fn handle_beside(&mut self, beside: Beside, line: &str) {
        self.beside.push(beside, line);
    }

    /// Room is short on the disk: sound alone is recorded from here on.
    pub(crate) fn handle_shortage(&mut self) {
        self.capture.handle_shortage();
    }

    /// There is room on the disk again.
    pub fn handle_room(&mut self) {
        self.capture.handle_room();
    }

    /// What is committed next is the last.
    pub(crate) fn handle_end(&mut self) {
        self.phase = Phase::Ending;
    }

    /// Up to which time the recording is safe, in microseconds.
    pub const fn safe_micros(&self) -> u64 {
        self.safe_micros
    }

    /// How much has come that is not safe, in microseconds.
    pub(crate) const fn unsafe_micros(&self) -> u64 {
        self.capture.micros().saturating_sub(self.safe_micros)
    }

    /// How long the journal is, of which all is durable: it grows with each commit.
    pub(crate) const fn journal_bytes(&self) -> u64 {
        self.journal
    }

    /// What is on its way to the disk.
    pub(crate) const fn staged(&self) -> Option<&Span> {
        self.staged.as_ref()
    }

    /// All is durable, the end too.
    pub(crate) fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Makes durable what came; to be called every second.
    pub fn commit(&mut self) -> Result<u64, CommitError> {
        self.append_file()?;
        if self.staged.is_some() {
            let synced = self.sync_file();
            self.append_journal(&synced)?;
            let synced = self.storage.sync(JOURNAL);
            self.settle(&synced)?;
        }
        Ok(self.safe_micros)
    }

    /// Makes the rest durable, with the index, and gives the files their names. An error of the disk on the way is told
    /// after that, if it could be done all the same.
    pub fn end(mut self) -> Result<u64, CommitError> {
        self.handle_end();
        let first = self.commit();
        if !self.has_ended() {
            // what it was kept for is written to what is left
            let second = self.commit();
            if !self.has_ended() {
                return second;
            }
        }
        finish(&mut self.storage).map_err(CommitError::Unfinished)?;
        first
    }

    /// First step: what came stands in the file. Nothing is staged if nothing came.
    /// May be called again where it failed.
    pub(crate) fn append_file(&mut self) -> Result<(), CommitError> {
        if self.staged.is_some() {
            return Ok(());
        }
        self.append_beside()?;
        let span = match self.phase {
            Phase::Going => self.capture.poll_span(),
            Phase::Ending => Some(self.capture.end()),
            Phase::Ended => None,
            Phase::Lost => return Err(CommitError::Lost(io::Error::other("it has failed before"))),
        };
        let Some(span) = span else { return Ok(()) };
        match self.write_file(&span) {
            Ok(()) => {
                self.staged = Some(span);
                Ok(())
            }
            Err(error) if is_full(&error) => Err(self.full(&span)),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn append_beside(&mut self) -> Result<(), CommitError> {
        if matches!(self.phase, Phase::Ended | Phase::Lost) || !self.beside.is_dirty() {
            return Ok(());
        }
        match self.beside.append(&mut self.storage) {
            Ok(()) => {
                // also where no frame came, it is to be durable
                self.capture.handle_beside();
                Ok(())
            }
            Err(error) if is_full(&error) => {
                // of the span nothing stands in the file yet
                self.capture.handle_full();
                Err(CommitError::Full)
            }
            Err(error) => Err(CommitError::Failed(error)),
        }
    }

    /// Second step, when it is known whether the file is durable: the journal says that it is.
    pub(crate) fn append_journal(&mut self, synced: &io::Result<()>) -> Result<(), CommitError> {
        let Some(span) = self.staged.take() else {
            return Ok(());
        };
        self.beside.handle_synced(synced.is_ok());
        if let Err(error) = synced {
            return Err(self.failed(again(error)));
        }
        match append_all(&mut self.storage, JOURNAL, &span.records) {
            Ok(()) => {
                self.staged = Some(span);
                Ok(())
            }
            Err(error) if is_full(&error) => Err(self.full_journal(&span)),
            Err(error) => Err(self.renew(&span, error)),
        }
    }

    /// Last step, when it is known whether the journal is durable.
    pub(crate) fn settle(&mut self, synced: &io::Result<()>) -> Result<(), CommitError> {
        let Some(span) = self.staged.take() else {
            return Ok(());
        };
        match synced {
            Ok(()) => {
                self.handle_durable(&span);
                Ok(())
            }
            Err(error) => Err(self.renew(&span, again(error))),
        }
    }

    /// The files of a recording that has ended get their names; when the folder is synced, for good.
    pub(crate) fn name_files(&mut self) -> Result<(), CommitError> {
        name_files(&mut self.storage).map_err(CommitError::Unfinished)
    }

    fn handle_durable(&mut self, span: &Span) {
        self.journal += span.records.len() as u64;
        self.safe_micros = self.capture.handle_durable();
        if self.phase == Phase::Ending {
            self.phase = Phase::Ended;
        }
    }

    fn write_file(&mut self, span: &Span) -> io::Result<()> {
        let name = part_name(span.file);
        if self.file != Some(span.file) {
            self.storage.create(&name)?;
            self.file = Some(span.file);
        }
        append_all(&mut self.storage, &name, &span.bytes)
    }

    fn sync_file(&mut self) -> io::Result<()> {
        let Some(span) = &self.staged else { return Ok(()) };
        self.beside.sync(&mut self.storage)?;
        if span.offset == 0 {
            // it may be new, and its name not durable
            self.storage.sync_folder()?;
        }
        self.storage.sync(&part_name(span.file))
    }

    /// The bytes that found room make none for others: the file is cut back.
    fn full(&mut self, span: &Span) -> CommitError {
        let cut = if self.file == Some(span.file) {
            self.storage.truncate(&part_name(span.file), span.offset)
        } else {
            Ok(())
        };
        match cut {
            Ok(()) => {
                self.capture.handle_full();
                CommitError::Full
            }
            Err(error) => self.failed(error),
        }
    }

    /// The last of its records never got there whole, so none says that the span is durable.
    fn full_journal(&mut self, span: &Span) -> CommitError {
        match self.storage.truncate(JOURNAL, self.journal) {
            Ok(()) => self.full(span),
            Err(error) => self.renew(span, error),
        }
    }

    fn failed(&mut self, error: io::Error) -> CommitError {
        self.capture.handle_failed();
        CommitError::Failed(error)
    }

    /// What is durable of a journal that failed, and what it was to say next, as another file under its name.
    fn renew(&mut self, span: &Span, error: io::Error) -> CommitError {
        match self.write_journal(&span.records) {
            Ok(()) => {
                self.handle_durable(span);
                CommitError::Renewed(error)
            }
            Err(error) => {
                self.phase = Phase::Lost;
                CommitError::Lost(error)
            }
        }
    }

    fn write_journal(&mut self, records: &[u8]) -> io::Result<()> {
        let mut bytes = read_all(&mut self.storage, JOURNAL)?;
        bytes.truncate(usize::try_from(self.journal).map_err(|_| io::ErrorKind::FileTooLarge)?);
        if Journal::read(&bytes).length != self.journal {
            return Err(io::Error::other("what it said is not there any more"));
        }
        bytes.extend(records);
        self.storage.create(JOURNAL_PART)?;
        append_all(&mut self.storage, JOURNAL_PART, &bytes)?;
        self.storage.sync(JOURNAL_PART)?;
        self.storage.rename(JOURNAL_PART, JOURNAL)?;
        self.storage.sync_folder()
    }
}

/// The disk has no room, or none for us.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// The same error: that of a sync is everyone's whose bytes it was to make durable.
fn again(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}
