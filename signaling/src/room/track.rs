//! What is published in a room.
//!
//! Owns: the tracks and who silences them. Never does: give them places.

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::id::{Mid, ParticipantId, TrackId};
use rapport_sfu::parameters::{MediaParameters, PublicationParameters};

use super::roster::is_on;
use super::{Notice, Room, RoomError, RoomEvent};
use crate::auth::Identity;
use crate::protocol::{MediaState, ServerBody, Source};

#[derive(Debug)]
pub(super) struct Track {
    pub(super) publisher: ParticipantId,
    pub(super) identity: Identity,
    pub(super) kind: MediaKind,
    pub(super) codecs: Vec<Codec>,
    /// Of the publisher's section.
    mid: Mid,
    /// A member of a call publishes it.
    pub(super) sealed: bool,
    /// Known in calls.
    pub(super) source: Option<Source>,
    /// Silenced by an administrator.
    pub(super) muted: bool,
    /// Switched off by its publisher.
    pub(super) off: bool,
    /// Packets arrive.
    pub(super) live: bool,
    /// Its publisher waits to be let in.
    pub(super) held: bool,
    /// It was not sealed, and is shown to nobody any more.
    pub(super) refused: bool,
}

impl Track {
    /// Either is enough to withhold it, and lifting one leaves the other.
    pub(super) fn is_silent(&self) -> bool {
        self.muted || self.off
    }

    /// Nobody is to see it.
    pub(super) fn is_withheld(&self) -> bool {
        self.held || self.refused
    }

    /// Switches it as its publisher says, as far as this source is concerned.
    fn switch(&mut self, media: MediaState) {
        self.off = self.source.is_some_and(|source| !is_on(media, source));
    }
}

/// What a place and a track can carry.
pub(super) fn codecs(media: &MediaParameters) -> Vec<Codec> {
    media.payloads.iter().map(|payload| payload.codec).collect()
}

impl Room {
    /// Silences a track for everybody, or lets it be heard again unless its publisher keeps it off.
    pub fn mute(&mut self, id: TrackId, muted: bool) -> Result<(), RoomError> {
        if !self.tracks.contains_key(&id) {
            return Err(RoomError::NoTrack);
        }
        self.silence(id, |track| track.muted = muted);
        Ok(())
    }

    pub(super) fn publish(
        &mut self,
        participant: ParticipantId,
        id: TrackId,
        source: Option<Source>,
        mut parameters: PublicationParameters,
    ) {
        let Some(publisher) = self.participants.get(&participant) else {
            return;
        };
        let seat = publisher.seat.as_ref();
        let media = seat.map(|seat| seat.media);
        let kind = parameters.media.kind;
        parameters.sealed = seat.map(|seat| seat.sender);
        let track = Track {
            publisher: participant,
            identity: publisher.identity.clone(),
            kind,
            codecs: codecs(&parameters.media),
            mid: parameters.media.mid,
            sealed: parameters.sealed.is_some(),
            source,
            muted: false,
            off: false,
            live: false,
            held: !publisher.is_admitted(),
            refused: false,
        };
        self.tracks.insert(id, track);
        self.order(Command::Publish {
            participant,
            track: id,
            parameters,
        });
        if let Some(media) = media {
            self.silence(id, |track| track.switch(media));
        }
        self.tell(|room| RoomEvent::Published {
            room,
            participant,
            track: id,
            kind,
        });
    }

    /// Withholds what a member has switched off, whatever its client goes on sending: a slip there is not heard.
    pub(super) fn switch(&mut self, publisher: ParticipantId, media: MediaState) {
        let own: Vec<_> = self.tracks_of(publisher).map(|(id, _)| id).collect();
        for id in own {
            self.silence(id, |track| track.switch(media));
        }
    }

    pub(super) fn set_live(&mut self, track: TrackId, live: bool) {
        if let Some(track) = self.tracks.get_mut(&track) {
            track.live = live;
        }
    }

    /// The media plane forwards nothing of it any more: its places are free for others.
    pub(super) fn refuse(&mut self, id: TrackId) {
        let Some(track) = self.tracks.get_mut(&id).filter(|track| !track.refused) else {
            return;
        };
        track.refused = true;
        let (publisher, mid) = (track.publisher, track.mid.as_str().to_owned());
        self.notify(publisher, Notice::Body(ServerBody::Unsealed { mid }));
        self.arrange(None);
    }

    fn silence(&mut self, id: TrackId, change: impl FnOnce(&mut Track)) {
        let Some(track) = self.tracks.get_mut(&id) else {
            return;
        };
        let before = track.is_silent();
        change(track);
        let muted = track.is_silent();
        if muted != before {
            self.order(Command::Mute { track: id, muted });
        }
    }
}
