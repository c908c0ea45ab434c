//! The fuzz targets without a fuzzer: the committed corpus, and mutations of it by seed.

use std::fs;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rapport_hostile::{TARGETS, Target, seeds};

/// Mutated inputs a target; all targets together take a few seconds.
const MUTATIONS: u64 = 20_000;

#[test]
fn the_corpus_is_what_its_program_writes() {
    for (path, bytes) in seeds::files() {
        let shown = path.display();
        assert_eq!(
            fs::read(&path).ok(),
            Some(bytes),
            "{shown}: run the example write_seeds"
        );
    }
    let written: Vec<PathBuf> = seeds::files().map(|(path, _)| path).collect();
    let committed: Vec<PathBuf> = TARGETS.iter().flat_map(|(target, _)| committed(target)).collect();
    assert!(
        committed.iter().all(|path| written.contains(path)),
        "{committed:?}"
    );
}

#[test]
fn each_target_has_seeds_and_each_seed_is_small() {
    for (target, _) in TARGETS {
        let seeds = seeds::of(target);
        assert!((3..=10).contains(&seeds.len()), "{target}");
        assert!(seeds.iter().all(|seed| seed.bytes.len() <= 1024), "{target}");
    }
}

#[test]
fn the_corpus_breaks_no_law() {
    for (target, run) in TARGETS {
        for path in committed(target) {
            let input = fs::read(&path).expect("a file that was listed");
            run(&input);
        }
    }
}

#[test]
fn mutations_of_the_corpus_break_no_law() {
    for (at, (target, run)) in (0..).zip(TARGETS) {
        let seeds = seeds::of(target);
        for number in 0..MUTATIONS {
            let mut random = StdRng::seed_from_u64(at << 32 | number);
            attempt(target, number, run, &mutated(&seeds, &mut random));
        }
    }
}

fn committed(target: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(seeds::folder(target)).expect("a folder for each target");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == seeds::EXTENSION)
        })
        .collect()
}

/// Names the input when the target panics.
fn attempt(target: &str, number: u64, run: Target, input: &[u8]) {
    struct Trace<'a>(&'a str, u64, &'a [u8]);
    impl Drop for Trace<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{}, mutation {}: {:02x?}", self.0, self.1, self.2);
            }
        }
    }
    let _trace = Trace(target, number, input);
    run(input);
}

/// A seed, or the halves of two, with a few places changed.
fn mutated(seeds: &[seeds::Seed], random: &mut StdRng) -> Vec<u8> {
    let mut input = pick(seeds, random);
    if random.random_bool(0.2) {
        let other = pick(seeds, random);
        let (end, start) = (place(&input, random), place(&other, random));
        input.truncate(end);
        input.extend_from_slice(&other[start..]);
    }
    for _ in 0..random.random_range(1..=6) {
        change(&mut input, random);
    }
    input
}

fn pick(seeds: &[seeds::Seed], random: &mut StdRng) -> Vec<u8> {
    seeds[random.random_range(0..seeds.len())].bytes.clone()
}

fn place(input: &[u8], random: &mut StdRng) -> usize {
    random.random_range(0..=input.len())
}

fn change(input: &mut Vec<u8>, random: &mut StdRng) {
    let at = place(input, random);
    match (random.random_range(0..6), input.get_mut(at)) {
        (0, Some(byte)) => *byte ^= 1 << random.random_range(0..8),
        (1, Some(byte)) => *byte = random.random(),
        (2, Some(byte)) => *byte = [0, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)],
        (3, _) => input.insert(at, random.random()),
        (4, _) => drop(input.drain(at..(at + random.random_range(1..8)).min(input.len()))),
        _ => {
            let again = input[at..(at + 40).min(input.len())].to_vec();
            input.extend_from_slice(&again);
        }
    }
}
