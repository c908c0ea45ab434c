//! What an administrator sees of a room.
//!
//! Owns: the JSON of the room API. Never does: show session URLs, addresses or credentials.

use rapport_sfu::codec::MediaKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::Room;

/// One line of the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomSummary {
    /// Its name.
    pub room: String,
    /// How many are in it.
    pub participants: usize,
    /// How many tracks they publish.
    pub tracks: usize,
}

/// One room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomInfo {
    /// Its name.
    pub room: String,
    /// Who is in it, in the order of joining.
    pub participants: Vec<ParticipantInfo>,
}

/// One participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantInfo {
    /// Its name in this API.
    pub id: u64,
    /// The subject of its token.
    pub identity: String,
    /// `publisher` or `subscriber`.
    pub role: &'static str,
    /// Its media flows.
    pub connected: bool,
    /// What it publishes.
    pub tracks: Vec<TrackInfo>,
}

/// One track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrackInfo {
    /// Its name in this API.
    pub id: u64,
    /// `audio` or `video`.
    pub kind: &'static str,
    /// Silenced by an administrator.
    pub muted: bool,
    /// Packets arrive.
    pub live: bool,
}

impl Room {
    /// In short.
    pub fn summary(&self) -> RoomSummary {
        RoomSummary {
            room: self.name.to_string(),
            participants: self.participants.len(),
            tracks: self.tracks.len(),
        }
    }

    /// In full.
    pub fn info(&self) -> RoomInfo {
        let participants = self.participants.iter().map(|(id, member)| ParticipantInfo {
            id: id.0,
            identity: member.identity.as_str().to_owned(),
            role: member.role.label(),
            connected: member.connected,
            tracks: self.tracks_of(*id),
        });
        RoomInfo {
            room: self.name.to_string(),
            participants: participants.collect(),
        }
    }

    fn tracks_of(&self, publisher: rapport_sfu::id::ParticipantId) -> Vec<TrackInfo> {
        let own = self
            .tracks
            .iter()
            .filter(|(_, track)| track.publisher == publisher);
        own.map(|(id, track)| TrackInfo {
            id: id.0,
            kind: match track.kind {
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
            },
            muted: track.muted,
            live: track.live,
        })
        .collect()
    }
}
