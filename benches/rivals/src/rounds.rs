//! The comparison itself: round by round, case by case, one server after the other.
//!
//! Owns: whose turn it is, one run from start to end, and the bounds in time. Never does: judge.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use rapport_load::Spent;
use rapport_load::ramp::Ramp;

use crate::case::Case;
use crate::contender::{Contender, Places};
use crate::error::{Error, Failure};
use crate::measured::Measured;
use crate::options::Options;
use crate::results::{Compared, Outcome, Run};
use crate::running::Running;

/// A comparison under way.
pub(crate) struct Rounds<'a> {
    options: &'a Options,
    places: &'a Places,
    deadline: Instant,
    /// Servers that did not start are not tried again.
    missing: BTreeMap<Contender, Failure>,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(options: &'a Options, places: &'a Places) -> Self {
        Self {
            options,
            places,
            deadline: Instant::now() + Duration::from_secs(options.minutes * 60),
            missing: BTreeMap::new(),
        }
    }

    /// All of one round, as far as time allows.
    pub(crate) fn round(&mut self, round: u32, cases: &mut [Compared]) -> Result<(), Error> {
        for compared in cases {
            for server in self.turns(round, compared.case) {
                if Instant::now() >= self.deadline {
                    return Ok(());
                }
                let outcome = self.turn(compared.case, server)?;
                tell(round, compared.case, server, &outcome);
                compared.add(Run {
                    round,
                    server,
                    outcome,
                });
            }
        }
        Ok(())
    }

    fn turn(&mut self, case: Case, server: Contender) -> Result<Outcome, Error> {
        if let Some(failure) = self.missing.get(&server) {
            return Ok(Outcome::Failed(failure.clone()));
        }
        let outcome = self.run(case, server)?;
        if let Outcome::Failed(failure @ Failure::Start(_)) = &outcome {
            self.missing.insert(server, failure.clone());
        }
        Ok(outcome)
    }

    /// Each round begins with another server: whatever warms up or wears off is not always the same one's.
    fn turns(&self, round: u32, case: Case) -> Vec<Contender> {
        let servers = self.options.servers.iter().copied();
        let mut servers: Vec<_> = servers.filter(|server| case.is_for(*server)).collect();
        let first = round as usize % servers.len().max(1);
        servers.rotate_left(first);
        servers
    }

    fn run(&self, case: Case, server: Contender) -> Result<Outcome, Error> {
        let log = self.places.work.join(format!("{}.log", server.name()));
        let mut running = Running::start(&server.command(self.places)?, self.options.server_core, &log)?;
        if let Err(failure) = running.await_answer(server.http(self.places), server.patience()) {
            return Ok(Outcome::Failed(failure));
        }
        let idle = Spent::of(running.pid()).map(|spent| spent.resident);
        let ramp = self.load(case, server, running.pid())?;
        let died = running.ended();
        running.stop()?;
        Ok(match (ramp, died) {
            (_, Some(end)) => Outcome::Failed(Failure::Died(end)),
            (Err(failure), None) => Outcome::Failed(failure),
            (Ok(ramp), None) => Outcome::Measured(Measured::new(ramp, idle)),
        })
    }

    /// One ramp by the generator.
    fn load(&self, case: Case, server: Contender, pid: u32) -> Result<Result<Ramp, Failure>, Error> {
        let result = self.places.work.join("ramp.json");
        // Of the run before, which would be taken for this one's.
        if result.exists() {
            fs::remove_file(&result)?;
        }
        let command = self.generator(case, server, pid, &result);
        let log = self.places.work.join("load.log");
        let load = Running::start(&command, self.options.load_core, &log)?;
        let limit = self.ramp_limit();
        Ok(match load.await_end(limit)? {
            Some(status) if status.success() => Ok(serde_json::from_slice(&fs::read(&result)?)?),
            Some(_) => Err(Failure::Load(crate::running::last_line(&log))),
            None => Err(Failure::Load(format!("not done within {} s", limit.as_secs()))),
        })
    }

    fn generator(&self, case: Case, server: Contender, pid: u32, result: &PathBuf) -> Command {
        let sizes = case.sizes(self.options.smoke);
        let mut command = Command::new(self.places.root.join("target/release/rapport-load"));
        command.args(["--kind", server.name()]);
        command
            .arg("--url")
            .arg(format!("http://{}", server.http(self.places)));
        if let Some(secret) = server.secret(self.places) {
            command.arg("--secret-file").arg(secret);
        }
        for (name, value) in [
            ("--server-pid", pid.to_string()),
            ("--shape", word(case.shape())),
            ("--picture", word(case.picture())),
            ("--size", sizes.from.to_string()),
            ("--up-to", sizes.to.to_string()),
            ("--seconds", self.options.seconds.to_string()),
            ("--settle", self.options.settle.to_string()),
            ("--pin", self.options.load_core.to_string()),
        ] {
            command.args([name, &value]);
        }
        command.arg("--json").arg(result);
        command
    }

    /// Twice as many steps as a ramp has, and as long again for joins.
    fn ramp_limit(&self) -> Duration {
        Duration::from_secs(60 + 24 * (self.options.seconds + self.options.settle + 2))
    }
}

