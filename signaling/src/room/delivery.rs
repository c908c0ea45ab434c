//! Notices on their way to the members of a call.
//!
//! Owns: a lane a member. Never does: wait for one; whoever does not read holds up nobody else.

use std::collections::HashMap;

use rapport_sfu::id::ParticipantId;
use tokio::sync::mpsc;

use super::Notice;

/// Whoever made a lane has bounded it.
#[derive(Debug, Default)]
pub(super) struct Delivery(HashMap<ParticipantId, mpsc::Sender<Notice>>);

/// The lane is full, or nobody reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSlow;

impl Delivery {
    /// From here on it hears what happens.
    pub(super) fn open(&mut self, member: ParticipantId, lane: mpsc::Sender<Notice>) {
        self.0.insert(member, lane);
    }

    /// Hands a notice over. The lane closes after the last word, and after a notice that does not fit: one that
    /// missed something must not go on as if it had not.
    pub(super) fn deliver(&mut self, member: ParticipantId, notice: Notice) -> Result<(), TooSlow> {
        let Some(lane) = self.0.get(&member) else {
            return Ok(());
        };
        let last = matches!(notice, Notice::Out(_));
        let sent = lane.try_send(notice);
        if last || sent.is_err() {
            self.0.remove(&member);
        }
        match sent {
            Err(_) if !last => Err(TooSlow),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{CloseReason, RoomState, ServerBody};

    const MEMBER: ParticipantId = ParticipantId(1);

    fn body(locked: bool) -> Notice {
        let room = RoomState {
            locked,
            ..RoomState::default()
        };
        Notice::Body(ServerBody::Room { room })
    }

    #[test]
    fn nothing_follows_what_did_not_fit() {
        let (lane, mut inbox) = mpsc::channel(1);
        let mut delivery = Delivery::default();
        delivery.open(MEMBER, lane);
        assert_eq!(delivery.deliver(MEMBER, body(true)), Ok(()));
        assert_eq!(delivery.deliver(MEMBER, body(false)), Err(TooSlow));
        assert_eq!(inbox.try_recv(), Ok(body(true)));
        assert_eq!(delivery.deliver(MEMBER, body(true)), Ok(()));
        assert_eq!(inbox.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }

    #[test]
    fn the_lane_closes_after_the_last_word() {
        let (lane, mut inbox) = mpsc::channel(4);
        let mut delivery = Delivery::default();
        delivery.open(MEMBER, lane);
        let out = Notice::Out(CloseReason::Ended);
        assert_eq!(delivery.deliver(MEMBER, out.clone()), Ok(()));
        assert_eq!(inbox.try_recv(), Ok(out));
        assert_eq!(inbox.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }
}
