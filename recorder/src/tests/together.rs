//! Three recordings that are committed together.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;
use crate::testing::Shared;

const RECORDINGS: u8 = 3;

const LIMITS: Limits = Limits {
    floor_bytes: 1000,
    reserve_bytes: 20_000,
    quota_bytes: None,
};

/// Operations of a recorder that is opened: a reserve is given back, and taken.
const OPENED: u64 = 2;

/// What came of each, and what was told.
struct Scene {
    recorder: Recorder<Shared>,
    volume: Shared,
    told: BTreeMap<RecordingId, Told>,
    now: Instant,
}

pub(super) fn manifest_of(number: u8) -> Manifest {
    Manifest {
        id: RecordingId([number; 16]),
        ..manifest()
    }
}

pub(super) fn ids() -> impl Iterator<Item = RecordingId> {
    (0..RECORDINGS).map(|number| RecordingId([number; 16]))
}

impl Scene {
    fn on(disk: Faulty) -> Option<Self> {
        let volume = Shared::of(disk);
        let now = Instant::now();
        let recorder = Recorder::open(volume.clone(), LIMITS, now).ok()?;
        Some(Self {
            recorder,
            volume,
            told: ids().map(|id| (id, Told::default())).collect(),
            now,
        })
    }

    /// All begin, record some seconds, and end; whatever goes wrong, it goes on.
    fn play(&mut self) {
        self.begin();
        (0..SECONDS).for_each(|number| self.second(number));
        ids().for_each(|id| self.recorder.handle_end(id));
        self.commit();
        // what failed is tried again
        self.commit();
    }

    fn begin(&mut self) {
        for number in 0..RECORDINGS {
            let _ = self.recorder.handle_begin(manifest_of(number));
        }
        self.commit();
    }

    fn second(&mut self, number: u64) {
        for id in ids() {
            self.told.get_mut(&id).unwrap().has_lines = true;
            self.recorder.handle_beside(id, beside_of(number), &line(number));
            for frame in second(number) {
                self.recorder.handle_frame(id, frame);
            }
        }
        self.commit();
    }

    fn commit(&mut self) {
        self.now += Duration::from_secs(1);
        self.recorder.commit(self.now);
        while let Some((id, event)) = self.recorder.poll_event() {
            let told = self.told.get_mut(&id).unwrap();
            match event {
                Event::Begun => told.has_begun = true,
                Event::Safe(micros) | Event::Ended(micros) => told.safe_micros = Some(micros),
                Event::Trouble(error) => told.troubles.push(name_of(&error)),
                Event::Room => told.troubles.push("room"),
                Event::Lost(error) => {
                    assert!(matches!(error, CommitError::Lost(_)) || self.volume.borrow_mut().has_crashed());
                    told.troubles.push("lost");
                }
            }
        }
    }

    fn troubles(&self) -> Vec<&'static str> {
        self.told
            .values()
            .flat_map(|told| told.troubles.clone())
            .collect()
    }

    fn assert_kept(&self, volume: &Shared, what: &str) {
        for (id, told) in &self.told {
            assert!(
                told.has_begun || told.safe_micros.is_none(),
                "{what}: safe before it began"
            );
            let mut folder = volume.folder(&id.to_string());
            match recover(&mut folder) {
                Ok(_) => assert_kept(&mut folder, told, what),
                Err(error) => assert!(!told.has_begun, "{what}: {error}"),
            }
        }
    }

    fn recorded(&self, id: RecordingId) -> BTreeSet<(u8, u64, Vec<u8>)> {
        recorded(&mut self.volume.folder(&id.to_string()))
    }
}

/// Of a disk without trouble.
fn operations() -> u64 {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    scene.play();
    scene.volume.borrow_mut().operations
}

