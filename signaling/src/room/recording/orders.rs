//! What a room and the recorder say to each other.
//!
//! Owns: the values. Never does: anything with them.

use std::time::Instant;

use rapport_keys::Capsule;
use rapport_recorder::RecordingId;
use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::TrackId;

use crate::auth::RoomName;

/// What the recorder has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordOrder {
    /// Begin.
    Begin(Box<Beginning>),
    /// At that moment all agree, and will until then; or not at the moment.
    Consented(RecordingId, Instant, Option<Instant>),
    /// Feed a track of the recording out of this track of the room from now on.
    Feed(RecordingId, u8, TrackId),
    /// A source was switched off by its publisher (`true`), or on: what does not come then is not missing.
    Silent(RecordingId, u8, bool),
    /// Keep these messages.
    Keep(RecordingId, Vec<String>),
    /// Keep a capsule: from here on frames under keys of this generation may be written.
    Capsule(RecordingId, Box<Capsule>, String),
    /// It is over.
    End(RecordingId),
}

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Beginning {
    /// Which.
    pub id: RecordingId,
    /// Of which room.
    pub room: RoomName,
    /// What for; see [`rapport_keys::Purpose::name`].
    pub purpose: &'static str,
    /// After so many it is to be destroyed.
    pub days: u16,
    /// In the order of their numbers, from 1.
    pub feeds: Vec<Feed>,
    /// What has to be kept from the start: hellos, the proposal, the consents.
    pub record: Vec<String>,
    /// All agree until then.
    pub until: Instant,
}

/// What a track of a recording is fed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Of the room; none while it is not published.
    pub track: Option<TrackId>,
    /// Of the recording: whose tracks share one clock.
    pub owner: u32,
    /// Sound or picture.
    pub kind: MediaKind,
    /// Before a packet says which it is: what was negotiated first.
    pub codec: Codec,
    /// The upper bits of each KID of its sender at present.
    pub sender: u16,
    /// Whose it is, whenever they come in again.
    pub device: [u8; 32],
    /// It is switched off at present.
    pub silent: bool,
}

/// What the recorder says.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// The first second is safe.
    Begun,
    /// It began, and what room is left would do for so many hours like it.
    Low(u32),
    /// Pictures are not recorded for want of room (`true`), or are again.
    SoundOnly(bool),
    /// So much is, in milliseconds.
    Safe(u64),
    /// A picture waits for a key frame of this track.
    WantsKeyframe(TrackId),
    /// It did not begin: the disk would be full after so many hours.
    Full(u32),
    /// It is complete, in milliseconds.
    Ended(u64),
    /// The disk failed; what was safe is.
    Lost,
}
