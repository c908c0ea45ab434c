//! The bytes of a frame, packet by packet.
//!
//! Owns: what each codec's packetiser did to a frame, undone as a browser's receiver does it, for that is what the
//! layout of sealed frames is made for (`web/client/LAYOUT.md`). Never does: know sequence numbers, or wait.
//!
//! | codec | undone |
//! |---|---|
//! | Opus | nothing: a packet is a frame |
//! | VP8, VP9 | the descriptor is taken off; layers of one picture follow each other |
//! | H.264 | aggregations and fragments become units again, each behind a start code of four bytes |
//! | AV1 | fragments become OBUs again, each with its size, and without temporal delimiters |

use rapport_seal::spell_obu;
use rapport_sfu::codec::Codec;
use rapport_sfu::rtp::codec::{av1, h264, vp8, vp9};

/// What came of a frame.
#[derive(Debug, Default)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    /// An OBU that is not complete.
    obu: Vec<u8>,
    has_begun: bool,
    /// A layer, unit or OBU goes on in the next packet.
    is_open: bool,
}

impl Payload {
    /// The next packet; none if it does not go on with that.
    pub(super) fn take(&mut self, codec: Codec, payload: &[u8]) -> Option<()> {
        match codec {
            Codec::Opus => self.take_opus(payload),
            Codec::Vp8 => self.take_vp8(payload),
            Codec::Vp9 { .. } => self.take_vp9(payload),
            Codec::H264 { .. } => self.take_h264(payload),
            Codec::Av1 { .. } => self.take_av1(payload),
            _ => None,
        }?;
        self.has_begun = true;
        (self.len() <= MOST_BYTES).then_some(())
    }

    /// All of it; none if something is left open.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.is_open && !self.bytes.is_empty()).then_some(self.bytes)
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len() + self.obu.len()
    }

    fn take_opus(&mut self, payload: &[u8]) -> Option<()> {
        self.bytes.extend_from_slice(payload);
        (!self.has_begun).then_some(())
    }

    /// RFC 7741 §4.2: S is set at the start of a partition, and PID is 0 in the first one.
    fn take_vp8(&mut self, payload: &[u8]) -> Option<()> {
        let descriptor = vp8::Descriptor::parse(payload)?;
        self.bytes.extend_from_slice(payload.get(descriptor.len..)?);
        (descriptor.start != self.has_begun).then_some(())
    }

    /// RFC 9628 §4.2: B is set in the first packet of a layer's frame, E in the last.
    fn take_vp9(&mut self, payload: &[u8]) -> Option<()> {
        let descriptor = vp9::Descriptor::parse(payload)?;
        self.bytes.extend_from_slice(descriptor.behind(payload)?);
        let is_next = descriptor.start != self.is_open && (self.has_begun || descriptor.starts_picture());
        self.is_open = !descriptor.end;
        is_next.then_some(())
    }

    fn take_h264(&mut self, payload: &[u8]) -> Option<()> {
        h264::pieces(payload).try_for_each(|piece| self.take_unit(piece?))
    }

    fn take_unit(&mut self, piece: h264::Piece<'_>) -> Option<()> {
        let (start, end) = match piece {
            h264::Piece::Unit(_) => (true, true),
            h264::Piece::Fragment { start, end, .. } => (start, end),
        };
        if start == self.is_open {
            return None;
        }
        if start {
            self.bytes.extend_from_slice(&START_CODE);
        }
        match piece {
            h264::Piece::Unit(unit) => self.bytes.extend_from_slice(unit),
            h264::Piece::Fragment { header, body, .. } => {
                self.bytes.extend(start.then_some(header));
                self.bytes.extend_from_slice(body);
            }
        }
        self.is_open = !end;
        Some(())
    }

    fn take_av1(&mut self, payload: &[u8]) -> Option<()> {
        av1::pieces(payload).try_for_each(|piece| self.take_obu(piece?))
    }

    fn take_obu(&mut self, piece: av1::Piece<'_>) -> Option<()> {
        if piece.continues != self.is_open {
            return None;
        }
        self.obu.extend_from_slice(piece.bytes);
        self.is_open = piece.continued;
        if !self.is_open {
            self.bytes.extend(spell_obu(&self.obu)?);
            self.obu.clear();
        }
        Some(())
    }
}