#[test]
fn two_syncs_a_commit_however_many_there_are() {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    assert_eq!(scene.recorder.poll_timeout(), None);
    scene.play();
    assert_eq!(scene.troubles(), [""; 0]);
    for id in ids() {
        assert_eq!(scene.recorded(id), all());
        let mut folder = scene.volume.folder(&id.to_string());
        assert_eq!(recover(&mut folder).unwrap(), Recovered::Nothing);
    }
    let stats = scene.recorder.stats();
    let commits = SECONDS + 2;
    assert_eq!(stats.commits, commits);
    // and one for the names
    assert_eq!(scene.volume.borrow_mut().syncs, 2 * commits + 1);
    assert_eq!(stats.syncs.count, 2 * commits + 1);
    assert_eq!(stats.recordings, 0);
}

#[test]
fn a_crash_at_any_point_costs_nothing_that_was_safe_of_any() {
    for at in 1..=operations() {
        for seed in 0..8 {
            let Some(mut scene) = Scene::on(Faulty::with(at, Trouble::Crash)) else {
                continue;
            };
            scene.play();
            assert!(scene.volume.borrow_mut().has_crashed());
            let left = Shared::of(scene.volume.borrow_mut().after_crash(seed));
            scene.assert_kept(&left, &format!("crash at {at}, seed {seed}"));
        }
    }
}

#[test]
fn an_error_at_any_point_is_told_and_costs_nothing_that_was_safe_of_any() {
    let mut alone = 0;
    let mut everyones = 0;
    for at in OPENED + 1..=operations() {
        let mut scene = Scene::on(Faulty::with(at, Trouble::Failed)).unwrap();
        scene.play();
        let troubles = scene.troubles();
        let what = format!("error at {at}: {troubles:?}");
        // of one that did not begin, its own `handle_begin` told
        let begun = scene.told.values().filter(|told| told.has_begun).count();
        assert!(!troubles.is_empty() || begun < usize::from(RECORDINGS), "{what}");
        assert!(!troubles.contains(&"lost"), "{what}");
        alone += usize::from(troubles.len() == 1);
        everyones += usize::from(troubles.len() == usize::from(RECORDINGS));
        let volume = scene.volume.clone();
        scene.assert_kept(&volume, &what);
        for id in ids().filter(|id| scene.told[id].has_begun) {
            let sounds = |mut all: BTreeSet<(u8, u64, Vec<u8>)>| {
                all.retain(|frame| frame.0 % 2 == 1);
                all
            };
            assert_eq!(sounds(scene.recorded(id)), sounds(all()), "{what}");
        }
    }
    let commits = SECONDS as usize + 1;
    assert!(
        alone >= commits * 2 * usize::from(RECORDINGS),
        "each write is of one: {alone}"
    );
    assert_eq!(everyones, 2 * (commits + 1) + 1, "each sync is everyone's");
}

#[test]
fn short_writes_cost_nothing() {
    for at in OPENED + 1..=operations() {
        let mut scene = Scene::on(Faulty::with(at, Trouble::Short)).unwrap();
        scene.play();
        assert_eq!(scene.troubles(), [""; 0], "short at {at}");
        for id in ids() {
            assert_eq!(scene.recorded(id), all(), "short at {at}");
        }
    }
}

