//! Why a run did not come about.

use std::io;

use crate::target::TargetError;

/// What is wrong, by whose fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments ask for what is not done.
    #[error("{0}")]
    Refused(String),
    /// The system has no more sockets, threads or ports to give, or forbids them.
    #[error("this machine: {0}")]
    System(#[from] io::Error),
    /// The server did not let somebody in.
    #[error("{identity} could not join: {source}")]
    Join {
        /// Who.
        identity: String,
        /// Why.
        source: TargetError,
    },
    /// The server let people in, but transports did not come up.
    #[error("{up} of {wanted} transports came up")]
    NotConnected {
        /// How many should be up.
        wanted: usize,
        /// How many are.
        up: usize,
    },
    /// Everybody is connected, but not everything is sent on.
    #[error("{flowing} of {wanted} streams arrive")]
    NoStream {
        /// How many should arrive.
        wanted: usize,
        /// How many do.
        flowing: usize,
    },
    /// The server answered without a codec that is sent.
    #[error("the server does not take the codec that is sent")]
    CodecRefused,
    /// More joins at once than are ever asked for.
    #[error("too many joins at once")]
    TooMany,
}