/// ITU-T H.264 Annex B. A packetiser takes start codes away, and a browser's receiver puts four bytes back, whichever
/// the encoder wrote.
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// A key frame of 1080 lines has a few hundred kilobytes. What is longer is no frame, and is dropped as a torn one.
pub(super) const MOST_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use rapport_sfu::codec::H264Profile;

    use super::*;

    const VP9: Codec = Codec::Vp9 { profile: 0 };
    const AV1: Codec = Codec::Av1 { profile: 0 };
    const H264: Codec = Codec::H264 {
        profile: H264Profile::Main,
        packetization_mode: 1,
    };

    fn whole(codec: Codec, payloads: &[&[u8]]) -> Option<Vec<u8>> {
        let mut payload = Payload::default();
        payloads.iter().try_for_each(|next| payload.take(codec, next))?;
        payload.finish()
    }

    #[test]
    fn only_the_first_packet_of_vp8_starts_the_first_partition() {
        assert_eq!(
            whole(Codec::Vp8, &[&[0x10, 1], &[0x00, 2], &[0x11, 3]]),
            Some(vec![1, 2, 3])
        );
        assert_eq!(whole(Codec::Vp8, &[&[0x00, 1]]), None);
        assert_eq!(whole(Codec::Vp8, &[&[0x10, 1], &[0x10, 2]]), None);
        assert_eq!(whole(Codec::Vp8, &[&[0x10]]), None, "nothing");
    }

    #[test]
    fn spatial_layers_of_vp9_follow_each_other() {
        let (lowest, second) = (&[0xa8, 1, 0, 0, 1][..], &[0xac, 1, 2, 0, 3][..]);
        assert_eq!(
            whole(VP9, &[lowest, &[0xa4, 1, 0, 0, 2], second]),
            Some(vec![1, 2, 3])
        );
        assert_eq!(whole(VP9, &[second]), None, "the lowest is missing");
        assert_eq!(whole(VP9, &[lowest, second]), None, "the lowest has no end");
        assert_eq!(whole(VP9, &[lowest]), None);
    }

    #[test]
    fn units_of_h264_stand_behind_start_codes() {
        let sets = &[0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2][..];
        let (first, last) = (&[0x7c, 0x85, 3][..], &[0x7c, 0x45, 4][..]);
        let expected = [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3, 4];
        assert_eq!(whole(H264, &[sets, first, last]), Some(expected.to_vec()));
        assert_eq!(whole(H264, &[sets, first]), None, "the unit has no end");
        assert_eq!(whole(H264, &[sets, last]), None, "nor a beginning");
        assert_eq!(whole(H264, &[first, sets, last]), None, "another is in it");
        assert_eq!(whole(H264, &[&[0x78, 0, 9, 0x67]]), None, "cut short");
    }

    #[test]
    fn obus_of_av1_have_their_sizes() {
        let expected = Some(vec![0x0a, 1, 9, 0x32, 3, 1, 2, 3]);
        let (first, last) = (&[0x58, 0x30, 1, 2][..], &[0x90, 3][..]);
        assert_eq!(whole(AV1, &[&[0x18, 0x08, 9], first, last]), expected);
        let one = &[0x38, 2, 0x12, 0, 3, 0x0a, 1, 9, 0x30, 1, 2, 3][..];
        assert_eq!(
            whole(AV1, &[one]),
            expected,
            "a delimiter, and a size that was left in"
        );
        assert_eq!(whole(AV1, &[first]), None, "no end");
        assert_eq!(whole(AV1, &[last]), None, "no beginning");
        assert_eq!(whole(AV1, &[&[0x20, 9, 1]]), None, "cut short");
        assert_eq!(whole(AV1, &[&[0x18, 0x12]]), None, "nothing but a delimiter");
    }

    #[test]
    fn a_packet_of_opus_is_a_frame() {
        assert_eq!(whole(Codec::Opus, &[&[1, 2]]), Some(vec![1, 2]));
        assert_eq!(whole(Codec::Opus, &[&[1], &[2]]), None);
    }
}
