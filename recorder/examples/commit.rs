//! What it costs to keep recordings safe, and to bring one to its end after a crash.
//!
//! ```sh
//! cargo run --release -p rapport-recorder --example commit -- FOLDER [SECONDS]
//! ```
//!
//! In the folder 1, 10 and 100 recordings are made for that long (15 s), in real time: each of a picture of 30 frames a
//! second of 3 kB and a sound of 50 of 80 B. Then one of an hour is written as fast as it goes, left as a crash leaves
//! it, recovered and verified. Whatever else writes to the file system is waited for too, so say what did.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use rapport_recorder::{
    Disk, Event, FileSystem, Frame, Limits, Manifest, Recorder, RecordingId, Track, recover, verify,
};
use rapport_seal::Codec;

const LIMITS: Limits = Limits {
    floor_bytes: 1 << 30,
    reserve_bytes: 64 << 20,
    quota_bytes: None,
};
const PICTURES_PER_SECOND: u64 = 30;
const SOUNDS_PER_SECOND: u64 = 50;
const PICTURE_BYTES: usize = 3000;
const SOUND_BYTES: usize = 80;
/// A key frame every 2 s.
const PICTURES_PER_KEY: u64 = 60;
/// How often frames are handed over.
const TURN: Duration = Duration::from_millis(20);
const HOUR: u64 = 3600;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("in which folder?")?;
    let seconds = arguments.next().map_or(Ok(15), |seconds| seconds.parse())?;
    println!("recordings  syncs/s  p50 ms  p95 ms  max ms  processor %  kB/s");
    for count in [1, 10, 100] {
        let folder = Path::new(&folder).join(format!("commit-{count}"));
        fs::create_dir(&folder)?;
        measure_commits(&folder, count, Duration::from_secs(seconds))?;
        fs::remove_dir_all(&folder)?;
    }
    let folder = Path::new(&folder).join("commit-hour");
    fs::create_dir(&folder)?;
    measure_recovery(&folder)?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn measure_commits(folder: &Path, count: u8, wanted: Duration) -> Result<(), Box<dyn Error>> {
    let mut recorder = Recorder::open(FileSystem::of(folder)?, LIMITS, Instant::now())?;
    for number in 0..count {
        recorder.handle_begin(manifest(number))?;
    }
    commit(&mut recorder)?;
    let before = recorder.stats();
    let processor = processor()?;
    let begun = Instant::now();
    let mut took = Vec::new();
    let mut given = Duration::ZERO;
    while given < wanted {
        thread::sleep(TURN);
        let now = begun.elapsed();
        for frame in frames(given, now) {
            (0..count).for_each(|number| recorder.handle_frame(id(number), frame.clone()));
        }
        given = now;
        if recorder
            .poll_timeout()
            .is_some_and(|timeout| timeout <= Instant::now())
        {
            took.push(commit(&mut recorder)?);
        }
    }
    let passed = begun.elapsed().as_secs_f64();
    let after = recorder.stats();
    took.sort();
    let millis = |part: f64| took[((took.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1000.0;
    println!(
        "{count:10}  {:7.2}  {:6.1}  {:6.1}  {:6.1}  {:11.2}  {:4.0}",
        (after.syncs.count - before.syncs.count) as f64 / passed,
        millis(0.5),
        millis(0.95),
        millis(1.0),
        (self::processor()? - processor).as_secs_f64() / passed * 100.0,
        (after.bytes_written - before.bytes_written) as f64 / passed / 1000.0,
    );
    Ok(())
}

fn measure_recovery(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut recorder = Recorder::open(FileSystem::of(folder)?, LIMITS, Instant::now())?;
    recorder.handle_begin(manifest(0))?;
    for second in 0..HOUR {
        let (from, to) = (Duration::from_secs(second), Duration::from_secs(second + 1));
        frames(from, to).for_each(|frame| recorder.handle_frame(id(0), frame));
        commit(&mut recorder)?;
    }
    drop(recorder);
    let mut disk = Disk::of(&folder.join(id(0).to_string()));
    let begun = Instant::now();
    recover(&mut disk)?;
    println!(
        "an hour, left by a crash: recovered in {:.1} ms",
        begun.elapsed().as_secs_f64() * 1000.0
    );
    let begun = Instant::now();
    let verified = verify(&mut disk)?.map_err(|fault| fault.to_string())?;
    let passed = begun.elapsed();
    println!(
        "{:.1} MB of it verified in {:.2} s, read from memory",
        verified.bytes as f64 / 1e6,
        passed.as_secs_f64()
    );
    Ok(())
}

/// How long it took. There is nothing to measure where a disk is in trouble.
fn commit(recorder: &mut Recorder<FileSystem>) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    recorder.commit(begun);
    let took = begun.elapsed();
    while let Some((_, event)) = recorder.poll_event() {
        if let Event::Trouble(error) | Event::Lost(error) = event {
            return Err(error.into());
        }
    }
    Ok(took)
}

/// Of this process, the kernel's work for it included.
fn processor() -> Result<Duration, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

const fn id(number: u8) -> RecordingId {
    RecordingId([number; 16])
}

fn manifest(number: u8) -> Manifest {
    let track = |codec| Track {
        codec,
        sender: 16,
        device: None,
        spare_of: None,
        width: 0,
        height: 0,
    };
    Manifest {
        version: 1,
        id: id(number),
        begun: 1_795_816_800_000,
        layout: 2,
        suite: 5,
        room: None,
        purpose: None,
        expires: None,
        tracks: vec![track(Codec::Opus), track(Codec::Vp8)],
    }
}

/// What comes in this time, track by track.
fn frames(from: Duration, to: Duration) -> impl Iterator<Item = Frame> {
    let of = move |track: u8, per_second: u64, bytes: usize, per_key: u64| {
        let number = move |time: Duration| (time.as_micros() as u64 * per_second).div_ceil(1_000_000);
        (number(from)..number(to)).map(move |at| Frame {
            track,
            micros: at * 1_000_000 / per_second,
            is_key: at % per_key == 0,
            bytes: vec![at as u8; bytes],
        })
    };
    of(1, SOUNDS_PER_SECOND, SOUND_BYTES, 1).chain(of(
        2,
        PICTURES_PER_SECOND,
        PICTURE_BYTES,
        PICTURES_PER_KEY,
    ))
}
