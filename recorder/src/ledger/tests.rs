//! Everything that may come in any order, and what must be so after each step.

use proptest::prelude::*;

use super::*;

const ID: RecordingId = RecordingId([7; 16]);

fn growing(bytes: u64) -> Progress {
    Progress {
        captures: vec![("capture-000.mkv".into(), bytes)],
        absent: Vec::new(),
        ..Progress::default()
    }
}

fn ended(bytes: u64) -> Progress {
    Progress {
        small: vec![("manifest.json".into(), 100), ("keys.jsonl".into(), 50)],
        is_ended: true,
        ..growing(bytes)
    }
}

fn sum(piece: &Piece) -> Sum {
    Sum {
        sha256: piece.name(),
        length: piece.length,
    }
}

/// All that is due, with what it is to come to.
fn all(ledger: &mut Ledger, now: Instant) -> Vec<Work> {
    std::iter::from_fn(|| ledger.poll_work(now)).collect()
}

fn names(works: &[Work]) -> Vec<String> {
    let name = |work: &Work| match work {
        Work::Put(piece) => format!("put {}", piece.name()),
        Work::Check(piece) => format!("check {}", piece.name()),
        Work::Note(piece, _) => format!("note {}", piece.name()),
        other => format!("{other:?}"),
    };
    works.iter().map(name).collect()
}

/// As a bucket without fault would.
fn succeed(ledger: &mut Ledger, now: Instant, remote: &mut Remote, work: &Work) {
    match work {
        Work::Put(piece) => ledger.handle_put(now, piece),
        Work::Check(piece) => ledger.handle_same(now, piece, sum(piece)),
        Work::Note(piece, sum) => {
            remote.verified.insert(piece.name(), sum.clone());
            ledger.handle_noted(piece);
        }
        Work::Remove(id, _) => ledger.handle_removed(*id),
        Work::Erase(id) => ledger.handle_erased(now, *id, 0),
        Work::NoteErased(id) => ledger.handle_erasure_noted(*id),
    }
}

#[test]
fn a_recording_that_grows_is_copied_piece_by_piece_and_the_rest_when_it_has_ended() {
    let mut now = Instant::now();
    let mut ledger = Ledger::new(false);
    let mut remote = Remote::default();
    ledger.handle_found(now, ID, &growing(PIECE_BYTES - 1), &remote);
    assert_eq!(ledger.poll_work(now), None);
    ledger.handle_found(now, ID, &growing(2 * PIECE_BYTES + 1), &remote);
    let works = all(&mut ledger, now);
    assert_eq!(
        names(&works),
        ["put capture-000.mkv.00000000", "put capture-000.mkv.00000001"]
    );
    works
        .iter()
        .for_each(|work| succeed(&mut ledger, now, &mut remote, work));
    assert_eq!(ledger.poll_work(now), None, "a bucket has time to lose it");
    assert_eq!(ledger.poll_timeout(), Some(now + CHECK_AFTER));
    now += CHECK_AFTER;
    while let Some(work) = ledger.poll_work(now) {
        succeed(&mut ledger, now, &mut remote, &work);
    }
    assert_eq!(
        (ledger.uploads().pending, ledger.is_deletable(ID)),
        (0, false),
        "it grows"
    );
    ledger.handle_found(now, ID, &ended(2 * PIECE_BYTES + 1), &remote);
    assert!(ledger.is_final(ID) && !ledger.is_deletable(ID));
    let works = all(&mut ledger, now);
    let rest = [
        "put capture-000.mkv.00000002",
        "put keys.jsonl",
        "put manifest.json",
    ];
    assert_eq!(names(&works), rest);
    works
        .iter()
        .for_each(|work| succeed(&mut ledger, now, &mut remote, work));
    now += CHECK_AFTER;
    let works = all(&mut ledger, now);
    works
        .iter()
        .for_each(|work| succeed(&mut ledger, now, &mut remote, work));
    assert!(!ledger.is_deletable(ID), "nothing is written of it");
    let works = all(&mut ledger, now);
    works
        .iter()
        .for_each(|work| succeed(&mut ledger, now, &mut remote, work));
    assert!(ledger.is_deletable(ID));
    assert_eq!(
        all(&mut ledger, now),
        [Work::Remove(ID, vec!["capture-000.mkv".into()])]
    );
}

