//! Which addresses of a client are known to be its own, and which of them we send to.
//!
//! Owns: the bounded set of paths with the time of the last valid check on each. Never does: decide whether
//! a check is valid.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The two ends of a candidate pair, as this side sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The client's address. An IPv4-mapped IPv6 address is written as IPv4 here.
    pub remote: SocketAddr,
    /// The address of ours that the client checks, where the socket can tell: it is the one to send from.
    pub local: Option<IpAddr>,
}

impl Path {
    pub(super) fn new(remote: SocketAddr, local: Option<IpAddr>) -> Self {
        let local = local.map(|ip| ip.to_canonical());
        Self {
            remote: canonical(remote),
            local,
        }
    }
}

/// The paths that have consent, at most [`MAX_PATHS`].
#[derive(Debug, Default)]
pub(super) struct Paths {
    validated: Vec<Validated>,
    selected: Option<Path>,
}

#[derive(Debug)]
struct Validated {
    path: Path,
    last_check: Instant,
}

impl Paths {
    /// A valid check came along this path. True when it is the first from its remote address.
    pub(super) fn check(&mut self, now: Instant, path: Path, nominates: bool) -> bool {
        let first = !self.is_validated(path.remote);
        self.refresh(now, path);
        // RFC 8445 §8.1.1: with regular nomination the controlling agent names one pair; when it names another
        // later (the network changed, a NAT rebound), that one holds. Until then, data may flow on
        // any valid pair (§12.1), and the first costs no switch when it turns out to be the nominee.
        if nominates || self.selected.is_none() {
            self.selected = Some(path);
        }
        first
    }

    pub(super) fn is_validated(&self, remote: SocketAddr) -> bool {
        let remote = canonical(remote);
        self.validated
            .iter()
            .any(|validated| validated.path.remote == remote)
    }

    pub(super) fn selected(&self) -> Option<Path> {
        self.selected
    }

    pub(super) fn is_empty(&self) -> bool {
        self.validated.is_empty()
    }

    /// When the next path loses its consent.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.validated.iter().map(Validated::expiry).min()
    }

    /// Forgets the paths without consent. If the selected one is among them, the most recently checked takes
    /// its place: a client that checks it can be reached there.
    pub(super) fn expire(&mut self, now: Instant) {
        self.validated.retain(|validated| now < validated.expiry());
        if !self
            .validated
            .iter()
            .any(|validated| Some(validated.path) == self.selected)
        {
            let newest = self.validated.iter().max_by_key(|validated| validated.last_check);
            self.selected = newest.map(|validated| validated.path);
        }
    }

    fn refresh(&mut self, now: Instant, path: Path) {
        if let Some(known) = self.validated.iter_mut().find(|validated| validated.path == path) {
            known.last_check = now;
            return;
        }
        if self.validated.len() >= MAX_PATHS {
            self.evict();
        }
        self.validated.push(Validated {
            path,
            last_check: now,
        });
    }

    /// Drops the path that was checked longest ago, but never the one in use.
    fn evict(&mut self) {
        let candidates = self.validated.iter().enumerate();
        let spare = candidates.filter(|(_, validated)| Some(validated.path) != self.selected);
        if let Some((at, _)) = spare.min_by_key(|(_, validated)| validated.last_check) {
            self.validated.swap_remove(at);
        }
    }
}

impl Validated {
    fn expiry(&self) -> Instant {
        self.last_check + CONSENT
    }
}

/// A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; one client must not count as two.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// RFC 7675 §5.1: consent expires after 30 seconds.
pub(super) const CONSENT: Duration = Duration::from_secs(30);

/// Four interfaces of a client times four addresses of ours: more pairs than have been seen alive together.
pub(super) const MAX_PATHS: usize = 16;
