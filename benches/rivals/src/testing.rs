//! What several tests need.
//!
//! Owns: folders that are gone after a test, and results that were made up. Never does: start anything.

use std::fs;
use std::path::{Path, PathBuf};

use rapport_load::Shape;
use rapport_load::ramp::{Breach, Reason};

use crate::measured::{Measured, Step};

/// A folder of one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rapport-rivals-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A run of rooms of two that watched these sizes; cost and delay grow with the size, so that sizes can be told
/// apart.
pub(crate) fn measured(sizes: &[u32], knee: u32) -> Measured {
    Measured {
        idle_bytes: Some(10 << 20),
        knee: Some(knee),
        breach: Some(Breach {
            size: knee + 1,
            reason: Reason::Delay,
            detail: String::new(),
        }),
        steps: sizes.iter().copied().map(step).collect(),
    }
}

fn step(size: u32) -> Step {
    let count = f64::from(size);
    Step {
        size,
        people: Shape::Pairs.people(size),
        packets_in: count * 400.0,
        packets_out: count * 400.0,
        megabits_out: count * 4.0,
        loss: 0.0,
        delay_p50_micros: 100.0 + count,
        delay_p99_micros: 1_000.0 + count,
        server_nanos_a_packet: Some(5_000.0 + count),
        server_busy: Some(0.5),
        server_bytes: Some((10 << 20) + u64::from(size) * 2 * 200 * 1_024),
        generator_busy: 0.4,
        others_busy: Some(count / 1_000.0),
        softirq: vec![0.1, 0.2],
        srtp: vec!["AEAD_AES_128_GCM".to_owned()],
    }
}
