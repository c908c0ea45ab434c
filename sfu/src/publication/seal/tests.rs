//! Frames sealed by hand, and others.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::codec::H264Profile;

const VP9: Codec = Codec::Vp9 { profile: 0 };
const H264: Codec = Codec::H264 {
    profile: H264Profile::ConstrainedBaseline,
    packetization_mode: 1,
};
const AV1: Codec = Codec::Av1 { profile: 0 };

const SENDERS: [u16; 6] = [1, 9, 15, 16, 291, 4095];
const COUNTERS: [u64; 10] = [0, 7, 8, 255, 256, 300, 65_535, 70_000, 1 << 32, u64::MAX];

/// RFC 7741 §4.2, from one byte to six, each the start of a frame.
const VP8_DESCRIPTORS: [&[u8]; 6] = [
    &[0x10],
    &[0x90, 0x00],
    &[0x90, 0x80, 0x12],
    &[0x90, 0x80, 0x92, 0x34],
    &[0x90, 0xc0, 0x92, 0x34, 200],
    &[0xb0, 0xf0, 0x92, 0x34, 200, 0x45],
];

/// RFC 9628 §4.2: B is set in each, E is not.
const VP9_DESCRIPTORS: [&[u8]; 7] = [
    &[0b0000_1000],
    &[0b1000_1000, 0x12],
    &[0b1000_1000, 0x92, 0x34],
    &[0b1110_1000, 0x92, 0x34, 0b0101_0011, 99],
    &[0b1011_1000, 0x12, 0b0010_0100],
    &[0b1111_1000, 0x12, 0b0010_0100, 0x03, 0x05, 0x06],
    &[
        0b1010_1010,
        0x12,
        0,
        9,
        0b0001_1000,
        2,
        128,
        1,
        104,
        1,
        0b0000_0100,
        1,
    ],
];

/// A header in the fewest bytes. `below` is generation and step.
fn header(sender: u16, below: u32, counter: u64) -> Vec<u8> {
    let (kid_flags, kid) = minimal(u64::from(sender) << 20 | u64::from(below));
    let (counter_flags, counter) = minimal(counter);
    [vec![kid_flags << 4 | counter_flags], kid, counter].concat()
}

/// RFC 9605 §4.3: a value below eight stands in its three bits; else they count its bytes, less one.
fn minimal(value: u64) -> (u8, Vec<u8>) {
    if value < 8 {
        return (value as u8, Vec::new());
    }
    let bytes: Vec<_> = value
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    (8 | (bytes.len() - 1) as u8, bytes)
}

/// What follows the clear bytes: a header, a ciphertext of this length, a tag.
fn sealed(sender: u16, counter: u64, length: usize) -> Vec<u8> {
    [header(sender, 0, counter), vec![0x5c; length + TAG_BYTES]].concat()
}

fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    let mut zeros = 0;
    for &byte in bytes {
        if zeros == 2 && byte <= 3 {
            escaped.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        escaped.push(byte);
    }
    escaped
}

fn find(codec: Codec, payload: &[u8], sender: u16) -> Finding {
    inspect(codec, payload, true, SenderIndex(sender))
}

/// One first packet of every shape that holds `sealed`, whole where the shape has an end.
fn packets(sealed: &[u8]) -> Vec<(Codec, Vec<u8>)> {
    let sps = [0x67, 0x42, 0xe0, 0x1f];
    let slice = [&[0x65, 0x88][..], &escaped(sealed)].concat();
    let sized = |unit: &[u8]| [&(unit.len() as u16).to_be_bytes()[..], unit].concat();
    let mut packets = vec![
        (Codec::Opus, [&[0x78][..], sealed].concat()),
        (H264, slice.clone()),
        (H264, [vec![0x78], sized(&sps), sized(&slice)].concat()),
        (H264, [&[0x7c, 0x85], &slice[1..]].concat()),
        (H264, [&[0x5c, 0x81], &slice[1..]].concat()),
    ];
    let key = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
    let delta = [0x31, 0x02, 0x00];
    for descriptor in VP8_DESCRIPTORS {
        packets.push((Codec::Vp8, [descriptor, &key, sealed].concat()));
        packets.push((Codec::Vp8, [descriptor, &delta, sealed].concat()));
    }
    let [sequence, frame] = [&[0x08, 1, 2, 3][..], &[&[0x30][..], sealed].concat()];
    let counted = |unit: &[u8]| [&[unit.len() as u8], unit].concat();
    packets.extend([
        (AV1, [&[0x10], frame].concat()),
        (AV1, [&[0x28], &counted(sequence)[..], frame].concat()),
        (AV1, [&[0x08], &counted(sequence)[..], &counted(frame)].concat()),
        // the rest of a sequence header before it
        (AV1, [&[0xa8], &counted(sequence)[..], frame].concat()),
    ]);
    packets.extend(VP9_DESCRIPTORS.map(|descriptor| {
        let mut packet = [descriptor, sealed].concat();
        packet[0] |= 0b0000_0100;
        (VP9, packet)
    }));
    packets
}

