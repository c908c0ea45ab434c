//! Picture numbers of VP8 over source switches.
//!
//! Owns: the distance between a source's picture ids and TL0PICIDX and the subscriber's. Never does: cut
//! frames or layers out. Other codecs tell frames apart by timestamp or descriptor and pass as they are.

use crate::codec::Codec;
use crate::rtp::codec::vp8::Descriptor;

/// Where the subscriber's picture numbers are.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    newest: Option<Counters>,
}

/// Added to each picture number of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PictureOffset(Counters);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    picture_id: u16,
    tl0_picture_index: u8,
}

impl Pictures {
    /// What makes a segment that begins with this payload go on where the last one ended. RFC 7741 §4.2:
    /// the picture id of consecutive frames rises by one, and so does TL0PICIDX with each base frame.
    pub(crate) fn offset_for(&self, codec: Codec, payload: &[u8]) -> PictureOffset {
        let first = (codec == Codec::Vp8).then(|| Counters::read(payload)).flatten();
        let (Some(newest), Some(first)) = (self.newest, first) else {
            return PictureOffset::default();
        };
        let next = newest.plus(Counters {
            picture_id: 1,
            tl0_picture_index: 1,
        });
        PictureOffset(next.minus(first))
    }

    /// Follows a VP8 packet that was not late.
    pub(crate) fn note(&mut self, payload: &[u8], offset: PictureOffset) {
        if let Some(counters) = Counters::read(payload) {
            self.newest = Some(counters.plus(offset.0));
        }
    }
}

impl PictureOffset {
    /// Rewrites a VP8 payload in place.
    pub(crate) fn apply(self, payload: &mut [u8]) {
        if self == Self::default() {
            return;
        }
        if let (Some(descriptor), Some(counters)) = (Descriptor::parse(payload), Counters::read(payload)) {
            let ours = counters.plus(self.0);
            descriptor.rewrite(payload, ours.picture_id, ours.tl0_picture_index);
        }
    }
}

impl Counters {
    fn read(payload: &[u8]) -> Option<Self> {
        let descriptor = Descriptor::parse(payload)?;
        Some(Self {
            picture_id: descriptor.picture_id?.value,
            tl0_picture_index: descriptor.tl0_picture_index.unwrap_or(0),
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            picture_id: self.picture_id.wrapping_add(other.picture_id),
            tl0_picture_index: self.tl0_picture_index.wrapping_add(other.tl0_picture_index),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            picture_id: self.picture_id.wrapping_sub(other.picture_id),
            tl0_picture_index: self.tl0_picture_index.wrapping_sub(other.tl0_picture_index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X; I and L; a picture id of fifteen bits; TL0PICIDX; then an inter frame.
    fn packet(picture_id: u16, tl0: u8) -> Vec<u8> {
        let [high, low] = picture_id.to_be_bytes();
        vec![0x90, 0xc0, high | 0x80, low, tl0, 0x01, 0xaa]
    }

    #[test]
    fn the_first_source_passes_as_it_is() {
        let offset = Pictures::default().offset_for(Codec::Vp8, &packet(100, 7));
        assert_eq!(offset, PictureOffset::default());
    }

    #[test]
    fn numbers_go_on_over_a_switch_and_over_the_wrap() {
        let mut pictures = Pictures::default();
        pictures.note(&packet(0x7ffe, 254), PictureOffset::default());
        let offset = pictures.offset_for(Codec::Vp8, &packet(300, 9));
        let mut seen = Vec::new();
        for step in 0..3 {
            let mut payload = packet(300 + step, 9 + step as u8);
            pictures.note(&payload, offset);
            offset.apply(&mut payload);
            seen.push(payload);
        }
        assert_eq!(seen, [packet(0x7fff, 255), packet(0, 0), packet(1, 1)]);
        let offset = pictures.offset_for(Codec::Vp8, &packet(5, 5));
        let mut payload = packet(5, 5);
        offset.apply(&mut payload);
        assert_eq!(payload, packet(2, 2));
    }

    #[test]
    fn other_codecs_and_packets_without_numbers_pass_as_they_are() {
        let mut pictures = Pictures::default();
        pictures.note(&packet(1, 1), PictureOffset::default());
        assert_eq!(
            pictures.offset_for(Codec::Opus, &packet(9, 9)),
            PictureOffset::default()
        );
        assert_eq!(
            pictures.offset_for(Codec::Vp8, &[0x10, 0x01]),
            PictureOffset::default()
        );
    }
}
