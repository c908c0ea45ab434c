//! Bytes in, plaintext packets out: one participant's transport.
//!
//! Owns: ICE, DTLS, keys, data channels and the outbox of one participant, and the order in which they
//! come up. Never does: know rooms, tracks or sockets.
//!
//! A transport comes up in this order and never skips a step: a valid STUN check vouches for an address;
//! DTLS from such an address proves the certificate that signaling named; its exported keys open SRTP; only
//! then does [`Transport::egress`] exist, so nothing can be sent to somebody who is not who he should be.

pub mod dtls;
pub mod egress;
pub mod ice;
pub mod outbox;
pub mod sctp;
mod sealing;
pub mod srtp;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

pub use self::sealing::Sealing;

use self::dtls::{Dtls, DtlsEvent, Identity};
use self::ice::{Binding, IceAgent, Path};
use self::outbox::Outbox;
use self::sctp::{Sctp, SctpEvent};
use self::srtp::{KeyingMaterial, Protector, Unprotector};
use crate::command::Message;
use crate::drop::Drop;
use crate::event::{LeaveReason, SrtpProfile};
use crate::parameters::{IceCredentials, TransportParameters};
use crate::rtp::Header;

/// One participant's transport.
pub struct Transport {
    ice: IceAgent,
    dtls: Dtls,
    sctp: Option<Sctp>,
    keys: Option<Keys>,
    outbox: Outbox,
    /// The next number of the transport-wide congestion control extension.
    transport_sequence: u16,
    /// Where abs-send-time counts from; only differences matter to its reader.
    epoch: Instant,
    events: VecDeque<TransportEvent>,
}

/// What a handshake leaves: one receiver and one sender of SRTP, and nobody else has the keys.
struct Keys {
    unprotector: Unprotector,
    protector: Protector,
}

/// What a transport reports to its participant.
#[derive(Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// Media can flow.
    Connected(SrtpProfile),
    /// It is over.
    Over(LeaveReason),
    /// A data channel delivered a message.
    Message {
        /// The channel.
        label: String,
        /// What.
        message: Message,
    },
}

impl Transport {
    /// A transport that waits for its first STUN check.
    pub fn new(identity: &Identity, parameters: &TransportParameters, now: Instant) -> Self {
        Self {
            ice: IceAgent::new(&parameters.local, &parameters.remote, now),
            dtls: Dtls::new(identity, parameters.fingerprint, now),
            sctp: parameters.data_channel.map(Sctp::new),
            keys: None,
            outbox: Outbox::default(),
            transport_sequence: 0,
            epoch: now,
            events: VecDeque::new(),
        }
    }

    /// New credentials on both sides (RFC 8445 §9); keys and media go on.
    pub fn restart_ice(&mut self, local: &IceCredentials, remote: &IceCredentials, now: Instant) {
        self.ice.restart(local, remote, now);
    }

    /// A STUN message; the reply is appended to `reply`.
    pub fn handle_stun(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        message: &[u8],
        reply: &mut Vec<u8>,
    ) -> Result<Binding, Drop> {
        self.ice.handle_binding(now, source, destination, message, reply)
    }

    /// A DTLS datagram, from an address that a valid STUN check vouches for.
    pub fn handle_dtls(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Result<(), Drop> {
        if !self.ice.validated(source) {
            return Err(Drop::UnvalidatedDtls);
        }
        let handled = self.dtls.handle_datagram(now, datagram);
        let pumped = self.pump(now);
        handled.and(pumped)
    }

    /// Opens an SRTP packet in place: its header, and the length that is left.
    #[inline]
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<(Header, usize), Drop> {
        let keys = self.keys.as_mut().ok_or(Drop::NotConnected)?;
        let header = Header::parse(packet).ok_or(Drop::MalformedRtp)?;
        let unprotected = keys.unprotector.unprotect_rtp(&header, packet)?;
        Ok((header, unprotected.len))
    }

    /// Opens an SRTCP packet in place: the length that is left.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Drop> {
        let keys = self.keys.as_mut().ok_or(Drop::NotConnected)?;
        keys.unprotector.unprotect_rtcp(packet)
    }

