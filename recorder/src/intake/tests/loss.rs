//! Packets that come late, and packets that don't.

use std::collections::BTreeMap;

use super::*;
use crate::frame::{Gap, Reason};
use crate::intake::testing::{Layer, MTU};

/// How many frames of how many came out, and how many gaps.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    sent: usize,
    lost_packets: usize,
    written: usize,
    gaps: usize,
}

/// Some packets are lost, and come `again` later; that may be lost too, and comes again.
fn simulate(codec: Codec, loss: f64, again: std::ops::Range<u64>) -> Figures {
    let mut random = StdRng::seed_from_u64(3);
    let mut sender = Sender::new(codec, 0);
    sender.mtu = 4 * MTU;
    let sent = send(&mut sender, 2000);
    let mut lost_packets = 0;
    let mut arrivals = BTreeMap::new();
    for (number, packet) in (0..)
        .zip(sent.iter())
        .flat_map(|(number, sent)| sent.packets.iter().map(move |packet| (number, packet)))
    {
        let mut time = at(number) + millis(random.random_range(0..20));
        // the first one begins the order
        while number > 0 && random.random_bool(loss) {
            lost_packets += 1;
            time += millis(random.random_range(again.clone()));
        }
        arrivals.insert((time, packet.sequence), packet.clone());
    }
    let mut driver = Driver::of(codec);
    for ((time, _), packet) in arrivals {
        driver.arrive(time, 1, packet);
    }
    driver.end(at(2100));
    let mut reader = Reader::new(codec);
    let plain: Vec<_> = sent.iter().map(|sent| &sent.plain).collect();
    driver.frames().iter().for_each(|frame| {
        let opened = reader.open(frame);
        assert!(plain.contains(&&opened), "not what was sent");
    });
    Figures {
        sent: sent.len(),
        lost_packets,
        written: driver.frames().len(),
        gaps: driver.gaps().len(),
    }
}

#[test]
fn what_comes_again_within_the_window_is_not_lost() {
    for codec in ALL_CODECS {
        for loss in [0.05, 0.1] {
            let figures = simulate(codec, loss, 30..300);
            println!(
                "{codec:?} at {:.0} % loss, again after 30 to 300 ms: {figures:?}",
                loss * 100.0
            );
            assert!(figures.lost_packets > 80);
            assert_eq!((figures.written, figures.gaps), (figures.sent, 0), "{codec:?}");
        }
    }
}

#[test]
fn what_comes_again_after_the_window_is_lost() {
    for codec in ALL_CODECS {
        let figures = simulate(codec, 0.002, 1050..1100);
        println!("{codec:?} at 0.2 % loss, again too late: {figures:?}");
        assert!(figures.written < figures.sent && figures.gaps > 0, "{codec:?}");
        assert!(figures.written > figures.sent / 2, "{codec:?}");
    }
}

#[test]
fn a_hole_is_waited_for_a_second_from_when_it_was_noticed() {
    for (delay, gaps) in [(999, 0), (1001, 1)] {
        let mut driver = Driver::of(Codec::Opus);
        let sent = send(&mut Sender::new(Codec::Opus, 0), 80);
        let mut arrivals: Vec<_> = sent
            .iter()
            .enumerate()
            .map(|(number, sent)| (at(number), sent))
            .collect();
        arrivals[5].0 = at(6) + millis(delay);
        arrivals.sort_by_key(|(at, _)| *at);
        for (at, sent) in arrivals {
            driver.arrive_all(at, sent.packets.clone());
        }
        driver.end(at(90));
        assert_eq!(driver.gaps().len(), gaps, "{delay} ms");
        assert_eq!(driver.frames().len(), 80 - gaps);
    }
}

#[test]
fn a_gap_of_sound_is_as_long_as_the_packets_that_are_missing() {
    let mut sender = Sender::new(Codec::Opus, 0);
    let mut driver = Driver::of(Codec::Opus);
    for (number, sent) in send(&mut sender, 80).iter().enumerate() {
        if !(20..23).contains(&number) {
            driver.arrive_all(at(number), sent.packets.clone());
        }
    }
    driver.end(at(90));
    let gap = |from, to| Gap {
        track: 1,
        from: at(from).as_micros() as u64,
        to: at(to).as_micros() as u64,
        reason: Reason::Lost,
    };
    assert_eq!(driver.gaps(), [gap(20, 23)]);
    assert_eq!(driver.frames().len(), 77);
    assert!(driver.wishes().is_empty(), "of sound there are no key frames");
}

