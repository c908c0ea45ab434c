//! What a recorded second costs, from tapped packets to the disk.
//!
//! ```sh
//! cargo run --release -p rapport-recorder --example desk -- FOLDER [SECONDS [RECORDINGS …]]
//! ```
//!
//! 1, 10 and 100 recordings, or so many as are named, are made for that long (15 s), in real time, of sealed packets as a worker taps them: each of
//! a picture of 30 frames a second of 3 kB and a sound of 50 of 120 B. SRTP and UDP are the worker's, and not in it.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use rapport_recorder::{Desk, DeskEvent, FileSystem, Limits, Manifest, Recorder, RecordingId, Track};
use rapport_seal::{BaseKey, Kid, Sealer, Trailer};
use rapport_sfu::codec::Codec;
use rapport_sfu::id::{SenderIndex, TapId, TrackId};
use rapport_sfu::publication::arrival::EncodingIndex;
use rapport_sfu::subscription::tap::TapPacket;

const LIMITS: Limits = Limits {
    floor_bytes: 1 << 30,
    reserve_bytes: 64 << 20,
    quota_bytes: None,
};
/// Of media in one packet: what fits an Ethernet beside the headers.
const PIECE_BYTES: usize = 1100;
const PICTURE_BYTES: usize = 3000;
const SOUND_BYTES: usize = 120;
const PICTURES_PER_KEY: u64 = 120;
const SENDER: SenderIndex = SenderIndex(17);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("in which folder?")?;
    let seconds = arguments.next().map_or(Ok(15), |seconds| seconds.parse())?;
    let named: Vec<u16> = arguments.map(|count| count.parse()).collect::<Result<_, _>>()?;
    let counts = if named.is_empty() { vec![1, 10, 100] } else { named };
    println!("recordings  packets/s  processor %  µs a recorded second  most unsafe  safe at the end");
    for count in counts {
        let folder = Path::new(&folder).join(format!("desk-{count}"));
        fs::create_dir(&folder)?;
        measure(&folder, count, Duration::from_secs(seconds))?;
        fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn measure(folder: &Path, count: u16, wanted: Duration) -> Result<(), Box<dyn Error>> {
    let media = Media::of(wanted)?;
    let begun = Instant::now();
    let mut desk = Desk::new(Recorder::open(FileSystem::of(folder)?, LIMITS, begun)?);
    for number in 0..count {
        let feeds = [tap(number, 0), tap(number, 1)].map(|tap| (tap, 1));
        desk.handle_begin(begun, manifest(number), &feeds, (begun + wanted * 2, Vec::new()));
        desk.handle_capsule(id(number), Kid::first_of(SENDER).0, "{}".to_owned());
    }
    let processor = processor()?;
    let (mut packets, mut safe, mut lag) = (0_u64, u64::MAX, Duration::ZERO);
    let mut rest = media.0.iter().peekable();
    while rest.peek().is_some() {
        thread::sleep(Duration::from_millis(5));
        let now = Instant::now();
        while let Some((_, packet)) = rest.next_if(|(at, _)| begun + *at <= now) {
            for number in 0..count {
                let (tap, arrived) = (tap(number, packet.track.0 as u8), now);
                desk.handle_packet(
                    now,
                    TapPacket {
                        tap,
                        arrived,
                        ..packet.clone()
                    },
                );
                packets += 1;
            }
        }
        if desk.poll_timeout().is_some_and(|due| due <= now) {
            desk.handle_timeout(now);
            lag = lag.max(desk.stats().lag);
        }
        while let Some((_, event)) = desk.poll_event() {
            match event {
                DeskEvent::Safe(micros) => safe = micros,
                DeskEvent::Trouble(error) | DeskEvent::Lost(error) => return Err(error.into()),
                _ => {}
            }
        }
    }
    let passed = begun.elapsed().as_secs_f64();
    let spent = (self::processor()? - processor).as_secs_f64();
    println!(
        "{count:10}  {:9.0}  {:11.2}  {:20.0}  {:9.2} s  {:.1} of {:.1} s",
        packets as f64 / passed,
        spent / passed * 100.0,
        spent * 1e6 / passed / f64::from(count),
        lag.as_secs_f64(),
        safe as f64 / 1e6,
        passed,
    );
    Ok(())
}

/// Sealed packets of one person, by when they come.
struct Media(Vec<(Duration, TapPacket)>);

impl Media {
    fn of(span: Duration) -> Result<Self, Box<dyn Error>> {
        let mut sealer = Sealer::new(&BaseKey::new(Kid::first_of(SENDER), [7; 32]), 0)?;
        let mut made = Vec::new();
        let mut numbers = [0_u64; 2];
        let mut add =
            |track: u8, at: Duration, (codec, marker, keyframe): (Codec, bool, bool), payload: Vec<u8>| {
                numbers[usize::from(track)] += 1;
                let packet = TapPacket {
                    tap: TapId(0),
                    track: TrackId(track.into()),
                    encoding: EncodingIndex(0),
                    sequence: numbers[usize::from(track)],
                    timestamp: (at.as_secs_f64() * f64::from(codec.clock_rate())) as u32,
                    marker,
                    codec,
                    keyframe,
                    ntp: None,
                    payload: Bytes::from(payload),
                    arrived: Instant::now(),
                };
                made.push((at, packet));
            };
        for number in 0..span.as_secs() * 50 {
            let frame = [&[0x78][..], &[number as u8; SOUND_BYTES]].concat();
            let sealed = sealer.seal(rapport_seal::Codec::Opus, &frame, &Trailer::default())?;
            add(
                0,
                Duration::from_millis(20) * number as u32,
                (Codec::Opus, false, true),
                sealed,
            );
        }
        for number in 0..span.as_secs() * 30 {
            let is_key = number % PICTURES_PER_KEY == 0;
            let head: &[u8] = if is_key {
                &[0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1]
            } else {
                &[0x11, 0, 0]
            };
            let frame = [head, &[number as u8; PICTURE_BYTES]].concat();
            let sealed = sealer.seal(rapport_seal::Codec::Vp8, &frame, &Trailer::default())?;
            let pieces: Vec<_> = sealed.chunks(PIECE_BYTES).collect();
            for (at, piece) in pieces.iter().enumerate() {
                // RFC 7741 §4.2: S where the partition starts; X, I and 15 bits of picture id
                let [high, low] = (number as u16 | 0x8000).to_be_bytes();
                let descriptor = [0x80 | u8::from(at == 0) << 4, 0x80, high, low];
                let marks = (Codec::Vp8, at + 1 == pieces.len(), is_key && at == 0);
                let time = Duration::from_nanos(1_000_000_000 / 30) * number as u32;
                add(1, time, marks, [&descriptor, *piece].concat());
            }
        }
        made.sort_by_key(|(at, packet)| (*at, packet.track, packet.sequence));
        Ok(Self(made))
    }
}

/// Of this process, the kernel's work for it included.
fn processor() -> Result<Duration, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

fn tap(recording: u16, track: u8) -> TapId {
    TapId(u64::from(recording) * 2 + u64::from(track))
}

fn id(number: u16) -> RecordingId {
    RecordingId(std::array::from_fn(|at| number.to_be_bytes()[at % 2]))
}

fn manifest(number: u16) -> Manifest {
    let track = |codec| Track {
        codec,
        sender: SENDER.0,
        device: None,
        spare_of: None,
        width: 0,
        height: 0,
    };
    Manifest {
        version: Manifest::VERSION,
        id: id(number),
        begun: 0,
        layout: 2,
        suite: 5,
        room: None,
        purpose: None,
        expires: None,
        tracks: vec![track(rapport_seal::Codec::Opus), track(rapport_seal::Codec::Vp8)],
    }
}
