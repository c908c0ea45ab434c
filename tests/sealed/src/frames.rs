//! Sealed frames cut into packets, and put together again.
//!
//! Owns: the payload formats of Opus (RFC 7587), VP8 (RFC 7741) and VP9 (RFC 9628). Never does: look into a
//! frame.

mod vp9;

use std::collections::BTreeMap;

use rapport_sfu::rtp::codec::vp8;

use rapport_seal::Codec;

/// The payloads of a picture's packets, in order.
pub(crate) fn vp8_payloads(picture: u16, frame: &[u8]) -> Vec<Vec<u8>> {
    let [high, low] = (picture | 0x8000).to_be_bytes();
    let pieces = frame.chunks(PIECE_BYTES).enumerate();
    pieces
        .map(|(at, piece)| {
            // RFC 7741 §4.2: X, and S where the one partition starts; then I, and 15 bits of picture id.
            let descriptor = [0x80 | u8::from(at == 0) << 4, 0x80, high, low];
            [&descriptor, piece].concat()
        })
        .collect()
}

/// The packets of one source that are no whole frame yet.
#[derive(Default)]
pub(crate) struct Assembler {
    pieces: BTreeMap<u64, Piece>,
}

struct Piece {
    start: bool,
    end: bool,
    bytes: Vec<u8>,
}

impl Assembler {
    /// A packet with this extended number came; returns the frame that it completes.
    pub(crate) fn handle_packet(
        &mut self,
        index: u64,
        codec: Codec,
        marker: bool,
        payload: &[u8],
    ) -> Option<Vec<u8>> {
        let piece = Piece::read(codec, marker, payload)?;
        if self.pieces.len() == MOST_PIECES {
            self.pieces.pop_first();
        }
        self.pieces.insert(index, piece);
        let (first, last) = self.whole(index)?;
        let taken = (first..=last).filter_map(|at| self.pieces.remove(&at));
        Some(taken.flat_map(|piece| piece.bytes).collect())
    }

    /// The numbers of the frame that this packet is part of, when all are here.
    fn whole(&self, index: u64) -> Option<(u64, u64)> {
        let mut first = index;
        while !self.pieces.get(&first)?.start {
            first = first.checked_sub(1)?;
        }
        let mut last = index;
        while !self.pieces.get(&last)?.end {
            last = last.checked_add(1)?;
        }
        Some((first, last))
    }
}

impl Piece {
    fn read(codec: Codec, marker: bool, payload: &[u8]) -> Option<Self> {
        let (start, end, descriptor) = match codec {
            Codec::Opus => (true, true, 0),
            Codec::Vp8 => {
                let descriptor = vp8::Descriptor::parse(payload)?;
                (descriptor.start, marker, descriptor.len)
            }
            Codec::Vp9 => vp9::descriptor(payload)?,
            // not offered
            Codec::H264 | Codec::Av1 => return None,
        };
        let bytes = payload.get(descriptor..).filter(|bytes| !bytes.is_empty())?;
        Some(Self {
            start,
            end,
            bytes: bytes.to_vec(),
        })
    }
}

/// Far below any MTU, so that small pictures have frames of several packets too.
const PIECE_BYTES: usize = 200;

/// Two seconds of a large picture.
const MOST_PIECES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(picture: u16, frame: &[u8]) -> Vec<(bool, Vec<u8>)> {
        let payloads = vp8_payloads(picture, frame);
        let last = payloads.len() - 1;
        let marked = payloads.into_iter().enumerate();
        marked.map(|(at, payload)| (at == last, payload)).collect()
    }

    #[test]
    fn frames_come_whole_in_whatever_order_their_packets_do() {
        let frames = [vec![1; 650], vec![2; 10], vec![3; 401]];
        let sent: Vec<_> = (0..)
            .zip(&frames)
            .flat_map(|(at, frame)| packets(at, frame))
            .collect();
        assert_eq!(sent.len(), 4 + 1 + 3);
        let numbers: Vec<u64> = (0..sent.len() as u64).collect();
        for rotation in 0..sent.len() {
            let mut assembler = Assembler::default();
            let order = numbers.iter().cycle().skip(rotation).take(sent.len());
            let mut whole: Vec<_> = order
                .filter_map(|&at| {
                    let (marker, payload) = &sent[at as usize];
                    assembler.handle_packet(at + 70_000, Codec::Vp8, *marker, payload)
                })
                .collect();
            whole.sort();
            assert_eq!(whole, frames, "from packet {rotation} on");
        }
    }

    #[test]
    fn a_frame_with_a_hole_never_comes() {
        let mut assembler = Assembler::default();
        for (at, (marker, payload)) in packets(1, &[1; 650]).into_iter().enumerate() {
            if at != 2 {
                assert_eq!(
                    assembler.handle_packet(at as u64, Codec::Vp8, marker, &payload),
                    None
                );
            }
        }
        let single = packets(2, &[2; 9]);
        let (marker, payload) = &single[0];
        assert_eq!(
            assembler.handle_packet(4, Codec::Vp8, *marker, payload),
            Some(vec![2; 9])
        );
    }

    #[test]
    fn a_packet_of_sound_is_a_frame() {
        let mut assembler = Assembler::default();
        assert_eq!(
            assembler.handle_packet(9, Codec::Opus, false, b"sound"),
            Some(b"sound".to_vec())
        );
        assert_eq!(
            assembler.handle_packet(10, Codec::Opus, false, b""),
            None,
            "padding only"
        );
    }
}
