//! UDP in batches: GRO and recvmmsg in, GSO out.
//!
//! Owns: one socket, how a run of datagrams becomes system calls, and the arena that datagrams arrive in.
//! Never does: keep what could not be sent. Media is perishable: what the kernel refuses is counted.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, SockRef, Type};

use super::Counters;
use crate::Transmit;

/// Messages that one receive call takes; each may hold a GRO run of up to 64 datagrams.
const BATCH: usize = 16;

/// Bytes of one message: the longest that UDP, and so GRO, can bring.
const SLOT: usize = 1 << 16;

/// The longest run that one call sends: the largest UDP payload over IPv4 (RFC 768, RFC 791: 65535 bytes
/// less 20 and 8 of headers); the kernel answers EMSGSIZE beyond.
const MAX_RUN: usize = 65_507;

/// How long segmentation stays off after the kernel refused a run. The refusal may be the hardware's, for
/// ever, or one destination's (a small MTU, a source address that is gone), and then nobody else should
/// pay for it for long.
const SEGMENTATION_PAUSE: Duration = Duration::from_secs(10);

/// One bound UDP socket.
pub(super) struct Socket {
    io: mio::net::UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    /// When segmentation was found refused.
    paused: Option<Instant>,
    /// The kernel may hold more: readiness is told once, until a read would block.
    pub(super) readable: bool,
}

impl Socket {
    /// Binds; an error names the address.
    pub(super) fn bind(address: SocketAddr, buffer: usize) -> io::Result<Self> {
        Self::open(address, buffer)
            .map_err(|error| io::Error::new(error.kind(), format!("UDP {address}: {error}")))
    }

    fn open(address: SocketAddr, buffer: usize) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // The IPv4 socket beside it has the same port.
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.set_recv_buffer_size(buffer)?;
        socket.set_send_buffer_size(buffer)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let io = mio::net::UdpSocket::from_std(UdpSocket::from(socket));
        Ok(Self {
            local: io.local_addr()?,
            io,
            state,
            paused: None,
            readable: false,
        })
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.io, token, Interest::READABLE)
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Bytes that the kernel grants inbound and outbound, which may be less than was asked for.
    pub(super) fn buffers(&self) -> (usize, usize) {
        let socket = SockRef::from(&self.io);
        let (inbound, outbound) = (socket.recv_buffer_size(), socket.send_buffer_size());
        (inbound.unwrap_or_default(), outbound.unwrap_or_default())
    }

    /// Whether a transmit from `source` to `destination` should leave here.
    fn suits(&self, destination: SocketAddr, source: Option<IpAddr>) -> bool {
        let bound = self.local.ip();
        let same_family = bound.is_ipv4() == destination.is_ipv4();
        same_family && (bound.is_unspecified() || source.is_none_or(|source| source == bound))
    }

    /// Fills the arena with what has come. Clears [`Self::readable`] when there is no more.
    pub(super) fn receive<'a>(
        &mut self,
        arena: &'a mut Arena,
        counters: &mut Counters,
    ) -> impl Iterator<Item = Received<'a>> + use<'a> {
        let filled = arena.fill(&self.state, &self.io);
        self.readable = filled.as_ref().is_ok_and(|&messages| may_hold_more(messages));
        let messages = filled.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::WouldBlock {
                counters.receive_failed += 1;
            }
            0
        });
        arena.filled(messages)
    }

    /// Sends a run in as few calls as the kernel takes.
    pub(super) fn send(&mut self, now: Instant, transmit: &Transmit<'_>, counters: &mut Counters) {
        self.resume(now);
        let Some(size) = transmit.segment_size.filter(|size| *size > 0) else {
            return self.send_run(now, transmit, counters);
        };
        let most = self.state.max_gso_segments().min(MAX_RUN / size).max(1);
        for contents in transmit.contents.chunks(size * most) {
            let run = Transmit {
                contents,
                ..*transmit
            };
            if self.state.max_gso_segments() == 1 || !self.try_run(now, &run, counters) {
                self.send_singly(now, &run, size, counters);
            }
        }
    }

    /// `false` when the kernel refused to cut the run, which is then still to be sent.
    fn try_run(&mut self, now: Instant, run: &Transmit<'_>, counters: &mut Counters) -> bool {
        let sent = self.send_message(now, run, counters);
        let refused = sent.is_err() && self.state.max_gso_segments() == 1 && run.datagrams() > 1;
        if !refused {
            counters.sent(run, sent);
        }
        !refused
    }

    fn send_singly(&mut self, now: Instant, run: &Transmit<'_>, size: usize, counters: &mut Counters) {
        for contents in run.contents.chunks(size) {
            let segment_size = None;
            let single = Transmit {
                contents,
                segment_size,
                ..*run
            };
            self.send_run(now, &single, counters);
        }
    }

    fn send_run(&mut self, now: Instant, run: &Transmit<'_>, counters: &mut Counters) {
        let sent = self.send_message(now, run, counters);
        counters.sent(run, sent);
    }

    /// One system call. The library below turns segmentation off when one fails in certain ways.
    fn send_message(&mut self, now: Instant, run: &Transmit<'_>, counters: &mut Counters) -> io::Result<()> {
        let message = quinn_udp::Transmit {
            destination: run.destination,
            ecn: None,
            contents: run.contents,
            segment_size: run.segment_size,
            src_ip: run.source,
        };
        let before = self.state.max_gso_segments();
        let sent = self.state.try_send(UdpSockRef::from(&self.io), &message);
        if self.state.max_gso_segments() < before {
            self.paused = Some(now);
            counters.segmentation_paused += 1;
        }
        sent
    }

    /// Tries segmentation again after a pause; only a new state forgets that it was refused.
    fn resume(&mut self, now: Instant) {
        let over = |since: Instant| now.saturating_duration_since(since) >= SEGMENTATION_PAUSE;
        if self.paused.is_some_and(over) {
            self.paused = None;
            if let Ok(state) = UdpSocketState::new(UdpSockRef::from(&self.io)) {
                self.state = state;
            }
        }
    }
}

