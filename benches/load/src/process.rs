//! What a process and the machine spend, as the kernel books it.
//!
//! Owns: reading `/proc`. Never does: guess; what can't be read is absent.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one process has spent since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Processor time of all its threads, from the scheduler's own clock.
    pub cpu: Duration,
    /// Bytes of memory that are its own and present.
    pub resident: u64,
}

impl Spent {
    /// Of a process that runs; `None` when there is none, or `/proc` does not tell.
    pub fn of(process: u32) -> Option<Self> {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).ok()?;
        let cpu = tasks.flatten().filter_map(|task| {
            // A thread may end between the listing and the reading.
            run_time(&fs::read_to_string(task.path().join("schedstat")).ok()?)
        });
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        Some(Self {
            cpu: cpu.sum(),
            resident: resident(&status)?,
        })
    }
}

/// How the processors of the machine spent a span, as shares of one processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Processor {
    /// Which.
    pub number: u32,
    /// All that was not idle.
    pub busy: f64,
    /// In software interrupts: on loopback, the receiver's half of every packet that was sent from here.
    pub softirq: f64,
}

/// Ticks of each processor since the machine began.
#[derive(Clone, Debug, Default)]
pub struct Processors(Vec<Ticks>);

#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    total: u64,
    idle: u64,
    softirq: u64,
}

impl Processors {
    /// As they are.
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        Self(text.lines().filter_map(ticks).collect())
    }

    /// What each did since an earlier reading.
    pub fn since(&self, earlier: &Self) -> Vec<Processor> {
        let pairs = self.0.iter().zip(&earlier.0).zip(0..);
        pairs
            .map(|((now, then), number)| {
                let total = now.total.saturating_sub(then.total).max(1) as f64;
                let share = |now: u64, then: u64| now.saturating_sub(then) as f64 / total;
                Processor {
                    number,
                    busy: 1.0 - share(now.idle, then.idle),
                    softirq: share(now.softirq, then.softirq),
                }
            })
            .collect()
    }
}

/// The first field of `schedstat`: nanoseconds on a processor.
fn run_time(schedstat: &str) -> Option<Duration> {
    let nanos = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// `cpu3 user nice system idle iowait irq softirq …`, and not the sum in the first line.
fn ticks(line: &str) -> Option<Ticks> {
    let mut words = line.strip_prefix("cpu")?.split(' ');
    words.next()?.parse::<u32>().ok()?;
    let numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    Some(Ticks {
        total: numbers.iter().take(8).sum(),
        idle: numbers.get(3)? + numbers.get(4)?,
        softirq: *numbers.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read() {
        let before = Spent::of(std::process::id()).unwrap();
        assert!(before.resident > 100_000);
        let mut work = 1_u64;
        while Spent::of(std::process::id()).unwrap().cpu < before.cpu + Duration::from_millis(20) {
            work = std::hint::black_box(work.wrapping_mul(31) + 1);
        }
        assert_eq!(Spent::of(u32::MAX), None);
    }

    #[test]
    fn shares_are_of_one_processor() {
        let read = |text: &str| Processors(text.lines().filter_map(ticks).collect());
        let then = read("cpu  9 9 9 9 9 9 9 9\ncpu0 10 0 10 100 0 0 5 0 0 0\nintr 5");
        let now = read("cpu  9 9 9 9 9 9 9 9\ncpu0 20 0 30 150 0 0 25 0 0 0\nintr 5");
        let expected = Processor {
            number: 0,
            busy: 0.5,
            softirq: 0.2,
        };
        assert_eq!(now.since(&then), [expected]);
    }
}
