//! Why a socket is closed.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Goes into a WebSocket close frame: a code, and a reason of the form `name` or `name: detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CloseReason {
    /// The member said `leave`, or its media transport was closed by its own client.
    Left,
    /// Not JSON, not one of the messages, or a number out of order.
    Malformed,
    /// The token can't be used.
    Unauthorized,
    /// Its time is over.
    Expired,
    /// The token does not permit this, or a plugin said no.
    Forbidden,
    /// `resume` of a session that is over.
    NoSession,
    /// The room has as many members as it may have.
    RoomFull,
    /// The host lets nobody new in.
    RoomLocked,
    /// Clear media is published there: a client of ours never joins it.
    RoomUnsealed,
    /// A host ended the session.
    Ended,
    /// A host sent this member away.
    Removed,
    /// The same person came in again elsewhere, or resumed on another socket.
    Replaced,
    /// The offer can't be served.
    Offer,
    /// Too large, or too many in a second.
    TooMuch,
    /// The client does not read what it is told.
    TooSlow,
    /// Nothing was said in time: no opening, or no acknowledgement.
    Silent,
    /// Media could not be connected, or was lost for too long.
    MediaLost,
    /// As many rooms or sockets as this server may have, or it is stopping: come again.
    Unavailable,
    /// Our fault.
    Internal,
}

impl CloseReason {
    /// Of RFC 6455 §7.4.2's private range, except what it has a code for.
    pub const fn code(self) -> u16 {
        match self {
            Self::Left => 1000,
            Self::Malformed => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::NoSession => 4404,
            Self::Silent => 4408,
            Self::Replaced => 4409,
            Self::Expired => 4410,
            Self::Ended => 4411,
            Self::Removed => 4412,
            Self::TooMuch => 4413,
            Self::TooSlow => 4414,
            Self::Offer => 4422,
            Self::RoomLocked => 4423,
            Self::RoomFull => 4424,
            Self::RoomUnsealed => 4425,
            Self::MediaLost => 4426,
            Self::Unavailable => 4503,
            Self::Internal => 4500,
        }
    }

    /// The first word of a close frame's reason, and the label of metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::Expired => "expired",
            Self::Forbidden => "forbidden",
            Self::NoSession => "no_session",
            Self::RoomFull => "room_full",
            Self::RoomLocked => "room_locked",
            Self::RoomUnsealed => "room_unsealed",
            Self::Ended => "ended",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Offer => "offer",
            Self::TooMuch => "too_much",
            Self::TooSlow => "too_slow",
            Self::Silent => "silent",
            Self::MediaLost => "media_lost",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}
