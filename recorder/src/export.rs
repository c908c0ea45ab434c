//! A recording as a file that any player plays.
//!
//! Owns: when each frame is shown. Never does: keep a frame longer than it has to wait for others, or write one that was
//! not opened.
//!
//! The recording is gone through twice. First each clock is set: a sender says when a frame was captured, by a clock
//! that is one for all that they send, and the server when it had it. What took least on its way says how far their
//! clocks are apart. So sound and picture of a sender belong together as they were made, whatever the network did; and
//! senders as far as the server's word goes. Then frames are written in the order of these times.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};

use rapport_seal::Codec;

use crate::configuration::{channels, in_file, private};
use crate::frame::Frame;
use crate::manifest::{Manifest, Track};
use crate::matroska::opus_head;
use crate::opening::{OpenError, OpenFrame, Opening, Why};
use crate::plain::{Form, Plain, PlainTrack};
use crate::storage::Storage;
use crate::webm::is_webm;

/// What was written, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How long it is.
    pub millis: u64,
    /// Tracks with a frame in it.
    pub tracks: usize,
    /// Frames in it.
    pub frames: u64,
    /// Frames that are not.
    pub left_out: LeftOut,
    /// Of a codec that WebM does not know: the file is Matroska.
    pub is_matroska: bool,
    /// Of a codec that few players play in MP4.
    pub has_vp8: bool,
}

/// Frames that were not opened, by what stood in the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// No capsule has their key, for this recipient.
    pub no_capsule: u64,
    /// They were changed, are there twice, or stand in the track of another sender.
    pub unauthentic: u64,
    /// Nobody agreed to record this of their sender.
    pub not_agreed: u64,
}

/// Why nothing is written, or not all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No frame of it can be.
    #[error("not one of its frames can be opened by this key")]
    Nothing(LeftOut),
    /// The file can't be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Writes all that can be opened. `out` is no recording before this returns.
pub fn export<S: Storage>(
    opening: &mut Opening<S>,
    form: Form,
    out: impl Write + Seek,
) -> Result<Exported, ExportError> {
    let survey = Survey::make(opening)?;
    if survey.frames == 0 {
        return Err(ExportError::Nothing(survey.left_out));
    }
    let tracks = survey.tracks(opening);
    let mut exported = Exported {
        tracks: tracks.len(),
        frames: survey.frames,
        left_out: survey.left_out,
        is_matroska: form == Form::Webm && !tracks.iter().all(|track| is_webm(track.codec)),
        has_vp8: tracks.iter().any(|track| track.codec == Codec::Vp8),
        millis: 0,
    };
    let manifest = opening.verified().manifest.clone();
    let mut plain = Plain::begin(form, out, tracks)?;
    let mut timeline = Timeline::new(survey.clocks);
    for frame in opening.frames() {
        // what stays closed is counted already
        let Ok(frame) = frame? else { continue };
        let Some(track) = manifest.track(frame.frame.track) else {
            continue;
        };
        timeline.handle_frame(frame, track);
        while let Some(frame) = timeline.poll_frame() {
            plain.write(&frame)?;
        }
    }
    timeline.handle_end();
    while let Some(frame) = timeline.poll_frame() {
        plain.write(&frame)?;
    }
    exported.millis = plain.end()?;
    Ok(exported)
}

/// What is to be known before the first frame is written.
#[derive(Debug, Default)]
struct Survey {
    frames: u64,
    left_out: LeftOut,
    /// Of each sender: what has to be added to their time to have the server's, in microseconds.
    clocks: BTreeMap<u16, i64>,
    known: BTreeMap<u8, Known>,
}

/// What frames say of their track.
#[derive(Debug, Default)]
struct Known {
    private: Option<Vec<u8>>,
    channels: u8,
    width: u16,
    height: u16,
}

impl Survey {
    fn make<S: Storage>(opening: &mut Opening<S>) -> Result<Self, OpenError> {
        let manifest = opening.verified().manifest.clone();
        let mut survey = Self::default();
        for frame in opening.frames() {
            match frame? {
                Ok(frame) => survey.handle_frame(&frame, &manifest),
                Err(closed) => survey.left_out.count(closed.why),
            }
        }
        Ok(survey)
    }

