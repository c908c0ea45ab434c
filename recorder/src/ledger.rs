//! What is to be copied to a bucket, and how far that is.
//!
//! Owns: the state of every piece of every recording, and when what failed is tried again. Never does: I/O, or ask a
//! clock; believe a bucket that says it has something.
//!
//! A piece is local until it was put, then uploaded, then verified. It counts as verified when it was read back from the
//! bucket some time later ([`CHECK_AFTER`]) and was the same as in the folder, and when a line that says so is durable.
//! A recording that has ended, and of which all is verified, may leave the folder; of one that grows nothing may.
//!
//! Names in the bucket, behind whatever is configured: `ID/FILE` of a small file, and `ID/FILE.PIECE` of the pieces of
//! a file with media, PIECE being a number of eight digits from 0. All of them but the last have [`PIECE_BYTES`], so
//! that the pieces of a file, one behind the other in the order of their names, are the file, byte by byte.
//!
//! Of a recording whose keys were destroyed nothing is copied any more. What the bucket has of it is erased, again and
//! again, until a look that comes later finds nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::manifest::RecordingId;
use crate::progress::Progress;
use crate::remote::{Remote, Sum};

/// Of every piece of a file with media but its last: half a minute of two pictures of 1 Mbit/s, and some seconds of an
/// uplink.
pub const PIECE_BYTES: u64 = 8 << 20;

/// What is put as one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Of which.
    pub recording: RecordingId,
    /// By the name of a complete one.
    pub file: String,
    /// Of a file with media, from 0.
    pub number: Option<u64>,
    /// Where it begins in the file, in bytes.
    pub from: u64,
    /// In bytes.
    pub length: u64,
}

impl Piece {
    /// Of its object, behind the name of the recording.
    pub fn name(&self) -> String {
        match self.number {
            Some(number) => format!("{}.{number:08}", self.file),
            None => self.file.clone(),
        }
    }
}

/// Something to do, which whoever does it tells the end of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Put it; then [`Ledger::handle_put`].
    Put(Piece),
    /// Read it back, and the file; then [`Ledger::handle_same`] or [`Ledger::handle_lost`].
    Check(Piece),
    /// Write durably that it is the same; then [`Ledger::handle_noted`].
    Note(Piece, Sum),
    /// Take these files with media away; then [`Ledger::handle_removed`].
    Remove(RecordingId, Vec<String>),
    /// Delete all objects, those with keys first; then [`Ledger::handle_erased`].
    Erase(RecordingId),
    /// Write durably that none is there; then [`Ledger::handle_erasure_noted`].
    NoteErased(RecordingId),
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(piece) => write!(f, "put {piece}"),
            Self::Check(piece) => write!(f, "check {piece}"),
            Self::Note(piece, _) => write!(f, "note {piece}"),
            Self::Remove(id, _) => write!(f, "remove the media of {id}"),
            Self::Erase(id) => write!(f, "erase {id}"),
            Self::NoteErased(id) => write!(f, "note that {id} is erased"),
        }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.recording, self.name())
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Pieces that are not verified, and recordings that are to be erased.
    pub pending: u64,
    /// Whatever failed, each time.
    pub failures: u64,
    /// Objects that the bucket took, and that were not there or others later.
    pub lost: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    recordings: BTreeMap<RecordingId, Entry>,
    keeps_local: bool,
    failures: u64,
    lost: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// By name: all pieces that are known and not verified.
    pending: BTreeMap<String, Pending>,
    verified: HashSet<String>,
    captures: Vec<String>,
    is_ended: bool,
    /// Its keys were destroyed.
    is_shredded: bool,
    /// Media are to leave the folder, when they may.
    removal: Option<Turn>,
    erasure: Option<Erasure>,
}

#[derive(Debug)]
struct Pending {
    piece: Piece,
    state: State,
    turn: Turn,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Local,
    Uploaded,
    /// It was the same, and that is not written yet.
    Same(Sum),
}

