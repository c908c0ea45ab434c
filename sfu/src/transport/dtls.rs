//! DTLS 1.2 with one client, in the role of the server (RFC 5763 §5: our answers say `a=setup:passive`).
//!
//! Owns: the handshake up to the exported SRTP keys, the comparison of the client's certificate with the
//! fingerprint of its offer, the handshake's deadline, and the data under data channels. Never does:
//! protect media, or decide from where DTLS may come (only addresses that ICE vouches for).
//!
//! `rtc-dtls` does the cryptography; [`guard`] stands before it and says why. The library talks through the
//! `log` crate, to which nobody here listens. Each client has an `Endpoint` of its own, under a constant
//! address, so that a client which changes its address keeps its association.

mod check;
mod config;
mod event;
mod flight;
pub mod guard;
mod hello;
mod identity;
mod reassembly;
mod record;

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use self::check::Refusal;
pub use self::event::DtlsEvent;
use self::guard::{Guard, Input, Message};
use self::hello::Offer;
pub use self::identity::{Identity, IdentityError};
use crate::drop::Drop;
use crate::event::{LeaveReason, SrtpProfile};
use crate::parameters::Fingerprint;

/// One client's association.
pub struct Dtls {
    identity: Identity,
    expected: Fingerprint,
    phase: Phase,
    deadline: Instant,
    guard: Guard,
    endpoint: Option<Endpoint>,
    offer: Option<Offer>,
    events: VecDeque<DtlsEvent>,
    /// Why the library would not have a record of the datagram at hand.
    refused: Option<Drop>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing came yet.
    Idle,
    Handshake,
    Connected,
    /// Closed or failed: what is queued goes out, and nothing comes in.
    Ended,
}

impl Dtls {
    /// Waits for a client that shows a certificate with this fingerprint.
    pub fn new(identity: &Identity, expected: Fingerprint, now: Instant) -> Self {
        Self {
            identity: identity.clone(),
            expected,
            phase: Phase::Idle,
            deadline: now + START_DEADLINE,
            guard: Guard::new(),
            endpoint: None,
            offer: None,
            events: VecDeque::new(),
            refused: None,
        }
    }

    /// Takes a datagram whose first byte says DTLS (RFC 7983).
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<(), Drop> {
        if self.phase == Phase::Ended {
            return Err(Drop::NotConnected);
        }
        if self.phase == Phase::Idle {
            self.phase = Phase::Handshake;
            self.deadline = now + HANDSHAKE_DEADLINE;
        }
        let result = self.guard.handle_datagram(now, datagram);
        while self.phase != Phase::Ended
            && let Some(input) = self.guard.poll_input()
        {
            self.handle_input(now, input);
        }
        match self.refused.take() {
            Some(refused) => Err(refused),
            None => result,
        }
    }