/// As it is written on a command line.
fn word(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

fn tell(round: u32, case: Case, server: Contender, outcome: &Outcome) {
    let what = match outcome {
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Measured(measured) => {
            let knee = measured.at_knee().map(|step| (step.size, step.packets_out));
            let end = measured.breach.as_ref().map(ToString::to_string);
            let (size, packets) = knee.unwrap_or_default();
            let end = end.unwrap_or_else(|| "no more was tried".to_owned());
            format!("{size} {}, {packets:.0} packets/s; {end}", case.shape().unit())
        }
    };
    println!("round {}, {}, {}: {what}", round + 1, word(case), server.title());
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use clap::Parser;

    use super::*;
    use crate::testing::Folder;

    fn places(folder: &Folder) -> Places {
        Places {
            root: folder.path().to_owned(),
            work: folder.path().to_owned(),
            address: Ipv4Addr::LOCALHOST.into(),
        }
    }

    #[test]
    fn each_round_begins_with_another_server() {
        let options = Options::parse_from(["rapport-rivals"]);
        let folder = Folder::new("turns");
        let places = places(&folder);
        let rounds = Rounds::new(&options, &places);
        let first = |round, case| rounds.turns(round, case)[0];
        assert_eq!(
            [0, 1, 2, 3].map(|round| first(round, Case::Pairs)),
            [
                Contender::Rapport,
                Contender::Janus,
                Contender::Pion,
                Contender::Rapport
            ]
        );
        assert_eq!(
            rounds.turns(1, Case::RoomSimulcast),
            [Contender::Janus, Contender::Rapport]
        );
    }

    #[test]
    fn a_server_that_does_not_start_is_reported_everywhere_and_tried_once() {
        let folder = Folder::new("skipped");
        let scripts = folder.path().join("benches/rivals");
        fs::create_dir_all(&scripts).unwrap();
        let tries = folder.path().join("tries");
        let script = format!(
            "echo again >> {}; echo no such package >&2; exit 1",
            tries.display()
        );
        fs::write(scripts.join("start-pion.sh"), script).unwrap();
        let words = ["rapport-rivals", "--servers", "pion", "--shapes", "pairs,audio"];
        let options = Options::parse_from(words);
        let places = places(&folder);
        let mut rounds = Rounds::new(&options, &places);
        let mut cases = [Case::Pairs, Case::Audio].map(Compared::new);
        for round in 0..2 {
            rounds.round(round, &mut cases).unwrap();
        }
        let failure = Failure::Start("exit status: 1: no such package".to_owned());
        for case in cases {
            assert_eq!(case.rows[0].failures, [failure.clone(), failure.clone()]);
            assert_eq!(case.rows[0].knee_packets_out, None);
        }
        assert_eq!(fs::read_to_string(tries).unwrap(), "again\n");
    }
}
