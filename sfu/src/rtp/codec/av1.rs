//! Where an AV1 key frame starts, and what else begins in a packet (AV1 RTP payload specification 1.0, §4.4).
//!
//! Owns: the aggregation header and the headers of OBUs. Never does: reassemble OBUs; layers are told by the
//! dependency descriptor.

/// Does a coded video sequence start in this packet?
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    let Some((&header, rest)) = payload.split_first() else {
        return false;
    };
    // §4.4: Z is set when the first element continues an OBU of the packet before.
    if header & CONTINUES_BIT != 0 {
        return false;
    }
    // §4.4: N "MUST be set to 1 if the packet is the first packet of a coded video sequence". Senders that
    // leave it out still begin with the sequence header.
    header & NEW_SEQUENCE_BIT != 0 || first_obu_type(header, rest) == Some(SEQUENCE_HEADER)
}

/// An OBU that begins in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning<'a> {
    header: u8,
    /// What of it is in the packet, behind its header.
    pub body: &'a [u8],
    /// It ends in the packet too.
    pub whole: bool,
}

impl Beginning<'_> {
    /// A frame whose header says nothing of layers and has no size, as the specification wants it (§5).
    pub const fn is_plain_frame(&self) -> bool {
        self.header == FRAME << 3
    }

    /// Sequence headers and temporal delimiters: what stands beside pictures.
    pub const fn is_metadata(&self) -> bool {
        matches!(self.header >> 3, SEQUENCE_HEADER | TEMPORAL_DELIMITER)
    }
}

/// What a packet holds of an OBU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where the OBU begins here, its header first.
    pub bytes: &'a [u8],
    /// It began in the packet before.
    pub continues: bool,
    /// It goes on in the next packet.
    pub continued: bool,
}

/// The OBUs of a packet, and what there is of those that it shares with its neighbours; `None` in place of what can't
/// be read.
pub fn pieces(payload: &[u8]) -> impl Iterator<Item = Option<Piece<'_>>> {
    let (&header, rest) = payload.split_first().unwrap_or((&0, &[]));
    Elements {
        rest,
        left: header >> 4 & 0x03,
        has_counted: header >> 4 & 0x03 != 0,
        begins_open: header & CONTINUES_BIT != 0,
        ends_open: header & CONTINUED_BIT != 0,
    }
}

/// What begins in a packet; `None` in place of what can't be read.
pub fn beginnings(payload: &[u8]) -> impl Iterator<Item = Option<Beginning<'_>>> {
    let continues = payload.first().is_some_and(|header| header & CONTINUES_BIT != 0);
    let begun = pieces(payload).skip(usize::from(continues));
    begun.map(|piece| {
        let piece = piece?;
        let (&header, body) = piece.bytes.split_first()?;
        Some(Beginning {
            header,
            body,
            whole: !piece.continued,
        })
    })
}

/// The elements of a packet.
struct Elements<'a> {
    rest: &'a [u8],
    /// Of those that the header counts.
    left: u8,
    has_counted: bool,
    /// The first one began in the packet before.
    begins_open: bool,
    /// The last one goes on in the next packet.
    ends_open: bool,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Option<Piece<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.take();
        if element.is_none() {
            self.rest = &[];
        }
        let continues = std::mem::take(&mut self.begins_open);
        Some(element.map(|bytes| Piece {
            bytes,
            continues,
            continued: self.rest.is_empty() && self.ends_open,
        }))
    }
}

impl<'a> Elements<'a> {
    /// §4.4: W counts the elements, and the last of them has no length; 0 means that each has one.
    fn take(&mut self) -> Option<&'a [u8]> {
        let is_counted_last = self.has_counted && self.left <= 1;
        self.left = self.left.saturating_sub(1);
        let (length, rest) = if is_counted_last {
            (self.rest.len(), self.rest)
        } else {
            read_leb128(self.rest)?
        };
        let (element, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(element)
    }
}

