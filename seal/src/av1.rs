//! What a packetiser of AV1 must still be able to read: an envelope around what is sealed.
//!
//! Owns: OBU boundaries (AV1 bitstream specification §5.3), the sequence header in its one spelling, and the envelope.
//! Never does: decode.
//!
//! A packetiser of AV1 takes temporal delimiters away and the sizes of OBUs out (AV1 RTP specification §5), and the far
//! end puts sizes back. So what is sealed is put into one OBU that looks like a frame, whose bytes nobody touches; and
//! what stays clear is written as the far end will write it, because it is authenticated.

use std::borrow::Cow;

use crate::layout::Parts;

/// The sequence header, if the frame begins with one, and all that follows. A temporal delimiter is left out.
pub(crate) fn split(frame: &[u8]) -> Option<Parts<'_>> {
    let mut rest = frame;
    let mut prefix = None;
    while let Some(unit) = Unit::read(rest) {
        match (unit.kind, &prefix) {
            (SEQUENCE_HEADER, None) => prefix = Some(unit.spelt()),
            (TEMPORAL_DELIMITER, None) => {}
            _ => break,
        }
        rest = unit.behind;
    }
    Unit::read(rest)?;
    Some(Parts {
        prefix: Cow::Owned(prefix.unwrap_or_default()),
        rest,
    })
}

/// One OBU, with its size or without, as the far end of a packetiser writes it; nothing of a temporal delimiter, which
/// packetisers leave out. None when it is no OBU, or not one alone.
pub fn spell_obu(unit: &[u8]) -> Option<Vec<u8>> {
    let read = Unit::read(unit).filter(|read| read.behind.is_empty())?;
    Some(match read.kind {
        TEMPORAL_DELIMITER => Vec::new(),
        _ => read.spelt(),
    })
}

/// An OBU of a frame that is none.
pub(crate) fn envelop(sealed: &[u8]) -> Vec<u8> {
    [&[FRAME_WITH_SIZE], &leb128(sealed.len())[..], sealed].concat()
}

/// Undoes [`envelop`]; none if that is not all that there is.
pub(crate) fn unenvelop(unit: &[u8]) -> Option<&[u8]> {
    let read = Unit::read(unit)?;
    (unit[0] == FRAME_WITH_SIZE && read.behind.is_empty()).then_some(read.payload)
}

struct Unit<'a> {
    kind: u8,
    /// The extension byte, of layers.
    extension: Option<u8>,
    payload: &'a [u8],
    behind: &'a [u8],
}

impl<'a> Unit<'a> {
    /// §5.3.1: open_bitstream_unit. Without obu_has_size_field it goes to the end.
    fn read(data: &'a [u8]) -> Option<Self> {
        let (&header, mut rest) = data.split_first()?;
        (header & FORBIDDEN_BIT == 0).then_some(())?;
        let mut extension = None;
        if header & EXTENSION_BIT != 0 {
            let (&byte, behind) = rest.split_first()?;
            (extension, rest) = (Some(byte), behind);
        }
        let size = if header & SIZE_BIT == 0 {
            rest.len()
        } else {
            let (size, behind) = read_leb128(rest)?;
            rest = behind;
            size
        };
        let (payload, behind) = rest.split_at_checked(size)?;
        Some(Self {
            kind: header >> 3 & 0x0f,
            extension,
            payload,
            behind,
        })
    }

    /// As the far end writes it: with its size, in as few bytes as that takes.
    fn spelt(&self) -> Vec<u8> {
        let header = self.kind << 3 | SIZE_BIT;
        let head = match self.extension {
            Some(extension) => vec![header | EXTENSION_BIT, extension],
            None => vec![header],
        };
        [&head, &leb128(self.payload.len())[..], self.payload].concat()
    }
}

/// §4.10.5: seven bits a byte, the least first.
fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn read_leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let last = data
        .iter()
        .take(MOST_LEB128_BYTES)
        .position(|byte| byte & 0x80 == 0)?;
    let value = data[..=last]
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    Some((value, &data[last + 1..]))
}

/// §6.2.2: obu_type.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FORBIDDEN_BIT: u8 = 0x80;
const EXTENSION_BIT: u8 = 0x04;
const SIZE_BIT: u8 = 0x02;
/// OBU_FRAME is 6.
const FRAME_WITH_SIZE: u8 = 6 << 3 | SIZE_BIT;
/// 2^28 bytes are no frame.
const MOST_LEB128_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const DELIMITER: &[u8] = &[0x12, 0];
    const SEQUENCE: &[u8] = &[0x0a, 3, 1, 2, 3];
    const FRAME: &[u8] = &[0x32, 4, 9, 8, 7, 6];

    #[test]
    fn frames_are_split_behind_their_sequence_header() {
        let long_size = &[0x0a, 0x83, 0, 1, 2, 3][..];
        let without_size = &[0x30, 9][..];
        for (frame, prefix, rest) in [
            ([DELIMITER, SEQUENCE, FRAME].concat(), SEQUENCE, FRAME),
            ([DELIMITER, FRAME].concat(), &[], FRAME),
            (FRAME.to_vec(), &[], FRAME),
            ([long_size, FRAME].concat(), SEQUENCE, FRAME),
            ([SEQUENCE, without_size].concat(), SEQUENCE, without_size),
        ] {
            let parts = split(&frame).unwrap();
            assert_eq!((&parts.prefix[..], parts.rest), (prefix, rest), "{frame:?}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let cases: [&[u8]; 5] = [
            &[],
            SEQUENCE,
            &[0x32, 5, 1],
            &[0x32, 255, 255, 255, 255, 1],
            &[0xb2, 1, 1],
        ];
        for frame in cases {
            assert_eq!(split(frame), None, "{frame:?}");
        }
    }

    #[test]
    fn obus_are_spelt_as_the_far_end_writes_them() {
        assert_eq!(spell_obu(&[0x30, 9, 8]).as_deref(), Some(&[0x32, 2, 9, 8][..]));
        assert_eq!(spell_obu(&[0x0a, 0x83, 0, 1, 2, 3]).as_deref(), Some(SEQUENCE));
        assert_eq!(spell_obu(DELIMITER).as_deref(), Some(&[][..]));
        assert_eq!(spell_obu(&[SEQUENCE, FRAME].concat()), None, "two");
        assert_eq!(spell_obu(&[]), None);
    }

    #[test]
    fn what_is_put_in_comes_out_and_with_anything_around_it_does_not() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let sealed = vec![7; length];
            let mut unit = envelop(&sealed);
            assert_eq!(unenvelop(&unit), Some(&sealed[..]));
            assert_eq!(unenvelop(&unit[..unit.len() - 1]), None);
            unit.push(0);
            assert_eq!(unenvelop(&unit), None);
        }
        assert_eq!(unenvelop(&[0x0a, 1, 7]), None, "another type");
    }
}
