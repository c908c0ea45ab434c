//! The two steps in the kernel, and the floor: what sealing and sending cost with nothing around them.
//!
//! Owns: loopback sockets and the bare loops. Never does: use the shard. The sockets are driven as the worker
//! drives its own: the same library, the same batch, the same slots.

use std::hint::black_box;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::id::Ssrc;
use rapport_sfu::transport::srtp::Protector;

use crate::report::{Named, Scene};

pub(crate) fn rows() -> Vec<Named> {
    let send = |id, size, packets| Named {
        id,
        scene: Box::new(Send::new(size, packets)),
    };
    let receive = |id, size, packets, runs| Named {
        id,
        scene: Box::new(Receive::new(size, packets, runs)),
    };
    let bare = |id, sink| Named {
        id,
        scene: Box::new(Bare::new(sink)),
    };
    vec![
        receive("1 receive, video, runs of 10, 16 a call", PACKET, 10, 16),
        receive("1 receive, video, a run of 10, one a call", PACKET, 10, 1),
        receive("1 receive, sound, single packets, 16 a call", SOUND, 1, 16),
        receive("1 receive, sound, one packet a call", SOUND, 1, 1),
        send("9 send, video, a run of 10", PACKET, 10),
        send("9 send, video, one packet", PACKET, 1),
        send("9 send, sound, one packet", SOUND, 1),
        bare("bare: copy, seal (in memory)", None),
        bare("bare: copy, seal, GSO sends", Some(Sink::new())),
    ]
}

/// A socket that is never read: the kernel drops what does not fit, which costs the sender the same.
pub(crate) struct Sink {
    from: End,
    to: SocketAddr,
    _to: UdpSocket,
}

impl Sink {
    pub(crate) fn new() -> Self {
        let to = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback socket");
        Self {
            from: End::new(),
            to: to.local_addr().expect("it is bound"),
            _to: to,
        }
    }

    pub(crate) fn send(&self, contents: &[u8], segment_size: Option<usize>) {
        self.from.send(self.to, contents, segment_size);
    }
}

/// A socket and what the library keeps of it.
struct End {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl End {
    fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback socket");
        let state = UdpSocketState::new((&socket).into()).expect("a UDP socket");
        Self { socket, state }
    }

    fn send(&self, to: SocketAddr, contents: &[u8], segment_size: Option<usize>) {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents,
            segment_size,
            src_ip: None,
        };
        // A full socket buffer is the kernel's answer, not this bench's business.
        let _ = self.state.try_send((&self.socket).into(), &transmit);
    }
}

/// One system call after another.
struct Send {
    sink: Sink,
    run: Vec<u8>,
    packets: usize,
}

impl Send {
    fn new(size: usize, packets: usize) -> Self {
        Self {
            sink: Sink::new(),
            run: vec![0xa5; size * packets],
            packets,
        }
    }
}

impl Scene for Send {
    fn prepare(&mut self) {}

    fn run(&mut self) -> u64 {
        let size = (self.packets > 1).then_some(self.run.len() / self.packets);
        for _ in 0..CALLS {
            self.sink.send(&self.run, size);
        }
        (CALLS * self.packets) as u64
    }
}

/// Receives what has come, until there is nothing more.
struct Receive {
    from: End,
    to: End,
    run: Vec<u8>,
    packets: usize,
    runs: usize,
    arena: Vec<u8>,
    meta: [RecvMeta; BATCH],
}

impl Receive {
    fn new(size: usize, packets: usize, runs: usize) -> Self {
        let to = End::new();
        to.socket.set_nonblocking(true).expect("a UDP socket");
        Self {
            from: End::new(),
            to,
            run: vec![0xa5; size * packets],
            packets,
            runs,
            arena: vec![0; BATCH * SLOT],
            meta: [RecvMeta::default(); BATCH],
        }
    }
}

impl Scene for Receive {
    fn prepare(&mut self) {
        let to = self.to.socket.local_addr().expect("it is bound");
        let size = (self.packets > 1).then_some(self.run.len() / self.packets);
        (0..self.runs).for_each(|_| self.from.send(to, &self.run, size));
    }

    fn run(&mut self) -> u64 {
        let mut slots = self.arena.chunks_exact_mut(SLOT);
        let mut slots: [_; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        let socket = (&self.to.socket).into();
        let messages = self
            .to
            .state
            .recv(socket, &mut slots, &mut self.meta)
            .unwrap_or(0);
        let received = self.meta.iter().take(messages);
        received
            .map(|meta| meta.len.div_ceil(meta.stride.max(1)) as u64)
            .sum()
    }
}

/// The floor: for every subscriber, copy each packet of a frame into a run and seal it there.
struct Bare {
    protectors: Vec<Protector>,
    packet: Vec<u8>,
    run: Vec<u8>,
    index: u64,
    sink: Option<Sink>,
}

impl Bare {
    fn new(sink: Option<Sink>) -> Self {
        let protectors = (0..SUBSCRIBERS)
            .map(|number| Protector::new(SrtpProfile::AeadAes128Gcm, &[number; 16], &[7; 12]));
        let mut packet = vec![0xa5; PACKET - TAG];
        packet[..12].copy_from_slice(&[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9]);
        Self {
            protectors: protectors
                .map(|protector| protector.expect("lengths of the profile"))
                .collect(),
            packet,
            run: Vec::with_capacity(FRAME.len() * PACKET),
            index: 0,
            sink,
        }
    }
}

impl Scene for Bare {
    fn prepare(&mut self) {}

    fn run(&mut self) -> u64 {
        for protector in &mut self.protectors {
            self.run.clear();
            for index in (self.index..).take(FRAME.len()) {
                let start = self.run.len();
                self.packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
                self.run.extend_from_slice(&self.packet);
                protector
                    .protect_rtp(&mut self.run, start, 12, Ssrc(9), index)
                    .expect("numbers count up");
            }
            if let Some(sink) = &self.sink {
                sink.send(&self.run, Some(PACKET));
            }
            black_box(&self.run);
        }
        self.index += FRAME.len() as u64;
        (self.protectors.len() * FRAME.len()) as u64
    }
}

/// A frame of 720p at 2.5 Mbit/s and 30 pictures a second is about ten packets.
pub(crate) const FRAME: &[usize] = &[1_160; 10];
/// Opus at 32 kbit/s in packets of 20 ms.
pub(crate) const AUDIO: &[usize] = &[80];
/// What a video packet is on the wire, sealed: header, extensions, payload, padding, tag.
pub(crate) const PACKET: usize = 1_216;
/// The same of sound.
pub(crate) const SOUND: usize = 124;
/// RFC 7714 §13.2: 16 octets.
pub(crate) const TAG: usize = 16;
/// As `scenes` has them at most.
const SUBSCRIBERS: u8 = 50;
const CALLS: usize = 32;
/// As in the worker's socket.
const BATCH: usize = 16;
const SLOT: usize = 1 << 16;
