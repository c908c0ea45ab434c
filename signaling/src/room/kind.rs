//! Sealed or clear: which media may meet in a room.
//!
//! Owns: the rule. Never does: look at a frame; the media plane does, and says when one is not sealed.

use super::{Admission, RoomError};
use crate::auth::Role;

/// Whoever publishes first decides, for the life of the room.
///
/// Data channels follow from it: a member of a call has none ([`crate::negotiate::Terms::sealed`]), so what
/// listeners say on theirs reaches other listeners of the room and never a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody has published yet.
    #[default]
    Undecided,
    /// Members of a call are in it, and the server can't read their media.
    Sealed,
    /// WHIP publishes there, and the server can read it.
    Clear,
}

impl Kind {
    /// In the HTTP API.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Sealed => "sealed",
            Self::Clear => "clear",
        }
    }

    /// What the room is once this one is in it. A listener may wait in any.
    pub(super) fn after(self, admission: &Admission, clear_rooms: bool) -> Result<Self, RoomError> {
        match (self, Comer::of(admission)) {
            (_, Comer::Listener) => Ok(self),
            (Self::Clear, Comer::Member) => Err(RoomError::OtherKind(self.label())),
            (_, Comer::Member) => Ok(Self::Sealed),
            (Self::Sealed, Comer::Publisher) => Err(RoomError::OtherKind(self.label())),
            (_, Comer::Publisher) if !clear_rooms => Err(RoomError::ClearRefused),
            (_, Comer::Publisher) => Ok(Self::Clear),
        }
    }
}

enum Comer {
    Member,
    Publisher,
    Listener,
}

impl Comer {
    fn of(admission: &Admission) -> Self {
        match (&admission.seat, admission.join.role()) {
            (Some(_), _) => Self::Member,
            (None, Role::Subscriber) => Self::Listener,
            (None, _) => Self::Publisher,
        }
    }
}
