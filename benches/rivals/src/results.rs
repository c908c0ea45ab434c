//! All that a comparison came to, as it is kept.
//!
//! Owns: the form of the file, and what follows from the runs: medians and ratios. Never does: run anything.

use std::collections::BTreeSet;

use rapport_load::ramp::Reason;
use serde::{Deserialize, Serialize};

use crate::booking::Booking;
use crate::case::Case;
use crate::contender::Contender;
use crate::error::Failure;
use crate::machine::Machine;
use crate::measured::{Measured, Step, equal_size};
use crate::spread::Spread;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) setting: Setting,
    pub(crate) servers: Vec<Version>,
    pub(crate) booking: Booking,
    pub(crate) cases: Vec<Compared>,
}

/// How it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// How often each server was to be loaded in each case, one after the other; see [`Results::rounds`] for how often
    /// it was.
    pub(crate) rounds_asked: u32,
    pub(crate) seconds_watched: u64,
    pub(crate) seconds_settling: u64,
    pub(crate) server_core: usize,
    pub(crate) load_core: usize,
    /// What a knee is below.
    pub(crate) loss: f64,
    /// See [`Setting::loss`].
    pub(crate) delay_p99_micros: f64,
}

/// Which server exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) server: Contender,
    pub(crate) version: String,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compared {
    pub(crate) case: Case,
    /// At which all servers were compared: the largest size that went well in every run.
    pub(crate) equal_size: Option<u32>,
    /// What else the machine did while the figures below were taken, in cores.
    pub(crate) others_busy: Option<Spread>,
    pub(crate) rows: Vec<Row>,
    pub(crate) ratios: Vec<Ratio>,
    pub(crate) runs: Vec<Run>,
}

/// One server under one ramp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Runs of one round follow on each other, and are compared with each other.
    pub(crate) round: u32,
    pub(crate) server: Contender,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Measured(Measured),
    Failed(Failure),
}

/// One server over all rounds. What could not be measured is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) server: Contender,
    pub(crate) failures: Vec<Failure>,
    pub(crate) knee_size: Option<Spread>,
    pub(crate) knee_packets_out: Option<Spread>,
    /// What ended each ramp; `None` where its range did.
    pub(crate) ended_by: Vec<Option<Reason>>,
    pub(crate) equal_packets_out: Option<Spread>,
    pub(crate) nanos_a_packet: Option<Spread>,
    pub(crate) delay_p50_micros: Option<Spread>,
    pub(crate) delay_p99_micros: Option<Spread>,
    pub(crate) bytes_a_participant: Option<Spread>,
    pub(crate) srtp: BTreeSet<String>,
}

/// Ours divided by theirs, round by round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) against: Contender,
    /// Packets a second at the knee; absent where the knee of the other one is only a lower bound.
    pub(crate) knee_packets_out: Option<Spread>,
    /// In a round the generator was full before we were: our knee is higher than that.
    pub(crate) is_lower_bound: bool,
    pub(crate) nanos_a_packet: Option<Spread>,
    pub(crate) delay_p99_micros: Option<Spread>,
    pub(crate) bytes_a_participant: Option<Spread>,
}

impl Results {
    /// Whole rounds, and the runs of one that time cut short.
    pub(crate) fn rounds(&self) -> (usize, usize) {
        let runs = || self.cases.iter().flat_map(|compared| &compared.runs);
        let case = |compared: &Compared| {
            let servers = self.servers.iter();
            servers.filter(|one| compared.case.is_for(one.server)).count()
        };
        let whole = self.cases.iter().map(case).sum::<usize>().max(1);
        let begun: BTreeSet<_> = runs().map(|run| run.round).collect();
        let of = |round: &u32| runs().filter(|run| run.round == *round).count();
        let done: Vec<_> = begun.iter().map(of).collect();
        let rounds = done.iter().filter(|runs| **runs >= whole).count();
        (rounds, done.iter().filter(|runs| **runs < whole).sum())
    }
}

