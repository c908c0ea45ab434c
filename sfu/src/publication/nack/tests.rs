use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn numbers(schedule: &mut NackSchedule, now: Instant) -> Vec<u64> {
    schedule
        .poll_nack(now)
        .iter()
        .map(|sequence| sequence.0)
        .collect()
}

#[test]
fn a_gap_is_asked_for_after_a_short_grace_and_again_after_a_round_trip() {
    let start = Instant::now();
    let mut schedule = NackSchedule::new(MediaKind::Video);
    schedule.set_rtt(50 * MS);
    schedule.handle_packet(start, SeqNo(100));
    schedule.handle_packet(start, SeqNo(103));
    assert_eq!(schedule.poll_timeout(), Some(start + REORDERING_GRACE));
    assert!(numbers(&mut schedule, start + 7 * MS).is_empty());
    assert_eq!(numbers(&mut schedule, start + 8 * MS), [101, 102]);
    assert!(numbers(&mut schedule, start + 57 * MS).is_empty());
    schedule.handle_packet(start + 57 * MS, SeqNo(101));
    assert_eq!(numbers(&mut schedule, start + 58 * MS), [102]);
}

#[test]
fn the_round_trip_is_learnt_from_the_answers() {
    let start = Instant::now();
    let mut schedule = NackSchedule::new(MediaKind::Video);
    schedule.handle_packet(start, SeqNo(0));
    schedule.handle_packet(start, SeqNo(4));
    assert_eq!(numbers(&mut schedule, start + 8 * MS), [1, 2, 3]);
    schedule.handle_packet(start + 38 * MS, SeqNo(1));
    // The other two were asked for before that was known.
    assert_eq!(numbers(&mut schedule, start + 108 * MS), [2, 3]);
    schedule.handle_packet(start + 112 * MS, SeqNo(2));
    assert_eq!(
        schedule.rtt.get(),
        30 * MS,
        "what was asked for twice teaches nothing"
    );
    assert_eq!(numbers(&mut schedule, start + 137 * MS), [0; 0]);
    assert_eq!(numbers(&mut schedule, start + 138 * MS), [3]);
}

#[test]
fn neighbours_that_swapped_are_not_asked_for() {
    let start = Instant::now();
    let mut schedule = NackSchedule::new(MediaKind::Audio);
    for sequence in [10, 12, 11, 13] {
        schedule.handle_packet(start, SeqNo(sequence));
    }
    assert!(schedule.is_empty());
    assert_eq!(schedule.poll_timeout(), None);
}

#[test]
fn an_outage_is_not_asked_for_packet_by_packet() {
    let start = Instant::now();
    let mut schedule = NackSchedule::new(MediaKind::Video);
    schedule.handle_packet(start, SeqNo(0));
    schedule.handle_packet(start, SeqNo(10));
    schedule.handle_packet(start, SeqNo(10 + MAX_MISSING as u64 + 1));
    assert!(schedule.is_empty());
}

#[test]
fn many_losses_are_asked_for_in_several_packets_at_once() {
    let start = Instant::now();
    let mut schedule = NackSchedule::new(MediaKind::Video);
    schedule.handle_packet(start, SeqNo(0));
    schedule.handle_packet(start, SeqNo(151));
    let now = start + REORDERING_GRACE;
    let mut asked = Vec::new();
    while schedule.poll_timeout().is_some_and(|at| at <= now) {
        asked.extend(numbers(&mut schedule, now));
    }
    assert_eq!(asked, (1..151).collect::<Vec<_>>());
}

#[test]
fn a_packet_that_never_comes_is_given_up() {
    for (kind, is_tapped, patience) in [
        (MediaKind::Video, false, GIVE_UP_VIDEO),
        (MediaKind::Audio, false, GIVE_UP_AUDIO),
        (MediaKind::Audio, true, GIVE_UP_TAPPED),
    ] {
        let start = Instant::now();
        let mut schedule = NackSchedule::new(kind);
        schedule.set_tapped(is_tapped);
        schedule.set_rtt(Duration::from_millis(150));
        schedule.handle_packet(start, SeqNo(0));
        schedule.handle_packet(start, SeqNo(2));
        let mut last = start;
        while let Some(now) = schedule.poll_timeout() {
            if !schedule.poll_nack(now).is_empty() {
                last = now;
            }
        }
        assert!(schedule.is_empty());
        assert!(last < start + patience);
        assert!(
            last >= start + patience / 2,
            "it is asked for as long as that: {:?}",
            last - start
        );
    }
}

proptest! {
    /// Random loss, reordering and pauses: bounded, each number at most ten times, never twice within the
    /// pace, never one that is here, and ascending.
    #[test]
    fn asking_is_bounded(steps in prop::collection::vec((0u64..60, 0i64..700, 0u8..10), 1..300)) {
        let start = Instant::now();
        let mut now = start;
        let mut schedule = NackSchedule::new(MediaKind::Video);
        schedule.set_rtt(30 * MS);
        let mut sequence = 1_000u64;
        let mut here = std::collections::HashSet::new();
        let mut asked: HashMap<u64, Vec<Instant>> = HashMap::new();
        for (pause, step, kind) in steps {
            now += Duration::from_millis(pause);
            let step = match kind { 0 => step, 1..=2 => step % 20, _ => 1 };
            let this = if kind == 3 { sequence.saturating_sub(step as u64 + 5) } else { sequence += step as u64; sequence };
            here.insert(this);
            schedule.handle_packet(now, SeqNo(this));
            prop_assert!(schedule.len() <= MAX_MISSING);
            let due = numbers(&mut schedule, now);
            prop_assert!(due.is_sorted() && due.len() <= MAX_PER_POLL);
            for number in due {
                prop_assert!(!here.contains(&number));
                let times = asked.entry(number).or_default();
                prop_assert!(times.last().is_none_or(|&last| now - last >= 30 * MS));
                times.push(now);
                prop_assert!(times.len() <= usize::from(MAX_TRIES));
                prop_assert!(now - times[0] < GIVE_UP_VIDEO);
            }
        }
    }
}
