//! A synthetic client: a browser without picture, sound, socket or clock.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rapport_client::handshake::Handshake;
use rapport_client::ice::Checker;
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Message;
use rapport_sfu::demux::Protocol;
use rapport_sfu::id::{Pt, Ssrc};
use rapport_sfu::parameters::{DataChannelParameters, Fingerprint, IceCredentials, TransportParameters};
use rapport_sfu::rtp::Header;
use rapport_sfu::rtp::rtcp::{self, Rtcp};
use rapport_sfu::transport::srtp::{KeyingMaterial, Protector, Unprotector};

pub use rapport_client::handshake::ClientIdentity;

use crate::channels::Channels;
use crate::content::Content;
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
    /// Requests for key frames that came.
    pub keyframe_requests_received: usize,
    /// RTP packets that came, repairs included, in bytes.
    pub rtp_bytes_received: usize,
    /// The last report on each source that is received.
    pub reports: BTreeMap<Ssrc, rtcp::SenderInfo>,
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
    /// Channels to open as soon as there are any.
    labels: Option<Vec<String>>,
    channels: Option<Channels>,
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
            keyframe_requests_received: 0,
            rtp_bytes_received: 0,
            reports: BTreeMap::new(),
            handshake: None,
            keys: None,
            receiver: Receiver::default(),
            received: Vec::new(),
            outbox: VecDeque::new(),
            transport_sequence: 0,
            next_feedback: None,
            sealed_audio: VecDeque::new(),
            keyframe_requests: Vec::new(),
            labels: None,
            channels: None,
        }
    }

    /// Negotiates data channels, and opens these once it is connected.
    #[must_use]
    pub fn with_channels(mut self, labels: &[&str]) -> Self {
        self.labels = Some(labels.iter().map(|&label| label.to_owned()).collect());
        self
    }

    /// What signaling would tell the server of it.
    pub fn transport(&self) -> TransportParameters {
        TransportParameters {
            local: self.remote.clone(),
            remote: self.local.clone(),
            fingerprint: self.identity.fingerprint(),
            data_channel: self.labels.as_ref().map(|_| DataChannelParameters {
                max_message_bytes: MESSAGE_BYTES,
            }),
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

    /// The server said goodbye.
    pub fn was_closed(&self) -> bool {
        self.handshake.as_ref().is_some_and(|handshake| handshake.closed)
    }

    /// Says goodbye.
    pub fn close(&mut self, now: Instant) {
        if let Some(handshake) = &mut self.handshake {
            handshake.close(now);
        }
        self.drain(now);
    }

    /// Sends a message on a channel that it has.
    ///
    /// # Panics
    ///
    /// When it has no such channel.
    pub fn send_message(&mut self, now: Instant, label: &str, message: &Message) {
        let channels = self.channels.as_mut().expect("a connected client with channels");
        channels.send(label, message);
        self.drain(now);
    }

    /// The messages that came since the last call, with the labels of their channels.
    pub fn take_messages(&mut self) -> Vec<(String, Message)> {
        self.channels
            .as_mut()
            .map(Channels::take_received)
            .unwrap_or_default()
    }

    /// Sends bytes that are no message of any protocol's, or a forged one.
    pub fn send_raw(&mut self, bytes: Vec<u8>) {
        self.outbox.push_back(bytes);
    }

    /// Asks for these numbers of a source again, lost or not.
    pub fn send_nack(&mut self, ssrc: Ssrc, lost: &[u16]) {
        let mut packet = Vec::new();
        rtcp::nack(&mut packet, Ssrc(1), ssrc, lost.iter().copied());
        self.send_rtcp(packet);
    }

    /// Reports how a source's timestamps relate to a wall clock.
    pub fn send_report(&mut self, sender: usize, info: rtcp::SenderInfo) {
        let mut packet = Vec::new();
        rtcp::sender_report(&mut packet, self.senders[sender].ssrc, info, &[], "synthetic");
        self.send_rtcp(packet);
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
        if let Some(channels) = &mut self.channels {
            channels.handle_timeout(now);
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
        let channels = self.channels.as_ref().and_then(Channels::poll_timeout);
        let others = [handshake, self.next_feedback, channels];
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
        let keys = handshake.handle_datagram(now, datagram);
        let data = std::mem::take(&mut handshake.data);
        if let Some(channels) = &mut self.channels {
            data.into_iter()
                .for_each(|packet| channels.handle_packet(now, packet.freeze()));
        }
        if let Some(keys) = keys {
            self.handle_keys(now, keys);
        }
    }

    fn handle_keys(&mut self, now: Instant, keys: KeyingMaterial) {
        let auditor = Unprotector::new(keys.profile, &keys.remote_key, &keys.remote_salt);
        let contexts = keys.into_contexts().zip(auditor);
        self.keys = contexts.map(|((protector, unprotector), auditor)| Keys {
            protector,
            unprotector,
            auditor,
        });
        self.next_feedback = Some(now + FEEDBACK);
        if let Some(labels) = &self.labels {
            let mut channels = Channels::start(now);
            labels.iter().for_each(|label| channels.open(label));
            self.channels = Some(channels);
        }
    }

    fn handle_rtp(&mut self, now: Instant, packet: &mut [u8]) {
        let Some(keys) = &mut self.keys else { return };
        let Some(header) = Header::parse(packet) else {
            return;
        };
        self.rtp_bytes_received += packet.len();
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
                Rtcp::SenderReport { ssrc, info, .. } => _ = self.reports.insert(ssrc, info),
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
        self.keyframe_requests_received += 1;
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
        let own = self.senders.first().map_or(Ssrc(1), |sender| sender.ssrc);
        let mut packet = Vec::new();
        for (ssrc, lost) in self.receiver.poll_nacks(now) {
            rtcp::nack(&mut packet, own, ssrc, lost);
        }
        for ssrc in self.keyframe_requests.drain(..) {
            rtcp::pli(&mut packet, own, ssrc);
        }
        if !packet.is_empty() {
            self.send_rtcp(packet);
        }
    }

    fn send_rtcp(&mut self, mut packet: Vec<u8>) {
        let Some(keys) = &mut self.keys else { return };
        keys.protector
            .protect_rtcp(&mut packet, 0)
            .expect("an index that counts up");
        self.outbox.push_back(packet);
    }

    fn drain(&mut self, now: Instant) {
        if let Some(handshake) = &mut self.handshake {
            if let Some(channels) = &mut self.channels
                && !handshake.closed
            {
                let packets = channels.poll_transmits(now);
                packets.iter().for_each(|packet| handshake.send(now, packet));
            }
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

/// What Firefox says; libwebrtc says four times as much.
const MESSAGE_BYTES: u32 = 65_536;

/// Half a second of 20 ms packets.
const SEALED_AUDIO: usize = 25;
