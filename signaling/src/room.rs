//! One room: who is in it, what they publish, and who sees what.
//!
//! Owns: participants, tracks and places of one room, and the order of what happens to them. Never does:
//! wait, send or allocate an id: requests and events go in, [`Effect`]s come out, and the task that owns
//! the room ([`crate::directory`]) carries them out.

mod actor;
mod arrangement;
mod delivery;
mod departure;
mod door;
mod extension;
mod info;
mod kind;
mod moderation;
mod pace;
mod participant;
mod places;
mod recording;
mod roster;
mod track;
mod values;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use rapport_keys::Gate;
use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId, TapId, TrackId};

use crate::auth::RoomName;
use crate::negotiate::{self, Trickle};
use crate::protocol::{RoomState, Snapshot};
use crate::session::{IfMatch, ice_credentials};
use departure::close_reason;
use door::{Pass, Senders};
use kind::Kind;
use participant::Participant;
use track::Track;

pub use actor::{Mailbox, Request, spawn};
pub use info::{ParticipantInfo, RoomInfo, RoomSummary, TrackInfo};
pub use recording::{Beginning, Feed, LEASE, RecordOrder, Recorded};
pub use values::{
    Admission, Ask, Effect, Extension, MissingConsent, Notice, Patched, RoomError, RoomEvent, Rules, Seat,
};

/// See the module.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    name: RoomName,
    rules: Rules,
    kind: Kind,
    state: RoomState,
    senders: Senders,
    /// Whom the hosts' clients have let in.
    gate: Gate,
    /// How many ever came in.
    arrivals: u64,
    participants: BTreeMap<ParticipantId, Participant>,
    /// Ids grow, so this is the order of publishing.
    tracks: BTreeMap<TrackId, Track>,
    effects: VecDeque<Effect>,
    /// The one that is proposed or made.
    recording: Option<recording::Recording>,
}

impl Room {
    /// An empty room.
    pub fn new(id: RoomId, name: RoomName, rules: Rules) -> Self {
        Self {
            id,
            gate: Gate::new(name.as_str()),
            name,
            rules,
            kind: Kind::default(),
            state: RoomState {
                records: rules.records,
                ..RoomState::default()
            },
            senders: Senders::default(),
            arrivals: 0,
            participants: BTreeMap::new(),
            tracks: BTreeMap::new(),
            effects: VecDeque::new(),
            recording: None,
        }
    }

    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// Lets a member of a call in. What happened until then is in the snapshot, and told in no other way.
    pub fn sit(&mut self, admission: Admission) -> Result<Snapshot, RoomError> {
        debug_assert!(admission.seat.is_some(), "a member of a call has a seat");
        let you = admission.participant;
        self.join(admission)?;
        Ok(self.snapshot(you))
    }

    /// Lets somebody in.
    pub fn join(&mut self, mut admission: Admission) -> Result<(), RoomError> {
        debug_assert_eq!(admission.join.room(), &self.name, "a join is for this room");
        debug_assert!(self.is_within_limits(&admission), "the caller counts");
        let pass = self.check(&admission)?;
        self.kind = pass.kind;
        if let Some(former) = pass.former {
            self.replace(former);
        }
        let participant = admission.participant;
        self.announce(&admission);
        self.order(Command::Join {
            room: self.id,
            participant,
            transport: admission.transport.clone(),
        });
        let publications = std::mem::take(&mut admission.publications);
        let sources = admission
            .seat
            .as_mut()
            .map(|seat| std::mem::take(&mut seat.sources));
        let sources: BTreeMap<_, _> = sources.into_iter().flatten().collect();
        self.arrivals += 1;
        let member = Participant::admit(admission, &pass, self.arrivals);
        if let Some(seat) = &member.seat {
            self.gate.handle_join(participant.0, seat.host);
        }
        self.participants.insert(participant, member);
        self.introduce(participant);
        for (track, parameters) in publications {
            self.publish(participant, track, sources.get(&track).copied(), parameters);
        }
        self.open_places(participant);
        self.arrange(Some(participant));
        Ok(())
    }

