//! RTP: the header, its extensions, and the descriptors of the codecs.

use rapport_sfu::codec::{Codec, H264Profile};
use rapport_sfu::id::{Pt, SenderIndex, Ssrc};
use rapport_sfu::parameters::{Extension, ExtensionKind};
use rapport_sfu::publication::seal::{Finding, inspect};
use rapport_sfu::rtp::codec::{is_keyframe, vp8, vp9};
use rapport_sfu::rtp::{ExtensionMap, Extensions, Header, HeaderWriter};

/// What is read lies within the packet, and what is written of it reads the same.
pub fn rtp(packet: &[u8]) {
    let Some(header) = Header::parse(packet) else {
        return;
    };
    assert!(header.len <= packet.len());
    let map = map();
    let extensions = Extensions::parse(&header, packet, &map);
    let bytes: usize = header.extensions(packet).map(|(_, value)| value.len() + 1).sum();
    assert!(bytes <= header.len, "elements beyond their block");
    rewrite_header(&header, extensions, &map);
    if let Some(payload) = header.payload(packet) {
        assert!(header.len + payload.len() <= packet.len());
        read_payload(payload);
        look_for_seals(payload, header.marker);
    }
}

/// As a forwarder does, with all extensions negotiated.
fn rewrite_header(header: &Header, extensions: Extensions<'_>, map: &ExtensionMap) {
    let writer = HeaderWriter {
        marker: header.marker,
        payload_type: header.payload_type,
        sequence: header.sequence,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        padding: 0,
    };
    let mut written = Vec::new();
    let length = writer.write(&extensions, map, &mut written);
    let again = Header::parse(&written).expect("a header of our own");
    assert_eq!((again.len, written.len()), (length, length));
    assert_eq!(fields(&again), fields(header));
    assert_eq!(Extensions::parse(&again, &written, map), extensions);
}

fn fields(header: &Header) -> (bool, Pt, u16, u32, Ssrc) {
    let Header {
        marker,
        payload_type,
        sequence,
        timestamp,
        ssrc,
        ..
    } = *header;
    (marker, payload_type, sequence, timestamp, ssrc)
}

fn read_payload(payload: &[u8]) {
    for codec in CODECS {
        is_keyframe(codec, payload);
    }
    if let Some(descriptor) = vp9::Descriptor::parse(payload) {
        descriptor.starts_keyframe();
    }
    if let Some(descriptor) = vp8::Descriptor::parse(payload) {
        assert!(descriptor.len <= payload.len());
        let mut rewritten = payload.to_vec();
        descriptor.rewrite(&mut rewritten, 0x7abc, 0xde);
        let again = vp8::Descriptor::parse(&rewritten).expect("a descriptor keeps its shape");
        assert_eq!((again.len, again.keyframe), (descriptor.len, descriptor.keyframe));
        assert_eq!(rewritten[again.len..], payload[again.len..], "the picture itself");
    }
}

/// What passes for a sealed frame says whose it is, and nothing passes for that of two.
fn look_for_seals(payload: &[u8], marker: bool) {
    for codec in CODECS {
        let mut senders = SENDERS.into_iter().map(SenderIndex);
        let is_sealed = |sender: &SenderIndex| inspect(codec, payload, marker, *sender) == Finding::Sealed;
        if let Some(sender) = senders.find(is_sealed) {
            assert!(sender.0 > 0 && sender <= SenderIndex::MAX && !senders.any(|other| is_sealed(&other)));
            assert!(codec != CODECS[4], "AV1 has no sealed form");
            assert!(payload.len() > SHORTEST_HEADER, "a header has its KID");
        }
    }
}

/// Every extension, under the lowest ids.
pub(crate) fn map() -> ExtensionMap {
    let extensions: Vec<_> = (1..)
        .zip(ExtensionKind::ALL)
        .map(|(id, kind)| Extension { id, kind })
        .collect();
    ExtensionMap::new(&extensions)
}

const CODECS: [Codec; 5] = [
    Codec::Opus,
    Codec::Vp8,
    Codec::Vp9 { profile: 0 },
    Codec::H264 {
        profile: H264Profile::High,
        packetization_mode: 1,
    },
    Codec::Av1 { profile: 0 },
];

/// KIDs of three and of four bytes, and what is no index.
const SENDERS: [u16; 8] = [0, 1, 2, 15, 16, 0x123, 0x0fff, 0x1000];

/// The config byte and a KID of three bytes.
const SHORTEST_HEADER: usize = 4;
