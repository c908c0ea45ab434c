//! A client of the library's and a server of ours in virtual time, and a network on which a test decides.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::default_provider;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;

use super::super::*;

/// One way, of every datagram that arrives at all.
pub(super) const DELAY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    ToClient,
}

/// What becomes of the n-th datagram on its way: copies with their delays, none if lost.
pub(super) type Network<'a> = &'a mut dyn FnMut(Way, usize, &Bytes) -> Vec<(Duration, Bytes)>;

pub(super) fn lossless(_: Way, _: usize, datagram: &Bytes) -> Vec<(Duration, Bytes)> {
    vec![(DELAY, datagram.clone())]
}

pub(super) struct Setup {
    pub(super) certificate: Option<Certificate>,
    pub(super) profiles: Vec<SrtpProtectionProfile>,
    pub(super) extended_master_secret: ExtendedMasterSecretType,
    pub(super) mtu: usize,
}

impl Default for Setup {
    fn default() -> Self {
        let provider = default_provider().unwrap();
        let certificate = Certificate::generate_self_signed(["client".to_owned()], provider.crypto());
        Self {
            certificate: Some(certificate.unwrap()),
            profiles: vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ],
            extended_master_secret: ExtendedMasterSecretType::Request,
            mtu: 1200,
        }
    }
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) start: Instant,
    pub(super) server: Dtls,
    pub(super) events: Vec<DtlsEvent>,
    pub(super) client: Endpoint,
    pub(super) client_connected: bool,
    pub(super) client_closed: bool,
    pub(super) received: Vec<Bytes>,
    flying: Vec<(Instant, Way, Bytes)>,
    /// How many datagrams went each way.
    pub(super) sent: [usize; 2],
    pub(super) largest_to_client: usize,
}

impl Pair {
    pub(super) fn new(setup: Setup) -> Self {
        let chain = setup
            .certificate
            .as_ref()
            .map(|certificate| certificate.certificate[0].to_vec());
        let expected = chain.map_or(Fingerprint([0; 32]), |der| identity::fingerprint(&der));
        Self::with_expected(setup, expected)
    }

    pub(super) fn with_expected(setup: Setup, expected: Fingerprint) -> Self {
        let now = Instant::now();
        let config = ConfigBuilder::default()
            .with_crypto_provider(default_provider().unwrap())
            .with_certificates(setup.certificate.into_iter().collect())
            .with_srtp_protection_profiles(setup.profiles)
            .with_extended_master_secret(setup.extended_master_secret)
            .with_insecure_skip_verify(true)
            .with_flight_interval(Duration::from_millis(300))
            .with_mtu(setup.mtu)
            .build(true, Some(SERVER))
            .unwrap();
        let mut client = Endpoint::new(CLIENT, TransportProtocol::UDP, None);
        client
            .connect(now, SERVER, std::sync::Arc::new(config), None)
            .unwrap();
        Self {
            now,
            start: now,
            server: Dtls::new(&Identity::generate().unwrap(), expected, now),
            events: vec![],
            client,
            client_connected: false,
            client_closed: false,
            received: vec![],
            flying: vec![],
            sent: [0; 2],
            largest_to_client: 0,
        }
    }

    /// Runs until nothing is under way and nobody waits for anything, or until so long after the start.
    pub(super) fn run(&mut self, network: Network<'_>, until: Duration) {
        let end = self.start + until;
        loop {
            self.collect(network);
            let arrival = self.flying.iter().map(|(at, ..)| *at).min();
            let timers = [
                arrival,
                self.server.poll_timeout(),
                self.client.poll_timeout(&SERVER),
            ];
            let Some(next) = timers.into_iter().flatten().min().filter(|&next| next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.deliver();
            self.server.handle_timeout(self.now);
            let _ = self.client.handle_timeout(SERVER, self.now);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client_connected
            && self
                .events
                .iter()
                .any(|event| matches!(event, DtlsEvent::Connected { .. }))
    }

    pub(super) fn server_keys(&self) -> (SrtpProfile, Vec<u8>) {
        let keys = self.events.iter().find_map(|event| match event {
            DtlsEvent::Connected { profile, exporter } => Some((*profile, exporter.clone())),
            _ => None,
        });
        keys.expect("the server is connected")
    }

    pub(super) fn client_keys(&self, bytes: usize) -> Vec<u8> {
        let state = self.client.get_connection_state(SERVER).unwrap();
        state
            .export_keying_material(EXPORTER_LABEL, &[], bytes)
            .unwrap()
            .into_bytes()
    }

    fn collect(&mut self, network: Network<'_>) {
        while let Some(datagram) = self.server.poll_transmit() {
            self.largest_to_client = self.largest_to_client.max(datagram.len());
            self.fly(Way::ToClient, &datagram, network);
        }
        while let Some(transmit) = self.client.poll_transmit() {
            self.fly(Way::ToServer, &transmit.message.freeze(), network);
        }
        self.events
            .extend(std::iter::from_fn(|| self.server.poll_event()));
    }

    fn fly(&mut self, way: Way, datagram: &Bytes, network: Network<'_>) {
        let count = &mut self.sent[way as usize];
        *count += 1;
        let copies = network(way, *count - 1, datagram);
        self.flying.extend(
            copies
                .into_iter()
                .map(|(delay, copy)| (self.now + delay, way, copy)),
        );
    }

    fn deliver(&mut self) {
        let now = self.now;
        let (mut arrived, flying): (Vec<_>, _) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|(at, ..)| *at <= now);
        self.flying = flying;
        arrived.sort_by_key(|(at, ..)| *at);
        for (_, way, datagram) in arrived {
            match way {
                Way::ToServer => drop(self.server.handle_datagram(now, &datagram)),
                Way::ToClient => self.client_reads(&datagram),
            }
        }
    }

    fn client_reads(&mut self, datagram: &[u8]) {
        let events = self.client.read(self.now, SERVER, None, BytesMut::from(datagram));
        for event in events.unwrap_or_default() {
            match event {
                EndpointEvent::HandshakeComplete => self.client_connected = true,
                EndpointEvent::ApplicationData(data) => self.received.push(data.freeze()),
                EndpointEvent::PeerClosed => self.client_closed = true,
                _ => {}
            }
        }
    }
}
