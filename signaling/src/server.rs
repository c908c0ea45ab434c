//! The server as a whole: what starts, in which order it stops.
//!
//! Owns: the tasks of the control plane, the listener, draining. Never does: read signals; [`crate::run`]
//! does, and a test stops a server by itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use rapport_config::Config;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::auth::{KeyError, Keys};
use crate::directory::Directory;
use crate::error::Error;
use crate::http::{self, App};
use crate::listen::{MAX_CONNECTIONS, Serving, bind, serve};
use crate::media::Plane;
use crate::metrics::Metrics;
use crate::plugin::{Context, Plugin, Plugins, Taps};
use crate::recorder::{self, RecorderHandle, Running};
use crate::tls::Certificates;
use crate::upload::Uploader;

/// After the last session is gone: time for the last answers to be read.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running server. Dropping it aborts everything; [`Server::stop`] does it in order.
pub struct Server {
    app: App,
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    http: Serving,
    tasks: JoinSet<()>,
    /// The recorder's thread, where there is one.
    recording: Option<Running>,
}

impl Server {
    /// Starts on a media plane: binds, then serves.
    pub async fn start(config: Config, plugins: Vec<Box<dyn Plugin>>, plane: Plane) -> Result<Self, Error> {
        let keys = load_keys(&config)?;
        let certificates = config.server.tls.as_ref().map(Certificates::load).transpose()?;
        let listener = bind(config.server.listen)?;
        let address = listener.local_addr().map_err(Error::Http)?;
        let mut tasks = JoinSet::new();
        let taps = Arc::new(Taps::default());
        let recorder = RecorderHandle::start(&config.recorder, Arc::clone(&taps)).map_err(Error::Recorder)?;
        let (mut recorder, recording) = recorder.unzip();
        if let (Some(folder), Some(bucket)) = (&config.recorder.folder, &config.recorder.bucket) {
            let uploader = Uploader::open(folder, bucket)?;
            recorder = recorder.map(|recorder| recorder.with_uploads(uploader.uploads()));
            tasks.spawn(uploader.run());
        }
        let (app, router) = assemble(config, keys, plugins, plane, (taps, recorder), &mut tasks);
        if let Some(folder) = app.config.recorder.folder.clone() {
            tasks.spawn(recorder::retain(folder));
        }
        let handle = Handle::new();
        let http = serve(listener, router, &handle, certificates.as_ref(), MAX_CONNECTIONS)?;
        if let Some(certificates) = certificates {
            tasks.spawn(certificates.watch());
        }
        info!(%address, "serving HTTP");
        Ok(Self {
            app,
            address,
            handle,
            http,
            tasks,
            recording,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no joins from now on. Sessions go on.
    pub fn drain(&self) {
        if !self.app.draining.send_replace(true) {
            info!(rooms = self.app.directory.room_count(), "draining");
        }
    }

    /// Returns when every session has ended, or the deadline of the configuration is over.
    pub async fn drained(&self) {
        let deadline = self.app.config.server.drain_deadline.into();
        if timeout(deadline, self.app.directory.empty()).await.is_err() {
            warn!(
                rooms = self.app.directory.room_count(),
                "the drain deadline is over"
            );
        }
    }

    /// Ends the sessions that are left, then the server.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.drain();
        let directory = &self.app.directory;
        let closed = async {
            directory.close_all().await;
            // The rooms' last commands are on their way when the rooms are gone.
            directory.empty().await;
            // And every member of a call has been told.
            self.app.calls.closed().await;
        };
        // A room that does not answer keeps nobody from the end.
        let _ = timeout(FAREWELL, closed).await;
        if let Some(recording) = self.recording.take() {
            recording.stop().await;
        }
        self.handle.graceful_shutdown(Some(FAREWELL));
        let served = (&mut self.http).await;
        self.tasks.shutdown().await;
        info!("stopped");
        served.unwrap_or(Ok(())).map_err(Error::Http)
    }

    /// Returns when the HTTP server ends by itself, which it never should.
    pub async fn failed(&mut self) -> Error {
        match (&mut self.http).await {
            Ok(Err(error)) => Error::Http(error),
            _ => Error::Http(io::Error::other("its task ended")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.abort();
    }
}

fn assemble(
    config: Config,
    keys: Keys,
    plugins: Vec<Box<dyn Plugin>>,
    plane: Plane,
    (taps, recorder): (Arc<Taps>, Option<RecorderHandle>),
    tasks: &mut JoinSet<()>,
) -> (App, Router) {
    let metrics = Arc::new(Metrics::default());
    let (plugins, lanes) = Plugins::new(plugins);
    let directory = Directory::new(&config, plane.lanes, plugins, (Arc::clone(&metrics), recorder));
    let context = Context::new(Arc::clone(&directory), Arc::clone(&taps));
    directory.plugins().start(lanes, &context);
    for events in plane.events {
        tasks.spawn(Arc::clone(&directory).dispatch(events));
    }
    for lane in directory.lanes() {
        tasks.spawn(Arc::clone(&directory).mourn(lane.clone()));
    }
    tasks.spawn(Arc::clone(&taps).deliver(plane.taps));
    let app = App::new(config, keys, directory, metrics, taps);
    let router = http::router(&app, &context);
    (app, router)
}

/// Reads all that the configuration names, as [`Server::start`] would, and serves nothing.
pub fn check(config: &Config) -> Result<(), Error> {
    load_keys(config)?;
    config.server.tls.as_ref().map(Certificates::load).transpose()?;
    Ok(())
}

/// The keys that the configuration names, read.
pub fn load_keys(config: &Config) -> Result<Keys, Error> {
    let mut keys = Keys::new(config.auth.max_ttl.into());
    for key in &config.auth.keys {
        let failed = |reason: KeyError| Error::Key {
            kid: key.id.clone(),
            reason,
        };
        keys.add_public_key(&key.id, key.public_key.read()?.as_bytes())
            .map_err(failed)?;
        if let Some(private) = &key.private_key {
            keys.add_private_key(&key.id, private.read()?.as_bytes())
                .map_err(failed)?;
        }
    }
    for secret in &config.auth.secrets {
        let added = keys.add_secret(&secret.id, secret.source.read()?.as_bytes());
        added.map_err(|reason| Error::Key {
            kid: secret.id.clone(),
            reason,
        })?;
    }
    Ok(keys)
}
