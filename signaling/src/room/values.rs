//! What goes into a room and what comes out of it.
//!
//! Owns: plain values. Never does: decide anything.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::{Command, Message};
use rapport_sfu::event::LeaveReason;
use rapport_sfu::id::{ParticipantId, SubscriptionId, TrackId};
use rapport_sfu::parameters::{
    IceCredentials, PublicationParameters, SubscriptionParameters, TransportParameters,
};

use super::recording::RecordOrder;
use crate::auth::{Identity, Join, Role, RoomName};
use crate::negotiate::NegotiateError;
use crate::protocol::{CloseReason, Line, MediaState, Sealing, ServerBody, Source};
use crate::session::{EntityTag, SessionId};

/// What the configuration says of every room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many may be in it.
    pub participants: usize,
    /// How many tracks one of them may publish.
    pub publications: usize,
    /// In how many places one of them may receive.
    pub subscriptions: usize,
    /// WHIP may publish.
    pub clear: bool,
    /// There is a recorder.
    pub records: bool,
}

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
    /// Present for a member of a sealed call, absent for WHIP and WHEP.
    pub seat: Option<Seat>,
}

/// What a member of a call brings beside its transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Shown to the others.
    pub name: String,
    /// May remove, lock and end.
    pub host: bool,
    /// How it seals, as it told.
    pub sealing: Sealing,
    /// What it has switched on at first.
    pub media: MediaState,
    /// What each of the publications is.
    pub sources: Vec<(TrackId, Source)>,
}

/// What a member of a call asks of its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// What it has switched on.
    Media(MediaState),
    /// It speaks, or stopped.
    Speaking(bool),
    /// Its hand.
    Hand(bool),
    /// Its line.
    Line(Line),
    /// Its socket is there (true) or lost.
    Attached(bool),
    /// Send somebody away; hosts only.
    Remove(ParticipantId),
    /// Let nobody new in; hosts only.
    Lock(bool),
    /// End it for everybody; hosts only.
    End,
}

/// What a new offer of a member adds to what was negotiated before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// New sections in which it sends.
    pub publications: Vec<(TrackId, Source, PublicationParameters)>,
    /// New places.
    pub subscriptions: Vec<(SubscriptionId, SubscriptionParameters)>,
    /// New ICE credentials: ours, theirs.
    pub restart: Option<(IceCredentials, IceCredentials)>,
}

/// What a member of a call hears of its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something changed.
    Body(ServerBody),
    /// Here, among the changes, belong the places that came of its last offer.
    Extended,
    /// It is out, and nothing follows.
    Out(CloseReason),
}

/// What the owner of a room has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell the media plane.
    Command(Command),
    /// Tell the plugins.
    Event(RoomEvent),
    /// Tell the recorder.
    Record(RecordOrder),
    /// Tell a member of the call.
    Notify(ParticipantId, Notice),
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
    /// The same person came in time and again.
    #[error("too many joins of the same person: come again in some seconds")]
    TooOften,
    /// A host has locked it.
    #[error("the room is locked")]
    Locked,
    /// Sealed and clear media never meet in a room.
    #[error("the room is for {0} media")]
    OtherKind(&'static str),
    /// Nobody may publish clear media on this server.
    #[error("only sealed media may be published here: `clear_rooms` of [media] is not set")]
    ClearRefused,
    /// Every number by which a receiver finds a sender's key was given out.
    #[error("the room had as many members as their keys have numbers for; it opens anew when all have left")]
    NoSenderIndex,
    /// Only hosts may.
    #[error("only a host may do this")]
    NotPermitted,
    /// `If-Match` names another ICE session.
    #[error("the entity-tag is not that of the current ICE session")]
    OtherIceSession,
    /// It is none, or too long.
    #[error(transparent)]
    KeyMessage(#[from] rapport_keys::Refusal),
    /// There is no consent to such a recording.
    #[error("{0}")]
    NoConsent(MissingConsent),
    /// It is none, or of nobody who agrees.
    #[error(transparent)]
    Capsule(#[from] rapport_keys::CapsuleRefusal),
    /// Other credentials under a tag that names the present ones.
    #[error("new ICE credentials need If-Match: *")]
    RestartWithoutStar,
    /// The fragment can't be read.
    #[error(transparent)]
    Fragment(#[from] NegotiateError),
}

/// What a lease or a capsule has not behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingConsent {
    /// Nothing is to agree to.
    #[error("no recording is proposed here")]
    Proposal,
    /// It is of another one, which is over or has never been proposed here.
    #[error("another recording is proposed here")]
    OtherProposal,
    /// This member has said nothing, or no.
    #[error("a signed yes of this member to the proposed recording is missing")]
    Yes,
    /// A generation has one key, and another one was given for it.
    #[error("another key of the same generation was given before")]
    OtherKey,
    /// As many capsules as a long day has came of this member.
    #[error("this member has given as many capsules as a recording keeps of one")]
    Room,
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
