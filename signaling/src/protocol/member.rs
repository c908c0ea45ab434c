//! What a room looks like to those in it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::MediaState;

/// Somebody in the room, as all others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Never used again.
    #[ts(type = "number")]
    pub participant: u64,
    /// As its client told it. Empty for a listener (WHEP), which has none.
    pub name: String,
    /// What it may do.
    pub standing: Standing,
    /// Upper 12 bits of its KIDs, from 16; unique in the room for its life. Absent for a listener, which sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sender: Option<u16>,
    /// Its media flows: a host, or let in by a host's client. A hint, by which no key is ever given.
    pub admitted: bool,
    /// What it has switched on.
    pub media: MediaState,
    /// It speaks.
    pub speaking: bool,
    /// Its hand is up.
    pub hand: bool,
    /// How good its line is, as its client says.
    pub line: Line,
    /// Whether it can be reached.
    pub connection: Connection,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Also remove, lock and end.
    Host,
    /// Take part.
    Guest,
    /// Receives sealed media without a key (WHEP).
    Listener,
}

/// How good a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Not measured yet.
    #[default]
    Unknown,
    /// Nothing to notice.
    Good,
    /// Noticeable.
    Fair,
    /// Hinders talking.
    Poor,
}

/// Whether a member can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Signed in, media not flowing yet.
    Connecting,
    /// All well.
    Live,
    /// Its socket is lost; it has some time to come back.
    Away,
}

/// What a published track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Voice.
    Microphone,
    /// Face.
    Camera,
    /// The picture of a shared screen.
    Screen,
    /// The sound of a shared screen.
    ScreenAudio,
}

/// One place in which a client receives, and what the server sends there. Only a hint where to draw: whose it
/// is, the key says that opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// `a=mid` of the section.
    pub mid: String,
    /// What is there now.
    pub track: Option<SlotTrack>,
}

/// Whose track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SlotTrack {
    /// Whose.
    #[ts(type = "number")]
    pub participant: u64,
    /// Which of its.
    pub source: Source,
}

/// What concerns everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RoomState {
    /// Nobody new comes in.
    pub locked: bool,
    /// This server can record.
    pub records: bool,
    /// What was last proposed.
    pub recording: Option<Recording>,
}

/// A recording, as the server sees it (`web/client/RECORDING.md`, section 4). Clients believe their own agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// 32 hexadecimal digits.
    pub recording: String,
    /// How far it is.
    pub phase: RecordingPhase,
    /// What of it outlives a crash, in milliseconds.
    #[ts(type = "number")]
    pub safe_ms: u64,
    /// Pictures are not recorded at the moment: the disk has no room for them.
    pub sound_only: bool,
    /// Whose yes or whose lease is missing.
    #[ts(type = "number[]")]
    pub missing: Vec<u64>,
    /// Why it is over.
    pub end: Option<RecordingEnd>,
    /// How many hours there is room for, where that was too little to begin, and where others will soon not begin.
    pub hours_left: Option<u32>,
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RecordingPhase {
    /// Not everybody has answered.
    Proposed,
    /// All have said yes, and nothing is safe yet.
    Starting,
    /// It runs.
    Recording,
    /// Somebody's yes or lease is missing.
    Paused,
    /// It is over.
    Ended,
}

/// Why a recording is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RecordingEnd {
    /// Somebody said no.
    Stopped,
    /// Who proposed it went.
    Gone,
    /// The disk failed.
    Failed,
    /// The disk is too full to begin.
    Full,
}
