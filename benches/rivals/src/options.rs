//! What can be asked of a comparison on a command line.
//!
//! Owns: the options, their bounds and their defaults. Never does: act on them.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::case::Case;
use crate::contender::Contender;

/// Loads this server and others alternately, and writes down how they compare.
///
/// It belongs into a network of its own: benches/rivals/run.sh makes one, and installs the other servers.
#[derive(Clone, Debug, Parser)]
#[command(name = "rapport-rivals", version)]
pub(crate) struct Options {
    /// How often each server is loaded in each case, in turns.
    #[arg(long, value_name = "ROUNDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) pairs: u32,
    /// How long each size is watched, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// How long it is let settle before, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) settle: u64,
    /// After so many minutes no further run begins; what is there is written down.
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) minutes: u64,
    /// What is compared.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "pairs,room,fanout,audio"
    )]
    pub(crate) shapes: Vec<Case>,
    /// Which servers.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "rapport,janus,pion")]
    pub(crate) servers: Vec<Contender>,
    /// Where servers listen: an address of 127/8 that is on another interface than `lo`.
    #[arg(long, default_value = "127.9.0.1", value_parser = loopback)]
    pub(crate) address: IpAddr,
    /// The core that servers run on.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) server_core: usize,
    /// The core that the load comes from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) load_core: usize,
    /// Where the results go, as JSON.
    #[arg(long, value_name = "FILE", default_value = "benches/results/rivals.json")]
    pub(crate) out: PathBuf,
    /// Where the tables go, between the marks that are there.
    #[arg(long, value_name = "FILE", default_value = "benches/README.md")]
    pub(crate) readme: PathBuf,
    /// Only see that everything works: one round, a handful of people, and nothing kept but in target/rivals.
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Measure nothing: make the tables anew from the results.
    #[arg(long)]
    pub(crate) tables: bool,
}

impl Options {
    /// As they are meant: a smoke test overrules what would make it long, or overwrite results.
    pub(crate) fn effective(self) -> Self {
        if !self.smoke {
            return self;
        }
        Self {
            pairs: 1,
            seconds: 1,
            settle: 0,
            out: PathBuf::from("target/rivals/smoke.json"),
            readme: PathBuf::from("target/rivals/smoke.md"),
            ..self
        }
    }

    /// All runs, if none is left out.
    pub(crate) fn runs(&self) -> u32 {
        let each = |case: &Case| self.servers.iter().filter(|server| case.is_for(**server)).count();
        self.pairs * self.shapes.iter().map(each).sum::<usize>() as u32
    }
}

/// Nothing but this machine is ever put under load.
fn loopback(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| "expected an address".to_owned())?;
    match address.is_loopback() {
        true => Ok(address),
        false => {
            Err("expected a loopback address: only a server on this machine is put under load".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        let words = std::iter::once(&"rapport-rivals").chain(words);
        Options::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn only_this_machine_is_put_under_load() {
        for address in ["192.0.2.1", "0.0.0.0", "10.0.0.1", "localhost"] {
            assert!(parse(&["--address", address]).is_err(), "{address}");
        }
        let refused = parse(&["--address", "192.0.2.1"]).unwrap_err();
        assert!(refused.contains("only a server on this machine"), "{refused}");
        assert!(parse(&["--address", "127.0.0.2"]).is_ok());
    }

    #[test]
    fn every_run_is_counted_in_advance() {
        assert_eq!(parse(&[]).unwrap().runs(), 5 * 4 * 3);
        let some = parse(&["--pairs", "2", "--shapes", "pairs,room-simulcast"]).unwrap();
        assert_eq!(some.runs(), 2 * (3 + 2));
    }

    #[test]
    fn a_smoke_test_overwrites_no_results() {
        let smoke = parse(&["--smoke", "--pairs", "9"]).unwrap().effective();
        assert_eq!(smoke.pairs, 1);
        assert!(smoke.out.starts_with("target") && smoke.readme.starts_with("target"));
    }
}
