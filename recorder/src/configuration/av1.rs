//! av1C (AV1 Codec ISO Media File Format Binding §2.3.3), which Matroska has as CodecPrivate, too.
//!
//! Owns: what it repeats of a sequence header. Never does: read one of a still picture, or with timing information:
//! encoders of calls write neither.

/// Of a frame that begins with a sequence header.
pub(super) fn configuration(frame: &[u8]) -> Option<Vec<u8>> {
    let (content, length) = sequence_header(frame)?;
    let mut bits = Bits {
        bytes: content,
        at: 0,
    };
    let sequence = Sequence::read(&mut bits)?;
    // marker and version; how long presentation waits is not told
    let mut out = vec![0x81, sequence.profile << 5 | sequence.level, sequence.kind, 0];
    out.extend(&frame[..length]);
    Some(out)
}

/// What the OBU holds (AV1 bitstream specification §5.3), and how long it is as a whole.
fn sequence_header(frame: &[u8]) -> Option<(&[u8], usize)> {
    let header = *frame.first()?;
    let is_sequence = header >> 3 & 0x0f == SEQUENCE_HEADER && header & SIZE_BIT != 0;
    let behind = if header & EXTENSION_BIT == 0 { 1 } else { 2 };
    // §4.10.5: one byte for up to 127, and the longest has half of that
    let size = usize::from(*frame.get(behind)?);
    let content = frame.get(behind + 1..behind + 1 + size)?;
    (is_sequence && size < 0x80).then_some((content, behind + 1 + size))
}

/// §5.5.1.
#[derive(Debug, PartialEq, Eq)]
struct Sequence {
    profile: u8,
    level: u8,
    /// Tier, depth, and where which colours are sampled, as av1C has them.
    kind: u8,
}

impl Sequence {
    fn read(bits: &mut Bits<'_>) -> Option<Self> {
        let profile = bits.take(3)? as u8;
        let (_still_picture, is_reduced, has_timing) = (bits.flag()?, bits.flag()?, bits.flag()?);
        (profile <= 2 && !is_reduced && !has_timing).then_some(())?;
        let (level, tier) = Self::operating_points(bits)?;
        Self::tools(bits)?;
        let kind = tier << 7 | Self::color(bits, profile)?;
        Some(Self { profile, level, kind })
    }

    /// Level and tier of the first.
    fn operating_points(bits: &mut Bits<'_>) -> Option<(u8, u8)> {
        let has_delays = bits.flag()?;
        let count = bits.take(5)? + 1;
        let mut first = None;
        for _ in 0..count {
            let _layers = bits.take(12)?;
            let level = bits.take(5)? as u8;
            let tier = if level > 7 { bits.take(1)? as u8 } else { 0 };
            if has_delays && bits.flag()? {
                bits.take(4)?;
            }
            first.get_or_insert((level, tier));
        }
        first
    }

    /// All between the operating points and the colours, of which nothing is wanted.
    fn tools(bits: &mut Bits<'_>) -> Option<()> {
        let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
        bits.take(width_bits)?;
        bits.take(height_bits)?;
        let has_frame_ids = bits.flag()?;
        bits.take(if has_frame_ids { 7 } else { 0 })?;
        // use_128x128_superblock to enable_intra_edge_filter, and enable_interintra_compound to enable_dual_filter
        bits.take(3 + 4)?;
        let has_order_hint = bits.flag()?;
        bits.take(if has_order_hint { 2 } else { 0 })?;
        let is_screen_content = bits.flag()? || bits.flag()?;
        if is_screen_content && !bits.flag()? {
            bits.take(1)?;
        }
        bits.take(if has_order_hint { 3 } else { 0 })?;
        // enable_superres, enable_cdef, enable_restoration
        bits.take(3)?;
        Some(())
    }

    /// §5.5.2. Bits as in av1C: depth of 10, depth of 12, monochrome, subsampling in x and y, two of its position.
    fn color(bits: &mut Bits<'_>, profile: u8) -> Option<u8> {
        let is_deep = bits.flag()?;
        let is_twelve = profile == 2 && is_deep && bits.flag()?;
        let is_mono = profile != 1 && bits.flag()?;
        let description = if bits.flag()? { bits.take(24)? } else { 0 };
        let depth = u8::from(is_deep) << 6 | u8::from(is_twelve) << 5 | u8::from(is_mono) << 4;
        if is_mono {
            return Some(depth | BOTH);
        }
        if description == SRGB {
            return Some(depth);
        }
        let _color_range = bits.flag()?;
        let subsampling = match profile {
            0 => BOTH,
            1 => 0,
            _ if is_twelve && !bits.flag()? => 0,
            _ if is_twelve && bits.flag()? => BOTH,
            _ => HORIZONTAL,
        };
        let position = if subsampling == BOTH {
            bits.take(2)? as u8
        } else {
            0
        };
        Some(depth | subsampling | position)
    }
}

/// From the most significant one on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// At most 32.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }
}

/// §6.2.2: obu_type.
const SEQUENCE_HEADER: u8 = 1;
const EXTENSION_BIT: u8 = 0x04;
const SIZE_BIT: u8 = 0x02;
/// §6.4.2: BT.709 primaries, sRGB transfer, identity matrix.
const SRGB: u32 = 1 << 16 | 13 << 8;
/// Of colours in av1C.
const BOTH: u8 = 0b1100;
const HORIZONTAL: u8 = 0b1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 320 by 180 pixels, by §5.5 bit for bit: profile 0, level 2.0, 8 bits, 4:2:0.
    const HEADER: [u8; 13] = [0x0a, 11, 0, 0, 0, 0x04, 0x3c, 0xfe, 0xcd, 0xff, 0xf9, 0x80, 0x40];

    #[test]
    fn a_sequence_header_is_repeated_in_short() {
        let frame = [&HEADER[..], &[0x32, 2, 7, 7]].concat();
        let expected = [&[0x81, 0, 0b1100, 0][..], &HEADER].concat();
        assert_eq!(configuration(&frame), Some(expected));
    }

    #[test]
    fn level_tier_and_depth_are_told() {
        // level 4.0 in the upper tier, and 10 bits: one bit more of tier, so all that follows is moved by one
        let bits: String = HEADER[2..].iter().map(|byte| format!("{byte:08b}")).collect();
        // what stands before the level, what stands between it and the colours, 10 bits, and the rest of the colours
        let changed = [&bits[..24], "01000", "1", &bits[29..73], "1", &bits[74..]].concat();
        let padded = format!("{changed:0<96}");
        let bytes = padded.as_bytes().chunks(8).map(|eight| {
            let text = std::str::from_utf8(eight).unwrap();
            u8::from_str_radix(text, 2).unwrap()
        });
        let frame: Vec<u8> = [0x0a, 12].into_iter().chain(bytes).collect();
        assert_eq!(configuration(&frame).unwrap()[..4], [0x81, 8, 0b1100_1100, 0]);
    }

    #[test]
    fn what_is_no_sequence_header_tells_nothing() {
        for frame in [&[][..], &HEADER[..9], &[0x32, 2, 7, 7], &[0x0a, 2, 0xff, 0xff]] {
            assert_eq!(configuration(frame), None, "{frame:?}");
        }
    }
}
