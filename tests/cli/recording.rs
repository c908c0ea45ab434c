//! `rapport recording`, on folders that a recorder has left.

use std::fs;
use std::path::{Path, PathBuf};

use rapport_recorder::{Disk, Frame, Manifest, Recording, RecordingId, Track};
use rapport_seal::Codec;

use crate::support::{Folder, failure, rapport, stdout};

const SECONDS: u64 = 65;

/// A recording of a minute of sound. Without `is_ended` its server crashed.
fn recorded(folder: &Folder, name: &str, is_ended: bool) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir(&path).unwrap();
    let manifest = Manifest {
        version: 1,
        id: RecordingId([name.len() as u8; 16]),
        begun: 1_795_816_800_000,
        layout: 2,
        suite: 5,
        room: None,
        purpose: None,
        expires: None,
        tracks: vec![Track {
            codec: Codec::Opus,
            sender: 16,
            device: None,
            spare_of: None,
            width: 0,
            height: 0,
        }],
    };
    let mut recording = Recording::begin(Disk::of(&path), manifest).unwrap();
    for second in 0..=SECONDS {
        recording.handle_frame(Frame {
            track: 1,
            micros: second * 1_000_000,
            is_key: true,
            bytes: vec![second as u8; 100],
        });
        recording.commit().unwrap();
    }
    if is_ended {
        recording.end().unwrap();
    }
    path
}

fn run(verb: &str, path: &Path) -> std::process::Output {
    let mut command = rapport(&["recording", verb]);
    command.arg(path).output().unwrap()
}

#[test]
fn recordings_are_listed_verified_and_brought_to_their_end() {
    let folder = Folder::with("");
    let complete = recorded(&folder, "complete", true);
    let crashed = recorded(&folder, "crash", false);
    let listed = run("list", folder.path());
    let lines: Vec<_> = stdout(&listed).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains("0:01:05") && lines[0].contains("not ended"),
        "{lines:?}"
    );
    assert!(
        lines[1].contains("0:01:05") && lines[1].contains("complete"),
        "{lines:?}"
    );
    assert!(stdout(&run("verify", &complete)).contains("0:01:05 safe"));
    assert!(stdout(&run("verify", &crashed)).contains("it has not ended"));
    assert!(stdout(&run("recover", &crashed)).contains("complete up to 0:01:05"));
    assert!(stdout(&run("recover", &crashed)).contains("nothing was to be done"));
    let verified = run("verify", &crashed);
    assert!(!stdout(&verified).contains("not ended"), "{}", stdout(&verified));
    assert!(stdout(&run("list", folder.path())).contains("recovered"));
}

#[test]
fn a_changed_byte_is_named_with_its_place() {
    let folder = Folder::with("");
    let path = recorded(&folder, "changed", true);
    let file = path.join("capture-000.mkv");
    let mut bytes = fs::read(&file).unwrap();
    bytes[5000] ^= 1;
    fs::write(&file, bytes).unwrap();
    let line = failure(&run("verify", &path), 1);
    assert!(line.contains("capture-000.mkv: bytes 4"), "{line}");
}

#[test]
fn what_is_no_recording_is_told() {
    let folder = Folder::with("");
    assert!(failure(&run("verify", folder.path()), 2).contains("manifest.json"));
    assert!(failure(&run("list", Path::new("/nowhere")), 2).contains("/nowhere"));
    assert_eq!(stdout(&run("list", folder.path())), "");
}

#[test]
fn what_is_held_is_listed_so_until_it_is_not_any_more() {
    let folder = Folder::with("");
    let path = recorded(&folder, "one", true);
    assert!(stdout(&run("hold", &path)).contains("not destroyed when its time is over"));
    assert!(stdout(&run("list", folder.path())).contains("complete, held"));
    let mut release = rapport(&["recording", "hold", "--release"]);
    let released = release.arg(&path).output().unwrap();
    assert!(stdout(&released).contains("not held any more"));
    assert!(!stdout(&run("list", folder.path())).contains("held"));
    assert!(failure(&run("hold", folder.path()), 2).contains("this is no recording"));
}
