//! One unbroken stream, whatever the source does.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::rtp::time::{NtpTime, ticks_between};
use crate::subscription::forwarder::MAX_SEGMENTS;

#[test]
fn a_hole_of_the_source_stays_a_hole_and_fits_what_comes_late() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    for sequence in [10, 11, 14, 13, 15, 12] {
        let arrival = arrival(now, sequence, 0, Codec::Opus, b"x");
        forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    }
    let indices: Vec<_> = egress.sent.iter().map(|sent| sent.index - 1000).collect();
    assert_eq!(indices, [0, 1, 4, 3, 5, 2]);
    let again = arrival(now, 12, 0, Codec::Opus, b"x");
    assert_eq!(
        forward(&mut subscription, now, &again, &mut egress),
        Err(Drop::Duplicate)
    );
    let before = arrival(now, 9, 0, Codec::Opus, b"x");
    assert_eq!(
        forward(&mut subscription, now, &before, &mut egress),
        Err(Drop::Late)
    );
}

#[test]
fn padding_closes_up_unless_its_number_is_promised() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    let mut send = |sequence, payload: &[u8]| {
        let arrival = arrival(now, sequence, 0, Codec::Opus, payload);
        forward(&mut subscription, now, &arrival, &mut egress)
    };
    assert_eq!(send(10, b"x"), Ok(()));
    assert_eq!(send(11, b""), Err(Drop::Padding));
    assert_eq!(send(12, b"x"), Ok(()));
    assert_eq!(send(14, b"x"), Ok(()));
    assert_eq!(send(13, b""), Ok(()), "late padding fills the hole");
    assert_eq!(send(11, b""), Err(Drop::Late));
    let indices: Vec<_> = egress.sent.iter().map(|sent| sent.index - 1000).collect();
    assert_eq!(indices, [0, 1, 3, 2]);
}

#[test]
fn after_mute_numbers_go_on_and_time_has_passed() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    let first = arrival(start, 10, 960, Codec::Opus, b"x");
    forward(&mut subscription, start, &first, &mut egress).unwrap();
    subscription.mute(true);
    subscription.mute(false);
    let later = start + Duration::from_secs(3);
    let second = arrival(later, 160, 960 * 151, Codec::Opus, b"x");
    forward(&mut subscription, later, &second, &mut egress).unwrap();
    assert_eq!(egress.last().index, 1001);
    assert_eq!(egress.last().header().timestamp, FIRST_TIMESTAMP + 3 * 48_000);
}

#[test]
fn an_outage_of_the_source_is_not_kept_as_a_hole() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let key = keyframe(arrival(now, 10, 0, H264, b"x"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    let inter = arrival(now, 524, 0, H264, b"x");
    let awaiting = Err(Drop::AwaitingKeyframe);
    assert_eq!(forward(&mut subscription, now, &inter, &mut egress), awaiting);
    let key = keyframe(arrival(now, 525, 0, H264, b"x"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    assert_eq!(egress.last().index, 1001);
}

#[test]
fn encodings_of_one_track_keep_their_common_time() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let (mut low, mut high) = (clock(H264), clock(H264));
    low.handle_sender_report(NtpTime(100 << 32), 1000);
    high.handle_sender_report(NtpTime(100 << 32), 700_000);
    // Captured 100 ms after the report, on its way for 30 ms.
    let first = keyframe(arrival(start, 10, 10_000, H264, b"x"));
    subscription.forward(start, &first, &low, &mut egress).unwrap();
    // Captured 100 ms later, on its way for 80 ms.
    let now = start + 150 * MS;
    let second = of(TRACK, 1, keyframe(arrival(now, 900, 718_000, H264, b"x")));
    subscription.forward(now, &second, &high, &mut egress).unwrap();
    assert_eq!(egress.last().header().timestamp, FIRST_TIMESTAMP + 9000);
}

#[test]
fn a_clock_that_contradicts_the_arrivals_is_not_believed() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let (mut low, mut high) = (clock(H264), clock(H264));
    low.handle_sender_report(NtpTime(100 << 32), 0);
    high.handle_sender_report(NtpTime(98 << 32), 0);
    let first = keyframe(arrival(start, 10, 0, H264, b"x"));
    subscription.forward(start, &first, &low, &mut egress).unwrap();
    let now = start + 100 * MS;
    let second = of(TRACK, 1, keyframe(arrival(now, 10, 0, H264, b"x")));
    subscription.forward(now, &second, &high, &mut egress).unwrap();
    assert_eq!(egress.last().header().timestamp, FIRST_TIMESTAMP + 9000);
}

#[test]
fn time_goes_on_from_the_newest_packet_not_from_a_late_one() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    for (sequence, timestamp) in [(10, 0), (12, 1920), (11, 960)] {
        let arrival = arrival(start, sequence, timestamp, Codec::Opus, b"x");
        forward(&mut subscription, start, &arrival, &mut egress).unwrap();
    }
    subscription.mute(true);
    subscription.mute(false);
    let now = start + 20 * MS;
    let arrival = arrival(now, 13, 2880, Codec::Opus, b"x");
    forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    assert_eq!(egress.last().header().timestamp, FIRST_TIMESTAMP + 1920 + 960);
}

