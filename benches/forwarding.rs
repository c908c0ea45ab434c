//! What one forwarded packet costs: time, allocations, and how far that is from the floor.
//!
//! `cargo bench --bench forwarding` prints medians of several rounds beside two bare loops on the same
//! bytes: copy and seal in memory, and the same with the kernel's send path behind it. The figures hold for
//! the machine that printed them; the ratios of one run are what counts. Under `cargo test` it runs once
//! and briefly, to see that it still works.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use quinn_udp::{Transmit as UdpTransmit, UdpSocketState};
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::transport::srtp::Protector;
use rapport_sfu::{Shard, ShardConfig};
use rapport_testkit::client::{Client, ClientIdentity};
use rapport_testkit::{Sender, publication, subscription};

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, frames) = if full { (ROUNDS, FRAMES) } else { (1, 5) };
    println!(
        "{SUBSCRIBERS} subscribers, frames of {PACKETS} packets of {PAYLOAD} bytes, {rounds} rounds of {frames} frames"
    );
    let mut stage = Stage::new();
    stage.play(WARM_UP, &mut |_, _| {});
    let (sink, state) = (sink(), sender_state());

    let mut rows: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        // In turn, so that a change of the machine's speed hits all of them.
        rows[0].push(stage.play(frames, &mut |_, _| {}));
        rows[1].push(bare(frames, &mut |_| {}));
        rows[2].push(stage.play(frames, &mut |contents, size| send(&state, sink.1, contents, size)));
        rows[3].push(bare(frames, &mut |run| send(&state, sink.1, run, Some(PACKET))));
    }
    for (name, times) in NAMES.iter().zip(&mut rows) {
        times.sort_by(f64::total_cmp);
        println!(
            "{name:<44} {:>8.0} ns a packet (min {:.0}, max {:.0})",
            times[times.len() / 2],
            times[0],
            times[times.len() - 1]
        );
    }
    let allocations = allocation_counter::measure(|| stage.play_counted(frames));
    println!(
        "{:<44} {:>8.4} a packet, clients not counted",
        "allocations in the shard",
        stage.allocations as f64 / stage.counted as f64
    );
    black_box(allocations);
    assert!(stage.forwarded > 0, "nothing was forwarded");
    drop(sink);
}

const NAMES: [&str; 4] = [
    "shard: unprotect, forward, seal (in memory)",
    "bare: copy, seal (in memory)",
    "shard, and GSO sends on loopback",
    "bare: copy, seal, GSO sends on loopback",
];

/// A shard with one publisher and many subscribers, all connected.
struct Stage {
    now: Instant,
    shard: Shard,
    publisher: Client,
    forwarded: u64,
    allocations: u64,
    counted: u64,
}

impl Stage {
    fn new() -> Self {
        let now = Instant::now();
        let identity = Identity::generate().expect("a server certificate");
        let client_identity = ClientIdentity::generate();
        let mut shard = Shard::new(ShardConfig::default(), identity, 1);
        let parameters = publication(MediaKind::Video, "v", Ssrc(1_000));
        let mut publisher = join(&mut shard, &client_identity, 1, now);
        shard.handle_command(
            now,
            Command::Publish {
                participant: ParticipantId(1),
                track: TRACK,
                parameters: parameters.clone(),
            },
        );
        publisher.senders.push(Sender::new(TRACK, &parameters, 1, 1));
        for number in 2..2 + SUBSCRIBERS as u64 {
            join(&mut shard, &client_identity, number, now);
            let subscription_id = SubscriptionId(number);
            let parameters = subscription(MediaKind::Video, "v", Ssrc(2_000 + 2 * number as u32));
            let participant = ParticipantId(number);
            shard.handle_command(
                now,
                Command::Subscribe {
                    participant,
                    subscription: subscription_id,
                    parameters,
                },
            );
            shard.handle_command(
                now,
                Command::Select {
                    subscription: subscription_id,
                    track: Some(TRACK),
                },
            );
        }
        Self {
            now,
            shard,
            publisher,
            forwarded: 0,
            allocations: 0,
            counted: 0,
        }
    }

    /// Forwards so many frames and returns nanoseconds a forwarded packet.
    fn play(&mut self, frames: u32, sink: &mut dyn FnMut(&[u8], Option<usize>)) -> f64 {
        let mut spent = Duration::ZERO;
        let mut packets = 0;
        for _ in 0..frames {
            let mut frame = self.frame();
            let begun = Instant::now();
            packets += self.turn(&mut frame, sink);
            spent += begun.elapsed();
        }
        self.forwarded += packets;
        spent.as_nanos() as f64 / packets.max(1) as f64
    }

    /// The same, counting allocations inside the shard instead of time.
    fn play_counted(&mut self, frames: u32) {
        for _ in 0..frames {
            let mut frame = self.frame();
            let mut packets = 0;
            let info = allocation_counter::measure(|| packets = self.turn(&mut frame, &mut |_, _| {}));
            self.allocations += info.count_total;
            self.counted += packets;
        }
    }

