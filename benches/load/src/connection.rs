//! One transport of a client: ICE, DTLS and the keys of SRTP, without a socket and a clock.
//!
//! Owns: how it comes up, and the keys. Never does: know what is sent over it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use rapport_client::handshake::{ClientIdentity, Handshake};
use rapport_client::ice::Checker;
use rapport_sfu::demux::Protocol;
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::id::Ssrc;
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::rtp::Header;
use rapport_sfu::transport::srtp::{Protector, Unprotector};

use crate::session::Session;

/// A transport that begins with a connectivity check.
pub(crate) struct Connection {
    identity: ClientIdentity,
    server: SocketAddr,
    checker: Checker,
    handshake: Option<Handshake>,
    keys: Option<Keys>,
    outbox: VecDeque<Vec<u8>>,
}

struct Keys {
    profile: SrtpProfile,
    protector: Protector,
    unprotector: Unprotector,
}

/// What a datagram was.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A packet of media, still sealed: not every one needs to be opened.
    Rtp(Header),
    /// Opened RTCP, so many bytes of the datagram.
    Rtcp(usize),
    /// Nothing of media.
    Other,
}

impl Connection {
    pub(crate) fn new(
        identity: &ClientIdentity,
        local: IceCredentials,
        session: &Session,
        now: Instant,
    ) -> Self {
        Self {
            identity: identity.clone(),
            server: session.server,
            checker: Checker::new(local, session.remote.clone(), now),
            handshake: None,
            keys: None,
            outbox: VecDeque::new(),
        }
    }

    /// What SRTP was negotiated, once media can flow.
    pub(crate) fn profile(&self) -> Option<SrtpProfile> {
        self.keys.as_ref().map(|keys| keys.profile)
    }

    /// The server said goodbye.
    pub(crate) fn is_closed(&self) -> bool {
        self.handshake.as_ref().is_some_and(|handshake| handshake.closed)
    }

    /// A datagram of the server's came.
    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) -> Arrival {
        match Protocol::of(datagram) {
            Some(Protocol::Srtp) => Header::parse(datagram).map_or(Arrival::Other, Arrival::Rtp),
            Some(Protocol::Srtcp) => self.open_rtcp(datagram).map_or(Arrival::Other, Arrival::Rtcp),
            Some(Protocol::Stun) => {
                self.handle_stun(now, datagram);
                Arrival::Other
            }
            Some(Protocol::Dtls) => {
                self.handle_dtls(now, datagram);
                Arrival::Other
            }
            None => Arrival::Other,
        }
    }

    /// Opens a packet of media in place and returns its payload; `None` when it is not authentic.
    pub(crate) fn open<'a>(&mut self, header: &Header, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let keys = self.keys.as_mut()?;
        let opened = keys.unprotector.unprotect_rtp(header, packet).ok()?;
        header.payload(packet.get(..opened.len)?)
    }

    /// Seals a packet of media in place; `false` before there are keys.
    pub(crate) fn seal(&mut self, packet: &mut Vec<u8>, header_len: usize, ssrc: Ssrc, index: u64) -> bool {
        let Some(keys) = &mut self.keys else {
            return false;
        };
        let sealed = keys.protector.protect_rtp(packet, 0, header_len, ssrc, index);
        sealed.is_ok()
    }

    /// Queues a compound packet of RTCP.
    pub(crate) fn send_rtcp(&mut self, mut packet: Vec<u8>) {
        if let Some(keys) = &mut self.keys
            && keys.protector.protect_rtcp(&mut packet, 0).is_ok()
        {
            self.outbox.push_back(packet);
        }
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let handshake = self.handshake.as_ref().and_then(Handshake::poll_timeout);
        let check = self.checker.poll_timeout();
        handshake.map_or(check, |at| at.min(check))
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let provider = self.identity.provider.clone();
        self.outbox
            .extend(self.checker.poll_check(now, provider.crypto()));
        if let Some(handshake) = &mut self.handshake {
            let mut again = Vec::new();
            handshake.handle_timeout(now, &mut again);
            self.outbox.extend(again);
        }
        self.drain(now);
    }

    /// The next datagram for the server, media aside.
    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    fn handle_stun(&mut self, now: Instant, message: &[u8]) {
        self.checker.handle_reply(message);
        // Rivals check back, although they are lite.
        let provider = self.identity.provider.clone();
        self.outbox
            .extend(self.checker.answer(message, self.server, provider.crypto()));
        if self.checker.answered && self.handshake.is_none() {
            self.handshake = Some(Handshake::start_with(&self.identity, &PROFILES, now));
            self.drain(now);
        }
    }

    fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        if let Some(material) = handshake.handle_datagram(now, datagram) {
            let profile = material.profile;
            let contexts = material.into_contexts();
            self.keys = contexts.map(|(protector, unprotector)| Keys {
                profile,
                protector,
                unprotector,
            });
        }
        self.drain(now);
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.keys.as_mut()?.unprotector.unprotect_rtcp(packet).ok()
    }

    fn drain(&mut self, now: Instant) {
        if let Some(handshake) = &mut self.handshake {
            let mut datagrams = Vec::new();
            handshake.drain(now, &mut datagrams);
            self.outbox.extend(datagrams);
        }
    }
}

/// What browsers offer, but for the longer keys, which no server asks for.
const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::AesCm128HmacSha1_80];
