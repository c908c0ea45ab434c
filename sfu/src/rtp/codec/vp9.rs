//! The VP9 payload descriptor (RFC 9628 §4.2).
//!
//! Owns: what selects a layer, and where the descriptor ends. Never does: read what is in the scalability
//! structure or the reference indices beyond their length: a forwarder follows the layer's own bits.

use super::PictureId;

/// The descriptor of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Counts pictures (all spatial layers of one moment).
    pub picture_id: Option<PictureId>,
    /// Refers to an earlier picture (P).
    pub inter_predicted: bool,
    /// References are named packet by packet (F).
    pub flexible: bool,
    /// First packet of a layer frame (B).
    pub start: bool,
    /// Last packet of a layer frame (E).
    pub end: bool,
    /// A scalability structure is in this packet (V).
    pub structure: bool,
    /// No higher spatial layer of this picture refers to this one (Z).
    pub not_reference: bool,
    /// Which layer; absent when the stream has only one.
    pub layer: Option<Layer>,
    /// Counts pictures of the lowest temporal layer; not in flexible mode.
    pub tl0_picture_index: Option<u8>,
}

/// The layer indices (L).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// TID.
    pub temporal: u8,
    /// SID.
    pub spatial: u8,
    /// A place to step up to this temporal layer (U).
    pub switching_up: bool,
    /// Refers to the next lower spatial layer of its picture (D).
    pub inter_layer: bool,
}

impl Descriptor {
    /// Reads the descriptor; `None` when it does not fit the payload.
    #[inline]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&flags, mut rest) = payload.split_first()?;
        let has = |bit: u8| flags & bit != 0;
        let mut picture_id = None;
        if has(PICTURE_ID_BIT) {
            let (id, after) = PictureId::take(rest)?;
            (picture_id, rest) = (Some(id), after);
        }
        let (mut layer, mut tl0_picture_index) = (None, None);
        if has(LAYER_BIT) {
            let (&indices, after) = rest.split_first()?;
            layer = Some(Layer::from_byte(indices));
            if !has(FLEXIBLE_BIT) {
                tl0_picture_index = Some(*after.first()?);
            }
        }
        Some(Self {
            picture_id,
            inter_predicted: has(INTER_BIT),
            flexible: has(FLEXIBLE_BIT),
            start: has(START_BIT),
            end: has(END_BIT),
            structure: has(STRUCTURE_BIT),
            not_reference: has(NOT_REFERENCE_BIT),
            layer,
            tl0_picture_index,
        })
    }

    /// What follows the descriptor in the payload that this was parsed from; `None` when it is cut short.
    pub fn behind<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        let layer = match self.layer {
            None => 0,
            Some(_) if self.flexible => 1,
            Some(_) => 2,
        };
        let mut rest = payload.get(1 + self.picture_id.map_or(0, PictureId::len) + layer..)?;
        if self.inter_predicted && self.flexible {
            rest = behind_references(rest)?;
        }
        if self.structure {
            rest = behind_structure(rest)?;
        }
        Some(rest)
    }

    /// The first packet of a picture: of the lowest spatial layer.
    #[inline]
    pub fn starts_picture(&self) -> bool {
        self.start && self.layer.is_none_or(|layer| layer.spatial == 0)
    }

    /// The first packet of a key frame: refers to nothing, neither earlier nor below.
    #[inline]
    pub fn starts_keyframe(&self) -> bool {
        self.starts_picture() && !self.inter_predicted
    }
}

impl Layer {
    #[inline]
    const fn from_byte(byte: u8) -> Self {
        Self {
            temporal: byte >> 5,
            switching_up: byte & 0x10 != 0,
            spatial: byte >> 1 & 0x07,
            inter_layer: byte & 0x01 != 0,
        }
    }
}

/// RFC 9628 §4.2: one to three P_DIFF, each with a bit (N) that tells of another.
fn behind_references(mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..MAX_REFERENCES {
        let (&reference, after) = rest.split_first()?;
        rest = after;
        if reference & 0x01 == 0 {
            return Some(rest);
        }
    }
    None
}

/// RFC 9628 §4.2.1: N_S, Y, G; with Y a size for each spatial layer; with G the pictures of a group.
fn behind_structure(rest: &[u8]) -> Option<&[u8]> {
    let (&flags, rest) = rest.split_first()?;
    let layers = usize::from(flags >> 5) + 1;
    let sizes = if flags & 0x10 == 0 { 0 } else { 4 * layers };
    let rest = rest.get(sizes..)?;
    if flags & 0x08 == 0 {
        return Some(rest);
    }
    let (&pictures, mut rest) = rest.split_first()?;
    for _ in 0..pictures {
        let (&picture, after) = rest.split_first()?;
        rest = after.get(usize::from(picture >> 2 & 0x03)..)?;
    }
    Some(rest)
}

