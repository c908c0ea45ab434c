//! A synthetic client: a browser without picture, sound, socket or clock.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::demux::Protocol;
use rapport_sfu::id::{Pt, Ssrc};
use rapport_sfu::parameters::{Fingerprint, IceCredentials, TransportParameters};
use rapport_sfu::rtp::Header;
use rapport_sfu::rtp::rtcp::{self, Rtcp};
use rapport_sfu::transport::srtp::{Protector, Unprotector};

pub use crate::handshake::ClientIdentity;

use crate::content::Content;
use crate::handshake::Handshake;
use crate::ice::Checker;
use crate::receiver::Receiver;
use crate::sender::{Sender, Unsealed};

/// One synthetic client with one address.
pub struct Client {
    /// Where it sends from.
    pub address: SocketAddr,
    /// What it sends.
    pub senders: Vec<Sender>,
    identity: ClientIdentity,
    local: IceCredentials,
    remote: IceCredentials,
    checker: Checker,
    handshake: Option<Handshake>,
    keys: Option<Keys>,
    receiver: Receiver,
    received: Vec<Received>,
    outbox: VecDeque<Vec<u8>>,
    transport_sequence: u16,
    next_feedback: Option<Instant>,
    /// Sealed audio packets, to be sent again as they were.
    sealed_audio: VecDeque<(Ssrc, u16, Vec<u8>)>,
    keyframe_requests: Vec<Ssrc>,
}

struct Keys {
    protector: Protector,
    unprotector: Unprotector,
    auditor: Unprotector,
}

/// A media packet that arrived, authenticated and for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// The subscription's SSRC, also when it came by retransmission.
    pub ssrc: Ssrc,
    /// Extended number as sent by the server.
    pub index: u64,
    /// RTP timestamp as sent by the server.
    pub timestamp: u32,
    /// What is inside.
    pub content: Content,
}

impl Client {
    /// A client that begins with its first connectivity check.
    pub fn new(
        identity: &ClientIdentity,
        address: SocketAddr,
        local: IceCredentials,
        remote: IceCredentials,
        now: Instant,
    ) -> Self {
        Self {
            address,
            senders: Vec::new(),
            identity: identity.clone(),
            checker: Checker::new(local.clone(), remote.clone(), now),
            local,
            remote,
            handshake: None,
            keys: None,
            receiver: Receiver::default(),
            received: Vec::new(),
            outbox: VecDeque::new(),
            transport_sequence: 0,
            next_feedback: None,
            sealed_audio: VecDeque::new(),
            keyframe_requests: Vec::new(),
        }
    }

    /// What signaling would tell the server of it.
    pub fn transport(&self) -> TransportParameters {
        TransportParameters {
            local: self.remote.clone(),
            remote: self.local.clone(),
            fingerprint: self.identity.fingerprint(),
            data_channel: None,
        }
    }

