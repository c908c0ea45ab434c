use proptest::prelude::*;

use super::*;

const FIXED: [u8; 12] = [0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef];

fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = FIXED.to_vec();
    packet[0] = first;
    packet.extend_from_slice(rest);
    packet
}

fn elements(packet: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let header = Header::parse(packet).unwrap();
    header
        .extensions(packet)
        .map(|(id, value)| (id, value.to_vec()))
        .collect()
}

#[test]
fn a_plain_header_is_read_field_by_field() {
    let packet = packet(0x80, b"hello");
    let header = Header::parse(&packet).unwrap();
    assert!(header.marker);
    assert_eq!(header.payload_type, Pt(96));
    assert_eq!(header.sequence, 0x1234);
    assert_eq!(header.timestamp, 0x0102_0304);
    assert_eq!(header.ssrc, Ssrc(0xdead_beef));
    assert_eq!(header.len, 12);
    assert_eq!(header.payload(&packet), Some(&b"hello"[..]));
    assert_eq!(header.extensions(&packet).count(), 0);
}

#[test]
fn other_versions_and_short_packets_are_no_rtp() {
    assert_eq!(Header::parse(&packet(0x40, &[])), None);
    for len in 0..12 {
        assert_eq!(Header::parse(&FIXED[..len]), None);
    }
    assert_eq!(Header::parse(&packet(0x81, &[0; 3])), None, "a CSRC cut short");
    assert_eq!(
        Header::parse(&packet(0x90, &[0xbe, 0xde, 0])),
        None,
        "a block header cut short"
    );
    assert_eq!(
        Header::parse(&packet(0x90, &[0xbe, 0xde, 0, 1, 0, 0, 0])),
        None,
        "a block cut short"
    );
}

#[test]
fn csrcs_are_skipped() {
    let packet = packet(0x82, b"aaaabbbbhi");
    assert_eq!(Header::parse(&packet).unwrap().payload(&packet), Some(&b"hi"[..]));
}

#[test]
fn padding_is_cut_off_and_must_fit() {
    let cases: [(&[u8], Option<&[u8]>); 5] = [
        (&[7, 7, 0, 0, 3], Some(&[7, 7])),
        (&[0, 0, 3], Some(&[])),
        (&[0, 4], None),
        (&[7, 0], None),
        (&[], None),
    ];
    for (body, expected) in cases {
        let packet = packet(0xa0, body);
        assert_eq!(
            Header::parse(&packet).unwrap().payload(&packet),
            expected,
            "{body:?}"
        );
    }
}

/// RFC 8285 §4.2, the example with three elements: one byte, padding in between, then 16 bits.
#[test]
fn one_byte_elements_with_padding_between() {
    let packet = packet(
        0x90,
        &[0xbe, 0xde, 0, 3, 0x10, 0xaa, 0x21, 1, 2, 0, 0, 0x33, 9, 8, 7, 6],
    );
    let expected = [(1, vec![0xaa]), (2, vec![1, 2]), (3, vec![9, 8, 7, 6])];
    assert_eq!(elements(&packet), expected);
}

/// RFC 8285 §4.3, the example: an empty element, one byte, a padding byte, then four bytes.
#[test]
fn two_byte_elements_with_an_empty_one() {
    let packet = packet(0x90, &[0x10, 0, 0, 3, 1, 0, 2, 1, 0xaa, 0, 3, 4, 9, 8, 7, 6]);
    assert_eq!(
        elements(&packet),
        [(1, vec![]), (2, vec![0xaa]), (3, vec![9, 8, 7, 6])]
    );
}

#[test]
fn reserved_ids_and_overlong_elements_end_the_block() {
    let good = vec![(1, vec![0xaa])];
    assert_eq!(
        elements(&packet(0x90, &[0xbe, 0xde, 0, 1, 0x10, 0xaa, 0xf0, 1])),
        good
    );
    // id 0 with two bytes: neither it nor what follows counts
    let zero = [0xbe, 0xde, 0, 2, 0x10, 0xaa, 0x01, 7, 7, 0x20, 9, 0];
    assert_eq!(elements(&packet(0x90, &zero)), good);
    assert_eq!(
        elements(&packet(0x90, &[0xbe, 0xde, 0, 1, 0x10, 0xaa, 0x22, 0x10])),
        good
    );
    assert_eq!(elements(&packet(0x90, &[0x10, 0x0f, 0, 1, 1, 1, 0xaa, 5])), good);
}

#[test]
fn an_unknown_profile_is_skipped_as_a_whole() {
    let packet = packet(0x90, &[0x12, 0x34, 0, 1, 0x10, 0xaa, 0, 0, b'x']);
    assert_eq!(elements(&packet), []);
    assert_eq!(Header::parse(&packet).unwrap().payload(&packet), Some(&b"x"[..]));
}

proptest! {
    #[test]
    fn whatever_arrives_is_read_without_panic(mut packet in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = packet.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        if let Some(header) = Header::parse(&packet) {
            prop_assert!(header.len <= packet.len());
            let _ = header.payload(&packet);
            let elements: usize = header.extensions(&packet).map(|(_, value)| value.len() + 1).sum();
            prop_assert!(elements <= packet.len());
            // Also beside a packet that the header does not describe.
            prop_assert_eq!(header.extensions(&[]).count(), 0);
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        marker: bool, pt in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32, padding: u8,
        payload in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let writer = HeaderWriter {
            marker, payload_type: Pt(pt), sequence, timestamp, ssrc: Ssrc(ssrc), padding,
        };
        let mut out = vec![0xff; 3];
        let len = writer.write(&Extensions::default(), &ExtensionMap::default(), &mut out);
        out.extend_from_slice(&payload);
        writer.append_padding(&mut out);
        let header = Header::parse(&out[3..]).unwrap();
        prop_assert_eq!((len, header.len), (12, 12));
        prop_assert_eq!(header.payload(&out[3..]), Some(&payload[..]));
        prop_assert_eq!((header.marker, header.payload_type), (marker, Pt(pt)));
        prop_assert_eq!((header.sequence, header.timestamp), (sequence, timestamp));
        prop_assert_eq!(header.ssrc, Ssrc(ssrc));
    }
}
