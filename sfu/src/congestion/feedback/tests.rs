use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::rtp::rtcp::{Rtcp, parse};

struct Run {
    log: ArrivalLog,
    start: Instant,
    millis: u64,
}

/// What one message told: its first number, how many it covers, and those received with their milliseconds.
#[derive(Debug, PartialEq)]
struct Told {
    base: u16,
    covers: u16,
    received: Vec<(u16, i64)>,
}

impl Run {
    fn new() -> Self {
        Self {
            log: ArrivalLog::default(),
            start: Instant::now(),
            millis: 0,
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.millis)
    }

    fn at(&mut self, millis: u64, sequence: u16) -> &mut Self {
        self.millis = millis;
        self.log.handle_arrival(self.now(), sequence);
        self
    }

    /// All messages that are due now.
    fn told(&mut self) -> Vec<Told> {
        let now = self.now();
        std::iter::from_fn(|| {
            let mut out = Vec::new();
            self.log
                .poll_feedback(now, &mut out, Ssrc(1), Ssrc(2))
                .then_some(out)
        })
        .map(|message| read(&message))
        .collect()
    }

    fn told_at_timeout(&mut self) -> Vec<Told> {
        let due = self.log.poll_timeout().expect("something to tell");
        self.millis = (due - self.start).as_millis() as u64;
        self.told()
    }
}

fn read(message: &[u8]) -> Told {
    assert!(message.len() < 1200);
    let mut packets = parse(message);
    let Some(Ok(Rtcp::TransportCc(feedback))) = packets.next() else {
        panic!()
    };
    assert!(packets.next().is_none());
    assert_eq!((feedback.sender, feedback.media), (Ssrc(1), Ssrc(2)));
    Told {
        base: feedback.base_sequence,
        covers: feedback.status_count,
        received: feedback
            .received()
            .map(|(sequence, ticks)| (sequence, ticks / 4))
            .collect(),
    }
}

fn told(base: u16, covers: u16, received: &[(u16, i64)]) -> Told {
    Told {
        base,
        covers,
        received: received.to_vec(),
    }
}

#[test]
fn nothing_arrived_so_nothing_is_told() {
    let mut run = Run::new();
    assert_eq!((run.log.poll_timeout(), run.told()), (None, vec![]));
}

#[test]
fn arrivals_are_told_a_tenth_of_a_second_after_the_first() {
    let mut run = Run::new();
    run.at(0, 65_534).at(20, 65_535).at(40, 1).at(99, 2);
    assert_eq!(run.told(), []);
    assert_eq!(
        run.log.poll_timeout(),
        Some(run.start + Duration::from_millis(100))
    );
    assert_eq!(
        run.told_at_timeout(),
        [told(65_534, 5, &[(65_534, 0), (65_535, 20), (1, 40), (2, 99)])]
    );
    assert_eq!((run.log.poll_timeout(), run.told()), (None, vec![]));
    run.at(150, 3);
    assert_eq!(
        run.log.poll_timeout(),
        Some(run.start + Duration::from_millis(250))
    );
    assert_eq!(run.told_at_timeout(), [told(3, 1, &[(3, 150)])]);
}

#[test]
fn a_burst_is_told_at_once() {
    let mut run = Run::new();
    for sequence in 0..63 {
        run.at(1, sequence);
    }
    assert_eq!(run.told(), []);
    let messages = run.at(2, 63).told();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].received.len(), 64);
}

#[test]
fn only_what_was_not_told_counts_towards_a_burst() {
    let mut run = Run::new();
    for sequence in 0..40 {
        run.at(1, sequence);
    }
    assert_eq!(run.told_at_timeout().len(), 1);
    for sequence in 40..80 {
        run.at(150, sequence);
    }
    assert_eq!(run.told(), []);
}

#[test]
fn a_late_packet_is_told_alone_when_nothing_else_is_new() {
    let mut run = Run::new();
    run.at(0, 10).at(1, 12).told_at_timeout();
    run.at(150, 11);
    assert_eq!(run.told_at_timeout(), [told(11, 1, &[(11, 150)])]);
}

#[test]
fn what_lies_between_a_late_and_a_new_packet_is_not_made_to_look_lost() {
    let mut run = Run::new();
    run.at(0, 10).at(1, 12).told_at_timeout();
    run.at(150, 11).at(151, 13);
    assert_eq!(
        run.told_at_timeout(),
        [told(11, 3, &[(11, 150), (12, 1), (13, 151)])]
    );
}

