//! A client and a media plane that believe what they are told.
//!
//! Owns: what each knows, and that nothing is told twice. Never does: ask the room.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::protocol::Snapshot;

/// What a client knows: its snapshot, and what it was told since.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View(pub(super) Snapshot);

impl View {
    /// Every body has to make a difference.
    pub(super) fn take(&mut self, body: ServerBody) {
        let before = self.clone();
        let view = &mut self.0;
        match body {
            ServerBody::Member { member } => {
                let mut known = view.members.iter_mut();
                match known.find(|known| known.participant == member.participant) {
                    Some(known) => *known = member,
                    None => view.members.push(member),
                }
            }
            ServerBody::Left { participant } => {
                view.members.retain(|member| member.participant != participant);
            }
            ServerBody::Slot { slot } => {
                let mut places = view.slots.iter_mut();
                let place = places.find(|place| place.mid == slot.mid);
                *place.expect("a place of its own") = slot;
            }
            ServerBody::Room { room } => view.room = room,
            ServerBody::Unsealed { .. } | ServerBody::Keys { .. } => return,
            other => panic!("rooms do not say {other:?}"),
        }
        assert_ne!(*self, before, "told twice");
    }
}

/// What a media plane knows: what it was ordered.
#[derive(Debug, Default)]
pub(super) struct Plane {
    pub(super) published: BTreeMap<TrackId, ParticipantId>,
    /// Whose, and what it shows.
    pub(super) places: BTreeMap<SubscriptionId, (ParticipantId, Option<TrackId>)>,
    pub(super) muted: BTreeSet<TrackId>,
}

impl Plane {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Publish {
                participant, track, ..
            } => assert_eq!(self.published.insert(track, participant), None),
            Command::Subscribe {
                participant,
                subscription,
                ..
            } => assert_eq!(self.places.insert(subscription, (participant, None)), None),
            Command::Select { subscription, track } => {
                let place = self.places.get_mut(&subscription).expect("an open place");
                place.1 = track;
            }
            Command::Mute { track, muted } => {
                let changed = if muted {
                    self.muted.insert(track)
                } else {
                    self.muted.remove(&track)
                };
                assert!(changed, "muted twice");
            }
            Command::Leave { participant } => self.remove(participant),
            Command::CloseRoom { .. } => *self = Self::default(),
            Command::Join { .. } | Command::RestartIce { .. } => {}
            other => panic!("rooms do not order {other:?}"),
        }
    }

    pub(super) fn remove(&mut self, participant: ParticipantId) {
        self.published.retain(|_, publisher| *publisher != participant);
        self.places.retain(|_, (owner, _)| *owner != participant);
        let published = &self.published;
        self.muted.retain(|track| published.contains_key(track));
    }
}
