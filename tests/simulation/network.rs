//! A bad network in virtual time.
//!
//! Owns: the datagrams on their way, and the dice that decide what happens to them. Never does: look inside.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What the network does to datagrams; each probability is for one datagram in one direction.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) loss: f64,
    pub(crate) reorder: f64,
    pub(crate) duplicate: f64,
    pub(crate) delay: Duration,
    /// Nothing passes in this span.
    pub(crate) outage: Option<(Instant, Instant)>,
}

/// One datagram on its way.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Network {
    pub(crate) conditions: Conditions,
    random: StdRng,
    /// By time of arrival; the counter keeps the order of what arrives at once.
    under_way: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
    cut_off: Option<SocketAddr>,
}

impl Network {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: StdRng::seed_from_u64(seed),
            under_way: BTreeMap::new(),
            sent: 0,
            cut_off: None,
        }
    }

    pub(crate) fn send(&mut self, now: Instant, datagram: Datagram) {
        let Conditions {
            loss,
            reorder,
            duplicate,
            delay,
            outage,
        } = self.conditions.clone();
        let out = outage.is_some_and(|(from, until)| (from..until).contains(&now));
        let cut = self
            .cut_off
            .is_some_and(|address| [datagram.source, datagram.destination].contains(&address));
        if out || cut || self.random.random_bool(loss) {
            return;
        }
        let copies = if self.random.random_bool(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if self.random.random_bool(reorder) {
                REORDERING
            } else {
                Duration::ZERO
            };
            self.sent += 1;
            self.under_way
                .insert((now + delay + late, self.sent), datagram.clone());
        }
    }

    /// Nothing reaches this address any more, and nothing that it sends arrives.
    pub(crate) fn cut_off(&mut self, address: SocketAddr) {
        self.cut_off = Some(address);
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|&(at, _)| at)
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Option<Datagram> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

/// Enough to fall behind a whole frame, and behind two packets of sound.
const REORDERING: Duration = Duration::from_millis(45);
