//! What an administrator sees of a room.
//!
//! Owns: the JSON of the room API. Never does: show session URLs, addresses or credentials.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::TrackId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Room;
use super::kind::Kind;
use super::track::Track;
use crate::protocol::{Source, Standing};

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
    /// `sealed`: a call, whose media this server can't read; `clear`: published by WHIP; `undecided`: nobody has
    /// published.
    pub kind: &'static str,
    /// Nobody new comes in.
    pub locked: bool,
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
    /// `publisher` (WHIP), `subscriber` (WHEP) or `member` (of a call).
    pub role: &'static str,
    /// In a sealed room: `host`, `guest`, or `listener`, who plays by WHEP: it gets nothing without a
    /// host's token, and what it gets it can't read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<&'static str>,
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
    /// In a sealed room: `microphone`, `camera`, `screen` or `screen_audio`, as its publisher says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// Silenced by an administrator.
    pub muted: bool,
    /// Switched off by its publisher.
    pub off: bool,
    /// Packets arrive.
    pub live: bool,
    /// In a sealed room: it was not sealed, and is shown to nobody any more.
    pub refused: bool,
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
        let participants = self.in_order().map(|(id, member)| ParticipantInfo {
            id: id.0,
            identity: member.identity.as_str().to_owned(),
            role: member.role.label(),
            standing: (self.kind == Kind::Sealed).then(|| standing(member.standing())),
            connected: member.connected,
            tracks: self.tracks_of(id).map(track).collect(),
        });
        RoomInfo {
            room: self.name.to_string(),
            kind: self.kind.label(),
            locked: self.state.locked,
            participants: participants.collect(),
        }
    }
}

fn track((id, track): (TrackId, &Track)) -> TrackInfo {
    TrackInfo {
        id: id.0,
        kind: match track.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        },
        source: track.source.map(source),
        muted: track.muted,
        off: track.off,
        live: track.live,
        refused: track.refused,
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Host => "host",
        Standing::Guest => "guest",
        Standing::Listener => "listener",
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Microphone => "microphone",
        Source::Camera => "camera",
        Source::Screen => "screen",
        Source::ScreenAudio => "screen_audio",
    }
}
