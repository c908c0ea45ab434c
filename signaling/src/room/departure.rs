//! Who goes.
//!
//! Owns: the one way out of the books, and what those who stay and the one who goes are told. Never does: judge
//! whether somebody may be sent away; [`super::moderation`] does.

use rapport_sfu::command::Command;
use rapport_sfu::event::LeaveReason;
use rapport_sfu::id::{ParticipantId, TrackId};

use super::participant::Participant;
use super::{Effect, Notice, Room, RoomError, RoomEvent};
use crate::protocol::CloseReason;

impl Room {
    /// Somebody goes by its own will.
    pub fn leave(&mut self, participant: ParticipantId) -> Result<(), RoomError> {
        self.expel(participant, CloseReason::Left)
    }

    /// Sends somebody away; a member of a call is told why.
    pub fn expel(&mut self, participant: ParticipantId, why: CloseReason) -> Result<(), RoomError> {
        if !self.participants.contains_key(&participant) {
            return Err(RoomError::NoParticipant);
        }
        self.order(Command::Leave { participant });
        self.forget(participant, LeaveReason::Ordered, why);
        Ok(())
    }

    /// Sends everybody away. Nobody is told of the others: all go at once.
    pub fn close(&mut self, reason: LeaveReason, why: CloseReason) {
        self.order(Command::CloseRoom { room: self.id });
        let leaving = std::mem::take(&mut self.participants);
        let was_open = !leaving.is_empty();
        for (participant, member) in leaving {
            self.see_off(participant, member, reason, why);
        }
        if was_open {
            self.tell(|room| RoomEvent::Closed { room });
        }
    }

    /// Takes a participant out of the books; the media plane knows already.
    pub(super) fn forget(&mut self, participant: ParticipantId, reason: LeaveReason, why: CloseReason) {
        self.part(participant, reason, why);
        self.arrange(None);
        if self.is_empty() {
            self.tell(|room| RoomEvent::Closed { room });
        }
    }

    /// Makes way for the same person's next page load, which comes in at once.
    pub(super) fn replace(&mut self, former: ParticipantId) {
        self.order(Command::Leave { participant: former });
        self.part(former, LeaveReason::Ordered, CloseReason::Replaced);
    }

    /// The places that showed it are arranged anew by the caller.
    fn part(&mut self, participant: ParticipantId, reason: LeaveReason, why: CloseReason) {
        let others = self.participants.keys().filter(|other| **other != participant);
        let knew: Vec<_> = others
            .filter(|other| self.may_meet(**other, participant))
            .copied()
            .collect();
        let Some(member) = self.participants.remove(&participant) else {
            return;
        };
        self.see_off(participant, member, reason, why);
        for other in knew {
            self.part_from(other, participant);
        }
    }

    fn see_off(&mut self, id: ParticipantId, member: Participant, reason: LeaveReason, why: CloseReason) {
        if member.seat.is_some() {
            self.gate.handle_left(id.0);
            self.unlease(id);
            self.effects.push_back(Effect::Notify(id, Notice::Out(why)));
        }
        let tracks = self.take_tracks(id);
        self.effects.push_back(Effect::Gone {
            session: member.session,
            participant: id,
            tracks,
        });
        self.tell(|room| RoomEvent::Left {
            room,
            participant: id,
            reason,
        });
    }

    fn take_tracks(&mut self, publisher: ParticipantId) -> Vec<TrackId> {
        let own = self
            .tracks
            .extract_if(.., |_, track| track.publisher == publisher);
        own.map(|(id, _)| id).collect()
    }
}

/// What a member hears of a decision of the media plane.
pub(super) fn close_reason(reason: LeaveReason) -> CloseReason {
    match reason {
        LeaveReason::Closed | LeaveReason::Ordered => CloseReason::Left,
        LeaveReason::RoomClosed => CloseReason::Ended,
        LeaveReason::WorkerLost => CloseReason::Unavailable,
        // No handshake, or no consent any more.
        _ => CloseReason::MediaLost,
    }
}
