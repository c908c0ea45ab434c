//! Who sees what: all places of a room against all its tracks.
//!
//! Owns: that places follow the tracks, and that the media plane and the places' owners are told. Never does:
//! choose a place; [`super::places`] does.

use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, SubscriptionId, TrackId};

use super::{Effect, Notice, Room};
use crate::protocol::ServerBody;

impl Room {
    /// Tells the media plane of new places.
    pub(super) fn open_places(&mut self, participant: ParticipantId) {
        let Some(member) = self.participants.get_mut(&participant) else {
            return;
        };
        for place in &mut member.places {
            let Some(parameters) = place.parameters.take() else {
                continue;
            };
            self.effects.push_back(Effect::Command(Command::Subscribe {
                participant,
                subscription: place.subscription,
                parameters,
            }));
        }
    }

    /// Empties places whose track is gone or withheld, fills what is empty, and tells every owner but `informed`, who is
    /// told all of its places at once.
    pub(super) fn arrange(&mut self, informed: Option<ParticipantId>) {
        self.free_places();
        self.fill_places();
        self.tell_places(informed);
    }

    fn free_places(&mut self) {
        for member in self.participants.values_mut() {
            let reach = member.reach();
            let gone = |id: TrackId| self.tracks.get(&id).is_none_or(|track| !reach.covers(track));
            for place in &mut member.places {
                if place.shown.take_if(|shown| gone(shown.track)).is_some() {
                    self.effects.push_back(select(place.subscription, None));
                }
            }
        }
    }

    /// In the order of publishing.
    fn fill_places(&mut self) {
        for (&id, member) in &mut self.participants {
            let filled = member.fill_places(id, &self.tracks).into_iter();
            let selected = filled.map(|(subscription, track)| select(subscription, Some(track)));
            self.effects.extend(selected);
        }
    }

    /// A place that was freed and filled again is one change.
    fn tell_places(&mut self, informed: Option<ParticipantId>) {
        let seated = self
            .participants
            .iter_mut()
            .filter(|(_, member)| member.seat.is_some());
        for (&id, member) in seated {
            for place in &mut member.places {
                let now = place.slot_track();
                if std::mem::replace(&mut place.told, now) == now {
                    continue;
                }
                if informed != Some(id) {
                    let slot = place.slot();
                    let body = Notice::Body(ServerBody::Slot { slot });
                    self.effects.push_back(Effect::Notify(id, body));
                }
            }
        }
    }
}

fn select(subscription: SubscriptionId, track: Option<TrackId>) -> Effect {
    Effect::Command(Command::Select { subscription, track })
}
