//! A lite ICE agent (RFC 8445): answers connectivity checks and knows by them where its client is.
//!
//! Owns: one transport's credentials, its validated paths and their consent. Never does: send a request,
//! gather candidates, or answer a sender that does not know the password.
//!
//! **Silence.** RFC 8489 §9.1.3 answers a request without valid credentials with 400 or 401. Such a request
//! is answered with nothing here and counted: a reply would go to an address that anybody can forge, and
//! would tell a scanner that a media server listens. The clients that matter were told their credentials by
//! signaling. What is answered is answered with at most [`MAX_GROWTH`] bytes more than came.
//!
//! **Consent.** RFC 7675 has each side ask for consent before it sends. A lite agent asks nothing; it
//! takes each valid check as the client's wish to receive on that path for 30 s more, so a client that goes
//! silent is sent nothing after that. What this cannot prove is that a client which knows the password
//! also owns the address that it checks from: that takes a request of ours, which is what "lite" gives up.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::drop::Drop;
use crate::parameters::IceCredentials;

mod paths;
mod reply;
pub mod stun;

pub use paths::Path;

use paths::{CONSENT, Paths};

/// One participant's agent.
#[derive(Debug)]
pub struct IceAgent {
    current: Generation,
    /// Those of before a restart, as long as no check has come with the new ones.
    previous: Option<Generation>,
    paths: Paths,
    first_check_deadline: Instant,
    expired: bool,
}

/// What an answered request told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// It was a good check. False: the reply is an error, and nothing else has changed.
    pub valid: bool,
    /// No valid check had come from this remote address before, or none that still counts.
    pub first_valid_from_this_address: bool,
    /// It carried USE-CANDIDATE, so its path is the selected one now.
    pub nominated: bool,
}

impl IceAgent {
    /// An agent that waits for its first check.
    pub fn new(local: &IceCredentials, remote: &IceCredentials, now: Instant) -> Self {
        Self {
            current: Generation::new(local, remote),
            previous: None,
            paths: Paths::default(),
            first_check_deadline: now + CONSENT,
            expired: false,
        }
    }

    /// New credentials from a new offer and answer. Media goes on over the selected path meanwhile
    /// (RFC 8445 §9), and checks with the old credentials count until the first with the new.
    pub fn restart(&mut self, local: &IceCredentials, remote: &IceCredentials, now: Instant) {
        let replaced = std::mem::replace(&mut self.current, Generation::new(local, remote));
        // Of two restarts without a check between them, the client still checks with the oldest.
        if replaced.checked || self.previous.is_none() {
            self.previous = Some(replaced);
        }
        self.first_check_deadline = now + CONSENT;
        self.expired = false;
    }

    /// Answers one STUN message. A reply, if there is one, is appended to `reply` and goes back to `source`
    /// from `destination`; on `Err` nothing is appended, and nothing must be sent.
    pub fn handle_binding(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        message: &[u8],
        reply: &mut Vec<u8>,
    ) -> Result<Binding, Drop> {
        self.handle_timeout(now);
        if self.expired {
            return Err(Drop::UnknownPeer);
        }
        let request = parse_request(message)?;
        let which = self.authenticate(&request)?;
        let path = Path::new(source, destination);
        let start = reply.len();
        let binding = if self.generation(which).refuse(&request, reply) {
            REFUSED
        } else {
            reply::success(
                reply,
                &self.generation(which).key,
                request.transaction(),
                path.remote,
            );
            self.accept(now, which, path, request.use_candidate())
        };
        debug_assert!(
            reply.len() - start <= message.len() + MAX_GROWTH,
            "a reply that amplifies"
        );
        Ok(binding)
    }

    /// Whether a valid check came from this address, and not too long ago.
    pub fn validated(&self, remote: SocketAddr) -> bool {
        self.paths.is_validated(remote)
    }

