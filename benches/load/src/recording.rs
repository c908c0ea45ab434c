//! A trace, cut so that it can be played: by encoding, with a key frame of each at hand.
//!
//! Owns: what all who play the same trace share. Never does: know who plays, or where he is.

use std::time::Duration;

use rapport_sfu::codec::Codec;

use crate::trace::{Frame, Trace};

/// One recorded track.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) codec: Codec,
    /// After this long it is played again.
    pub(crate) length: Duration,
    /// The smallest first.
    pub(crate) encodings: Vec<Lane>,
}

/// One encoding of a recording.
#[derive(Debug)]
pub(crate) struct Lane {
    /// In the order of time; never empty, the first one a key frame.
    pub(crate) frames: Vec<Frame>,
}

impl Recording {
    /// Cuts a trace; its encodings all have frames, or it would not have been read.
    pub(crate) fn new(trace: Trace) -> Self {
        let mut encodings: Vec<_> = (0..trace.encodings)
            .map(|_| Lane { frames: Vec::new() })
            .collect();
        for frame in trace.frames {
            if let Some(lane) = encodings.get_mut(usize::from(frame.encoding)) {
                lane.frames.push(frame);
            }
        }
        encodings.retain(|lane| !lane.frames.is_empty());
        Self {
            codec: trace.codec,
            length: trace.length,
            encodings,
        }
    }

    /// The same without all encodings but the largest: what a client sends that does no simulcast.
    pub(crate) fn largest_alone(mut self) -> Self {
        self.encodings.drain(..self.encodings.len().saturating_sub(1));
        self
    }
}