#[test]
fn what_its_sender_sealed_passes_whatever_carries_it() {
    for sender in SENDERS {
        for counter in COUNTERS {
            for (codec, packet) in packets(&sealed(sender, counter, 40)) {
                let found = find(codec, &packet, sender);
                assert_eq!(
                    found,
                    Finding::Sealed,
                    "{sender} {counter} {codec:?} {packet:02x?}"
                );
            }
        }
    }
}

#[test]
fn what_another_sealed_does_not() {
    for sender in SENDERS {
        for other in SENDERS.into_iter().chain([0, 4096, u16::MAX]) {
            for (codec, packet) in packets(&sealed(sender, 300, 40)) {
                let is_its_own = find(codec, &packet, other) == Finding::Sealed;
                assert_eq!(is_its_own, sender == other, "{sender} {other} {codec:?}");
            }
        }
    }
}

#[test]
fn generation_and_step_are_the_senders_affair() {
    for below in [0, 1, 0xff, 0x100, 0xf_ffff] {
        let frame = [vec![0x78], header(291, below, 8), vec![0; TAG_BYTES]].concat();
        assert_eq!(find(Codec::Opus, &frame, 291), Finding::Sealed, "{below:x}");
    }
}

#[test]
fn a_frame_that_ends_before_its_tag_does_is_none() {
    for (sender, counter) in [(1, 3), (291, 70_000)] {
        for (codec, packet) in packets(&sealed(sender, counter, 0)) {
            assert_eq!(find(codec, &packet, sender), Finding::Sealed, "{codec:?}");
            // Of a fragment nobody knows how much is to come.
            let is_fragment = codec == H264 && packet[0] & 0x1f == 28;
            let ends = if is_fragment { TAG_BYTES } else { 0 };
            for length in 1..packet.len() - ends {
                let cut = &packet[..length];
                let found = find(codec, cut, sender);
                assert_ne!(found, Finding::Sealed, "{codec:?} {length} of {packet:02x?}");
            }
        }
    }
}

#[test]
fn the_first_packet_of_several_needs_no_tag() {
    let frame = sealed(291, 300, 0);
    let frame = &frame[..frame.len() - TAG_BYTES];
    let vp8 = [&[0x10, 0x31, 0x02, 0x00], frame].concat();
    let sender = SenderIndex(291);
    assert_eq!(inspect(Codec::Vp8, &vp8, false, sender), Finding::Sealed);
    assert_eq!(inspect(Codec::Vp8, &vp8, true, sender), Finding::Clear);
    let vp9 = [&[0b0000_1000], frame].concat();
    assert_eq!(inspect(VP9, &vp9, false, sender), Finding::Sealed);
    assert_eq!(
        inspect(Codec::Opus, &[&[0x78], frame].concat(), false, sender),
        Finding::Clear
    );
}

#[test]
fn what_begins_nothing_is_not_judged() {
    for (codec, packet) in [
        (Codec::Opus, &[][..]),
        (Codec::Vp8, &[]),
        (Codec::Vp8, &[0x00, 1, 2, 3]),
        (Codec::Vp8, &[0x11, 1, 2, 3]),
        (Codec::Vp8, &[0x80, 0xe0, 0x92, 0x34, 200, 1]),
        (VP9, &[0b0000_0100, 1, 2, 3]),
        (VP9, &[0b1100_0000, 0x12, 1]),
        (H264, &[0x67, 0x42, 0xe0, 0x1f]),
        (H264, &[0x68, 0xce]),
        (H264, &[0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce]),
        (H264, &[0x7c, 0x05, 1, 2, 3]),
        (H264, &[0x7c, 0x45, 1, 2, 3]),
        (AV1, &[]),
        (AV1, &[0x18, 0x08, 1, 2, 3]),
        (AV1, &[0x90, 0x30, 1, 2, 3]),
        (AV1, &[0xd0, 0x30, 1, 2, 3]),
        (AV1, &[0x90]),
    ] {
        assert_eq!(
            find(codec, packet, 1),
            Finding::Nothing,
            "{codec:?} {packet:02x?}"
        );
    }
}

