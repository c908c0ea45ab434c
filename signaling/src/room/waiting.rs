//! The waiting room: whose media flows, and who may know of whom.
//!
//! Owns: the carrying out of what a host's client has signed. Never does: let anybody in; [`Gate`] reads who is.
//!
//! Media is kept out by leaving places empty, so that a packet costs nothing more, and an admitted guest needs no
//! other transport: its places are filled, and filling one asks for a key frame.
//!
//! Listeners by WHEP say no word of keys, so that no host's client could admit them: here their token decides.
//!
//! [`Gate`]: rapport_keys::Gate

use std::time::Instant;

use rapport_keys::{Ruling, To};
use rapport_sfu::id::ParticipantId;

use super::participant::Participant;
use super::track::Track;
use super::{Effect, Notice, Room, RoomError};
use crate::protocol::{Audience, ServerBody};

/// Which media may reach somebody at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It waits to be let in.
    Nothing,
    /// It listens with a token that makes no host of it.
    Clear,
    All,
}

impl Reach {
    pub(super) fn covers(self, track: &Track) -> bool {
        let reaches = match self {
            Self::Nothing => false,
            Self::Clear => !track.sealed,
            Self::All => true,
        };
        reaches && !track.is_withheld()
    }
}

impl Participant {
    /// It is the tracks that are sealed, and not the room: a listener may be there before either is settled.
    pub(super) fn reach(&self) -> Reach {
        match &self.seat {
            Some(seat) if !seat.admitted => Reach::Nothing,
            None if !self.host_token => Reach::Clear,
            _ => Reach::All,
        }
    }
}

impl Room {
    /// Passes on a message of the key protocol, and tells what it newly says of guests.
    pub fn relay(
        &mut self,
        from: ParticipantId,
        to: Audience,
        message: &str,
        now: Instant,
    ) -> Result<Vec<Ruling>, RoomError> {
        let seated = self.participants.get(&from).is_some_and(|one| one.seat.is_some());
        if !seated {
            return Err(RoomError::NoParticipant);
        }
        let outcome = self.gate.handle_message(from.0, to.into(), message)?;
        for (participant, admitted) in &outcome.changes {
            self.admit(ParticipantId(*participant), *admitted);
        }
        if !outcome.changes.is_empty() {
            self.arrange(None);
        }
        let body = ServerBody::Keys {
            from: from.0,
            message: message.to_owned(),
        };
        let receivers = outcome.receivers.into_iter().map(ParticipantId);
        let notices = receivers.map(|id| Effect::Notify(id, Notice::Body(body.clone())));
        self.effects.extend(notices);
        self.hear(outcome.said, now);
        Ok(outcome.rulings)
    }

    /// How many guests wait to be let in.
    pub fn waiting_count(&self) -> usize {
        self.gate.waiting_count()
    }

    /// Whether somebody in the room may know that another one is. Listeners have no seat, and no secrets of seats.
    pub(super) fn may_meet(&self, viewer: ParticipantId, other: ParticipantId) -> bool {
        let has_seat = |id| self.participants.get(&id).is_some_and(|one| one.seat.is_some());
        let both = has_seat(viewer) && has_seat(other);
        viewer == other || !both || self.gate.may_meet(viewer.0, other.0)
    }

    /// The places are arranged anew by the caller.
    fn admit(&mut self, id: ParticipantId, admitted: bool) {
        for track in self.tracks.values_mut().filter(|track| track.publisher == id) {
            track.held = !admitted;
        }
        self.change(id, |one| {
            if let Some(seat) = &mut one.seat {
                seat.admitted = admitted;
            }
        });
        if !admitted {
            self.unlease(id);
        }
        for other in self.guests_beside(id) {
            if admitted {
                self.introduce_to(id, other);
            } else {
                self.part_from(id, other);
                self.part_from(other, id);
            }
        }
    }

    /// Those of the other guests who were let in: before that, and after it, neither side knows of the other.
    fn guests_beside(&self, id: ParticipantId) -> Vec<ParticipantId> {
        let guests = self.participants.iter().filter(|(_, one)| {
            let seat = one.seat.as_ref();
            seat.is_some_and(|seat| !seat.host && seat.admitted)
        });
        guests
            .map(|(other, _)| *other)
            .filter(|other| *other != id)
            .collect()
    }

    fn introduce_to(&mut self, viewer: ParticipantId, other: ParticipantId) {
        if let Some(member) = self.participants.get(&other).map(|one| one.member(other)) {
            self.notify(viewer, Notice::Body(ServerBody::Member { member }));
        }
    }

    pub(super) fn part_from(&mut self, viewer: ParticipantId, other: ParticipantId) {
        let participant = other.0;
        self.notify(viewer, Notice::Body(ServerBody::Left { participant }));
    }
}

impl From<Audience> for To {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Participant(participant) => Self::Participant(participant),
            Audience::Members => Self::Members,
            Audience::Everyone => Self::Everyone,
        }
    }
}
