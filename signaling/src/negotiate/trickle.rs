//! What a PATCH of a WHIP or WHEP session asks for (RFC 9725 §4.3).
//!
//! Owns: telling candidates from an ICE restart, and the reply to the latter. Never does: keep candidates.

use std::net::SocketAddr;

use rapport_sfu::parameters::IceCredentials;

use super::{NegotiateError, transport};
use crate::sdp::{Fragment, FragmentAnswer};

/// A trickle fragment, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trickle<'a> {
    /// Candidates, which a lite agent has no use for: answer 204.
    Candidates,
    /// New credentials: issue `Command::RestartIce` and answer 200 with [`Restart::answer`].
    Restart(Restart<'a>),
}

/// An ICE restart (RFC 9725 §4.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart<'a> {
    /// The client's new credentials.
    pub remote: IceCredentials,
    fragment: Fragment<'a>,
}

/// Reads a body of `application/trickle-ice-sdpfrag` from a client whose credentials are `remote`.
pub fn trickle<'a>(fragment: &'a str, remote: &IceCredentials) -> Result<Trickle<'a>, NegotiateError> {
    let fragment = Fragment::read(fragment)?;
    match fragment.credentials()? {
        None => Ok(Trickle::Candidates),
        Some(told) if !transport::restarts(&told, remote)? => Ok(Trickle::Candidates),
        Some(remote) => Ok(Trickle::Restart(Restart { remote, fragment })),
    }
}

impl Restart<'_> {
    /// The body of the reply: our new credentials and where we listen.
    pub fn answer(&self, ice: &IceCredentials, candidates: &[SocketAddr]) -> String {
        let section = self.fragment.sections.first();
        FragmentAnswer {
            ice,
            candidates,
            section,
        }
        .to_string()
    }
}
