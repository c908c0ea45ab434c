//! Whether a member's client is there, as far as one can tell.
//!
//! Owns: the two times after which one gives up. Never does: read a clock.

use std::time::{Duration, Instant};

/// A socket on which nothing came for so long is dead: clients say something every ten seconds, and two of
/// those may be lost in a bad mobile line's pauses.
const SILENCE: Duration = Duration::from_secs(25);

/// How long a member without a socket keeps its place: a phone that changes from one network to another is
/// back within ten seconds, a person who restarts a router is not worth an empty tile.
pub(crate) const ABSENCE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence {
    /// With a socket.
    Here {
        /// When something came last.
        heard: Instant,
    },
    /// Without one.
    Away {
        /// Since when.
        since: Instant,
    },
}

/// What one gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// The socket.
    Silent,
    /// The member.
    Gone,
}

impl Presence {
    /// There is a socket.
    pub(crate) fn is_here(self) -> bool {
        matches!(self, Self::Here { .. })
    }

    /// When it is to be asked for a lapse.
    pub(crate) fn poll_timeout(self) -> Instant {
        match self {
            Self::Here { heard } => heard + SILENCE,
            Self::Away { since } => since + ABSENCE,
        }
    }

    /// What is over by now.
    pub(crate) fn lapse(self, now: Instant) -> Option<Lapse> {
        let lapse = match self {
            Self::Here { .. } => Lapse::Silent,
            Self::Away { .. } => Lapse::Gone,
        };
        (self.poll_timeout() <= now).then_some(lapse)
    }
}
