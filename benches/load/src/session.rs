//! What a client brings to a negotiation, and what comes of it.
//!
//! Owns: plain values between the adapters of the servers and the media loop. Never does: negotiate.

use std::net::SocketAddr;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Rid, Ssrc};
use rapport_sfu::parameters::{Fingerprint, IceCredentials, MediaParameters};

/// The client's own side of a transport: always the DTLS client, always the controlling ICE agent.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its ICE credentials.
    pub ice: IceCredentials,
    /// Of its certificate.
    pub fingerprint: Fingerprint,
}

/// A track that a client publishes: one m-section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is made of.
    pub codec: Codec,
    /// One without a rid, or the encodings of a simulcast, the smallest first.
    pub encodings: Vec<Encoding>,
}

/// One encoding of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its name, where there are several.
    pub rid: Option<Rid>,
    /// Its media; told in the description where there is only one.
    pub ssrc: Ssrc,
    /// Its retransmissions, where the codec has any.
    pub rtx_ssrc: Option<Ssrc>,
}

/// Somebody who wants to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Where.
    pub room: String,
    /// As whom; unique in the room.
    pub identity: String,
    /// The client's side.
    pub local: Local,
    /// What, in the order of the m-sections.
    pub sources: Vec<Source>,
}

/// Somebody who wants to play.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// Where.
    pub room: String,
    /// As whom; may be somebody who publishes there over another transport.
    pub identity: String,
    /// The client's side.
    pub local: Local,
    /// Whose tracks, all of them; their publishers are connected and send already.
    pub from: Vec<String>,
    /// What each of them publishes, so that there are as many places as tracks.
    pub codecs: Vec<Codec>,
}

impl Subscribe {
    /// How many tracks of a kind are expected.
    pub fn places(&self, kind: MediaKind) -> usize {
        let each = self.codecs.iter().filter(|codec| codec.kind() == kind).count();
        each * self.from.len()
    }
}

/// A transport as negotiated, and what runs over it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The server's ICE credentials.
    pub remote: IceCredentials,
    /// Where the server listens. Whoever sends there holds it to be loopback first.
    pub server: SocketAddr,
    /// The m-sections in their order, with the numbers that both sides use. A client that publishes finds its
    /// sources here by position; one that plays learns from the packets which source is where.
    pub media: Vec<MediaParameters>,
    /// How the server knows the session, for [`crate::target::Target::leave`].
    pub handle: String,
}