    fn handle_frame(&mut self, OpenFrame { frame, trailer }: &OpenFrame, manifest: &Manifest) {
        let Some(track) = manifest.track(frame.track) else {
            return;
        };
        self.frames += 1;
        let apart = signed(frame.micros).saturating_sub(signed(trailer.capture_micros));
        let clock = self.clocks.entry(track.sender).or_insert(apart);
        *clock = apart.min(*clock);
        let known = self.known.entry(frame.track).or_default();
        known.channels = known.channels.max(channels(&frame.bytes));
        if known.private.is_none() {
            known.private = private(track.codec, &frame.bytes);
        }
        // the largest: players scale what differs
        known.width = known.width.max(trailer.width);
        known.height = known.height.max(trailer.height);
    }

    fn tracks<S: Storage>(&self, opening: &Opening<S>) -> Vec<PlainTrack> {
        let manifest = &opening.verified().manifest;
        let tracks = self.known.iter().filter_map(|(number, known)| {
            let track = manifest.track(*number)?;
            let sender = opening.agreed().owner_of(track);
            Some(PlainTrack {
                number: *number,
                codec: track.codec,
                name: sender.map(|person| person.name.clone()).unwrap_or_default(),
                private: if track.is_sound() {
                    Some(opus_head(known.channels).to_vec())
                } else {
                    known.private.clone()
                },
                channels: known.channels,
                width: if known.width > 0 { known.width } else { track.width },
                height: if known.height > 0 {
                    known.height
                } else {
                    track.height
                },
            })
        });
        tracks.collect()
    }
}

impl LeftOut {
    /// All of them.
    pub const fn sum(&self) -> u64 {
        self.no_capsule + self.unauthentic + self.not_agreed
    }

    const fn count(&mut self, why: Why) {
        match why {
            Why::NoCapsule(_) => self.no_capsule += 1,
            Why::NotAgreed(_) => self.not_agreed += 1,
            Why::Unauthentic(_) | Why::Repeated(_) | Why::Misplaced(_) | Why::Form => self.unauthentic += 1,
        }
    }
}

/// Frames in the order in which they were captured.
#[derive(Debug)]
struct Timeline {
    clocks: BTreeMap<u16, i64>,
    /// By time, and by when they came.
    waiting: BTreeMap<(i64, u64), Frame>,
    came: u64,
    /// The last time of each track: its frames keep their order, which a decoder needs.
    last: BTreeMap<u8, i64>,
    /// The time up to which all have come.
    complete: i64,
    /// Of the first frame.
    begin: Option<i64>,
    /// Of the last one that went out.
    out: i64,
}

impl Timeline {
    const fn new(clocks: BTreeMap<u16, i64>) -> Self {
        Self {
            clocks,
            waiting: BTreeMap::new(),
            came: 0,
            last: BTreeMap::new(),
            complete: i64::MIN,
            begin: None,
            out: 0,
        }
    }

    fn handle_frame(&mut self, OpenFrame { mut frame, trailer }: OpenFrame, track: &Track) {
        let had = signed(frame.micros);
        let clock = self.clocks.get(&track.sender).copied().unwrap_or(0);
        let captured = signed(trailer.capture_micros).saturating_add(clock);
        // a clock that was set meanwhile says nothing: the server's time is what is left
        let is_plausible = (had - LONGEST_WAY..=had).contains(&captured);
        let time = if is_plausible { captured } else { had };
        let last = self.last.entry(frame.track).or_insert(time);
        *last = time.max(*last);
        frame.bytes = in_file(track.codec, frame.bytes);
        self.waiting.insert((*last, self.came), frame);
        self.came += 1;
        self.complete = self.complete.max(had - LONGEST_WAY);
    }

    fn handle_end(&mut self) {
        self.complete = i64::MAX;
    }

    fn poll_frame(&mut self) -> Option<Frame> {
        let entry = self.waiting.first_entry()?;
        let (time, _) = *entry.key();
        if time > self.complete {
            return None;
        }
        let frame = entry.remove();
        let begin = *self.begin.get_or_insert(time);
        // one that came still later than that goes last
        self.out = self.out.max(time - begin);
        Some(Frame {
            micros: self.out.unsigned_abs(),
            ..frame
        })
    }
}

/// Beyond the years that there are, the last one.
fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

/// Microseconds from a capture to the server. Later frames are not waited for: a call has broken off by then.
const LONGEST_WAY: i64 = 5_000_000;

#[cfg(test)]
mod tests;