/// RFC 3711 §3.3.1: the receiver guesses a rollover counter of zero for the first packet that it gets.
#[test]
fn the_first_number_lies_in_the_lower_half() {
    let (now, mut egress) = (Instant::now(), Recording::default());
    let parameters = SubscriptionParameters {
        media: media("slot", vec![payload(109, Codec::Opus, None)]),
        ssrc: Ssrc(100),
        rtx_ssrc: None,
        cname: String::new(),
    };
    let mut subscription = Subscription::new(SubscriptionId(1), parameters, 0xffff, 0);
    subscription.select(Some(TRACK));
    let arrival = arrival(now, 8, 9, Codec::Opus, b"sound");
    forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    assert_eq!(egress.last().index, 0x7fff);
}

#[test]
fn the_clock_of_another_publisher_is_not_believed() {
    let (start, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let (mut ours, mut theirs) = (clock(H264), clock(H264));
    ours.handle_sender_report(NtpTime(100 << 32), 0);
    theirs.handle_sender_report(NtpTime((100 << 32) + (1 << 31)), 0);
    let first = keyframe(arrival(start, 10, 0, H264, b"x"));
    subscription.forward(start, &first, &ours, &mut egress).unwrap();
    subscription.select(Some(OTHER));
    let now = start + 100 * MS;
    let second = of(OTHER, 0, keyframe(arrival(now, 10, 0, H264, b"x")));
    subscription.forward(now, &second, &theirs, &mut egress).unwrap();
    assert_eq!(egress.last().header().timestamp, FIRST_TIMESTAMP + 9000);
}

#[test]
fn numbers_go_on_over_the_wrap() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    for sequence in 65_000..135_000u64 {
        let arrival = arrival(
            now,
            sequence,
            (sequence as u32).wrapping_mul(960_000),
            Codec::Opus,
            b"x",
        );
        forward(&mut subscription, now, &arrival, &mut egress).unwrap();
        let sent = egress.sent.pop().unwrap();
        assert_eq!(sent.index, 1000 + sequence - 65_000);
        assert_eq!(sent.header().sequence, sent.index as u16);
    }
}

/// What happens to one packet of the source.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Comes,
    /// After so many packets that were sent later.
    ComesLate(u8),
    ComesTwice(u8),
    IsLost,
    IsPadding,
    /// The subscriber's own buffer is full in that moment.
    IsNotQueued,
    /// From here on another encoding of the track, or another track.
    Switches(bool),
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        12 => Just(Fate::Comes),
        3 => (1u8..40).prop_map(Fate::ComesLate),
        2 => (0u8..40).prop_map(Fate::ComesTwice),
        3 => Just(Fate::IsLost),
        2 => Just(Fate::IsPadding),
        1 => Just(Fate::IsNotQueued),
        1 => any::<bool>().prop_map(Fate::Switches),
    ];
    prop::collection::vec(fate, 1..250)
}

/// One packet as the source made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Original {
    track: TrackId,
    encoding: EncodingIndex,
    sequence: u64,
}

/// One delivery: at which turn, and how.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    turn: usize,
    original: Original,
    timestamp: u32,
    fate: Fate,
    keyframe: bool,
}

