//! Rows, their medians, and how they stand beside those of before.
//!
//! Owns: the measuring of a scene and the forms in which figures leave. Never does: fail on a figure; whether
//! a change is a regression is for a reader to say, who knows the machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// Something that can be played again and again.
pub(crate) trait Scene {
    /// Makes what the next [`Self::run`] consumes; not measured.
    fn prepare(&mut self);

    /// Plays it; returns how many packets that was.
    fn run(&mut self) -> u64;
}

/// A scene with the name of its row.
pub(crate) struct Named {
    pub(crate) id: &'static str,
    pub(crate) scene: Box<dyn Scene>,
}

/// One scene's figures so far.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    scene: Box<dyn Scene>,
    nanos: Vec<f64>,
    allocations: f64,
}

impl From<Named> for Row {
    fn from(named: Named) -> Self {
        Self {
            id: named.id,
            scene: named.scene,
            nanos: Vec::new(),
            allocations: 0.0,
        }
    }
}

impl Row {
    /// Plays without measuring.
    pub(crate) fn warm_up(&mut self, batches: usize) {
        self.measure(batches);
    }

    /// Measures one round of so many batches.
    pub(crate) fn play(&mut self, batches: usize) {
        let nanos = self.measure(batches);
        self.nanos.push(nanos);
    }

    /// Counts allocations in a round of its own: counting takes time.
    pub(crate) fn count_allocations(&mut self, batches: usize) {
        let (mut count, mut packets) = (0, 0);
        for _ in 0..batches {
            self.scene.prepare();
            let info = allocation_counter::measure(|| packets += self.scene.run());
            count += info.count_total;
        }
        self.allocations = count as f64 / packets.max(1) as f64;
    }

    fn measure(&mut self, batches: usize) -> f64 {
        let (mut spent, mut packets) = (Duration::ZERO, 0);
        for _ in 0..batches {
            self.scene.prepare();
            let begun = Instant::now();
            packets += self.scene.run();
            spent += begun.elapsed();
        }
        assert!(packets > 0, "{}: nothing was measured", self.id);
        spent.as_nanos() as f64 / packets as f64
    }
}

/// All figures of one run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Results {
    machine: Machine,
    rows: BTreeMap<String, Figures>,
}

/// Of one row, a packet.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Figures {
    /// Nanoseconds.
    median: f64,
    min: f64,
    max: f64,
    allocations: f64,
}

impl Results {
    pub(crate) fn of(rows: &[Row], machine: Machine) -> Self {
        let figures = |row: &Row| {
            let mut nanos = row.nanos.clone();
            nanos.sort_by(f64::total_cmp);
            Figures {
                median: round(nanos[nanos.len() / 2], 10.0),
                min: round(nanos[0], 10.0),
                max: round(nanos[nanos.len() - 1], 10.0),
                allocations: round(row.allocations, 10_000.0),
            }
        };
        Self {
            machine,
            rows: rows.iter().map(|row| (row.id.to_owned(), figures(row))).collect(),
        }
    }

    /// Prints a table; `before` is what the ratios compare with.
    pub(crate) fn print(&self, before: Option<&Self>) {
        println!("{}", self.machine);
        if let Some(before) = before {
            println!("compared with {}", before.machine);
        }
        println!();
        println!(
            "{:<58} {:>8} {:>8} {:>8} {:>10} {:>8}",
            "ns a packet", "median", "min", "max", "allocated", "before ×"
        );
        for (id, now) in &self.rows {
            let ratio = before
                .and_then(|before| before.median(id))
                .map_or_else(|| "-".to_owned(), |before| format!("{:.2}", now.median / before));
            println!(
                "{id:<58} {:>8.0} {:>8.0} {:>8.0} {:>10.4} {ratio:>8}",
                now.median, now.min, now.max, now.allocations
            );
        }
        self.print_derived();
    }

    /// Writes the figures as JSON.
    pub(crate) fn write(&self, path: &str) {
        let text = serde_json::to_string_pretty(self).expect("plain values");
        std::fs::write(path, text + "\n").unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// What no row measures: the steps without a face of their own, and the distance from the floor.
    fn print_derived(&self) {
        println!();
        let fan_out = FAN_OUT.map(|(subscribers, id)| Some((subscribers, self.median(id)?)));
        if let Some((inbound, outbound)) = line(&fan_out) {
            println!("by a line through 0, 1, 10 and all subscribers, ns:");
            println!("  a packet in, whatever its subscribers  {inbound:>8.0}");
            println!("  a packet out                           {outbound:>8.0}");
            if let (Some(rewritten), Some(sealed)) = (self.median(REWRITE), self.median(SEAL)) {
                let rest = outbound - rewritten - sealed;
                println!("  of that step 5 (packet out less 6–8)   {rest:>8.0}");
            }
        }
        for (what, floor, ours) in FLOORS {
            if let (Some(floor), Some(ours)) = (self.median(floor), self.median(ours)) {
                println!("{what}: {:.0} % of the bare loop's speed", 100.0 * floor / ours);
            }
        }
    }

    fn median(&self, id: &str) -> Option<f64> {
        self.rows.get(id).map(|figures| figures.median)
    }
}

/// The committed figures, if there are any.
pub(crate) fn baseline() -> Option<Results> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/baseline.json");
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// The least squares' line; where it begins and how it climbs.
fn line(points: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
    let points: Vec<_> = points.iter().copied().collect::<Option<_>>()?;
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (rise, run) = points.iter().fold((0.0, 0.0), |(rise, run), (x, y)| {
        (
            rise + (x - mean_x) * (y - mean_y),
            run + (x - mean_x) * (x - mean_x),
        )
    });
    let slope = rise / run;
    Some((mean_y - slope * mean_x, slope))
}

fn round(value: f64, to: f64) -> f64 {
    (value * to).round() / to
}

/// How many subscribers each of these rows has; all of them count packets in.
const FAN_OUT: [(f64, &str); 4] = [
    (0.0, "shard: video in, 1 → 0"),
    (1.0, "shard: video in, 1 → 1"),
    (10.0, "shard: video in, 1 → 10"),
    (50.0, "shard: video in, 1 → 50"),
];
const REWRITE: &str = "6–7 select and rewrite, video";
const SEAL: &str = "8 protect, video";

/// What is compared, its floor, and ours.
const FLOORS: [(&str, &str, &str); 2] = [
    (
        "in memory, 1 → 50",
        "bare: copy, seal (in memory)",
        "shard: video out, 1 → 50",
    ),
    (
        "with GSO sends, 1 → 50",
        "bare: copy, seal, GSO sends",
        "shard: video out, 1 → 50, GSO sends",
    ),
];
