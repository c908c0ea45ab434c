//! What goes into a recording.
//!
//! Owns: frames and gaps. Never does: look into a frame.

use serde::{Deserialize, Serialize};

/// A whole sealed frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Of its track, from 1.
    pub track: u8,
    /// Since the beginning of the recording, in microseconds.
    pub micros: u64,
    /// A decoder can begin with it; each frame of sound is one.
    pub is_key: bool,
    /// As it stands in a file of its codec.
    pub bytes: Vec<u8>,
}

/// What is missing of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Of the track.
    pub track: u8,
    /// Since the beginning, in microseconds.
    pub from: u64,
    /// The end, likewise.
    pub to: u64,
    /// Why.
    pub reason: Reason,
}

/// Why something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Packets did not come, and were not to be had again.
    Lost,
    /// The disk was full: pictures go first.
    DiskFull,
    /// The disk failed: what was not durable yet is gone with the file.
    DiskFailed,
}
