//! That a device is a host of a clinic (SK-1.md, section 4).
//!
//! Owns: its form and its checks. Never does: read a clock.

use ring::signature::Ed25519KeyPair;

use crate::device::DeviceId;
use crate::encoding::{Reader, field};
use crate::message::fields;
use crate::primitives::{is_signed, sign};
use crate::root::RootHash;

/// What a root says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Which.
    pub device: DeviceId,
    /// Of the therapist: 1 to 128 bytes.
    pub name: String,
    /// Unix time in seconds.
    pub not_before: u64,
    /// Unix time in seconds.
    pub not_after: u64,
}

impl Certificate {
    pub(crate) fn signed(&self, key: &Ed25519KeyPair, root: &[u8; 32]) -> Vec<u8> {
        let mut out = vec![VERSION, KIND];
        let (before, after) = (self.not_before.to_be_bytes(), self.not_after.to_be_bytes());
        let name = self.name.as_bytes();
        fields(&mut out, &[root, &self.device.0, &[HOST], name, &before, &after]);
        let signature = sign(key, LABEL, &out);
        field(&mut out, &signature);
        out
    }

    /// The certificate and its root, if it is one for this device; whether its time is right is not looked at.
    pub fn read(bytes: &[u8], device: DeviceId) -> Option<(Self, RootHash)> {
        let mut reader = Reader::new(bytes);
        (reader.u8()? == VERSION && reader.u8()? == KIND).then_some(())?;
        let root: [u8; 32] = reader.field_of()?;
        let named = DeviceId(reader.field_of()?);
        let role: [u8; 1] = reader.field_of()?;
        let certificate = Self {
            device: named,
            name: reader.text(1, 128).filter(|name| is_name(name))?,
            not_before: u64::from_be_bytes(reader.field_of()?),
            not_after: u64::from_be_bytes(reader.field_of()?),
        };
        let before = &bytes[..bytes.len() - reader.remaining()];
        let signature = reader.field_of()?;
        reader.end()?;
        let is_right = role == [HOST] && named == device && is_signed(&root, LABEL, before, &signature);
        is_right.then(|| (certificate, RootHash::of(&root)))
    }

    /// The public key of the root that a certificate names; whether it is right is not looked at.
    #[cfg(feature = "capsules")]
    pub(crate) fn root_key(bytes: &[u8]) -> Option<[u8; 32]> {
        let mut reader = Reader::new(bytes);
        reader.take(2)?;
        reader.field_of()
    }

    /// Whether it holds at this Unix time, in seconds: clocks are off by a day, and a validity of months does not
    /// suffer from it.
    pub const fn holds_at(&self, now: u64) -> bool {
        now.saturating_add(SLACK) >= self.not_before && now <= self.not_after.saturating_add(SLACK)
    }
}

/// Without control characters, like the name of a hello.
fn is_name(name: &str) -> bool {
    !name.chars().any(char::is_control)
}

const VERSION: u8 = 1;
const KIND: u8 = 0x20;
/// The only role that there is.
const HOST: u8 = 1;
const LABEL: &str = "certificate";
/// 48 hours.
const SLACK: u64 = 48 * 3_600;