#[derive(Debug)]
struct Erasure {
    turn: Turn,
    /// It was looked at before.
    is_second: bool,
    /// Nothing was there, and that is not written yet.
    is_empty: bool,
}

/// When something is done next.
#[derive(Debug)]
struct Turn {
    /// None while somebody does it.
    due: Option<Instant>,
    /// In a row.
    failures: u32,
}

impl Turn {
    const fn at(due: Instant) -> Self {
        Self {
            due: Some(due),
            failures: 0,
        }
    }

    fn again(&mut self, now: Instant, random: u32) {
        self.due = Some(now + backoff(self.failures, random));
        self.failures = self.failures.saturating_add(1);
    }
}

/// How long to wait after so many failures before: never less than the time before.
fn backoff(failures: u32, random: u32) -> Duration {
    let most = SHORTEST.saturating_mul(2_u32.saturating_pow(failures.saturating_add(1)));
    let most = most.min(LONGEST);
    let half = most / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

impl Ledger {
    /// Of a bucket, with the media of what it has staying in the folder or not.
    pub const fn new(keeps_local: bool) -> Self {
        Self {
            recordings: BTreeMap::new(),
            keeps_local,
            failures: 0,
            lost: 0,
        }
    }

    /// What was found of a recording, and what the bucket has of it. To be told again as long as it grows.
    pub fn handle_found(&mut self, now: Instant, id: RecordingId, progress: &Progress, remote: &Remote) {
        if progress.is_shredded {
            self.handle_shredded(now, id, remote.is_erased);
            return;
        }
        let entry = self.recordings.entry(id).or_default();
        if entry.is_shredded {
            return;
        }
        entry.is_ended = progress.is_ended;
        entry.captures = progress.captures.iter().map(|(file, _)| file.clone()).collect();
        for piece in pieces(id, progress) {
            let name = piece.name();
            if entry.verified.contains(&name) || entry.pending.contains_key(&name) {
                continue;
            }
            let sum = remote.verified.get(&name);
            let is_proven = sum.is_some_and(|sum| sum.length == piece.length);
            // what an earlier life proved is looked at once more before the folder's copy goes
            if is_proven && (self.keeps_local || progress.captures.is_empty()) {
                entry.verified.insert(name);
                continue;
            }
            let pending = Pending {
                piece,
                state: if is_proven { State::Uploaded } else { State::Local },
                turn: Turn::at(now),
            };
            entry.pending.insert(name, pending);
        }
        if !self.keeps_local && progress.is_ended && !progress.captures.is_empty() && entry.removal.is_none()
        {
            entry.removal = Some(Turn::at(now));
        }
    }

    /// The keys of a recording were destroyed: what the bucket has of it is to go.
    pub fn handle_shredded(&mut self, now: Instant, id: RecordingId, is_erased: bool) {
        let entry = self.recordings.entry(id).or_default();
        entry.is_ended = true;
        entry.is_shredded = true;
        entry.removal = None;
        // what somebody does can't be called back, and what it leaves is erased after it
        entry.pending.retain(|_, pending| pending.turn.due.is_none());
        if !is_erased && entry.erasure.is_none() {
            entry.erasure = Some(Erasure {
                turn: Turn::at(now),
                is_second: false,
                is_empty: false,
            });
        }
    }

    /// The folder of a recording is not there any more.
    pub fn handle_gone(&mut self, id: RecordingId) {
        self.recordings.remove(&id);
    }

    /// An object was put, as the bucket says.
    pub fn handle_put(&mut self, now: Instant, piece: &Piece) {
        self.proceed(now + CHECK_AFTER, piece, State::Uploaded);
    }

    /// An object was read back, and is what the folder has.
    pub fn handle_same(&mut self, now: Instant, piece: &Piece, sum: Sum) {
        debug_assert_eq!(sum.length, piece.length, "it is the sum of something else");
        self.proceed(now, piece, State::Same(sum));
    }

    /// An object that the bucket took is not there, or another.
    pub fn handle_lost(&mut self, now: Instant, piece: &Piece, random: u32) {
        self.lost += 1;
        if let Some(pending) = self.pending(piece) {
            pending.state = State::Local;
            pending.turn.again(now, random);
        }
        self.forget_shredded(piece.recording);
    }

    /// It is written that a piece is the same.
    pub fn handle_noted(&mut self, piece: &Piece) {
        let Some(entry) = self.recordings.get_mut(&piece.recording) else {
            return;
        };
        let name = piece.name();
        if let Some(pending) = entry.pending.remove(&name) {
            debug_assert!(matches!(pending.state, State::Same(_)), "it was not checked");
            entry.verified.insert(name);
        }
    }

    /// The files with media are not in the folder any more.
    pub fn handle_removed(&mut self, id: RecordingId) {
        if let Some(entry) = self.recordings.get_mut(&id) {
            entry.removal = None;
        }
    }

    /// All objects of a recording were deleted, and there were so many.
    pub fn handle_erased(&mut self, now: Instant, id: RecordingId, found: usize) {
        let Some(erasure) = self.erasure(id) else { return };
        erasure.turn = Turn::at(now + CHECK_AFTER);
        if found == 0 && erasure.is_second {
            erasure.is_empty = true;
            erasure.turn = Turn::at(now);
        }
        erasure.is_second = true;
    }

    /// It is written that no object of a recording is there.
    pub fn handle_erasure_noted(&mut self, id: RecordingId) {
        if let Some(entry) = self.recordings.get_mut(&id) {
            entry.erasure = None;
        }
    }

    /// Something could not be done. It is tried again, later each time, and for ever. How much later is a number of all
    /// 32 bits by chance, so that all that failed together is not tried together. Says how often it failed in a row.
    pub fn handle_failed(&mut self, now: Instant, work: &Work, random: u32) -> u32 {
        self.failures += 1;
        let (id, turn) = match work {
            Work::Put(piece) | Work::Check(piece) | Work::Note(piece, _) => (
                piece.recording,
                self.pending(piece).map(|pending| &mut pending.turn),
            ),
            Work::Remove(id, _) => {
                let entry = self.recordings.get_mut(id);
                (*id, entry.and_then(|entry| entry.removal.as_mut()))
            }
            Work::Erase(id) | Work::NoteErased(id) => {
                (*id, self.erasure(*id).map(|erasure| &mut erasure.turn))
            }
        };
        let failures = turn.map_or(0, |turn| {
            turn.again(now, random);
            turn.failures
        });
        self.forget_shredded(id);
        failures
    }

    /// What is to be done now; whoever takes it tells how it ended.
    pub fn poll_work(&mut self, now: Instant) -> Option<Work> {
        let entries = self.recordings.iter_mut();
        let turns = entries.flat_map(|(id, entry)| entry.turns().map(|(turn, task)| (*id, turn, task)));
        let due = turns.filter(|(_, turn, _)| turn.due.is_some_and(|due| due <= now));
        let (id, turn, task) = due.min_by_key(|(_, turn, _)| turn.due)?;
        turn.due = None;
        Some(task.work(id))
    }

    /// When something is to be done.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        let turns = self.recordings.values_mut().flat_map(Entry::turns);
        turns.filter_map(|(turn, _)| turn.due).min()
    }

    /// Whether a recording need not be looked at again, but for its keys being destroyed: it will not change.
    pub fn is_final(&self, id: RecordingId) -> bool {
        self.recordings.get(&id).is_some_and(|entry| entry.is_ended)
    }

    /// Whether its keys were destroyed, and it need not be looked at for that either.
    pub fn is_shredded(&self, id: RecordingId) -> bool {
        self.recordings.get(&id).is_some_and(|entry| entry.is_shredded)
    }

    /// Whether the media of a recording may leave the folder: it has ended, and all of it is verified.
    pub fn is_deletable(&self, id: RecordingId) -> bool {
        self.recordings.get(&id).is_some_and(Entry::is_deletable)
    }

    /// All that are known.
    pub fn recordings(&self) -> impl Iterator<Item = RecordingId> {
        self.recordings.keys().copied()
    }

    /// What is counted.
    pub fn uploads(&self) -> Uploads {
        let pending = self.recordings.values();
        let pending = pending.map(|entry| entry.pending.len() + usize::from(entry.erasure.is_some()));
        Uploads {
            pending: pending.sum::<usize>() as u64,
            failures: self.failures,
            lost: self.lost,
        }
    }

    fn pending(&mut self, piece: &Piece) -> Option<&mut Pending> {
        let entry = self.recordings.get_mut(&piece.recording)?;
        entry.pending.get_mut(&piece.name())
    }

    fn erasure(&mut self, id: RecordingId) -> Option<&mut Erasure> {
        self.recordings.get_mut(&id)?.erasure.as_mut()
    }

    fn proceed(&mut self, due: Instant, piece: &Piece, state: State) {
        if let Some(pending) = self.pending(piece) {
            pending.state = state;
            pending.turn.due = Some(due);
        }
        self.forget_shredded(piece.recording);
    }

    /// What somebody still did of a recording when its keys were destroyed is over.
    fn forget_shredded(&mut self, id: RecordingId) {
        if let Some(entry) = self.recordings.get_mut(&id)
            && entry.is_shredded
        {
            entry.pending.retain(|_, pending| pending.turn.due.is_none());
        }
    }
}

