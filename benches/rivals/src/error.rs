//! What can go wrong, by whose fault.
//!
//! Owns: the difference between a comparison that can't be made and a server that has no figures in it. Never does:
//! decide what follows.

use std::io;

use serde::{Deserialize, Serialize};

/// The comparison can't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The arguments, or what lies in the repository, are not as they have to be.
    #[error("{0}")]
    Refused(String),
    /// The machine grants something not.
    #[error("this machine: {0}")]
    System(#[from] io::Error),
    /// A result can't be written or read.
    #[error("the results: {0}")]
    Results(#[from] serde_json::Error),
}

/// Why a server has no figures in a run. It is told in the results, never as a zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Failure {
    /// It ended by itself, or did not answer in time.
    #[error("did not start: {0}")]
    Start(String),
    /// It was gone before it was told to go.
    #[error("died under load: {0}")]
    Died(String),
    /// The generator said that the load did not come about.
    #[error("could not be loaded: {0}")]
    Load(String),
}
