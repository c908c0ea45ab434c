//! `rapport demo`: a server for a first look.
//!
//! Owns: how such a server is put together. Never does: anything that `rapport serve` could not do with a
//! configuration and a plugin.

mod links;
mod place;
mod secrets;
mod welcome;

use std::io::{self, Write};

use rapport_config::units::{ByteSize, TimeSpan};
use rapport_config::{Auth, Config, Limits, Log, Media, Recorder, Secret, SecretSource, Server, Tls};
use rapport_signaling::{Error, run_announced};

use crate::arguments::Demo;
use crate::failure::Failure;
use crate::log;
use links::Links;
use place::Place;
use secrets::Secrets;
use welcome::Welcome;

/// Serves until it is told to stop.
pub(crate) fn run(arguments: &Demo) -> Result<(), Failure> {
    let secrets = match &arguments.data {
        Some(folder) => Secrets::kept_in(folder).map_err(Failure::usage)?,
        None => Secrets::random(),
    };
    let place = Place::new(arguments.listen);
    log::install(&config(&place, &secrets, arguments).log);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::running)?;
    let serve = |place: &Place| runtime.block_on(serve(place, &secrets, arguments));
    let served = match serve(&place) {
        // Somebody took the port after it was seen to be free.
        Err(Error::Media(error)) if error.kind() == io::ErrorKind::AddrInUse => serve(&place.on_any_port()),
        served => served,
    };
    served.map_err(|error| in_plain_words(error, &place))
}

async fn serve(place: &Place, secrets: &Secrets, arguments: &Demo) -> Result<(), Error> {
    let announce = |bound| {
        let welcome = Welcome {
            origin: place.origin(bound),
            secrets,
            kept: arguments.data.as_deref(),
            place,
            clinic: arguments.clinic,
        };
        // Who has closed our output does not read it; the server is as good without.
        let _ = io::stdout().write_all(welcome.to_string().as_bytes());
    };
    let links = Links::new(secrets);
    run_announced(config(place, secrets, arguments), vec![Box::new(links)], announce).await
}

/// What stands in no file: all else is as in a configuration that says nothing.
fn config(place: &Place, secrets: &Secrets, arguments: &Demo) -> Config {
    let &Demo { log: level, av1, .. } = arguments;
    Config {
        server: Server {
            listen: place.listen,
            tls: place.is_public().then_some(Tls::SelfSigned),
            drain_deadline: DRAIN,
            ..Server::default()
        },
        media: Media {
            listen: place.media.clone(),
            av1,
            ..Media::default()
        },
        auth: Auth {
            secrets: vec![Secret {
                id: "demo".into(),
                source: SecretSource::Inline(secrets.signing.clone()),
            }],
            ..Auth::default()
        },
        limits: Limits {
            participants_per_room: PEOPLE,
            ..Limits::default()
        },
        recorder: Recorder {
            folder: arguments.data.as_ref().map(|data| data.join("recordings")),
            floor: FLOOR,
            ..Recorder::default()
        },
        log: Log {
            level,
            ..Log::default()
        },
    }
}

fn in_plain_words(error: Error, place: &Place) -> Failure {
    match error {
        Error::Bind { address, error } if error.kind() == io::ErrorKind::AddrInUse => {
            Failure::address(format!(
                "another program listens on {address} already. End it, or choose another port, such as: \
                 rapport demo --listen {}:{}",
                place::host(address.ip()),
                if address.port() == 8081 { 8082 } else { 8081 },
            ))
        }
        Error::Media(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Failure::address(format!(
            "this machine does not have the address {}. Choose one of its own, or all of them: \
             rapport demo --listen 0.0.0.0:8080",
            place.listen.ip(),
        )),
        other => other.into(),
    }
}

/// Whoever presses Ctrl-C means now. Somebody whose page is closed would be waited for otherwise.
const DRAIN: TimeSpan = TimeSpan::from_millis(500);

/// Some minutes: for trying out, on whatever machine there is.
const FLOOR: ByteSize = ByteSize::from_bytes(300_000_000);

/// As many as the pages have tiles for.
const PEOPLE: u32 = 16;
