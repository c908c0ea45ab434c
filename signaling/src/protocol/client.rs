//! What clients say.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Line, Secret, Source};

/// The first message of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Opening {
    /// Somebody comes in.
    Join(Box<Joining>),
    /// Somebody's socket was lost.
    Resume {
        /// [`super::Welcome::Joined`]'s.
        #[ts(type = "string")]
        session: Secret,
        /// The number of the last body that arrived.
        #[ts(type = "number")]
        received: u64,
    },
}

/// All that it takes to come in, so that one round trip is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// A bearer token that permits publishing and subscribing.
    #[ts(type = "string")]
    pub token: Secret,
    /// Shown to the others: 1 to 64 characters, no control characters.
    pub name: String,
    /// How this page load seals.
    pub sealing: Sealing,
    /// What is switched on at first.
    pub media: MediaState,
    /// An SDP offer with one-way sections only.
    pub offer: String,
    /// What each section is in which the client sends.
    pub sources: Vec<SourceSection>,
}

/// How a sender seals its media (RFC 9605). The server never has a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Sealing {
    /// Of the frames: 2.
    pub layout: u8,
    /// RFC 9605 cipher suite: 5 (AES_256_GCM_SHA512_128).
    pub suite: u16,
}

/// What one section of an offer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// `a=mid`.
    pub mid: String,
    /// What it carries.
    pub source: Source,
}

/// What somebody has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MediaState {
    /// Not muted.
    pub microphone: bool,
    /// Not off.
    pub camera: bool,
    /// Sharing a screen.
    pub screen: bool,
}

/// For whom a message of the key protocol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Audience {
    /// One.
    Participant(#[ts(type = "number")] u64),
    /// All who were let in.
    Members,
    /// Members, and where a host speaks also those who wait.
    Everyone,
}

/// What a member says after it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientBody {
    /// More sections or an ICE restart, on the same transport. Answered with `answer` or `failed`.
    Offer {
        /// The whole new offer.
        sdp: String,
        /// Of every section in which the client sends.
        sources: Vec<SourceSection>,
    },
    /// What is switched on now.
    Media {
        /// All of it.
        media: MediaState,
    },
    /// Speaks, or stopped: debounced by the client.
    Speaking {
        /// Now.
        speaking: bool,
    },
    /// Wants to say something.
    Hand {
        /// Up.
        raised: bool,
    },
    /// How good the own line is.
    Line {
        /// Now.
        line: Line,
    },
    /// Sends somebody away who may come again by the link unless the room is locked. Hosts only.
    Remove {
        /// Whom.
        #[ts(type = "number")]
        participant: u64,
    },
    /// Lets nobody new in. Hosts only.
    Lock {
        /// Closed or open.
        locked: bool,
    },
    /// A message of the key protocol (`web/client/SK-1.md`), for whom its sender may reach: before a host has let it
    /// in, a guest reaches hosts.
    Keys {
        /// For whom.
        to: Audience,
        /// Base64url, at most 10,923 characters.
        message: String,
    },
    /// This member still agrees to a recording: every 2 s, and it lasts 6 s.
    Lease {
        /// 32 hexadecimal digits.
        recording: String,
    },
    /// A key of this member, sealed to those who may open a recording (`web/client/RECORDING.md`, section 2).
    Capsule {
        /// Base64url, at most 10,923 characters.
        message: String,
    },
    /// Ends the session for everybody. Hosts only.
    End,
    /// Goes.
    Leave,
}
