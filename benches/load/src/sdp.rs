//! The descriptions that clients exchange with servers.
//!
//! Owns: what this client says of itself, and what it needs of what a server says. Never does: ICE, DTLS, media.
//!
//! What is written is short and known, so what is read may be as lean: of a server's description this takes the
//! lines that it needs and skips every other. `rtc-sdp` refuses a whole description for one line that nobody
//! needs, and the server's own reader is part of what is put under load.

mod client;
mod numbers;
mod server;
#[cfg(test)]
mod tests;

use rapport_sfu::codec::Codec;

pub use client::ClientDescription;
pub use server::ServerDescription;

/// Who begins the DTLS handshake (RFC 8842 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The other side may choose.
    ActPass,
    /// Who says so: the client.
    Active,
    /// The other side: the server.
    Passive,
}

impl Setup {
    const ALL: [Self; 3] = [Self::ActPass, Self::Active, Self::Passive];

    /// As it stands in `a=setup`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActPass => "actpass",
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }
}

/// Why there is no session between two descriptions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// This client has no numbers for it: our fault.
    #[error("a client does not speak {0:?}")]
    Codec(Codec),
    /// The server's description is longer than any true one.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The server's description has too many m-sections.
    #[error("more than {0} m-sections")]
    TooManySections(usize),
    /// The server's description lacks a line without which there is no transport.
    #[error("without a usable {0}")]
    Missing(&'static str),
    /// The server wants to be the DTLS client.
    #[error("a=setup:{0} where a client expects to begin the handshake")]
    Setup(&'static str),
    /// The server's answer has other m-sections than the offer.
    #[error("{answered} m-sections in answer to {offered}")]
    Sections {
        /// How many the client wrote.
        offered: usize,
        /// How many came back.
        answered: usize,
    },
    /// The server does not take a section, or not in this direction, or with no codec of ours.
    #[error("m-section {0} is not taken")]
    NotTaken(usize),
}
