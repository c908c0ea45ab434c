//! Matroska (RFC 9559) as it can be written by appending alone.
//!
//! Owns: the elements of our files. Never does: know a frame's content, or seek back.
//!
//! Segment and clusters have unknown sizes, so nothing is ever written again at an earlier place, and a file that is cut
//! off anywhere is read up to there. Codecs have their ordinary names; `ContentEncodings` says that frames are encrypted,
//! and a tag says how. A file is named `.mkv`, since WebM's encryption is another one.

use rapport_seal::Codec;

use crate::ebml::{element, float, master, text, unsigned, unsized_element};
use crate::frame::Frame;
use crate::journal::Cluster;
use crate::manifest::{Manifest, Track};

/// All that stands before the first cluster.
pub(crate) fn header(manifest: &Manifest) -> Vec<u8> {
    let mut out = Vec::new();
    master(&mut out, EBML, |ebml| {
        text(ebml, DOC_TYPE, "matroska");
        unsigned(ebml, DOC_TYPE_VERSION, 4);
        // SimpleBlock came with version 2
        unsigned(ebml, DOC_TYPE_READ_VERSION, 2);
    });
    unsized_element(&mut out, SEGMENT);
    master(&mut out, INFO, |info| {
        element(info, SEGMENT_UUID, &manifest.id.0);
        unsigned(info, TIMESTAMP_SCALE, NANOS_A_MILLI);
        text(info, MUXING_APP, "rapport");
        text(info, WRITING_APP, "rapport");
    });
    master(&mut out, TRACKS, |tracks| {
        for (number, track) in (1..).zip(&manifest.tracks) {
            master(tracks, TRACK_ENTRY, |entry| {
                track_entry(entry, number, track, manifest)
            });
        }
    });
    master(&mut out, TAGS, |tags| {
        master(tags, TAG, |tag| {
            master(tag, TARGETS, |_| {});
            let how = format!("RFC9605;suite={};layout={}", manifest.suite, manifest.layout);
            master(tag, SIMPLE_TAG, |simple| {
                text(simple, TAG_NAME, "SFRAME");
                text(simple, TAG_STRING, &how);
            });
        });
    });
    out
}

fn track_entry(entry: &mut Vec<u8>, number: u64, track: &Track, manifest: &Manifest) {
    unsigned(entry, TRACK_NUMBER, number);
    unsigned(entry, TRACK_UID, number);
    unsigned(entry, TRACK_TYPE, if track.is_sound() { 2 } else { 1 });
    unsigned(entry, FLAG_LACING, 0);
    text(entry, CODEC_ID, codec_id(track.codec));
    if track.is_sound() {
        element(entry, CODEC_PRIVATE, &opus_head(2));
        master(entry, AUDIO, |audio| {
            float(audio, SAMPLING_FREQUENCY, 48_000.0);
            unsigned(audio, CHANNELS, 2);
        });
    } else {
        master(entry, VIDEO, |video| {
            // demuxers want a size; decoders know the right one from key frames
            unsigned(video, PIXEL_WIDTH, track.width.max(1).into());
            unsigned(video, PIXEL_HEIGHT, track.height.max(1).into());
        });
    }
    master(entry, CONTENT_ENCODINGS, |encodings| {
        master(encodings, CONTENT_ENCODING, |encoding| {
            unsigned(encoding, CONTENT_ENCODING_ORDER, 0);
            unsigned(encoding, CONTENT_ENCODING_SCOPE, 1);
            unsigned(encoding, CONTENT_ENCODING_TYPE, 1);
            master(encoding, CONTENT_ENCRYPTION, |encryption| {
                unsigned(encryption, CONTENT_ENC_ALGO, AES);
                element(encryption, CONTENT_ENC_KEY_ID, &manifest.id.0);
            });
        });
    });
}

/// The beginning of a cluster.
pub(crate) fn cluster(out: &mut Vec<u8>, millis: u64) {
    unsized_element(out, CLUSTER);
    unsigned(out, CLUSTER_TIMESTAMP, millis);
}

/// A frame in a cluster that began at `millis`; none if it is too far from it.
pub(crate) fn block(out: &mut Vec<u8>, millis: u64, frame: &Frame) -> Option<()> {
    let at = i64::try_from(frame.micros / 1000).ok()?;
    let relative = i16::try_from(at - i64::try_from(millis).ok()?).ok()?;
    let mut content = Vec::with_capacity(4 + frame.bytes.len());
    // RFC 9559 §10.1: the track number is coded like a size
    content.push(0x80 | frame.track);
    content.extend(relative.to_be_bytes());
    content.push(if frame.is_key { KEY_FRAME } else { 0 });
    content.extend(&frame.bytes);
    element(out, SIMPLE_BLOCK, &content);
    Some(())
}

