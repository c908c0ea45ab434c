//! Where an H.264 key frame starts, and what else begins in a packet (RFC 6184 §5).
//!
//! Owns: looking through single NAL units, aggregations and the first fragment. Never does: parse
//! parameter sets or slices beyond their first bit.

/// Does the packet hold a sequence parameter set, or the first slice of an IDR picture?
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    let Some((&header, rest)) = payload.split_first() else {
        return false;
    };
    match header & TYPE_MASK {
        STAP_A => units(rest).any(starts_keyframe),
        // RFC 6184 §5.7.1: a decoding order number of sixteen bits comes first.
        STAP_B => units(rest.get(2..).unwrap_or_default()).any(starts_keyframe),
        FU_A => fragment_starts_keyframe(rest, 0),
        // RFC 6184 §5.8: here the decoding order number follows the FU header.
        FU_B => fragment_starts_keyframe(rest, 2),
        _ => starts_keyframe(payload),
    }
}

/// A NAL unit that begins in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning<'a> {
    unit_type: u8,
    /// What of it is in the packet, behind its header.
    pub body: &'a [u8],
    /// It ends in the packet too.
    pub whole: bool,
}

impl<'a> Beginning<'a> {
    fn whole(unit: &'a [u8]) -> Option<Self> {
        let (header, body) = unit.split_first()?;
        Some(Self {
            unit_type: header & TYPE_MASK,
            body,
            whole: true,
        })
    }

    /// Part of a coded picture.
    pub fn is_slice(&self) -> bool {
        (1..=IDR_SLICE).contains(&self.unit_type)
    }

    /// Parameter sets, delimiters, SEI and filler: what stands beside pictures.
    pub fn is_metadata(&self) -> bool {
        (SEI..=SPS_EXTENSION).contains(&self.unit_type)
    }
}

/// What begins in a packet of packetization mode 0 or 1; `None` in place of what can't be read, and nothing
/// for the later packets of a fragmented unit.
pub fn beginnings(payload: &[u8]) -> impl Iterator<Item = Option<Beginning<'_>>> {
    let (&header, rest) = payload.split_first().unwrap_or((&0, &[]));
    let (single, aggregated) = match (header & TYPE_MASK, rest) {
        (STAP_A, units) => (None, units),
        (FU_A, [fu_header, ..]) if fu_header & FU_START_BIT == 0 => (None, &[][..]),
        (FU_A, [fu_header, body @ ..]) => {
            let first = Beginning {
                unit_type: fu_header & TYPE_MASK,
                body,
                whole: false,
            };
            (Some(Some(first)), &[][..])
        }
        (FU_A, []) => (Some(None), &[][..]),
        _ => (Some(Beginning::whole(payload)), &[][..]),
    };
    single.into_iter().chain(aggregation(aggregated))
}

/// The NAL units of an aggregation, and `None` at its end if that is none.
fn aggregation(rest: &[u8]) -> impl Iterator<Item = Option<Beginning<'_>>> {
    aggregated_units(rest).map(Beginning::whole)
}

/// The NAL units of an aggregation, and an empty one at its end if that can't be read.
fn aggregated_units(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let unit = units(rest).next().unwrap_or_default();
        // A unit of nothing has no header, so it can't be read either, and nothing behind it is.
        rest = match unit {
            [] => &[],
            _ => rest.get(2 + unit.len()..).unwrap_or_default(),
        };
        Some(unit)
    })
}

/// What a packet holds of NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole one, its header first.
    Unit(&'a [u8]),
    /// One that is sent in several packets (FU-A).
    Fragment {
        /// That of the unit, put together from indicator and FU header.
        header: u8,
        /// The unit begins here.
        start: bool,
        /// The unit ends here.
        end: bool,
        /// What follows the header.
        body: &'a [u8],
    },
}

/// The pieces in a packet of packetization mode 0 or 1; `None` in place of what can't be read.
pub fn pieces(payload: &[u8]) -> impl Iterator<Item = Option<Piece<'_>>> {
    let (&header, rest) = payload.split_first().unwrap_or((&0, &[]));
    let (single, aggregated) = match header & TYPE_MASK {
        STAP_A => (None, rest),
        FU_A => (Some(fragment(header, rest)), &[][..]),
        1..STAP_A => (Some(Some(Piece::Unit(payload))), &[][..]),
        _ => (Some(None), &[][..]),
    };
    let units = aggregated_units(aggregated).map(|unit| (!unit.is_empty()).then_some(Piece::Unit(unit)));
    single.into_iter().chain(units)
}

/// RFC 6184 §5.8: "The NAL unit type octet of the fragmented NAL unit is not included as such".
fn fragment(indicator: u8, rest: &[u8]) -> Option<Piece<'_>> {
    let (&fu_header, body) = rest.split_first()?;
    Some(Piece::Fragment {
        header: indicator & !TYPE_MASK | fu_header & TYPE_MASK,
        start: fu_header & FU_START_BIT != 0,
        end: fu_header & FU_END_BIT != 0,
        body,
    })
}