#[test]
fn a_full_disk_gives_its_reserve_to_sound_until_there_is_room() {
    let mut scene = Scene::on(Faulty::of_size(60_000)).unwrap();
    scene.begin();
    scene.second(0);
    let used = 60_000 - LIMITS.reserve_bytes - scene.recorder.stats().free_bytes;
    // some of the next second finds room, and the journals do not
    scene.volume.borrow_mut().capacity = Some(used + LIMITS.reserve_bytes + 20_000);
    scene.second(1);
    scene.second(2);
    let stats = scene.recorder.stats();
    assert!(stats.is_short && stats.full > 0, "{stats:?}");
    let others = u64::from(RECORDINGS) - 1;
    assert_eq!(
        scene.troubles().len() as u64,
        stats.full + others,
        "others are told once"
    );
    assert!(
        matches!(scene.recorder.handle_begin(manifest_of(9)), Err(BeginError::NoRoom { bytes, .. }) if bytes < 20_000 + 1000)
    );
    assert_eq!(
        scene.volume.borrow_mut().reserved(),
        0,
        "it is given away while room is short"
    );
    for told in scene.told.values() {
        assert_eq!(told.safe_micros, Some(2_900_000), "sound goes on: {told:?}");
        assert!(!told.troubles.is_empty() && told.troubles.iter().all(|trouble| *trouble == "full"));
    }
    scene.volume.borrow_mut().capacity = None;
    (3..SECONDS).for_each(|number| scene.second(number));
    assert!(!scene.recorder.stats().is_short);
    assert_eq!(scene.volume.borrow_mut().reserved(), LIMITS.reserve_bytes);
    assert!(
        scene
            .told
            .values()
            .all(|told| told.troubles.ends_with(&["full", "room"]))
    );
    ids().for_each(|id| scene.recorder.handle_end(id));
    scene.commit();
    for id in ids() {
        let mut folder = scene.volume.folder(&id.to_string());
        let verified = verify(&mut folder).unwrap().unwrap();
        assert!(verified.is_ended);
        let told: Vec<_> = verified.gaps.iter().map(|gap| (gap.track, gap.reason)).collect();
        assert_eq!(
            told,
            [(2, Reason::DiskFull), (4, Reason::DiskFull)],
            "of all, whoever was full"
        );
        let missing: BTreeSet<_> = all().difference(&scene.recorded(id)).cloned().collect();
        assert!(!missing.is_empty());
        // from the second that found no room to the key frame of the next even second
        assert!(
            missing
                .iter()
                .all(|(track, millis, _)| track % 2 == 0 && (1000..4000).contains(millis))
        );
    }
}

#[test]
fn one_that_finds_no_room_is_enough_for_all_to_leave_it_to_sound() {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    scene.begin();
    scene.second(0);
    // the first line of a file that is made before it
    let at = scene.volume.borrow_mut().operations + 2;
    scene.volume.borrow_mut().trouble = Some((at, Trouble::Full(1)));
    (1..SECONDS).for_each(|number| scene.second(number));
    ids().for_each(|id| scene.recorder.handle_end(id));
    scene.commit();
    assert_eq!(scene.recorder.stats().full, 1);
    for (id, from) in ids().zip([900_000, 1_900_000, 1_900_000]) {
        assert_eq!(scene.told[&id].troubles, ["full", "room"]);
        let verified = verify(&mut scene.volume.folder(&id.to_string()))
            .unwrap()
            .unwrap();
        let gap = |track| Gap {
            track,
            from,
            to: 4_000_000,
            reason: Reason::DiskFull,
        };
        assert_eq!(verified.gaps, [gap(2), gap(4)]);
    }
}

