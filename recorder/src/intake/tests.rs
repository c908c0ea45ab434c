//! What comes out of packets that are shuffled, lost, late, paused and hostile.

mod hostile;
mod loss;
mod pictures;
mod sync;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rapport_sfu::codec::Codec;

use super::testing::{ALL_CODECS, Driver, Reader, Sender, Sent, millis};
use super::{Output, Source};
use crate::capture::Capture;
use crate::testing::{blocks, manifest};

/// Thirty pictures, or packets of sound, a second; the first is a key frame, and each tenth.
fn send(sender: &mut Sender, count: usize) -> Vec<Sent> {
    let frames = (0..count).map(|at| {
        sender.skip(millis(30));
        sender.send(at % 10 == 0)
    });
    frames.collect()
}

fn at(frame: usize) -> Duration {
    millis(100 + 30 * frame as u64)
}

#[test]
fn what_is_sealed_packetised_and_shuffled_opens_again() {
    for codec in ALL_CODECS {
        for is_flexible in [false, true] {
            let mut random = StdRng::seed_from_u64(1);
            let mut sender = Sender::new(codec, 0);
            sender.is_flexible = is_flexible;
            let sent = send(&mut sender, 60);
            let mut driver = Driver::of(codec);
            let mut packets: Vec<_> = sent
                .iter()
                .enumerate()
                .flat_map(|(number, sent)| {
                    sent.packets
                        .iter()
                        .map(move |packet| (at(number), packet.clone()))
                })
                .collect();
            // the very first packet begins the order
            packets[1..]
                .iter_mut()
                .for_each(|(at, _)| *at += millis(random.random_range(0..400)));
            packets[1..].shuffle(&mut random);
            packets.sort_by_key(|(at, _)| *at);
            packets
                .into_iter()
                .for_each(|(at, packet)| driver.arrive(at, 1, packet));
            driver.end(millis(5000));
            let mut reader = Reader::new(codec);
            let opened: Vec<_> = driver.frames().iter().map(|frame| reader.open(frame)).collect();
            let plain: Vec<_> = sent.iter().map(|sent| sent.plain.clone()).collect();
            assert_eq!(opened, plain, "{codec:?}");
            assert_eq!(driver.gaps(), [], "{codec:?}");
            let keys = driver.frames().iter().filter(|frame| frame.is_key).count();
            assert_eq!(keys, if codec == Codec::Opus { 60 } else { 6 }, "{codec:?}");
            assert!(driver.frames().windows(2).all(|pair| {
                let distance = pair[1].micros - pair[0].micros;
                (28_000..32_000).contains(&distance)
            }));
        }
    }
}

#[test]
fn what_comes_out_can_be_written_and_opens_when_it_is_read() {
    let codecs = [Codec::Opus, Codec::Vp8];
    let sources = (1..).zip(codecs).map(|(number, codec)| Source {
        number,
        owner: 1,
        kind: codec.kind(),
    });
    let mut driver = Driver::new(sources.collect());
    let sent = codecs.map(|codec| send(&mut Sender::new(codec, 0), 60));
    for frame in 0..60 {
        for (number, sent) in (1..).zip(&sent) {
            for packet in sent[frame].packets.clone() {
                driver.arrive(at(frame), number, packet);
            }
        }
    }
    driver.end(at(60));
    let mut capture = Capture::begin(manifest());
    for (_, output) in driver.outputs {
        match output {
            Output::Frame(frame) => capture.handle_frame(frame),
            Output::Gap(gap) => capture.handle_gap(gap),
            Output::WantsKeyframe { .. } => {}
        }
    }
    let written = blocks(&capture.end().bytes);
    for ((number, codec), sent) in (1..).zip(codecs).zip(&sent) {
        let mut reader = Reader::new(codec);
        let of_track = written.iter().filter(|frame| frame.track == number);
        let opened: Vec<_> = of_track.map(|frame| reader.open(frame)).collect();
        assert_eq!(
            opened,
            sent.iter().map(|sent| sent.plain.clone()).collect::<Vec<_>>(),
            "{codec:?}"
        );
    }
}