#[test]
fn what_an_earlier_life_proved_is_looked_at_again_before_media_leave() {
    let now = Instant::now();
    let mut remote = Remote::default();
    let mut before = Ledger::new(true);
    before.handle_found(now, ID, &ended(PIECE_BYTES), &remote);
    for moment in [now, now + CHECK_AFTER] {
        while let Some(work) = before.poll_work(moment) {
            succeed(&mut before, moment, &mut remote, &work);
        }
    }
    assert_eq!(remote.verified.len(), 3);
    let mut after = Ledger::new(false);
    after.handle_found(now, ID, &ended(PIECE_BYTES), &remote);
    let works = all(&mut after, now);
    assert_eq!(
        names(&works),
        [
            "check capture-000.mkv.00000000",
            "check keys.jsonl",
            "check manifest.json"
        ]
    );
    assert!(!after.is_deletable(ID));
    let (Work::Check(lost), rest) = works
        .split_first()
        .map(|(first, rest)| (first.clone(), rest))
        .unwrap()
    else {
        panic!("it was a check");
    };
    after.handle_lost(now, &lost, 0);
    for work in rest {
        succeed(&mut after, now, &mut remote, work);
    }
    assert!(!after.is_deletable(ID), "the bucket has lost it since");
    // of what has left, nothing is to be looked at
    let mut later = Ledger::new(false);
    let gone = Progress {
        captures: Vec::new(),
        absent: vec!["capture-000.mkv".into()],
        ..ended(0)
    };
    later.handle_found(now, ID, &gone, &remote);
    assert_eq!(names(&all(&mut later, now)), [""; 0]);
}

#[test]
fn pieces_in_the_order_of_their_names_are_the_file() {
    let found = pieces(ID, &ended(11 * PIECE_BYTES + 5));
    let mut captures: Vec<_> = found.iter().filter(|piece| piece.number.is_some()).collect();
    captures.sort_by_key(|piece| piece.name());
    let mut at = 0;
    for piece in &captures {
        assert_eq!(piece.from, at);
        at += piece.length;
    }
    assert_eq!((at, captures.len()), (11 * PIECE_BYTES + 5, 12));
    assert_eq!(pieces(ID, &ended(2 * PIECE_BYTES)).len(), 4, "no empty piece");
}

#[test]
fn what_a_bucket_took_and_lost_is_local_again_and_counted() {
    let now = Instant::now();
    let mut ledger = Ledger::new(true);
    ledger.handle_found(now, ID, &growing(PIECE_BYTES), &Remote::default());
    let Some(Work::Put(piece)) = ledger.poll_work(now) else {
        panic!("nothing to put")
    };
    ledger.handle_put(now, &piece);
    let later = now + CHECK_AFTER;
    assert_eq!(ledger.poll_work(later), Some(Work::Check(piece.clone())));
    ledger.handle_lost(later, &piece, 0);
    assert_eq!((ledger.uploads().lost, ledger.uploads().pending), (1, 1));
    assert_eq!(ledger.poll_work(later), None, "it is not put at once");
    assert_eq!(ledger.poll_work(later + SHORTEST), Some(Work::Put(piece)));
}

#[test]
fn waiting_grows_to_a_bound_and_never_shrinks() {
    for random in [0, 1, u32::MAX / 2, u32::MAX] {
        let mut before = Duration::ZERO;
        for failures in (0..40).chain([u32::MAX]) {
            let least = backoff(failures, 0);
            let waits = backoff(failures, random);
            assert!((SHORTEST..=LONGEST).contains(&waits), "{failures}: {waits:?}");
            assert!(waits >= least && waits <= least * 2);
            assert!(least >= before / 2 && backoff(failures, random) >= before);
            before = waits;
        }
        assert!(before >= LONGEST / 2);
    }
    assert_eq!(backoff(0, u32::MAX), 2 * SHORTEST);
    assert_eq!(backoff(100, u32::MAX), LONGEST);
}

