//! Another stay, as one knows it.
//!
//! Owns: its side of the handshake, and its keys. Never does: decide about it.

use std::time::{Duration, Instant};

use super::random;
use crate::base_key::BaseKey;
use crate::hello::Hello;
use crate::kid::sender_of;

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) hello: Hello,
    pub(super) participant: u64,
    pub(super) is_host: bool,
    /// Ours in the handshake with it.
    pub(super) nonce: [u8; 32],
    /// Hashes of what was said between us.
    pub(super) knock: Option<[u8; 32]>,
    pub(super) commitment: Option<[u8; 32]>,
    pub(super) answer: Option<[u8; 32]>,
    pub(super) is_present: bool,
    pub(super) is_member: bool,
    /// Of its last beat.
    pub(super) beat: u32,
    repeated: Option<Instant>,
    /// The first key of the present generation that came, and the last that is installed.
    first: Option<BaseKey>,
    last: Option<BaseKey>,
    received: u32,
}

impl Peer {
    pub(super) fn new(hello: Hello, participant: u64, is_host: bool) -> Self {
        Self {
            hello,
            participant,
            is_host,
            nonce: random().0,
            knock: None,
            commitment: None,
            answer: None,
            is_present: false,
            is_member: false,
            beat: 0,
            repeated: None,
            first: None,
            last: None,
            received: 0,
        }
    }

    /// The KID of the last key that came; 0 for none.
    pub(super) const fn received(&self) -> u32 {
        self.received
    }

    /// Once a second; counts as done then.
    pub(super) fn may_repeat(&mut self, now: Instant) -> bool {
        let may = self.repeated.is_none_or(|at| at + Duration::from_secs(1) <= now);
        if may {
            self.repeated = Some(now);
        }
        may
    }

    /// What to install of a key that came; nothing where it does not fit.
    pub(super) fn take_key(&mut self, key: BaseKey) -> Vec<BaseKey> {
        let generation = |kid: u32| kid >> 8;
        if sender_of(key.kid) != self.hello.sender {
            return Vec::new();
        }
        match self.first {
            // No way back.
            Some(first) if generation(key.kid) < generation(first.kid) => return Vec::new(),
            Some(first) if generation(key.kid) == generation(first.kid) => {
                let mut expected = first;
                while expected.kid < key.kid {
                    expected = expected.next();
                }
                if expected != key {
                    return Vec::new();
                }
                self.received = self.received.max(key.kid);
            }
            _ => {
                (self.first, self.last) = (Some(key), None);
                self.received = key.kid;
            }
        }
        self.install(key.kid)
    }

    /// It seals with this now.
    pub(super) fn advance(&mut self, kid: u32) -> Vec<BaseKey> {
        match self.first {
            Some(first) if first.kid >> 8 == kid >> 8 => self.install(kid),
            _ => Vec::new(),
        }
    }

    pub(super) fn forget_keys(&mut self) {
        (self.first, self.last, self.received) = (None, None, 0);
    }

    fn install(&mut self, kid: u32) -> Vec<BaseKey> {
        let end = (kid + STEPS_IN_ADVANCE).min(kid | 0xff);
        let mut install = Vec::new();
        while self.last.is_none_or(|last| last.kid < end) {
            let Some(next) = self.last.map(BaseKey::next).or(self.first) else {
                break;
            };
            self.last = Some(next);
            install.push(next);
        }
        install
    }
}

const STEPS_IN_ADVANCE: u32 = 4;
