//! A real process on a real disk that is killed in the middle of it.
//!
//! The process is this very test: [`records_until_it_is_killed`], in a folder that [`FOLDER`] names. What the kernel has
//! been given outlives a process, so this shows that files and journals are in order at every moment, and not that syncs
//! are where they have to be; the disk that forgets does that.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt as _;

use super::*;
use crate::testing::Temporary;
use crate::tests::together::{ids, manifest_of};

const FOLDER: &str = "RAPPORT_RECORDER_FOLDER";
/// How often; 20 if it is not set.
const KILLS: &str = "RAPPORT_RECORDER_KILLS";

/// Longer than the process lives.
const MANY_SECONDS: u64 = 1000;
/// After so many lines: some while recordings begin, and most when they have been at it for a while.
const LINES: Range<usize> = 0..60;
/// And so much later: within the next commit or two.
const LATER_MICROS: Range<u64> = 0..20_000;

#[test]
#[ignore = "it is the process that is killed"]
fn records_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let volume = FileSystem::of(Path::new(&folder)).unwrap();
    let limits = Limits {
        floor_bytes: 0,
        reserve_bytes: 1 << 20,
        quota_bytes: None,
    };
    let mut recorder = Recorder::open(volume, limits, Instant::now()).unwrap();
    for (number, _) in (0..).zip(ids()) {
        recorder.handle_begin(manifest_of(number)).unwrap();
    }
    for number in 0..MANY_SECONDS {
        for id in ids() {
            second(number)
                .into_iter()
                .for_each(|frame| recorder.handle_frame(id, frame));
        }
        recorder.commit(Instant::now());
        while let Some((id, event)) = recorder.poll_event() {
            let micros = match event {
                Event::Begun => 0,
                Event::Safe(micros) => micros,
                other => panic!("{other:?}"),
            };
            writeln!(stdout(), "safe {id} {micros}").unwrap();
        }
    }
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_all_that_it_said_is_safe() {
    let times = env::var(KILLS).map_or(100, |times| times.parse().unwrap());
    let mut safe = 0;
    for time in 0..times {
        let folder = Temporary::new();
        let told = killed(folder.path());
        for (id, safe_micros) in &told {
            let told = Told {
                has_lines: false,
                safe_micros: Some(*safe_micros),
                has_begun: true,
                troubles: Vec::new(),
            };
            let mut disk = Disk::of(&folder.path().join(id));
            recover(&mut disk).unwrap();
            assert_kept(&mut disk, &told, &format!("{id}, killed time {time}, {told:?}"));
            safe += u64::from(*safe_micros > 0);
        }
    }
    assert!(
        safe > times,
        "of {times} times three recordings {safe} came to something"
    );
}

/// What was acknowledged before the end.
fn killed(folder: &Path) -> BTreeMap<String, u64> {
    let mut random = rand::rng();
    let mut process = spawn(folder);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    told.extend(lines.by_ref().take(random.random_range(LINES)));
    thread::sleep(Duration::from_micros(random.random_range(LATER_MICROS)));
    process.kill().unwrap();
    process.wait().unwrap();
    told.extend(lines);
    told.into_iter()
        .filter_map(|line| acknowledged(&line.unwrap()))
        .collect()
}

/// Test programs say other things too.
fn acknowledged(line: &str) -> Option<(String, u64)> {
    // the first stands behind the name of the test
    let (_, safe) = line.split_once("safe ")?;
    let (id, micros) = safe.split_once(' ')?;
    Some((id.to_owned(), micros.parse().ok()?))
}

fn spawn(folder: &Path) -> Child {
    let path = module_path!().split_once("::").unwrap().1;
    Command::new(env::current_exe().unwrap())
        .args([
            &format!("{path}::records_until_it_is_killed"),
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}