    /// The fingerprint of its certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.fingerprint()
    }

    /// Goes on with new credentials, as after an ICE restart.
    pub fn restart_ice(&mut self, local: IceCredentials, remote: IceCredentials, now: Instant) {
        (self.local, self.remote) = (local.clone(), remote.clone());
        self.checker.restart(local, remote, now);
    }

    /// Media can flow.
    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// The loss bookkeeping.
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// What came since the last call.
    pub fn take_received(&mut self) -> Vec<Received> {
        std::mem::take(&mut self.received)
    }

    /// Opens a datagram of the server's as this client would, but with a replay window of its own and
    /// before the network did anything to it. `None` for what is not for this client.
    pub fn audit(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut packet = datagram.to_vec();
        let header = Header::parse(&packet)?;
        let opened = self
            .keys
            .as_mut()?
            .auditor
            .unprotect_rtp(&header, &mut packet)
            .ok()?;
        packet.truncate(opened.len);
        Some(header.payload(&packet)?.to_vec())
    }

    /// Sends the next frame of a source, cut into packets of these sizes.
    pub fn send_frame(&mut self, sender: usize, sizes: &[usize]) {
        if self.keys.is_none() {
            return;
        }
        let audio = self.senders[sender].kind() == MediaKind::Audio;
        let packets = self.senders[sender].frame(sizes, &mut self.transport_sequence);
        for packet in packets {
            let (ssrc, sequence) = (packet.ssrc, packet.index as u16);
            let sealed = self.seal(packet);
            if audio {
                self.remember(ssrc, sequence, sealed);
            }
        }
    }

    /// Sends a packet of a source's that is padding only.
    pub fn send_padding(&mut self, sender: usize) {
        if self.keys.is_some() {
            let packet = self.senders[sender].padding(&mut self.transport_sequence);
            self.seal(packet);
        }
    }

    /// Asks for a key frame of what is received with this SSRC.
    pub fn request_keyframe(&mut self, ssrc: Ssrc) {
        self.keyframe_requests.push(ssrc);
    }

    /// A datagram of the server's came.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) {
        match Protocol::of(datagram) {
            Some(Protocol::Stun) => {
                self.checker.handle_reply(datagram);
                if self.checker.answered && self.handshake.is_none() {
                    self.handshake = Some(Handshake::start(&self.identity, now));
                }
            }
            Some(Protocol::Dtls) => self.handle_dtls(now, datagram),
            Some(Protocol::Srtp) => self.handle_rtp(now, datagram),
            Some(Protocol::Srtcp) => self.handle_rtcp(datagram),
            None => {}
        }
        self.drain(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let crypto = self.identity.provider.clone();
        self.outbox.extend(self.checker.poll_check(now, crypto.crypto()));
        if let Some(handshake) = &mut self.handshake {
            let mut again = Vec::new();
            handshake.handle_timeout(now, &mut again);
            self.outbox.extend(again);
        }
        if self.next_feedback.is_some_and(|at| at <= now) {
            self.send_feedback(now);
            self.next_feedback = Some(now + FEEDBACK);
        }
        self.drain(now);
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Instant {
        let handshake = self.handshake.as_ref().and_then(Handshake::poll_timeout);
        let others = [handshake, self.next_feedback];
        others
            .into_iter()
            .flatten()
            .fold(self.checker.poll_timeout(), Instant::min)
    }

    /// The next datagram for the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        let Some(keys) = handshake.handle_datagram(now, datagram) else {
            return;
        };
        let auditor = Unprotector::new(keys.profile, &keys.remote_key, &keys.remote_salt);
        let contexts = keys.into_contexts().zip(auditor);
        self.keys = contexts.map(|((protector, unprotector), auditor)| Keys {
            protector,
            unprotector,
            auditor,
        });
        self.next_feedback = Some(now + FEEDBACK);
    }

    fn handle_rtp(&mut self, now: Instant, packet: &mut [u8]) {
        let Some(keys) = &mut self.keys else { return };
        let Some(header) = Header::parse(packet) else {
            return;
        };
        let Ok(opened) = keys.unprotector.unprotect_rtp(&header, packet) else {
            return;
        };
        let Some(payload) = header.payload(&packet[..opened.len]) else {
            return;
        };
        let (ssrc, sequence, payload) = match unwrap_rtx(&header, payload) {
            Some(original) => original,
            None => (header.ssrc, header.sequence, payload),
        };
        let (index, fresh) = self.receiver.handle_packet(now, ssrc, sequence);
        if let Some(content) = Content::read(payload).filter(|_| fresh) {
            self.received.push(Received {
                at: now,
                ssrc,
                index,
                timestamp: header.timestamp,
                content,
            });
        }
    }

    fn handle_rtcp(&mut self, packet: &mut [u8]) {
        let Some(keys) = &mut self.keys else { return };
        let Ok(len) = keys.unprotector.unprotect_rtcp(packet) else {
            return;
        };
        let reports: Vec<_> = rtcp::parse(&packet[..len]).flatten().collect();
        for report in reports {
            match report {
                Rtcp::Pli { media, .. } => self.want_keyframe(media),
                Rtcp::Fir { entries, .. } => entries.for_each(|(media, _)| self.want_keyframe(media)),
                Rtcp::Nack { media, items, .. } => {
                    for sequence in items {
                        self.retransmit(media, sequence);
                    }
                }
                _ => {}
            }
        }
    }

    fn want_keyframe(&mut self, ssrc: Ssrc) {
        if let Some(sender) = self.senders.iter_mut().find(|sender| sender.ssrc == ssrc) {
            sender.keyframe_wanted = true;
        }
    }

    fn retransmit(&mut self, media: Ssrc, sequence: u16) {
        let audio = self
            .sealed_audio
            .iter()
            .find(|(ssrc, at, _)| (*ssrc, *at) == (media, sequence));
        if let Some((_, _, sealed)) = audio {
            self.outbox.push_back(sealed.clone());
            return;
        }
        let sender = self.senders.iter_mut().find(|sender| sender.ssrc == media);
        let packet = sender.and_then(|sender| sender.retransmission(sequence, &mut self.transport_sequence));
        if let Some(packet) = packet {
            self.seal(packet);
        }
    }

    fn seal(&mut self, packet: Unsealed) -> Vec<u8> {
        let Unsealed {
            ssrc,
            index,
            header_len,
            mut bytes,
        } = packet;
        let Some(keys) = &mut self.keys else {
            return Vec::new();
        };
        keys.protector
            .protect_rtp(&mut bytes, 0, header_len, ssrc, index)
            .expect("a sender counts its packets up");
        self.outbox.push_back(bytes.clone());
        bytes
    }

    fn remember(&mut self, ssrc: Ssrc, sequence: u16, sealed: Vec<u8>) {
        if self.sealed_audio.len() == SEALED_AUDIO {
            self.sealed_audio.pop_front();
        }
        self.sealed_audio.push_back((ssrc, sequence, sealed));
    }

    fn send_feedback(&mut self, now: Instant) {
        let Some(keys) = &mut self.keys else { return };
        let own = self.senders.first().map_or(Ssrc(1), |sender| sender.ssrc);
        let mut packet = Vec::new();
        for (ssrc, lost) in self.receiver.poll_nacks(now) {
            rtcp::nack(&mut packet, own, ssrc, lost);
        }
        for ssrc in self.keyframe_requests.drain(..) {
            rtcp::pli(&mut packet, own, ssrc);
        }
        if packet.is_empty() {
            return;
        }
        keys.protector
            .protect_rtcp(&mut packet, 0)
            .expect("an index that counts up");
        self.outbox.push_back(packet);
    }

    fn drain(&mut self, now: Instant) {
        if let Some(handshake) = &mut self.handshake {
            let mut datagrams = Vec::new();
            handshake.drain(now, &mut datagrams);
            self.outbox.extend(datagrams);
        }
    }
}

/// RFC 4588 §4: the SSRC next to the media's, and the original number before the payload.
fn unwrap_rtx<'a>(header: &Header, payload: &'a [u8]) -> Option<(Ssrc, u16, &'a [u8])> {
    if header.payload_type != RTX {
        return None;
    }
    let (sequence, payload) = payload.split_first_chunk()?;
    Some((
        Ssrc(header.ssrc.0.wrapping_sub(1)),
        u16::from_be_bytes(*sequence),
        payload,
    ))
}

/// See [`crate::media`].
const RTX: Pt = Pt(97);

/// Browsers send feedback at least this often when packets are missing.
const FEEDBACK: Duration = Duration::from_millis(20);

/// Half a second of 20 ms packets.
const SEALED_AUDIO: usize = 25;