    /// The next datagram for the client.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.guard.poll_transmit()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<DtlsEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle => Some(self.deadline),
            Phase::Handshake => Some(
                self.guard
                    .poll_timeout()
                    .map_or(self.deadline, |at| at.min(self.deadline)),
            ),
            Phase::Connected | Phase::Ended => None,
        }
    }

    /// Sends again what may be lost, or gives up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Idle | Phase::Handshake) {
            return;
        }
        if now >= self.deadline {
            self.fail(LeaveReason::HandshakeTimeout);
        } else {
            self.guard.handle_timeout(now);
        }
    }

    /// Sends data, [`MAX_DATA_BYTES`] at most.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), Drop> {
        if data.len() > MAX_DATA_BYTES {
            return Err(Drop::TooLong);
        }
        let endpoint = self.endpoint.as_mut().filter(|_| self.phase == Phase::Connected);
        let endpoint = endpoint.ok_or(Drop::NotConnected)?;
        endpoint
            .write(now, CLIENT, data)
            .map_err(|_| Drop::NotConnected)?;
        transmits(endpoint).for_each(|datagram| self.guard.transmit(datagram));
        Ok(())
    }

    /// Says goodbye and ends. No event follows.
    pub fn close(&mut self, now: Instant) {
        if let Some(mut endpoint) = self.endpoint.take() {
            endpoint.stop(now, CLIENT);
            transmits(&mut endpoint).for_each(|datagram| self.guard.transmit(datagram));
        }
        self.phase = Phase::Ended;
    }

    fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Message(message, record) => self.handle_message(now, &message, &record),
            Input::Record(record) => self.read(now, &record),
            Input::FatalAlert => self.fail(LeaveReason::HandshakeRefused),
        }
    }

    fn handle_message(&mut self, now: Instant, message: &Message, record: &[u8]) {
        if let Err(refusal) = self.check(message) {
            return self.refuse(refusal);
        }
        self.read(now, record);
        if self.phase == Phase::Handshake && !self.is_understood(message) {
            self.refuse(Refusal::DECODE_ERROR);
        }
    }

    /// What must be right before the library sees a message.
    fn check(&mut self, message: &Message) -> Result<(), Refusal> {
        check::order(message)?;
        match message.sequence {
            0 => self.start(&message.body),
            1 => self.check_second_hello(&message.body),
            2 => check::certificate(&message.body),
            _ => Ok(()),
        }
    }

    fn start(&mut self, hello: &[u8]) -> Result<(), Refusal> {
        let offer = Offer::parse(hello).ok_or(Refusal::DECODE_ERROR)?;
        let profile = offer.profile().ok_or(Refusal::HANDSHAKE_FAILURE)?;
        let config =
            config::server(&self.identity, self.expected, profile).map_err(|_| Refusal::INTERNAL_ERROR)?;
        self.endpoint = Some(Endpoint::new(SERVER, TransportProtocol::UDP, Some(config)));
        self.offer = Some(offer);
        Ok(())
    }

    // RFC 6347 §4.2.1: the client MUST use the same parameter values (version, random, session_id,
    // cipher_suites, compression_method) as it did in the original ClientHello. The library decides by the
    // first, which no signature covers; so the second, which one does cover, must say the same.
    fn check_second_hello(&self, hello: &[u8]) -> Result<(), Refusal> {
        let same = self.offer.is_some() && Offer::parse(hello) == self.offer;
        if same {
            Ok(())
        } else {
            Err(Refusal::ILLEGAL_PARAMETER)
        }
    }

    /// The library drops what it can't parse without a word, and waits: a hello gets an answer at once, and
    /// after the CertificateVerify there are keys, or there never will be.
    fn is_understood(&self, message: &Message) -> bool {
        match message.kind {
            check::CLIENT_HELLO => self.guard.has_answered(),
            check::CERTIFICATE_VERIFY => self.has_keys(),
            _ => true,
        }
    }

    fn has_keys(&self) -> bool {
        let state = self
            .endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.get_connection_state(CLIENT));
        let suite = state.and_then(|state| state.cipher_suite());
        suite.is_some_and(|suite| suite.is_initialized())
    }

    fn read(&mut self, now: Instant, record: &[u8]) {
        let Some(endpoint) = self.endpoint.as_mut() else {
            return;
        };
        let result = endpoint.read(now, CLIENT, None, BytesMut::from(record));
        let datagrams: Vec<Bytes> = transmits(endpoint).collect();
        if self.phase == Phase::Connected {
            self.handle_connected(result, datagrams);
        } else {
            self.handle_handshake(now, result, datagrams);
        }
    }

    /// Whole messages in order leave the library no innocent error: any is the end.
    fn handle_handshake(
        &mut self,
        now: Instant,
        result: Result<Vec<EndpointEvent>, Error>,
        datagrams: Vec<Bytes>,
    ) {
        let refused = datagrams.iter().any(|datagram| record::is_fatal_alert(datagram));
        let Some(events) = result.ok().filter(|_| !refused) else {
            datagrams
                .into_iter()
                .for_each(|datagram| self.guard.transmit(datagram));
            return self.fail(self.refusal_reason());
        };
        if !datagrams.is_empty() {
            self.guard.handle_flight(now, datagrams);
        }
        if events
            .iter()
            .any(|event| matches!(event, EndpointEvent::HandshakeComplete))
        {
            self.establish();
        }
    }

    fn handle_connected(&mut self, result: Result<Vec<EndpointEvent>, Error>, datagrams: Vec<Bytes>) {
        datagrams
            .into_iter()
            .for_each(|datagram| self.guard.transmit(datagram));
        match result {
            Ok(events) => events.into_iter().for_each(|event| self.handle_event(event)),
            Err(Error::ErrAlertFatalOrClose) => self.end(DtlsEvent::Closed),
            // A warning, or a record that is not authentic: RFC 6347 §4.1.2.7 has it dropped.
            Err(_) => self.refused = Some(Drop::Unauthentic),
        }
    }

    fn handle_event(&mut self, event: EndpointEvent) {
        match event {
            EndpointEvent::ApplicationData(data) => self.events.push_back(DtlsEvent::Data(data.freeze())),
            EndpointEvent::PeerClosed => self.end(DtlsEvent::Closed),
            _ => {}
        }
    }

    fn establish(&mut self) {
        match self.connected() {
            Some(event) => {
                self.phase = Phase::Connected;
                self.guard.handle_established();
                self.offer = None;
                self.events.push_back(event);
            }
            None => self.fail(self.refusal_reason()),
        }
    }

    /// The keys, if the library's last word on the certificate is ours as well.
    fn connected(&self) -> Option<DtlsEvent> {
        let profile = self.offer.as_ref()?.profile()?;
        let state = self.endpoint.as_ref()?.get_connection_state(CLIENT)?;
        if !config::is_expected(&state.peer_certificates, self.expected) {
            return None;
        }
        let exporter = state
            .export_keying_material(EXPORTER_LABEL, &[], exporter_bytes(profile))
            .ok()?;
        Some(DtlsEvent::Connected {
            profile,
            exporter: exporter.into_bytes(),
        })
    }

    fn refusal_reason(&self) -> LeaveReason {
        let state = self
            .endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.get_connection_state(CLIENT));
        let shown = state
            .map(|state| &state.peer_certificates)
            .filter(|chain| !chain.is_empty());
        match shown {
            Some(chain) if !config::is_expected(chain, self.expected) => LeaveReason::WrongFingerprint,
            _ => LeaveReason::HandshakeRefused,
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        let alert = record::write_record(
            record::ALERT,
            LAST_RECORD,
            &[record::FATAL, refusal.description()],
        );
        self.guard.transmit(alert.into());
        self.fail(LeaveReason::HandshakeRefused);
    }

    fn fail(&mut self, reason: LeaveReason) {
        self.end(DtlsEvent::Failed(reason));
    }

    /// After a close_notify the library would take the next record for a new client: it goes.
    fn end(&mut self, event: DtlsEvent) {
        self.phase = Phase::Ended;
        self.endpoint = None;
        self.offer = None;
        self.events.push_back(event);
    }
}