#[test]
fn clear_frames_and_what_cannot_be_read_are_refused() {
    let opus = [0x78, 0x0b, 0xe4, 0xc1, 0x36, 0xec, 0xc5, 0x80].repeat(10);
    let vp8 = [
        0x90, 0x80, 0x12, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01, 0x39, 0x6b,
    ];
    let vp9 = [0x8c, 0x12, 0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16];
    for (codec, packet) in [
        (Codec::Opus, &opus[..]),
        (Codec::Opus, &[0x78]),
        (Codec::Vp8, &vp8),
        (Codec::Vp8, &[0x90]),
        (Codec::Vp8, &[0x10]),
        (VP9, &vp9),
        (VP9, &[0b1000_1000]),
        (VP9, &[0b0000_1010, 0xff]),
        (H264, &[0x65, 0x88, 0x84, 0x00, 0x33]),
        (H264, &[0x41, 0x9a]),
        (H264, &[0x65]),
        (H264, &[0x7c, 0x85, 0x88, 0x84]),
        (H264, &[0x7c, 0x85]),
        (H264, &[0x7c]),
        (H264, &[0x78, 0, 2, 0x67, 0x42, 0, 3, 0x65, 0x88, 0x84]),
        (H264, &[0x78, 0, 2, 0x67, 0x42, 0, 9, 0x68]),
        (H264, &[0x78, 0, 0, 0, 2, 0x68, 0xce]),
        (H264, &[0x79, 0, 1, 0, 2, 0x67, 0x42]),
        (H264, &[0x74, 1, 2]),
        (AV1, &[0x10, 0x32, 0x9a]),
        (AV1, &[0x10, 0x30, 0x9a]),
        (AV1, &[0x10, 0x18, 1, 2]),
        (AV1, &[0x10, 0x20, 1, 2]),
        (AV1, &[0x20, 9, 0x08, 1]),
    ] {
        assert_eq!(find(codec, packet, 1), Finding::Clear, "{codec:?} {packet:02x?}");
    }
}

#[test]
fn av1_with_sizes_or_layers_in_its_units_is_refused() {
    let sealed = sealed(1, 8, 40);
    for header in [0x32, 0x34, 0x36, 0xb0] {
        let packet = [&[0x10, header][..], &sealed].concat();
        assert_eq!(find(AV1, &packet, 1), Finding::Clear, "{header:02x}");
    }
}

#[test]
fn a_header_in_more_bytes_than_it_needs_is_refused() {
    for header in [
        // A KID with a leading zero, a counter with one, and a counter that had fitted the config byte.
        &[0xb0, 0x00, 0x10, 0x00, 0x00][..],
        &[0xa9, 0x10, 0x00, 0x00, 0x00, 0x09],
        &[0xa8, 0x10, 0x00, 0x00, 0x07],
        &[0xc0, 0x00, 0x00, 0x10, 0x00, 0x00],
        // A KID in the config byte, and one of two bytes.
        &[0x10],
        &[0x90, 0x10, 0x00],
    ] {
        let frame = [&[0x78], header, &[0; 40]].concat();
        assert_eq!(find(Codec::Opus, &frame, 1), Finding::Clear, "{header:02x?}");
    }
}

#[test]
fn only_the_second_byte_of_a_slice_stays_clear() {
    let frame = escaped(&sealed(1, 300, 40));
    assert_eq!(frame[..7], [0xa9, 0x10, 0x00, 0x00, 0x03, 0x01, 0x2c], "escaped");
    let shifted = [&[0x65, 0x88, 0x84], &frame[..]].concat();
    assert_eq!(find(H264, &shifted, 1), Finding::Clear);
    let plain = [&[0x65, 0x88][..], &sealed(1, 300, 40)].concat();
    assert_eq!(
        find(H264, &plain, 1),
        Finding::Sealed,
        "an escape that another would need"
    );
}

