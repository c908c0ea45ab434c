//! Which rooms are sealed, and who does not keep to it.
//!
//! Owns: sender indices, and the tracks that are announced as sealed and sent in the clear. Never does: seal
//! anything; the kit gives frames the form, and the server can see no more.

use std::collections::{BTreeMap, BTreeSet};

use rapport_sfu::id::{ParticipantId, RoomId, SenderIndex, TrackId};
use rapport_sfu::parameters::PublicationParameters;

/// What the control plane knows of the seals, and what is behind them.
#[derive(Default)]
pub(crate) struct Seals {
    rooms: BTreeSet<RoomId>,
    senders: BTreeMap<ParticipantId, SenderIndex>,
    intruders: BTreeSet<ParticipantId>,
    clear: BTreeSet<TrackId>,
}

impl Seals {
    /// Whoever joins this room from here on has to seal.
    pub(crate) fn seal(&mut self, room: RoomId) {
        self.rooms.insert(room);
    }

    /// Gives somebody who joins an index, if its room is sealed.
    pub(crate) fn enter(&mut self, id: ParticipantId, room: RoomId, keeps_to_it: bool) {
        if self.rooms.contains(&room) {
            let index = SenderIndex(FIRST_SENDER + self.senders.len() as u16);
            self.senders.insert(id, index);
        }
        if !keeps_to_it {
            self.intruders.insert(id);
        }
    }

    /// Somebody mends its ways; what it published before stays as it is.
    pub(crate) fn reform(&mut self, id: ParticipantId) {
        self.intruders.remove(&id);
    }

    /// What the server hears of a new track, and what its publisher goes by.
    pub(crate) fn publish(
        &mut self,
        id: ParticipantId,
        track: TrackId,
        mut parameters: PublicationParameters,
    ) -> (PublicationParameters, PublicationParameters) {
        parameters.sealed = self.senders.get(&id).copied();
        let mut kept = parameters.clone();
        if self.intruders.contains(&id) {
            kept.sealed = None;
            self.clear.insert(track);
        }
        (parameters, kept)
    }

    /// The track is sent in the clear: nobody may get anything of it.
    pub(crate) fn is_clear(&self, track: TrackId) -> bool {
        self.clear.contains(&track)
    }
}

/// From 16 on a KID has a byte more: a room has both.
const FIRST_SENDER: u16 = 13;
