//! Where what arrives meets what leaves.
//!
//! Owns: the participants and tracks of one conference, and who gets which track. Never does: choose for a
//! subscriber (the control plane maps, the subscription selects) or touch another room.

mod packets;
mod upkeep;

use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::id::{ParticipantId, SubscriptionId, TapId, TrackId};
use crate::loose::Loose;
use crate::output::Output;
use crate::parameters::{IceCredentials, PublicationParameters, SubscriptionParameters};
use crate::participant::Participant;
use crate::publication::Publication;
use crate::publication::arrival::EncodingIndex;
use crate::subscription::tap::Tap;

/// One conference.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) participants: FxHashMap<ParticipantId, Participant>,
    tracks: FxHashMap<TrackId, Track>,
    /// Who has which place.
    places: FxHashMap<SubscriptionId, ParticipantId>,
    /// Key frames to ask for, between two lines; kept for its room.
    wanted: Vec<(TrackId, EncodingIndex)>,
}

/// A publication and who gets it.
pub(crate) struct Track {
    pub(crate) publication: Publication,
    muted: bool,
    subscribers: Vec<(ParticipantId, SubscriptionId)>,
    taps: Vec<Tap>,
}

/// What went with a participant that left.
pub(crate) struct Left {
    pub(crate) tracks: Vec<TrackId>,
    pub(crate) subscriptions: Vec<SubscriptionId>,
    pub(crate) taps: Vec<TapId>,
}

impl Room {
    /// How many publications and subscriptions there are.
    pub(crate) fn census(&self) -> (usize, usize) {
        (self.tracks.len(), self.places.len())
    }

    pub(crate) fn join(&mut self, participant: Participant) {
        self.participants.insert(participant.id, participant);
    }

    pub(crate) fn restart_ice(
        &mut self,
        now: Instant,
        id: ParticipantId,
        local: &IceCredentials,
        remote: &IceCredentials,
        output: &mut Output,
    ) -> Option<()> {
        let participant = self.participants.get_mut(&id)?;
        participant.transport.restart_ice(local, remote, now);
        participant.touch(output);
        Some(())
    }

    pub(crate) fn publish(
        &mut self,
        id: ParticipantId,
        publication: Publication,
        parameters: &PublicationParameters,
        output: &mut Output,
    ) -> Option<()> {
        let participant = self.participants.get_mut(&id)?;
        let name = publication.track();
        participant.publish(name, parameters);
        participant.touch(output);
        let track = Track {
            publication,
            muted: false,
            subscribers: Vec::new(),
            taps: Vec::new(),
        };
        self.tracks.insert(name, track);
        Some(())
    }

    /// Takes a track out; the taps that were on it are gone with it.
    pub(crate) fn unpublish(&mut self, id: TrackId) -> Vec<TapId> {
        let Some(track) = self.tracks.remove(&id) else {
            return Vec::new();
        };
        if let Some(publisher) = self.participants.get_mut(&track.publication.publisher()) {
            publisher.unpublish(id);
        }
        self.empty(track.subscribers);
        track.taps.iter().map(Tap::id).collect()
    }

    /// Nobody gets this track any more, nor ever again.
    fn refuse(&mut self, track: TrackId) {
        if let Some(track) = self.tracks.get_mut(&track) {
            let subscribers = std::mem::take(&mut track.subscribers);
            self.empty(subscribers);
        }
    }

    fn empty(&mut self, places: Vec<(ParticipantId, SubscriptionId)>) {
        for (participant, subscription) in places {
            let participant = self.participants.get_mut(&participant);
            if let Some(place) = participant.and_then(|one| one.subscription_mut(subscription)) {
                place.select(None);
            }
        }
    }

    pub(crate) fn subscribe(
        &mut self,
        id: ParticipantId,
        subscription: SubscriptionId,
        parameters: SubscriptionParameters,
        first: (u16, u32),
    ) -> Option<()> {
        let participant = self.participants.get_mut(&id)?;
        self.places.insert(subscription, id);
        participant.subscribe(subscription, parameters, first);
        Some(())
    }

    pub(crate) fn unsubscribe(&mut self, subscription: SubscriptionId) -> Option<()> {
        let id = self.places.remove(&subscription)?;
        self.detach(subscription);
        self.participants.get_mut(&id)?.unsubscribe(subscription);
        Some(())
    }

    /// Maps a track to a place. The key frame that video starts with is asked for at once.
    pub(crate) fn select(
        &mut self,
        now: Instant,
        subscription: SubscriptionId,
        track: Option<TrackId>,
        output: &mut Output,
    ) -> Option<()> {
        let id = *self.places.get(&subscription)?;
        self.detach(subscription);
        let target = track.and_then(|track| self.tracks.get_mut(&track));
        let target = target.filter(|target| !target.publication.is_refused());
        let participant = self.participants.get_mut(&id)?;
        let place = participant.subscription_mut(subscription)?;
        place.select(target.as_ref().and(track));
        if target.as_ref().is_some_and(|target| target.muted) {
            place.mute(true);
        }
        participant.touch(output);
        // A place whose track went away or was refused in the meantime is left empty; the rest of the order is stale.
        if let Some(target) = target {
            target.subscribers.push((id, subscription));
            self.request_wanted_keyframes(now, id, output);
        } else if track.is_some() {
            return None;
        }
        Some(())
    }

    pub(crate) fn mute(&mut self, track: TrackId, muted: bool, output: &mut Output) -> Option<()> {
        let track = self.tracks.get_mut(&track)?;
        if std::mem::replace(&mut track.muted, muted) == muted {
            return Some(());
        }
        for (id, subscription) in &track.subscribers {
            let Some(participant) = self.participants.get_mut(id) else {
                continue;
            };
            participant.touch(output);
            if let Some(place) = participant.subscription_mut(*subscription) {
                place.mute(muted);
            }
        }
        Some(())
    }

    pub(crate) fn tap(&mut self, tap: Tap) -> Option<()> {
        let track = self.tracks.get_mut(&tap.track())?;
        track.taps.push(tap);
        track.publication.set_tapped(true);
        Some(())
    }

    pub(crate) fn untap(&mut self, tap: TapId) -> Option<()> {
        for track in self.tracks.values_mut() {
            track.taps.retain(|other| other.id() != tap);
            track.publication.set_tapped(!track.taps.is_empty());
        }
        Some(())
    }

    /// Removes a participant and all that is its; its goodbye goes to `loose`.
    pub(crate) fn leave(&mut self, now: Instant, id: ParticipantId, loose: &mut Loose) -> Option<Left> {
        let mut participant = self.participants.remove(&id)?;
        let subscriptions: Vec<_> = participant.subscriptions().collect();
        for &subscription in &subscriptions {
            self.places.remove(&subscription);
            self.detach(subscription);
        }
        let tracks = std::mem::take(&mut participant.publications);
        let taps = tracks.iter().flat_map(|&track| self.unpublish(track)).collect();
        participant.transport.close(now);
        while let Some((path, bytes, segment_size)) = participant.transport.poll_run() {
            loose.push_run(path.remote, path.local, segment_size, |buffer| {
                buffer.extend_from_slice(bytes)
            });
        }
        Some(Left {
            tracks,
            subscriptions,
            taps,
        })
    }

    /// No track has this place in its audience any more.
    fn detach(&mut self, subscription: SubscriptionId) {
        for track in self.tracks.values_mut() {
            track.subscribers.retain(|&(_, other)| other != subscription);
        }
    }
}
