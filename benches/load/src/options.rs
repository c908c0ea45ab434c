//! What can be asked of the generator on a command line.
//!
//! Owns: the options that `rapport load` and `rapport-load` share, and what is done with them. Never does: know
//! which server is loaded.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::error::Error;
use crate::machine;
use crate::media::Picture;
use crate::plan::Shape;
use crate::ramp::{Ramp, Range};
use crate::report::Report;
use crate::run::{Load, Settings};
use crate::target::Target;

/// How much load of what kind.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How people meet.
    #[arg(long, value_enum, default_value_t = Shape::Pairs)]
    pub shape: Shape,
    /// Which picture is sent; sound is sent always.
    #[arg(long, value_enum, default_value_t = Picture::Vp9)]
    pub picture: Picture,
    /// How many: rooms of two (pairs), people (room), watchers (fanout), rooms of eight (audio). With --up-to,
    /// the first number that is tried.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub size: u32,
    /// Look for the largest number that goes well, up to this one: at most one packet in a thousand lost, and one
    /// in a hundred later than 5 ms.
    #[arg(long, value_name = "N")]
    pub up_to: Option<u32>,
    /// How long to watch, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// How long to let things settle before, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub settle: u64,
    /// Run on this processor alone.
    #[arg(long, value_name = "NUMBER")]
    pub pin: Option<usize>,
    /// Write the result here too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    /// Loads a server; `server` is its process, where what it spends should be told.
    ///
    /// # Errors
    ///
    /// When the load does not come about. A server that can't carry it is a result, unless one size was asked for.
    pub fn execute(&self, target: Target, server: Option<u32>) -> Result<(), Error> {
        machine::allow_sockets()?;
        if let Some(processor) = self.pin {
            machine::pin(processor)?;
        }
        let settings = Settings {
            shape: self.shape,
            picture: self.picture,
            warm_up: Duration::from_secs(self.settle),
            span: Duration::from_secs(self.seconds),
            server,
        };
        let mut load = Load::new(target, settings)?;
        let done = self.drive(&mut load);
        let dispersed = load.disperse();
        done.and(dispersed)
    }

    fn drive(&self, load: &mut Load) -> Result<(), Error> {
        let Some(to) = self.up_to else {
            let report = load.measure(self.size)?;
            tell(&report)?;
            return self.keep(&report);
        };
        let range = Range { from: self.size, to };
        let mut told = Ok(());
        let ramp = Ramp::search(load, range, |report| {
            let one = tell(report);
            told = std::mem::replace(&mut told, Ok(())).and(one);
        })?;
        told?;
        print(&ramp.to_string())?;
        self.keep(&ramp)
    }

    fn keep(&self, result: &impl serde::Serialize) -> Result<(), Error> {
        let Some(file) = &self.json else {
            return Ok(());
        };
        let mut text = serde_json::to_string_pretty(result).map_err(io::Error::from)?;
        text.push('\n');
        Ok(fs::write(file, text)?)
    }
}

fn tell(report: &Report) -> Result<(), Error> {
    print(&report.to_string())
}

fn print(text: &str) -> Result<(), Error> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}
