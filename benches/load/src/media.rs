//! What everybody who publishes sends.
//!
//! Owns: the choice of recordings, and the numbers under which they are sent. Never does: send.

use std::sync::Arc;

use clap::ValueEnum;
use rapport_sfu::codec::Codec;
use rapport_sfu::id::{Rid, Ssrc};
use serde::{Deserialize, Serialize};

use crate::plan::Shape;
use crate::recording::Recording;
use crate::session::{Encoding, Source};
use crate::trace::{Recording as Recorded, Trace};

/// Which picture is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Picture {
    /// 720p VP9, one encoding.
    Vp9,
    /// 720p VP8, one encoding.
    Vp8,
    /// 720p VP8 in three encodings, of which a server sends one on.
    Vp8Simulcast,
}

/// The tracks of one who publishes.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) recordings: Vec<Arc<Recording>>,
}

impl Media {
    /// Sound, and a picture where the shape has one.
    pub(crate) fn new(shape: Shape, picture: Picture) -> Self {
        let sound = Recording::new(Trace::builtin(Recorded::Opus));
        let picture = shape.has_video().then(|| match picture {
            Picture::Vp9 => Recording::new(Trace::builtin(Recorded::Vp9)),
            Picture::Vp8 => Recording::new(Trace::builtin(Recorded::Vp8Simulcast)).largest_alone(),
            Picture::Vp8Simulcast => Recording::new(Trace::builtin(Recorded::Vp8Simulcast)),
        });
        let recordings = std::iter::once(sound).chain(picture).map(Arc::new).collect();
        Self { recordings }
    }

    /// What each of them is.
    pub(crate) fn codecs(&self) -> Vec<Codec> {
        self.recordings.iter().map(|recording| recording.codec).collect()
    }

    /// All that is sent is sent on: no server has to choose among encodings.
    pub(crate) fn is_single(&self) -> bool {
        self.recordings
            .iter()
            .all(|recording| recording.encodings.len() == 1)
    }

    /// The sources of one publisher, under SSRCs from a counter.
    pub(crate) fn sources(&self, next: &mut u32) -> Vec<Source> {
        let source = |recording: &Arc<Recording>| Source {
            codec: recording.codec,
            encodings: encodings(recording, next),
        };
        self.recordings.iter().map(source).collect()
    }
}

fn encodings(recording: &Recording, next: &mut u32) -> Vec<Encoding> {
    let count = recording.encodings.len();
    let has_rtx = recording.codec != Codec::Opus;
    (0..count)
        .map(|at| {
            *next += 2;
            Encoding {
                // As Chromium's examples name them: a quarter, a half, full.
                rid: (count > 1).then(|| Rid::new(RIDS.get(at)?)).flatten(),
                ssrc: Ssrc(*next),
                rtx_ssrc: has_rtx.then_some(Ssrc(*next + 1)),
            }
        })
        .collect()
}

const RIDS: [&str; 3] = ["q", "h", "f"];
