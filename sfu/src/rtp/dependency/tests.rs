use proptest::prelude::*;

use super::structure::tests::{custom, structure};
use super::*;

/// One layer of 640×360: a template for key frames, one for the others, one decode target, one chain.
/// After the three mandatory bytes, in bits: flags 10000, offset 000000, targets 00000; layers 00 11;
/// indications 10 10; frame diffs 0, 1 0000 0; one chain 1; chain diffs 0000 0001; resolutions 1,
/// 639 and 359 in sixteen bits each.
const KEY_FRAME: [u8; 13] = [
    0xc0, 0x00, 0x01, 0x80, 0x00, 0x3a, 0x41, 0x01, 0x81, 0x3f, 0x80, 0xb3, 0x80,
];

fn key_frame() -> (DependencyDescriptor, Structure) {
    let descriptor = DependencyDescriptor::parse(&KEY_FRAME, None).unwrap();
    let structure = *descriptor.structure.clone().unwrap();
    (descriptor, structure)
}

#[test]
fn a_key_frame_brings_its_structure() {
    let (descriptor, structure) = key_frame();
    assert!(descriptor.starts_keyframe() && descriptor.end_of_frame);
    assert_eq!((descriptor.frame_number, descriptor.template_id), (1, 0));
    assert_eq!((descriptor.spatial, descriptor.temporal), (0, 0));
    assert_eq!(descriptor.indications.get(0), Indication::Switch);
    assert!(descriptor.frame_diffs.as_slice().is_empty());
    assert_eq!(descriptor.chain_diffs.get(0), 0);
    assert_eq!(descriptor.active_decode_targets, Some(1));
    assert_eq!(descriptor.resolution, Some((640, 360)));
    assert_eq!((structure.decode_targets(), structure.chains()), (1, 1));
    assert_eq!(
        (structure.protecting_chain(0), structure.protecting_chain(1)),
        (Some(0), None)
    );
    assert_eq!(structure.target_layer(0), (0, 0));
}

#[test]
fn a_key_frame_is_written_as_it_was_read() {
    let mut out = Vec::new();
    assert!(key_frame().0.write(None, &mut out));
    assert_eq!(out, KEY_FRAME, "all targets are active: no mask");
}

#[test]
fn template_ids_run_on_from_63_to_0() {
    let mut bytes = KEY_FRAME;
    (bytes[0], bytes[3], bytes[4]) = (0xc0 | 63, 0x87, 0xe0);
    let structure = DependencyDescriptor::parse(&bytes, None)
        .unwrap()
        .structure
        .unwrap();
    let next = DependencyDescriptor::parse(&[0x80, 0, 2], Some(&structure)).unwrap();
    assert_eq!(next.frame_diffs.as_slice(), [1]);
}

#[test]
fn the_frames_after_it_take_three_bytes() {
    let (_, structure) = key_frame();
    let descriptor = DependencyDescriptor::parse(&[0x81, 0x00, 0x02], Some(&structure)).unwrap();
    assert!(descriptor.start_of_frame && !descriptor.end_of_frame && !descriptor.starts_keyframe());
    assert_eq!(descriptor.frame_number, 2);
    assert_eq!(descriptor.frame_diffs.as_slice(), [1]);
    assert_eq!(descriptor.chain_diffs.get(0), 1);
    assert_eq!(descriptor.active_decode_targets, None);
}

/// Flags 00111; indication 11; frame diffs 01 0010, 10 00010000, 00; chain diff 00000101.
#[test]
fn a_frame_may_differ_from_its_template() {
    let (_, structure) = key_frame();
    let bytes = [0xc1, 0x00, 0x10, 0x3e, 0x94, 0x20, 0x02, 0x80];
    let descriptor = DependencyDescriptor::parse(&bytes, Some(&structure)).unwrap();
    assert_eq!(descriptor.indications.get(0), Indication::Required);
    assert_eq!(descriptor.frame_diffs.as_slice(), [3, 17]);
    assert_eq!(descriptor.chain_diffs.get(0), 5);
    let mut out = Vec::new();
    assert!(descriptor.write(Some(&structure), &mut out));
    assert_eq!(out, bytes);
}

#[test]
fn a_sender_tells_which_decode_targets_it_stopped() {
    let (_, structure) = key_frame();
    let descriptor = DependencyDescriptor::parse(&[0xc1, 0, 3, 0x40], Some(&structure)).unwrap();
    assert_eq!(descriptor.active_decode_targets, Some(0));
}

