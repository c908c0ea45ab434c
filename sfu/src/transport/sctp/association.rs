//! One association of the library's, with the window before it.
//!
//! Owns: how the library is set up and fed. Never does: know channels.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rtc_sctp::{
    Association, AssociationError, Chunks, DatagramEvent, Endpoint, EndpointConfig, Payload, ServerConfig,
    TimerConfig, TransportConfig, max_payload_size_for_mtu,
};
use rtc_shared::TransportProtocol;

use super::MAX_MESSAGE_BYTES;
use super::packet::Chunk;
use super::window::{MAX_STREAMS, RECEIVE_BUFFER_BYTES, Window};
use crate::drop::Drop;
use crate::transport::dtls::MAX_DATA_BYTES;

/// From the client's INIT on.
pub(super) struct Open {
    endpoint: Endpoint,
    pub(super) association: Association,
    pub(super) window: Window,
    /// The client's tag, by which a repeated INIT is known.
    pub(super) initiate_tag: u32,
    /// Our answer to it.
    pub(super) init_ack: Vec<Bytes>,
    pub(super) established: bool,
}

impl Open {
    /// Answers an INIT; `None` if the library can't.
    pub(super) fn new(now: Instant, packet: &[u8], init: &Chunk<'_>) -> Option<Self> {
        let initial_tsn = init.long(12)?;
        let mut endpoint = Endpoint::new(
            SERVER,
            TransportProtocol::UDP,
            endpoint_config(),
            Some(server_config()),
        );
        let event = endpoint.handle(now, CLIENT, None, Bytes::copy_from_slice(packet));
        let Some((_, DatagramEvent::NewAssociation(association))) = event else {
            return None;
        };
        Some(Self {
            endpoint,
            association,
            window: Window::new(initial_tsn),
            initiate_tag: init.long(0)?,
            init_ack: vec![],
            established: false,
        })
    }

    /// Feeds a packet that passed the window.
    pub(super) fn handle(&mut self, now: Instant, packet: &[u8]) -> Result<(), Drop> {
        let event = self
            .endpoint
            .handle(now, CLIENT, None, Bytes::copy_from_slice(packet));
        let Some((_, DatagramEvent::AssociationEvent(event))) = event else {
            return Err(Drop::MalformedSctp);
        };
        self.association.handle_event(event);
        Ok(())
    }

    /// Ends it and tells the client.
    pub(super) fn abort(&mut self) -> Result<(), Drop> {
        let _ = self.association.abort();
        Err(Drop::MalformedSctp)
    }

    /// Ends it because the client did.
    pub(super) fn close(&mut self) -> Result<(), Drop> {
        let _ = self.association.close(AssociationError::Reset);
        Ok(())
    }

    /// The next whole message of a stream.
    pub(super) fn read(&mut self, stream: u16) -> Option<Chunks> {
        let message = self.association.stream(stream).ok()?.read_sctp().ok()??;
        self.window.handle_read(message.chunks.len());
        Some(message)
    }

    /// All that the library wants to send.
    pub(super) fn transmits(&mut self, now: Instant) -> Vec<Bytes> {
        let mut packets = vec![];
        while let Some(transmit) = self.association.poll_transmit(now) {
            if let Payload::RawEncode(raw) = transmit.message {
                packets.extend(raw);
            }
        }
        for packet in &packets {
            // Our own packets parse; were one not to, the window would only stay where it is.
            let _ = self.window.observe(packet);
        }
        packets
    }
}

pub(super) fn endpoint_config() -> Arc<EndpointConfig> {
    let mut config = EndpointConfig::new();
    config.max_payload_size(max_payload_size_for_mtu(MAX_DATA_BYTES as u32));
    Arc::new(config)
}

/// The library gives up after five retransmissions without an answer: it stops its timer, says nothing, and
/// nothing is ever sent again. Whether a client is gone is for ICE to say (RFC 7675), so it goes on.
pub(super) fn timers() -> TimerConfig {
    TimerConfig {
        max_t3_rtx_retrans: usize::MAX,
        max_reconfig_retrans: usize::MAX,
        ..TimerConfig::default()
    }
}

fn server_config() -> Arc<ServerConfig> {
    let transport = TransportConfig::default()
        .with_timer_config(timers())
        .with_max_message_size(MAX_MESSAGE_BYTES as u32)
        .with_max_receive_buffer_size(RECEIVE_BUFFER_BYTES)
        .with_max_num_inbound_streams(MAX_STREAMS)
        .with_max_num_outbound_streams(MAX_STREAMS);
    Arc::new(ServerConfig::new(transport))
}

/// What the library calls us and the client: DTLS has one peer.
pub(super) const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
pub(super) const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2);
