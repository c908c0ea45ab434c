//! Whole sealed frames out of tapped packets, on one timeline.
//!
//! Owns: the order, completeness and time of frames, and what is told of those that are missing. Never does: I/O, threads
//! or clocks; or open a frame.
//!
//! Packets go in by [`Intake::handle_packet`]; [`Intake::poll_output`] gives what [`Capture`](crate::Capture) takes, and
//! wishes for key frames. **Mutate, then drain; mutate, then drain**: what is not drained waits in memory.
//!
//! | file | owns |
//! |---|---|
//! | `reorder` | packets in order; how long a hole is waited for, and how much may wait |
//! | `assembly`, `payload` | whole frames out of packets |
//! | `continuity` | what can be decoded after a loss |
//! | `clock`, `timing` | when a frame was captured |
//! | `keyframes` | when a key frame is wanted |
//! | `track` | which encoding is written, and gaps |
//!
//! What a track holds is bounded, whatever its sender does: for each of three encodings two megabytes that wait behind a
//! hole and four of a frame that isn't complete. What is over it is lost as if it had not come.

mod assembly;
mod clock;
mod continuity;
mod keyframes;
mod payload;
mod reorder;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timing;
mod track;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::subscription::tap::TapPacket;

use crate::frame::{Frame, Gap};
use clock::OwnerClock;
use track::{Context, Track};

/// See the module.
#[derive(Debug)]
pub struct Intake {
    began: Instant,
    tracks: Vec<Track>,
    owners: BTreeMap<u32, OwnerClock>,
    outputs: Outputs,
    has_ended: bool,
}

/// What a track of the recording is fed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Of the track, from 1.
    pub number: u8,
    /// Whose it is: all that somebody publishes has one clock.
    pub owner: u32,
    /// Sound or picture.
    pub kind: MediaKind,
}

/// What came of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To be written. In order of time within a track, each later than the one before.
    Frame(Frame),
    /// Frames that are missing; told before the frame that ends it.
    Gap(Gap),
    /// The publisher of this track is to be asked for a key frame, of each encoding.
    WantsKeyframe {
        /// Of the track.
        number: u8,
    },
}

type Outputs = VecDeque<Output>;

impl Intake {
    /// Of a recording that begins now: what was captured before is not written.
    pub fn new(now: Instant, sources: Vec<Source>) -> Self {
        let mut intake = Self {
            began: now,
            owners: sources
                .iter()
                .map(|source| (source.owner, OwnerClock::default()))
                .collect(),
            tracks: sources.into_iter().map(Track::new).collect(),
            outputs: Outputs::new(),
            has_ended: false,
        };
        intake.handle_timeout(now);
        intake
    }

    /// A packet of the source of a track; of an unknown one, or of the other kind, nothing comes.
    pub fn handle_packet(&mut self, now: Instant, number: u8, packet: TapPacket) {
        self.with(now, number, |track, context| track.handle_packet(context, packet));
    }

    /// Nothing of the track is written from here on, and nothing of it is told to be missing: it is mute, or somebody
    /// does not consent any more. What came before is let out.
    pub fn handle_paused(&mut self, now: Instant, number: u8) {
        self.with(now, number, Track::handle_paused);
    }

    /// What is captured from `since` on is written, of what comes from here on; of a picture, from a key frame on.
    pub fn handle_resumed(&mut self, now: Instant, number: u8, since: Instant) {
        self.with(now, number, |track, context| track.handle_resumed(context, since));
    }

    /// One more track, which is paused. Its owner has one already.
    pub fn handle_spare(&mut self, source: Source) {
        self.tracks.push(Track::paused(source));
    }

    /// To be called when [`Self::poll_timeout`] says so.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.with_all(now, Track::handle_timeout);
    }

    /// Lets out what is whole. Nothing comes of what follows.
    pub fn handle_end(&mut self, now: Instant) {
        self.with_all(now, Track::handle_paused);
        self.has_ended = true;
    }

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.tracks.iter().filter_map(Track::poll_timeout).min()
    }

    /// What is to be done next; to be called until there is nothing.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How far the tracks of one person are apart from where their sender put them, of the worst of all; nothing where no
    /// sender report has told.
    pub fn skew(&self) -> Option<Duration> {
        let skew_of = |owner: &u32| {
            let own = self.tracks.iter().filter(|track| track.owner() == *owner);
            let aheads: Vec<_> = own.filter_map(Track::ahead).collect();
            let (least, most) = (aheads.iter().min()?, aheads.iter().max()?);
            Some(most.abs_diff(*least))
        };
        let worst = self.owners.keys().filter_map(skew_of).max();
        worst.map(Duration::from_micros)
    }

    #[cfg(test)]
    fn held_bytes(&self) -> usize {
        self.tracks.iter().map(Track::held_bytes).sum()
    }

    fn with(&mut self, now: Instant, number: u8, handle: impl FnOnce(&mut Track, &mut Context<'_>)) {
        let track = self.tracks.iter_mut().find(|track| track.number() == number);
        let Some(track) = track.filter(|_| !self.has_ended) else {
            return;
        };
        let Some(owner) = self.owners.get_mut(&track.owner()) else {
            return;
        };
        let mut context = Context {
            now,
            began: self.began,
            owner,
            outputs: &mut self.outputs,
        };
        handle(track, &mut context);
    }

    fn with_all(&mut self, now: Instant, handle: impl Fn(&mut Track, &mut Context<'_>)) {
        let numbers: Vec<_> = self.tracks.iter().map(Track::number).collect();
        numbers
            .into_iter()
            .for_each(|number| self.with(now, number, &handle));
    }
}