/// Where seeking may lead to; of one file.
pub(crate) fn cues(clusters: &[Cluster], segment: u64) -> Vec<u8> {
    let mut out = Vec::new();
    master(&mut out, CUES, |cues| {
        for cluster in clusters {
            master(cues, CUE_POINT, |point| {
                unsigned(point, CUE_TIME, cluster.millis);
                master(point, CUE_TRACK_POSITIONS, |positions| {
                    unsigned(positions, CUE_TRACK, 1);
                    unsigned(positions, CUE_CLUSTER_POSITION, cluster.offset - segment);
                });
            });
        }
    });
    out
}

/// Where the content of the segment begins: what positions are counted from.
pub(crate) fn segment_offset(header: &[u8]) -> u64 {
    let ebml = crate::ebml::Element::read(header).map_or(0, |ebml| header.len() - ebml.behind.len());
    // four bytes of the identifier, one of the unknown size
    ebml as u64 + 5
}

pub(crate) const fn codec_id(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "A_OPUS",
        Codec::Vp8 => "V_VP8",
        Codec::Vp9 => "V_VP9",
        Codec::H264 => "V_MPEG4/ISO/AVC",
        Codec::Av1 => "V_AV1",
    }
}

/// RFC 7845 §5.1: version 1, the channels, 6.5 ms of pre-skip, 48 kHz, no gain, mapping family 0.
pub(crate) const fn opus_head(channels: u8) -> [u8; 19] {
    [
        b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', 1, channels, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0,
    ]
}

pub(crate) const NANOS_A_MILLI: u64 = 1_000_000;
/// RFC 9559 §5.1.4.1.31.9: AES. How is in the tag: the mode cannot be told there.
const AES: u64 = 5;
pub(crate) const KEY_FRAME: u8 = 0x80;

pub(crate) const EBML: u32 = 0x1a45_dfa3;
pub(crate) const DOC_TYPE: u32 = 0x4282;
pub(crate) const DOC_TYPE_VERSION: u32 = 0x4287;
pub(crate) const DOC_TYPE_READ_VERSION: u32 = 0x4285;
pub(crate) const SEGMENT: u32 = 0x1853_8067;
pub(crate) const INFO: u32 = 0x1549_a966;
pub(crate) const SEGMENT_UUID: u32 = 0x73a4;
pub(crate) const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;
pub(crate) const MUXING_APP: u32 = 0x4d80;
pub(crate) const WRITING_APP: u32 = 0x5741;
pub(crate) const TRACKS: u32 = 0x1654_ae6b;
pub(crate) const TRACK_ENTRY: u32 = 0xae;
pub(crate) const TRACK_NUMBER: u32 = 0xd7;
pub(crate) const TRACK_UID: u32 = 0x73c5;
pub(crate) const TRACK_TYPE: u32 = 0x83;
pub(crate) const FLAG_LACING: u32 = 0x9c;
pub(crate) const CODEC_ID: u32 = 0x86;
pub(crate) const CODEC_PRIVATE: u32 = 0x63a2;
pub(crate) const AUDIO: u32 = 0xe1;
pub(crate) const SAMPLING_FREQUENCY: u32 = 0xb5;
pub(crate) const CHANNELS: u32 = 0x9f;
pub(crate) const VIDEO: u32 = 0xe0;
pub(crate) const PIXEL_WIDTH: u32 = 0xb0;
pub(crate) const PIXEL_HEIGHT: u32 = 0xba;
pub(crate) const CONTENT_ENCODINGS: u32 = 0x6d80;
pub(crate) const CONTENT_ENCODING: u32 = 0x6240;
pub(crate) const CONTENT_ENCODING_ORDER: u32 = 0x5031;
pub(crate) const CONTENT_ENCODING_SCOPE: u32 = 0x5032;
pub(crate) const CONTENT_ENCODING_TYPE: u32 = 0x5033;
pub(crate) const CONTENT_ENCRYPTION: u32 = 0x5035;
pub(crate) const CONTENT_ENC_ALGO: u32 = 0x47e1;
pub(crate) const CONTENT_ENC_KEY_ID: u32 = 0x47e2;
pub(crate) const TAGS: u32 = 0x1254_c367;
pub(crate) const TAG: u32 = 0x7373;
pub(crate) const TARGETS: u32 = 0x63c0;
pub(crate) const SIMPLE_TAG: u32 = 0x67c8;
pub(crate) const TAG_NAME: u32 = 0x45a3;
pub(crate) const TAG_STRING: u32 = 0x4487;
pub(crate) const CLUSTER: u32 = 0x1f43_b675;
pub(crate) const CLUSTER_TIMESTAMP: u32 = 0xe7;
pub(crate) const SIMPLE_BLOCK: u32 = 0xa3;
pub(crate) const CUES: u32 = 0x1c53_bb6b;
pub(crate) const CUE_POINT: u32 = 0xbb;
pub(crate) const CUE_TIME: u32 = 0xb3;
pub(crate) const CUE_TRACK_POSITIONS: u32 = 0xb7;
pub(crate) const CUE_TRACK: u32 = 0xf7;
pub(crate) const CUE_CLUSTER_POSITION: u32 = 0xf1;
