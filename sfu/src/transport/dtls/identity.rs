//! Who we are to DTLS clients: a self-signed certificate that lives as long as the process.
//!
//! Owns: the certificate and its key, in memory only. Never does: vouch for anything; the fingerprint in
//! the answer does (RFC 8827 §5.1).

use std::fmt;
use std::sync::Arc;

use ring::digest;
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::{RTCCryptoProvider, default_provider};

use crate::parameters::Fingerprint;

/// A certificate with its ECDSA P-256 key. Clones share the key.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    fingerprint: Fingerprint,
    provider: Arc<dyn RTCCryptoProvider>,
}

/// A certificate could not be made: the system's random numbers or the crypto backend failed.
#[derive(Debug, thiserror::Error)]
#[error("can't make a DTLS certificate: {0}")]
pub struct IdentityError(String);

impl Identity {
    /// Makes a new one.
    pub fn generate() -> Result<Self, IdentityError> {
        let provider = default_provider().map_err(|error| IdentityError(error.to_string()))?;
        // The name is shown to nobody: clients compare fingerprints.
        let certificate = Certificate::generate_self_signed(["rapport".to_owned()], provider.crypto())
            .map_err(|error| IdentityError(error.to_string()))?;
        let der = certificate.certificate.first();
        let der = der.ok_or_else(|| IdentityError("the backend gave none".to_owned()))?;
        Ok(Self {
            fingerprint: fingerprint(der),
            certificate,
            provider,
        })
    }

    /// What `a=fingerprint:sha-256` says of it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }

    pub(super) fn provider(&self) -> Arc<dyn RTCCryptoProvider> {
        Arc::clone(&self.provider)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// SHA-256 over a certificate's DER (RFC 8122 §5).
pub(super) fn fingerprint(der: &[u8]) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    Fingerprint(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_is_its_own() {
        let (one, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint(), one.clone().fingerprint());
    }

    #[test]
    fn the_key_does_not_show_in_logs() {
        let identity = Identity::generate().unwrap();
        let shown = format!("{identity:?}");
        assert!(
            shown.starts_with("Identity { fingerprint:") && shown.ends_with(".. }"),
            "{shown}"
        );
    }
}
