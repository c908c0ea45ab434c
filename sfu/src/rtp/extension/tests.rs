use proptest::prelude::*;

use super::*;
use crate::id::{Pt, Ssrc};
use crate::rtp::HeaderWriter;

fn map(ids: [u8; 9]) -> ExtensionMap {
    let extensions: Vec<_> = ids
        .into_iter()
        .zip(ExtensionKind::ALL)
        .map(|(id, kind)| Extension { id, kind })
        .collect();
    ExtensionMap::new(&extensions)
}

fn written(extensions: &Extensions<'_>, map: &ExtensionMap) -> Vec<u8> {
    let writer = HeaderWriter {
        marker: false,
        payload_type: Pt(96),
        sequence: 1,
        timestamp: 2,
        ssrc: Ssrc(3),
        padding: 0,
    };
    let mut out = Vec::new();
    let len = writer.write(extensions, map, &mut out);
    assert_eq!(len, out.len());
    out
}

fn read<'a>(packet: &'a [u8], map: &ExtensionMap) -> Extensions<'a> {
    let header = Header::parse(packet).unwrap();
    assert_eq!(header.len, packet.len());
    Extensions::parse(&header, packet, map)
}

#[test]
fn the_map_answers_both_ways() {
    let map = map([1, 2, 0, 4, 5, 6, 200, 8, 9]);
    assert_eq!(map.kind(1), Some(ExtensionKind::Mid));
    assert_eq!(map.kind(200), Some(ExtensionKind::DependencyDescriptor));
    assert_eq!(map.kind(3), None);
    assert_eq!(map.kind(0), None);
    assert_eq!(map.id(ExtensionKind::Rid), Some(2));
    assert_eq!(map.id(ExtensionKind::RepairedRid), None);
    for (at, kind) in ExtensionKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, at, "the array of ids is indexed by kind");
    }
}

#[test]
fn one_byte_elements_stand_as_rfc_8285_draws_them() {
    let map = map([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let extensions = Extensions {
        mid: Mid::new("0"),
        transport_sequence: Some(0x0102),
        audio_level: Some(AudioLevel {
            level: 30,
            voice: true,
        }),
        ..Extensions::default()
    };
    let packet = written(&extensions, &map);
    assert_eq!(packet[0], 0x90);
    assert_eq!(
        packet[12..],
        [0xbe, 0xde, 0, 2, 0x51, 1, 2, 0x60, 0x9e, 0x10, b'0', 0]
    );
}

#[test]
fn a_long_value_or_a_high_id_takes_the_two_byte_form() {
    let descriptor = [7; 17];
    let extensions = Extensions {
        transport_sequence: Some(0x0102),
        dependency_descriptor: Some(&descriptor),
        ..Extensions::default()
    };
    let packet = written(&extensions, &map([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(packet[12..22], [0x10, 0, 0, 6, 5, 2, 1, 2, 7, 17]);

    let high = map([1, 2, 3, 4, 15, 6, 7, 8, 9]);
    let short = Extensions {
        dependency_descriptor: None,
        ..extensions
    };
    assert_eq!(written(&short, &high)[12..], [0x10, 0, 0, 1, 15, 2, 1, 2]);
}

#[test]
fn what_the_receiver_did_not_negotiate_is_left_out() {
    let extensions = Extensions {
        mid: Mid::new("a"),
        rid: Rid::new("h"),
        ..Extensions::default()
    };
    assert_eq!(written(&extensions, &ExtensionMap::default()).len(), 12);
    let rid_only = map([0, 4, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read(&written(&extensions, &rid_only), &rid_only).mid, None);
    assert_eq!(
        read(&written(&extensions, &rid_only), &rid_only).rid,
        Rid::new("h")
    );
}

#[test]
fn a_descriptor_too_long_for_any_form_is_left_out() {
    let descriptor = [7; 256];
    let extensions = Extensions {
        dependency_descriptor: Some(&descriptor),
        ..Extensions::default()
    };
    assert_eq!(written(&extensions, &map([1, 2, 3, 4, 5, 6, 7, 8, 9])).len(), 12);
}

#[test]
fn an_empty_descriptor_is_none() {
    let map = map([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let extensions = Extensions {
        dependency_descriptor: Some(&[]),
        ..Extensions::default()
    };
    let packet = written(&extensions, &map);
    assert_eq!(packet[12..], [0x10, 0, 0, 1, 7, 0, 0, 0]);
    assert_eq!(read(&packet, &map), Extensions::default());
}

#[test]
fn malformed_elements_are_ignored_one_by_one() {
    let map = map([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let mut packet = written(&Extensions::default(), &map);
    packet[0] |= 0x10;
    // a mid that is no token, a send time of two bytes, a good transport-wide number, a level of two bytes
    packet.extend([
        0xbe, 0xde, 0, 3, 0x10, 0xff, 0x41, 1, 2, 0x51, 3, 4, 0x61, 5, 6, 0,
    ]);
    let expected = Extensions {
        transport_sequence: Some(0x0304),
        ..Extensions::default()
    };
    assert_eq!(read(&packet, &map), expected);
}

prop_compose! {
    fn tag()(text in "[a-zA-Z0-9]{1,16}") -> String { text }
}

proptest! {
    #[test]
    fn any_set_of_elements_survives_any_map(
        ids in Just((1u8..=255).collect::<Vec<_>>()).prop_shuffle(),
        low in any::<bool>(),
        mid in proptest::option::of(tag()),
        rid in proptest::option::of(tag()),
        abs in proptest::option::of(0u32..1 << 24),
        transport_sequence: Option<u16>,
        level in proptest::option::of((0u8..128, any::<bool>())),
        descriptor in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..=255)),
        playout_delay: Option<[u8; 3]>,
        video_orientation: Option<u8>,
    ) {
        let mut ids: Vec<u8> = ids.into_iter().filter(|id| !low || *id <= 14).collect();
        ids.truncate(9);
        let map = map(ids.try_into().unwrap());
        let extensions = Extensions {
            mid: mid.as_deref().and_then(Mid::new),
            rid: rid.as_deref().and_then(Rid::new),
            repaired_rid: mid.as_deref().and_then(Rid::new),
            abs_send_time: abs.map(AbsSendTime),
            transport_sequence,
            audio_level: level.map(|(level, voice)| AudioLevel { level, voice }),
            dependency_descriptor: descriptor.as_deref(),
            playout_delay,
            video_orientation,
        };
        let packet = written(&extensions, &map);
        prop_assert_eq!(read(&packet, &map), extensions);
    }
}