impl Entry {
    fn is_deletable(&self) -> bool {
        self.is_ended && !self.is_shredded && self.pending.is_empty()
    }

    /// All that may be done of it, with when.
    fn turns(&mut self) -> impl Iterator<Item = (&mut Turn, Task<'_>)> {
        let is_deletable = self.is_deletable();
        let is_quiet = self.pending.is_empty();
        let removal = self.removal.as_mut().filter(|_| is_deletable);
        let captures = &self.captures;
        let removal = removal.map(|turn| (turn, Task::Remove(captures)));
        let erasure = self.erasure.as_mut().filter(|_| is_quiet);
        let erasure = erasure.map(|erasure| (&mut erasure.turn, Task::Erase(erasure.is_empty)));
        let pending = self.pending.values_mut();
        let pending = pending.map(|Pending { piece, state, turn }| (turn, Task::Piece(piece, state)));
        pending.chain(removal).chain(erasure)
    }
}

/// What may be done of a recording.
enum Task<'a> {
    Piece(&'a Piece, &'a State),
    Remove(&'a [String]),
    /// Nothing is there any more, or that is not known.
    Erase(bool),
}

impl Task<'_> {
    fn work(self, id: RecordingId) -> Work {
        match self {
            Self::Piece(piece, State::Local) => Work::Put(piece.clone()),
            Self::Piece(piece, State::Uploaded) => Work::Check(piece.clone()),
            Self::Piece(piece, State::Same(sum)) => Work::Note(piece.clone(), sum.clone()),
            Self::Remove(captures) => Work::Remove(id, captures.to_vec()),
            Self::Erase(false) => Work::Erase(id),
            Self::Erase(true) => Work::NoteErased(id),
        }
    }
}

/// Those whose bytes will not change: whole ones, and when a recording has ended the rest.
fn pieces(id: RecordingId, progress: &Progress) -> Vec<Piece> {
    let mut found = Vec::new();
    for (file, durable) in &progress.captures {
        let mut from = 0;
        while from + PIECE_BYTES <= *durable || (progress.is_ended && from < *durable) {
            found.push(Piece {
                recording: id,
                file: file.clone(),
                number: Some(from / PIECE_BYTES),
                from,
                length: PIECE_BYTES.min(durable - from),
            });
            from += PIECE_BYTES;
        }
    }
    found.extend(progress.small.iter().map(|(file, length)| Piece {
        recording: id,
        file: file.clone(),
        number: None,
        from: 0,
        length: *length,
    }));
    found
}

/// Between putting an object and reading it back: a bucket may take what it then loses.
pub const CHECK_AFTER: Duration = Duration::from_secs(10);

/// After the first failure, at least.
const SHORTEST: Duration = Duration::from_secs(1);

/// However often it failed.
const LONGEST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests;