/// Lays the deliveries out in the order in which they arrive. Each encoding counts for itself and goes on
/// counting while it is not looked at.
fn deliveries(fates: &[Fate], first: u64, timestamp: u32) -> (Vec<Delivery>, HashSet<Original>) {
    let (mut track, mut encoding) = (TRACK, EncodingIndex(0));
    let mut counters: HashMap<_, u64> = HashMap::new();
    let (mut deliveries, mut lost, mut keyframe) = (Vec::new(), HashSet::new(), true);
    for (turn, &fate) in fates.iter().enumerate() {
        if let Fate::Switches(other_track) = fate {
            match other_track {
                true => track = TrackId(track.0 % 2 + 1),
                false => encoding = EncodingIndex((encoding.0 + 1) % 3),
            }
            *counters.entry((track, encoding)).or_insert(first * 3 / 2) += 50;
            keyframe = true;
        }
        let sequence = counters.entry((track, encoding)).or_insert(first);
        *sequence += 1;
        let original = Original {
            track,
            encoding,
            sequence: *sequence,
        };
        let at = |turn, keyframe| Delivery {
            turn,
            original,
            timestamp: timestamp.wrapping_add(turn as u32 * 3000),
            fate,
            keyframe,
        };
        match fate {
            Fate::IsLost => drop(lost.insert(original)),
            Fate::ComesLate(by) => deliveries.push(at(turn + usize::from(by), keyframe)),
            // The publication lets no packet through twice; if it did, it would not be a start.
            Fate::ComesTwice(by) => {
                deliveries.extend([at(turn, keyframe), at(turn + usize::from(by), false)]);
            }
            _ => deliveries.push(at(turn, keyframe)),
        }
        keyframe &= matches!(fate, Fate::IsLost | Fate::IsPadding | Fate::ComesLate(_));
    }
    deliveries.sort_by_key(|delivery| delivery.turn);
    (deliveries, lost)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Loss, reordering, duplication, padding, a full buffer and switches: no number twice (the egress
    /// asserts that), none left out but those whose packet did not come, every number leads back to its
    /// packet, and time never runs backwards over a switch.
    #[test]
    fn numbers_have_no_seam(fates in fates(), sequence in 60_000u64..70_000, timestamp: u32) {
        let start = Instant::now();
        let (mut egress, mut subscription) = (Recording::default(), video());
        let (deliveries, lost) = deliveries(&fates, sequence, timestamp);
        let mut sent = BTreeMap::new();
        let mut held_back = HashSet::new();
        let mut offsets: HashMap<(u64, u8, usize), u32> = HashMap::new();
        let mut switches = 0;
        let mut newest: Option<u32> = None;
        let (mut current, mut began) = (None, 0);
        for delivery in &deliveries {
            let now = start + 33 * MS * delivery.turn as u32;
            let Original { track, encoding, sequence } = delivery.original;
            if subscription.track() != Some(track) && matches!(delivery.fate, Fate::Switches(_)) {
                subscription.select(Some(track));
            }
            // Encodings are switched here by a mute and its end, so that the order does not matter.
            if matches!(delivery.fate, Fate::Switches(false)) && subscription.current() != Some((track, encoding)) {
                subscription.mute(true);
                subscription.mute(false);
            }
            let payload: &[u8] = if matches!(delivery.fate, Fate::IsPadding) { b"" } else { b"x" };
            let mut arrival = arrival(now, sequence, delivery.timestamp, H264, payload);
            arrival.keyframe = delivery.keyframe;
            let arrival = of(track, encoding.0, arrival);
            egress.full = matches!(delivery.fate, Fate::IsNotQueued);
            let before = egress.sent.len();
            let result = forward(&mut subscription, now, &arrival, &mut egress);
            if subscription.current() != current {
                current = subscription.current();
                began = sequence;
                switches += 1;
                if let (Some(newest), Ok(())) = (newest, result) {
                    prop_assert!(ticks_between(newest, egress.last().header().timestamp) > 0);
                }
            }
            match result {
                Ok(()) => {
                    prop_assert_eq!(egress.sent.len(), before + 1);
                    let header = egress.last().header();
                    let offset = header.timestamp.wrapping_sub(delivery.timestamp);
                    let known = *offsets.entry((track.0, encoding.0, switches)).or_insert(offset);
                    prop_assert_eq!(known, offset);
                    if newest.is_none_or(|newest| ticks_between(newest, header.timestamp) > 0) {
                        newest = Some(header.timestamp);
                    }
                    sent.insert(egress.last().index, delivery.original);
                }
                Err(Drop::OutboxFull) => drop(held_back.insert(delivery.original)),
                // Before its source was begun, or after it was left.
                Err(_) if current != Some((track, encoding)) || sequence < began => {
                    held_back.insert(delivery.original);
                }
                Err(_) => prop_assert_eq!(egress.sent.len(), before),
            }
        }
        let Some(&last) = sent.keys().next_back() else { return Ok(()) };
        let came: HashSet<_> = sent.values().copied().collect();
        prop_assert_eq!(came.len(), sent.len(), "a packet under two numbers");
        for index in u64::from(FIRST)..=last {
            let Some((found, track, encoding, sequence)) = subscription.forwarder.source_of(index as u16) else {
                prop_assert!(switches > MAX_SEGMENTS);
                continue;
            };
            prop_assert_eq!(found, index);
            let original = Original { track, encoding, sequence: sequence.0 };
            match sent.get(&index) {
                Some(expected) => prop_assert_eq!(*expected, original),
                None => prop_assert!(
                    lost.contains(&original) || held_back.contains(&original),
                    "{} stands for {:?}, which came in time", index, original,
                ),
            }
        }
    }
}
