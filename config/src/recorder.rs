//! `[recorder]`: recordings.
//!
//! Owns: the section's keys and defaults. Never does: make the folder.

use std::path::PathBuf;

use serde::Deserialize;

use crate::units::ByteSize;

/// Where recordings are kept, and how much room they have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recorder {
    /// The folder of recordings, best on a file system of their own; absent means that nothing is recorded. The server
    /// makes it.
    pub folder: Option<PathBuf>,
    /// With less room than this no recording begins.
    pub floor: ByteSize,
    /// Room that is taken beforehand, and given back when the disk is full: for sound, and to end in order.
    pub reserve: ByteSize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            folder: None,
            // Some 55 minutes of two pictures of 2.5 Mbit/s and their sound.
            floor: ByteSize::from_bytes(2 << 30),
            // Two hours of the sound of two people.
            reserve: ByteSize::from_bytes(64 << 20),
        }
    }
}
