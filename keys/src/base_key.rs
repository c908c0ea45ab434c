//! A sender's keys, one after the other (SK-1.md, section 9).
//!
//! Owns: the ratchet. Never does: decide when there is a new one.

use crate::primitives::kdf;

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
    pub(crate) fn next(self) -> Self {
        Self {
            kid: self.kid + 1,
            bytes: kdf(&self.bytes, &[], "ratchet"),
        }
    }

    /// The key of this KID; nothing for an earlier step, or another generation or sender: whoever has a key derives those
    /// behind it, and can't go back.
    pub fn at(self, kid: u32) -> Option<Self> {
        let is_behind = kid >> STEP_BITS == self.kid >> STEP_BITS && kid >= self.kid;
        is_behind.then(|| (self.kid..kid).fold(self, |key, _| key.next()))
    }
}

/// The lowest of a KID.
const STEP_BITS: u32 = 8;