impl Compared {
    pub(crate) const fn new(case: Case) -> Self {
        Self {
            case,
            equal_size: None,
            others_busy: None,
            rows: Vec::new(),
            ratios: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Takes a run and says anew what follows from all.
    pub(crate) fn add(&mut self, run: Run) {
        self.runs.push(run);
        let servers: BTreeSet<_> = self.runs.iter().map(|run| run.server).collect();
        self.equal_size = equal_size(self.runs.iter().filter_map(Run::measured));
        self.others_busy = Spread::of(
            self.runs
                .iter()
                .filter_map(|run| self.others_busy(run.measured()?)),
        );
        self.rows = servers.iter().map(|server| self.row(*server)).collect();
        let others = servers.into_iter().filter(|server| *server != Contender::Rapport);
        self.ratios = others.map(|against| self.ratio(against)).collect();
    }

    fn of(&self, server: Contender) -> impl Iterator<Item = &Run> + Clone {
        self.runs.iter().filter(move |run| run.server == server)
    }

    fn row(&self, server: Contender) -> Row {
        let measured = self.of(server).filter_map(Run::measured);
        let knees = measured.clone().filter_map(Measured::at_knee);
        let at_equal = |value: fn(&Step) -> Option<f64>| {
            let steps = measured.clone().filter_map(|run| self.comparable(run));
            Spread::of(steps.filter_map(value))
        };
        let memory = measured
            .clone()
            .filter_map(|run| run.bytes_a_participant(self.comparable(run)?.size));
        let failures = self.of(server).filter_map(|run| match &run.outcome {
            Outcome::Failed(failure) => Some(failure.clone()),
            Outcome::Measured(_) => None,
        });
        Row {
            server,
            failures: failures.collect(),
            knee_size: Spread::of(knees.clone().map(|step| f64::from(step.size))),
            knee_packets_out: Spread::of(knees.map(|step| step.packets_out)),
            ended_by: measured
                .clone()
                .map(|run| Some(run.breach.as_ref()?.reason))
                .collect(),
            equal_packets_out: at_equal(|step| Some(step.packets_out)),
            nanos_a_packet: at_equal(|step| step.server_nanos_a_packet),
            delay_p50_micros: at_equal(|step| Some(step.delay_p50_micros)),
            delay_p99_micros: at_equal(|step| Some(step.delay_p99_micros)),
            bytes_a_participant: Spread::of(memory),
            srtp: measured
                .flat_map(|run| &run.steps)
                .flat_map(|step| step.srtp.iter().cloned())
                .collect(),
        }
    }

    /// The most of the two sizes whose figures are told.
    fn others_busy(&self, run: &Measured) -> Option<f64> {
        let steps = [self.comparable(run), run.at_knee()];
        let shares = steps.into_iter().flatten().filter_map(|step| step.others_busy);
        shares.reduce(f64::max)
    }

    /// What a run saw at the size at which all are compared, if it went well.
    fn comparable<'a>(&self, run: &'a Measured) -> Option<&'a Step> {
        let size = self.equal_size.filter(|size| Some(*size) <= run.knee)?;
        run.at(size)
    }

    fn ratio(&self, against: Contender) -> Ratio {
        let pairs: Vec<_> = self.pairs(against).collect();
        let each = |value: &dyn Fn(&Measured) -> Option<f64>| {
            let ratios = pairs.iter().filter_map(|(our, their)| {
                let ratio = value(our)? / value(their)?;
                ratio.is_finite().then_some(ratio)
            });
            Spread::of(ratios)
        };
        let knee = each(&|run| Some(run.at_knee()?.packets_out));
        let is_known = !pairs.iter().any(|(_, their)| their.is_lower_bound());
        Ratio {
            against,
            knee_packets_out: knee.filter(|_| is_known),
            is_lower_bound: pairs.iter().any(|(our, _)| our.is_lower_bound()),
            nanos_a_packet: each(&|run| self.comparable(run)?.server_nanos_a_packet),
            delay_p99_micros: each(&|run| Some(self.comparable(run)?.delay_p99_micros)),
            bytes_a_participant: each(&|run| run.bytes_a_participant(self.comparable(run)?.size)),
        }
    }

    /// Ours and theirs of each round in which both have figures.
    fn pairs(&self, against: Contender) -> impl Iterator<Item = (&Measured, &Measured)> {
        self.of(against).filter_map(|their| {
            let mut ours = self.of(Contender::Rapport);
            let our = ours.find(|our| our.round == their.round)?;
            Some((our.measured()?, their.measured()?))
        })
    }
}

impl Run {
    pub(crate) const fn measured(&self) -> Option<&Measured> {
        match &self.outcome {
            Outcome::Measured(measured) => Some(measured),
            Outcome::Failed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
