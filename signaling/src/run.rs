//! The daemon: from a configuration to an orderly end.
//!
//! Owns: the order of starting and stopping, and the signals. Never does: exit the process; its caller
//! knows the exit codes.

use std::net::SocketAddr;

use rapport_config::Config;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

use crate::error::Error;
use crate::media;
use crate::plugin::Plugin;
use crate::server::Server;

/// Serves until SIGTERM or SIGINT, then drains: no joins any more, and the end when the last session has
/// left or the deadline is over. A second signal ends the waiting.
pub async fn run(config: Config, plugins: Vec<Box<dyn Plugin>>) -> Result<(), Error> {
    run_announced(config, plugins, |_| ()).await
}

/// Like [`run`], and tells the address as soon as requests are taken there.
pub async fn run_announced(
    config: Config,
    plugins: Vec<Box<dyn Plugin>>,
    announce: impl FnOnce(SocketAddr),
) -> Result<(), Error> {
    let mut signals = Signals::new()?;
    let (plane, workers) = media::start(&config.media).map_err(Error::Media)?;
    let mut server = Server::start(config, plugins, plane).await?;
    announce(server.address());
    tokio::select! {
        () = signals.next() => {}
        error = server.failed() => return Err(error),
    }
    server.drain();
    tokio::select! {
        () = server.drained() => {}
        () = signals.next() => info!("told twice: not waiting"),
    }
    server.stop().await?;
    Ok(workers.stop().await?)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::Signals);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
