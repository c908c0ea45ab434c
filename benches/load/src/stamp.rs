//! What is inside of a synthetic packet, so that whoever receives it can say where it comes from and when.
//!
//! Owns: the form of a payload. Never does: codecs' contents; between the codec's own header and the stamp
//! there is filler, which no forwarder looks at.

use std::time::Duration;

use rapport_sfu::codec::Codec;

/// Stands at the very end of a payload, where no server that forwards it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Which source; unique in a run.
    pub(crate) origin: u32,
    /// Which encoding of it.
    pub(crate) encoding: u8,
    /// The packet belongs to a key frame.
    pub(crate) keyframe: bool,
    /// Counts the packets of the encoding, without a wrap.
    pub(crate) number: u32,
    /// When it was handed to the kernel, since 1970.
    pub(crate) sent: Duration,
}

impl Stamp {
    /// Reads the end of a decrypted payload; `None` when it is not one of ours.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (_, stamp) = payload.split_last_chunk::<STAMP_BYTES>()?;
        let [
            m0,
            m1,
            encoding,
            keyframe,
            o0,
            o1,
            o2,
            o3,
            n0,
            n1,
            n2,
            n3,
            sent @ ..,
        ] = *stamp;
        let micros = Duration::from_micros(u64::from_be_bytes(sent));
        ([m0, m1] == MAGIC).then_some(Self {
            origin: u32::from_be_bytes([o0, o1, o2, o3]),
            encoding,
            keyframe: keyframe != 0,
            number: u32::from_be_bytes([n0, n1, n2, n3]),
            sent: micros,
        })
    }

    fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.encoding, u8::from(self.keyframe)]);
        out.extend_from_slice(&self.origin.to_be_bytes());
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&(self.sent.as_micros() as u64).to_be_bytes());
    }
}

/// What a codec's own header says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first packet of its frame.
    pub(crate) first: bool,
    /// The last one.
    pub(crate) last: bool,
    /// Counts frames; the codecs take fifteen bits of it.
    pub(crate) picture: u16,
}

/// Appends a payload of so many bytes; of more where the codec's header and the stamp take more.
pub(crate) fn append_payload(codec: Codec, place: Place, stamp: &Stamp, bytes: usize, out: &mut Vec<u8>) {
    let start = out.len();
    append_codec_header(codec, place, stamp.keyframe, out);
    let filler = (start + bytes).saturating_sub(out.len() + STAMP_BYTES);
    out.resize(out.len() + filler, FILLER);
    stamp.append(out);
}

/// As much of each codec's form as forwarders read: descriptor, picture id, key frame or not.
fn append_codec_header(codec: Codec, place: Place, keyframe: bool, out: &mut Vec<u8>) {
    let [high, low] = (place.picture | 0x8000).to_be_bytes();
    match codec {
        // RFC 7741 §4.2: X and, on a frame's first packet, S; then I with a picture id of fifteen bits.
        Codec::Vp8 => {
            out.extend_from_slice(&[0x80 | u8::from(place.first) << 4, 0x80, high, low]);
            if place.first {
                append_vp8_frame_header(keyframe, out);
            }
        }
        // RFC 9628 §4.2: I, P unless nothing is referred to, B and E at the frame's ends.
        Codec::Vp9 { .. } => {
            let inter = u8::from(!keyframe) << 6;
            let ends = u8::from(place.first) << 3 | u8::from(place.last) << 2;
            out.extend_from_slice(&[0x80 | inter | ends, high, low]);
        }
        // RFC 6716 §3.1: SILK, wide band, 20 ms, one frame.
        _ => out.push(0x48),
    }
}

/// RFC 6386 §9.1: bit 0 of a frame is zero for key frames, which go on with a start code and a size.
fn append_vp8_frame_header(keyframe: bool, out: &mut Vec<u8>) {
    if keyframe {
        out.extend_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
    } else {
        out.extend_from_slice(&[0x11, 0, 0]);
    }
}

/// "Rp": whatever decrypts to something else is not ours.
const MAGIC: [u8; 2] = *b"Rp";
const STAMP_BYTES: usize = 20;
/// Neither zero nor text, so that it is seen in a capture.
const FILLER: u8 = 0xa5;

#[cfg(test)]
mod tests {
    use rapport_sfu::rtp::codec;

    use super::*;

    const CODECS: [Codec; 3] = [Codec::Opus, Codec::Vp8, Codec::Vp9 { profile: 0 }];

    fn stamp(keyframe: bool) -> Stamp {
        Stamp {
            origin: 0x0102_0304,
            encoding: 2,
            keyframe,
            number: u32::MAX,
            sent: Duration::from_micros(1_790_000_000_123_456),
        }
    }

    fn payload(codec: Codec, first: bool, keyframe: bool, bytes: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let place = Place {
            first,
            last: !first,
            picture: 0x7fff,
        };
        append_payload(codec, place, &stamp(keyframe), bytes, &mut out);
        out
    }

    #[test]
    fn a_stamp_is_read_from_the_end_of_every_codec() {
        for codec in CODECS {
            let payload = payload(codec, true, true, 1_100);
            assert_eq!(payload.len(), 1_100);
            assert_eq!(Stamp::read(&payload), Some(stamp(true)));
        }
    }

    #[test]
    fn the_server_sees_key_frames_where_they_are() {
        for codec in &CODECS[1..] {
            let seen = |first, keyframe| codec::is_keyframe(*codec, &payload(*codec, first, keyframe, 500));
            assert!(seen(true, true), "{codec:?}");
            assert!(!seen(true, false), "{codec:?}");
            assert!(!seen(false, true), "{codec:?}");
        }
    }

    #[test]
    fn too_small_a_packet_grows_to_hold_its_stamp() {
        let payload = payload(Codec::Opus, true, false, 3);
        assert_eq!(payload.len(), 1 + STAMP_BYTES);
        assert_eq!(Stamp::read(&payload), Some(stamp(false)));
    }

    #[test]
    fn what_is_not_ours_has_no_stamp() {
        assert_eq!(Stamp::read(&[0; 64]), None);
        assert_eq!(Stamp::read(b"Rp"), None);
    }
}
