//! What one ramp of one server came to.
//!
//! Owns: the values of a run that are kept, and at which sizes several runs can be compared. Never does: measure.

use std::collections::BTreeSet;

use rapport_load::Report;
use rapport_load::ramp::{Breach, Ramp, Reason};
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The server's memory before anybody came, in bytes.
    pub(crate) idle_bytes: Option<u64>,
    /// The largest size that went well.
    pub(crate) knee: Option<u32>,
    /// What ended the ramp; absent when its range did.
    pub(crate) breach: Option<Breach>,
    /// All sizes that were watched, in order; one that was too much at first stands twice.
    pub(crate) steps: Vec<Step>,
}

/// One size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) size: u32,
    pub(crate) people: usize,
    pub(crate) packets_in: f64,
    pub(crate) packets_out: f64,
    pub(crate) megabits_out: f64,
    /// The share that did not arrive.
    pub(crate) loss: f64,
    pub(crate) delay_p50_micros: f64,
    pub(crate) delay_p99_micros: f64,
    /// The server's processor time for each packet that it sent.
    pub(crate) server_nanos_a_packet: Option<f64>,
    /// Share of one core.
    pub(crate) server_busy: Option<f64>,
    pub(crate) server_bytes: Option<u64>,
    /// Share of one core.
    pub(crate) generator_busy: f64,
    /// What neither server nor generator did, in cores: other processes, the kernel's own, and what the machine below
    /// took away.
    pub(crate) others_busy: Option<f64>,
    /// Each processor's share in software interrupts.
    pub(crate) softirq: Vec<f64>,
    pub(crate) srtp: Vec<String>,
}

impl Measured {
    pub(crate) fn new(ramp: Ramp, idle_bytes: Option<u64>) -> Self {
        Self {
            idle_bytes,
            knee: ramp.knee.map(|report| report.size),
            breach: ramp.breach,
            steps: ramp.steps.iter().map(Step::of).collect(),
        }
    }

    /// What was seen at a size; of two looks the second one counts, as it does for the ramp.
    pub(crate) fn at(&self, size: u32) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.size == size)
    }

    pub(crate) fn at_knee(&self) -> Option<&Step> {
        self.at(self.knee?)
    }

    /// The server was not what ended the ramp, so it carries this much or more.
    pub(crate) fn is_lower_bound(&self) -> bool {
        self.breach
            .as_ref()
            .is_none_or(|breach| breach.reason == Reason::Generator)
    }

    /// Bytes for each of the people at a size.
    pub(crate) fn bytes_a_participant(&self, size: u32) -> Option<f64> {
        let step = self.at(size)?;
        let grown = step.server_bytes?.saturating_sub(self.idle_bytes?);
        Some(grown as f64 / step.people.max(1) as f64)
    }

    /// A ramp goes up from what went well: what it tried below the knee did.
    fn carried(&self) -> BTreeSet<u32> {
        let sizes = self.steps.iter().map(|step| step.size);
        let knee = self.knee.unwrap_or_default();
        sizes.filter(|size| *size <= knee).collect()
    }
}

impl Step {
    fn of(report: &Report) -> Self {
        let server = report.server.as_ref();
        Self {
            size: report.size,
            people: report.shape.people(report.size),
            packets_in: report.packets_in,
            packets_out: report.packets_out,
            megabits_out: report.megabits_out,
            loss: report.loss(),
            delay_p50_micros: report.delay.p50,
            delay_p99_micros: report.delay.p99,
            server_nanos_a_packet: server.map(|server| server.nanos_a_packet),
            server_busy: server.map(|server| server.busy),
            server_bytes: server.map(|server| server.resident),
            generator_busy: report.generator.busy,
            others_busy: server.map(|server| {
                let all: f64 = report.processors.iter().map(|one| one.busy).sum();
                // The kernel counts the processors in ticks and the two in nanoseconds: a little below zero is zero.
                (all - server.busy - report.generator.busy).max(0.0)
            }),
            softirq: report.processors.iter().map(|one| one.softirq).collect(),
            srtp: report.srtp.clone(),
        }
    }
}

/// The largest size that went well in all runs, so that all were offered the same. Runs in which nothing went well
/// have no say: they have no figures either.
pub(crate) fn equal_size<'a>(runs: impl IntoIterator<Item = &'a Measured>) -> Option<u32> {
    let carried = runs.into_iter().map(Measured::carried);
    let common = carried
        .filter(|sizes| !sizes.is_empty())
        .reduce(|one, other| &one & &other)?;
    common.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::measured;

    #[test]
    fn servers_are_compared_at_the_largest_size_that_all_carried() {
        let (strong, weak) = (measured(&[8, 16, 32, 64, 48], 48), measured(&[8, 16, 32, 24], 24));
        assert_eq!(equal_size([&strong, &weak]), Some(16));
        assert_eq!(equal_size([&strong]), Some(48));
        let equal = measured(&[8, 16, 32, 24, 28], 28);
        assert_eq!(equal_size([&weak, &equal]), Some(24));
    }

    #[test]
    fn a_run_in_which_nothing_went_well_hides_no_other() {
        let mut nothing = measured(&[8], 8);
        nothing.knee = None;
        let fine = measured(&[8, 16], 16);
        assert_eq!(equal_size([&nothing, &fine]), Some(16));
        assert_eq!(equal_size([&nothing]), None);
        assert_eq!(nothing.at_knee(), None);
    }

    #[test]
    fn of_two_looks_at_a_size_the_second_one_counts() {
        let mut run = measured(&[8, 16, 16], 16);
        run.steps[2].delay_p99_micros = 77.0;
        assert_eq!(run.at_knee().unwrap().delay_p99_micros, 77.0);
    }

    #[test]
    fn memory_is_what_people_added() {
        let mut run = measured(&[8], 8);
        (run.idle_bytes, run.steps[0].server_bytes) = (Some(1_000_000), Some(2_600_000));
        assert_eq!(run.steps[0].people, 16);
        assert_eq!(run.bytes_a_participant(8), Some(100_000.0));
        assert_eq!(run.bytes_a_participant(9), None);
    }
}
