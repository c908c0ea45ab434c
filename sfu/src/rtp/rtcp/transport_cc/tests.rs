use proptest::prelude::*;

use super::*;
use crate::rtp::rtcp::{Rtcp, parse};

fn read(packet: &[u8]) -> Option<TransportFeedback<'_>> {
    match parse(packet).next()? {
        Ok(Rtcp::TransportCc(feedback)) => Some(feedback),
        _ => None,
    }
}

fn arrivals(pairs: &[(u64, i64)]) -> Vec<Arrival> {
    pairs
        .iter()
        .map(|&(sequence, ticks)| Arrival { sequence, ticks })
        .collect()
}

fn written(pairs: &[(u64, i64)]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(
        transport_cc(&mut out, Ssrc(1), Ssrc(2), 3, &arrivals(pairs)),
        pairs.len()
    );
    out
}

/// The body after the two SSRCs.
fn body(pairs: &[(u64, i64)]) -> Vec<u8> {
    let out = written(pairs);
    assert_eq!(out[..2], [0x8f, 205]);
    assert_eq!(out[4..12], [0, 0, 0, 1, 0, 0, 0, 2]);
    out[12..].to_vec()
}

#[test]
fn packets_in_step_are_one_run() {
    let pairs = [(0x1_0005, 256), (0x1_0006, 260), (0x1_0007, 264)];
    // base 5, three packets, reference time 1 × 64 ms, third message, a run of three small deltas
    assert_eq!(body(&pairs), [0, 5, 0, 3, 0, 0, 1, 3, 0x20, 3, 0, 4, 4, 0, 0, 0]);
}

/// The draft's §3.1.4 draws both kinds of vector; here is what each looks like for a loss.
#[test]
fn a_loss_makes_a_vector() {
    assert_eq!(body(&[(5, 0), (7, 4)])[8..], [0b1010_1000, 0, 0, 4]);
    // A delta above 63.75 ms needs the two-bit symbols: small, lost, large.
    assert_eq!(body(&[(5, 0), (7, 256)])[8..], [0b1101_0010, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_long_loss_is_one_run_too() {
    let body = body(&[(0, 0), (8000, 4)]);
    // one received and thirteen lost in a vector of one bit each, 7986 lost in a run, one received
    assert_eq!(body[8..16], [0b1010_0000, 0, 0x1f, 0x32, 0x20, 1, 0, 4]);
}

#[test]
fn a_packet_that_came_after_its_successor_has_a_negative_delta() {
    let body = body(&[(5, 40), (6, 10)]);
    assert_eq!(body[8..], [0b1101_1000, 0, 40, 0xff, 0xe2, 0, 0, 0]);
}

#[test]
fn a_message_ends_before_what_it_cannot_say() {
    let mut out = Vec::new();
    let mut told = |pairs: &[(u64, i64)]| transport_cc(&mut out, Ssrc(1), Ssrc(2), 0, &arrivals(pairs));
    assert_eq!(told(&[]), 0);
    assert_eq!(
        told(&[(1, 0), (2, 32_767), (3, 65_535)]),
        2,
        "a delta of 32,768 ticks"
    );
    assert_eq!(told(&[(1, 0), (8191, 1)]), 2);
    assert_eq!(told(&[(1, 0), (8192, 1)]), 1, "a span of 8192 numbers");
    assert_eq!(told(&[(1, 0), (1, 1)]), 1, "a number twice");
    let many: Vec<_> = (0..300).map(|n| (n * 30, n as i64 * 300)).collect();
    assert_eq!(told(&many), MAX_ARRIVALS);
    assert!(out.len() < 1200);
}

#[test]
fn a_message_that_says_less_than_it_promises_is_malformed() {
    let good = written(&[(5, 0), (7, 256), (8, 300)]);
    assert!(read(&good).is_some());
    let cut = |words: u8| {
        let mut cut = good[..usize::from(words + 1) * 4].to_vec();
        cut[3] = words;
        read(&cut).is_none()
    };
    assert!(
        cut(2) && cut(3) && cut(4) && cut(5),
        "no base, no time, no chunk, no delta"
    );
    let mut reserved = good.clone();
    reserved[20] = 0b1111_0000;
    assert!(read(&reserved).is_none(), "a reserved symbol");
    let mut more = good;
    more[15] = 200;
    assert!(read(&more).is_none(), "chunks for fewer packets than promised");
}

#[test]
fn sixty_thousand_lost_packets_cost_no_more_than_their_bytes() {
    // Eight runs of 8191 lost packets: nothing received, whatever the count says.
    let mut packet = vec![
        0x8f, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xf8, 0, 0, 0, 0,
    ];
    packet.extend([0x1f, 0xff].repeat(8));
    let feedback = read(&packet).unwrap();
    assert_eq!(feedback.status_count, 65_528);
    assert_eq!(feedback.received().count(), 0);
}

#[test]
fn a_negative_reference_time_keeps_its_sign() {
    let packet = written(&[(5, -300), (6, -299)]);
    let received: Vec<_> = read(&packet).unwrap().received().collect();
    assert_eq!(received, [(5, -300), (6, -299)]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        first in 0u64..200_000,
        start in 0i64..100_000_000,
        steps in proptest::collection::vec(
            (prop_oneof![8 => Just(1u64), 2 => 2u64..12, 1 => 12u64..400],
             prop_oneof![6 => 0i64..100, 1 => 200i64..300, 1 => -300i64..0, 1 => -32_768i64..32_768]),
            0..200),
    ) {
        let mut expected = vec![(first, start)];
        for (gap, delta) in steps {
            let (sequence, ticks) = *expected.last().unwrap();
            expected.push((sequence + gap, ticks + delta));
        }
        let mut out = Vec::new();
        let told = transport_cc(&mut out, Ssrc(1), Ssrc(2), 9, &arrivals(&expected));
        expected.truncate(told);
        prop_assert!(told > 0 && out.len() < 1200);
        let feedback = read(&out).unwrap();
        prop_assert_eq!(feedback.feedback_count, 9);
        let span = expected[told - 1].0 - first + 1;
        prop_assert_eq!(u64::from(feedback.status_count), span);
        let wire: Vec<_> = expected.iter().map(|&(sequence, ticks)| (sequence as u16, ticks)).collect();
        prop_assert_eq!(feedback.received().collect::<Vec<_>>(), wire);
    }
}
