//! The primitives of SK-1, each with a label of its own (SK-1.md, section 2).
//!
//! Owns: their form. Never does: keep a key.

use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use ring::{digest, hmac};

/// 32 bytes that are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// All labels begin with this.
const PREFIX: &str = "rapport/sk1 ";

/// `rapport/sk1 LABEL ‖ 00 ‖ parts`.
pub(crate) fn labelled(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = [PREFIX, label].concat().into_bytes();
    bytes.push(0);
    parts.iter().for_each(|part| bytes.extend(*part));
    bytes
}

/// `H(label, x)`.
pub(crate) fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let found = digest::digest(&digest::SHA256, &labelled(label, parts));
    // SHA-256 has 32 bytes.
    std::array::from_fn(|at| found.as_ref()[at])
}

/// `KDF(k, s, label, n)`: HKDF-SHA-256 (RFC 5869).
pub(crate) fn kdf<const N: usize>(key: &[u8], salt: &[u8], label: &str) -> [u8; N] {
    let info = [PREFIX.as_bytes(), label.as_bytes()];
    let mut derived = [0; N];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(key);
    extracted
        .expand(&info, Length(N))
        .and_then(|output| output.fill(&mut derived))
        .expect("no derivation of the protocol is longer than 255 hashes");
    derived
}

/// `MAC(k, label, x)`: HMAC-SHA-256 (RFC 2104).
pub(crate) fn mac(key: &[u8], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &labelled(label, parts));
    std::array::from_fn(|at| tag.as_ref()[at])
}

/// `Sign(k, label, x)`: Ed25519 (RFC 8032).
pub(crate) fn sign(key: &Ed25519KeyPair, label: &str, body: &[u8]) -> [u8; 64] {
    let signature = key.sign(&labelled(label, &[body]));
    std::array::from_fn(|at| signature.as_ref()[at])
}

/// Whether that is the signature of the holder of the key; false for a key that is none, too.
pub(crate) fn is_signed(public_key: &[u8; 32], label: &str, body: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(&labelled(label, &[body]), signature)
        .is_ok()
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
