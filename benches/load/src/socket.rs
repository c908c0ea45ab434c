//! One client's UDP socket, and the arena that datagrams arrive in.
//!
//! Owns: system calls. Never does: look into a datagram.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mio::{Interest, Registry, Token};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};

/// A socket that speaks with one server.
pub(crate) struct Socket {
    io: mio::net::UdpSocket,
    state: UdpSocketState,
}

impl Socket {
    /// Speaks with a server on loopback; every other address is refused here, whoever named it.
    pub(crate) fn connect(server: SocketAddr) -> io::Result<Self> {
        if !server.ip().is_loopback() {
            let problem = format!("{server} is not on this machine: load is sent to loopback alone");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
        }
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let io = mio::net::UdpSocket::bind(any)?;
        io.connect(server)?;
        let state = UdpSocketState::new(UdpSockRef::from(&io))?;
        state.set_recv_buffer_size(UdpSockRef::from(&io), BUFFER)?;
        Ok(Self { io, state })
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.io, token, Interest::READABLE)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut self.io)
    }

    /// Sends one datagram by itself: packets reach a server one by one from a network, and never as the run
    /// that segmentation would make of them on loopback.
    pub(crate) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.io.send(datagram).map(drop)
    }

    /// One receive call; how many messages came. Readiness is told once: when the arena was not filled, the
    /// socket was empty.
    pub(crate) fn receive(&self, arena: &mut Arena) -> io::Result<usize> {
        let mut slots = arena.bytes.chunks_exact_mut(SLOT);
        let mut slots: [_; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        self.state
            .recv(UdpSockRef::from(&self.io), &mut slots, &mut arena.meta)
    }
}

/// Where datagrams arrive.
pub(crate) struct Arena {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH],
}

/// One message: a run of datagrams that came together.
pub(crate) struct Received<'a> {
    bytes: &'a mut [u8],
    stride: usize,
    /// When the kernel had it, since 1970, where it tells.
    pub(crate) arrived: Option<Duration>,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; BATCH * SLOT],
            meta: [RecvMeta::default(); BATCH],
        }
    }

    /// The messages of the last receive call.
    pub(crate) fn filled(&mut self, messages: usize) -> impl Iterator<Item = Received<'_>> {
        let slots = self.bytes.chunks_exact_mut(SLOT);
        self.meta
            .iter()
            .zip(slots)
            .take(messages)
            .map(|(meta, slot)| Received {
                bytes: slot.get_mut(..meta.len).unwrap_or_default(),
                stride: meta.stride,
                arrived: meta.timestamp,
            })
    }
}

impl<'a> Received<'a> {
    pub(crate) fn datagrams(self) -> impl Iterator<Item = &'a mut [u8]> {
        self.bytes.chunks_mut(self.stride.max(1))
    }
}

/// Messages that one receive call takes; each may hold a run of up to 64 datagrams.
pub(crate) const BATCH: usize = 8;
/// The longest message that UDP can bring.
const SLOT: usize = 1 << 16;
/// A second of one 720p stream: who is late by more has lost anyway.
const BUFFER: usize = 1 << 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to() {
        for address in [
            "192.0.2.1:9",
            "10.0.0.1:9",
            "0.0.0.0:9",
            "[2001:db8::1]:9",
            "[::]:9",
        ] {
            let refused = Socket::connect(address.parse().unwrap()).err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{address}");
        }
        assert!(Socket::connect("127.0.0.1:9".parse().unwrap()).is_ok());
    }
}