/// The NAL units of an aggregation: sixteen bits of size before each (RFC 6184 §5.7.1).
fn units(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&size, after) = rest.split_first_chunk()?;
        let (unit, after) = after.split_at_checked(usize::from(u16::from_be_bytes(size)))?;
        rest = after;
        Some(unit)
    })
}

fn starts_keyframe(unit: &[u8]) -> bool {
    unit.split_first()
        .is_some_and(|(header, rest)| begins(header & TYPE_MASK, rest))
}

fn fragment_starts_keyframe(rest: &[u8], skip: usize) -> bool {
    let Some((&fu_header, rest)) = rest.split_first() else {
        return false;
    };
    fu_header & FU_START_BIT != 0 && begins(fu_header & TYPE_MASK, rest.get(skip..).unwrap_or_default())
}

fn begins(unit_type: u8, body: &[u8]) -> bool {
    match unit_type {
        SPS => true,
        // ITU-T H.264 §7.3.3: a slice begins with first_mb_in_slice, where a leading 1 codes zero. A picture
        // of several slices has the first macroblock in the first.
        IDR_SLICE => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}

/// RFC 6184 §1.3: five bits of nal_unit_type.
const TYPE_MASK: u8 = 0x1f;
/// RFC 6184 §5.8: the S bit of the FU header.
const FU_START_BIT: u8 = 0x80;
/// RFC 6184 §5.8: the E bit.
const FU_END_BIT: u8 = 0x40;

// ITU-T H.264 table 7-1 and RFC 6184 table 1.
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const SPS_EXTENSION: u8 = 13;
const STAP_A: u8 = 24;
const STAP_B: u8 = 25;
const FU_A: u8 = 28;
const FU_B: u8 = 29;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_units_tell_by_their_type() {
        assert!(is_keyframe(&[0x67, 0x42, 0xe0, 0x1f]), "a sequence parameter set");
        assert!(is_keyframe(&[0x65, 0x88]), "the first slice of an IDR picture");
        assert!(!is_keyframe(&[0x65, 0x20]), "a later slice of it");
        assert!(!is_keyframe(&[0x65]), "an IDR slice of nothing");
        assert!(!is_keyframe(&[0x68, 0xce]), "a picture parameter set");
        assert!(!is_keyframe(&[0x41, 0x9a]), "an inter slice");
    }

    #[test]
    fn an_aggregation_is_searched() {
        assert!(is_keyframe(&[0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce]));
        assert!(is_keyframe(&[0x78, 0, 1, 0x09, 0, 2, 0x65, 0x88]));
        assert!(!is_keyframe(&[0x78, 0, 1, 0x09, 0, 2, 0x41, 0x9a]));
        assert!(!is_keyframe(&[0x78, 0, 9, 0x67]), "a size beyond the packet");
        assert!(
            is_keyframe(&[0x79, 0, 1, 0, 2, 0x67, 0x42]),
            "with a decoding order number"
        );
    }

    #[test]
    fn pieces_are_units_and_parts_of_them() {
        let found = |payload: &'static [u8]| pieces(payload).collect::<Vec<_>>();
        assert_eq!(found(&[0x67, 1]), [Some(Piece::Unit(&[0x67, 1]))]);
        let two = found(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68]);
        assert_eq!(two, [Some(Piece::Unit(&[0x67, 1])), Some(Piece::Unit(&[0x68]))]);
        let fragment = |start, end| {
            let body = &[9][..];
            [Some(Piece::Fragment {
                header: 0x65,
                start,
                end,
                body,
            })]
        };
        assert_eq!(found(&[0x7c, 0x85, 9]), fragment(true, false));
        assert_eq!(found(&[0x7c, 0x05, 9]), fragment(false, false));
        assert_eq!(found(&[0x7c, 0x45, 9]), fragment(false, true));
        for unreadable in [
            &[][..],
            &[0x7c],
            &[0x78, 0, 9, 1],
            &[0x79, 0, 1],
            &[0x7d, 0x85, 0, 1],
        ] {
            assert_eq!(found(unreadable), [None]);
        }
    }

    #[test]
    fn of_a_fragmented_unit_only_the_first_packet_counts() {
        assert!(is_keyframe(&[0x7c, 0x85, 0x88]));
        assert!(!is_keyframe(&[0x7c, 0x05, 0x88]), "a middle fragment");
        assert!(!is_keyframe(&[0x7c, 0x45, 0x88]), "the last fragment");
        assert!(
            !is_keyframe(&[0x7c, 0x85, 0x20]),
            "the first fragment of a later slice"
        );
        assert!(!is_keyframe(&[0x7c, 0x81, 0x9a]), "an inter slice");
        assert!(
            is_keyframe(&[0x7d, 0x85, 0, 1, 0x88]),
            "with a decoding order number"
        );
        assert!(!is_keyframe(&[0x7c]));
    }
}
