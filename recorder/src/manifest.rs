//! What a recording is of.
//!
//! Owns: the manifest. Never does: say what is in a file; the journal does.

use std::fmt;
use std::str::FromStr;

use rapport_seal::Codec;
use serde::{Deserialize, Serialize};

/// Names a recording: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub [u8; 16]);

/// Written once, before the first byte of media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of this form: 1.
    pub version: u8,
    /// Which.
    pub id: RecordingId,
    /// When it began, in milliseconds since 1970, by the server's clock.
    pub begun: u64,
    /// Of the frames (`web/client/LAYOUT.md`).
    pub layout: u8,
    /// RFC 9605 cipher suite.
    pub suite: u16,
    /// In which room, as its server calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// What it is for, as it was agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// When it is to be destroyed, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// What is recorded, in the order of track numbers from 1. Behind them, for each picture, tracks for the other codecs
    /// that it may come by: most of them stay empty.
    pub tracks: Vec<Track>,
}

/// One source of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// What its frames are coded by.
    pub codec: Codec,
    /// The upper bits of each KID of its sender when it began; another one when they have come in again since.
    pub sender: u16,
    /// Of the sender: the id of the device in hexadecimal, as proposals name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The number of the track that has the same picture by another codec: of one source there is a track for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_of: Option<u8>,
    /// Of the picture in pixels when it began; 0 where that is not known, and of sound.
    #[serde(default)]
    pub width: u16,
    /// Likewise.
    #[serde(default)]
    pub height: u16,
}

impl Manifest {
    /// Of what is written here.
    pub const VERSION: u8 = 1;

    /// The track with this number, from 1.
    pub fn track(&self, number: u8) -> Option<&Track> {
        self.tracks.get(usize::from(number).checked_sub(1)?)
    }
}

impl Track {
    /// How a device is written in [`Track::device`].
    pub fn spelt(device: &[u8; 32]) -> String {
        device.map(|byte| format!("{byte:02x}")).concat()
    }

    /// The picture of a source, by whatever codec it comes.
    pub(crate) const fn is_picture(&self) -> bool {
        !self.is_sound() && self.spare_of.is_none()
    }

    pub(crate) const fn is_sound(&self) -> bool {
        matches!(self.codec, Codec::Opus)
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingId({self})")
    }
}

/// That is no name of a recording.
#[derive(Debug, thiserror::Error)]
#[error("a recording is named by 32 hexadecimal digits")]
pub struct NoId;

impl FromStr for RecordingId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let is_name = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = u128::from_str_radix(text, 16).ok().filter(|_| is_name);
        value.map(|value| Self(value.to_be_bytes())).ok_or(NoId)
    }
}

impl Serialize for RecordingId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordingId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
