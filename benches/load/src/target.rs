//! The servers that can be put under load, and how each is joined.
//!
//! Owns: which servers there are. Never does: media. Every adapter answers with the same [`Session`].

mod http;
pub mod janus;
pub mod pion;
pub mod rapport;
pub mod token;

use crate::sdp::SdpError;
use crate::session::{Publish, Session, Subscribe};

/// A server under load.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// This project's own.
    Rapport(rapport::Rapport),
    /// Janus, its video room.
    Janus(janus::Janus),
    /// The forwarder on Pion that lies in `benches/rivals/pion`.
    Pion(pion::Pion),
}

impl Target {
    /// Joins as a publisher.
    pub async fn publish(&self, wanted: &Publish) -> Result<Session, TargetError> {
        match self {
            Self::Rapport(server) => server.publish(wanted).await,
            Self::Janus(server) => server.publish(wanted).await,
            Self::Pion(server) => server.publish(wanted).await,
        }
    }

    /// Joins as a player. He does not stand in `from` himself: no server is asked to send him his own tracks.
    pub async fn subscribe(&self, wanted: &Subscribe) -> Result<Session, TargetError> {
        match self {
            Self::Rapport(server) => server.subscribe(wanted).await,
            Self::Janus(server) => server.subscribe(wanted).await,
            Self::Pion(server) => server.subscribe(wanted).await,
        }
    }

    /// Leaves.
    pub async fn leave(&self, session: &Session) -> Result<(), TargetError> {
        match self {
            Self::Rapport(server) => server.leave(session).await,
            Self::Janus(server) => server.leave(session).await,
            Self::Pion(server) => server.leave(session).await,
        }
    }
}

/// Why a client could not join.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is somewhere else than on this machine.
    #[error("{0} is not a loopback address: only a server on this machine is put under load")]
    NotLoopback(String),
    /// The server does not answer.
    #[error("the server does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The server refuses.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server answers something that is not understood.
    #[error("not understood: {0}")]
    Malformed(String),
}

impl From<SdpError> for TargetError {
    fn from(error: SdpError) -> Self {
        Self::Malformed(format!("a description {error}"))
    }
}
