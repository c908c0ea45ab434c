//! Which track stands in which place.
//!
//! Owns: the mapping of a room's tracks to its subscribers' places. Never does: move a track that is
//! shown already; a picture that jumps from tile to tile is worse than any order.

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, SubscriptionId, TrackId};
use rapport_sfu::parameters::SubscriptionParameters;

use super::{Effect, Participant, Room, Track, codecs};

/// One place of one subscriber.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) subscription: SubscriptionId,
    kind: MediaKind,
    codecs: Vec<Codec>,
    shown: Option<Shown>,
    /// What the media plane still has to be told of a new place.
    parameters: Option<SubscriptionParameters>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    track: TrackId,
    publisher: ParticipantId,
}

impl Place {
    pub(super) fn new((subscription, parameters): (SubscriptionId, SubscriptionParameters)) -> Self {
        Self {
            subscription,
            kind: parameters.media.kind,
            codecs: codecs(&parameters.media),
            shown: None,
            parameters: Some(parameters),
        }
    }

    /// Can it show any of what the publisher may send?
    fn suits(&self, track: &Track) -> bool {
        self.kind == track.kind && self.codecs.iter().any(|codec| track.codecs.contains(codec))
    }
}

impl Participant {
    /// Its own tracks are never shown to a subscriber: an echo, and a mirror that lags.
    fn wants(&self, track: &Track) -> bool {
        let chosen = self.only.as_ref().is_none_or(|only| *only == track.identity);
        chosen && track.identity != self.identity
    }

    fn shows(&self, track: TrackId) -> bool {
        self.places
            .iter()
            .any(|place| place.shown.is_some_and(|shown| shown.track == track))
    }

    /// The empty place in which a track goes best. The n-th audio and the n-th video place of an offer
    /// belong together (clients render them as one tile), so a publisher's second track goes beside its first.
    fn place_for(&self, track: &Track) -> Option<usize> {
        let empty = |place: &Place| place.shown.is_none() && place.suits(track);
        let candidates = self.places.iter().enumerate().filter(|(_, place)| empty(place));
        candidates
            .map(|(at, _)| (self.strangeness(at, track.publisher), at))
            .min()
            .map(|(_, at)| at)
    }

    /// 0 beside the same publisher, 1 beside nobody, 2 beside somebody else.
    fn strangeness(&self, at: usize, publisher: ParticipantId) -> u8 {
        match self.sibling(at).and_then(|place| place.shown) {
            Some(shown) if shown.publisher == publisher => 0,
            None => 1,
            Some(_) => 2,
        }
    }

    /// The place of the other kind with the same rank.
    fn sibling(&self, at: usize) -> Option<&Place> {
        let kind = self.places.get(at)?.kind;
        let rank = self
            .places
            .iter()
            .take(at)
            .filter(|place| place.kind == kind)
            .count();
        self.places.iter().filter(|place| place.kind != kind).nth(rank)
    }
}

impl Room {
    /// Tells the media plane of a newcomer's places.
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

    /// Empties places whose track is gone.
    pub(super) fn free_places(&mut self) {
        for place in self
            .participants
            .values_mut()
            .flat_map(|member| &mut member.places)
        {
            let gone = |shown: &Shown| !self.tracks.contains_key(&shown.track);
            if place.shown.take_if(|shown| gone(shown)).is_some() {
                self.effects.push_back(select(place.subscription, None));
            }
        }
    }

    /// Gives every track that a subscriber does not see yet an empty place, in the order of publishing.
    pub(super) fn fill_places(&mut self) {
        for member in self.participants.values_mut() {
            for (&id, track) in &self.tracks {
                if !member.wants(track) || member.shows(id) {
                    continue;
                }
                let Some(at) = member.place_for(track) else {
                    continue;
                };
                let Some(place) = member.places.get_mut(at) else {
                    continue;
                };
                place.shown = Some(Shown {
                    track: id,
                    publisher: track.publisher,
                });
                self.effects.push_back(select(place.subscription, Some(id)));
            }
        }
    }
}

fn select(subscription: SubscriptionId, track: Option<TrackId>) -> Effect {
    Effect::Command(Command::Select { subscription, track })
}
