//! Sound and picture of one person over an hour of clocks that drift.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::rtp::time::{ClockMap, NtpTime, ticks_in};
use rapport_sfu::subscription::tap::TapPacket;

use super::*;
use crate::intake::Source;
use crate::intake::testing::packet;

/// One track of a person whose clocks are wrong.
struct Stream {
    codec: Codec,
    every: Duration,
    /// What its sample clock is ahead by, in parts per million.
    ppm: f64,
    first_timestamp: u32,
    clock: ClockMap,
    next_report: Duration,
}

/// Of the frames of a second.
#[derive(Clone, Copy, Debug, Default)]
struct Skew {
    /// What lies between a frame's time and the moment of its capture, the least and the most, in milliseconds.
    sound: Option<(f64, f64)>,
    picture: Option<(f64, f64)>,
}

impl Skew {
    fn note(&mut self, number: u8, error: f64) {
        let range = if number == 1 {
            &mut self.sound
        } else {
            &mut self.picture
        };
        let (least, most) = range.unwrap_or((error, error));
        *range = Some((least.min(error), most.max(error)));
    }

    /// The most that lips are from the voice, whichever frames one compares.
    fn most(&self) -> f64 {
        let (Some(sound), Some(picture)) = (self.sound, self.picture) else {
            return 0.0;
        };
        (sound.1 - picture.0).max(picture.1 - sound.0)
    }
}

/// What differs from one hour to another.
#[derive(Clone, Copy, Debug)]
struct Hour {
    /// Of the clock that reports are by, of sound and of picture.
    ppm: [f64; 3],
    /// How much longer a picture is on its way: it is larger.
    picture_delay: Duration,
    /// The call began before the recording.
    is_late: bool,
}

impl Stream {
    fn new(random: &mut StdRng, hour: &Hour, codec: Codec) -> Self {
        let is_sound = codec == Codec::Opus;
        Self {
            codec,
            every: millis(if is_sound { 20 } else { 33 }),
            ppm: hour.ppm[if is_sound { 1 } else { 2 }],
            first_timestamp: random.random(),
            clock: ClockMap::new(codec.clock_rate()),
            next_report: if hour.is_late {
                Duration::ZERO
            } else {
                millis(random.random_range(500..1500))
            },
        }
    }

    /// What is captured then. A number at the end tells it from others.
    fn send(&mut self, random: &mut StdRng, hour: &Hour, time: Duration, number: u32) -> TapPacket {
        let ticks = ticks_in(scaled(time, self.ppm), self.codec.clock_rate());
        let timestamp = self.first_timestamp.wrapping_add(ticks);
        if time >= self.next_report {
            let ntp = NtpTime::from_unix(Duration::from_secs(1_795_816_800) + scaled(time, hour.ppm[0]));
            self.clock.handle_sender_report(ntp, timestamp);
            self.next_report = time + millis(random.random_range(1000..5000));
        }
        // a key frame of VP8, or anything of Opus
        let payload = [&[0x10, 0x10], &number.to_be_bytes()[..]].concat();
        TapPacket {
            sequence: number.into(),
            timestamp,
            ntp: self.clock.ntp_at(timestamp),
            ..packet(self.codec, 0, payload)
        }
    }
}

fn scaled(time: Duration, ppm: f64) -> Duration {
    time.mul_f64(1.0 + ppm / 1e6)
}

/// Second by second; and the most that the intake says of it in the first ten of them, and later, in milliseconds.
fn simulate(seed: u64, hour: &Hour) -> (Vec<Skew>, [f64; 2]) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut arrivals = Vec::new();
    let mut captured = [Vec::new(), Vec::new()];
    for (track, codec) in [Codec::Opus, Codec::Vp8].into_iter().enumerate() {
        let mut stream = Stream::new(&mut random, hour, codec);
        let mut time = millis(100);
        while time < Duration::from_secs(SECONDS) {
            let number = captured[track].len() as u32;
            let delay = if track == 0 {
                Duration::ZERO
            } else {
                hour.picture_delay
            };
            let jitter = Duration::from_micros(random.random_range(0..80_000));
            let sent = stream.send(&mut random, hour, time, number);
            arrivals.push((time + millis(25) + delay + jitter, track as u8 + 1, sent));
            captured[track].push(time);
            time += stream.every;
        }
    }
    arrivals.sort_by_key(|(at, ..)| *at);
    let kinds = [(1, MediaKind::Audio), (2, MediaKind::Video)];
    let sources = kinds.map(|(number, kind)| Source {
        number,
        owner: 5,
        kind,
    });
    let mut driver = Driver::new(sources.to_vec());
    let mut told = [0.0f64; 2];
    for (at, number, sent) in arrivals {
        driver.arrive(at, number, sent);
        if let Some(skew) = driver.intake.skew() {
            let most = &mut told[usize::from(at > Duration::from_secs(10))];
            *most = most.max(skew.as_secs_f64() * 1e3);
        }
    }
    driver.end(Duration::from_secs(SECONDS + 1));
    let mut skews = vec![Skew::default(); SECONDS as usize];
    for frame in driver.frames() {
        let number = u32::from_be_bytes(*frame.bytes.last_chunk().unwrap());
        let at: Duration = captured[usize::from(frame.track - 1)][number as usize];
        let error = frame.micros as f64 / 1e3 - at.as_secs_f64() * 1e3;
        skews[at.as_secs() as usize].note(frame.track, error);
    }
    (skews, told)
}

/// The most in the first ten seconds, in the last ten, and in those between.
fn most(skews: &[Skew]) -> [f64; 3] {
    let end = skews.len() - 10;
    [&skews[..10], &skews[end..], &skews[10..end]].map(|part| part.iter().map(Skew::most).fold(0.0, f64::max))
}

const SECONDS: u64 = 3600;
const DRIFTS: [[f64; 3]; 4] = [
    [100.0, 100.0, -100.0],
    [-100.0, -100.0, 100.0],
    [100.0, -100.0, -100.0],
    [0.0, 100.0, 100.0],
];

#[test]
fn lips_stay_with_the_voice_for_an_hour_of_a_call() {
    for (seed, ppm) in (0..).zip(DRIFTS) {
        let hour = Hour {
            ppm,
            picture_delay: millis(60),
            is_late: true,
        };
        let (skews, told) = simulate(seed, &hour);
        let [first, last, between] = most(&skews);
        println!(
            "{hour:?}: skew of {first:.1} ms in the first 10 s, {between:.1} ms then, {last:.1} ms in the last 10 s"
        );
        assert!(told.into_iter().all(|told| told < 5.0), "{told:?}");
        assert!(first < 5.0 && between < 5.0 && last < 5.0);
        let offset = skews[0].sound.unwrap();
        assert!(
            (25.0..45.0).contains(&offset.0),
            "what came fastest shows the offset: {offset:?}"
        );
    }
}

#[test]
fn lips_come_to_the_voice_when_reports_come() {
    for (seed, ppm) in (0..).zip(DRIFTS) {
        let hour = Hour {
            ppm,
            picture_delay: millis(15),
            is_late: false,
        };
        let (skews, told) = simulate(seed, &hour);
        let [first, last, between] = most(&skews);
        println!(
            "{hour:?}: skew of {first:.1} ms in the first 10 s, {between:.1} ms then, {last:.1} ms in the last 10 s; told: {told:.1?}"
        );
        // up to the reports of both nobody knows of it: what is left by then is told, and gets less
        assert!(
            (10.0..first + 5.0).contains(&told[0]) && told[1] < 5.0,
            "{told:?}"
        );
        assert!(first < 40.0 && between < 5.0 && last < 5.0);
    }
}