    /// Where to send: the path that the client nominated last, before that the first validated.
    pub fn selected(&self) -> Option<Path> {
        self.paths.selected()
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.expired {
            return None;
        }
        self.paths.next_expiry().or(Some(self.first_check_deadline))
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.paths.expire(now);
        // RFC 7675 §5.1: an endpoint that has no consent MUST cease transmission; only a restart revives it.
        self.expired |= self.paths.is_empty() && now >= self.first_check_deadline;
    }

    /// No path has consent any more, or none ever had within 30 s.
    pub fn is_expired(&self) -> bool {
        self.expired
    }

    fn authenticate(&self, request: &stun::Message<'_>) -> Result<Which, Drop> {
        let username = request.username().ok_or(Drop::UnauthenticStun)?;
        let previous = self.previous.as_ref();
        let which = if self.current.is_named(username) {
            Which::Current
        } else if previous.is_some_and(|generation| generation.is_named(username)) {
            Which::Previous
        } else {
            return Err(Drop::UnauthenticStun);
        };
        let authentic = request.is_authentic(&self.generation(which).key);
        authentic.then_some(which).ok_or(Drop::UnauthenticStun)
    }

    fn generation(&self, which: Which) -> &Generation {
        match (which, &self.previous) {
            (Which::Previous, Some(previous)) => previous,
            _ => &self.current,
        }
    }

    fn accept(&mut self, now: Instant, which: Which, path: Path, nominated: bool) -> Binding {
        if which == Which::Current {
            self.current.checked = true;
            self.previous = None;
        }
        Binding {
            valid: true,
            first_valid_from_this_address: self.paths.check(now, path, nominated),
            nominated,
        }
    }
}

/// The two halves of a check's USERNAME, ours first, to find the agent that it is meant for. Nothing is
/// authenticated yet.
pub fn username(message: &[u8]) -> Option<(&str, &str)> {
    parse_request(message).ok()?.username()
}

fn parse_request(message: &[u8]) -> Result<stun::Message<'_>, Drop> {
    let request = stun::parse(message).filter(stun::Message::is_binding_request);
    request.ok_or(Drop::MalformedStun)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Current,
    Previous,
}

/// The credentials of one offer and answer.
#[derive(Debug)]
struct Generation {
    local_ufrag: String,
    remote_ufrag: String,
    key: stun::Key,
    /// A valid check has come with these.
    checked: bool,
}

impl Generation {
    fn new(local: &IceCredentials, remote: &IceCredentials) -> Self {
        Self {
            local_ufrag: local.ufrag.clone(),
            remote_ufrag: remote.ufrag.clone(),
            // RFC 8445 §7.2.2: the password is that of the peer, which for a request to us is ours.
            key: stun::Key::new(&local.pwd),
            checked: false,
        }
    }

    fn is_named(&self, (local, remote): (&str, &str)) -> bool {
        local == self.local_ufrag && remote == self.remote_ufrag
    }

    /// Answers with an error where the RFCs want one; false when there is nothing to refuse.
    fn refuse(&self, request: &stun::Message<'_>, reply: &mut Vec<u8>) -> bool {
        if !request.unknown().is_empty() {
            reply::unknown_attributes(reply, &self.key, request.transaction(), request.unknown());
            return true;
        }
        // RFC 8445 §6.1.1: when one agent is lite and the other full, the full one controls. Hence the 487
        // of §7.3.1.1 whatever the tie-breaker: there is no role that we could switch to.
        let conflict = request.role() == Some(stun::Role::Controlled);
        if conflict {
            reply::role_conflict(reply, &self.key, request.transaction());
        }
        conflict
    }
}

const REFUSED: Binding = Binding {
    valid: false,
    first_valid_from_this_address: false,
    nominated: false,
};

/// By how many bytes a reply may exceed its request: 88 that name one unknown attribute to a client whose
/// user fragments are empty, for 64 that asked.
pub const MAX_GROWTH: usize = 24;

#[cfg(test)]
mod tests;