    fn frame(&mut self) -> Vec<Vec<u8>> {
        self.now += Duration::from_millis(33);
        self.publisher.send_frame(0, &[PAYLOAD; PACKETS]);
        std::iter::from_fn(|| self.publisher.poll_transmit()).collect()
    }

    /// One turn of a worker: a receive batch, then everything that it leads to.
    fn turn(&mut self, frame: &mut [Vec<u8>], sink: &mut dyn FnMut(&[u8], Option<usize>)) -> u64 {
        let address = self.publisher.address;
        for datagram in frame {
            self.shard.handle_datagram(self.now, address, None, datagram);
        }
        let mut packets = 0;
        while let Some(transmit) = self.shard.poll_transmit(self.now) {
            packets += transmit
                .segment_size
                .map_or(1, |size| transmit.contents.len().div_ceil(size)) as u64;
            sink(black_box(transmit.contents), transmit.segment_size);
        }
        while self.shard.poll_event().is_some() {}
        packets
    }
}

/// A client that has gone through ICE and DTLS, over a network that loses nothing.
fn join(shard: &mut Shard, identity: &ClientIdentity, number: u64, now: Instant) -> Client {
    let credentials = |side: &str| IceCredentials {
        ufrag: format!("{side}{number}"),
        pwd: format!("{side}-password-{number:022}"),
    };
    let address = SocketAddr::from(([10, 0, 1, number as u8], 40_000));
    let mut client = Client::new(
        identity,
        address,
        credentials("client"),
        credentials("server"),
        now,
    );
    shard.handle_command(
        now,
        Command::Join {
            room: RoomId(1),
            participant: ParticipantId(number),
            transport: client.transport(),
        },
    );
    while !client.is_connected() {
        client.handle_timeout(now);
        while let Some(mut datagram) = client.poll_transmit() {
            shard.handle_datagram(now, address, None, &mut datagram);
        }
        while let Some(transmit) = shard.poll_transmit(now) {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            for datagram in transmit.contents.chunks(size) {
                client.handle_datagram(now, &mut datagram.to_vec());
            }
        }
    }
    while let Some(mut datagram) = client.poll_transmit() {
        shard.handle_datagram(now, address, None, &mut datagram);
    }
    while shard.poll_transmit(now).is_some() {}
    client
}

/// The floor: for every subscriber, copy each packet of a frame into a run and seal it there.
fn bare(frames: u32, sink: &mut dyn FnMut(&[u8])) -> f64 {
    let mut protectors: Vec<_> = (0..SUBSCRIBERS)
        .map(|number| Protector::new(SrtpProfile::AeadAes128Gcm, &[number as u8; 16], &[7; 12]))
        .map(|protector| protector.expect("lengths of the profile"))
        .collect();
    let mut packet = vec![0xa5; PACKET - TAG];
    packet[..12].copy_from_slice(&[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9]);
    let mut run = Vec::with_capacity(PACKETS * PACKET);
    let begun = Instant::now();
    for frame in 0..u64::from(frames) {
        for protector in &mut protectors {
            run.clear();
            for at in 0..PACKETS as u64 {
                let (start, index) = (run.len(), frame * PACKETS as u64 + at);
                packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
                run.extend_from_slice(&packet);
                protector
                    .protect_rtp(&mut run, start, 12, Ssrc(9), index)
                    .expect("numbers count up");
            }
            sink(black_box(&run));
        }
    }
    let packets = u64::from(frames) * (SUBSCRIBERS * PACKETS) as u64;
    begun.elapsed().as_nanos() as f64 / packets as f64
}

/// A socket that is never read: the kernel drops what does not fit, which costs the sender the same.
fn sink() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback socket");
    let address = socket.local_addr().expect("it is bound");
    (socket, address)
}

fn sender_state() -> (UdpSocket, UdpSocketState) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback socket");
    let state = UdpSocketState::new((&socket).into()).expect("a UDP socket");
    (socket, state)
}

fn send(from: &(UdpSocket, UdpSocketState), to: SocketAddr, contents: &[u8], segment_size: Option<usize>) {
    let transmit = UdpTransmit {
        destination: to,
        ecn: None,
        contents,
        segment_size,
        src_ip: None,
    };
    // A full socket buffer is the kernel's answer, not this bench's business.
    let _ = from.1.try_send((&from.0).into(), &transmit);
}

const TRACK: TrackId = TrackId(1);
const SUBSCRIBERS: usize = 50;
/// A frame of 720p at 2.5 Mbit/s and 30 pictures a second is about ten packets.
const PACKETS: usize = 10;
const PAYLOAD: usize = 1_160;
/// What one such packet is on the wire, sealed: header, extensions, payload, padding, tag.
const PACKET: usize = 1_216;
/// RFC 7714 §13.2: 16 octets.
const TAG: usize = 16;
const FRAMES: u32 = 200;
const WARM_UP: u32 = 200;
const ROUNDS: u32 = 11;
