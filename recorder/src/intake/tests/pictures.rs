//! Encodings, pauses and codecs of a picture.

use super::*;
use crate::frame::{Frame, Gap};
use crate::intake::testing::packet;

/// Three encodings of one picture.
struct Simulcast {
    senders: [Sender; 3],
    driver: Driver,
    /// Which encoding each plaintext is of.
    plain: Vec<(u8, Vec<u8>)>,
}

impl Simulcast {
    fn new() -> Self {
        Self {
            senders: [0, 1, 2].map(|encoding| Sender::new(Codec::Vp8, encoding)),
            driver: Driver::of(Codec::Vp8),
            plain: Vec::new(),
        }
    }

    /// One frame of each of these encodings.
    fn send(&mut self, number: usize, encodings: &[(usize, bool)]) {
        self.senders.iter_mut().for_each(|sender| sender.skip(millis(30)));
        for &(encoding, is_key) in encodings {
            let sent = self.senders[encoding].send(is_key);
            self.plain.push((encoding as u8, sent.plain));
            self.driver.arrive_all(at(number), sent.packets);
        }
    }

    /// The encoding of each frame that was written.
    fn written(&self) -> Vec<u8> {
        // counters of one encoding are far from those of another here, so each frame has a reader
        let encoding_of = |frame: &Frame| {
            let opened = Reader::new(Codec::Vp8).open(frame);
            self.plain.iter().find(|(_, plain)| *plain == opened).unwrap().0
        };
        let frames = self.driver.frames();
        assert!(frames.windows(2).all(|pair| pair[0].micros < pair[1].micros));
        frames.into_iter().map(encoding_of).collect()
    }
}

#[test]
fn the_highest_encoding_is_written_from_its_key_frame_on() {
    let mut simulcast = Simulcast::new();
    simulcast.send(0, &[(0, true), (1, false), (2, false)]);
    (1..10).for_each(|number| simulcast.send(number, &[(0, false), (1, false), (2, false)]));
    simulcast.send(10, &[(0, true), (1, true), (2, true)]);
    simulcast.send(11, &[(0, true), (1, true), (2, false)]);
    simulcast.driver.end(at(12));
    assert_eq!(
        simulcast.written(),
        [vec![0; 11], vec![1, 2, 2]].concat(),
        "all three key frames are of one moment"
    );
    assert_eq!(simulcast.driver.gaps(), []);
}

#[test]
fn a_lower_encoding_is_written_when_the_higher_has_been_silent() {
    let mut simulcast = Simulcast::new();
    let both =
        |simulcast: &mut Simulcast, number, is_key| simulcast.send(number, &[(0, is_key), (2, is_key)]);
    both(&mut simulcast, 0, true);
    (1..30).for_each(|number| both(&mut simulcast, number, false));
    // a key frame of the lower one comes too soon, and one that was wished for
    (30..46).for_each(|number| simulcast.send(number, &[(0, number == 35)]));
    assert_eq!(simulcast.driver.wishes(), [0], "silent for less than 500 ms");
    simulcast.send(46, &[(0, false)]);
    assert_eq!(simulcast.driver.wishes(), [0, at(46).as_millis()]);
    (47..50).for_each(|number| simulcast.send(number, &[(0, number == 48)]));
    // and up again
    (50..53).for_each(|number| simulcast.send(number, &[(0, false), (2, number == 51)]));
    simulcast.driver.end(at(60));
    let expected = [&[2; 30][..], &[0, 0, 0, 0], &[2, 2]].concat();
    assert_eq!(simulcast.written(), expected);
    let gaps = simulcast.driver.gaps();
    assert_eq!(gaps.len(), 1, "what was not to be seen is told");
    assert_eq!(gaps[0].to, at(48).as_micros() as u64);
    assert!(gaps[0].from <= at(30).as_micros() as u64);
}

#[test]
fn a_higher_encoding_that_gets_no_key_frame_is_left() {
    let mut simulcast = Simulcast::new();
    simulcast.send(0, &[(0, true), (2, true)]);
    simulcast.senders[2].sequence += 1;
    simulcast.senders[2].picture_id += 1;
    simulcast.senders[2].tl0 += 1;
    (1..150).for_each(|number| simulcast.send(number, &[(0, number % 52 == 0), (2, false)]));
    simulcast.driver.end(at(160));
    // given up at 1130 ms; the key frame at 1660 ms is not taken, that at 3220 ms is
    let written = simulcast.written();
    assert_eq!(written[0], 2);
    assert!(written[1..].iter().all(|&encoding| encoding == 0));
    assert_eq!(written.len(), 1 + 150 - 104);
}

#[test]
fn a_hole_that_is_left_for_a_higher_encoding_is_told() {
    let mut simulcast = Simulcast::new();
    (0..10).for_each(|number| simulcast.send(number, &[(0, number == 0)]));
    simulcast.senders[0].sequence += 1;
    (10..13).for_each(|number| simulcast.send(number, &[(0, false)]));
    simulcast.send(13, &[(2, true)]);
    simulcast.driver.end(at(14));
    assert_eq!(simulcast.written(), [vec![0; 10], vec![2]].concat());
    let [Gap { from, to, .. }] = simulcast.driver.gaps()[..] else {
        panic!("{:?}", simulcast.driver.gaps())
    };
    assert!(from <= at(10).as_micros() as u64 && to == at(13).as_micros() as u64);
}

