//! The clinic's root (SK-1.md, section 4).
//!
//! Owns: its name and its signature. Never does: keep it; it belongs on no server.

use ring::signature::Ed25519KeyPair;

use crate::certificate::Certificate;
use crate::device::{key_pair, public_key};
use crate::primitives::{Secret, hash};

/// Names a root: 128 bits, because the attack is to find a second root for a given hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootHash(pub [u8; 16]);

/// A root in hand.
#[derive(Debug)]
pub struct Root {
    public_key: [u8; 32],
    sign: Ed25519KeyPair,
}

impl Root {
    /// Of its seed.
    pub fn new(seed: &Secret) -> Self {
        let sign = key_pair(seed);
        Self {
            public_key: public_key(&sign),
            sign,
        }
    }

    /// Ed25519.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// What links and pages name it by.
    pub fn hash(&self) -> RootHash {
        RootHash::of(&self.public_key)
    }

    /// Makes a device a host, as bytes for its hello.
    pub fn certify(&self, certificate: &Certificate) -> Vec<u8> {
        certificate.signed(&self.sign, &self.public_key)
    }
}

impl RootHash {
    /// Of a root's public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        let whole = hash("root", &[public_key]);
        Self(std::array::from_fn(|at| whole[at]))
    }

    /// In hexadecimal, in groups of four: to be compared by people.
    pub fn spelt(&self) -> String {
        let groups = self
            .0
            .chunks(2)
            .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
        groups.collect::<Vec<_>>().join(" ")
    }
}
