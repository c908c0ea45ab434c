//! A recording while it is made, without I/O.
//!
//! Owns: which bytes follow which, where clusters begin, and what is done when a disk fails. Never does: write.
//!
//! Frames and gaps go in; [`Capture::poll_span`] gives what is to be appended and made durable, and
//! [`Capture::handle_durable`] says that it is. Frames are kept until then: a disk that is full costs pictures and no
//! sound, a disk that fails costs pictures up to the next key frame.

use std::collections::BTreeSet;

use crate::chain::Chain;
use crate::frame::{Frame, Gap, Reason};
use crate::journal::{Cluster, Durable, End, File, Record};
use crate::manifest::Manifest;
use crate::matroska;

/// See the module.
#[derive(Debug)]
pub struct Capture {
    manifest: Manifest,
    state: State,
    /// As it was when all before was durable.
    durable: State,
    /// What came since.
    kept: Vec<Frame>,
    pending: Pending,
    is_sound_only: bool,
}

/// What is to be made durable next, in this order: the file's bytes, and then the journal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The number of the file that the bytes are of.
    pub file: u16,
    /// Where they begin in it.
    pub offset: u64,
    /// To be appended to the file.
    pub bytes: Vec<u8>,
    /// To be appended to the journal when those are durable.
    pub records: Vec<u8>,
}

#[derive(Clone, Debug)]
struct State {
    file: u16,
    /// How long the file is.
    length: u64,
    chain: Chain,
    cluster: Option<Open>,
    /// Of this file.
    clusters: Vec<Cluster>,
    /// The last time of a frame.
    micros: u64,
    /// Picture tracks of which nothing can be written before a key frame.
    waiting: Vec<Waiting>,
    /// Pictures that come by another track.
    left: BTreeSet<u8>,
}

/// A picture that is not recorded.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    track: u8,
    /// In microseconds.
    since: u64,
    /// None: nothing of it came before.
    reason: Option<Reason>,
}

/// The cluster that is written to.
#[derive(Clone, Copy, Debug)]
struct Open {
    millis: u64,
    has_picture: bool,
}

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// There is to be a span, whether or not it has bytes.
    is_wanted: bool,
}

impl Capture {
    /// Nothing is durable yet, the header neither.
    pub fn begin(manifest: Manifest) -> Self {
        let state = State::of_file(&manifest, 0, 0);
        let mut capture = Self {
            manifest,
            durable: state.clone(),
            state,
            kept: Vec::new(),
            pending: Pending::default(),
            is_sound_only: false,
        };
        capture.write_header();
        capture
    }

    /// What it is of.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The last time of a frame, in microseconds.
    pub(crate) const fn micros(&self) -> u64 {
        self.state.micros
    }

    /// A whole frame, in about the order of time. What is of no track of the manifest is dropped.
    pub fn handle_frame(&mut self, frame: Frame) {
        if self.write_frame(&frame) {
            self.kept.push(frame);
        }
    }

    /// Something of a track will not come.
    pub fn handle_gap(&mut self, gap: Gap) {
        self.pending.records.push(Record::Gap(gap));
    }

    /// Nothing comes of a picture's track any more, unless something does: nothing of it is missing then.
    pub(crate) fn handle_left(&mut self, track: u8) {
        self.state.left.insert(track);
        let waiting = self
            .state
            .waiting
            .iter()
            .position(|waiting| waiting.track == track);
        if let Some(at) = waiting {
            let waiting = self.state.waiting[at];
            self.state.waiting[at].reason = None;
            self.tell_gap(waiting, self.state.micros);
        }
    }

    /// Something beside the media is to be durable with the next span.
    pub(crate) fn handle_beside(&mut self) {
        self.pending.is_wanted = true;
    }

    /// What came since the last one; nothing if nothing did.
    pub fn poll_span(&mut self) -> Option<Span> {
        let Pending {
            bytes,
            records,
            is_wanted,
        } = std::mem::take(&mut self.pending);
        if bytes.is_empty() && records.is_empty() && !is_wanted {
            return None;
        }
        let from = self.state.length;
        self.state.length += bytes.len() as u64;
        self.state.chain = self.state.chain.next(&bytes);
        let durable = Record::Durable(Durable {
            from,
            to: self.state.length,
            micros: self.state.micros,
            chain: self.state.chain,
        });
        let records = records.iter().chain([&durable]).flat_map(Record::write).collect();
        Some(Span {
            file: self.state.file,
            offset: from,
            bytes,
            records,
        })
    }

    /// The span is durable, its records too. Returns up to which time the recording is safe, in microseconds.
    pub fn handle_durable(&mut self) -> u64 {
        self.durable = self.state.clone();
        self.kept.clear();
        self.state.micros
    }