/// Random frames pass as often as the form has it, and not more: 4 bits of length and X, 4 or 12 of the index,
/// and nearly every counter.
#[test]
fn a_random_frame_passes_by_chance_alone() {
    let mut random = StdRng::seed_from_u64(1);
    let mut passes = |codec, head: &[u8], sender| {
        let mut frame = [head, &[0; 60]].concat();
        let count = |_: &u32| {
            random.fill(&mut frame[head.len()..]);
            find(codec, &frame, sender) == Finding::Sealed
        };
        (0..200_000).filter(count).count()
    };
    for (codec, head) in [
        (Codec::Opus, &[0x78][..]),
        (Codec::Vp8, &[0x10, 0x31, 0x02, 0x00]),
        (VP9, &[0b0000_1100]),
    ] {
        // 200,000 / 256 = 781, and a counter that is not minimal now and then; five deviations either way.
        let few = passes(codec, head, 9);
        assert!((640..920).contains(&few), "{codec:?}: {few}");
        // 200,000 / 65,536 = 3.
        let fewer = passes(codec, head, 291);
        assert!(fewer < 12, "{codec:?}: {fewer}");
    }
}

/// The header by its definition: what is read, written again in the fewest bytes, is what was there.
fn is_sealed_opus(packet: &[u8], sender: u16) -> bool {
    let Some((&config, rest)) = packet.get(1..).and_then(<[u8]>::split_first) else {
        return false;
    };
    let read = |flags: u8, bytes: &[u8]| {
        let length = usize::from(flags & 7) + 1;
        match flags & 8 {
            0 => Some((u64::from(flags), 0)),
            _ => Some((
                bytes
                    .get(..length)?
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                length,
            )),
        }
    };
    let Some((kid, used)) = read(config >> 4, rest) else {
        return false;
    };
    let Some((counter, more)) = read(config & 15, &rest[used..]) else {
        return false;
    };
    let again = [minimal(kid), minimal(counter)];
    let header = [&[again[0].0 << 4 | again[1].0][..], &again[0].1, &again[1].1].concat();
    packet[1..].starts_with(&header)
        && kid >> 20 == u64::from(sender)
        && kid <= u64::from(u32::MAX)
        && rest.len() - used - more >= TAG_BYTES
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn whatever_arrives_is_judged(
        payload in proptest::collection::vec(any::<u8>(), 0..60), marker: bool, sender: u16,
    ) {
        for codec in [Codec::Opus, Codec::Vp8, VP9, H264, AV1] {
            let found = inspect(codec, &payload, marker, SenderIndex(sender));
            prop_assert_eq!(found == Finding::Nothing && codec == Codec::Opus, codec == Codec::Opus && payload.is_empty());
        }
    }

    #[test]
    fn a_header_is_judged_as_it_is_defined(
        header in proptest::collection::vec(any::<u8>(), 0..14),
        kid in 0..4u8,
        sender in 1..40u16,
        length in 0..40usize,
    ) {
        let mut packet = [vec![0x78], header, vec![0; length]].concat();
        // Mostly of a length that may be right, with a KID of a sender that may be it.
        if let [_, config, first, ..] = &mut packet[..] {
            (*config, *first) = (*config & 0x0f | 0x80 | (kid << 4), *first & 0x3f);
        }
        let found = inspect(Codec::Opus, &packet, true, SenderIndex(sender)) == Finding::Sealed;
        prop_assert_eq!(found, is_sealed_opus(&packet, sender));
    }

    #[test]
    fn a_sealed_header_with_any_one_byte_changed_is_judged_the_same_by_its_definition(
        sender in 1..=4095u16, below in 0..1u32 << 20, counter: u64, at in 0..13usize, byte: u8,
    ) {
        let mut packet = [vec![0x78], header(sender, below, counter), vec![0x5c; 40]].concat();
        prop_assert!(is_sealed_opus(&packet, sender));
        prop_assert_eq!(find(Codec::Opus, &packet, sender), Finding::Sealed);
        packet[1 + at] = byte;
        let found = find(Codec::Opus, &packet, sender) == Finding::Sealed;
        prop_assert_eq!(found, is_sealed_opus(&packet, sender));
    }
}