impl fmt::Debug for Dtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtls")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn transmits(endpoint: &mut Endpoint) -> impl Iterator<Item = Bytes> + '_ {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message.freeze())
}

/// Two keys and two salts (RFC 5764 §4.2; lengths from RFC 3711 §8.2 and RFC 7714 §12).
const fn exporter_bytes(profile: SrtpProfile) -> usize {
    match profile {
        SrtpProfile::AeadAes128Gcm => 2 * (16 + 12),
        SrtpProfile::AeadAes256Gcm => 2 * (32 + 12),
        SrtpProfile::AesCm128HmacSha1_80 => 2 * (16 + 14),
    }
}

/// RFC 5764 §4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The most that [`Dtls::send`] takes, in bytes: with 37 bytes of record header, nonce and tag a datagram
/// stays below 1200.
pub const MAX_DATA_BYTES: usize = 1160;

/// From the first datagram. Browsers that lose a fifth of all datagrams take 2 s at worst.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// From the beginning: ICE has 30 s for its first check, and then there is no reason to wait any longer.
const START_DEADLINE: Duration = Duration::from_secs(40);

/// The record number of our own alert: past any that the library used.
const LAST_RECORD: u64 = 1 << 32;

/// What the library calls us and the client; it sees no other address, ever.
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2);

#[cfg(test)]
mod tests;
