//! One RTP section: what of it is answered.
//!
//! Owns: payload types, header extensions and encodings of a section. Never does: allocate SSRCs.

use std::collections::HashMap;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Pt, Rid};
use rapport_sfu::parameters::{
    EncodingParameters, Extension, ExtensionKind, MediaParameters, Payload, PublicationParameters,
};

use super::{NegotiateError, Terms, transport};
use crate::sdp::{
    AnsweredExtension, AnsweredMedia, AnsweredPayload, Direction, ExtMap, Format, MSection, Medium, Offer,
};

/// Answers a section with `direction`, which is ours; `None` when there is no protocol or codec in common.
pub(super) fn answer(
    offer: &Offer<'_>,
    section: &MSection<'_>,
    direction: Direction,
    terms: Terms,
) -> Result<Option<AnsweredMedia>, NegotiateError> {
    let Medium::Media(kind) = section.medium else {
        return Ok(None);
    };
    let extensions = extensions(section, direction, terms);
    let has_transport_cc = extensions
        .iter()
        .any(|known| known.extension.kind == ExtensionKind::TransportCc);
    let payloads = payloads(section, kind, has_transport_cc);
    let protocol = PROTOCOLS.into_iter().find(|known| *known == section.protocol);
    let Some(protocol) = protocol.filter(|_| !payloads.is_empty()) else {
        return Ok(None);
    };
    transport::check_rtcp_mux(section)?;
    let mut answered = AnsweredMedia {
        kind,
        mid: transport::mid(section)?,
        protocol,
        direction,
        bandwidth: None,
        rtcp_rsize: section.rtcp_rsize,
        extmap_allow_mixed: section.extmap_allow_mixed || offer.extmap_allow_mixed,
        payloads,
        extensions,
        rids: Vec::new(),
        source: None,
    };
    if direction.receives() {
        answered.rids = rids(section, &answered);
    }
    Ok(Some(answered))
}

/// Sealed media flow one way in a section: a browser that sends and receives by one transceiver may send
/// before its transform is in place.
pub(super) fn check_one_way(
    section: &MSection<'_>,
    offered: Direction,
    terms: Terms,
) -> Result<(), NegotiateError> {
    let refused = terms.sealed && offered == Direction::SendRecv;
    (!refused)
        .then_some(())
        .ok_or_else(|| BOTH_WAYS.within(section.name()))
}

/// The value for the worker.
pub(super) fn parameters(answered: &AnsweredMedia) -> MediaParameters {
    MediaParameters {
        kind: answered.kind,
        mid: answered.mid,
        payloads: answered.payloads.iter().map(|payload| payload.payload).collect(),
        extensions: answered.extensions.iter().map(|known| known.extension).collect(),
    }
}

/// The value for the worker, of a section in which the client sends.
pub(super) fn publication(section: &MSection<'_>, answered: &AnsweredMedia) -> PublicationParameters {
    let of_rid = |rid: &Rid| EncodingParameters {
        rid: Some(*rid),
        // Nothing ties an SSRC of the offer to a rid: the first packets do, by their header extension.
        ..EncodingParameters::default()
    };
    let encodings = match answered.rids.as_slice() {
        [] => vec![only_encoding(section)],
        rids => rids.iter().map(of_rid).collect(),
    };
    PublicationParameters {
        media: parameters(answered),
        encodings,
        sealed: None,
    }
}

fn only_encoding(section: &MSection<'_>) -> EncodingParameters {
    let ssrc = section.sources.ssrcs.first().map(|(ssrc, _)| *ssrc);
    let mut groups = section.sources.retransmitted.iter();
    EncodingParameters {
        rid: None,
        ssrc,
        rtx_ssrc: groups
            .find(|(source, _)| Some(*source) == ssrc)
            .map(|(_, repair)| *repair),
    }
}

/// The codecs we forward, in the offer's order, each with its retransmissions.
fn payloads(section: &MSection<'_>, kind: MediaKind, has_transport_cc: bool) -> Vec<AnsweredPayload> {
    let is_taken = |codec: &Codec| codec.kind() == kind;
    let answer = |format: &Format<'_>| {
        let codec = format.codec().filter(is_taken)?;
        Some(AnsweredPayload {
            payload: payload(section, format, codec, has_transport_cc),
            parameters: format.answer_parameters(codec),
        })
    };
    section.payloads.iter().filter_map(answer).collect()
}

fn payload(section: &MSection<'_>, format: &Format<'_>, codec: Codec, has_transport_cc: bool) -> Payload {
    let feedback = section.feedback(format);
    let is_video = codec.kind() == MediaKind::Video;
    Payload {
        pt: format.pt,
        codec,
        rtx: is_video.then(|| retransmission(section, format.pt)).flatten(),
        nack: feedback.nack,
        pli: feedback.pli && is_video,
        fir: feedback.fir && is_video,
        // Feedback without the header extension would have nothing to report.
        transport_cc: feedback.transport_cc && has_transport_cc,
    }
}

