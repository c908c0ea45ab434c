//! The load generator as a program of its own, which knows other servers too; `rapport load` is the same for
//! this project's server alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use rapport_load::target::janus::Janus;
use rapport_load::target::pion::Pion;
use rapport_load::target::rapport::Rapport;
use rapport_load::target::token::Issuer;
use rapport_load::target::{Target, TargetError};
use rapport_load::{Error, Options};
use reqwest::Url;

/// Loads a media server on this machine, and tells what arrives.
#[derive(Debug, Parser)]
#[command(name = "rapport-load", version)]
struct Arguments {
    /// What kind of server it is.
    #[arg(long, value_enum, default_value_t = Kind::Rapport)]
    kind: Kind,
    /// Its HTTP interface, on loopback.
    #[arg(long, value_name = "URL")]
    url: Url,
    /// The file with the secret that a Rapport server's tokens are signed with.
    #[arg(long, value_name = "FILE", required_if_eq("kind", "rapport"))]
    secret_file: Option<PathBuf>,
    /// The name of that secret in the server's configuration.
    #[arg(long, value_name = "ID", default_value = "main")]
    secret_id: String,
    /// The server's process, to tell what it spends.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    #[command(flatten)]
    options: Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// This project's.
    Rapport,
    /// Janus, its video room.
    Janus,
    /// The forwarder in benches/rivals/pion.
    Pion,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rapport-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    arguments
        .options
        .execute(target(arguments)?, arguments.server_pid)
}

fn target(arguments: &Arguments) -> Result<Target, Error> {
    let url = arguments.url.clone();
    let target = match arguments.kind {
        Kind::Rapport => {
            let issuer = Issuer::new(&arguments.secret_id, &secret(arguments.secret_file.as_deref())?);
            Rapport::new(url, issuer).map(Target::Rapport)
        }
        Kind::Janus => Janus::new(url).map(Target::Janus),
        Kind::Pion => Pion::new(url).map(Target::Pion),
    };
    target.map_err(refused)
}

/// As a server reads it: without the line's end.
fn secret(file: Option<&Path>) -> Result<Vec<u8>, Error> {
    let file = file.unwrap_or_else(|| Path::new("rapport.secret"));
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Error::Refused(format!("{}: {error}", file.display())))?;
    Ok(text.trim().as_bytes().to_vec())
}

fn refused(error: TargetError) -> Error {
    Error::Refused(error.to_string())
}
