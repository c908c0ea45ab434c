//! How the library is set up for one client.
//!
//! Owns: the policy — what is offered, and what a client must show. Never does: run a handshake.
//!
//! The library does not compare the client's Finished. What authenticates the handshake instead: the
//! client's CertificateVerify, which signs the transcript up to its key exchange, and the extended master
//! secret (RFC 7627), which binds the keys to that transcript; so both are required, never merely asked for.

use std::sync::Arc;
use std::time::Duration;

use rtc_dtls::cipher_suite::CipherSuiteId;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::error::{Error, Result};

use super::identity::{self, Identity};
use crate::event::SrtpProfile;
use crate::parameters::Fingerprint;

/// For a client that must show the expected certificate, and one profile: the library would follow the
/// client's order of preference, so it gets no choice.
pub(super) fn server(
    identity: &Identity,
    expected: Fingerprint,
    profile: SrtpProfile,
) -> Result<Arc<HandshakeConfig>> {
    let config = ConfigBuilder::default()
        .with_crypto_provider(identity.provider())
        .with_certificates(vec![identity.certificate()])
        .with_cipher_suites(CIPHER_SUITES.to_vec())
        .with_srtp_protection_profiles(vec![protection(profile)])
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        // No authority signs these certificates; the fingerprint is the check (RFC 8827 §6.5).
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(Arc::new(move |chain: &[Vec<u8>], _: &[_]| {
            if is_expected(chain, expected) {
                Ok(())
            } else {
                Err(Error::ErrInvalidCertificate)
            }
        })))
        // The library's own timer never runs: the guard's does its work.
        .with_flight_interval(Duration::from_secs(60))
        .with_mtu(MTU_BYTES)
        .build(false, None)?;
    Ok(Arc::new(config))
}

/// RFC 8122 §5: the fingerprint is of the certificate that the client itself owns, the first of its chain.
pub(super) fn is_expected(chain: &[Vec<u8>], expected: Fingerprint) -> bool {
    chain
        .first()
        .is_some_and(|der| identity::fingerprint(der) == expected)
}

fn protection(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::AeadAes256Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}

/// RFC 8827 §6.5 requires the first; the second is for clients without AES in hardware. No CBC.
const CIPHER_SUITES: [CipherSuiteId; 2] = [
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
];

/// Datagrams stay below 1200 bytes; the library does not count the 25 bytes of the two headers.
const MTU_BYTES: usize = 1170;