    /// Candidates or an ICE restart (RFC 9725 §4.3): a body of `application/trickle-ice-sdpfrag`.
    /// `candidates` are those of the worker, which the reply to a restart names again.
    pub fn patch(
        &mut self,
        participant: ParticipantId,
        condition: &IfMatch,
        fragment: &str,
        candidates: &[SocketAddr],
    ) -> Result<Patched, RoomError> {
        let member = self
            .participants
            .get_mut(&participant)
            .ok_or(RoomError::NoParticipant)?;
        if !condition.matches(&member.tag) {
            return Err(RoomError::OtherIceSession);
        }
        let Trickle::Restart(restart) = negotiate::trickle(fragment, &member.remote)? else {
            return Ok(Patched::Trickled);
        };
        // RFC 9725 §4.3.3: "A WHIP client sending a PATCH request for performing ICE restart MUST contain an
        // If-Match header field with a field-value of "*"".
        if *condition != IfMatch::Any {
            return Err(RoomError::RestartWithoutStar);
        }
        let local = ice_credentials();
        let body = restart.answer(&local, candidates);
        let tag = member.restart(restart.remote.clone());
        self.order(Command::RestartIce {
            participant,
            local,
            remote: restart.remote,
        });
        Ok(Patched::Restarted { body, tag })
    }

    /// Copies a track's packets to a tap.
    pub fn tap(&mut self, tap: TapId, track: TrackId) -> Result<(), RoomError> {
        if !self.tracks.contains_key(&track) {
            return Err(RoomError::NoTrack);
        }
        self.order(Command::Tap { tap, track });
        Ok(())
    }

    /// What the media plane says. About somebody who is gone already it may say anything.
    pub fn handle_event(&mut self, event: Event) {
        match event {
            Event::Connected { participant, .. } => self.handle_connected(participant),
            Event::Left {
                participant, reason, ..
            } => self.handle_left(participant, reason),
            Event::Started { track } => self.set_live(track, true),
            Event::Stalled { track } => self.set_live(track, false),
            Event::Unsealed { track } => self.refuse(track),
            Event::Message {
                participant,
                label,
                message,
            } => self.tell(|room| RoomEvent::Message {
                room,
                participant,
                label,
                message,
            }),
            _ => {}
        }
    }

    /// What to do next; `None` when all is done.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn is_within_limits(&self, admission: &Admission) -> bool {
        admission.publications.len() <= self.rules.publications
            && admission.subscriptions.len() <= self.rules.subscriptions
    }

    fn announce(&mut self, admission: &Admission) {
        let participant = admission.participant;
        let (identity, role) = (admission.join.identity().clone(), admission.join.role());
        self.tell(|room| RoomEvent::Joined {
            room,
            participant,
            identity,
            role,
        });
    }

    fn handle_connected(&mut self, participant: ParticipantId) {
        if self.participants.contains_key(&participant) {
            self.change(participant, |member| member.connected = true);
            self.tell(|room| RoomEvent::Connected { room, participant });
        }
    }

    fn handle_left(&mut self, participant: ParticipantId, reason: LeaveReason) {
        if self.participants.contains_key(&participant) {
            self.forget(participant, reason, close_reason(reason));
        }
    }

    fn tracks_of(&self, publisher: ParticipantId) -> impl Iterator<Item = (TrackId, &Track)> {
        let own = self
            .tracks
            .iter()
            .filter(move |(_, track)| track.publisher == publisher);
        own.map(|(&id, track)| (id, track))
    }

    fn order(&mut self, command: Command) {
        self.effects.push_back(Effect::Command(command));
    }

    fn tell(&mut self, event: impl FnOnce(RoomName) -> RoomEvent) {
        let event = event(self.name.clone());
        self.effects.push_back(Effect::Event(event));
    }
}

#[cfg(test)]
mod tests;
