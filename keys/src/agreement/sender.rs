//! The keys that a stay seals with (SK-1.md, section 9).
//!
//! Owns: generations and steps. Never does: decide when there is a new one.

use crate::base_key::BaseKey;
use crate::primitives::Secret;

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
