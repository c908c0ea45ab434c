//! What goes into a room and what comes out of it.
//!
//! Owns: plain values. Never does: decide anything.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::{Command, Message};
use rapport_sfu::event::LeaveReason;
use rapport_sfu::id::{ParticipantId, SubscriptionId, TrackId};
use rapport_sfu::parameters::{PublicationParameters, SubscriptionParameters, TransportParameters};

use crate::auth::{Identity, Join, Role, RoomName};
use crate::negotiate::NegotiateError;
use crate::session::{EntityTag, SessionId};

/// Everything about somebody who comes in: proof that it may, and what was negotiated.
#[derive(Debug)]
pub struct Admission {
    /// The proof.
    pub join: Join,
    /// Its name inside, unused before.
    pub participant: ParticipantId,
    /// Its name outside.
    pub session: SessionId,
    /// The tag of its first ICE session.
    pub tag: EntityTag,
    /// Its transport.
    pub transport: TransportParameters,
    /// What it publishes.
    pub publications: Vec<(TrackId, PublicationParameters)>,
    /// The places in which it receives.
    pub subscriptions: Vec<(SubscriptionId, SubscriptionParameters)>,
    /// Show tracks of this identity only.
    pub only: Option<Identity>,
}

/// What the owner of a room has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the media plane.
    Command(Command),
    /// Tell the plugins.
    Event(RoomEvent),
    /// This session is over.
    Gone {
        /// Its name outside.
        session: SessionId,
        /// Its name inside.
        participant: ParticipantId,
        /// What it published.
        tracks: Vec<TrackId>,
    },
}

/// What plugins hear of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody was admitted.
    Joined {
        /// Where.
        room: RoomName,
        /// Its name inside.
        participant: ParticipantId,
        /// Who.
        identity: Identity,
        /// To do what.
        role: Role,
    },
    /// Its media flows.
    Connected {
        /// Where.
        room: RoomName,
        /// Who.
        participant: ParticipantId,
    },
    /// Somebody is gone, and all that was its.
    Left {
        /// From where.
        room: RoomName,
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// A track can be tapped.
    Published {
        /// Where.
        room: RoomName,
        /// By whom.
        participant: ParticipantId,
        /// What.
        track: TrackId,
        /// Sound or picture.
        kind: MediaKind,
    },
    /// A data channel message.
    Message {
        /// Where.
        room: RoomName,
        /// From whom.
        participant: ParticipantId,
        /// The channel.
        label: String,
        /// What.
        message: Message,
    },
    /// The last one left.
    Closed {
        /// Which.
        room: RoomName,
    },
}

/// Why a room does not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// The limit of the configuration.
    #[error("the room is full")]
    Full,
    /// No such participant, or not any more.
    #[error("no such participant")]
    NoParticipant,
    /// No such track, or not any more.
    #[error("no such track")]
    NoTrack,
    /// `If-Match` names another ICE session.
    #[error("the entity-tag is not that of the current ICE session")]
    OtherIceSession,
    /// Other credentials under a tag that names the present ones.
    #[error("new ICE credentials need If-Match: *")]
    RestartWithoutStar,
    /// The fragment can't be read.
    #[error(transparent)]
    Fragment(#[from] NegotiateError),
}

/// What became of a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patched {
    /// Candidates were taken note of.
    Trickled,
    /// ICE restarted; the client needs both.
    Restarted {
        /// Our new credentials and our candidates.
        body: String,
        /// The new ICE session's.
        tag: EntityTag,
    },
}
