//! What is compared: who meets how, and with which picture.
//!
//! Owns: the cases, and between which sizes the knee is looked for. Never does: run one.

use std::fmt;

use clap::ValueEnum;
use rapport_load::ramp::Range;
use rapport_load::{Picture, Shape};
use serde::{Deserialize, Serialize};

use crate::contender::Contender;

/// One kind of load, the same for every server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Case {
    /// Rooms of two.
    Pairs,
    /// One room.
    Room,
    /// One room, each picture in three encodings.
    RoomSimulcast,
    /// One publishes, the others watch.
    Fanout,
    /// Rooms of eight without pictures.
    Audio,
}

impl Case {
    pub(crate) const fn shape(self) -> Shape {
        match self {
            Self::Pairs => Shape::Pairs,
            Self::Room | Self::RoomSimulcast => Shape::Room,
            Self::Fanout => Shape::Fanout,
            Self::Audio => Shape::Audio,
        }
    }

    /// Janus needs VP8 for simulcast, and browsers send VP8 or VP9 in calls of many: a room is VP8 throughout.
    pub(crate) const fn picture(self) -> Picture {
        match self {
            Self::Pairs | Self::Fanout | Self::Audio => Picture::Vp9,
            Self::Room => Picture::Vp8,
            Self::RoomSimulcast => Picture::Vp8Simulcast,
        }
    }

    /// Pion forwards one encoding that is chosen when somebody joins, so there is no choosing to compare.
    pub(crate) fn is_for(self, contender: Contender) -> bool {
        self != Self::RoomSimulcast || contender != Contender::Pion
    }

    /// The first size is one that every server should carry, so that all have sizes in common; the last one is
    /// beyond what one core of a generator sends.
    pub(crate) const fn sizes(self, smoke: bool) -> Range {
        match self {
            _ if smoke => Range { from: 2, to: 4 },
            Self::Pairs => Range { from: 8, to: 256 },
            // An offer has 64 places: sound and picture of 32 others.
            Self::Room | Self::RoomSimulcast => Range { from: 4, to: 33 },
            Self::Fanout => Range { from: 16, to: 1_024 },
            Self::Audio => Range { from: 2, to: 64 },
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pairs => "Rooms of two (VP9 720p and sound)",
            Self::Room => "One room, everybody sees everybody (VP8 720p and sound)",
            Self::RoomSimulcast => "The same room with simulcast (VP8 in three encodings)",
            Self::Fanout => "One speaks, the others watch (VP9 720p and sound)",
            Self::Audio => "Rooms of eight, sound alone",
        })
    }
}
