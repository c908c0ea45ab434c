//! All recordings of one volume.
//!
//! Owns: their commits, which share two syncs however many there are, and what becomes of them when room is short. Never
//! does: know what an error of a disk means for one recording; [`Recording`] does.
//!
//! First the bytes of every file, then a sync of the volume, then those of every journal, then a sync. An error of a
//! write is that recording's alone; an error of a sync is everyone's.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use crate::beside::Beside;
use crate::frame::{Frame, Gap};
use crate::manifest::{Manifest, RecordingId};
use crate::recording::{CommitError, Recording};
use crate::room::{Found, Limits, Room, hours};
use crate::stats::Stats;
use crate::volume::Volume;

/// Waits for the disk in [`Recorder::commit`], which can be long: it wants a thread of its own.
///
/// `handle_*` takes what comes. When [`Recorder::poll_timeout`] is over, [`Recorder::commit`] makes it durable; then
/// [`Recorder::poll_event`] is called until there is none.
#[derive(Debug)]
pub struct Recorder<V: Volume> {
    volume: V,
    room: Room,
    recordings: BTreeMap<RecordingId, Entry<V::Folder>>,
    /// A few of each recording, and taken after each commit.
    events: VecDeque<(RecordingId, Event)>,
    stats: Stats,
    committed: Instant,
    /// One found no room, so sound alone is recorded of all.
    is_sound_only: bool,
    /// Something begins or ends, which somebody waits for.
    is_urgent: bool,
}

/// What became of a recording.
#[derive(Debug)]
pub enum Event {
    /// It has begun, and is there after a crash.
    Begun,
    /// It is safe up to this time, in microseconds.
    Safe(u64),
    /// It goes on, with what the error says of it. Pictures wait for a key frame, which somebody has to ask for.
    /// [`CommitError::Full`] is told of all as soon as one finds no room.
    Trouble(CommitError),
    /// There is room again: pictures go on with their next key frames, likewise.
    Room,
    /// It is complete up to this time, in microseconds, and is not here any more.
    Ended(u64),
    /// It could not go on, and is not here any more. What was safe is, and the next start ends it.
    Lost(CommitError),
}

/// Why a recording does not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// It might not come to its end.
    #[error("there is room for {bytes} bytes: enough for {hours:.1} hours of this recording")]
    NoRoom {
        /// On the volume, or within the quota.
        bytes: u64,
        /// How long that would last, its pictures being as large as they come.
        hours: f64,
    },
    /// The volume did not take its folder: there is one, for instance.
    #[error("the folder of the recording can't be made: {0}")]
    Folder(#[source] io::Error),
}

#[derive(Debug)]
struct Entry<S> {
    recording: Recording<S>,
    /// How long its journal was when somebody was told of it last.
    told_bytes: u64,
    /// How many stood in its way since.
    errors: u8,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Beginning,
    Going,
    Ending,
}

impl<V: Volume> Recorder<V> {
    /// A volume without recordings that are being made; those of a server that crashed are for [`crate::recover`].
    pub fn open(mut volume: V, limits: Limits, now: Instant) -> io::Result<Self> {
        let room = Room::open(&mut volume, limits)?;
        Ok(Self {
            volume,
            room,
            recordings: BTreeMap::new(),
            events: VecDeque::new(),
            stats: Stats::default(),
            committed: now,
            is_sound_only: false,
            is_urgent: false,
        })
    }

    /// Makes the folder of a recording, which is called by its id. It has begun when [`Event::Begun`] says so, which the
    /// next commit leads to; those that begin before it share that.
    pub fn handle_begin(&mut self, manifest: Manifest) -> Result<(), BeginError> {
        self.look();
        self.count();
        if !self.room.is_enough() {
            let pictures = manifest.tracks.iter().filter(|track| track.is_picture());
            return Err(BeginError::NoRoom {
                bytes: self.room.left_bytes(),
                hours: hours(self.room.left_bytes(), pictures.count()),
            });
        }
        let id = manifest.id;
        let folder = self.volume.create_folder(&id.to_string());
        let staged = folder.and_then(|folder| Recording::stage(folder, manifest));
        let entry = Entry {
            recording: staged.map_err(BeginError::Folder)?,
            told_bytes: 0,
            errors: 0,
            progress: Progress::Beginning,
        };
        self.recordings.insert(id, entry);
        self.is_urgent = true;
        Ok(())
    }