#[test]
fn when_keys_are_destroyed_nothing_is_put_any_more_and_what_is_there_goes() {
    let now = Instant::now();
    let mut ledger = Ledger::new(true);
    ledger.handle_found(now, ID, &ended(PIECE_BYTES), &Remote::default());
    let Some(Work::Put(going)) = ledger.poll_work(now) else {
        panic!("nothing to put")
    };
    ledger.handle_shredded(now, ID, false);
    assert_eq!(
        ledger.poll_work(now),
        None,
        "what is on its way would come after it"
    );
    ledger.handle_put(now, &going);
    assert_eq!(ledger.poll_work(now), Some(Work::Erase(ID)));
    ledger.handle_failed(now, &Work::Erase(ID), 0);
    let mut now = now + SHORTEST;
    assert_eq!(ledger.poll_work(now), Some(Work::Erase(ID)));
    for found in [0, 2] {
        // the first look proves nothing, and where something was found is looked again
        ledger.handle_erased(now, ID, found);
        assert_eq!(ledger.poll_work(now), None);
        now += CHECK_AFTER;
        assert_eq!(ledger.poll_work(now), Some(Work::Erase(ID)));
    }
    ledger.handle_erased(now, ID, 0);
    assert_eq!(ledger.poll_work(now), Some(Work::NoteErased(ID)));
    assert_eq!(ledger.uploads().pending, 1);
    ledger.handle_erasure_noted(ID);
    assert_eq!((ledger.poll_timeout(), ledger.uploads().pending), (None, 0));
    assert!(!ledger.is_deletable(ID), "nothing of it is anywhere");
    ledger.handle_found(now, ID, &ended(PIECE_BYTES), &Remote::default());
    assert_eq!(
        ledger.poll_work(now),
        None,
        "nor when somebody who looked before it tells of it"
    );
}

/// What a world of chance does with a piece of work.
#[derive(Clone, Copy, Debug)]
enum Chance {
    Succeed,
    Fail,
    Lose,
    Restart,
    Grow,
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        6 => Just(Chance::Succeed),
        2 => Just(Chance::Fail),
        1 => Just(Chance::Lose),
        1 => Just(Chance::Restart),
        1 => Just(Chance::Grow),
    ]
}

/// A bucket, a folder and a ledger between them.
struct World {
    now: Instant,
    ledger: Ledger,
    /// As it is written.
    remote: Remote,
    /// What was the same when it was read back, of this life or one before.
    checked: HashSet<String>,
    length: u64,
    ended: bool,
}

impl World {
    fn look(&mut self) {
        let progress = if self.ended {
            ended(self.length)
        } else {
            growing(self.length)
        };
        self.ledger.handle_found(self.now, ID, &progress, &self.remote);
    }

    fn step(&mut self, chance: Chance, random: u32) {
        match chance {
            Chance::Grow if self.length < 5 * PIECE_BYTES => self.length += PIECE_BYTES * 3 / 4,
            Chance::Grow => self.ended = true,
            Chance::Restart => self.ledger = Ledger::new(false),
            _ => {}
        }
        self.look();
        let Some(due) = self.ledger.poll_timeout() else {
            return;
        };
        self.now = self.now.max(due);
        let work = self.ledger.poll_work(self.now).expect("it is due");
        match (chance, &work) {
            // whoever did it is gone, too
            (Chance::Restart, _) => {
                self.ledger = Ledger::new(false);
                self.look();
            }
            (Chance::Fail, _) => {
                self.ledger.handle_failed(self.now, &work, random);
                assert!(self.ledger.poll_timeout().is_some(), "it is given up: {work:?}");
            }
            (Chance::Lose, Work::Check(piece)) => self.ledger.handle_lost(self.now, piece, random),
            (_, work) => {
                if let Work::Check(piece) = work {
                    self.checked.insert(piece.name());
                }
                if let Work::Remove(..) = work {
                    let all = pieces(ID, &ended(self.length));
                    assert!(self.ended && all.iter().all(|piece| self.checked.contains(&piece.name())));
                }
                succeed(&mut self.ledger, self.now, &mut self.remote, work);
            }
        }
    }

    fn hold(&self) {
        for name in &self.ledger.recordings[&ID].verified {
            assert!(self.checked.contains(name), "{name} was never read back");
            assert!(
                self.remote.verified.contains_key(name),
                "{name} is written nowhere"
            );
        }
        if self.ledger.is_deletable(ID) {
            let all = pieces(ID, &ended(self.length));
            let verified = |piece: &Piece| self.remote.verified.contains_key(&piece.name());
            assert!(self.ended && all.iter().all(verified));
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_nothing_counts_that_was_not_proven_and_all_is_in_the_end(
        chances in prop::collection::vec((chance(), any::<u32>()), 0..200),
    ) {
        let mut world = World {
            now: Instant::now(),
            ledger: Ledger::new(false),
            remote: Remote::default(),
            checked: HashSet::new(),
            length: 0,
            ended: false,
        };
        for (chance, random) in chances {
            world.step(chance, random);
            world.hold();
        }
        world.ended = true;
        for _ in 0..200 {
            world.step(Chance::Succeed, 0);
            world.hold();
        }
        prop_assert!(world.ledger.is_deletable(ID));
        prop_assert_eq!(world.ledger.uploads().pending, 0);
    }
}
