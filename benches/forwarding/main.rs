//! What one forwarded packet costs: time and allocations, whole and step by step, and how far that is from
//! the floor.
//!
//! `cargo bench --bench forwarding` prints medians of several rounds, all rows in turn, so that a change of
//! the machine's speed hits all of them. The figures hold for the machine that printed them; the ratios of
//! one run are what counts. `benches/README.md` says how to read them. Under `cargo test` each row runs once
//! and briefly, to see that it still works.
//!
//! `-- --json FILE` writes the figures, `-- --only TEXT` plays the rows whose name contains the text, and
//! `-- --rounds NUMBER` plays them as often as a profiler wants.

mod machine;
mod parts;
mod reception;
mod report;
mod scenes;
mod stage;
mod wire;

use report::Row;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    let full = arguments.iter().any(|argument| argument == "--bench");
    let only = value("--only").unwrap_or_default();
    let mut rows: Vec<Row> = rows(if full { FULL } else { BRIEF })
        .into_iter()
        .filter(|row| row.id.contains(&only))
        .map(Row::from)
        .collect();
    let (rounds, batches) = if full { (ROUNDS, BATCHES) } else { (1, 1) };
    let rounds = value("--rounds").map_or(rounds, |rounds| rounds.parse().expect("a number of rounds"));
    if full {
        // Caches fill and buffers grow to their working size.
        rows.iter_mut().for_each(|row| row.warm_up(WARM_UP_BATCHES));
    }
    for _ in 0..rounds {
        rows.iter_mut().for_each(|row| row.play(batches));
    }
    rows.iter_mut().for_each(|row| row.count_allocations(batches));
    let results = report::Results::of(&rows, machine::describe(full));
    results.print(report::baseline().as_ref());
    if let Some(path) = value("--json") {
        results.write(&path);
    }
}

/// Everything that is measured.
fn rows(scale: Scale) -> Vec<report::Named> {
    let mut rows = parts::rows();
    rows.extend(reception::rows());
    rows.extend(wire::rows());
    rows.extend(scenes::rows(scale));
    rows
}

/// How large the larger scenes are.
#[derive(Clone, Copy)]
struct Scale {
    fan_out: usize,
    calls: usize,
    room: usize,
}

const FULL: Scale = Scale {
    fan_out: 50,
    calls: 500,
    room: 16,
};

/// Every join is a handshake, which takes a while without optimisation.
const BRIEF: Scale = Scale {
    fan_out: 3,
    calls: 5,
    room: 3,
};

const ROUNDS: usize = 11;
/// How often each row's batch is played a round.
const BATCHES: usize = 24;
const WARM_UP_BATCHES: usize = 30;
