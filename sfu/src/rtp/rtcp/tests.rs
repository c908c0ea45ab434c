use proptest::prelude::*;

use super::*;

fn only(packet: &[u8]) -> Rtcp<'_> {
    let mut packets = parse(packet);
    let first = packets.next().unwrap().unwrap();
    assert!(packets.next().is_none());
    first
}

fn lost(packet: &[u8]) -> Vec<u16> {
    match only(packet) {
        Rtcp::Nack { items, .. } => items.collect(),
        other => panic!("{other:?}"),
    }
}

const BLOCK: ReportBlock = ReportBlock {
    ssrc: Ssrc(0x0102_0304),
    fraction_lost: 64,
    cumulative_lost: -3,
    highest_sequence: 0x0001_0005,
    jitter: 17,
    last_sender_report: 0xb705_2000,
    delay_since: 0x0005_4000,
};

/// RFC 3550 §6.4.2, drawn by hand.
#[test]
fn a_receiver_report_stands_as_the_rfc_draws_it() {
    let mut out = Vec::new();
    receiver_report(&mut out, Ssrc(1), &[BLOCK]);
    let expected = [
        0x81, 201, 0, 7, 0, 0, 0, 1, 1, 2, 3, 4, 64, 0xff, 0xff, 0xfd, 0, 1, 0, 5, 0, 0, 0, 17, 0xb7, 0x05,
        0x20, 0, 0, 5, 0x40, 0,
    ];
    assert_eq!(out, expected);
    let Rtcp::ReceiverReport { ssrc, reports } = only(&out) else {
        panic!()
    };
    assert_eq!(ssrc, Ssrc(1));
    assert_eq!(reports.collect::<Vec<_>>(), [BLOCK]);
}

#[test]
fn a_sender_report_goes_with_a_name() {
    let info = SenderInfo {
        ntp: NtpTime(0xb44d_b705_2000_0000),
        rtp: 5,
        packets: 6,
        octets: 7,
    };
    let mut out = Vec::new();
    sender_report(&mut out, Ssrc(9), info, &[BLOCK, BLOCK], "ab");
    assert_eq!(
        out[52 + 24..],
        [0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'a', b'b', 0, 0, 0, 0]
    );
    let packets: Vec<_> = parse(&out).map(Result::unwrap).collect();
    let [
        Rtcp::SenderReport {
            ssrc,
            info: read,
            reports,
        },
        Rtcp::SourceDescription,
    ] = &packets[..]
    else {
        panic!("{packets:?}")
    };
    assert_eq!((*ssrc, *read, reports.clone().count()), (Ssrc(9), info, 2));
}

#[test]
fn a_nack_packs_what_is_near_into_one_item() {
    let mut out = Vec::new();
    nack(&mut out, Ssrc(1), Ssrc(2), [100, 101, 116, 117]);
    assert_eq!(
        out,
        [
            0x81, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 100, 0x80, 0x01, 0, 117, 0, 0
        ]
    );
    assert_eq!(lost(&out), [100, 101, 116, 117]);
}

#[test]
fn a_nack_of_nothing_is_no_packet() {
    let mut out = Vec::new();
    nack(&mut out, Ssrc(1), Ssrc(2), []);
    assert!(out.is_empty());
    // … and one that arrives without an item is malformed.
    assert!(matches!(
        parse(&[0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]).next(),
        Some(Err(Malformed))
    ));
}

#[test]
fn a_nack_stays_below_a_packet_whatever_is_lost() {
    let mut out = Vec::new();
    nack(&mut out, Ssrc(1), Ssrc(2), (0..u16::MAX).step_by(20));
    assert!(out.len() < 1200);
    assert_eq!(lost(&out).len(), 256);
}