/// Two seconds of a picture of which one packet of one frame is lost.
fn lose(codec: Codec, which: impl Fn(usize, &Sent) -> Option<usize>) -> (Driver, Vec<Sent>) {
    let mut sender = Sender::new(codec, 0);
    let mut driver = Driver::of(codec);
    let sent = send(&mut sender, 80);
    for (number, sent) in sent.iter().enumerate() {
        let lost = which(number, sent);
        let packets = sent.packets.iter().cloned().enumerate();
        driver.arrive_all(
            at(number),
            packets
                .filter(|(at, _)| Some(*at) != lost)
                .map(|(_, packet)| packet),
        );
    }
    driver.end(at(90));
    (driver, sent)
}

#[test]
fn a_picture_of_which_a_frame_is_lost_goes_on_with_a_key_frame() {
    for codec in ALL_CODECS.into_iter().filter(|codec| *codec != Codec::Opus) {
        for place in ["first", "middle", "last"] {
            let (driver, sent) = lose(codec, |number, sent| match place {
                _ if number != 24 => None,
                "first" => Some(0),
                "middle" => Some(sent.packets.len() / 2),
                _ => Some(sent.packets.len() - 1),
            });
            let mut reader = Reader::new(codec);
            let opened: Vec<_> = driver.frames().iter().map(|frame| reader.open(frame)).collect();
            let expected = sent[..24]
                .iter()
                .chain(&sent[30..])
                .map(|sent| sent.plain.clone());
            assert_eq!(opened, expected.collect::<Vec<_>>(), "{codec:?}, {place}");
            let gaps = driver.gaps();
            assert_eq!(gaps.len(), 1, "{codec:?}, {place}");
            let last = at(23).as_micros() as u64;
            assert!(gaps[0].from > last && gaps[0].from <= last + 30_000, "{gaps:?}");
            assert_eq!(gaps[0].to, at(30).as_micros() as u64);
            // the key frame was there when the hole was given up
            assert_eq!(driver.wishes(), [0], "{codec:?}, {place}");
        }
    }
}

#[test]
fn a_key_frame_is_wished_for_when_a_hole_is_given_up() {
    for codec in ALL_CODECS.into_iter().filter(|codec| *codec != Codec::Opus) {
        for is_between in [false, true] {
            let mut sender = Sender::new(codec, 0);
            let mut driver = Driver::of(codec);
            for number in 0..80 {
                sender.skip(millis(30));
                let mut packets = sender.send_sized(number == 0, 200, Layer::default()).packets;
                let place = if is_between { 0..packets.len() } else { 1..2 };
                packets.drain(if number == 24 { place } else { 0..0 });
                driver.arrive_all(at(number), packets);
            }
            let given_up = at(if is_between { 25 } else { 24 }) + millis(1000);
            assert_eq!(
                driver.wishes(),
                [0, given_up.as_millis()],
                "{codec:?}, {is_between}"
            );
            assert_eq!(driver.gaps(), []);
            driver.end(at(90));
            assert_eq!(driver.gaps()[0].to, at(90).as_micros() as u64, "up to the end");
        }
    }
}

#[test]
fn a_key_frame_of_which_the_parameters_are_lost_is_torn() {
    for codec in ALL_CODECS.into_iter().filter(|codec| *codec != Codec::Opus) {
        let (driver, sent) = lose(codec, |number, _| (number == 30).then_some(0));
        let mut reader = Reader::new(codec);
        let opened: Vec<_> = driver.frames().iter().map(|frame| reader.open(frame)).collect();
        let expected = sent[..30]
            .iter()
            .chain(&sent[40..])
            .map(|sent| sent.plain.clone());
        assert_eq!(opened, expected.collect::<Vec<_>>(), "{codec:?}");
    }
}

#[test]
fn wishes_are_repeated_each_second_until_a_key_frame_comes() {
    let mut sender = Sender::new(Codec::Vp8, 0);
    let mut driver = Driver::of(Codec::Vp8);
    driver.arrive_all(millis(2500), sender.send(false).packets);
    driver.arrive_all(millis(3100), sender.send(true).packets);
    driver.run(millis(13_000));
    assert_eq!(
        driver.wishes(),
        [0, 1000, 2000, 3000, 7600, 8600, 9600, 10_600, 11_600, 12_600]
    );
    assert_eq!(driver.frames().len(), 1);
}

