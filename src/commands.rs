//! What each subcommand does, and what its failure means for the exit code.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use rapport_config::{Config, Format};
use rapport_signaling::auth::{Bearer, Claims, generate_key, unix_now};
use rapport_signaling::{Error, check, load_keys, run};
use tracing_subscriber::EnvFilter;

use crate::arguments::{Command, ConfigFile, Key, Token};

pub(crate) fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(file) => serve(&file),
        Command::CheckConfig(file) => check_config(&file),
        Command::Token(token) => issue(&token),
        Command::Key(key) => print_key(&key),
    }
}

fn serve(file: &ConfigFile) -> Result<(), Failure> {
    let config = load(file)?;
    log(&config);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::running)?;
    Ok(runtime.block_on(run(config, Vec::new()))?)
}

fn check_config(file: &ConfigFile) -> Result<(), Failure> {
    let config = load(file)?;
    check(&config)?;
    let scheme = if config.server.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let media: Vec<_> = config.media.listen.iter().map(ToString::to_string).collect();
    print(&format!(
        "OK: {scheme}://{}, media on UDP {} ({} workers), {} keys\n",
        config.server.listen,
        media.join(" and "),
        config.media.workers,
        config.auth.keys.len() + config.auth.secrets.len(),
    ))
}

fn issue(token: &Token) -> Result<(), Failure> {
    let config = load(&token.file)?;
    let keys = load_keys(&config)?;
    let ttl: Duration = token.ttl.into();
    if ttl > keys.max_ttl() {
        let longest = config.auth.max_ttl;
        return Err(Failure::usage(format!(
            "--ttl {}: auth.max_ttl allows {longest} at most",
            token.ttl
        )));
    }
    let claims = Claims {
        publish: token.publish,
        subscribe: token.subscribe,
        admin: token.admin,
        ..Claims::new(&token.room, &token.identity, unix_now() + ttl.as_secs())
    };
    let text = keys.issue(claims).map_err(Failure::usage)?;
    // What the server would refuse is refused here, before somebody is sent away with it.
    keys.verify(Bearer::new(&text)).map_err(Failure::usage)?;
    print(&format!("{text}\n"))
}

fn print_key(key: &Key) -> Result<(), Failure> {
    let (private, public) = generate_key().ok_or_else(|| Failure::running("no key could be made"))?;
    let id = &key.id;
    print(&format!(
        "[[auth.keys]]\nid = {id:?}\npublic_key = \"\"\"\n{public}\"\"\"\n\
         # Only `rapport token` needs this; a server that just verifies does without.\n\
         private_key = \"\"\"\n{private}\"\"\"\n",
    ))
}

fn load(file: &ConfigFile) -> Result<Config, Failure> {
    // What names the file is not a key of the file.
    let environment = env::vars_os().filter(|(name, _)| name != "RAPPORT_CONFIG");
    Ok(Config::load(&file.config, environment).map_err(Error::from)?)
}

/// Our own crates at the level of the configuration, libraries when they warn.
fn log(config: &Config) {
    let level = config.log.level.as_str();
    let ours = ["rapport", "rapport_signaling", "rapport_sfu"].map(|name| format!("{name}={level}"));
    let filter = EnvFilter::new(format!("warn,{}", ours.join(",")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match config.log.format {
        Format::Text => builder.init(),
        Format::Json => builder.json().init(),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::running)
}

/// One line and one exit code. The codes are in `rapport --help`.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    fn usage(line: impl fmt::Display) -> Self {
        Self {
            line: line.to_string(),
            code: 2,
        }
    }

    fn running(line: impl fmt::Display) -> Self {
        Self {
            line: line.to_string(),
            code: 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Config(_) | Error::Key { .. } => 2,
            Error::Bind { .. } | Error::Media(_) => 3,
            Error::Tls(_) => 4,
            _ => 1,
        };
        Self {
            line: error.to_string(),
            code,
        }
    }
}
