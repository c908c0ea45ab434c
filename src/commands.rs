//! What each subcommand does.
//!
//! Owns: the way from arguments to the server's crates. Never does: serve by itself.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use rapport_config::Config;
use rapport_signaling::auth::{Bearer, Claims, generate_key, unix_now};
use rapport_signaling::{Error, check, load_keys, run};

use crate::arguments::{Command, ConfigFile, Key, Token};
use crate::demo;
use crate::failure::Failure;
use crate::{load, log, recordings, root, verify};

pub(crate) fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(file) => serve(&file),
        Command::CheckConfig(file) => check_config(&file),
        Command::Token(token) => issue(&token),
        Command::Key(key) => print_key(&key),
        Command::Root(command) => root::run(&command),
        Command::Recording(command) => recordings::run(&command),
        Command::VerifyClient(arguments) => verify::run(&arguments),
        Command::Load(arguments) => {
            let config = arguments.config.as_deref().map(read).transpose()?;
            load::run(&arguments, config.as_ref())
        }
    }
}

fn serve(file: &ConfigFile) -> Result<(), Failure> {
    let config = read(&file.config)?;
    log::install(&config.log);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::running)?;
    Ok(runtime.block_on(run(config, Vec::new()))?)
}

fn check_config(file: &ConfigFile) -> Result<(), Failure> {
    let config = read(&file.config)?;
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
    let config = read(&token.file.config)?;
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

fn read(file: &Path) -> Result<Config, Failure> {
    // What names the file is not a key of the file.
    let environment = env::vars_os().filter(|(name, _)| name != "RAPPORT_CONFIG");
    Ok(Config::load(file, environment).map_err(Error::from)?)
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::running)
}
