//! What the server says.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Member, RoomState, Secret, Slot};

/// The answer to an [`super::Opening`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Welcome {
    /// Came in.
    Joined {
        /// Needed to resume: whoever has it is this member.
        #[ts(type = "string")]
        session: Secret,
        /// The SDP answer.
        answer: String,
        /// The room as it is.
        snapshot: Snapshot,
    },
    /// Is back; what was missed follows as ordinary frames.
    Resumed {
        /// The number of the last body that arrived here.
        #[ts(type = "number")]
        received: u64,
    },
}

/// A room at one moment, seen by one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Who this client is.
    #[ts(type = "number")]
    pub you: u64,
    /// Everybody, this client too, in the order of coming in.
    pub members: Vec<Member>,
    /// Every place of this client.
    pub slots: Vec<Slot>,
    /// What concerns everybody.
    pub room: RoomState,
}

/// What a member is told after it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServerBody {
    /// Came of an `offer`.
    Answer {
        /// The number of the offer's frame.
        #[ts(type = "number")]
        to: u64,
        /// The SDP answer.
        sdp: String,
        /// Every place, the new ones too.
        slots: Vec<Slot>,
    },
    /// A request was not carried out, and changed nothing.
    Failed {
        /// The number of its frame.
        #[ts(type = "number")]
        to: u64,
        /// Why, for programs.
        code: FailureCode,
        /// Why, for developers: the field or the rule.
        detail: String,
    },
    /// Somebody is new, or something about somebody is.
    Member {
        /// All about it.
        member: Member,
    },
    /// Somebody is gone.
    Left {
        /// Who.
        #[ts(type = "number")]
        participant: u64,
    },
    /// Another track stands in a place.
    Slot {
        /// Which, and what.
        slot: Slot,
    },
    /// Something that concerns everybody changed.
    Room {
        /// All of it.
        room: RoomState,
    },
    /// A message of the key protocol.
    Keys {
        /// Whose, as far as the server knows: an address, and no proof.
        #[ts(type = "number")]
        from: u64,
        /// As it came.
        message: String,
    },
    /// The media plane found a frame of this client that is not sealed, and refuses the section.
    Unsealed {
        /// `a=mid` of the section.
        mid: String,
    },
}

/// Why a request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// Only hosts may.
    NotPermitted,
    /// No such participant, or not any more.
    NoParticipant,
    /// The offer can't be served; media goes on as it was.
    Offer,
    /// More than this server allows a participant.
    Limit,
    /// Not a message of the key protocol, or too long for one.
    KeyMessage,
    /// There is no consent to such a recording.
    Consent,
}
