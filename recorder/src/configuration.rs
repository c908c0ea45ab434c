//! What a decoder wants to know before the first frame, taken from frames.
//!
//! Owns: CodecPrivate as players want it, and H.264 as it stands in files. Never does: decode.

mod av1;

use rapport_seal::Codec;

/// CodecPrivate of a picture, if this frame tells it. Of VP8 and VP9 there is none.
pub(crate) fn private(codec: Codec, frame: &[u8]) -> Option<Vec<u8>> {
    match codec {
        Codec::Opus | Codec::Vp8 | Codec::Vp9 => None,
        Codec::H264 => avc(frame),
        Codec::Av1 => av1::configuration(frame),
    }
}

/// Of a packet of Opus. RFC 6716 §3.1: bit 2 of the first byte says stereo.
pub(crate) fn channels(packet: &[u8]) -> u8 {
    let is_stereo = packet.first().is_some_and(|toc| toc & 4 != 0);
    if is_stereo { 2 } else { 1 }
}

/// A frame as it stands in files: of H.264, units behind their length in place of start codes (ISO/IEC 14496-15 §5.3.2).
pub(crate) fn in_file(codec: Codec, frame: Vec<u8>) -> Vec<u8> {
    if codec != Codec::H264 {
        return frame;
    }
    let mut out = Vec::with_capacity(frame.len() + 8);
    for unit in units(&frame) {
        out.extend((unit.len() as u32).to_be_bytes());
        out.extend(unit);
    }
    out
}

/// avcC (ISO/IEC 14496-15 §5.3.3.1), of a key frame that begins with its parameter sets.
fn avc(frame: &[u8]) -> Option<Vec<u8>> {
    let of_kind = |kind| units(frame).find(|unit| unit[0] & 0x1f == kind);
    let (sequence, picture) = (of_kind(SEQUENCE_SET)?, of_kind(PICTURE_SET)?);
    let [_, profile, compatibility, level, ..] = sequence else {
        return None;
    };
    // version 1; lengths of four bytes; one set of each
    let mut out = vec![1, *profile, *compatibility, *level, 0xff, 0xe1];
    out.extend(u16::try_from(sequence.len()).ok()?.to_be_bytes());
    out.extend(sequence);
    out.push(1);
    out.extend(u16::try_from(picture.len()).ok()?.to_be_bytes());
    out.extend(picture);
    Some(out)
}

/// ITU-T H.264 Annex B: what stands between start codes. Zeros behind a unit are not of it.
fn units(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = frame.windows(3).enumerate();
    let starts = starts.filter(|(_, window)| *window == [0, 0, 1]);
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().copied().skip(1).chain([frame.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(from, to)| {
        let unit = &frame[from + 3..to];
        let last = unit.iter().rposition(|byte| *byte != 0)?;
        Some(&unit[..=last])
    })
}

/// ITU-T H.264 table 7-1.
const SEQUENCE_SET: u8 = 7;
const PICTURE_SET: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: [u8; 5] = [0x67, 0x42, 0xe0, 0x1f, 9];
    const PICTURE: [u8; 3] = [0x68, 0xce, 7];

    #[test]
    fn units_of_h264_stand_behind_their_lengths() {
        let frame = [
            &[0, 0, 0, 1][..],
            &SEQUENCE,
            &[0, 0, 1],
            &PICTURE,
            &[0, 0, 0, 1, 0x65, 1, 0, 0, 3, 2],
        ]
        .concat();
        let expected = [
            &[0, 0, 0, 5][..],
            &SEQUENCE,
            &[0, 0, 0, 3],
            &PICTURE,
            &[0, 0, 0, 6, 0x65, 1, 0, 0, 3, 2],
        ];
        assert_eq!(in_file(Codec::H264, frame.clone()), expected.concat());
        let configuration = [
            &[1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 5][..],
            &SEQUENCE,
            &[1, 0, 3],
            &PICTURE,
        ];
        assert_eq!(private(Codec::H264, &frame), Some(configuration.concat()));
        assert_eq!(
            private(Codec::H264, &[0, 0, 1, 0x41, 1, 2]),
            None,
            "no parameter sets"
        );
        assert_eq!(in_file(Codec::Vp9, frame.clone()), frame);
    }

    #[test]
    fn sound_says_how_many_channels_it_has() {
        assert_eq!(
            [0xfc, 0xf8, 0x7c, 0x78].map(|toc| channels(&[toc, 1])),
            [2, 1, 2, 1]
        );
    }
}