/// RFC 9628 §4.2: "up to 3 times".
const MAX_REFERENCES: usize = 3;

// RFC 9628 §4.2, the first octet: I P L F B E V Z.
const PICTURE_ID_BIT: u8 = 0x80;
const INTER_BIT: u8 = 0x40;
const LAYER_BIT: u8 = 0x20;
const FLEXIBLE_BIT: u8 = 0x10;
const START_BIT: u8 = 0x08;
const END_BIT: u8 = 0x04;
const STRUCTURE_BIT: u8 = 0x02;
const NOT_REFERENCE_BIT: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_non_flexible_descriptor_is_read_field_by_field() {
        let descriptor = Descriptor::parse(&[0b1110_1111, 0x92, 0x34, 0b0101_0011, 99]).unwrap();
        let layer = Layer {
            temporal: 2,
            spatial: 1,
            switching_up: true,
            inter_layer: true,
        };
        let expected = Descriptor {
            picture_id: Some(PictureId {
                value: 0x1234,
                wide: true,
            }),
            inter_predicted: true,
            flexible: false,
            start: true,
            end: true,
            structure: true,
            not_reference: true,
            layer: Some(layer),
            tl0_picture_index: Some(99),
        };
        assert_eq!(descriptor, expected);
    }

    #[test]
    fn flexible_mode_has_no_picture_index() {
        let descriptor = Descriptor::parse(&[0b1011_1000, 0x12, 0b0010_0100]).unwrap();
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId {
                value: 0x12,
                wide: false
            })
        );
        assert_eq!(
            descriptor.layer.map(|layer| (layer.temporal, layer.spatial)),
            Some((1, 2))
        );
        assert_eq!(descriptor.tl0_picture_index, None);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for whole in [
            &[0b1010_0000, 0x92, 0x34, 0, 9][..],
            &[0b1000_0000, 1],
            &[0b0011_0000, 1],
            &[0],
        ] {
            assert!(Descriptor::parse(whole).is_some());
            for len in 0..whole.len() {
                assert_eq!(Descriptor::parse(&whole[..len]), None, "{whole:?} cut to {len}");
            }
        }
    }

    #[test]
    fn what_follows_the_descriptor_is_found() {
        let plain = [0b0000_1000, 0xaa];
        let wide = [0b1000_1000, 0x92, 0x34, 0xaa];
        let layered = [0b1010_1000, 0x12, 0, 9, 0xaa];
        let one_reference = [0b1101_1000, 0x12, 0x02, 0xaa];
        let three_references = [0b1111_1000, 0x12, 0, 0x03, 0x05, 0x06, 0xaa];
        // Two spatial layers with their sizes, and two pictures with one and two references.
        let structure = [
            0b0000_1010,
            0b0011_1000,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            2,
            0b0000_0100,
            1,
            0b0000_1000,
            1,
            2,
            0xaa,
        ];
        let bare_structure = [0b1010_1010, 0x12, 0, 9, 0b0000_0000, 0xaa];
        for whole in [
            &plain[..],
            &wide,
            &layered,
            &one_reference,
            &three_references,
            &structure,
            &bare_structure,
        ] {
            let behind = |payload| Descriptor::parse(payload)?.behind(payload).map(<[u8]>::to_vec);
            assert_eq!(behind(whole), Some(vec![0xaa]), "{whole:?}");
            let descriptor = whole.len() - 1;
            assert_eq!(behind(&whole[..descriptor]), Some(vec![]), "{whole:?}");
            for len in 0..descriptor {
                assert_eq!(behind(&whole[..len]), None, "{whole:?} cut to {len}");
            }
        }
        let four_references = [0b1101_1000, 0x12, 1, 1, 1, 0, 0xaa];
        let descriptor = Descriptor::parse(&four_references).unwrap();
        assert_eq!(descriptor.behind(&four_references), None);
    }

    #[test]
    fn only_the_lowest_layer_of_a_picture_without_references_starts_anew() {
        let starts = |payload: &[u8]| Descriptor::parse(payload).unwrap().starts_keyframe();
        assert!(starts(&[0b0000_1000]));
        assert!(!starts(&[0b0100_1000]), "refers to an earlier picture");
        assert!(!starts(&[0b0000_0100]), "not the first packet");
        assert!(starts(&[0b0010_1000, 0b0000_0000, 1]));
        assert!(!starts(&[0b0010_1000, 0b0000_0011, 1]), "an upper spatial layer");
    }
}