/// Temporal layers 0 2 1 2 of VP8; every fourth frame of layer 1 and 2 refers to the lowest alone.
fn send_layered(codec: Codec, count: usize) -> Vec<Sent> {
    let mut sender = Sender::new(codec, 0);
    let layered = (0..count).map(|at| {
        sender.skip(millis(30));
        let temporal = [0, 2, 1, 2][at % 4];
        let is_sync = temporal > 0 && at % 16 < 3;
        sender.send_sized(at == 0, 150, Layer { temporal, is_sync })
    });
    layered.collect()
}

fn lose_layered(codec: Codec, lost: impl Fn(usize, usize) -> bool) -> (Driver, Vec<usize>) {
    let sent = send_layered(codec, 80);
    let mut driver = Driver::of(codec);
    for (number, sent) in sent.iter().enumerate() {
        let packets = sent.packets.iter().cloned().enumerate();
        driver.arrive_all(
            at(number),
            packets
                .filter(|(place, _)| !lost(number, *place))
                .map(|(_, packet)| packet),
        );
    }
    driver.end(at(90));
    let mut reader = Reader::new(codec);
    let opened: Vec<_> = driver.frames().iter().map(|frame| reader.open(frame)).collect();
    let written = (0..80).filter(|&number| opened.contains(&sent[number].plain));
    let written = written.collect();
    (driver, written)
}

#[test]
fn an_upper_temporal_layer_that_is_lost_does_not_stop_the_picture() {
    // 18 is of layer 1, 17 and 19 of layer 2; 33 and 34 are the next that refer to the lowest alone
    let expected = |missing: &[usize]| {
        (0..80)
            .filter(|number| !missing.contains(number))
            .collect::<Vec<_>>()
    };
    let missing = [18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31];
    for lost in [
        |number, _: usize| number == 18,
        |number, place| number == 18 && place == 1,
    ] {
        let (driver, written) = lose_layered(Codec::Vp8, lost);
        assert_eq!(written, expected(&missing));
        assert_eq!(driver.wishes().len(), 1, "only that of the beginning");
        assert!(driver.gaps().len() > 1, "what is not written is told");
    }
}

#[test]
fn a_lowest_temporal_layer_that_is_lost_stops_the_picture() {
    for codec in [Codec::Vp8, Codec::Vp9 { profile: 0 }] {
        for lost in [
            |number, _: usize| number == 20,
            |number, place| number == 20 && place == 1,
        ] {
            let (driver, written) = lose_layered(codec, lost);
            assert_eq!(written, (0..20).collect::<Vec<_>>());
            assert_eq!(driver.gaps().len(), 1);
            assert!(driver.wishes().len() > 1);
        }
    }
}

#[test]
fn padding_between_frames_is_no_loss() {
    for codec in [Codec::Vp8, Codec::Vp9 { profile: 0 }] {
        let mut sender = Sender::new(codec, 0);
        let mut driver = Driver::of(codec);
        for number in 0..80 {
            sender.skip(millis(30));
            let sent = sender.send(number == 0);
            // nothing comes of padding but that its number is used
            sender.sequence += u64::from(number == 20);
            driver.arrive_all(at(number), sent.packets);
        }
        driver.end(at(90));
        assert_eq!((driver.frames().len(), driver.gaps().len()), (80, 0), "{codec:?}");
    }
}

#[test]
fn padding_that_is_told_of_is_not_waited_for() {
    for codec in ALL_CODECS {
        let mut sender = Sender::new(codec, 0);
        let mut driver = Driver::of(codec);
        for number in 0..20 {
            sender.skip(millis(30));
            let sent = sender.send(number == 0);
            sender.sequence += 1;
            let padding = crate::intake::testing::packet(codec, 0, Vec::new());
            let padding = rapport_sfu::subscription::tap::TapPacket {
                sequence: sender.sequence,
                timestamp: sent.timestamp,
                ..padding
            };
            driver.arrive_all(at(number), sent.packets);
            driver.arrive_all(at(number), [padding]);
            // the first are held back for 200 ms
            assert!(number < 8 || driver.frames().len() == number + 1, "{codec:?}");
        }
    }
}

#[test]
fn a_path_that_tears_every_frame_is_told_of() {
    let (driver, _) = lose(Codec::Vp8, |number, sent| {
        (number > 0).then_some(sent.packets.len() / 2)
    });
    assert_eq!(driver.frames().len(), 1);
    assert_eq!(driver.gaps().len(), 1);
    assert!(driver.wishes().len() > 2, "{:?}", driver.wishes());
}
