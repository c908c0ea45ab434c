//! A client of the library's and a server of ours in virtual time, and a network on which a test decides.

use std::time::Duration;

use bytes::BytesMut;
use rtc_datachannel::message::message_channel_open::ChannelType;
use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, Payload, TransportConfig,
};
use rtc_shared::TransportProtocol;

use super::super::association::{CLIENT, SERVER, endpoint_config, timers};
use super::super::*;

/// One way.
pub(super) const DELAY: Duration = Duration::from_millis(10);

/// What a test receives on the client's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    Ack(u16),
    Message(u16, Message),
    Lost(u16),
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) server: Sctp,
    pub(super) events: Vec<SctpEvent>,
    pub(super) drops: Vec<Drop>,
    endpoint: Endpoint,
    handle: AssociationHandle,
    pub(super) client: Association,
    pub(super) got: Vec<Got>,
    /// Arrival, whether to the server, and what.
    flying: Vec<(Instant, bool, Bytes)>,
    pub(super) largest: usize,
    /// The last that the server used.
    pub(super) server_tsn: u32,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with_limit(262_144)
    }

    pub(super) fn with_limit(max_message_bytes: u32) -> Self {
        let now = Instant::now();
        let mut endpoint = Endpoint::new(CLIENT, TransportProtocol::UDP, endpoint_config(), None);
        let config = ClientConfig::new(TransportConfig::default().with_timer_config(timers()));
        let (handle, client) = endpoint.connect(now, config, SERVER).unwrap();
        Self {
            now,
            server: Sctp::new(DataChannelParameters { max_message_bytes }),
            events: vec![],
            drops: vec![],
            endpoint,
            handle,
            client,
            got: vec![],
            flying: vec![],
            largest: 0,
            server_tsn: 0,
        }
    }

    /// A pair with one open channel on stream 0.
    pub(super) fn open(label: &str) -> Self {
        let mut pair = Self::new();
        pair.run(&mut |_| true, Duration::from_secs(1));
        pair.client_opens(0, label, ChannelType::Reliable);
        pair.run(&mut |_| true, Duration::from_secs(1));
        assert_eq!(
            pair.events,
            [SctpEvent::Opened {
                label: label.to_owned()
            }]
        );
        assert_eq!(pair.got, [Got::Ack(0)]);
        pair.events.clear();
        pair.got.clear();
        pair
    }

    pub(super) fn client_opens(&mut self, stream: u16, label: &str, channel_type: ChannelType) {
        let open = Control::DataChannelOpen(DataChannelOpen {
            channel_type,
            priority: 256,
            reliability_parameter: 0,
            label: label.into(),
            protocol: vec![],
        });
        self.client.open_stream(stream, Protocol::Binary).unwrap();
        self.client_writes(stream, &open.marshal().unwrap(), Protocol::Dcep);
    }

    pub(super) fn client_sends(&mut self, stream: u16, message: &Message) {
        let (protocol, bytes) = encode(message);
        self.client_writes(stream, &bytes, protocol);
    }

    pub(super) fn client_writes(&mut self, stream: u16, bytes: &[u8], protocol: Protocol) {
        let now = self.now;
        self.client
            .stream(stream)
            .unwrap()
            .write_with_ppi(now, bytes, protocol)
            .unwrap();
    }

    /// Runs for so long. The network says of each packet, by its way, whether it arrives.
    pub(super) fn run(&mut self, arrives: &mut dyn FnMut(bool) -> bool, time: Duration) {
        let end = self.now + time;
        loop {
            self.collect(arrives);
            let arrival = self.flying.iter().map(|(at, ..)| *at).min();
            let timers = [arrival, self.server.poll_timeout(), self.client.poll_timeout()];
            let Some(next) = timers.into_iter().flatten().min().filter(|&next| next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.deliver();
            self.server.handle_timeout(self.now);
            self.client.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(super) fn inject(&mut self, packet: &[u8]) -> Result<(), Drop> {
        self.server.handle_datagram(self.now, packet)
    }

    fn collect(&mut self, arrives: &mut dyn FnMut(bool) -> bool) {
        while let Some(packet) = self.server.poll_transmit(self.now) {
            self.largest = self.largest.max(packet.len());
            let data = packet::chunks(&packet)
                .unwrap()
                .filter(|chunk| chunk.kind == packet::DATA);
            self.server_tsn = data
                .filter_map(|chunk| chunk.long(0))
                .last()
                .unwrap_or(self.server_tsn);
            self.fly(false, packet, arrives);
        }
        while let Some(transmit) = self.client.poll_transmit(self.now) {
            if let Payload::RawEncode(packets) = transmit.message {
                packets
                    .into_iter()
                    .for_each(|packet| self.fly(true, packet, arrives));
            }
        }
        self.events
            .extend(std::iter::from_fn(|| self.server.poll_event()));
        self.client_reads();
    }

    fn fly(&mut self, to_server: bool, packet: Bytes, arrives: &mut dyn FnMut(bool) -> bool) {
        if arrives(to_server) {
            self.flying.push((self.now + DELAY, to_server, packet));
        }
    }

    fn deliver(&mut self) {
        let now = self.now;
        let (arrived, flying): (Vec<_>, _) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|(at, ..)| *at <= now);
        self.flying = flying;
        for (_, to_server, packet) in arrived {
            if to_server {
                self.drops.extend(self.server.handle_datagram(now, &packet).err());
            } else if let Some((handle, DatagramEvent::AssociationEvent(event))) =
                self.endpoint.handle(now, SERVER, None, packet)
            {
                assert_eq!(handle, self.handle);
                self.client.handle_event(event);
            }
        }
    }

    fn client_reads(&mut self) {
        while let Some(event) = self.client.poll() {
            match event {
                Event::Stream(StreamEvent::Readable { id }) => self.client_reads_stream(id),
                Event::AssociationLost { id, .. } => self.got.push(Got::Lost(id)),
                _ => {}
            }
        }
    }

    fn client_reads_stream(&mut self, id: u16) {
        while let Ok(Some(chunks)) = self.client.stream(id).and_then(|mut stream| stream.read_sctp()) {
            let bytes = chunks.to_payload(usize::MAX).unwrap().freeze();
            self.got.push(match chunks.ppi {
                Protocol::Dcep => Got::Ack(id),
                protocol => Got::Message(id, decode(protocol, bytes).unwrap()),
            });
        }
    }
}

/// Writes a packet with a valid checksum (RFC 9260 §6.8, CRC-32C).
pub(super) fn packet(tag: u32, chunks: &[u8]) -> Vec<u8> {
    let mut packet = BytesMut::from(&[0x13, 0x88, 0x13, 0x88][..]);
    packet.extend_from_slice(&tag.to_be_bytes());
    packet.extend_from_slice(&[0; 4]);
    packet.extend_from_slice(chunks);
    let checksum = crc32c(&packet);
    packet[8..12].copy_from_slice(&checksum.to_le_bytes());
    packet.to_vec()
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(crc & 1));
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}
