//! Why the server can't run.
//!
//! Owns: [`Error`], by what an operator has to look at. Never does: describe a request; [`crate::problem`] does.

use std::io;
use std::net::SocketAddr;

use rapport_sfu::worker::Lost;

use crate::auth::KeyError;
use crate::tls::TlsError;
use crate::upload::OpenError;

/// Each is one line, and its variant is one exit code of the command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that the configuration names, or what is in it.
    #[error(transparent)]
    Config(#[from] rapport_config::Error),
    /// A key of `[auth]` can't be used.
    #[error("auth key {kid:?}: {reason}")]
    Key {
        /// Which.
        kid: String,
        /// Why.
        reason: KeyError,
    },
    /// The address is taken, or not ours.
    #[error("cannot listen on {address} (TCP): {error}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The media plane's sockets or threads.
    #[error("cannot start the media workers: {0}")]
    Media(io::Error),
    /// The folder of recordings, or its disk.
    #[error("cannot record in the folder of [recorder]: {0}")]
    Recorder(io::Error),
    /// The bucket that recordings are copied to.
    #[error("cannot copy to the bucket of [recorder.bucket]: {0}")]
    Bucket(#[from] OpenError),
    /// The certificate.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// A media worker ended badly.
    #[error(transparent)]
    Worker(#[from] Lost),
    /// The process can't hear signals.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    /// The HTTP server ended by itself.
    #[error("the HTTP server failed: {0}")]
    Http(io::Error),
}
