//! Media → control: the values that a shard reports.
//!
//! Owns: [`Event`]. Never does: carry media; packets of a tap have a lane of their own.

use serde::{Deserialize, Serialize};

use crate::command::Message;
use crate::id::{ParticipantId, RoomId, TrackId};

/// One thing that the control plane has to know. Rare by construction: none is sent per packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// DTLS is up, the certificate matched, and media can flow.
    Connected {
        /// Who.
        participant: ParticipantId,
        /// What protects its media.
        profile: SrtpProfile,
    },
    /// The participant is gone and all that was its; its ids are never used again.
    Left {
        /// From where.
        room: RoomId,
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// The first packet of a track arrived, or the first one after it stalled.
    Started {
        /// Which.
        track: TrackId,
    },
    /// No packet of a track arrived for [`crate::publication::SILENCE`].
    Stalled {
        /// Which.
        track: TrackId,
    },
    /// A track of a sealed room carried a frame that is not sealed as announced. It is refused from here on:
    /// nothing of it is forwarded until it is published anew.
    Unsealed {
        /// Which.
        track: TrackId,
    },
    /// A participant's data channel delivered a message; it has been relayed to the same-named channels in the room.
    Message {
        /// From whom.
        participant: ParticipantId,
        /// The channel.
        label: String,
        /// What.
        message: Message,
    },
}

/// Why a participant left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeaveReason {
    /// The control plane said so.
    Ordered,
    /// Its room was closed.
    RoomClosed,
    /// It closed its transport (DTLS close_notify).
    Closed,
    /// No valid STUN check for 30 s (RFC 7675).
    ConsentExpired,
    /// DTLS did not complete within its deadline.
    HandshakeTimeout,
    /// Its certificate is not the one that its offer named.
    WrongFingerprint,
    /// Its handshake was not acceptable: no client certificate, no extended master secret, no common
    /// cipher or SRTP profile.
    HandshakeRefused,
    /// The control plane lost the worker.
    WorkerLost,
}

/// SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2), best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SrtpProfile {
    /// AEAD_AES_128_GCM.
    AeadAes128Gcm,
    /// AEAD_AES_256_GCM.
    AeadAes256Gcm,
    /// AES_CM_128_HMAC_SHA1_80.
    AesCm128HmacSha1_80,
}

impl SrtpProfile {
    /// The name that its RFC and browsers' statistics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        }
    }
}
