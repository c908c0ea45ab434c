//! How SK-1 writes numbers and texts down (SK-1.md, section 2).
//!
//! Owns: fields with their lengths, in both directions. Never does: know a message, or read past an end.

/// Reads bytes from the front. Whatever is not of the form is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        Some(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.array()?))
    }

    /// A field of a length from `least` to `most`.
    pub(crate) fn field(&mut self, least: usize, most: usize) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        (least..=most).contains(&length).then(|| self.take(length))?
    }

    /// A field of one length.
    pub(crate) fn field_of<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.field(N, N)?.try_into().ok()
    }

    /// A field that is UTF-8.
    pub(crate) fn text(&mut self, least: usize, most: usize) -> Option<String> {
        String::from_utf8(self.field(least, most)?.to_vec()).ok()
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// The first 16 bytes in hexadecimal, in groups of four: 128 bits, for two people to compare.
pub fn spelt(name: &[u8]) -> String {
    let pairs = name.chunks_exact(2).take(8);
    let groups = pairs.map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
    groups.collect::<Vec<_>>().join(" ")
}

/// Appends a field.
pub(crate) fn field(out: &mut Vec<u8>, content: &[u8]) {
    // Every field of the protocol is bounded far below; see the ranges in `message`.
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend(length.to_be_bytes());
    out.extend(&content[..usize::from(length)]);
}