fn first_obu_type(header: u8, rest: &[u8]) -> Option<u8> {
    // §4.4: W counts the elements, and the last of them has no length; 0 means that each has one.
    let obu = match header >> 4 & 0x03 {
        1 => rest,
        _ => after_leb128(rest)?,
    };
    // AV1 §5.3.2: forbidden bit, then four bits of type.
    obu.first().map(|byte| byte >> 3 & 0x0f)
}

/// AV1 §4.10.5: seven bits a byte, at most eight bytes, the upper bit set on all but the last.
fn after_leb128(bytes: &[u8]) -> Option<&[u8]> {
    let last = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    bytes.get(last + 1..)
}

fn read_leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let rest = after_leb128(bytes)?;
    let coded = &bytes[..bytes.len() - rest.len()];
    let value = coded
        .iter()
        .rev()
        .fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((usize::try_from(value).ok()?, rest))
}

/// Z.
const CONTINUES_BIT: u8 = 0x80;
/// Y: the last element goes on in the next packet.
const CONTINUED_BIT: u8 = 0x40;
const NEW_SEQUENCE_BIT: u8 = 0x08;
/// AV1 §6.2.2: obu_type.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_n_bit_tells() {
        assert!(is_keyframe(&[0b0001_1000, 0x0a]));
        assert!(
            !is_keyframe(&[0b1001_1000, 0x0a]),
            "the rest of an OBU of the packet before"
        );
    }

    fn found(payload: &[u8]) -> Vec<Option<(u8, usize, bool)>> {
        let beginnings = beginnings(payload);
        beginnings
            .map(|one| one.map(|one| (one.header, one.body.len(), one.whole)))
            .collect()
    }

    #[test]
    fn what_begins_is_found_with_lengths_and_without() {
        assert_eq!(found(&[0b0001_0000, 0x30, 1, 2]), [Some((0x30, 2, true))]);
        assert_eq!(
            found(&[0b0101_0000, 0x30, 1, 2]),
            [Some((0x30, 2, false))],
            "it goes on"
        );
        assert_eq!(found(&[0b1001_0000, 0x30, 1, 2]), [], "the rest of one before");
        let two = [0b0110_0000, 2, 0x08, 9, 0x30, 1];
        assert_eq!(found(&two), [Some((0x08, 1, true)), Some((0x30, 1, false))]);
        let uncounted = [0b1000_0000, 2, 7, 7, 3, 0x30, 1, 2];
        assert_eq!(found(&uncounted), [Some((0x30, 2, true))]);
    }

    #[test]
    fn pieces_say_what_they_share_with_other_packets() {
        let found = |payload: &'static [u8]| -> Vec<_> {
            let piece =
                |piece: Option<Piece<'static>>| piece.map(|one| (one.bytes, one.continues, one.continued));
            pieces(payload).map(piece).collect()
        };
        assert_eq!(found(&[0b1101_0000, 7, 8]), [Some((&[7, 8][..], true, true))]);
        let both = found(&[0b1110_0000, 1, 7, 0x30, 1]);
        assert_eq!(
            both,
            [Some((&[7][..], true, false)), Some((&[0x30, 1][..], false, true))]
        );
        assert_eq!(found(&[0b1010_0000, 9, 7]), [None]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[0b0010_0000, 9, 0x30]), [None], "more than there is");
        assert_eq!(found(&[0b0000_0000, 0x80]), [None], "a length cut short");
        assert_eq!(
            found(&[0b0010_0000, 0, 0x30, 1]),
            [None, Some((0x30, 1, true))],
            "an empty one"
        );
    }

    #[test]
    fn a_leading_sequence_header_tells_too() {
        assert!(is_keyframe(&[0b0001_0000, 0x08]), "one element without a length");
        assert!(
            is_keyframe(&[0b0010_0000, 11, 0x08]),
            "two elements, the first with a length"
        );
        assert!(
            is_keyframe(&[0b0000_0000, 0x8b, 0x01, 0x08]),
            "a length of two bytes"
        );
        assert!(!is_keyframe(&[0b0001_0000, 0x30]), "a frame");
        assert!(!is_keyframe(&[0b0010_0000, 0x80]), "a length cut short");
        assert!(!is_keyframe(&[
            0b0010_0000,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0,
            0x08
        ]));
    }
}
