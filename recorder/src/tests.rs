//! Recordings on disks that fail, and after crashes at every point.

mod killed;
mod together;

use std::collections::BTreeSet;

use super::*;
use crate::folder::{CONSENTS, KEYS, capture_name, part_name};
use crate::frame::Reason;
use crate::journal::{Cluster, File, Record};
use crate::storage::read_all;
use crate::testing::{Faulty, Trouble, blocks, manifest, second};

const SECONDS: u64 = 6;

/// What somebody was told of a recording.
#[derive(Debug, Default)]
struct Told {
    /// Nothing up to here may ever be lost, if something was said to be safe.
    safe_micros: Option<u64>,
    /// The recording said that it began.
    has_begun: bool,
    /// It has lines beside the media, one each second.
    has_lines: bool,
    troubles: Vec<&'static str>,
}

/// Records for some seconds; whatever goes wrong, it goes on.
fn record(storage: &mut Faulty) -> Told {
    let mut told = Told::default();
    let mut recording = match Recording::begin(&mut *storage, manifest()) {
        Ok(recording) => recording,
        Err(error) => {
            told.troubles.push(name_of(&error));
            return told;
        }
    };
    told.has_begun = true;
    told.has_lines = true;
    for number in 0..SECONDS {
        recording.handle_beside(beside_of(number), &line(number));
        second(number)
            .into_iter()
            .for_each(|frame| recording.handle_frame(frame));
        match recording.commit() {
            Ok(safe) => told.safe_micros = Some(safe),
            Err(error) => told.troubles.push(name_of(&error)),
        }
    }
    match recording.end() {
        Ok(safe) => told.safe_micros = Some(safe),
        Err(error) => told.troubles.push(name_of(&error)),
    }
    told
}

const fn name_of(error: &CommitError) -> &'static str {
    match error {
        CommitError::Full => "full",
        CommitError::Failed(_) => "failed",
        CommitError::Renewed(_) => "renewed",
        CommitError::Unfinished(_) => "unfinished",
        CommitError::Lost(_) => "lost",
    }
}

/// Frames as blocks have them: times in whole milliseconds.
fn as_blocks(frames: impl Iterator<Item = Frame>) -> BTreeSet<(u8, u64, Vec<u8>)> {
    frames
        .map(|frame| (frame.track, frame.micros / 1000, frame.bytes))
        .collect()
}

/// Every frame that came in [`record`].
fn all() -> BTreeSet<(u8, u64, Vec<u8>)> {
    as_blocks((0..SECONDS).flat_map(second))
}

/// Every frame that came up to a time.
fn expected(safe_micros: u64) -> BTreeSet<(u8, u64, Vec<u8>)> {
    let came = (0..=safe_micros / 1_000_000).flat_map(second);
    as_blocks(came.filter(|frame| frame.micros <= safe_micros))
}

/// Every frame that is in the files.
fn recorded(storage: &mut impl Storage) -> BTreeSet<(u8, u64, Vec<u8>)> {
    let mut found = BTreeSet::new();
    for number in 0..10 {
        for name in [capture_name(number), part_name(number)] {
            if storage.length(&name).is_ok() {
                found.extend(as_blocks(blocks(&read_all(storage, &name).unwrap()).into_iter()));
            }
        }
    }
    found
}

/// What stands beside the media before the frames of a second.
fn line(number: u64) -> String {
    format!("line {number} {}", "of what they depend on ".repeat(3))
}

fn beside_of(number: u64) -> Beside {
    if number.is_multiple_of(2) {
        Beside::Consents
    } else {
        Beside::Keys
    }
}

/// What frames that are safe depend on is there, once, whole and in order; of what follows the last line may be torn.
fn assert_lines(storage: &mut impl Storage, safe_micros: u64, what: &str) {
    for (beside, name) in [(Beside::Consents, CONSENTS), (Beside::Keys, KEYS)] {
        let numbers = || (0..SECONDS).filter(|number| beside_of(*number) == beside);
        let wanted = numbers()
            .filter(|number| *number <= safe_micros / 1_000_000)
            .count();
        let all: Vec<_> = numbers().map(line).collect();
        let bytes = read_all(storage, name).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let whole: Vec<_> = text
            .split_inclusive('\n')
            .filter_map(|one| one.strip_suffix('\n'))
            .collect();
        assert!(
            whole.len() >= wanted,
            "{what}: {} of {wanted} in {name}",
            whole.len()
        );
        assert_eq!(whole[..wanted], all[..wanted], "{what}: {name}");
    }
}