/// The socket that a transmit leaves by: that of its source address, else any of its family.
pub(super) fn route(
    sockets: &mut [Socket],
    destination: SocketAddr,
    source: Option<IpAddr>,
) -> Option<&mut Socket> {
    let exact = sockets
        .iter()
        .position(|socket| socket.suits(destination, source));
    let index = exact.or_else(|| sockets.iter().position(|socket| socket.suits(destination, None)))?;
    sockets.get_mut(index)
}

/// Whether the kernel may hold more after a call that brought so many messages. Linux's recvmmsg ends before
/// its batch is full only because it found nothing more, so the call that would be told to wait, and a turn
/// around it, can be spared; what comes from then on is told as readiness anew. Elsewhere a call brings one.
fn may_hold_more(messages: usize) -> bool {
    messages == BATCH || !cfg!(any(target_os = "linux", target_os = "android"))
}

/// Whether something can be sent there. A source port of zero means that no answer is wanted (RFC 768), and
/// the kernel refuses to send to it as it refuses segmentation, so a forged one must not get that far.
pub(super) fn is_sendable(address: SocketAddr) -> bool {
    let ip = address.ip();
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}

/// One message of a batch: a run of datagrams of one sender.
pub(super) struct Received<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: Option<IpAddr>,
    bytes: &'a mut [u8],
    stride: usize,
}

impl<'a> Received<'a> {
    /// The datagrams, each to be opened in place.
    pub(super) fn datagrams(self) -> impl Iterator<Item = &'a mut [u8]> {
        // An empty datagram has an empty stride.
        self.bytes.chunks_mut(self.stride.max(1))
    }
}

/// Where datagrams arrive: allocated once, never copied out of.
pub(super) struct Arena {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH],
}

impl Arena {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; BATCH * SLOT],
            meta: [RecvMeta::default(); BATCH],
        }
    }

    /// One receive call; returns how many messages came.
    fn fill(&mut self, state: &UdpSocketState, io: &mio::net::UdpSocket) -> io::Result<usize> {
        let mut slots = self.bytes.chunks_exact_mut(SLOT);
        let mut slots: [_; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        state.recv(UdpSockRef::from(io), &mut slots, &mut self.meta)
    }

    fn filled(&mut self, messages: usize) -> impl Iterator<Item = Received<'_>> {
        let slots = self.bytes.chunks_exact_mut(SLOT);
        self.meta
            .iter()
            .zip(slots)
            .take(messages)
            .map(|(meta, slot)| Received {
                source: meta.addr,
                destination: meta.dst_ip,
                bytes: slot.get_mut(..meta.len).unwrap_or_default(),
                stride: meta.stride,
            })
    }
}