    /// The way out for media; there is none before the handshake.
    #[inline]
    pub fn egress(&mut self) -> Result<Sealing<'_>, Drop> {
        let keys = self.keys.as_mut().ok_or(Drop::SubscriberNotConnected)?;
        Ok(Sealing {
            outbox: &mut self.outbox,
            protector: &mut keys.protector,
            transport_sequence: &mut self.transport_sequence,
            epoch: self.epoch,
            pad: false,
            count: false,
        })
    }

    /// Sends one message to the data channel with this label.
    pub fn send_message(&mut self, now: Instant, label: &str, message: &Message) -> Result<(), Drop> {
        let sctp = self.sctp.as_mut().ok_or(Drop::NoSuchChannel)?;
        let sent = sctp.send(now, label, message);
        let pumped = self.pump(now);
        sent.and(pumped)
    }

    /// Says goodbye; what it queues still wants to be sent.
    pub fn close(&mut self, now: Instant) {
        self.dtls.close(now);
        let _ = self.pump(now);
    }

    /// Media can flow.
    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// There is something to send, and a path to send it on.
    pub fn has_run(&self) -> bool {
        !self.outbox.is_empty() && self.ice.selected().is_some()
    }

    /// A data channel of this name is open.
    pub fn has_channel(&self, label: &str) -> bool {
        self.sctp.as_ref().is_some_and(|sctp| sctp.is_open(label))
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let sctp = self.sctp.as_ref().and_then(Sctp::poll_timeout);
        [self.ice.poll_timeout(), self.dtls.poll_timeout(), sctp]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.ice.handle_timeout(now);
        self.dtls.handle_timeout(now);
        if let Some(sctp) = &mut self.sctp {
            sctp.handle_timeout(now);
        }
        if self.ice.is_expired() {
            self.events
                .push_back(TransportEvent::Over(LeaveReason::ConsentExpired));
        }
        // Time brings nothing of the client's, so nothing of it can be malformed.
        let _ = self.pump(now);
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    /// The next run of datagrams and where it goes. Without a path there is nothing to keep: what is in
    /// the outbox would be stale by the time there is one.
    pub fn poll_run(&mut self) -> Option<(Path, &[u8], Option<usize>)> {
        let Some(path) = self.ice.selected() else {
            self.outbox.clear();
            return None;
        };
        let (bytes, segment_size) = self.outbox.poll_run()?;
        Some((path, bytes, segment_size))
    }

    /// Moves what the machines have for one another: DTLS to keys and SCTP, SCTP to DTLS, DTLS to the
    /// outbox. Ends when none has anything more. Tells what of the client's data was of no use.
    fn pump(&mut self, now: Instant) -> Result<(), Drop> {
        let mut handled = Ok(());
        while let Some(event) = self.dtls.poll_event() {
            let one = self.handle_dtls_event(now, event);
            handled = handled.and(one);
        }
        if let Some(sctp) = &mut self.sctp {
            while let Some(event) = sctp.poll_event() {
                if let SctpEvent::Message { label, message } = event {
                    self.events.push_back(TransportEvent::Message { label, message });
                }
            }
            while let Some(packet) = sctp.poll_transmit(now) {
                // A packet that DTLS can't take is lost like any other: SCTP sends it again.
                let _ = self.dtls.send(now, &packet);
            }
        }
        while let Some(datagram) = self.dtls.poll_transmit() {
            // A handshake datagram that does not fit is lost like any other: the guard sends it again.
            if let Ok(start) = self.outbox.begin() {
                self.outbox.buffer().extend_from_slice(&datagram);
                self.outbox.commit(start);
            }
        }
        handled
    }

    fn handle_dtls_event(&mut self, now: Instant, event: DtlsEvent) -> Result<(), Drop> {
        match event {
            DtlsEvent::Connected { profile, exporter } => {
                let keys = KeyingMaterial::from_exporter(profile, true, &exporter);
                self.handle_keys(profile, keys.and_then(KeyingMaterial::into_contexts));
            }
            DtlsEvent::Data(data) => {
                // Data without negotiated channels has nowhere to go.
                return self
                    .sctp
                    .as_mut()
                    .ok_or(Drop::NoSuchChannel)?
                    .handle_datagram(now, &data);
            }
            DtlsEvent::Closed => self.events.push_back(TransportEvent::Over(LeaveReason::Closed)),
            DtlsEvent::Failed(reason) => self.events.push_back(TransportEvent::Over(reason)),
        }
        Ok(())
    }

    fn handle_keys(&mut self, profile: SrtpProfile, contexts: Option<(Protector, Unprotector)>) {
        let event = match contexts {
            Some((protector, unprotector)) => {
                self.keys = Some(Keys {
                    unprotector,
                    protector,
                });
                TransportEvent::Connected(profile)
            }
            None => TransportEvent::Over(LeaveReason::HandshakeRefused),
        };
        self.events.push_back(event);
    }
}
