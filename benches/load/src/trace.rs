//! Recorded encodings: when a browser sent packets, and how large they were.
//!
//! Owns: the recordings under `traces/` and their form. Never does: hold what was seen or heard.

use std::time::Duration;

use rapport_sfu::codec::Codec;

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