#[test]
fn a_key_frame_that_comes_late_does_not_turn_time_back() {
    let mut simulcast = Simulcast::new();
    simulcast.send(0, &[(0, true), (2, false)]);
    let late = simulcast.senders[2].send(true);
    (1..8).for_each(|number| simulcast.send(number, &[(0, false)]));
    simulcast.driver.arrive_all(at(8), late.packets);
    (9..12).for_each(|number| simulcast.send(number, &[(0, false), (2, number == 10)]));
    simulcast.driver.end(at(13));
    assert_eq!(simulcast.written(), [vec![0; 10], vec![2, 2]].concat());
}

#[test]
fn nothing_is_written_nor_told_of_a_pause() {
    for codec in ALL_CODECS {
        let mut sender = Sender::new(codec, 0);
        let mut driver = Driver::of(codec);
        for (number, sent) in send(&mut sender, 70).into_iter().enumerate() {
            if number == 25 {
                driver.intake.handle_paused(driver.began + at(number), 1);
                driver.drain(at(number));
            }
            if number == 45 {
                driver.intake.handle_resumed(
                    driver.began + at(number) - millis(1),
                    1,
                    driver.began + at(number) - millis(1),
                );
                driver.drain(at(number) - millis(1));
            }
            driver.arrive_all(at(number), sent.packets);
        }
        driver.end(at(71));
        let is_sound = codec == Codec::Opus;
        let first = if is_sound { 45 } else { 50 };
        let times: Vec<_> = driver.frames().iter().map(|frame| frame.micros / 1000).collect();
        let expected = (0..25)
            .chain(first..70)
            .map(|number| at(number).as_millis() as u64);
        assert_eq!(times, expected.collect::<Vec<_>>(), "{codec:?}");
        assert_eq!(driver.gaps(), []);
        let wishes = if is_sound {
            vec![]
        } else {
            vec![0, at(45).as_millis() - 1]
        };
        assert_eq!(driver.wishes(), wishes, "{codec:?}");
    }
}

#[test]
fn a_loss_before_a_pause_is_told_up_to_it() {
    let mut sender = Sender::new(Codec::Vp8, 0);
    let mut driver = Driver::of(Codec::Vp8);
    let sent = send(&mut sender, 10);
    for (number, sent) in sent.into_iter().enumerate().filter(|(number, _)| *number != 5) {
        driver.arrive_all(at(number), sent.packets);
    }
    driver.intake.handle_paused(driver.began + at(10), 1);
    driver
        .intake
        .handle_resumed(driver.began + at(20), 1, driver.began + at(20));
    driver.end(at(30));
    assert_eq!(driver.frames().len(), 5);
    let [Gap { from, to, .. }] = driver.gaps()[..] else {
        panic!("{:?}", driver.gaps())
    };
    assert!(from > at(4).as_micros() as u64 && from <= at(5).as_micros() as u64);
    assert_eq!(to, at(10).as_micros() as u64);
}

#[test]
fn what_was_captured_before_it_was_resumed_is_not_written() {
    let mut sender = Sender::new(Codec::Opus, 0);
    let mut driver = Driver::of(Codec::Opus);
    let sent = send(&mut sender, 10);
    driver.arrive_all(at(0), sent[0].packets.clone());
    driver.intake.handle_paused(driver.began + at(1), 1);
    driver
        .intake
        .handle_resumed(driver.began + at(3), 1, driver.began + at(3));
    // all of them come at once
    driver.arrive_all(at(5), sent[1..6].iter().flat_map(|sent| sent.packets.clone()));
    driver.end(at(6));
    let times: Vec<_> = driver.frames().iter().map(|frame| frame.micros / 1000).collect();
    assert_eq!(times, [100, 190, 220, 250]);
}

#[test]
fn another_codec_is_not_written_to_the_track() {
    let mut driver = Driver::of(Codec::Vp8);
    let mut sender = Sender::new(Codec::Vp8, 0);
    driver.arrive_all(at(0), sender.send(true).packets);
    let mut other = Sender::new(Codec::Vp9 { profile: 0 }, 0);
    other.sequence = sender.sequence;
    driver.arrive_all(at(1), other.send(true).packets);
    driver.arrive_all(at(2), [packet(Codec::Opus, 0, vec![1, 2, 3])]);
    driver.end(at(3));
    assert_eq!((driver.frames().len(), driver.gaps().len()), (1, 1));
}

#[test]
fn nothing_comes_of_what_follows_the_end() {
    let mut driver = Driver::of(Codec::Vp8);
    let mut sender = Sender::new(Codec::Vp8, 0);
    driver.end(at(0));
    driver.arrive_all(at(1), sender.send(true).packets);
    assert_eq!(driver.frames().len(), 0);
    assert_eq!(driver.intake.poll_timeout(), None);
}