#[test]
fn requests_for_key_frames_stand_as_their_rfcs_draw_them() {
    let mut out = Vec::new();
    pli(&mut out, Ssrc(1), Ssrc(2));
    assert_eq!(out, [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert!(matches!(
        only(&out),
        Rtcp::Pli {
            sender: Ssrc(1),
            media: Ssrc(2)
        }
    ));

    out.clear();
    fir(&mut out, Ssrc(1), Ssrc(2), 7);
    assert_eq!(
        out,
        [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 7, 0, 0, 0]
    );
    let Rtcp::Fir {
        sender: Ssrc(1),
        entries,
    } = only(&out)
    else {
        panic!()
    };
    assert_eq!(entries.collect::<Vec<_>>(), [(Ssrc(2), 7)]);
}

#[test]
fn a_goodbye_names_its_sources() {
    let mut out = Vec::new();
    goodbye(&mut out, &[Ssrc(1), Ssrc(2)]);
    assert_eq!(out, [0x82, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    // RFC 3550 §6.6: a reason for leaving may follow.
    out[3] = 3;
    out.extend([3, b'b', b'y', b'e']);
    let Rtcp::Goodbye { ssrcs } = only(&out) else {
        panic!()
    };
    assert_eq!(ssrcs.collect::<Vec<_>>(), [Ssrc(1), Ssrc(2)]);
}

#[test]
fn lists_end_at_what_the_count_can_say() {
    let mut out = Vec::new();
    goodbye(&mut out, &[Ssrc(1); 40]);
    receiver_report(&mut out, Ssrc(1), &[BLOCK; 40]);
    source_description(&mut out, Ssrc(1), &"x".repeat(300));
    let packets: Vec<_> = parse(&out).map(Result::unwrap).collect();
    let [
        Rtcp::Goodbye { ssrcs },
        Rtcp::ReceiverReport { reports, .. },
        Rtcp::SourceDescription,
    ] = &packets[..]
    else {
        panic!("{packets:?}")
    };
    assert_eq!((ssrcs.clone().count(), reports.clone().count()), (31, 31));
}

#[test]
fn what_we_do_not_know_is_passed_over() {
    // An application packet, a REMB, an extended report.
    let packet = [
        0x80, 204, 0, 2, 0, 0, 0, 1, b'n', b'a', b'm', b'e', //
        0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', //
        0x80, 207, 0, 1, 0, 0, 0, 1,
    ];
    let types: Vec<_> = parse(&packet)
        .map(|packet| match packet {
            Ok(Rtcp::Other { packet_type }) => packet_type,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(types, [204, 206, 207]);
}

#[test]
fn padding_of_the_last_packet_is_taken_off() {
    let padded = [0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0, 0, 0, 0, 4];
    assert_eq!(lost(&padded), [9]);
    for bad in [0, 3, 20] {
        let mut padded = padded;
        padded[19] = bad;
        assert!(matches!(parse(&padded).next(), Some(Err(Malformed))), "{bad}");
    }
    let indication = [0xa1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    assert!(
        matches!(parse(&indication).next(), Some(Err(Malformed))),
        "no whole words"
    );
}

#[test]
fn nothing_follows_what_is_malformed() {
    let good = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    let bad: [&[u8]; 6] = [
        &[0x41, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2], // version 1
        &[0x81, 206, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2], // longer than the packet
        &[0x81, 206, 0, 1, 0, 0, 0, 1],             // feedback without a media source
        &[0x81, 201, 0, 1, 0, 0, 0, 1],             // a report block promised
        &[0x81, 203, 0, 0],                         // a source promised
        &[0x81, 206],
    ];
    for bad in bad {
        let packet = [&good, bad, &good].concat();
        let packets: Vec<_> = parse(&packet).collect();
        let [Ok(Rtcp::Pli { .. }), rest @ ..] = &packets[..] else {
            panic!("{packets:?}")
        };
        assert!(rest.iter().any(Result::is_err), "{bad:?}");
        assert!(rest.len() <= 2);
    }
}

/// Looks at every item of every packet, as a reader would.
fn read_everything(packet: &[u8]) -> usize {
    parse(packet)
        .map(|packet| match packet {
            Ok(Rtcp::SenderReport { reports, .. } | Rtcp::ReceiverReport { reports, .. }) => reports.count(),
            Ok(Rtcp::Goodbye { ssrcs }) => ssrcs.count(),
            Ok(Rtcp::Nack { items, .. }) => items.count(),
            Ok(Rtcp::Fir { entries, .. }) => entries.count(),
            Ok(Rtcp::TransportCc(feedback)) => feedback.received().count(),
            Ok(Rtcp::SourceDescription | Rtcp::Pli { .. } | Rtcp::Other { .. }) | Err(Malformed) => 1,
        })
        .sum()
}

proptest! {
    #[test]
    fn whatever_arrives_is_read_without_panic_and_in_bounded_steps(
        packets in proptest::collection::vec(
            (0u8..64, 199u8..208, proptest::collection::vec(any::<u8>(), 0..80), -1i8..2), 1..4),
    ) {
        let mut compound = Vec::new();
        for (count, packet_type, mut body, wrong) in packets {
            body.resize(body.len() & !3, 0);
            let words = (body.len() / 4) as u16;
            compound.extend([0x80 | count, packet_type]);
            compound.extend(words.saturating_add_signed(i16::from(wrong)).to_be_bytes());
            compound.extend(body);
        }
        // A NACK names 17 packets in four bytes, and a status chunk 14 in two with as many deltas.
        prop_assert!(read_everything(&compound) <= compound.len() * 7);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_panic(packet: Vec<u8>) {
        read_everything(&packet);
    }

    #[test]
    fn any_numbers_are_asked_for_once_each(first: u16, gaps in proptest::collection::vec(1u16..40, 0..100)) {
        let mut numbers = vec![first];
        for gap in gaps {
            numbers.push(numbers.last().unwrap().wrapping_add(gap));
        }
        let mut out = Vec::new();
        nack(&mut out, Ssrc(1), Ssrc(2), numbers.iter().copied());
        prop_assert_eq!(lost(&out), numbers);
    }

    #[test]
    fn reports_survive(
        words: [u32; 5], fraction_lost: u8, cumulative_lost in -0x80_0000..=0x7f_ffff,
        count in 0usize..=31, ntp: u64,
    ) {
        let [ssrc, highest_sequence, jitter, last_sender_report, delay_since] = words;
        let block = ReportBlock {
            ssrc: Ssrc(ssrc), fraction_lost, cumulative_lost, highest_sequence, jitter,
            last_sender_report, delay_since,
        };
        let info = SenderInfo { ntp: NtpTime(ntp), rtp: ssrc, packets: jitter, octets: delay_since };
        let mut out = Vec::new();
        sender_report(&mut out, Ssrc(ssrc), info, &vec![block; count], "name");
        let Some(Ok(Rtcp::SenderReport { info: read, reports, .. })) = parse(&out).next() else { panic!() };
        prop_assert_eq!(read, info);
        prop_assert_eq!(reports.collect::<Vec<_>>(), vec![block; count]);
    }
}
