//! What the control plane orders, and how it is obeyed.
//!
//! Owns: the dispatch of [`Command`]s to rooms, and the beginning and end of rooms and participants.
//! Never does: refuse. Who may do what was settled before the command was sent; a command that names
//! something gone is counted, because the event that says so is on its way.

use std::time::Instant;

use rand::RngExt;

use super::{Shard, home};
use crate::command::Command;
use crate::drop::Drop;
use crate::event::{Event, LeaveReason};
use crate::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TapId, TrackId};
use crate::parameters::{IceCredentials, PublicationParameters, SubscriptionParameters, TransportParameters};
use crate::participant::Participant;
use crate::publication::Publication;
use crate::subscription::tap::Tap;
use crate::transport::Transport;

impl Shard {
    /// Obeys one order of the control plane.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        if self.obey(now, command).is_none() {
            self.output.drop(Drop::StaleCommand);
        }
    }

    /// `None` when the command names something that is not there.
    fn obey(&mut self, now: Instant, command: Command) -> Option<()> {
        match command {
            Command::Join {
                room,
                participant,
                transport,
            } => self.join(now, room, participant, &transport),
            Command::RestartIce {
                participant,
                local,
                remote,
            } => self.restart_ice(now, participant, &local, &remote),
            Command::Publish {
                participant,
                track,
                parameters,
            } => self.publish(now, participant, track, parameters),
            Command::Unpublish { track } => self.unpublish(track),
            Command::Subscribe {
                participant,
                subscription,
                parameters,
            } => self.subscribe(participant, subscription, parameters),
            Command::Select { subscription, track } => {
                let room = self.rooms.get_mut(self.homes.subscriptions.get(&subscription)?)?;
                room.select(now, subscription, track, &mut self.output)
            }
            Command::Unsubscribe { subscription } => {
                let room = self.homes.subscriptions.remove(&subscription)?;
                self.rooms.get_mut(&room)?.unsubscribe(subscription)
            }
            Command::Mute { track, muted } => {
                let room = self.rooms.get_mut(self.homes.tracks.get(&track)?)?;
                room.mute(track, muted, &mut self.output)
            }
            Command::RequestKeyframes { track } => {
                let room = self.rooms.get_mut(self.homes.tracks.get(&track)?)?;
                room.request_keyframes(now, track, &mut self.output)
            }
            Command::SendMessage {
                participant,
                label,
                message,
            } => {
                let room = home(&self.homes, &mut self.rooms, participant)?;
                room.send_message(now, participant, &label, &message, &mut self.output);
                Some(())
            }
            Command::Tap { tap, track } => self.tap(tap, track),
            Command::Untap { tap } => {
                let room = self.homes.taps.remove(&tap)?;
                self.rooms.get_mut(&room)?.untap(tap)
            }
            Command::Leave { participant } => self.leave(now, participant, LeaveReason::Ordered),
            Command::CloseRoom { room } => self.close_room(now, room),
        }
    }

    fn join(
        &mut self,
        now: Instant,
        room: RoomId,
        id: ParticipantId,
        parameters: &TransportParameters,
    ) -> Option<()> {
        if self.homes.participants.contains_key(&id) {
            return None;
        }
        let transport = Transport::new(&self.identity, parameters, now);
        let mut participant = Participant::new(id, transport, Ssrc(self.random.random()));
        participant.touch(&mut self.output);
        self.demux.insert_ufrag(&parameters.local.ufrag, id);
        self.homes.participants.insert(id, room);
        self.rooms.entry(room).or_default().join(participant);
        Some(())
    }

    fn restart_ice(
        &mut self,
        now: Instant,
        id: ParticipantId,
        local: &IceCredentials,
        remote: &IceCredentials,
    ) -> Option<()> {
        let room = home(&self.homes, &mut self.rooms, id)?;
        self.demux.insert_ufrag(&local.ufrag, id);
        room.restart_ice(now, id, local, remote, &mut self.output)
    }

    fn publish(
        &mut self,
        now: Instant,
        id: ParticipantId,
        track: TrackId,
        parameters: PublicationParameters,
    ) -> Option<()> {
        let room = home(&self.homes, &mut self.rooms, id)?;
        let publication = Publication::new(track, id, parameters.clone(), &self.config.cache, now);
        room.publish(id, publication, &parameters, &mut self.output)?;
        self.homes
            .tracks
            .insert(track, *self.homes.participants.get(&id)?);
        Some(())
    }

    fn unpublish(&mut self, track: TrackId) -> Option<()> {
        let room = self.homes.tracks.remove(&track)?;
        for tap in self.rooms.get_mut(&room)?.unpublish(track) {
            self.homes.taps.remove(&tap);
        }
        Some(())
    }

    fn subscribe(
        &mut self,
        id: ParticipantId,
        subscription: SubscriptionId,
        parameters: SubscriptionParameters,
    ) -> Option<()> {
        let room = home(&self.homes, &mut self.rooms, id)?;
        // RFC 3550 §5.1: "The initial value of the sequence number SHOULD be random". The upper half is
        // left out, so that the first rollover is far from the first packet (RFC 3711 §3.3.1).
        let first = (self.random.random::<u16>() >> 1, self.random.random());
        room.subscribe(id, subscription, parameters, first)?;
        self.homes
            .subscriptions
            .insert(subscription, *self.homes.participants.get(&id)?);
        Some(())
    }

    fn tap(&mut self, id: TapId, track: TrackId) -> Option<()> {
        let room = *self.homes.tracks.get(&track)?;
        self.rooms.get_mut(&room)?.tap(Tap::new(id, track))?;
        self.homes.taps.insert(id, room);
        Some(())
    }

    fn close_room(&mut self, now: Instant, room: RoomId) -> Option<()> {
        let everybody: Vec<_> = self.rooms.get(&room)?.participants.keys().copied().collect();
        for id in everybody {
            self.leave(now, id, LeaveReason::RoomClosed);
        }
        Some(())
    }

    /// Ends a participant and all that is its, says goodbye to it, and tells the control plane why.
    pub(super) fn leave(&mut self, now: Instant, id: ParticipantId, reason: LeaveReason) -> Option<()> {
        let room_id = self.homes.participants.remove(&id)?;
        self.demux.remove(id);
        self.timers.disarm(id);
        let room = self.rooms.get_mut(&room_id)?;
        let left = room.leave(now, id, &mut self.loose)?;
        for track in left.tracks {
            self.homes.tracks.remove(&track);
        }
        for subscription in left.subscriptions {
            self.homes.subscriptions.remove(&subscription);
        }
        for tap in left.taps {
            self.homes.taps.remove(&tap);
        }
        if room.participants.is_empty() {
            self.rooms.remove(&room_id);
        }
        self.output.events.push_back(Event::Left {
            room: room_id,
            participant: id,
            reason,
        });
        Some(())
    }
}
