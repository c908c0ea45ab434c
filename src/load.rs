//! `rapport load`: how much this machine carries.
//!
//! Owns: a server of its own to be loaded, and the way to one that runs already. Never does: load by itself.

mod child;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread::available_parallelism;

use rapport_config::Config;
use rapport_load::machine;
use rapport_load::target::Target;
use rapport_load::target::rapport::Rapport;
use rapport_load::target::token::Issuer;
use rapport_signaling::auth::{Claims, KeyError, Keys, unix_now};
use rapport_signaling::load_keys;

use crate::arguments::Load;
use crate::failure::Failure;
use child::Child;

/// Loads the server of a configuration, or else one of our own, and tells how it went.
pub(crate) fn run(arguments: &Load, config: Option<&Config>) -> Result<(), Failure> {
    match config {
        Some(config) => at_running(arguments, config),
        None => at_own(arguments),
    }
}

/// On one processor, and the generator on another one, where there are two.
fn at_own(arguments: &Load) -> Result<(), Failure> {
    let processors = available_parallelism().map_err(Failure::running)?.get();
    let mut options = arguments.options.clone();
    if processors > 1 {
        machine::pin(0)?;
        options.pin.get_or_insert(processors - 1);
    }
    let server = Child::start()?;
    Ok(options.execute(server.target()?, Some(server.id()))?)
}

/// On whichever processors the two are.
fn at_running(arguments: &Load, config: &Config) -> Result<(), Failure> {
    if !config.media.clear_rooms {
        return Err(Failure::usage(
            "load is clear, and media.clear_rooms of this configuration does not allow it; without --config \
             a server of its own is loaded",
        ));
    }
    let scheme = if config.server.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let host = local(config.server.listen.ip());
    let url = format!(
        "{scheme}://{}",
        SocketAddr::new(host, config.server.listen.port())
    );
    let url = url.parse().map_err(Failure::usage)?;
    let keys = load_keys(config)?;
    // A configuration that can't sign is told now, not at the first join.
    issue(&keys, "load", "load").map_err(Failure::usage)?;
    let issuer = Issuer::with(move |room, identity| issue(&keys, room, identity).unwrap_or_default());
    let target = Rapport::new(url, issuer).map_err(Failure::usage)?;
    Ok(arguments
        .options
        .execute(Target::Rapport(target), arguments.server_pid)?)
}

fn issue(keys: &Keys, room: &str, identity: &str) -> Result<String, KeyError> {
    let ttl = keys.max_ttl().as_secs().min(TOKEN_SECONDS);
    keys.issue(Claims {
        publish: true,
        subscribe: true,
        ..Claims::new(room, identity, unix_now() + ttl)
    })
}

/// An address of this machine, as one is reached from it.
fn local(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Longer than any run.
const TOKEN_SECONDS: u64 = 3_600;
