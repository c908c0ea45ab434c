//! What a synthetic packet carries: enough for its receiver to say what it should be.

use rapport_sfu::codec::Codec;
use rapport_sfu::id::TrackId;

/// The recognisable inside of a synthetic media packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Which track it is of.
    pub track: TrackId,
    /// Its number at the publisher, never wrapping.
    pub sequence: u64,
    /// How many of the numbers before it were padding.
    pub padding: u64,
    /// Which frame it is part of.
    pub frame: u32,
    /// The frame is a key frame.
    pub keyframe: bool,
    /// It is the frame's first packet.
    pub start: bool,
}

impl Content {
    /// A payload that carries this content and has this many bytes, or a few more if it must. `seal` stands
    /// behind the clear bytes, where a frame begins; it is empty in the clear.
    pub fn write(&self, codec: Codec, seal: &[u8], bytes: usize, out: &mut Vec<u8>) {
        let start = out.len();
        match codec {
            // RFC 6716 §3.1: a TOC byte of CELT-only, fullband, 20 ms, mono, one frame.
            Codec::Opus => out.push(0b1111_1000),
            Codec::Vp8 => self.write_vp8(out),
            Codec::Vp9 { .. } => out.push(self.vp9_descriptor()),
            Codec::H264 { .. } => out.extend_from_slice(&self.h264_headers()),
            Codec::Av1 { .. } => out.extend_from_slice(&self.av1_headers()),
            _ => unreachable!("{codec:?} has no synthetic payload"),
        }
        if self.start {
            out.extend_from_slice(seal);
        }
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.track.0.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.padding.to_be_bytes());
        out.extend_from_slice(&self.frame.to_be_bytes());
        out.push(u8::from(self.keyframe) | u8::from(self.start) << 1);
        let len = (out.len() - start).max(bytes);
        out.resize(start + len, 0xa5);
    }

    /// Reads it back; `None` when the payload is not of this kind.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let at = payload
            .windows(MAGIC.len())
            .take(SEARCH)
            .position(|window| window == MAGIC)?;
        let rest = payload.get(at + MAGIC.len()..)?;
        let (track, rest) = rest.split_first_chunk()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (padding, rest) = rest.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let &flags = rest.first()?;
        Some(Self {
            track: TrackId(u64::from_be_bytes(*track)),
            sequence: u64::from_be_bytes(*sequence),
            padding: u64::from_be_bytes(*padding),
            frame: u32::from_be_bytes(*frame),
            keyframe: flags & 1 != 0,
            start: flags & 2 != 0,
        })
    }

    /// RFC 9628 §4.2: P is set where other pictures are referred to, B where a frame begins.
    fn vp9_descriptor(&self) -> u8 {
        u8::from(!self.keyframe) << 6 | u8::from(self.start) << 3
    }

    /// RFC 6184 §5.6 and §5.8: a slice of an IDR or another picture, and fragments that go on.
    fn h264_headers(&self) -> [u8; 2] {
        match (self.start, self.keyframe) {
            (true, true) => [0x65, 0x88],
            (true, false) => [0x41, 0x9a],
            (false, true) => [0x7c, 0x05],
            (false, false) => [0x5c, 0x01],
        }
    }

    /// AV1 RTP §4.4: one element, which goes on or begins with a sequence header or a frame.
    fn av1_headers(&self) -> [u8; 2] {
        match (self.start, self.keyframe) {
            (true, true) => [0x18, 0x08],
            (true, false) => [0x10, 0x30],
            (false, _) => [0x90, 0],
        }
    }

    /// RFC 7741 §4.2 and §4.3: descriptor with a 15-bit picture id, then the header of a VP8 frame.
    fn write_vp8(&self, out: &mut Vec<u8>) {
        let picture_id = (self.frame & 0x7fff) as u16 | 0x8000;
        out.push(0x80 | u8::from(self.start) << 4);
        out.push(0x80);
        out.extend_from_slice(&picture_id.to_be_bytes());
        if !self.start {
            return;
        }
        // RFC 6386 §9.1: bit 0 is 0 for key frames, which go on with a start code and 1280×720.
        out.extend_from_slice(&[u8::from(!self.keyframe) | 0x10, 0, 0]);
        if self.keyframe {
            out.extend_from_slice(&[0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
        }
    }
}

const MAGIC: [u8; 4] = *b"Rprt";

/// The longest prefix before the content: a VP8 descriptor, the header of a key frame, and that of a seal.
const SEARCH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for (codec, keyframe) in [(Codec::Opus, false), (Codec::Vp8, true), (Codec::Vp8, false)] {
            let content = Content {
                track: TrackId(7),
                sequence: 1 << 33,
                padding: 9,
                frame: 70_000,
                keyframe,
                start: true,
            };
            for seal in [&[][..], &[0xbf; 13]] {
                let mut payload = Vec::new();
                content.write(codec, seal, 300, &mut payload);
                assert_eq!(payload.len(), 300);
                assert_eq!(Content::read(&payload), Some(content));
            }
        }
    }

    #[test]
    fn something_else_is_not_taken_for_content() {
        assert_eq!(Content::read(&[0x55; 400]), None);
        assert_eq!(Content::read(b"Rprt"), None);
    }
}
