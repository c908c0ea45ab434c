//! Bits, most significant first, and the two number forms of the descriptor's syntax.
//!
//! Owns: reading and writing them. Never does: know what they count.

/// Reads bits off a byte slice.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let flag = byte << (self.position % 8) & 0x80 != 0;
        self.position += 1;
        Some(flag)
    }

    /// `f(n)`: an unsigned number of `count` ≤ 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        let mut wanted = count as usize;
        while wanted > 0 {
            let byte = u32::from(*self.bytes.get(self.position / 8)?);
            let left = 8 - self.position % 8;
            let taken = wanted.min(left);
            let part = byte >> (left - taken) & ((1 << taken) - 1);
            value = value << taken | part;
            self.position += taken;
            wanted -= taken;
        }
        Some(value)
    }

    pub(super) fn byte(&mut self, count: u32) -> Option<u8> {
        debug_assert!(count <= 8);
        self.bits(count).map(|bits| bits as u8)
    }

    /// `ns(n)`: a number below `limit` that takes a bit less when it is small.
    pub(super) fn below(&mut self, limit: u32) -> Option<u8> {
        let (width, short) = widths(limit);
        let value = self.bits(width - 1)?;
        if value < short {
            return Some(value as u8);
        }
        Some((value << 1 | self.bits(1)?).wrapping_sub(short) as u8)
    }
}

/// Appends bits to a byte vector.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits of the last byte that are not used yet.
    free: u32,
}

impl<'a> BitWriter<'a> {
    /// Begins at the next whole byte.
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, free: 0 }
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.bits(u32::from(flag), 1);
    }

    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for at in (0..count).rev() {
            if self.free == 0 {
                self.out.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.out.last_mut() {
                *last |= ((value >> at & 1) as u8) << self.free;
            }
        }
    }

    pub(super) fn below(&mut self, limit: u32, value: u8) {
        let (width, short) = widths(limit);
        let value = u32::from(value);
        if value < short {
            self.bits(value, width - 1);
        } else {
            self.bits(value + short, width);
        }
    }
}

/// The bits of `limit` ≥ 1 itself, and how many values get by with one bit less.
fn widths(limit: u32) -> (u32, u32) {
    let width = u32::BITS - limit.leading_zeros();
    (width, (1 << width) - limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bits_are_taken_from_the_top() {
        let mut reader = BitReader::new(&[0b1010_0111, 0xff]);
        assert_eq!(reader.flag(), Some(true));
        assert_eq!(reader.bits(3), Some(0b010));
        assert_eq!(reader.bits(6), Some(0b01_1111));
        assert_eq!(reader.bits(0), Some(0));
        assert_eq!(reader.bits(7), None);
    }

    /// ns(5) after its definition: 0, 1 and 2 take two bits, 3 and 4 three.
    #[test]
    fn a_number_below_five_takes_two_or_three_bits() {
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        (0..5).for_each(|value| writer.below(5, value));
        assert_eq!(out, [0b0001_1011, 0b0111_0000]);
        let mut reader = BitReader::new(&out);
        assert_eq!([(); 5].map(|()| reader.below(5)), [0, 1, 2, 3, 4].map(Some));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            numbers in proptest::collection::vec((0u32..=32, any::<u32>()), 0..20), limit in 1u32..=33,
        ) {
            let mut out = Vec::new();
            let mut writer = BitWriter::new(&mut out);
            let cut = |count: u32, value: u32| (u64::from(value) & ((1 << count) - 1)) as u32;
            for &(count, value) in &numbers {
                writer.bits(value, count);
                writer.below(limit, (value % limit) as u8);
            }
            let mut reader = BitReader::new(&out);
            for (count, value) in numbers {
                prop_assert_eq!(reader.bits(count), Some(cut(count, value)));
                prop_assert_eq!(reader.below(limit), Some((value % limit) as u8));
            }
        }
    }
}