    /// The disk is full, and the file is as long again as before the span: from here on sound alone is recorded, that of
    /// the span too.
    pub fn handle_full(&mut self) {
        self.is_sound_only = true;
        let left = std::mem::take(&mut self.state.left);
        self.state = State {
            left,
            ..self.durable.clone()
        };
        self.state.await_keys(&self.manifest, Some(Reason::DiskFull));
        self.pending = Pending::default();
        if self.state.length == 0 {
            self.write_header();
        }
        self.write_kept();
    }

    /// The disk is about to be full: from here on sound alone is recorded. What came before stays.
    pub(crate) fn handle_shortage(&mut self) {
        self.is_sound_only = true;
        self.state.await_keys(&self.manifest, Some(Reason::DiskFull));
    }

    /// There is room again: pictures go on at their next key frames.
    pub const fn handle_room(&mut self) {
        self.is_sound_only = false;
    }

    /// The file can't be trusted any more. What is durable of it stays; the rest goes on in another one.
    pub fn handle_failed(&mut self) {
        let waiting = std::mem::take(&mut self.durable.waiting);
        let left = std::mem::take(&mut self.state.left);
        self.state = State {
            waiting,
            left,
            ..State::of_file(&self.manifest, self.state.file + 1, self.durable.micros)
        };
        self.state.await_keys(&self.manifest, Some(Reason::DiskFailed));
        self.durable = self.state.clone();
        self.pending = Pending::default();
        self.write_header();
        self.write_kept();
    }

    /// The last span: the rest, the index, and the end.
    pub fn end(&mut self) -> Span {
        for waiting in self.state.waiting.clone() {
            self.tell_gap(waiting, self.state.micros);
        }
        let header = matroska::header(&self.manifest);
        let cues = matroska::cues(&self.state.clusters, matroska::segment_offset(&header));
        self.pending.bytes.extend(cues);
        let mut span = self
            .poll_span()
            .unwrap_or_else(|| unreachable!("an index has bytes"));
        span.records.extend(Record::End(End::Stopped).write());
        span
    }

    fn write_header(&mut self) {
        let file = File {
            number: self.state.file,
        };
        self.pending.records.push(Record::File(file));
        self.pending.bytes.extend(matroska::header(&self.manifest));
    }

    fn write_kept(&mut self) {
        for frame in std::mem::take(&mut self.kept) {
            self.handle_frame(frame);
        }
    }

    /// False: nothing of it is to be kept.
    fn write_frame(&mut self, frame: &Frame) -> bool {
        let Some(is_sound) = self
            .manifest
            .track(frame.track)
            .map(crate::manifest::Track::is_sound)
        else {
            return false;
        };
        if !is_sound && self.is_sound_only {
            self.state.handle_dropped(frame);
            return false;
        }
        if !is_sound && !self.is_awaited(frame) {
            return false;
        }
        let millis = frame.micros / 1000;
        if self
            .state
            .wants_cluster(millis, !is_sound && frame.is_key, is_sound)
        {
            self.open_cluster(millis);
        }
        let Some(cluster) = &mut self.state.cluster else {
            return false;
        };
        cluster.has_picture |= !is_sound;
        self.state.left.remove(&frame.track);
        if matroska::block(&mut self.pending.bytes, cluster.millis, frame).is_none() {
            return false;
        }
        self.state.micros = self.state.micros.max(frame.micros);
        true
    }

    /// Whether a frame of a picture can be decoded after what stands before it.
    fn is_awaited(&mut self, frame: &Frame) -> bool {
        let Some(at) = self
            .state
            .waiting
            .iter()
            .position(|waiting| waiting.track == frame.track)
        else {
            return true;
        };
        if frame.is_key {
            let waiting = self.state.waiting.remove(at);
            self.tell_gap(waiting, frame.micros);
        }
        frame.is_key
    }

    fn tell_gap(
        &mut self,
        Waiting {
            track,
            since: from,
            reason,
        }: Waiting,
        to: u64,
    ) {
        if let Some(reason) = reason.filter(|_| from < to) {
            self.handle_gap(Gap {
                track,
                from,
                to,
                reason,
            });
        }
    }

    fn open_cluster(&mut self, millis: u64) {
        let offset = self.state.length + self.pending.bytes.len() as u64;
        let cluster = Cluster { millis, offset };
        self.state.cluster = Some(Open {
            millis,
            has_picture: false,
        });
        self.state.clusters.push(cluster);
        self.pending.records.push(Record::Cluster(cluster));
        matroska::cluster(&mut self.pending.bytes, millis);
    }
}

