//! Why a socket is closed, with what is particular to this case.
//!
//! Owns: the text of close frames, and which error is which reason. Never does: quote a client.

use axum::extract::ws::{CloseFrame, Message};

use crate::auth::{Refused, TokenError};
use crate::directory::JoinError;
use crate::negotiate::NegotiateError;
use crate::problem::Problem;
use crate::protocol::CloseReason;
use crate::room::RoomError;

/// RFC 6455 §5.5: a control frame has at most 125 bytes, of which the code takes two.
const REASON_BYTES: usize = 123;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    reason: CloseReason,
    detail: Option<String>,
}

impl Closing {
    /// With a word for developers: the field or the rule.
    pub(crate) fn because(reason: CloseReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: Some(detail.into()),
        }
    }

    /// A field of a message that is not as it has to be.
    pub(crate) fn malformed(field: &str) -> Self {
        Self::because(CloseReason::Malformed, field)
    }

    /// For programs.
    pub(crate) fn reason(&self) -> CloseReason {
        self.reason
    }

    /// The close frame.
    pub(crate) fn message(&self) -> Message {
        let label = self.reason.label();
        let text = self.detail.as_ref();
        let text = text.map_or_else(|| label.to_owned(), |detail| format!("{label}: {detail}"));
        let frame = CloseFrame {
            code: self.reason.code(),
            reason: text[..text.floor_char_boundary(REASON_BYTES)].into(),
        };
        Message::Close(Some(frame))
    }
}

impl From<CloseReason> for Closing {
    fn from(reason: CloseReason) -> Self {
        Self { reason, detail: None }
    }
}

impl From<TokenError> for Closing {
    fn from(error: TokenError) -> Self {
        let reason = match error {
            TokenError::Expired => CloseReason::Expired,
            _ => CloseReason::Unauthorized,
        };
        Self::because(reason, error.to_string())
    }
}

impl From<Refused> for Closing {
    fn from(refused: Refused) -> Self {
        Self::because(CloseReason::Forbidden, refused.to_string())
    }
}

impl From<NegotiateError> for Closing {
    fn from(error: NegotiateError) -> Self {
        Self::because(CloseReason::Offer, error.to_string())
    }
}

impl From<JoinError> for Closing {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::TooManyRooms | JoinError::NoWorker => {
                Self::because(CloseReason::Unavailable, error.to_string())
            }
            JoinError::Room(error) => error.into(),
        }
    }
}

impl From<RoomError> for Closing {
    fn from(error: RoomError) -> Self {
        let reason = match &error {
            RoomError::Full | RoomError::NoSenderIndex => CloseReason::RoomFull,
            RoomError::Locked => CloseReason::RoomLocked,
            RoomError::OtherKind(_) => CloseReason::RoomUnsealed,
            RoomError::TooOften => CloseReason::Unavailable,
            RoomError::NotPermitted => CloseReason::Forbidden,
            _ => CloseReason::Internal,
        };
        Self::because(reason, error.to_string())
    }
}

/// A room that does not answer in time, which says so as a problem of HTTP.
impl From<Problem> for Closing {
    fn from(_: Problem) -> Self {
        Self::because(CloseReason::Unavailable, "the room does not answer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(closing: &Closing) -> (u16, String) {
        match closing.message() {
            Message::Close(Some(frame)) => (frame.code, frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reason_is_a_name_with_or_without_a_detail() {
        let bare = Closing::from(CloseReason::Ended);
        assert_eq!(frame(&bare), (4411, "ended".into()));
        assert_eq!(frame(&Closing::malformed("seq")), (4400, "malformed: seq".into()));
    }

    #[test]
    fn a_long_detail_is_cut_between_two_characters() {
        let (_, reason) = frame(&Closing::because(CloseReason::Forbidden, "ä".repeat(100)));
        assert_eq!(reason.len(), 123);
        assert!(reason.ends_with('ä'));
        let (_, reason) = frame(&Closing::because(CloseReason::TooMuch, "ä".repeat(100)));
        assert_eq!(reason.len(), 122);
    }

    #[test]
    fn each_error_is_a_reason_of_its_own() {
        let cases: [(Closing, CloseReason); 9] = [
            (TokenError::Expired.into(), CloseReason::Expired),
            (TokenError::Signature.into(), CloseReason::Unauthorized),
            (Refused::Publish.into(), CloseReason::Forbidden),
            (JoinError::NoWorker.into(), CloseReason::Unavailable),
            (RoomError::Full.into(), CloseReason::RoomFull),
            (RoomError::Locked.into(), CloseReason::RoomLocked),
            (RoomError::OtherKind("clear").into(), CloseReason::RoomUnsealed),
            (RoomError::TooOften.into(), CloseReason::Unavailable),
            (RoomError::NoTrack.into(), CloseReason::Internal),
        ];
        for (closing, reason) in cases {
            assert_eq!(closing.reason(), reason);
        }
    }
}
