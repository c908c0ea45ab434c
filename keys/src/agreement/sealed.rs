//! Keys on their way: HPKE (RFC 9180) to the ephemeral key of one stay, by the crate `hpke`.
//!
//! Owns: the one suite. Never does: know what a key is for.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};

use super::random;
use crate::hello::Stay;
use crate::message::Key;
#[cfg(test)]
use crate::primitives::Secret;
use crate::primitives::labelled;

type Suite = X25519HkdfSha256;

/// What keys of this stay are sealed to; gone with it.
pub(super) struct Ephemeral {
    private: <Suite as Kem>::PrivateKey,
    public: <Suite as Kem>::PublicKey,
}

impl std::fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ephemeral(…)")
    }
}

impl Ephemeral {
    pub(super) fn random() -> Self {
        let (private, public) = Suite::derive_keypair(&random().0);
        Self { private, public }
    }

    /// Of known bytes.
    #[cfg(test)]
    pub(crate) fn of(bytes: &Secret) -> Self {
        let private = <Suite as Kem>::PrivateKey::from_bytes(&bytes.0).expect("32 bytes are a key");
        let public = Suite::sk_to_pk(&private);
        Self { private, public }
    }

    pub(super) fn public_key(&self) -> [u8; 32] {
        let bytes = self.public.to_bytes();
        std::array::from_fn(|at| bytes[at])
    }

    pub(super) fn open(&self, key: &Key) -> Option<[u8; 32]> {
        let enc = <Suite as Kem>::EncappedKey::from_bytes(&key.enc).ok()?;
        let opened = single_shot_open::<AesGcm256, HkdfSha256, Suite>(
            &OpModeR::Base,
            &self.private,
            &enc,
            &info(&key.from, &key.to),
            &key.ct,
            &key.kid.to_be_bytes(),
        );
        opened.ok()?.try_into().ok()
    }
}

/// The encapsulated key and the sealed one; nothing for a key that nothing can be sealed to.
pub(super) fn seal(
    to: &[u8; 32],
    (from, stay): (&Stay, &Stay),
    kid: u32,
    key: &[u8; 32],
) -> Option<([u8; 32], [u8; 48])> {
    let to = <Suite as Kem>::PublicKey::from_bytes(to).ok()?;
    let (enc, ct) = single_shot_seal::<AesGcm256, HkdfSha256, Suite>(
        &OpModeS::Base,
        &to,
        &info(from, stay),
        key,
        &kid.to_be_bytes(),
    )
    .ok()?;
    let enc = enc.to_bytes();
    Some((std::array::from_fn(|at| enc[at]), ct.try_into().ok()?))
}

fn info(from: &Stay, to: &Stay) -> Vec<u8> {
    labelled("sender key", &[from, to])
}
