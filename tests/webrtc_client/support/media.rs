//! Synthetic media: packets that say which one they are.
//!
//! Owns: payloads that a server takes for VP8 and Opus, with a counter at their end. Never does: encode
//! anything that a decoder would take.

use bytes::{BufMut, Bytes, BytesMut};

/// A key frame among so many: a new viewer waits for ten frames at most.
const KEYFRAME_EVERY: u64 = 10;

/// Fifteen bits (RFC 7741 §4.2); the sixteenth says that there are so many.
const PICTURE_ID_MASK: u16 = 0x7fff;

/// One VP8 frame in one packet, its picture id the low bits of the counter.
pub(crate) fn vp8(counter: u64) -> Bytes {
    vp8_numbered(counter, 0)
}

/// One VP8 frame in one packet: payload descriptor with a 15-bit picture id (RFC 7741 §4.2), which is this
/// much ahead of the counter, frame tag, and for a key frame start code and size (RFC 6386 §9.1), then the
/// counter.
pub(crate) fn vp8_numbered(counter: u64, ahead: u16) -> Bytes {
    let picture_id = (counter as u16).wrapping_add(ahead) & PICTURE_ID_MASK;
    let mut payload = BytesMut::with_capacity(64);
    payload.put_slice(&[0x90, 0x80]);
    payload.put_u16(0x8000 | picture_id);
    if is_keyframe(counter) {
        payload.put_slice(&[0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    } else {
        payload.put_slice(&[0x11, 0x02, 0x00]);
    }
    payload.put_u64(counter);
    payload.freeze()
}

/// How much the picture id of a payload is ahead of its counter.
pub(crate) fn picture_id_ahead(payload: &[u8], counter: u64) -> u16 {
    match payload {
        [_, _, high, low, ..] => {
            u16::from_be_bytes([*high, *low]).wrapping_sub(counter as u16) & PICTURE_ID_MASK
        }
        _ => 0,
    }
}

/// One Opus packet (RFC 6716 §3.1): a table of contents for 20 ms of full-band sound, then the counter.
pub(crate) fn opus(counter: u64) -> Bytes {
    let mut payload = BytesMut::with_capacity(9);
    payload.put_u8(0xf8);
    payload.put_u64(counter);
    payload.freeze()
}

/// True for the frames that [`vp8`] makes decodable alone.
pub(crate) fn is_keyframe(counter: u64) -> bool {
    counter.is_multiple_of(KEYFRAME_EVERY)
}

/// The counter of a payload.
pub(crate) fn counter(payload: &[u8]) -> Option<u64> {
    payload.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}
