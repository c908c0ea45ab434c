//! The keys that a stay seals with (SK-1.md, section 9).
//!
//! Owns: generations and steps. Never does: decide when there is a new one.

use crate::primitives::{Secret, kdf};

/// What a sender seals with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BaseKey {
    /// Sender index (12 bits), generation (12), step (8).
    pub kid: u32,
    /// RFC 9605 §4.4.2 makes the AEAD's key and salt of it.
    pub bytes: [u8; 32],
}

impl std::fmt::Debug for BaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BaseKey({:#010x})", self.kid)
    }
}

impl BaseKey {
    /// That of the next step.
    pub(super) fn next(self) -> Self {
        Self {
            kid: self.kid + 1,
            bytes: kdf(&self.bytes, &[], "ratchet"),
        }
    }
}

#[derive(Debug)]
pub(super) struct SenderKeys {
    current: BaseKey,
}

impl SenderKeys {
    pub(super) fn new(sender: u16, first: Secret) -> Self {
        let kid = u32::from(sender) << 20;
        Self {
            current: BaseKey { kid, bytes: first.0 },
        }
    }

    pub(super) const fn current(&self) -> BaseKey {
        self.current
    }

    /// Whoever has the key derives it, and who gets it now can't go back.
    pub(super) fn step(&mut self) {
        debug_assert!(self.current.kid & 0xff < 0xff, "a test has no 255 joins");
        self.current = self.current.next();
    }

    pub(super) fn renew(&mut self, bytes: Secret) {
        let generation = (self.current.kid >> 8) + 1;
        self.current = BaseKey {
            kid: generation << 8,
            bytes: bytes.0,
        };
    }
}
