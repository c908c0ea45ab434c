//! The client side of data channels on `rtc-sctp` and `rtc-datachannel`.
//!
//! Owns: the association that the client starts once DTLS is up, and the channels that it opens. Never does:
//! bound anything; the server is what is tested.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rapport_sfu::command::Message;
use rtc_datachannel::message::Message as Control;
use rtc_datachannel::message::message_channel_open::{ChannelType, DataChannelOpen};
use rtc_sctp::{
    Association, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event, Payload,
    PayloadProtocolIdentifier as Protocol, StreamEvent, max_payload_size_for_mtu,
};
use rtc_shared::TransportProtocol;
use rtc_shared::marshal::Marshal;

/// One association and its channels.
pub(crate) struct Channels {
    endpoint: Endpoint,
    association: Association,
    established: bool,
    labels: BTreeMap<u16, String>,
    /// To be written when the association is there.
    waiting: VecDeque<(u16, Bytes, Protocol)>,
    received: Vec<(String, Message)>,
}

impl Channels {
    pub(crate) fn start(now: Instant) -> Self {
        let mut config = EndpointConfig::new();
        config.max_payload_size(max_payload_size_for_mtu(MTU));
        let mut endpoint = Endpoint::new(CLIENT, TransportProtocol::UDP, Arc::new(config), None);
        let (_, association) = endpoint
            .connect(now, ClientConfig::default(), SERVER)
            .expect("a first packet");
        Self {
            endpoint,
            association,
            established: false,
            labels: BTreeMap::new(),
            waiting: VecDeque::new(),
            received: Vec::new(),
        }
    }

    pub(crate) fn open(&mut self, label: &str) {
        // RFC 8832 §6: the side that acts as the DTLS client uses even stream identifiers.
        let stream = self.labels.len() as u16 * 2;
        self.labels.insert(stream, label.to_owned());
        let open = Control::DataChannelOpen(DataChannelOpen {
            channel_type: ChannelType::Reliable,
            priority: 256,
            reliability_parameter: 0,
            label: label.into(),
            protocol: Vec::new(),
        });
        let open = open.marshal().expect("a short label").freeze();
        self.waiting.push_back((stream, open, Protocol::Dcep));
    }

    pub(crate) fn send(&mut self, label: &str, message: &Message) {
        let stream = self.labels.iter().find(|(_, name)| *name == label);
        let (&stream, _) = stream.expect("a channel that was opened");
        let (bytes, protocol) = match message {
            Message::Text(text) => (Bytes::copy_from_slice(text.as_bytes()), Protocol::String),
            Message::Binary(bytes) => (bytes.clone(), Protocol::Binary),
        };
        self.waiting.push_back((stream, bytes, protocol));
    }

    pub(crate) fn take_received(&mut self) -> Vec<(String, Message)> {
        std::mem::take(&mut self.received)
    }

    pub(crate) fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        let event = self.endpoint.handle(now, SERVER, None, packet);
        if let Some((_, DatagramEvent::AssociationEvent(event))) = event {
            self.association.handle_event(event);
        }
        while let Some(event) = self.association.poll() {
            match event {
                Event::Connected => self.established = true,
                Event::Stream(StreamEvent::Readable { id }) => self.read(id),
                _ => {}
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.association.poll_timeout()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.association.handle_timeout(now);
    }

    /// The next packet, to be sent by DTLS.
    pub(crate) fn poll_transmits(&mut self, now: Instant) -> Vec<Bytes> {
        self.write_waiting(now);
        let mut packets = Vec::new();
        while let Some(transmit) = self.association.poll_transmit(now) {
            if let Payload::RawEncode(raw) = transmit.message {
                packets.extend(raw);
            }
        }
        packets
    }

    fn write_waiting(&mut self, now: Instant) {
        while self.established
            && let Some((stream, bytes, protocol)) = self.waiting.pop_front()
        {
            if protocol == Protocol::Dcep {
                self.association
                    .open_stream(stream, Protocol::Binary)
                    .expect("a stream of its own");
            }
            let mut stream = self.association.stream(stream).expect("an open stream");
            stream
                .write_with_ppi(now, &bytes, protocol)
                .expect("room in the send buffer");
        }
    }

    fn read(&mut self, stream: u16) {
        while let Ok(Some(chunks)) = self
            .association
            .stream(stream)
            .and_then(|mut stream| stream.read_sctp())
        {
            let bytes = chunks.to_payload(usize::MAX).unwrap_or_default().freeze();
            let message = match chunks.ppi {
                Protocol::String => Message::Text(String::from_utf8_lossy(&bytes).into_owned()),
                Protocol::Binary => Message::Binary(bytes),
                _ => continue,
            };
            let label = self.labels.get(&stream).cloned().unwrap_or_default();
            self.received.push((label, message));
        }
    }
}

/// What fits a DTLS record in a packet of 1,200 bytes, as browsers have it.
const MTU: u32 = 1_160;

/// DTLS has one peer; these only name it.
const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2);