impl State {
    fn of_file(manifest: &Manifest, file: u16, micros: u64) -> Self {
        let mut state = Self {
            file,
            length: 0,
            chain: Chain::begin(manifest.id, file),
            cluster: None,
            clusters: Vec::new(),
            micros,
            waiting: Vec::new(),
            left: BTreeSet::new(),
        };
        state.await_keys(manifest, None);
        state
    }

    /// Nothing of a picture is written before a key frame of it. What is waited for already is so since longer, and of a
    /// track that has not begun nothing is missing.
    fn await_keys(&mut self, manifest: &Manifest, reason: Option<Reason>) {
        let before = std::mem::take(&mut self.waiting);
        let pictures = (1..).zip(&manifest.tracks).filter(|(_, track)| !track.is_sound());
        let waiting = pictures.map(|(track, _)| Waiting {
            track,
            since: self.micros,
            reason: reason.filter(|_| !self.left.contains(&track)),
        });
        let earlier = |new: Waiting| {
            let known = before.iter().find(|known| known.track == new.track);
            known.copied().unwrap_or(new)
        };
        self.waiting = waiting.map(earlier).collect();
    }

    /// A frame of a picture is not written, for want of room: if its track had not begun, it is missing from here on.
    fn handle_dropped(&mut self, frame: &Frame) {
        let mut waiting = self.waiting.iter_mut();
        let new = waiting.find(|waiting| waiting.track == frame.track && waiting.reason.is_none());
        if let Some(waiting) = new {
            waiting.since = frame.micros;
            waiting.reason = Some(Reason::DiskFull);
        }
    }

    /// Clusters begin at key frames, so that a player can begin there; and now and then where there is sound alone.
    fn wants_cluster(&self, millis: u64, is_key_picture: bool, is_sound: bool) -> bool {
        let Some(cluster) = self.cluster else { return true };
        let age = millis.saturating_sub(cluster.millis);
        (is_key_picture && age >= SHORTEST_MILLIS)
            || (is_sound && !cluster.has_picture && age >= SOUND_MILLIS)
            || age >= LONGEST_MILLIS
    }
}

/// Two people's key frames that come close to each other share a cluster.
const SHORTEST_MILLIS: u64 = 500;
/// Of sound alone: as long as those with pictures are.
const SOUND_MILLIS: u64 = 5_000;
/// RFC 9559 §10.2: a block's time is 16 bits, signed, from its cluster's.
const LONGEST_MILLIS: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::testing::{manifest, second};

    #[test]
    fn a_track_that_was_left_for_another_is_not_missing_when_the_disk_is_full() {
        let mut capture = Capture::begin(manifest());
        let mut records = Vec::new();
        let mut second_of = |capture: &mut Capture, number, is_left: bool| {
            let frames = second(number).into_iter().map(|frame| Frame {
                // the picture of the second one goes on in its spare
                track: if is_left && frame.track == 4 {
                    5
                } else {
                    frame.track
                },
                ..frame
            });
            frames.for_each(|frame| capture.handle_frame(frame));
            records.extend(capture.poll_span().into_iter().flat_map(|span| span.records));
            capture.handle_durable();
        };
        second_of(&mut capture, 0, false);
        capture.handle_left(4);
        second_of(&mut capture, 2, true);
        capture.handle_shortage();
        second_of(&mut capture, 3, true);
        capture.handle_room();
        second_of(&mut capture, 4, true);
        records.extend(capture.end().records);
        let gaps = Journal::read(&records).records.into_iter();
        let gaps = gaps.filter_map(|record| match record {
            Record::Gap(gap) => Some(gap.track),
            _ => None,
        });
        assert_eq!(gaps.collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn a_camera_that_comes_on_while_the_disk_is_full_is_missing_from_then_on() {
        let mut capture = Capture::begin(manifest());
        let mut records = Vec::new();
        let mut handle = |capture: &mut Capture, number, without: u8| {
            let frames = second(number);
            let frames = frames.into_iter().filter(|frame| frame.track != without);
            frames.for_each(|frame| capture.handle_frame(frame));
            records.extend(capture.poll_span().into_iter().flat_map(|span| span.records));
            capture.handle_durable();
        };
        handle(&mut capture, 0, 4);
        capture.handle_shortage();
        handle(&mut capture, 1, 4);
        handle(&mut capture, 2, 0);
        capture.handle_room();
        handle(&mut capture, 3, 0);
        handle(&mut capture, 4, 0);
        let gaps = Journal::read(&records)
            .records
            .into_iter()
            .filter_map(|record| match record {
                Record::Gap(gap) => Some((gap.track, gap.from, gap.to)),
                _ => None,
            });
        // the last sound of the first second; the first picture of the third
        let expected = [(2, 900_000, 4_000_000), (4, 2_000_000, 4_000_000)];
        assert_eq!(gaps.collect::<Vec<_>>(), expected);
    }
}
