//! Offer in, answer out, with the values that a worker needs in between.
//!
//! Owns: what is accepted of an offer, and by which rules. Never does: draw random numbers, know rooms or
//! tokens, or send anything: it is a function of its arguments.
//!
//! The server always answers and is always the passive, lite, bundled side: ICE-lite (RFC 8445 §2.5), DTLS
//! server (`a=setup:passive`), RTP and RTCP and all sections on one port (RFC 9143, RFC 5761).

mod established;
mod media;
mod renegotiate;
mod sections;
mod transport;
mod trickle;

use std::net::SocketAddr;

use rapport_sfu::parameters::{
    Fingerprint, IceCredentials, PublicationParameters, SubscriptionParameters, TransportParameters,
};

use crate::sdp::Offer;
pub use crate::sdp::{Error as NegotiateError, Fault};
pub use established::Established;
pub use renegotiate::{Renegotiated, renegotiate};
pub use sections::MAX_MESSAGE_BYTES;
use sections::Sections;
pub use trickle::{Restart, Trickle, trickle};

/// Our side of one transport.
#[derive(Clone, Copy, Debug)]
pub struct Ours<'a> {
    /// `<sess-id>` of the answer: random, below 2⁶³ (RFC 9429 §5.2.1), and of no other use.
    pub session: u64,
    /// Made for this transport: at least 24 and 128 random bits (RFC 8445 §5.3).
    pub ice: &'a IceCredentials,
    /// Of the worker's certificate.
    pub fingerprint: Fingerprint,
    /// Where the room's worker listens, the preferred first. IPv4 and IPv6 may be mixed.
    pub candidates: &'a [SocketAddr],
    /// What a publisher's video is asked not to exceed, in bit/s.
    pub video_bitrate: u64,
}

/// Which ways media may flow, as the client's grant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Sections in which the client sends are taken.
    pub publish: bool,
    /// Sections in which the client receives are taken.
    pub subscribe: bool,
}

/// What kind of call it is, for as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which ways.
    pub permit: Permit,
    /// The media are sealed end to end (RFC 9605). Then each section goes one way, nothing says how loud
    /// somebody is (RFC 6464 would say it in the clear), and there is no data channel, which the server could read.
    pub sealed: bool,
}

impl Terms {
    /// A call whose media the server could look into.
    pub const fn clear(permit: Permit) -> Self {
        Self {
            permit,
            sealed: false,
        }
    }
}

/// What came of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The answer, as `application/sdp`.
    pub answer: String,
    /// For `Command::Join`.
    pub transport: TransportParameters,
    /// For one `Command::Publish` each, in the order of the offer.
    pub publications: Vec<PublicationParameters>,
    /// For one `Command::Subscribe` each, in the order of the offer.
    pub subscriptions: Vec<SubscriptionParameters>,
    /// For [`renegotiate`], if the client may offer again.
    pub established: Established,
}

/// Answers a WHIP client (RFC 9725): each section in which it sends becomes a publication. Other sections are
/// refused singly (port 0).
pub fn publish(offer: &str, ours: &Ours<'_>) -> Result<Negotiated, NegotiateError> {
    let permit = Permit {
        publish: true,
        subscribe: false,
    };
    // Only what we send needs an SSRC of ours.
    negotiate(offer, ours, Terms::clear(permit), &mut || 0)
}

/// Answers a WHEP client: each section in which it receives becomes a subscription, with an SSRC of ours. The
/// first sections of sound and of picture share a CNAME, so do the second ones, and so on: what one person
/// says and shows is put into a pair and played in sync.
///
/// `random` gives 32 random bits a call.
pub fn play(
    offer: &str,
    ours: &Ours<'_>,
    random: &mut dyn FnMut() -> u32,
) -> Result<Negotiated, NegotiateError> {
    let permit = Permit {
        publish: false,
        subscribe: true,
    };
    negotiate(offer, ours, Terms::clear(permit), random)
}

/// Answers any client within its terms: a section in which it sends becomes a publication if it may publish,
/// else one in which it receives becomes a subscription if it may subscribe, else it is refused singly. An
/// offer of which nothing can be taken is an error.
pub fn negotiate(
    offer: &str,
    ours: &Ours<'_>,
    terms: Terms,
    random: &mut dyn FnMut() -> u32,
) -> Result<Negotiated, NegotiateError> {
    let offer = Offer::read(offer)?;
    let remote = transport::remote(&offer)?;
    let mut sections = Sections::new(&offer, terms, ours.video_bitrate, random);
    let answered = sections.answer(&[])?;
    let established = Established::first(ours, &remote, terms, &answered);
    Ok(Negotiated {
        answer: established.write(ours, &offer, remote.ice_options, answered),
        transport: TransportParameters {
            local: ours.ice.clone(),
            remote: remote.ice,
            fingerprint: remote.fingerprint,
            data_channel: sections.data_channel,
        },
        publications: sections.publications,
        subscriptions: sections.subscriptions,
        established,
    })
}

#[cfg(test)]
mod tests;
