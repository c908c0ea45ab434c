//! ICE, DTLS and SRTP of a member, without a socket and a clock.
//!
//! Owns: the connection, and asking again for what was lost. Never does: know frames.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rapport_client::handshake::{ClientIdentity, Handshake};
use rapport_client::ice::Checker;
use rapport_sfu::demux::Protocol;
use rapport_sfu::id::Ssrc;
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::rtp::{Header, rtcp};
use rapport_sfu::transport::srtp::{Protector, Unprotector};
use rapport_testkit::Receiver;

/// One connection to the server.
pub(crate) struct Transport {
    identity: ClientIdentity,
    checker: Checker,
    handshake: Option<Handshake>,
    keys: Option<(Protector, Unprotector)>,
    receiver: Receiver,
    own: Ssrc,
    next_feedback: Instant,
    outbox: VecDeque<Vec<u8>>,
}

/// What came, authenticated.
pub(crate) enum Arrival {
    /// A packet of media or a repair, without padding.
    Rtp(Header, Vec<u8>),
    /// A compound packet of RTCP.
    Rtcp(Vec<u8>),
}

impl Transport {
    /// Begins with a connectivity check; RTCP goes out in the name of `own`.
    pub(crate) fn new(
        identity: ClientIdentity,
        local: IceCredentials,
        remote: IceCredentials,
        own: Ssrc,
        now: Instant,
    ) -> Self {
        Self {
            identity,
            checker: Checker::new(local, remote, now),
            handshake: None,
            keys: None,
            receiver: Receiver::default(),
            own,
            next_feedback: now,
            outbox: VecDeque::new(),
        }
    }

    /// Media can flow: the keys are there, and the server has not said goodbye.
    pub(crate) fn is_connected(&self) -> bool {
        let closed = self.handshake.as_ref().is_some_and(|handshake| handshake.closed);
        self.keys.is_some() && !closed
    }

    /// A datagram of the server's came.
    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) -> Option<Arrival> {
        match Protocol::of(datagram)? {
            Protocol::Stun => {
                self.checker.handle_reply(datagram);
                if self.checker.answered && self.handshake.is_none() {
                    self.handshake = Some(Handshake::start(&self.identity, now));
                }
                self.drain(now);
                None
            }
            Protocol::Dtls => {
                self.handle_dtls(now, datagram);
                None
            }
            Protocol::Srtp => self.open_rtp(datagram),
            Protocol::Srtcp => {
                let (_, unprotector) = self.keys.as_mut()?;
                let len = unprotector.unprotect_rtcp(datagram).ok()?;
                Some(Arrival::Rtcp(datagram[..len].to_vec()))
            }
        }
    }

    /// A packet of a source, a repair or not, has this number: its extended form, unless it came before.
    pub(crate) fn number(&mut self, now: Instant, ssrc: Ssrc, sequence: u16) -> Option<u64> {
        let (index, fresh) = self.receiver.handle_packet(now, ssrc, sequence);
        fresh.then_some(index)
    }

    /// Seals and sends a packet; returns it as it was sent.
    pub(crate) fn send_rtp(
        &mut self,
        mut packet: Vec<u8>,
        header_len: usize,
        ssrc: Ssrc,
        index: u64,
    ) -> Option<Vec<u8>> {
        let (protector, _) = self.keys.as_mut()?;
        protector
            .protect_rtp(&mut packet, 0, header_len, ssrc, index)
            .ok()?;
        self.outbox.push_back(packet.clone());
        Some(packet)
    }

    /// Sends a packet again as it was.
    pub(crate) fn send_again(&mut self, sealed: Vec<u8>) {
        self.outbox.push_back(sealed);
    }

    /// Sends a compound packet of RTCP.
    pub(crate) fn send_rtcp(&mut self, mut packet: Vec<u8>) {
        if let Some((protector, _)) = &mut self.keys
            && protector.protect_rtcp(&mut packet, 0).is_ok()
        {
            self.outbox.push_back(packet);
        }
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let crypto = self.identity.provider.clone();
        self.outbox.extend(self.checker.poll_check(now, crypto.crypto()));
        if let Some(handshake) = &mut self.handshake {
            let mut again = Vec::new();
            handshake.handle_timeout(now, &mut again);
            self.outbox.extend(again);
        }
        if self.next_feedback <= now {
            self.next_feedback = now + FEEDBACK;
            let mut packet = Vec::new();
            for (ssrc, lost) in self.receiver.poll_nacks(now) {
                rtcp::nack(&mut packet, self.own, ssrc, lost);
            }
            if !packet.is_empty() {
                self.send_rtcp(packet);
            }
        }
        self.drain(now);
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let handshake = self.handshake.as_ref().and_then(Handshake::poll_timeout);
        let first = self.checker.poll_timeout().min(self.next_feedback);
        handshake.map_or(first, |at| at.min(first))
    }

    /// The next datagram for the server.
    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        if let Some(keys) = handshake.handle_datagram(now, datagram) {
            self.keys = keys.into_contexts();
        }
        self.drain(now);
    }

    fn open_rtp(&mut self, packet: &mut [u8]) -> Option<Arrival> {
        let (_, unprotector) = self.keys.as_mut()?;
        let header = Header::parse(packet)?;
        let opened = unprotector.unprotect_rtp(&header, packet).ok()?;
        let payload = header.payload(&packet[..opened.len])?.to_vec();
        Some(Arrival::Rtp(header, payload))
    }

    fn drain(&mut self, now: Instant) {
        if let Some(handshake) = &mut self.handshake {
            let mut datagrams = Vec::new();
            handshake.drain(now, &mut datagrams);
            self.outbox.extend(datagrams);
        }
    }
}

/// Browsers send feedback at least this often when packets are missing.
const FEEDBACK: Duration = Duration::from_millis(20);