#[test]
fn what_might_not_come_to_its_end_does_not_begin() {
    let mut scene = Scene::on(Faulty::of_size(LIMITS.floor_bytes + LIMITS.reserve_bytes - 1)).unwrap();
    let error = scene.recorder.handle_begin(manifest_of(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is room for 20999 bytes: enough for 0.0 hours of this recording"
    );
    assert_eq!(scene.recorder.poll_timeout(), None);
    scene.volume.borrow_mut().capacity = Some(LIMITS.floor_bytes + LIMITS.reserve_bytes);
    scene.recorder.handle_begin(manifest_of(0)).unwrap();
    assert!(!scene.recorder.stats().is_short, "the reserve is there again");
}

#[test]
fn beginnings_and_ends_are_committed_at_once_and_share_a_sync() {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    let opened = scene.now;
    scene.recorder.handle_begin(manifest_of(0)).unwrap();
    assert_eq!(scene.recorder.poll_timeout(), Some(opened));
    scene.recorder.handle_begin(manifest_of(1)).unwrap();
    scene.commit();
    assert_eq!(scene.volume.borrow_mut().syncs, 2);
    assert_eq!(
        scene.told.values().map(|told| told.has_begun).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(
        scene.recorder.poll_timeout(),
        Some(scene.now + Duration::from_secs(1))
    );
    let id = RecordingId([0; 16]);
    second(0)
        .into_iter()
        .for_each(|frame| scene.recorder.handle_frame(id, frame));
    scene.recorder.handle_end(id);
    assert_eq!(scene.recorder.poll_timeout(), Some(scene.now));
    // consent may have been withdrawn
    second(1)
        .into_iter()
        .for_each(|frame| scene.recorder.handle_frame(id, frame));
    scene.commit();
    assert_eq!(scene.told[&id].safe_micros, Some(900_000));
    assert_eq!(scene.recorder.stats().recordings, 1);
    assert_eq!(scene.recorder.stats().lag, Duration::from_millis(900));
}

#[test]
fn a_crash_after_a_sync_that_failed_costs_nothing_that_was_safe() {
    // syncs of the third second: its files, its journals
    let syncs: Vec<u64> = (OPENED + 1..=operations())
        .filter(|at| {
            let mut scene = Scene::on(Faulty::with(*at, Trouble::Failed)).unwrap();
            scene.play();
            scene.troubles().len() == usize::from(RECORDINGS)
        })
        .skip(2 * 3)
        .take(2)
        .collect();
    for at in syncs {
        for crash in at + 1..at + 40 {
            for seed in 0..4 {
                let mut scene = Scene::on(Faulty::with(at, Trouble::Failed)).unwrap();
                scene.volume.borrow_mut().crash_at = Some(crash);
                scene.play();
                let left = Shared::of(scene.volume.borrow_mut().after_crash(seed));
                scene.assert_kept(&left, &format!("error at {at}, crash at {crash}, seed {seed}"));
            }
        }
    }
}

#[test]
fn what_is_not_safe_for_longer_is_told() {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    scene.begin();
    scene.second(0);
    for number in 1..3 {
        let at = scene.volume.borrow_mut().operations + 1;
        scene.volume.borrow_mut().trouble = Some((at, Trouble::Full(100)));
        scene.second(number);
        let lag = Duration::from_secs(number);
        assert_eq!(scene.recorder.stats().lag, lag, "after {number} s");
    }
}

/// Of recordings of which a second is safe when the disk breaks for good.
fn broken() -> Scene {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    scene.begin();
    scene.second(0);
    let at = scene.volume.borrow_mut().operations + 1;
    scene.volume.borrow_mut().trouble = Some((at, Trouble::Crash));
    scene
}

#[test]
fn a_disk_that_stays_broken_ends_what_is_to_end() {
    let mut scene = broken();
    ids().for_each(|id| scene.recorder.handle_end(id));
    scene.commit();
    assert_eq!(scene.recorder.stats().recordings, 3, "it is tried again");
    scene.commit();
    assert_eq!(scene.recorder.stats().recordings, 0);
    assert_eq!(scene.recorder.stats().recordings_lost, 3);
    let left = Shared::of(scene.volume.borrow_mut().after_crash(0));
    scene.assert_kept(&left, "a broken disk");
}

#[test]
fn a_disk_that_stays_broken_ends_what_goes_on_after_half_a_minute() {
    let mut scene = broken();
    (1..30).for_each(|number| scene.second(number));
    assert_eq!(scene.recorder.stats().recordings, 3);
    scene.second(30);
    assert_eq!(scene.recorder.stats().recordings_lost, 3);
    let left = Shared::of(scene.volume.borrow_mut().after_crash(0));
    scene.assert_kept(&left, "a broken disk");
}

#[test]
fn errors_that_come_now_and_then_end_nothing() {
    let mut scene = Scene::on(Faulty::default()).unwrap();
    scene.begin();
    for number in 0..80 {
        let at = scene.volume.borrow_mut().operations + 1;
        scene.volume.borrow_mut().trouble = Some((at, Trouble::Failed));
        scene.second(number);
    }
    let stats = scene.recorder.stats();
    assert_eq!((stats.recordings, stats.files_failed), (3, 80));
}
