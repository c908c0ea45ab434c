//! What the tests of both directions build from: negotiated m-sections and packets.

use std::time::{Duration, Instant};

use crate::codec::{Codec, MediaKind};
use crate::id::{Mid, Pt, Rid, Ssrc, TrackId};
use crate::parameters::{
    EncodingParameters, Extension, ExtensionKind, MediaParameters, Payload, PublicationParameters,
};
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::rtp::extension::{ExtensionMap, Extensions};
use crate::rtp::header::HeaderWriter;
use crate::rtp::sequence::SeqNo;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Every extension kind, numbered from one in the order of [`ExtensionKind::ALL`].
pub(crate) fn extensions() -> Vec<Extension> {
    let kinds = ExtensionKind::ALL.into_iter().zip(1..);
    kinds.map(|(kind, id)| Extension { id, kind }).collect()
}

pub(crate) fn payload(pt: u8, codec: Codec, rtx: Option<u8>) -> Payload {
    Payload {
        pt: Pt(pt),
        codec,
        rtx: rtx.map(Pt),
        nack: true,
        pli: codec.kind() == MediaKind::Video,
        fir: codec.kind() == MediaKind::Video,
        transport_cc: true,
    }
}

pub(crate) fn media(mid: &str, payloads: Vec<Payload>) -> MediaParameters {
    MediaParameters {
        kind: payloads[0].codec.kind(),
        mid: Mid::new(mid).unwrap(),
        payloads,
        extensions: extensions(),
    }
}

/// One m-section with an encoding a rid, or a single one when there is none.
pub(crate) fn publication(mid: &str, payloads: Vec<Payload>, rids: &[&str]) -> PublicationParameters {
    let with_rid = |rid: &&str| EncodingParameters {
        rid: Some(Rid::new(rid).unwrap()),
        ..EncodingParameters::default()
    };
    let mut encodings: Vec<_> = rids.iter().map(with_rid).collect();
    if encodings.is_empty() {
        encodings.push(EncodingParameters::default());
    }
    PublicationParameters {
        media: media(mid, payloads),
        encodings,
        sealed: None,
    }
}

/// A packet as it looks after decryption.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) ssrc: u32,
    pub(crate) pt: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) extensions: Extensions<'a>,
    pub(crate) payload: &'a [u8],
}

impl Packet<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let header = HeaderWriter {
            marker: false,
            payload_type: Pt(self.pt),
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: Ssrc(self.ssrc),
            padding: if self.payload.is_empty() { 8 } else { 0 },
        };
        let mut out = Vec::new();
        header.write(&self.extensions, &ExtensionMap::new(&extensions()), &mut out);
        out.extend_from_slice(self.payload);
        header.append_padding(&mut out);
        out
    }
}

/// An arrival of track 1, encoding 0.
pub(crate) fn arrival(
    now: Instant,
    sequence: u64,
    timestamp: u32,
    codec: Codec,
    payload: &[u8],
) -> Arrival<'_> {
    Arrival {
        track: TrackId(1),
        encoding: EncodingIndex(0),
        sequence: SeqNo(sequence),
        timestamp,
        marker: false,
        codec,
        extensions: Extensions::default(),
        payload,
        keyframe: false,
        recovered: false,
        arrived: now,
    }
}
