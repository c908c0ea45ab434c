//! The servers that can be put under load, and how each is joined.
//!
//! Owns: which servers there are. Never does: media. Every adapter answers with the same [`Session`].

use crate::session::{Publish, Session, Subscribe};

/// A server under load.
#[derive(Debug)]
#[non_exhaustive]
pub enum Target {}

impl Target {
    /// Joins as a publisher.
    pub async fn publish(&self, _wanted: &Publish) -> Result<Session, TargetError> {
        match *self {}
    }

    /// Joins as a player.
    pub async fn subscribe(&self, _wanted: &Subscribe) -> Result<Session, TargetError> {
        match *self {}
    }

    /// Leaves.
    pub async fn leave(&self, _session: &Session) -> Result<(), TargetError> {
        match *self {}
    }
}

/// Why a client could not join.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
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