    /// A whole frame. What is of no recording, or of one that is to end, is dropped.
    pub fn handle_frame(&mut self, id: RecordingId, frame: Frame) {
        if let Some(recording) = self.open_recording(id) {
            recording.handle_frame(frame);
        }
    }

    /// Something will not come.
    pub fn handle_gap(&mut self, id: RecordingId, gap: Gap) {
        if let Some(recording) = self.open_recording(id) {
            recording.handle_gap(gap);
        }
    }

    /// Nothing comes of a picture's track any more, unless something does: nothing of it is missing.
    pub fn handle_left(&mut self, id: RecordingId, track: u8) {
        if let Some(recording) = self.open_recording(id) {
            recording.handle_left(track);
        }
    }

    /// A line for a file beside the media of a recording: durable before what comes after it is called safe. What is of no
    /// recording is dropped.
    pub fn handle_beside(&mut self, id: RecordingId, beside: Beside, line: &str) {
        if let Some(recording) = self.open_recording(id) {
            recording.handle_beside(beside, line);
        }
    }

    /// A recording ends with what it has. It has ended when an event says so, which the next commit leads to.
    pub fn handle_end(&mut self, id: RecordingId) {
        let Some(entry) = self.recordings.get_mut(&id) else {
            return;
        };
        if entry.progress != Progress::Ending {
            entry.recording.handle_end();
            entry.progress = Progress::Ending;
            entry.errors = 0;
            self.is_urgent = true;
        }
    }

    /// Looks at how much is stored: others destroy recordings, too. It reads every folder.
    pub fn count(&mut self) {
        // what can't be counted stays as it was known
        let _ = self.room.count(&mut self.volume);
    }