/// After whatever happened: it verifies, and has what was said to be safe.
fn assert_kept(storage: &mut impl Storage, told: &Told, what: &str) {
    let verified = verify(storage)
        .unwrap()
        .unwrap_or_else(|fault| panic!("{what}: {fault}"));
    assert!(verified.is_ended, "{what}");
    assert!(Some(verified.safe_micros) >= told.safe_micros, "{what}");
    if let Some(safe) = told.safe_micros.filter(|safe| told.has_lines && *safe > 0) {
        assert_lines(storage, safe, what);
    }
    let found = recorded(storage);
    let is_told = |track: u8, millis: u64| {
        let gaps = verified.gaps.iter().filter(|gap| gap.track == track);
        gaps.into_iter()
            .any(|gap| (gap.from..=gap.to).contains(&(millis * 1000)))
    };
    let mut wanted = told.safe_micros.map(expected).unwrap_or_default();
    wanted.retain(|(track, millis, _)| !is_told(*track, *millis));
    assert!(
        wanted.is_subset(&found),
        "{what}: {} of {}",
        found.intersection(&wanted).count(),
        wanted.len()
    );
}

#[test]
fn a_recording_without_trouble_has_every_frame() {
    let mut storage = Faulty::default();
    let told = record(&mut storage);
    assert_eq!(told.troubles, [""; 0]);
    assert_kept(&mut storage, &told, "at the end");
    assert_eq!(recorded(&mut storage), all());
    assert_eq!(recover(&mut storage).unwrap(), Recovered::Nothing);
}

#[test]
fn a_crash_at_any_point_costs_nothing_that_was_safe() {
    let operations = {
        let mut storage = Faulty::default();
        record(&mut storage);
        storage.operations
    };
    let mut crashes = 0;
    for at in 1..=operations {
        for seed in 0..8 {
            let mut storage = Faulty::with(at, Trouble::Crash);
            let told = record(&mut storage);
            assert!(storage.has_crashed());
            let mut left = storage.after_crash(seed);
            match recover(&mut left) {
                Ok(_) => assert_kept(&mut left, &told, &format!("crash at {at}, seed {seed}")),
                Err(error) => assert!(!told.has_begun, "crash at {at}, seed {seed}: {error}"),
            }
            crashes += 1;
        }
    }
    assert!(crashes > 200, "{crashes}");
}

#[test]
fn a_recovery_that_crashes_is_done_again() {
    for at in 10..40 {
        let mut storage = Faulty::with(at, Trouble::Crash);
        let told = record(&mut storage);
        let left = storage.after_crash(at);
        for again in 1..20 {
            let mut crashing = left.clone();
            crashing.trouble = Some((again, Trouble::Crash));
            let first = recover(&mut crashing);
            let mut back = crashing.after_crash(again);
            if let Err(error) = recover(&mut back) {
                assert!(!told.has_begun, "{at}, {again}: {error}");
                continue;
            }
            assert_kept(
                &mut back,
                &told,
                &format!("crash at {at}, then at {again}: {first:?}"),
            );
        }
    }
}

#[test]
fn a_cluster_that_is_not_durable_is_not_in_the_index() {
    let left = |records: &[u8]| {
        let mut storage = Faulty::default();
        let mut recording = Recording::begin(&mut storage, manifest()).unwrap();
        second(0)
            .into_iter()
            .for_each(|frame| recording.handle_frame(frame));
        recording.commit().unwrap();
        storage.change("journal.log", |bytes| bytes.extend(records));
        recover(&mut storage).unwrap();
        storage.bytes(&capture_name(0)).to_vec()
    };
    let torn = Record::Cluster(Cluster {
        millis: 1000,
        offset: 1 << 20,
    });
    assert_eq!(left(&torn.write()), left(&[]));
}

#[test]
fn a_file_that_was_begun_and_is_not_durable_does_not_get_the_end_of_the_one_before() {
    let mut storage = Faulty::default();
    let mut recording = Recording::begin(&mut storage, manifest()).unwrap();
    second(0)
        .into_iter()
        .for_each(|frame| recording.handle_frame(frame));
    let told = Told {
        has_lines: false,
        safe_micros: Some(recording.commit().unwrap()),
        has_begun: true,
        troubles: Vec::new(),
    };
    let torn = Record::File(File { number: 1 });
    storage.change("journal.log", |bytes| bytes.extend(torn.write()));
    recover(&mut storage).unwrap();
    assert_kept(&mut storage, &told, "after a record of another file");
}

