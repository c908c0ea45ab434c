//! Keys on their way: HPKE (RFC 9180), base mode, one message, by the crate `hpke`.
//!
//! Owns: the one suite. Never does: know what a key is for.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};

use crate::primitives::Secret;

type Suite = X25519HkdfSha256;

/// HPKE's encapsulated key, and the sealed one.
pub(crate) type Sealed = ([u8; 32], [u8; 48]);

/// What keys are sealed to.
#[derive(Clone)]
pub(crate) struct PrivateKey {
    private: <Suite as Kem>::PrivateKey,
    public: <Suite as Kem>::PublicKey,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl PrivateKey {
    /// Derived from random bytes (RFC 9180 §7.1.3).
    #[cfg(feature = "agreement")]
    pub(crate) fn derived(random: &Secret) -> Self {
        let (private, public) = Suite::derive_keypair(&random.0);
        Self { private, public }
    }

    /// X25519, of its bytes.
    pub(crate) fn of(bytes: &Secret) -> Self {
        let private =
            <Suite as Kem>::PrivateKey::from_bytes(&bytes.0).expect("every 32 bytes are a key of X25519");
        let public = Suite::sk_to_pk(&private);
        Self { private, public }
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        let bytes = self.public.to_bytes();
        std::array::from_fn(|at| bytes[at])
    }

    pub(crate) fn open(&self, (enc, ct): &Sealed, info: &[u8], aad: &[u8]) -> Option<[u8; 32]> {
        let enc = <Suite as Kem>::EncappedKey::from_bytes(enc).ok()?;
        let opened = single_shot_open::<AesGcm256, HkdfSha256, Suite>(
            &OpModeR::Base,
            &self.private,
            &enc,
            info,
            ct,
            aad,
        );
        opened.ok()?.try_into().ok()
    }
}

/// Nothing for a public key that nothing can be sealed to.
pub(crate) fn seal(to: &[u8; 32], key: &[u8; 32], info: &[u8], aad: &[u8]) -> Option<Sealed> {
    let to = <Suite as Kem>::PublicKey::from_bytes(to).ok()?;
    let sealed = single_shot_seal::<AesGcm256, HkdfSha256, Suite>(&OpModeS::Base, &to, info, key, aad);
    let (enc, ct) = sealed.ok()?;
    let enc = enc.to_bytes();
    Some((std::array::from_fn(|at| enc[at]), ct.try_into().ok()?))
}
