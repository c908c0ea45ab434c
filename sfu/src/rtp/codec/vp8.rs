//! The VP8 payload descriptor (RFC 7741 §4.2).
//!
//! Owns: reading it, and rewriting its counters in place so that they continue when the source behind a
//! subscription changes. Never does: change the descriptor's length, since the payload behind is sealed.

use super::PictureId;

/// The descriptor of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The first packet of a frame: it starts a partition, and that is partition 0.
    pub start: bool,
    /// A key frame starts here.
    pub keyframe: bool,
    /// No later frame refers to this one (the N bit).
    pub non_reference: bool,
    /// Counts frames.
    pub picture_id: Option<PictureId>,
    /// Counts frames of the lowest temporal layer.
    pub tl0_picture_index: Option<u8>,
    /// The temporal layer.
    pub temporal: Option<u8>,
    /// The frame refers to the lowest layer only: a place to step up (the Y bit).
    pub layer_sync: bool,
    /// Counts key frames.
    pub key_index: Option<u8>,
    /// Bytes of the descriptor.
    pub len: usize,
}

impl Descriptor {
    /// Reads the descriptor; `None` when it does not fit the payload.
    #[inline]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&first, rest) = payload.split_first()?;
        let (flags, rest) = match first & EXTENDED_BIT {
            0 => (0, rest),
            _ => take_byte(rest)?,
        };
        let (picture_id, rest) = take_if(flags & PICTURE_ID_BIT != 0, rest, PictureId::take)?;
        let (tl0_picture_index, rest) = take_if(flags & TL0_BIT != 0, rest, take_byte)?;
        let (layer, rest) = take_if(flags & (TID_BIT | KEY_INDEX_BIT) != 0, rest, take_byte)?;
        let layer = layer.unwrap_or(0);
        let start = first & START_BIT != 0 && first & PARTITION_MASK == 0;
        Some(Self {
            start,
            // RFC 7741 §4.3: the P bit of the payload header is 0 for a key frame.
            keyframe: start && rest.first().is_some_and(|header| header & 1 == 0),
            non_reference: first & NON_REFERENCE_BIT != 0,
            picture_id,
            tl0_picture_index,
            temporal: (flags & TID_BIT != 0).then_some(layer >> 6),
            layer_sync: flags & TID_BIT != 0 && layer & LAYER_SYNC_BIT != 0,
            key_index: (flags & KEY_INDEX_BIT != 0).then_some(layer & KEY_INDEX_MASK),
            len: payload.len() - rest.len(),
        })
    }

    /// Writes other counters over those of the payload that this was parsed from. A counter that the
    /// payload has not is not added, and each keeps its width: the upper bits are cut off.
    #[inline]
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_picture_index: u8) {
        if let Some(old) = self.picture_id {
            let [high, low] = picture_id.to_be_bytes();
            match payload.get_mut(FIRST_COUNTER..FIRST_COUNTER + old.len()) {
                Some([one]) => *one = low & 0x7f,
                Some([one, two]) => (*one, *two) = (high | 0x80, low),
                _ => (),
            }
        }
        if self.tl0_picture_index.is_some()
            && let Some(index) = payload.get_mut(FIRST_COUNTER + self.picture_id.map_or(0, PictureId::len))
        {
            *index = tl0_picture_index;
        }
    }
}

/// A field and what follows it.
type Taken<'a, T> = Option<(T, &'a [u8])>;

#[inline]
fn take_byte(bytes: &[u8]) -> Taken<'_, u8> {
    let (&byte, rest) = bytes.split_first()?;
    Some((byte, rest))
}