fn retransmission(section: &MSection<'_>, pt: Pt) -> Option<Pt> {
    let mut formats = section.payloads.iter();
    formats
        .find(|format| format.retransmits() == Some(pt))
        .map(|format| format.pt)
}

/// The header extensions we know, with the offer's ids: each kind once, each id once.
fn extensions(section: &MSection<'_>, direction: Direction, terms: Terms) -> Vec<AnsweredExtension> {
    let mut answered: Vec<AnsweredExtension> = Vec::new();
    for offered in &section.extmaps {
        let Some(extension) = extension(offered, direction, terms) else {
            continue;
        };
        let clashes = |known: &AnsweredExtension| {
            known.extension.id == extension.id || known.extension.kind == extension.kind
        };
        if !answered.iter().any(clashes) {
            answered.push(AnsweredExtension {
                extension,
                // RFC 8285 §5: the answer's direction is the offer's, seen from the other side.
                direction: offered.direction.map(|_| direction),
            });
        }
    }
    answered
}

fn extension(offered: &ExtMap<'_>, direction: Direction, terms: Terms) -> Option<Extension> {
    let kind = ExtensionKind::ALL
        .into_iter()
        .find(|kind| kind.uri() == offered.uri)?;
    let id = u8::try_from(offered.id)
        .ok()
        .filter(|id| matches!(id, 1..=14 | 16..))?;
    let theirs = offered.direction.unwrap_or(Direction::SendRecv);
    let flows = if direction.receives() {
        theirs.sends()
    } else {
        theirs.receives()
    };
    (flows && is_answered(kind, direction, terms)).then_some(Extension { id, kind })
}

/// Rids are a publisher's; we send one encoding. Video orientation is answered to nobody: a publisher that
/// may not signal it turns the picture itself, and subscribers without the extension (Firefox) see it upright.
const fn is_answered(kind: ExtensionKind, direction: Direction, terms: Terms) -> bool {
    match kind {
        ExtensionKind::AudioLevel => !terms.sealed,
        ExtensionKind::VideoOrientation => false,
        ExtensionKind::Rid | ExtensionKind::RepairedRid => direction.receives(),
        _ => true,
    }
}

/// The simulcast encodings that we take: those that `a=simulcast` sends and `a=rid` declares. Without the rid
/// header extension nobody could tell them apart.
fn rids(section: &MSection<'_>, answered: &AnsweredMedia) -> Vec<Rid> {
    let has_rid = answered
        .extensions
        .iter()
        .any(|known| known.extension.kind == ExtensionKind::Rid);
    if !has_rid {
        return Vec::new();
    }
    let mut rids: Vec<Rid> = Vec::new();
    for rid in &section.simulcast_send {
        if section.rids.contains(&(*rid, true)) && !rids.contains(rid) && rids.len() < MAX_ENCODINGS {
            rids.push(*rid);
        }
    }
    rids
}

/// Payload types and extension ids of the transport: the same number means the same in every section.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    payloads: HashMap<Pt, Meaning>,
    extensions: HashMap<u8, ExtensionKind>,
}

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Media(Codec),
    RetransmissionOf(Pt),
}

impl Numbers {
    /// RFC 9143 §9.1.1: the same payload type in two bundled sections means the same codec configuration; §12: so
    /// it is with extension ids.
    pub(super) fn claim(
        &mut self,
        section: &MSection<'_>,
        answered: &AnsweredMedia,
    ) -> Result<(), NegotiateError> {
        for AnsweredPayload { payload, .. } in &answered.payloads {
            let media = (payload.pt, Meaning::Media(payload.codec));
            let rtx = payload
                .rtx
                .map(|rtx| (rtx, Meaning::RetransmissionOf(payload.pt)));
            for (pt, meaning) in [Some(media), rtx].into_iter().flatten() {
                if *self.payloads.entry(pt).or_insert(meaning) != meaning {
                    return Err(PT_CLASH.within(section.name()));
                }
            }
        }
        for AnsweredExtension { extension, .. } in &answered.extensions {
            if *self.extensions.entry(extension.id).or_insert(extension.kind) != extension.kind {
                return Err(ID_CLASH.within(section.name()));
            }
        }
        Ok(())
    }
}

/// RFC 9429 §5.1.2 lists what is DTLS-SRTP: the first is what everybody writes, the others are to be taken too.
const PROTOCOLS: [&str; 4] = [
    "UDP/TLS/RTP/SAVPF",
    "TCP/TLS/RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "RTP/SAVPF",
];

/// Browsers send three at most; `PublicationParameters` promises no more.
const MAX_ENCODINGS: usize = 3;

const BOTH_WAYS: NegotiateError = NegotiateError::unsupported(
    "a=sendrecv",
    "a sealed call has sections of one way only: sendonly or recvonly",
);
const PT_CLASH: NegotiateError = NegotiateError::malformed(
    "a=rtpmap",
    "a payload type that means another codec in another m-section",
);
const ID_CLASH: NegotiateError = NegotiateError::malformed(
    "a=extmap",
    "an id that means another extension in another m-section",
);