#[test]
fn an_error_at_any_point_is_told_and_costs_nothing_that_was_safe() {
    let operations = {
        let mut storage = Faulty::default();
        record(&mut storage);
        storage.operations
    };
    for at in 1..=operations {
        let mut storage = Faulty::with(at, Trouble::Failed);
        let told = record(&mut storage);
        // of what is only cut back after an error, an error is that of the file
        assert!(!told.troubles.is_empty(), "an error at {at} is told");
        if told.has_begun {
            recover(&mut storage).unwrap();
            assert_kept(
                &mut storage,
                &told,
                &format!("error at {at}: {:?}", told.troubles),
            );
        }
    }
}

#[test]
fn a_journal_that_fails_is_written_anew_and_costs_nothing() {
    let mut times = 0;
    for at in 1..60 {
        let mut storage = Faulty::with(at, Trouble::Failed);
        let told = record(&mut storage);
        if !told.has_begun || told.troubles != ["renewed"] {
            continue;
        }
        times += 1;
        assert_kept(&mut storage, &told, &format!("error at {at}"));
        assert_eq!(recorded(&mut storage), all(), "error at {at}");
        for again in at + 1..at + 10 {
            for seed in 0..4 {
                let mut storage = Faulty::with(at, Trouble::Failed);
                storage.crash_at = Some(again);
                let told = record(&mut storage);
                let mut left = storage.after_crash(seed);
                recover(&mut left).unwrap();
                assert_kept(
                    &mut left,
                    &told,
                    &format!("error at {at}, crash at {again}, seed {seed}"),
                );
            }
        }
    }
    assert!(times >= 2 * SECONDS, "a write and a sync of each second: {times}");
}

#[test]
fn writes_that_are_short_cost_nothing() {
    for at in 1..60 {
        let mut storage = Faulty::with(at, Trouble::Short);
        let told = record(&mut storage);
        assert_eq!(told.troubles, [""; 0], "short at {at}");
        assert_eq!(recorded(&mut storage), all(), "short at {at}");
    }
}

#[test]
fn a_full_disk_costs_pictures_and_no_sound() {
    let mut times = 0;
    for at in 1..60 {
        let mut storage = Faulty::with(at, Trouble::Full(1));
        let told = record(&mut storage);
        if !told.has_begun || told.troubles != ["full"] {
            continue;
        }
        let verified = verify(&mut storage).unwrap().unwrap();
        let missing = all()
            .difference(&recorded(&mut storage))
            .cloned()
            .collect::<BTreeSet<_>>();
        assert!(
            missing.iter().all(|(track, ..)| track % 2 == 0),
            "every sound is there"
        );
        let told: Vec<_> = verified.gaps.iter().map(|gap| (gap.track, gap.reason)).collect();
        if missing.is_empty() {
            // it was but the end that found no room
            assert_eq!(told, [], "full at {at}");
        } else {
            assert_eq!(
                told,
                [(2, Reason::DiskFull), (4, Reason::DiskFull)],
                "full at {at}"
            );
            times += 1;
        }
    }
    assert!(
        times >= 2 * SECONDS,
        "the file and the journal of each second: {times}"
    );
}

#[test]
fn a_file_that_fails_goes_on_as_another_and_pictures_with_their_next_key_frame() {
    let sounds = |all: BTreeSet<(u8, u64, Vec<u8>)>| {
        all.into_iter()
            .filter(|frame| frame.0 % 2 == 1)
            .collect::<Vec<_>>()
    };
    let mut failures = 0;
    for at in 1..60 {
        let mut storage = Faulty::with(at, Trouble::Failed);
        let told = record(&mut storage);
        if !told.has_begun || told.troubles != ["failed"] {
            continue;
        }
        let verified = verify(&mut storage)
            .unwrap()
            .unwrap_or_else(|fault| panic!("error at {at}: {fault}"));
        if storage.length(&capture_name(1)).is_err() {
            // a line beside the media, which is written once more
            assert_eq!(recorded(&mut storage), all(), "error at {at}");
            continue;
        }
        failures += 1;
        assert_eq!(sounds(recorded(&mut storage)), sounds(all()), "error at {at}");
        assert!(verified.gaps.iter().all(|gap| gap.reason == Reason::DiskFailed));
    }
    assert!(
        failures >= 2 * SECONDS,
        "a write and a sync of each second: {failures}"
    );
}

