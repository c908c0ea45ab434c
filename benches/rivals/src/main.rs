//! This server beside others: the same load on each, in turns, and what that comes to.
//!
//! Owns: a comparison from its options to its tables. Never does: install anything, load anything but loopback, run
//! without an end, or decide a test.

mod booking;
mod case;
mod contender;
mod error;
mod machine;
mod measured;
mod options;
mod page;
mod results;
mod rounds;
mod running;
mod spread;
mod table;
#[cfg(test)]
mod testing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use rapport_load::ramp;

use booking::{Booking, Ends};
use contender::Places;
use error::Error;
use machine::Machine;
use options::Options;
use results::{Compared, Results, Setting, Version};
use rounds::Rounds;

fn main() -> ExitCode {
    let options = Options::parse().effective();
    let done = if options.tables {
        read(&options.out).and_then(|results| tabulate(&results, &options))
    } else {
        compare(&options)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rapport-rivals: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), Error> {
    let places = Places {
        root: std::env::current_dir()?,
        work: PathBuf::from("target/rivals"),
        address: options.address,
    };
    fs::create_dir_all(&places.work)?;
    page::with(&readme(options)?, "")?;
    announce(options);
    let ends = Ends {
        server_core: options.server_core,
        load_core: options.load_core,
    };
    let mut results = Results {
        machine: Machine::this(),
        setting: setting(options),
        servers: versions(options, &places.root),
        booking: Booking::measure(ends)?,
        cases: options.shapes.iter().copied().map(Compared::new).collect(),
    };
    let mut rounds = Rounds::new(options, &places);
    for round in 0..options.pairs {
        rounds.round(round, &mut results.cases)?;
        // After every round, so that one that is interrupted takes nothing along.
        write(&results, &options.out)?;
    }
    tabulate(&results, options)
}

fn announce(options: &Options) {
    let step = options.seconds + options.settle + 1;
    let about = u64::from(options.runs()) * (STEPS * step + 4) / 60 + 1;
    println!(
        "{} runs: about {about} minutes. None begins after {} minutes.",
        options.runs(),
        options.minutes
    );
}

const fn setting(options: &Options) -> Setting {
    Setting {
        rounds_asked: options.pairs,
        seconds_watched: options.seconds,
        seconds_settling: options.settle,
        server_core: options.server_core,
        load_core: options.load_core,
        loss: ramp::LOSS,
        delay_p99_micros: ramp::DELAY_MICROS,
    }
}

fn versions(options: &Options, root: &Path) -> Vec<Version> {
    let servers = options.servers.iter().copied();
    let version = |server: contender::Contender| Version {
        server,
        version: server.version(root),
    };
    servers.map(version).collect()
}

fn read(file: &Path) -> Result<Results, Error> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

fn write(results: &Results, file: &Path) -> Result<(), Error> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_string_pretty(results)?;
    text.push('\n');
    Ok(fs::write(file, text)?)
}

fn tabulate(results: &Results, options: &Options) -> Result<(), Error> {
    let text = page::text(results);
    fs::write(&options.readme, page::with(&readme(options)?, &text)?)?;
    println!(
        "\n{text}\nWritten: {}, {}",
        options.out.display(),
        options.readme.display()
    );
    Ok(())
}

/// Of a smoke test there is none yet.
fn readme(options: &Options) -> Result<String, Error> {
    match options.smoke {
        true => Ok(page::EMPTY.to_owned()),
        false => Ok(fs::read_to_string(&options.readme)?),
    }
}

/// That a ramp has on average: it doubles five times and halves three times, and looks at some sizes twice.
const STEPS: u64 = 10;
