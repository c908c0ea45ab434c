//! One subscriber's places, and which track goes best into which.
//!
//! Owns: the choice for one participant. Never does: move a track that is shown already; a picture that jumps
//! from tile to tile is worse than any order.

use std::collections::BTreeMap;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Mid, ParticipantId, SubscriptionId, TrackId};
use rapport_sfu::parameters::SubscriptionParameters;

use super::participant::Participant;
use super::track::{Track, codecs};
use crate::protocol::{Slot, SlotTrack, Source};

/// One place of one subscriber.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) subscription: SubscriptionId,
    mid: Mid,
    kind: MediaKind,
    codecs: Vec<Codec>,
    pub(super) shown: Option<Shown>,
    /// What its owner last heard that it shows.
    pub(super) told: Option<SlotTrack>,
    /// What the media plane still has to be told of a new place.
    pub(super) parameters: Option<SubscriptionParameters>,
}

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) track: TrackId,
    publisher: ParticipantId,
    source: Option<Source>,
}

/// What stands beside a place, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Neighbour {
    Companion,
    Nobody,
    Stranger,
}

/// One round of filling: which tracks, and what they put up with.
struct Round {
    takes: fn(&Track) -> bool,
    beside: Neighbour,
}

/// WHEP: the order of publishing, whatever is published.
const ANY: [Round; 1] = [Round {
    takes: |_| true,
    beside: Neighbour::Stranger,
}];

/// A call: voices first, then pictures beside the voice that belongs to them, then the rest.
const CALL: [Round; 4] = [
    Round {
        takes: |track| track.source == Some(Source::Microphone),
        beside: Neighbour::Stranger,
    },
    Round {
        takes: |track| track.kind == MediaKind::Audio,
        beside: Neighbour::Stranger,
    },
    Round {
        takes: |track| track.kind == MediaKind::Video,
        beside: Neighbour::Companion,
    },
    Round {
        takes: |track| track.kind == MediaKind::Video,
        beside: Neighbour::Stranger,
    },
];

impl Place {
    pub(super) fn new((subscription, parameters): (SubscriptionId, SubscriptionParameters)) -> Self {
        Self {
            subscription,
            mid: parameters.media.mid,
            kind: parameters.media.kind,
            codecs: codecs(&parameters.media),
            shown: None,
            told: None,
            parameters: Some(parameters),
        }
    }

    /// As a member of a call sees it.
    pub(super) fn slot(&self) -> Slot {
        Slot {
            mid: self.mid.as_str().to_owned(),
            track: self.slot_track(),
        }
    }

    /// `None` too where a listener plays clear media: nobody is told of those.
    pub(super) fn slot_track(&self) -> Option<SlotTrack> {
        let shown = self.shown?;
        shown.source.map(|source| SlotTrack {
            participant: shown.publisher.0,
            source,
        })
    }

    /// Can it show any of what the publisher may send?
    fn suits(&self, track: &Track) -> bool {
        self.kind == track.kind && self.codecs.iter().any(|codec| track.codecs.contains(codec))
    }
}

impl Shown {
    fn new(track: TrackId, shown: &Track) -> Self {
        Self {
            track,
            publisher: shown.publisher,
            source: shown.source,
        }
    }

    /// Sound and picture of one person, or of one screen.
    fn is_companion_of(&self, track: &Track) -> bool {
        self.publisher == track.publisher && is_screen(self.source) == is_screen(track.source)
    }
}

fn is_screen(source: Option<Source>) -> bool {
    matches!(source, Some(Source::Screen | Source::ScreenAudio))
}

impl Participant {
    /// Gives every track that this one does not see yet an empty place, and tells which got one.
    pub(super) fn fill_places(
        &mut self,
        own: ParticipantId,
        tracks: &BTreeMap<TrackId, Track>,
    ) -> Vec<(SubscriptionId, TrackId)> {
        let rounds: &[Round] = if self.seat.is_some() { &CALL } else { &ANY };
        let mut filled = Vec::new();
        for round in rounds {
            for (&id, track) in tracks {
                if !(round.takes)(track) || !self.wants(own, track) || self.shows(id) {
                    continue;
                }
                let at = self.place_for(track, round.beside);
                if let Some(place) = at.and_then(|at| self.places.get_mut(at)) {
                    place.shown = Some(Shown::new(id, track));
                    filled.push((place.subscription, id));
                }
            }
        }
        filled
    }

    /// Its own tracks are never shown to a subscriber: an echo, and a mirror that lags. Members of a call are
    /// told apart by themselves; who plays by WHEP publishes by another session of the same identity.
    fn wants(&self, own: ParticipantId, track: &Track) -> bool {
        let chosen = self.only.as_ref().is_none_or(|only| *only == track.identity);
        let is_own = match self.seat {
            Some(_) => track.publisher == own,
            None => track.identity == self.identity,
        };
        self.reach().covers(track) && chosen && !is_own
    }

    fn shows(&self, track: TrackId) -> bool {
        self.places
            .iter()
            .any(|place| place.shown.is_some_and(|shown| shown.track == track))
    }

    /// The empty place in which a track goes best. The n-th audio and the n-th video place belong together
    /// (clients render them as one tile), so a publisher's second track goes beside its first.
    fn place_for(&self, track: &Track, worst: Neighbour) -> Option<usize> {
        let empty = |place: &Place| place.shown.is_none() && place.suits(track);
        let candidates = self.places.iter().enumerate().filter(|(_, place)| empty(place));
        candidates
            .map(|(at, _)| (self.neighbour(at, track), at))
            .filter(|(neighbour, _)| *neighbour <= worst)
            .min()
            .map(|(_, at)| at)
    }

    fn neighbour(&self, at: usize, track: &Track) -> Neighbour {
        match self.sibling(at).and_then(|place| place.shown) {
            Some(shown) if shown.is_companion_of(track) => Neighbour::Companion,
            None => Neighbour::Nobody,
            Some(_) => Neighbour::Stranger,
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
