//! One source of one person, and the tracks that it is written to.
//!
//! Owns: which of them at the moment. Never does: write.
//!
//! A track of a file has one codec for ever, and a source does not: a camera that is off at the start has none yet, and
//! who comes in again may do so by another browser. So each picture has a track for every codec that there is; those that
//! nothing comes for cost some bytes of the header.

use std::time::{Duration, Instant};

use rapport_seal::Codec;
use rapport_sfu::id::TapId;

/// See the module.
#[derive(Debug)]
pub(super) struct Feed {
    /// What listens to it at present.
    pub(super) tap: TapId,
    /// Whose it is: all that somebody publishes has one clock.
    pub(super) owner: u32,
    pub(super) is_silent: bool,
    /// The number of the track that is written.
    pub(super) track: u8,
    /// Those of other codecs.
    pub(super) spares: Vec<(Codec, u8)>,
    /// When a key frame of another codec was wished for.
    wished: Option<Instant>,
}

impl Feed {
    pub(super) const fn new(tap: TapId, owner: u32, track: u8) -> Self {
        Self {
            tap,
            owner,
            is_silent: false,
            track,
            spares: Vec::new(),
            wished: None,
        }
    }

    /// From here on another track is written: of this codec, and before it was the other one.
    pub(super) fn switch(&mut self, codec: Codec, before: Codec) -> Option<u8> {
        let spare = self.spares.iter_mut().find(|(of, _)| *of == codec)?;
        let track = spare.1;
        *spare = (before, std::mem::replace(&mut self.track, track));
        self.wished = None;
        Some(track)
    }

    pub(super) fn has_spare(&self, codec: Codec) -> bool {
        self.spares.iter().any(|(of, _)| *of == codec)
    }

    /// Whether one is to be asked for, by which another track can begin.
    pub(super) fn wish(&mut self, now: Instant) -> bool {
        let is_due = self.wished.is_none_or(|wished| wished + BETWEEN <= now);
        if is_due {
            self.wished = Some(now);
        }
        is_due
    }
}

/// As often as the intake wishes at most.
const BETWEEN: Duration = Duration::from_secs(1);
