//! Control → media: the values that a shard obeys.
//!
//! Owns: [`Command`]. Never does: carry handles. Everything here is a serde value, so the lane between
//! the control plane and a worker can be a channel in this process or a link to another one.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::{ParticipantId, RoomId, SubscriptionId, TapId, TrackId};
use crate::parameters::{IceCredentials, PublicationParameters, SubscriptionParameters, TransportParameters};

/// One order of the control plane. A command that names something gone is counted and ignored: the
/// event that says it is gone is already on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// Admits a participant: from here on STUN with these credentials is answered. Opens the room if
    /// it is the first.
    Join {
        /// Where to.
        room: RoomId,
        /// Who; unused before.
        participant: ParticipantId,
        /// Its transport.
        transport: TransportParameters,
    },
    /// ICE restart (RFC 8445 §9): both sides have new credentials; keys and media go on.
    RestartIce {
        /// Who.
        participant: ParticipantId,
        /// Ours, new.
        local: IceCredentials,
        /// Theirs, new.
        remote: IceCredentials,
    },
    /// Takes media of a participant into its room.
    Publish {
        /// Who.
        participant: ParticipantId,
        /// The name of the new track; unused before.
        track: TrackId,
        /// What was negotiated.
        parameters: PublicationParameters,
    },
    /// Takes a track out of the room; subscriptions to it fall silent.
    Unpublish {
        /// Which.
        track: TrackId,
    },
    /// Opens a place in which a participant receives media, empty at first.
    Subscribe {
        /// Who.
        participant: ParticipantId,
        /// The name of the new place; unused before.
        subscription: SubscriptionId,
        /// What was negotiated.
        parameters: SubscriptionParameters,
    },
    /// Maps a track of the same room and kind to a place, or empties it. Sequence numbers and
    /// timestamps go on without a seam; video starts at a key frame, which is asked for.
    Select {
        /// Which place.
        subscription: SubscriptionId,
        /// What to show there.
        track: Option<TrackId>,
    },
    /// Closes a place.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Stops forwarding a track to everybody, or goes on: a mute that the publisher can't undo.
    Mute {
        /// Which.
        track: TrackId,
        /// On or off.
        muted: bool,
    },
    /// Asks the publisher of a track for key frames of all its encodings, at the pace of all who ask; for a tap, which
    /// can't. A muted track is not asked.
    RequestKeyframes {
        /// Which.
        track: TrackId,
    },
    /// Sends one message to a participant's data channel with this label; without such a channel it
    /// is dropped and counted.
    SendMessage {
        /// To whom.
        participant: ParticipantId,
        /// The channel.
        label: String,
        /// What.
        message: Message,
    },
    /// Copies every packet of a track, as plaintext RTP, to the worker's tap lane.
    Tap {
        /// The name under which the packets come.
        tap: TapId,
        /// Which track.
        track: TrackId,
    },
    /// Ends a tap.
    Untap {
        /// Which.
        tap: TapId,
    },
    /// Removes a participant and all that is its: publications, subscriptions, keys.
    Leave {
        /// Who.
        participant: ParticipantId,
    },
    /// Removes everybody.
    CloseRoom {
        /// Which.
        room: RoomId,
    },
}

/// One data channel message (RFC 8831 §6.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// UTF-8.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}
