//! The three things that a template says of a frame, and a frame may say of itself.
//!
//! Owns: their two forms on the wire, each bounded. Never does: know to which frame they belong.

use super::bits::{BitReader, BitWriter};

/// What a frame is to one decode target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indication {
    /// Not part of it.
    NotPresent = 0,
    /// Part of it, and no other frame of it refers to this one.
    Discardable = 1,
    /// From this frame on, all of it can be decoded.
    Switch = 2,
    /// Part of it, and needed.
    Required = 3,
}

/// An indication for each decode target, two bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indications(u64);

impl Indications {
    /// That for one target; beyond the last, not present.
    pub fn get(self, target: u32) -> Indication {
        match self.0.checked_shr(target.saturating_mul(2)).unwrap_or(0) & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }

    pub(super) fn read(reader: &mut BitReader<'_>, decode_targets: u32) -> Option<Self> {
        (0..decode_targets).try_fold(Self::default(), |Self(indications), target| {
            Some(Self(indications | u64::from(reader.bits(2)?) << (2 * target)))
        })
    }

    pub(super) fn write(self, writer: &mut BitWriter<'_>, decode_targets: u32) {
        (0..decode_targets).for_each(|target| writer.bits(self.get(target) as u32, 2));
    }
}

/// Distances to the frames that one refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameDiffs {
    diffs: [u16; MAX_REFERENCES],
    count: u8,
}

impl FrameDiffs {
    /// In the order of the wire, each 1–4096.
    pub fn as_slice(&self) -> &[u16] {
        &self.diffs[..usize::from(self.count)]
    }

    /// `template_fdiffs()` of one template.
    pub(super) fn read_template(reader: &mut BitReader<'_>) -> Option<Self> {
        let mut diffs = Self::default();
        while reader.flag()? {
            diffs.push(reader.bits(4)?)?;
        }
        Some(diffs)
    }

    pub(super) fn write_template(&self, writer: &mut BitWriter<'_>) {
        for &diff in self.as_slice() {
            writer.flag(true);
            writer.bits(u32::from(diff) - 1, 4);
        }
        writer.flag(false);
    }

    /// `frame_fdiffs()`.
    pub(super) fn read_custom(reader: &mut BitReader<'_>) -> Option<Self> {
        let mut diffs = Self::default();
        loop {
            match reader.bits(2)? {
                0 => return Some(diffs),
                nibbles => diffs.push(reader.bits(4 * nibbles)?)?,
            }
        }
    }

    pub(super) fn write_custom(&self, writer: &mut BitWriter<'_>) {
        for &diff in self.as_slice() {
            let less_one = u32::from(diff) - 1;
            let nibbles = (u32::BITS - less_one.leading_zeros()).div_ceil(4).max(1);
            writer.bits(nibbles, 2);
            writer.bits(less_one, 4 * nibbles);
        }
        writer.bits(0, 2);
    }

    fn push(&mut self, less_one: u32) -> Option<()> {
        *self.diffs.get_mut(usize::from(self.count))? = less_one as u16 + 1;
        self.count += 1;
        Some(())
    }
}

/// The distance to the previous frame of each chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainDiffs([u8; MAX_CHAINS]);

impl ChainDiffs {
    /// That of one chain; 0 when it starts here or does not exist.
    pub fn get(&self, chain: u8) -> u8 {
        self.0.get(usize::from(chain)).copied().unwrap_or(0)
    }

    pub(super) fn read(reader: &mut BitReader<'_>, chains: u32, bits: u32) -> Option<Self> {
        let mut diffs = Self::default();
        for diff in diffs.0.iter_mut().take(chains as usize) {
            *diff = reader.byte(bits)?;
        }
        Some(diffs)
    }

    pub(super) fn write(&self, writer: &mut BitWriter<'_>, chains: u32, bits: u32) {
        self.0
            .iter()
            .take(chains as usize)
            .for_each(|&diff| writer.bits(u32::from(diff), bits));
    }
}

/// dt_cnt_minus_one has five bits.
pub const MAX_DECODE_TARGETS: usize = 32;
/// The number of chains is below the number of decode targets plus one.
pub const MAX_CHAINS: usize = MAX_DECODE_TARGETS;
/// AV1 keeps eight reference frames, VP9 as well; no frame refers to more.
const MAX_REFERENCES: usize = 8;

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn frame_diffs(limit: u32)(
            diffs in proptest::collection::vec(prop_oneof![0u32..2, 14u32..16, 0..limit], 0..=MAX_REFERENCES),
        ) -> FrameDiffs {
            let mut all = FrameDiffs::default();
            diffs.into_iter().for_each(|diff| all.push(diff).unwrap());
            all
        }
    }

    prop_compose! {
        /// Any parts for this many targets and chains.
        pub(in crate::rtp::dependency) fn parts(targets: u32, chains: usize, bits: u32, diff_limit: u32)(
            indications: u64, frame_diffs in frame_diffs(diff_limit), chain_diffs: [u8; 32],
        ) -> (Indications, FrameDiffs, ChainDiffs) {
            let mut diffs = ChainDiffs::default();
            for (place, diff) in diffs.0.iter_mut().zip(chain_diffs).take(chains) {
                *place = diff & (0xff >> (8 - bits));
            }
            let indications = indications & (u64::MAX >> (64 - 2 * targets));
            (Indications(indications), frame_diffs, diffs)
        }
    }

    #[test]
    fn indications_beyond_the_last_are_not_present() {
        let all = Indications(u64::MAX);
        assert_eq!(all.get(31), Indication::Required);
        assert_eq!(
            [32, u32::MAX].map(|target| all.get(target)),
            [Indication::NotPresent; 2]
        );
    }

    #[test]
    fn a_frame_refers_to_eight_others_at_most() {
        let mut eight = Vec::new();
        let mut writer = BitWriter::new(&mut eight);
        (0..8).for_each(|_| writer.bits(0b1_0011, 5));
        let mut nine = eight.clone();
        nine.push(0b1001_1000);
        eight.push(0);
        let read = |bytes: &[u8]| FrameDiffs::read_template(&mut BitReader::new(bytes));
        assert_eq!(
            read(&eight).map(|diffs| diffs.as_slice().to_vec()),
            Some(vec![4; 8])
        );
        assert_eq!(read(&nine), None);
    }
}
