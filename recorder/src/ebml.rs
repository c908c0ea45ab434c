//! EBML (RFC 8794), as far as our files use it.
//!
//! Owns: elements in both directions. Never does: know what one means, or trust a size.

/// Appends an element with its content.
pub(crate) fn element(out: &mut Vec<u8>, id: u32, content: &[u8]) {
    identifier(out, id);
    size(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// Appends an element that ends where its parent does, or where something stands that can't be in it (RFC 8794 §6.2).
pub(crate) fn unsized_element(out: &mut Vec<u8>, id: u32) {
    identifier(out, id);
    out.push(0xff);
}

/// Appends an element whose content is written later: its size has always eight bytes.
pub(crate) fn late_element(out: &mut Vec<u8>, id: u32, size: u64) {
    identifier(out, id);
    out.extend((size | 1 << 56).to_be_bytes());
}

/// An unsigned integer in as few bytes as it takes (RFC 8794 §7.2).
pub(crate) fn unsigned(out: &mut Vec<u8>, id: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let unused = (value.leading_zeros() / 8).min(7) as usize;
    element(out, id, &bytes[unused..]);
}

/// A text.
pub(crate) fn text(out: &mut Vec<u8>, id: u32, value: &str) {
    element(out, id, value.as_bytes());
}

/// A floating point number (RFC 8794 §7.3).
pub(crate) fn float(out: &mut Vec<u8>, id: u32, value: f64) {
    element(out, id, &value.to_be_bytes());
}

/// An element whose content is made of elements.
pub(crate) fn master(out: &mut Vec<u8>, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    element(out, id, &content);
}

fn identifier(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let unused = (id.leading_zeros() / 8) as usize;
    out.extend_from_slice(&bytes[unused..]);
}

/// RFC 8794 §4: a length of one to eight bytes, told by the first bit that is set.
pub(crate) fn size(out: &mut Vec<u8>, value: u64) {
    // all bits set mean unknown (RFC 8794 §6.2), so that value takes a byte more
    let length = (1..8)
        .find(|&length| value < (1 << (7 * length)) - 1)
        .unwrap_or(8);
    let marked = value | 1 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// An element as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) id: u32,
    /// Of an element of unknown size, all that follows.
    pub(crate) content: &'a [u8],
    pub(crate) is_unsized: bool,
    /// What stands behind it; nothing behind one of unknown size.
    pub(crate) behind: &'a [u8],
}

impl<'a> Element<'a> {
    /// The element that the bytes begin with; none if they are cut off in it, or begin with none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let Head { id, size, length } = Head::read(bytes)?;
        let rest = &bytes[length..];
        let Some(size) = size else {
            return Some(Self {
                id,
                content: rest,
                is_unsized: true,
                behind: &bytes[bytes.len()..],
            });
        };
        let (content, behind) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        Some(Self {
            id,
            content,
            is_unsized: false,
            behind,
        })
    }
}

/// What an element begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: u32,
    /// Of the content; none if that is unknown.
    pub(crate) size: Option<u64>,
    /// Of this.
    pub(crate) length: usize,
}

impl Head {
    /// How many bytes it has at most.
    pub(crate) const MOST: usize = 12;

    /// None if the bytes are cut off in it, or begin with none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = read_number(bytes, 4)?;
        let (size, rest) = read_number(rest, 8)?;
        Some(Self {
            // the marker belongs to an identifier, and not to a size
            id: u32::try_from(id.value | id.marker).ok()?,
            size: (size.value != size.marker - 1).then_some(size.value),
            length: bytes.len() - rest.len(),
        })
    }
}

struct Number {
    value: u64,
    /// The bit above those of the value.
    marker: u64,
}

fn read_number(bytes: &[u8], longest: u32) -> Option<(Number, &[u8])> {
    let length = bytes.first()?.leading_zeros() + 1;
    (length <= longest).then_some(())?;
    let (number, rest) = bytes.split_at_checked(length as usize)?;
    let marked = number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let marker = 1 << (7 * length);
    let value = marked & (marker - 1);
    Some((Number { value, marker }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_as_the_standard_has_them() {
        let coded = |value| {
            let mut out = Vec::new();
            size(&mut out, value);
            out
        };
        assert_eq!(coded(0), [0x80]);
        assert_eq!(coded(126), [0xfe]);
        assert_eq!(coded(127), [0x40, 0x7f], "ff is unknown");
        assert_eq!(coded(16_382), [0x7f, 0xfe]);
        assert_eq!(coded(16_383), [0x20, 0x3f, 0xff]);
    }

    #[test]
    fn unknown_sizes_hold_what_follows() {
        let mut out = Vec::new();
        unsized_element(&mut out, 0x1853_8067);
        unsigned(&mut out, 0xe7, 300);
        let segment = Element::read(&out).unwrap();
        assert!(segment.is_unsized && segment.behind.is_empty());
        let inner = Element::read(segment.content).unwrap();
        assert_eq!((inner.id, inner.content), (0xe7, &[1, 44][..]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in prop_oneof![Just(0xa3_u32), Just(0x4286), Just(0x002a_d7b1), Just(0x1a45_dfa3)],
                                   content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            element(&mut out, id, &content);
            out.push(9);
            let read = Element::read(&out).unwrap();
            prop_assert_eq!((read.id, read.content, read.behind), (id, &content[..], &[9][..]));
            prop_assert!(Element::read(&out[..out.len() - 2]).is_none() || content.is_empty());
        }

        #[test]
        fn whatever_stands_there_is_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(element) = Element::read(&bytes) {
                prop_assert!(element.content.len() + element.behind.len() < bytes.len());
            }
        }
    }
}
