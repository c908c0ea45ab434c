//! What happens between packets: timers, reports, transports that come up and go down, messages.
//!
//! Owns: the settling of one participant after a turn that touched it. Never does: forward media.

use std::time::Instant;

use super::Room;
use crate::command::Message;
use crate::event::{Event, LeaveReason};
use crate::id::ParticipantId;
use crate::output::Output;
use crate::transport::TransportEvent;

impl Room {
    /// Time has passed for this participant.
    pub(crate) fn handle_timeout(&mut self, now: Instant, id: ParticipantId, output: &mut Output) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        participant.transport.handle_timeout(now);
        participant.touch(output);
        for track in &participant.publications {
            if let Some(track) = self.tracks.get_mut(track) {
                track.publication.handle_timeout(now);
            }
        }
    }

    /// Settles what the turn left: events of the transport and of publications, reports that fell due. Once,
    /// however many runs are drained after it. Returns why the participant is to be removed, if it is.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        id: ParticipantId,
        output: &mut Output,
    ) -> Option<LeaveReason> {
        if self.participants.get(&id)?.is_settled() {
            return None;
        }
        while let Some(event) = self.participants.get_mut(&id)?.transport.poll_event() {
            match event {
                TransportEvent::Over(reason) => return Some(reason),
                TransportEvent::Connected(profile) => {
                    output.stats.handshakes_completed += 1;
                    output.events.push_back(Event::Connected {
                        participant: id,
                        profile,
                    });
                }
                TransportEvent::Message { label, message } => self.relay(now, id, label, message, output),
            }
        }
        let participant = self.participants.get_mut(&id)?;
        for track in &participant.publications {
            let Some(track) = self.tracks.get_mut(track) else {
                continue;
            };
            while let Some(event) = track.publication.poll_event() {
                output.events.push_back(event);
            }
        }
        self.request_wanted_keyframes(now, id, output);
        let participant = self.participants.get_mut(&id)?;
        participant.write_rtcp(now, &mut self.tracks, output);
        participant.mark_settled();
        None
    }

    /// Is there anything to send to this participant?
    pub(crate) fn has_run(&self, id: ParticipantId) -> bool {
        self.participants
            .get(&id)
            .is_some_and(|participant| participant.transport.has_run())
    }

    /// This participant has been drained; when does it fall due?
    pub(crate) fn drained(&mut self, now: Instant, id: ParticipantId) -> Option<Instant> {
        let participant = self.participants.get_mut(&id)?;
        participant.untouch();
        participant.poll_timeout(now, &self.tracks)
    }

    /// Sends one message to one data channel.
    pub(crate) fn send_message(
        &mut self,
        now: Instant,
        id: ParticipantId,
        label: &str,
        message: &Message,
        output: &mut Output,
    ) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        participant.touch(output);
        let sent = participant.transport.send_message(now, label, message);
        if output.settle(sent).is_some() {
            output.stats.relayed_messages += 1;
        }
    }

    /// Gives a message to everybody else who has a channel of that name, and to the control plane.
    fn relay(
        &mut self,
        now: Instant,
        from: ParticipantId,
        label: String,
        message: Message,
        output: &mut Output,
    ) {
        let Some(sender) = self.participants.get_mut(&from) else {
            return;
        };
        if output.settle(sender.admit_message(now, &message)).is_none() {
            return;
        }
        for (&id, participant) in &mut self.participants {
            if id == from || !participant.transport.has_channel(&label) {
                continue;
            }
            participant.touch(output);
            let sent = participant.transport.send_message(now, &label, &message);
            if output.settle(sent).is_some() {
                output.stats.relayed_messages += 1;
            }
        }
        output.tell_message(now, from, label, message);
    }
}
