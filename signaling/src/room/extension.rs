//! More sections of the same member.
//!
//! Owns: what a new offer adds to a room. Never does: negotiate, or count against the limits; who extends has
//! done both.

use rapport_sfu::command::Command;
use rapport_sfu::id::ParticipantId;

use super::places::Place;
use super::{Extension, Room, RoomError};
use crate::protocol::Slot;

impl Room {
    /// Takes new sections in. The answer is every place of the member, as it is now: changes that this caused
    /// to them are told in no other way.
    pub fn extend(&mut self, id: ParticipantId, extension: Extension) -> Result<Vec<Slot>, RoomError> {
        let member = self.participants.get_mut(&id).filter(|one| one.seat.is_some());
        let member = member.ok_or(RoomError::NoParticipant)?;
        let places = extension.subscriptions.into_iter().map(Place::new);
        member.places.extend(places);
        debug_assert!(
            member.places.len() <= self.rules.subscriptions,
            "the caller counts"
        );
        if let Some((local, remote)) = extension.restart {
            member.restart(remote.clone());
            self.order(Command::RestartIce {
                participant: id,
                local,
                remote,
            });
        }
        for (track, source, parameters) in extension.publications {
            self.publish(id, track, Some(source), parameters);
        }
        debug_assert!(
            self.tracks_of(id).count() <= self.rules.publications,
            "the caller counts"
        );
        self.open_places(id);
        self.arrange(Some(id));
        Ok(self.slots(id))
    }
}
