//! Recorded encodings: when a browser sent packets, and how large they were.
//!
//! Owns: the recordings under `traces/` and their form. Never does: hold what was seen or heard.
//!
//! # The form
//!
//! Text, a line a frame, in the order in which the frames' first packets were sent:
//!
//! ```text
//! trace 1 codec=vp8 encodings=320x180,640x360,1280x720 clock=90000 length=20000000
//! # Where it comes from, for people; any line may be such a note.
//! 0 0 K 0 1123 640+31
//! 210 1 K 0 1150 1150+18 1150+22 871+15
//! 33310 0 D 3000 402
//! ```
//!
//! The first line names the form and its version, the codec (`opus`, `vp8` or `vp9`, the latter of profile 0), the
//! encodings from the smallest, the rate of the RTP clock, and the length in microseconds. A frame is
//!
//! | column | is |
//! |---|---|
//! | 1 | when its first packet was sent, in microseconds since the first packet of the recording |
//! | 2 | its encoding, from 0 |
//! | 3 | `K` for a key frame (every frame of sound is one), `D` for one that needs others |
//! | 4 | ticks of the RTP clock since the first frame of its encoding |
//! | 5 | bytes of RTP payload of its first packet |
//! | 6 … | the same for each further packet, `+`, and microseconds since the packet before |
//!
//! Packets of different encodings may lie between one another in time; those of one frame are in their order.
//!
//! # The descriptor in these sizes
//!
//! A payload starts with the descriptor of its codec, whose bytes count: 1 for VP8, since Chromium leaves the
//! picture ID out where the Dependency Descriptor is sent; 4 for VP9, in key frames 3, and 5 more in the first packet
//! of one; none for Opus. `traces/README.md` says how that was found.

mod text;

use std::time::Duration;

use rapport_sfu::codec::Codec;

pub use text::{Problem, TraceError};

/// One recording of one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was recorded.
    pub codec: Codec,
    /// How many encodings of the source there are, the smallest first.
    pub encodings: u8,
    /// How long it takes; then it can be played again from the start, which is a key frame.
    pub length: Duration,
    /// In the order in which their first packets were sent.
    pub frames: Vec<Frame>,
}

/// One encoded frame of one encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which encoding, from 0, the smallest.
    pub encoding: u8,
    /// It can be decoded alone.
    pub keyframe: bool,
    /// Ticks of the RTP clock since the first frame of its encoding.
    pub timestamp: u32,
    /// Its packets in the order in which they were sent.
    pub packets: Vec<Packet>,
}

/// One packet of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When it was sent, since the start of the recording.
    pub at: Duration,
    /// Bytes of RTP payload, with the payload descriptor of its codec.
    pub bytes: u16,
}

/// The recordings that come with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recording {
    /// A camera as one VP9 encoding, 1280×720.
    Vp9,
    /// A camera as three VP8 encodings: 320×180, 640×360, 1280×720.
    Vp8Simulcast,
    /// Somebody who talks, and pauses.
    Opus,
}

impl Recording {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Vp9, Self::Vp8Simulcast, Self::Opus];

    /// Its name on a command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vp9 => "vp9-720p",
            Self::Vp8Simulcast => "vp8-720p-simulcast",
            Self::Opus => "opus-talking",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Vp9 => include_str!("../traces/vp9-720p.trace"),
            Self::Vp8Simulcast => include_str!("../traces/vp8-720p-simulcast.trace"),
            Self::Opus => include_str!("../traces/opus-talking.trace"),
        }
    }
}

impl Trace {
    /// One that comes with the program.
    pub fn builtin(recording: Recording) -> Self {
        Self::parse(recording.text()).expect("a test reads each recording that comes with the program")
    }

    /// The frames of one encoding, in the order of their timestamps.
    pub fn encoding(&self, encoding: u8) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.encoding == encoding)
    }

    /// The first frame of an encoding, a key frame: what a publisher sends early who is asked for one. `None` if
    /// there is no such encoding.
    pub fn first_keyframe(&self, encoding: u8) -> Option<&Frame> {
        self.encoding(encoding).next()
    }

    /// Packets of all encodings in one playing.
    pub fn packets(&self) -> usize {
        self.frames.iter().map(|frame| frame.packets.len()).sum()
    }

    /// Bits of RTP payload a second over the whole length, all encodings together.
    pub fn bitrate(&self) -> f64 {
        let bytes: u64 = self.frames.iter().map(Frame::bytes).sum();
        bytes as f64 * 8.0 / self.length.as_secs_f64()
    }

    /// Every packet with its frame, in the order in which they were sent, whatever the encoding.
    pub fn schedule(&self) -> Vec<(&Frame, usize)> {
        let mut packets: Vec<_> = self
            .frames
            .iter()
            .flat_map(|frame| (0..frame.packets.len()).map(move |index| (frame, index)))
            .collect();
        packets.sort_by_key(|&(frame, index)| frame.packets[index].at);
        packets
    }
}

impl Frame {
    /// Bytes of RTP payload of all its packets.
    pub fn bytes(&self) -> u64 {
        self.packets.iter().map(|packet| u64::from(packet.bytes)).sum()
    }
}

#[cfg(test)]
mod tests;