#[test]
fn without_its_structure_a_frame_cannot_be_read() {
    let (descriptor, structure) = key_frame();
    let missing = Err(Unreadable::StructureMissing);
    assert_eq!(DependencyDescriptor::parse(&[0x81, 0x00, 0x02], None), missing);
    assert_eq!(
        DependencyDescriptor::parse(&[0x82, 0x00, 0x02], Some(&structure)),
        missing,
        "template 2 of 2"
    );
    assert_eq!(
        DependencyDescriptor::parse(&[0x81, 0x00, 0x02, 0x40], None),
        missing,
        "a mask of unknown width"
    );
    let alone = DependencyDescriptor {
        structure: None,
        ..descriptor
    };
    let mut out = Vec::new();
    assert!(!alone.write(None, &mut out) && out.is_empty());
}

#[test]
fn a_descriptor_cut_short_is_malformed() {
    for len in (0..3).chain(4..KEY_FRAME.len() - 1) {
        let cut = DependencyDescriptor::parse(&KEY_FRAME[..len], None);
        assert_eq!(cut, Err(Unreadable::Malformed), "{len} bytes");
    }
}

/// Flags and counts as in [`KEY_FRAME`], these layers, and zeros for all the rest.
fn with_layers(layers: &[u8]) -> Result<DependencyDescriptor, Unreadable> {
    DependencyDescriptor::parse(&[&KEY_FRAME[..5], layers, &[0; 40]].concat(), None)
}

#[test]
fn a_structure_beyond_all_bounds_is_malformed() {
    let malformed = Err(Unreadable::Malformed);
    assert!(
        with_layers(&[0b0101_0101, 0b0101_0111]).is_ok(),
        "eight temporal layers"
    );
    assert_eq!(
        with_layers(&[0b0101_0101, 0b0101_0101, 0b1100_0000]),
        malformed,
        "nine"
    );
    assert!(
        with_layers(&[0b1010_1010, 0b1010_1011]).is_ok(),
        "eight spatial layers"
    );
    assert_eq!(
        with_layers(&[0b1010_1010, 0b1010_1010, 0b1100_0000]),
        malformed,
        "nine"
    );
    assert!(
        with_layers(&[&[0; 15][..], &[0b0000_0011]].concat()).is_ok(),
        "64 templates"
    );
    assert_eq!(
        with_layers(&[&[0; 16][..], &[0b1100_0000]].concat()),
        malformed,
        "65"
    );
}

proptest! {
    #[test]
    fn whatever_arrives_is_read_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..80), attached: bool, known in structure(),
    ) {
        let mut bytes = bytes;
        if let Some(flags) = bytes.get_mut(3).filter(|_| attached) {
            *flags |= 0x80;
        }
        let parsed = DependencyDescriptor::parse(&bytes, Some(&known));
        let alone = DependencyDescriptor::parse(&bytes, None);
        prop_assert!(alone.is_err() || alone == parsed);
    }

    #[test]
    fn what_is_written_is_read_again(
        ((structure, (indications, frame_diffs, chain_diffs)), attached) in structure()
            .prop_flat_map(|structure| { let custom = custom(&structure); (Just(structure), custom) })
            .prop_flat_map(|pair| (Just(pair), any::<bool>())),
        start_of_frame: bool, end_of_frame: bool, frame_number: u16, template_id in 0u8..64,
        own: [bool; 3], active in proptest::option::of(any::<u32>()),
    ) {
        let Some(&template) = structure.template(template_id) else { return Ok(()) };
        let all = structure.all_targets();
        let active = active.map(|active| active & all);
        let descriptor = DependencyDescriptor {
            start_of_frame, end_of_frame, template_id, frame_number,
            spatial: template.spatial,
            temporal: template.temporal,
            indications: if own[0] { indications } else { template.indications },
            frame_diffs: if own[1] { frame_diffs } else { template.frame_diffs },
            chain_diffs: if own[2] { chain_diffs } else { template.chain_diffs },
            active_decode_targets: if attached { active.or(Some(all)) } else { active },
            resolution: structure.resolution(template.spatial),
            structure: attached.then(|| Box::new(structure.clone())),
        };
        let mut out = Vec::new();
        prop_assert!(descriptor.write(Some(&structure), &mut out));
        let known = (!attached).then_some(&structure);
        prop_assert_eq!(DependencyDescriptor::parse(&out, known), Ok(descriptor));
    }
}
