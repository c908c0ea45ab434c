//! The media plane as the control plane sees it: lanes that carry values.
//!
//! Owns: one [`Lane`] a worker, and what an answer has to say of it. Never does: hold a handle to
//! anything that a worker owns; the far end of a lane may as well be another process.

mod workers;

use std::net::SocketAddr;
use std::sync::Arc;

use rapport_sfu::Stats;
use rapport_sfu::command::Command;
use rapport_sfu::event::Event;
use rapport_sfu::parameters::Fingerprint;
use rapport_sfu::subscription::tap::TapPacket;
use rapport_sfu::worker::Report;
use tokio::sync::{mpsc, watch};

pub use workers::{Workers, start};

/// Commands under way to one worker. Full means that the worker is a thousand orders behind; the control
/// plane waits then, and joins take longer, which is the only honest answer to that.
pub const COMMAND_DEPTH: usize = 1024;

/// The worker's end is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media worker is gone")]
pub struct WorkerLost;

/// The way to one worker.
#[derive(Clone, Debug)]
pub struct Lane {
    commands: mpsc::Sender<Command>,
    reports: watch::Receiver<Report<Stats>>,
    endpoint: Arc<Endpoint>,
}

/// The whole media plane: a lane a worker, and what comes back.
#[derive(Debug)]
pub struct Plane {
    /// The ways there.
    pub lanes: Vec<Lane>,
    /// What the workers report, a lane each: a room that is behind holds up its own worker's only. A lane
    /// closes when its worker is gone.
    pub events: Vec<mpsc::Receiver<Event>>,
    /// The packets of all taps.
    pub taps: mpsc::Receiver<TapPacket>,
}

/// What answers say of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it listens, as clients reach it: the host candidates.
    pub candidates: Vec<SocketAddr>,
    /// Its DTLS certificate.
    pub fingerprint: Fingerprint,
    /// What a publisher's video is asked not to exceed, in bit/s.
    pub video_bitrate: u64,
}

impl Lane {
    /// A lane, and the end that the worker's side reads.
    pub fn new(
        endpoint: Endpoint,
        reports: watch::Receiver<Report<Stats>>,
    ) -> (Self, mpsc::Receiver<Command>) {
        let (commands, far) = mpsc::channel(COMMAND_DEPTH);
        let endpoint = Arc::new(endpoint);
        (
            Self {
                commands,
                reports,
                endpoint,
            },
            far,
        )
    }

    /// Sends one order.
    pub async fn send(&self, command: Command) -> Result<(), WorkerLost> {
        self.commands.send(command).await.map_err(|_| WorkerLost)
    }

    /// What answers say of the worker behind it.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The worker reads its lane.
    pub fn is_alive(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Returns when the worker does not read its lane any more.
    pub async fn closed(&self) {
        self.commands.closed().await;
    }

    /// Both lead to the same worker.
    pub fn is_same(&self, other: &Self) -> bool {
        self.commands.same_channel(&other.commands)
    }

    /// What the worker and its machine counted, of some moments ago.
    pub fn report(&self) -> Report<Stats> {
        self.reports.borrow().clone()
    }
}
