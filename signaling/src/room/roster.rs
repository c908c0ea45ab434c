//! The room as the members of a call see it.
//!
//! Owns: what is told of each one, and that a change is told once. Never does: decide who may do what.

use rapport_sfu::id::{ParticipantId, SenderIndex};

use super::participant::Participant;
use super::{Effect, Notice, Room, Seat};
use crate::protocol::{Connection, Line, MediaState, Member, ServerBody, Slot, Snapshot, Source, Standing};

/// A member of a call, as its client told and as its socket is.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) name: String,
    pub(super) host: bool,
    pub(super) sender: SenderIndex,
    /// A host, or let in by one.
    pub(super) admitted: bool,
    pub(super) media: MediaState,
    pub(super) speaking: bool,
    pub(super) hand: bool,
    pub(super) line: Line,
    pub(super) attached: bool,
}

impl Seated {
    pub(super) fn new(seat: Seat, sender: SenderIndex) -> Self {
        Self {
            name: seat.name,
            host: seat.host,
            sender,
            admitted: seat.host,
            media: seat.media,
            speaking: false,
            hand: false,
            line: Line::default(),
            attached: true,
        }
    }

    fn standing(&self) -> Standing {
        if self.host {
            Standing::Host
        } else {
            Standing::Guest
        }
    }
}

/// Is what carries this source switched on?
pub(super) fn is_on(media: MediaState, source: Source) -> bool {
    match source {
        Source::Microphone => media.microphone,
        Source::Camera => media.camera,
        Source::Screen | Source::ScreenAudio => media.screen,
    }
}

impl Participant {
    /// Whoever has no seat is a listener to those who have one.
    pub(super) fn standing(&self) -> Standing {
        self.seat.as_ref().map_or(Standing::Listener, Seated::standing)
    }

    /// Whoever has no seat has no waiting room either.
    pub(super) fn is_admitted(&self) -> bool {
        self.seat.as_ref().is_none_or(|seat| seat.admitted)
    }

    fn connection(&self) -> Connection {
        match &self.seat {
            Some(seat) if !seat.attached => Connection::Away,
            _ if self.connected => Connection::Live,
            _ => Connection::Connecting,
        }
    }

    pub(super) fn member(&self, id: ParticipantId) -> Member {
        let seat = self.seat.as_ref();
        Member {
            participant: id.0,
            name: seat.map(|seat| seat.name.clone()).unwrap_or_default(),
            standing: self.standing(),
            sender: seat.map(|seat| seat.sender.0),
            admitted: self.is_admitted(),
            media: seat.map(|seat| seat.media).unwrap_or_default(),
            speaking: seat.is_some_and(|seat| seat.speaking),
            hand: seat.is_some_and(|seat| seat.hand),
            line: seat.map(|seat| seat.line).unwrap_or_default(),
            connection: self.connection(),
        }
    }
}

impl Room {
    /// The room at this moment, as one of those in it sees it.
    pub fn snapshot(&self, you: ParticipantId) -> Snapshot {
        let met = self.in_order().filter(|(id, _)| self.may_meet(you, *id));
        let members = met.map(|(id, member)| member.member(id));
        Snapshot {
            you: you.0,
            members: members.collect(),
            slots: self.slots(you),
            room: self.state.clone(),
        }
    }

    /// Every place of a participant.
    pub(super) fn slots(&self, owner: ParticipantId) -> Vec<Slot> {
        let places = self.participants.get(&owner).map(|owner| owner.places.iter());
        places.into_iter().flatten().map(|place| place.slot()).collect()
    }

    /// Everybody in the order of coming in.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (ParticipantId, &Participant)> {
        let mut all: Vec<_> = self
            .participants
            .iter()
            .map(|(&id, member)| (id, member))
            .collect();
        all.sort_by_key(|(_, member)| member.arrival);
        all.into_iter()
    }

    /// Tells the members of somebody who is new.
    pub(super) fn introduce(&mut self, newcomer: ParticipantId) {
        if let Some(member) = self.participants.get(&newcomer) {
            let member = member.member(newcomer);
            self.tell_of(newcomer, Some(newcomer), member);
        }
    }

    /// Changes something about somebody, and tells the members if that makes a difference.
    pub(super) fn change(&mut self, id: ParticipantId, change: impl FnOnce(&mut Participant)) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let before = participant.member(id);
        change(participant);
        let member = participant.member(id);
        if member != before {
            self.tell_of(id, None, member);
        }
    }

    /// Tells those who may know of somebody, but one, who knows.
    pub(super) fn tell_of(&mut self, about: ParticipantId, knows: Option<ParticipantId>, member: Member) {
        let body = ServerBody::Member { member };
        let seated = self.participants.iter().filter(|(_, one)| one.seat.is_some());
        let told = seated.map(|(id, _)| *id);
        let told = told.filter(|id| Some(*id) != knows && self.may_meet(*id, about));
        let notices: Vec<_> = told
            .map(|id| Effect::Notify(id, Notice::Body(body.clone())))
            .collect();
        self.effects.extend(notices);
    }

    /// Tells all members.
    pub(super) fn tell_members(&mut self, body: &ServerBody) {
        let seated = self
            .participants
            .iter()
            .filter(|(_, member)| member.seat.is_some());
        let notices = seated.map(|(&id, _)| Effect::Notify(id, Notice::Body(body.clone())));
        self.effects.extend(notices);
    }

    /// Tells one member.
    pub(super) fn notify(&mut self, id: ParticipantId, notice: Notice) {
        if self
            .participants
            .get(&id)
            .is_some_and(|member| member.seat.is_some())
        {
            self.effects.push_back(Effect::Notify(id, notice));
        }
    }
}
