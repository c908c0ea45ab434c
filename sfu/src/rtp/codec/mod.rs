//! What a forwarder has to know of a payload: where a key frame starts, which layer a packet belongs to.
//!
//! Owns: the payload descriptors of the codecs' RTP formats. Never does: decode, or look behind what
//! end-to-end encryption leaves readable (the descriptors and the first bytes of a frame). Every Opus
//! packet stands for itself, so Opus needs no file.

pub mod av1;
pub mod h264;
pub mod vp8;
pub mod vp9;

use crate::codec::Codec;

/// Does a decoder that saw nothing before find its way from this packet on?
#[inline]
pub fn is_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8::Descriptor::parse(payload).is_some_and(|descriptor| descriptor.keyframe),
        Codec::Vp9 { .. } => {
            vp9::Descriptor::parse(payload).is_some_and(|descriptor| descriptor.starts_keyframe())
        }
        Codec::H264 { .. } => h264::is_keyframe(payload),
        Codec::Av1 { .. } => av1::is_keyframe(payload),
    }
}

/// The picture id of a VP8 or VP9 descriptor, which is seven or fifteen bits wide as its sender likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// Below 2⁷ or 2¹⁵.
    pub value: u16,
    /// Fifteen bits in two bytes; else seven in one.
    pub wide: bool,
}

impl PictureId {
    /// RFC 7741 §4.2, RFC 9628 §4.2: the M bit tells of a second byte.
    #[inline]
    fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&first, rest) = bytes.split_first()?;
        if first & WIDE_BIT == 0 {
            return Some((
                Self {
                    value: u16::from(first),
                    wide: false,
                },
                rest,
            ));
        }
        let (&second, rest) = rest.split_first()?;
        let value = u16::from_be_bytes([first & !WIDE_BIT, second]);
        Some((Self { value, wide: true }, rest))
    }

    /// Bytes on the wire.
    const fn len(self) -> usize {
        if self.wide { 2 } else { 1 }
    }
}

/// RFC 7741 §4.2: the M bit.
const WIDE_BIT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::H264Profile;

    const ALL: [Codec; 5] = [
        Codec::Opus,
        Codec::Vp8,
        Codec::Vp9 { profile: 0 },
        Codec::H264 {
            profile: H264Profile::High,
            packetization_mode: 1,
        },
        Codec::Av1 { profile: 0 },
    ];

    #[test]
    fn every_opus_packet_and_no_empty_picture_is_a_start() {
        assert_eq!(
            ALL.map(|codec| is_keyframe(codec, &[])),
            [true, false, false, false, false]
        );
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_looked_at_without_panic(
            payload in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for codec in ALL {
                is_keyframe(codec, &payload);
            }
        }
    }
}