#[test]
fn a_duplicate_keeps_the_first_time_and_is_not_told_again() {
    let mut run = Run::new();
    run.at(0, 10).at(5, 10);
    assert_eq!(run.told_at_timeout(), [told(10, 1, &[(10, 0)])]);
    run.at(200, 10);
    assert_eq!(run.log.poll_timeout(), None);
}

#[test]
fn a_pause_longer_than_a_delta_can_say_starts_a_new_message() {
    let mut run = Run::new();
    run.at(0, 10).at(9000, 11);
    assert_eq!(run.told(), [told(10, 1, &[(10, 0)]), told(11, 1, &[(11, 9000)])]);
}

#[test]
fn a_stray_far_off_is_ignored() {
    let mut run = Run::new();
    run.at(0, 10).at(1, 30_000).at(2, 11).at(3, 30_001).at(4, 12);
    assert_eq!(run.told_at_timeout(), [told(10, 3, &[(10, 0), (11, 2), (12, 4)])]);
}

#[test]
fn a_sender_that_begins_anew_is_followed_from_its_second_packet() {
    let mut run = Run::new();
    run.at(0, 40_000).at(1, 40_001).told_at_timeout();
    run.at(200, 5).at(201, 6).at(202, 7);
    assert_eq!(run.told_at_timeout(), [told(6, 2, &[(6, 201), (7, 202)])]);
}

#[test]
fn a_packet_behind_the_log_is_ignored() {
    let mut run = Run::new();
    run.at(0, 5000).told_at_timeout();
    run.at(150, 5000 - 2048);
    assert_eq!(run.log.poll_timeout(), None);
    run.at(151, 5000 - 2047);
    assert_eq!(run.told_at_timeout(), [told(2953, 1, &[(2953, 151)])]);
}

#[test]
fn what_nobody_asked_for_in_time_is_forgotten_not_kept() {
    let mut run = Run::new();
    for sequence in 0..10_000 {
        run.at(u64::from(sequence), sequence);
    }
    let messages = run.told();
    let received: Vec<_> = messages.iter().flat_map(|message| &message.received).collect();
    assert_eq!((received[0].0, received.len()), (10_000 - 2048, 2048));
    assert_eq!(messages.len(), 2048 / MAX_ARRIVALS);
}

proptest! {
    #[test]
    fn every_arrival_is_told_with_its_time_and_no_other(
        first: u16,
        packets in proptest::collection::vec((0u64..30, 0u8..10, 0u16..20), 1..300),
        poll_every in 1usize..40,
    ) {
        let mut run = Run::new();
        let mut expected = BTreeMap::new();
        let mut reported = BTreeMap::new();
        let mut newest = first;
        for (at, (pause, kind, amount)) in packets.into_iter().enumerate() {
            // Mostly the next packet; sometimes a gap, sometimes a late one or a duplicate.
            let sequence = match kind {
                0 => newest.wrapping_add(amount),
                1 | 2 => newest.wrapping_sub(amount),
                _ => newest.wrapping_add(1),
            };
            if sequence.wrapping_sub(newest) < 0x8000 {
                newest = sequence;
            }
            let millis = run.millis + pause;
            run.at(millis, sequence);
            let origin = *expected.entry(u16::MAX as u32 + 1).or_insert(run.millis as i64);
            expected.entry(u32::from(sequence)).or_insert(run.millis as i64 - origin);
            if at % poll_every == 0 {
                check(&mut reported, run.told())?;
            }
        }
        expected.remove(&(u16::MAX as u32 + 1));
        if run.log.poll_timeout().is_some() {
            let due = run.told_at_timeout();
            check(&mut reported, due)?;
        }
        prop_assert_eq!(reported, expected);
        prop_assert_eq!(run.log.poll_timeout(), None);
    }
}

/// Collects what was told; told twice, it has to be the same.
fn check(reported: &mut BTreeMap<u32, i64>, messages: Vec<Told>) -> Result<(), TestCaseError> {
    for message in messages {
        let end = message.base.wrapping_add(message.covers).wrapping_sub(1);
        prop_assert_eq!(message.received.first().map(|first| first.0), Some(message.base));
        prop_assert_eq!(message.received.last().map(|last| last.0), Some(end));
        for offset in 0..message.covers {
            let sequence = message.base.wrapping_add(offset);
            let told = message.received.iter().find(|received| received.0 == sequence);
            let known = reported.get(&u32::from(sequence)).copied();
            prop_assert!(
                known.is_none() || told.map(|told| told.1) == known,
                "{} looks lost",
                sequence
            );
        }
        reported.extend(
            message
                .received
                .into_iter()
                .map(|(sequence, millis)| (u32::from(sequence), millis)),
        );
    }
    Ok(())
}