/// An optional field: `None` only when it should be there and is not.
#[inline]
fn take_if<T>(present: bool, bytes: &[u8], take: fn(&[u8]) -> Taken<'_, T>) -> Taken<'_, Option<T>> {
    if !present {
        return Some((None, bytes));
    }
    let (field, rest) = take(bytes)?;
    Some((Some(field), rest))
}

// RFC 7741 §4.2, the first octet: X R N S R PID.
const EXTENDED_BIT: u8 = 0x80;
const NON_REFERENCE_BIT: u8 = 0x20;
const START_BIT: u8 = 0x10;
const PARTITION_MASK: u8 = 0x07;
// The second, when X is set: I L T K.
const PICTURE_ID_BIT: u8 = 0x80;
const TL0_BIT: u8 = 0x40;
const TID_BIT: u8 = 0x20;
const KEY_INDEX_BIT: u8 = 0x10;
// The last, when T or K is set: TID Y KEYIDX.
const LAYER_SYNC_BIT: u8 = 0x20;
const KEY_INDEX_MASK: u8 = 0x1f;
/// The counters follow these two octets.
const FIRST_COUNTER: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_descriptor_has_no_counters() {
        let descriptor = Descriptor::parse(&[0x10, 0x00]).unwrap();
        assert!(descriptor.start && descriptor.keyframe);
        assert_eq!(
            (descriptor.len, descriptor.picture_id, descriptor.temporal),
            (1, None, None)
        );
        assert!(
            !Descriptor::parse(&[0x10, 0x01]).unwrap().keyframe,
            "an inter frame"
        );
        assert!(
            !Descriptor::parse(&[0x00, 0x00]).unwrap().keyframe,
            "not the start of a partition"
        );
        assert!(
            !Descriptor::parse(&[0x11, 0x00]).unwrap().keyframe,
            "the start of another partition"
        );
        assert!(
            !Descriptor::parse(&[0x10]).unwrap().keyframe,
            "a descriptor alone"
        );
    }

    #[test]
    fn all_fields_are_read() {
        let payload = [0xb0, 0xf0, 0x92, 0x34, 200, 0b1010_0101, 0x01];
        let expected = Descriptor {
            start: true,
            keyframe: false,
            non_reference: true,
            picture_id: Some(PictureId {
                value: 0x1234,
                wide: true,
            }),
            tl0_picture_index: Some(200),
            temporal: Some(2),
            layer_sync: true,
            key_index: Some(5),
            len: 6,
        };
        assert_eq!(Descriptor::parse(&payload), Some(expected));
        for len in 0..6 {
            assert_eq!(Descriptor::parse(&payload[..len]), None);
        }
    }

    #[test]
    fn a_key_index_alone_says_nothing_of_layers() {
        let descriptor = Descriptor::parse(&[0x90, 0x10, 0xff]).unwrap();
        assert_eq!(
            (descriptor.temporal, descriptor.layer_sync, descriptor.key_index),
            (None, false, Some(31))
        );
    }

    #[test]
    fn counters_are_rewritten_in_their_width() {
        let mut narrow = [0x90, 0xc0, 0x12, 200, 0x01];
        Descriptor::parse(&narrow)
            .unwrap()
            .rewrite(&mut narrow, 0x1fff, 7);
        assert_eq!(narrow, [0x90, 0xc0, 0x7f, 7, 0x01]);
        let mut index_only = [0x90, 0x40, 200, 0x01];
        Descriptor::parse(&index_only)
            .unwrap()
            .rewrite(&mut index_only, 0x1fff, 7);
        assert_eq!(index_only, [0x90, 0x40, 7, 0x01]);
        let mut none = [0x10, 0xee, 0xee];
        Descriptor::parse(&none).unwrap().rewrite(&mut none, 0x1fff, 7);
        assert_eq!(none, [0x10, 0xee, 0xee]);
    }

    proptest! {
        #[test]
        fn rewriting_changes_the_counters_and_nothing_else(
            payload in proptest::collection::vec(any::<u8>(), 1..20), picture_id: u16, index: u8,
        ) {
            let Some(before) = Descriptor::parse(&payload) else { return Ok(()) };
            let mut rewritten = payload.clone();
            before.rewrite(&mut rewritten, picture_id, index);
            let after = Descriptor::parse(&rewritten).unwrap();
            let mask = |id: PictureId| if id.wide { 0x7fff } else { 0x7f };
            let expected = Descriptor {
                picture_id: before.picture_id.map(|id| PictureId { value: picture_id & mask(id), ..id }),
                tl0_picture_index: before.tl0_picture_index.map(|_| index),
                ..before
            };
            prop_assert_eq!(after, expected);
            prop_assert_eq!(&rewritten[before.len..], &payload[before.len..]);
        }
    }
}
