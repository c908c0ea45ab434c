//! A device: what somebody is known by from one call to the next (SK-1.md, section 3).
//!
//! Owns: its name and its keys to sign. Never does: store it.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::encoding::spelt;
use crate::primitives::{Secret, hash};

/// Names a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 32]);

/// The public halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKeys {
    /// Ed25519.
    pub signing: [u8; 32],
    /// X25519.
    pub agreement: [u8; 32],
}

/// A device of ours.
#[derive(Debug)]
pub struct Device {
    keys: DeviceKeys,
    sign: Ed25519KeyPair,
}

impl DeviceId {
    /// Of both public keys.
    pub fn of(signing: &[u8; 32], agreement: &[u8; 32]) -> Self {
        Self(hash("device", &[signing, agreement]))
    }

    /// The first half in hexadecimal, in groups of four: to be compared by people.
    pub fn spelt(&self) -> String {
        spelt(&self.0)
    }
}

impl DeviceKeys {
    /// Their device.
    pub fn id(&self) -> DeviceId {
        DeviceId::of(&self.signing, &self.agreement)
    }
}

impl Device {
    /// Of an Ed25519 seed and the public half of an X25519 key.
    pub fn new(seed: &Secret, agreement: [u8; 32]) -> Self {
        let sign = key_pair(seed);
        let keys = DeviceKeys {
            signing: public_key(&sign),
            agreement,
        };
        Self { keys, sign }
    }

    /// What others know of it.
    pub const fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// Signs what it says.
    pub const fn sign(&self) -> &Ed25519KeyPair {
        &self.sign
    }
}

pub(crate) fn key_pair(seed: &Secret) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed.0).expect("every 32 bytes are a seed of Ed25519")
}

pub(crate) fn public_key(pair: &Ed25519KeyPair) -> [u8; 32] {
    std::array::from_fn(|at| pair.public_key().as_ref()[at])
}
