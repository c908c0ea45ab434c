//! `[server]`: the HTTP side.
//!
//! Owns: the section's keys and defaults. Never does: check ranges (`validate` does).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use crate::units::{ByteSize, TimeSpan};
use crate::url::{HttpUrl, Origin};

/// Where HTTP is served, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The TCP address of the HTTP interface.
    pub listen: SocketAddr,
    /// How clients reach it, when a proxy or a name stands before `listen`.
    pub public_url: Option<HttpUrl>,
    /// Allows HTTP without TLS on an address that others can reach.
    pub allow_plain_http: bool,
    /// TLS; absent means plain HTTP.
    pub tls: Option<Tls>,
    /// How long a stopping server waits for its sessions to end.
    pub drain_deadline: TimeSpan,
    /// The web pages of other origins that may call the interface.
    pub cors_origins: Vec<Origin>,
    /// The longest request body that is read.
    pub max_body: ByteSize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            // Loopback, so that nothing is open to others before an operator says so.
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            public_url: None,
            allow_plain_http: false,
            tls: None,
            // A WHIP client that sees its session end reconnects within seconds; half a minute lets a
            // balancer notice first.
            drain_deadline: TimeSpan::from_secs(30),
            cors_origins: Vec::new(),
            // Browsers' largest offers are near 30 KiB; room for a full bundle of slots.
            max_body: ByteSize::from_bytes(256 << 10),
        }
    }
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Tls {
    /// PEM files, read again when they change.
    Files {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// A certificate made at start, that no client trusts unless told to.
    SelfSigned,
}

impl Tls {
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = match self {
            Self::Files { certificate, key } => [Some(certificate), Some(key)],
            Self::SelfSigned => [None, None],
        };
        files.into_iter().flatten()
    }
}

/// The table as it is written: one of two ways, never both.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename = "Tls")]
#[derive(Default)]
struct Written {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    self_signed: bool,
}

impl TryFrom<Written> for Tls {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match (written.certificate, written.key, written.self_signed) {
            (Some(certificate), Some(key), false) => Ok(Self::Files { certificate, key }),
            (None, None, true) => Ok(Self::SelfSigned),
            (None, None, false) => {
                Err("found neither, expected `certificate` and `key`, or `self_signed = true`")
            }
            (_, _, true) => Err("found `self_signed = true` beside files, expected one of the two"),
            (Some(_), None, false) => Err("found `certificate` alone, expected `key` beside it"),
            (None, Some(_), false) => Err("found `key` alone, expected `certificate` beside it"),
        }
    }
}
