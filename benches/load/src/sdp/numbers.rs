//! The numbers of this client: payload types and header extension ids.
//!
//! Owns: the choice, which is Chromium 156's. Never does: negotiate.

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::Pt;
use rapport_sfu::parameters::{Extension, ExtensionKind, Payload};

/// How a codec is offered; none for one that is never recorded.
pub(super) const fn payload(codec: Codec) -> Option<Payload> {
    let (pt, rtx) = match codec {
        Codec::Opus => (111, None),
        Codec::Vp8 => (96, Some(Pt(97))),
        Codec::Vp9 { profile: 0 } => (98, Some(Pt(99))),
        _ => return None,
    };
    let is_video = rtx.is_some();
    Some(Payload {
        pt: Pt(pt),
        codec,
        rtx,
        // Chromium does not ask for it in sound by itself; a page of ours makes it ask, so that a lost word
        // comes again.
        nack: true,
        pli: is_video,
        fir: is_video,
        transport_cc: true,
    })
}

/// The header extensions of a section.
pub(super) fn extensions(kind: MediaKind) -> Vec<Extension> {
    let of = match kind {
        MediaKind::Audio => AUDIO.as_slice(),
        MediaKind::Video => VIDEO.as_slice(),
    };
    of.iter().map(|&(id, kind)| Extension { id, kind }).collect()
}

const AUDIO: [(u8, ExtensionKind); 4] = [
    (1, ExtensionKind::AudioLevel),
    (2, ExtensionKind::AbsSendTime),
    (3, ExtensionKind::TransportCc),
    (4, ExtensionKind::Mid),
];

const VIDEO: [(u8, ExtensionKind); 5] = [
    (2, ExtensionKind::AbsSendTime),
    (3, ExtensionKind::TransportCc),
    (4, ExtensionKind::Mid),
    (10, ExtensionKind::Rid),
    (11, ExtensionKind::RepairedRid),
];
