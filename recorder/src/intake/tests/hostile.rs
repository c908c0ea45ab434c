//! Whatever comes: no panic, no torn frame, none twice, and a bound on what is held.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rapport_sfu::rtp::time::NtpTime;
use rapport_sfu::subscription::tap::TapPacket;

use super::*;
use crate::intake::testing::{Layer, packet};
use crate::intake::{Output, payload, reorder};

fn any_packet() -> impl Strategy<Value = TapPacket> {
    let numbers = (
        0..4u8,
        prop_oneof![0..50u64, any::<u64>()],
        prop_oneof![0..9u32, any::<u32>()],
    );
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        // what begins like something of the codecs
        (
            proptest::sample::select(vec![0x10u8, 0x18, 0x1c, 0x67, 0x65, 0x78, 0x7c, 0x9c, 0x48]),
            proptest::collection::vec(0..16u8, 0..9)
        )
            .prop_map(|(first, rest)| [&[first], &rest[..]].concat()),
    ];
    let rest = (
        any::<bool>(),
        any::<bool>(),
        any::<Option<u64>>(),
        0..ALL_CODECS.len(),
    );
    (numbers, payload, rest).prop_map(
        |((encoding, sequence, timestamp), payload, (marker, keyframe, ntp, codec))| TapPacket {
            sequence,
            timestamp,
            marker,
            keyframe,
            ntp: ntp.map(NtpTime),
            ..packet(ALL_CODECS[codec], encoding, payload)
        },
    )
}

