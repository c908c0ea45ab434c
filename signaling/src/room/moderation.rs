//! What members of a call may do to themselves, to others and to the room.
//!
//! Owns: the meaning of each [`Ask`], and that some are for hosts. Never does: believe a client about anybody but
//! itself.

use rapport_sfu::event::LeaveReason;
use rapport_sfu::id::ParticipantId;

use super::roster::Seated;
use super::{Ask, Room, RoomError};
use crate::protocol::{CloseReason, MediaState, ServerBody};

impl Room {
    /// Does what a member asks.
    pub fn ask(&mut self, member: ParticipantId, ask: Ask) -> Result<(), RoomError> {
        let asking = self.participants.get(&member).and_then(|one| one.seat.as_ref());
        let host = asking.ok_or(RoomError::NoParticipant)?.host;
        match ask {
            Ask::Media(media) => self.set_media(member, media),
            Ask::Speaking(speaking) => self.set(member, |seat| seat.speaking = speaking),
            Ask::Hand(raised) => self.set(member, |seat| seat.hand = raised),
            Ask::Line(line) => self.set(member, |seat| seat.line = line),
            Ask::Attached(attached) => self.set(member, |seat| seat.attached = attached),
            Ask::Remove(_) | Ask::Lock(_) | Ask::End if !host => return Err(RoomError::NotPermitted),
            Ask::Remove(target) => return self.expel(target, CloseReason::Removed),
            Ask::Lock(locked) => self.lock(locked),
            Ask::End => self.close(LeaveReason::RoomClosed, CloseReason::Ended),
        }
        Ok(())
    }

    fn set(&mut self, member: ParticipantId, set: impl FnOnce(&mut Seated)) {
        self.change(member, |one| {
            if let Some(seat) = &mut one.seat {
                set(seat);
            }
        });
    }

    fn set_media(&mut self, member: ParticipantId, media: MediaState) {
        self.set(member, |seat| seat.media = media);
        self.switch(member, media);
    }

    fn lock(&mut self, locked: bool) {
        if std::mem::replace(&mut self.state.locked, locked) != locked {
            let room = self.state.clone();
            self.tell_members(&ServerBody::Room { room });
        }
    }
}