    /// When to commit; what is over means at once.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let wait = if self.is_urgent { Duration::ZERO } else { INTERVAL };
        (!self.recordings.is_empty()).then(|| self.committed + wait)
    }

    /// Makes durable what came of all recordings.
    pub fn commit(&mut self, now: Instant) {
        self.is_urgent = false;
        self.committed = now;
        self.stats.lag = self.lag();
        self.look();
        let written = self.stats.bytes_written;
        self.each(Recording::append_file);
        // once more what found no room, now that others made some; and what failed, as another file
        self.each(Recording::append_file);
        if self.has_staged() {
            self.make_durable();
        }
        self.room.handle_written(now, self.stats.bytes_written - written);
    }

    /// What became of a recording.
    pub fn poll_event(&mut self) -> Option<(RecordingId, Event)> {
        self.events.pop_front()
    }

    /// What is counted.
    pub fn stats(&self) -> Stats {
        Stats {
            recordings: self.recordings.len(),
            is_short: self.room.is_short(),
            free_bytes: self.room.free_bytes(),
            seconds_left: self.room.seconds_left(),
            stored_bytes: self.room.stored_bytes(),
            quota_bytes: self.room.quota_bytes(),
            left_bytes: self.room.left_bytes(),
            is_low: self.room.is_low(),
            ..self.stats
        }
    }

    fn open_recording(&mut self, id: RecordingId) -> Option<&mut Recording<V::Folder>> {
        let entry = self.recordings.get_mut(&id)?;
        (entry.progress != Progress::Ending).then_some(&mut entry.recording)
    }

    /// A volume that does not say how full it is may be written to all the same.
    fn look(&mut self) {
        let found = self.room.look(&mut self.volume);
        if self.is_sound_only && matches!(found, Ok(Found::Room)) {
            self.is_sound_only = false;
            for (id, entry) in &mut self.recordings {
                entry.recording.handle_room();
                self.events.push_back((*id, Event::Room));
            }
        }
    }

    fn has_staged(&self) -> bool {
        let mut entries = self.recordings.values();
        entries.any(|entry| entry.recording.staged().is_some())
    }

    fn make_durable(&mut self) {
        let synced = self.sync();
        self.each(|recording| recording.append_journal(&synced));
        if self.has_staged() {
            let synced = self.sync();
            self.count_staged();
            self.each(|recording| recording.settle(&synced));
        }
        self.tell();
        self.name_ended();
    }

    /// What the disk says of one recording is its own matter, and the others go on.
    fn each(&mut self, mut step: impl FnMut(&mut Recording<V::Folder>) -> Result<(), CommitError>) {
        let troubles = self
            .recordings
            .iter_mut()
            .filter_map(|(id, entry)| step(&mut entry.recording).err().map(|error| (*id, error)));
        for (id, error) in troubles.collect::<Vec<_>>() {
            self.handle_trouble(id, error);
        }
    }

    fn handle_trouble(&mut self, id: RecordingId, error: CommitError) {
        match error {
            CommitError::Full => self.handle_full(id),
            CommitError::Failed(_) => self.stats.files_failed += 1,
            CommitError::Renewed(_) => self.stats.journals_renewed += 1,
            CommitError::Unfinished(_) | CommitError::Lost(_) => {}
        }
        if self.is_over(id, &error) {
            self.recordings.remove(&id);
            self.stats.recordings_lost += 1;
            self.events.push_back((id, Event::Lost(error)));
        } else {
            self.events.push_back((id, Event::Trouble(error)));
        }
    }

    /// The reserve is for sound and journals: one recording that finds no room is enough for all to go without pictures.
    fn handle_full(&mut self, full: RecordingId) {
        self.stats.full += 1;
        // what it can't give back was not to be had anyway
        let _ = self.room.release(&mut self.volume);
        if std::mem::replace(&mut self.is_sound_only, true) {
            return;
        }
        for (id, entry) in self.recordings.iter_mut().filter(|(id, _)| **id != full) {
            entry.recording.handle_shortage();
            self.events.push_back((*id, Event::Trouble(CommitError::Full)));
        }
    }

    /// What waits for a disk that stays broken is kept in memory: not for ever.
    fn is_over(&mut self, id: RecordingId, error: &CommitError) -> bool {
        let Some(entry) = self.recordings.get_mut(&id) else {
            return false;
        };
        let most = match (error, entry.progress) {
            (CommitError::Lost(_), _) => return true,
            (CommitError::Full | CommitError::Failed(_), Progress::Ending) => ENDING_ERRORS,
            // where there is no room there may be some again, and sound alone is kept
            (CommitError::Failed(_), _) => ERRORS,
            _ => return false,
        };
        entry.errors += 1;
        entry.errors >= most
    }

    fn sync(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let synced = self.volume.sync_all();
        self.stats.syncs.add(begun.elapsed());
        synced
    }

    fn count_staged(&mut self) {
        let recordings = self.recordings.values().map(|entry| &entry.recording);
        let staged = recordings.filter_map(Recording::staged);
        let bytes: usize = staged.map(|span| span.bytes.len() + span.records.len()).sum();
        self.stats.bytes_written += bytes as u64;
        self.stats.commits += 1;
    }

    fn lag(&self) -> Duration {
        let recordings = self.recordings.values().map(|entry| &entry.recording);
        let micros = recordings.map(Recording::unsafe_micros).max();
        Duration::from_micros(micros.unwrap_or(0))
    }

    /// Whose journal is longer has more that is safe.
    fn tell(&mut self) {
        for (id, entry) in &mut self.recordings {
            let bytes = entry.recording.journal_bytes();
            if bytes == entry.told_bytes {
                continue;
            }
            entry.told_bytes = bytes;
            entry.errors = 0;
            let event = match entry.progress {
                Progress::Beginning => Event::Begun,
                _ => Event::Safe(entry.recording.safe_micros()),
            };
            if entry.progress == Progress::Beginning {
                entry.progress = Progress::Going;
            }
            self.events.push_back((*id, event));
        }
    }

    /// Gives the files of what has ended their names, and syncs once for all of them.
    fn name_ended(&mut self) {
        let has_ended = |_: &RecordingId, entry: &mut Entry<V::Folder>| entry.recording.has_ended();
        let mut ended: BTreeMap<_, _> = self.recordings.extract_if(.., has_ended).collect();
        if ended.is_empty() {
            return;
        }
        let mut troubles = Vec::new();
        for (id, entry) in &mut ended {
            troubles.extend(entry.recording.name_files().err().map(|error| (*id, error)));
        }
        if let Err(error) = self.sync() {
            troubles.extend(ended.keys().map(|id| (*id, CommitError::unfinished(&error))));
        }
        let troubles = troubles
            .into_iter()
            .map(|(id, error)| (id, Event::Trouble(error)));
        self.events.extend(troubles);
        for (id, entry) in ended {
            let micros = entry.recording.safe_micros();
            self.events.push_back((id, Event::Ended(micros)));
        }
    }
}

/// The loss bound is twice this: what came since the last commit, and what comes while one waits for the disk.
const INTERVAL: Duration = Duration::from_secs(1);

/// Half a minute or a minute, each commit trying once or twice: a controller that is reset takes less.
const ERRORS: u8 = 60;

/// Two commits or more, for the same reason: somebody waits for the end.
const ENDING_ERRORS: u8 = 4;