/// In order of time within a track, and gaps between its frames.
fn assert_order(driver: &Driver) {
    let mut last = None;
    let mut is_behind_gap = None;
    for (_, output) in &driver.outputs {
        match output {
            Output::Frame(frame) => {
                assert!(Some(frame.micros) > last || last.is_none());
                assert!(is_behind_gap.is_none_or(|to| to <= frame.micros));
                (last, is_behind_gap) = (Some(frame.micros), None);
            }
            Output::Gap(gap) => {
                assert!(Some(gap.from) > last && gap.from < gap.to, "{gap:?} {last:?}");
                is_behind_gap = Some(gap.to);
            }
            Output::WantsKeyframe { .. } => {}
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_packets_do_no_harm(
        packets in proptest::collection::vec((any_packet(), 0..300u64, 0..20u8), 0..200),
    ) {
        for codec in [Codec::Opus, Codec::Vp8] {
            let mut driver = Driver::of(codec);
            let mut at = Duration::ZERO;
            for (packet, wait, what) in packets.clone() {
                at += millis(wait);
                driver.run(at);
                match what {
                    0 => driver.intake.handle_paused(driver.began + at, 1),
                    1 => driver.intake.handle_resumed(driver.began + at, 1, driver.began + at),
                    _ => driver.arrive(at, 1, packet),
                }
                driver.drain(at);
            }
            driver.end(at + millis(3000));
            assert_order(&driver);
        }
    }

    /// Packets are lost, doubled and shuffled.
    #[test]
    fn frames_come_out_whole_once_and_in_order_and_gaps_tell_of_the_rest(
        seed: u64,
        codec in 0..ALL_CODECS.len(),
        loss in 0.0..0.3,
        is_layered: bool,
    ) {
        let codec = ALL_CODECS[codec];
        let mut random = StdRng::seed_from_u64(seed);
        let mut sender = Sender::new(codec, 0);
        let mut arrivals = Vec::new();
        let mut sent = Vec::new();
        for number in 0..120 {
            sender.skip(millis(30));
            let temporal = if is_layered { [0, 2, 1, 2][number % 4] } else { 0 };
            let layer = Layer { temporal, is_sync: random.random_bool(0.3) };
            let size = random.random_range(20..400);
            let frame = sender.send_sized(number % 40 == 0, size, layer);
            for packet in &frame.packets {
                let is_first = arrivals.is_empty();
                for _ in 0..random.random_range(1..3) {
                    let delay = match random.random_range(0..20) {
                        _ if is_first => 0,
                        0 => 1500,
                        at => at * 5,
                    };
                    if is_first || !random.random_bool(loss) {
                        arrivals.push((at(number) + millis(delay), packet.clone()));
                    }
                }
            }
            sent.push(frame);
        }
        arrivals.sort_by_key(|(at, _)| *at);
        let mut driver = Driver::of(codec);
        for (at, packet) in arrivals {
            driver.arrive(at, 1, packet);
        }
        driver.end(at(240));
        assert_order(&driver);
        let mut reader = Reader::new(codec);
        let mut written = BTreeSet::new();
        for frame in driver.frames() {
            // one that is torn or comes twice does not open
            let opened = reader.open(frame);
            let number = sent.iter().position(|sent| sent.plain == opened);
            prop_assert!(number.is_some_and(|number| written.insert(number)));
        }
        let Some(&first) = written.first() else { return Ok(()) };
        let last_told = driver.gaps().last().map_or(0, |gap| gap.to);
        let last_written = driver.frames().last().map_or(0, |frame| frame.micros);
        for number in (first..120).filter(|number| !written.contains(number)) {
            // what came first may have waited for up to 95 ms, so times are as late as that at most
            let (from, to) = (at(number).as_micros() as u64, at(number).as_micros() as u64 + 95_000);
            let is_told = driver.gaps().iter().any(|gap| gap.from <= to && from <= gap.to);
            let is_cut_off = from >= last_told.max(last_written).saturating_sub(95_000);
            prop_assert!(is_told || is_cut_off, "{} of {:?}", number, driver.gaps());
        }
    }
}

/// A picture that has begun and whose next packet never comes.
fn begun(codec: Codec) -> (Driver, Sender) {
    let (mut driver, mut sender) = (Driver::of(codec), Sender::new(codec, 0));
    sender.mtu = 1200;
    driver.arrive_all(at(0), sender.send(true).packets);
    driver.run(at(10));
    (driver, sender)
}

#[test]
fn what_waits_behind_a_hole_is_bounded() {
    let (mut driver, mut sender) = begun(Codec::Vp8);
    sender.sequence += 1;
    for number in 0..4000 {
        let packets = sender.send_sized(false, 3000, Layer::default()).packets;
        driver.arrive_all(at(10) + Duration::from_micros(number), packets);
    }
    println!("held at most: {} bytes", driver.most_held);
    assert!(driver.most_held > reorder::MOST_BYTES / 2 && driver.most_held < reorder::MOST_BYTES + 10_000);
}

#[test]
fn what_comes_before_a_track_opens_is_bounded() {
    let (mut driver, mut sender) = (Driver::of(Codec::Vp8), Sender::new(Codec::Vp8, 0));
    sender.mtu = 1200;
    for _ in 0..4000 {
        driver.arrive_all(at(0), sender.send_sized(false, 3000, Layer::default()).packets);
    }
    assert!(
        driver.most_held < reorder::MOST_BYTES + 10_000,
        "{}",
        driver.most_held
    );
}

#[test]
fn a_frame_without_an_end_is_bounded() {
    for codec in ALL_CODECS.into_iter().filter(|codec| *codec != Codec::Opus) {
        let (mut driver, mut sender) = begun(codec);
        let frame = sender.send_sized(false, 100_000, Layer::default());
        let middle = frame.packets[2].clone();
        let head = frame.packets[..2].to_vec();
        driver.arrive_all(at(11), head);
        for number in 0..10_000 {
            let next = TapPacket {
                sequence: middle.sequence + number,
                ..middle.clone()
            };
            driver.arrive(at(11), 1, next);
        }
        println!("{codec:?} held at most: {} bytes", driver.most_held);
        assert!(
            driver.most_held > payload::MOST_BYTES / 2 && driver.most_held < payload::MOST_BYTES + 10_000
        );
        driver.end(at(12));
        assert_eq!((driver.frames().len(), driver.gaps().len()), (1, 1), "{codec:?}");
    }
}

#[test]
fn timestamps_that_leap_do_not_take_a_track_out_of_time() {
    let (mut driver, mut sender) = begun(Codec::Vp8);
    for number in 11..200 {
        sender.timestamp = sender.timestamp.wrapping_add(0x7000_0000);
        driver.arrive_all(at(number), sender.send(false).packets);
    }
    driver.end(at(200));
    let times: Vec<_> = driver.frames().iter().map(|frame| frame.micros).collect();
    for (number, micros) in (11..).zip(&times[1..]) {
        let behind = at(number).as_micros() as i64 - *micros as i64;
        assert!((-200_000..5_000_000).contains(&behind), "{number}: {behind}");
    }
}

#[test]
fn a_pause_holds_nothing() {
    let (mut driver, mut sender) = begun(Codec::Vp8);
    driver.intake.handle_paused(driver.began + at(10), 1);
    driver.most_held = 0;
    for _ in 0..10 {
        driver.arrive_all(at(11), sender.send(false).packets);
    }
    assert_eq!(driver.most_held, 0);
    assert_eq!(driver.intake.poll_timeout(), None);
}

#[test]
fn a_clock_that_is_set_while_frames_wait_does_not_take_them_out_of_time() {
    for hour in [3600_i64, -3600] {
        let (mut driver, mut sender) = (Driver::of(Codec::Opus), Sender::new(Codec::Opus, 0));
        let mut late = None;
        for number in 0..60 {
            sender.skip(millis(30));
            let mut packet = sender.send(false).packets.remove(0);
            let moved = if number > 31 { hour << 32 } else { 0 };
            let now = NtpTime::from_unix(Duration::from_secs(1_795_816_800) + at(number)).0;
            packet.ntp = Some(NtpTime(now.wrapping_add_signed(moved)));
            match number {
                30 => late = Some(packet),
                _ => driver.arrive(at(number), 1, packet),
            }
        }
        driver.arrive_all(at(60), late);
        driver.end(at(61));
        assert_eq!(driver.frames().len(), 60);
        for (number, frame) in driver.frames().iter().enumerate() {
            let behind = at(number).as_micros() as i64 - frame.micros as i64;
            assert!(
                (-1_100_000..5_000_000).contains(&behind),
                "{hour}, {number}: {behind}"
            );
        }
    }
}
