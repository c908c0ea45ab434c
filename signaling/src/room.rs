//! One room: who is in it, what they publish, and who sees what.
//!
//! Owns: participants, tracks and places of one room, and the order of what happens to them. Never does:
//! wait, send or allocate an id: requests and events go in, [`Effect`]s come out, and the task that owns
//! the room ([`crate::directory`]) carries them out.

mod actor;
mod info;
mod places;
mod values;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId, TapId, TrackId};
use rapport_sfu::parameters::{IceCredentials, MediaParameters, PublicationParameters};

use crate::auth::{Identity, Role, RoomName};
use crate::negotiate::{self, Trickle};
use crate::session::{EntityTag, IfMatch, SessionId, ice_credentials};

pub use actor::{Mailbox, Request, spawn};
pub use info::{ParticipantInfo, RoomInfo, RoomSummary, TrackInfo};
use places::Place;
pub use values::{Admission, Ask, Effect, Extension, Notice, Patched, RoomError, RoomEvent, Seat};

/// See the module.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    name: RoomName,
    max_participants: usize,
    participants: BTreeMap<ParticipantId, Participant>,
    /// Ids grow, so this is the order of publishing.
    tracks: BTreeMap<TrackId, Track>,
    effects: VecDeque<Effect>,
}

#[derive(Debug)]
struct Participant {
    identity: Identity,
    role: Role,
    session: SessionId,
    tag: EntityTag,
    remote: IceCredentials,
    connected: bool,
    places: Vec<Place>,
    only: Option<Identity>,
}

#[derive(Debug)]
struct Track {
    publisher: ParticipantId,
    identity: Identity,
    kind: MediaKind,
    codecs: Vec<Codec>,
    muted: bool,
    live: bool,
}

impl Room {
    /// An empty room.
    pub fn new(id: RoomId, name: RoomName, max_participants: usize) -> Self {
        Self {
            id,
            name,
            max_participants,
            participants: BTreeMap::new(),
            tracks: BTreeMap::new(),
            effects: VecDeque::new(),
        }
    }

    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// Lets somebody in.
    pub fn join(&mut self, admission: Admission) -> Result<(), RoomError> {
        debug_assert_eq!(admission.join.room(), &self.name, "a join is for this room");
        if self.participants.len() >= self.max_participants {
            return Err(RoomError::Full);
        }
        let participant = admission.participant;
        self.announce(&admission);
        self.order(Command::Join {
            room: self.id,
            participant,
            transport: admission.transport.clone(),
        });
        let (publications, member) = Participant::admit(admission);
        self.participants.insert(participant, member);
        for (track, parameters) in publications {
            self.publish(participant, track, parameters);
        }
        self.open_places(participant);
        self.fill_places();
        Ok(())
    }

    /// Sends somebody away.
    pub fn leave(&mut self, participant: ParticipantId) -> Result<(), RoomError> {
        if !self.participants.contains_key(&participant) {
            return Err(RoomError::NoParticipant);
        }
        self.order(Command::Leave { participant });
        self.forget(participant, LeaveReason::Ordered);
        Ok(())
    }

    /// Sends everybody away.
    pub fn close(&mut self, reason: LeaveReason) {
        self.order(Command::CloseRoom { room: self.id });
        while let Some((&participant, _)) = self.participants.first_key_value() {
            self.forget(participant, reason);
        }
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

    /// Silences a track for everybody, or lets it be heard again.
    pub fn mute(&mut self, track: TrackId, muted: bool) -> Result<(), RoomError> {
        self.tracks.get_mut(&track).ok_or(RoomError::NoTrack)?.muted = muted;
        self.order(Command::Mute { track, muted });
        Ok(())
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
            } => self.forget(participant, reason),
            Event::Started { track } => self.set_live(track, true),
            Event::Stalled { track } => self.set_live(track, false),
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

    fn publish(&mut self, participant: ParticipantId, track: TrackId, parameters: PublicationParameters) {
        let Some(publisher) = self.participants.get(&participant) else {
            return;
        };
        let (kind, identity) = (parameters.media.kind, publisher.identity.clone());
        self.tracks.insert(
            track,
            Track {
                publisher: participant,
                identity,
                kind,
                codecs: codecs(&parameters.media),
                muted: false,
                live: false,
            },
        );
        self.order(Command::Publish {
            participant,
            track,
            parameters,
        });
        self.tell(|room| RoomEvent::Published {
            room,
            participant,
            track,
            kind,
        });
    }

    fn handle_connected(&mut self, participant: ParticipantId) {
        if let Some(member) = self.participants.get_mut(&participant) {
            member.connected = true;
            self.tell(|room| RoomEvent::Connected { room, participant });
        }
    }

    fn set_live(&mut self, track: TrackId, live: bool) {
        if let Some(track) = self.tracks.get_mut(&track) {
            track.live = live;
        }
    }

    /// Takes a participant out of the books; the media plane knows already.
    fn forget(&mut self, participant: ParticipantId, reason: LeaveReason) {
        let Some(member) = self.participants.remove(&participant) else {
            return;
        };
        let own = self
            .tracks
            .extract_if(.., |_, track| track.publisher == participant);
        let tracks = own.map(|(id, _)| id).collect();
        self.free_places();
        self.fill_places();
        self.effects.push_back(Effect::Gone {
            session: member.session,
            participant,
            tracks,
        });
        self.tell(|room| RoomEvent::Left {
            room,
            participant,
            reason,
        });
        if self.is_empty() {
            self.tell(|room| RoomEvent::Closed { room });
        }
    }

    fn order(&mut self, command: Command) {
        self.effects.push_back(Effect::Command(command));
    }

    fn tell(&mut self, event: impl FnOnce(RoomName) -> RoomEvent) {
        let event = event(self.name.clone());
        self.effects.push_back(Effect::Event(event));
    }
}

impl Participant {
    fn admit(admission: Admission) -> (Vec<(TrackId, PublicationParameters)>, Self) {
        let member = Self {
            identity: admission.join.identity().clone(),
            role: admission.join.role(),
            session: admission.session,
            tag: admission.tag,
            remote: admission.transport.remote,
            connected: false,
            places: admission.subscriptions.into_iter().map(Place::new).collect(),
            only: admission.only,
        };
        (admission.publications, member)
    }

    fn restart(&mut self, remote: IceCredentials) -> EntityTag {
        self.remote = remote;
        self.tag = EntityTag::random();
        self.tag.clone()
    }
}

fn codecs(media: &MediaParameters) -> Vec<Codec> {
    media.payloads.iter().map(|payload| payload.codec).collect()
}

#[cfg(test)]
mod tests;
