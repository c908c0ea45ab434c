//! The client side of DTLS on `rtc-dtls`, made to survive loss.
//!
//! The library goes quiet when part of a flight is lost, so this sends its own last flight again until the
//! handshake is through: what a browser's stack does by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::parameters::Fingerprint;
use rapport_sfu::transport::srtp;
use ring::digest::{SHA256, digest};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::{RTCCryptoProvider, default_provider};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;

/// One certificate, shared by all synthetic clients of a test: making one is the slow part.
#[derive(Clone)]
pub struct ClientIdentity {
    certificate: Certificate,
    fingerprint: Fingerprint,
    /// Its cryptography.
    pub provider: Arc<dyn RTCCryptoProvider>,
}

impl ClientIdentity {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// When the crypto library does.
    pub fn generate() -> Self {
        let provider = default_provider().expect("the ring provider is compiled in");
        let certificate = Certificate::generate_self_signed(["client".to_owned()], provider.crypto())
            .expect("a certificate for a valid name");
        let hash = digest(&SHA256, &certificate.certificate[0]);
        let fingerprint = Fingerprint(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"));
        Self {
            certificate,
            fingerprint,
            provider,
        }
    }

    /// What an offer would say of it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A handshake under way, or done.
pub struct Handshake {
    endpoint: Endpoint,
    /// What to send again when nothing comes back.
    flight: Vec<Vec<u8>>,
    fresh: bool,
    resend_at: Option<Instant>,
    /// It is through.
    pub connected: bool,
    /// The server said goodbye.
    pub closed: bool,
    /// Application data that came.
    pub data: Vec<BytesMut>,
}

impl Handshake {
    /// Begins with the first flight, and takes nothing but AEAD_AES_128_GCM.
    ///
    /// # Panics
    ///
    /// When the library refuses its own configuration.
    pub fn start(identity: &ClientIdentity, now: Instant) -> Self {
        Self::start_with(identity, &[SrtpProfile::AeadAes128Gcm], now)
    }

    /// Begins with the first flight, and takes any of these profiles; the server chooses. The keys that come
    /// of it say which.
    ///
    /// # Panics
    ///
    /// When the library refuses its own configuration.
    pub fn start_with(identity: &ClientIdentity, profiles: &[SrtpProfile], now: Instant) -> Self {
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&identity.provider))
            .with_certificates(vec![identity.certificate.clone()])
            .with_srtp_protection_profiles(profiles.iter().copied().map(protection).collect())
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_insecure_skip_verify(true)
            .build(true, Some(peer()))
            .expect("a valid client configuration");
        let mut endpoint = Endpoint::new(peer(), TransportProtocol::UDP, None);
        endpoint
            .connect(now, peer(), Arc::new(config), None)
            .expect("a first flight");
        Self {
            endpoint,
            flight: Vec::new(),
            fresh: true,
            resend_at: Some(now),
            connected: false,
            closed: false,
            data: Vec::new(),
        }
    }

    /// Returns the keys when they are there.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Option<srtp::KeyingMaterial> {
        // An error is a lost or repeated datagram more often than an end.
        let events = self
            .endpoint
            .read(now, peer(), None, BytesMut::from(datagram))
            .unwrap_or_default();
        let mut done = false;
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => done = true,
                EndpointEvent::ApplicationData(data) => self.data.push(data),
                EndpointEvent::PeerClosed => self.closed = true,
                _ => {}
            }
        }
        if !done {
            return None;
        }
        self.connected = true;
        self.resend_at = None;
        let state = self.endpoint.get_connection_state(peer())?;
        let profile = profile(state.srtp_protection_profile())?;
        let length = srtp::exporter_len(profile);
        let exported = state
            .export_keying_material("EXTRACTOR-dtls_srtp", &[], length)
            .ok()?;
        srtp::KeyingMaterial::from_exporter(profile, false, exported.as_ref())
    }

    /// Sends application data.
    ///
    /// # Panics
    ///
    /// Before the handshake is through.
    pub fn send(&mut self, now: Instant, data: &[u8]) {
        self.endpoint
            .write(now, peer(), data)
            .expect("a handshake that is through");
    }

    /// Says goodbye.
    ///
    /// # Panics
    ///
    /// When it was closed before.
    pub fn close(&mut self, now: Instant) {
        self.endpoint.close(now).expect("an open connection");
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.resend_at
    }

    /// Sends the last flight again, when it is time.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Vec<u8>>) {
        if self.resend_at.is_some_and(|at| at <= now) && !self.connected {
            out.extend(self.flight.iter().cloned());
            self.resend_at = Some(now + RESEND);
        }
    }

    /// Takes what there is to send.
    pub fn drain(&mut self, now: Instant, out: &mut Vec<Vec<u8>>) {
        self.fresh = true;
        while let Some(transmit) = self.endpoint.poll_transmit() {
            if std::mem::take(&mut self.fresh) {
                self.flight.clear();
            }
            self.flight.push(transmit.message.to_vec());
            out.push(transmit.message.to_vec());
            self.resend_at = (!self.connected).then_some(now + RESEND);
        }
    }
}

/// The library's name of a profile.
const fn protection(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::AeadAes256Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}

/// Our name of a profile; the library knows more than were offered.
const fn profile(protection: SrtpProtectionProfile) -> Option<SrtpProfile> {
    match protection {
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Some(SrtpProfile::AeadAes128Gcm),
        SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm => Some(SrtpProfile::AeadAes256Gcm),
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Some(SrtpProfile::AesCm128HmacSha1_80),
        _ => None,
    }
}

/// The library keys associations by address; each of ours has only one.
fn peer() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 1))
}

/// Browsers start at 50–100 ms (BoringSSL 50 ms) and double; steady is enough here.
const RESEND: Duration = Duration::from_millis(150);