#[test]
fn an_independent_demuxer_reads_every_frame_and_what_they_are_encrypted_with() {
    let mut storage = Faulty::default();
    record(&mut storage);
    let mut bytes = storage.bytes(&capture_name(0)).to_vec();
    // this demuxer takes the name of a key for a number; RFC 9559 §5.1.4.1.31.10 says that it is binary: made void
    while let Some(at) = bytes.windows(3).position(|window| window == [0x47, 0xe2, 0x90]) {
        bytes[at..at + 2].copy_from_slice(&[0xec, 0x91]);
    }
    let file = std::io::Cursor::new(bytes);
    let mut demuxer = matroska_demuxer::MatroskaFile::open(file).unwrap();
    assert_eq!(demuxer.ebml_header().doc_type(), "matroska");
    let codecs: Vec<_> = demuxer
        .tracks()
        .iter()
        .map(|track| track.codec_id().to_owned())
        .collect();
    assert_eq!(codecs, ["A_OPUS", "V_VP8", "A_OPUS", "V_VP9", "V_VP8"]);
    let is_encrypted =
        |track: &matroska_demuxer::TrackEntry| track.content_encodings().is_some_and(|all| all.len() == 1);
    assert!(demuxer.tracks().iter().all(is_encrypted));
    let mut found = BTreeSet::new();
    let mut frame = matroska_demuxer::Frame::default();
    while demuxer.next_frame(&mut frame).unwrap() {
        found.insert((frame.track as u8, frame.timestamp, frame.data.clone()));
    }
    assert_eq!(found, all());
}

mod changed {
    use super::*;

    fn ended() -> Faulty {
        let mut storage = Faulty::default();
        record(&mut storage);
        storage
    }

    fn fault(storage: &mut Faulty) -> Fault {
        verify(storage).unwrap().expect_err("a fault")
    }

    #[test]
    fn a_bit_of_the_file_is_found_in_its_span() {
        let length = ended().bytes(&capture_name(0)).len();
        for at in (0..length).step_by(97) {
            let mut storage = ended();
            storage.change(&capture_name(0), |bytes| bytes[at] ^= 4);
            let Fault::Bytes { file: 0, from, to } = fault(&mut storage) else {
                panic!("byte {at}")
            };
            assert!((from..to).contains(&(at as u64)), "byte {at} in {from}..{to}");
        }
    }

    #[test]
    fn a_file_that_was_cut_or_made_longer() {
        let mut storage = ended();
        let length = storage.bytes(&capture_name(0)).len() as u64;
        storage.change(&capture_name(0), |bytes| bytes.truncate(bytes.len() - 1));
        assert!(
            matches!(fault(&mut storage), Fault::Short { wanted, length: had, .. } if wanted == length && had == length - 1)
        );
        let mut storage = ended();
        storage.change(&capture_name(0), |bytes| bytes.push(0));
        assert_eq!(
            fault(&mut storage),
            Fault::Long {
                file: 0,
                from: length
            }
        );
    }

    #[test]
    fn clusters_that_changed_places() {
        let mut storage = ended();
        storage.change(&capture_name(0), |bytes| {
            let half = bytes.len() / 2;
            bytes[half - 2000..half + 2000].rotate_left(2000);
        });
        assert!(matches!(fault(&mut storage), Fault::Bytes { from, to, .. } if from > 0 && to > from));
    }

    #[test]
    fn a_journal_that_was_cut_changed_or_is_of_another_recording() {
        let mut storage = ended();
        storage.change("journal.log", |bytes| bytes.truncate(bytes.len() - 3));
        assert!(matches!(fault(&mut storage), Fault::Journal { .. }));
        let mut storage = ended();
        storage.change("journal.log", |bytes| bytes[200] ^= 1);
        assert!(matches!(fault(&mut storage), Fault::Journal { length } if length < 200));
        let mut storage = ended();
        storage.change("manifest.json", |bytes| {
            let text = String::from_utf8(bytes.clone())
                .unwrap()
                .replace("000102", "000103");
            *bytes = text.into_bytes();
        });
        assert!(
            matches!(fault(&mut storage), Fault::Bytes { file: 0, from: 0, .. }),
            "of another recording"
        );
    }

    #[test]
    fn what_is_no_recording_is_told() {
        let mut storage = ended();
        storage.change("manifest.json", |bytes| bytes.truncate(5));
        assert!(matches!(verify(&mut storage), Err(FolderError::Manifest(_))));
        assert!(matches!(
            verify(&mut Faulty::default()),
            Err(FolderError::Io { .. })
        ));
    }
}
