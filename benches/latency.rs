//! What the server adds to the way of a packet: from a publisher's socket to a subscriber's, over loopback.
//!
//! `cargo bench --bench latency` sends single packets through a real worker and through a bare relay (a
//! thread that receives and sends, and does nothing else), in turn, and prints the distribution of both.
//! The difference is ours; what both have in common is the kernel's. Under `cargo test` it runs briefly.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::demux::Protocol;
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::worker::{Commands, Worker, WorkerConfig};
use rapport_sfu::{Shard, ShardConfig};
use rapport_testkit::client::{Client, ClientIdentity};
use rapport_testkit::{Sender, publication, subscription};

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let packets = if full { PACKETS } else { 20 };
    let mut stage = Stage::new();
    let (mut through_us, mut bare) = (Vec::new(), Vec::new());
    for at in 0..packets + WARM_UP {
        thread::sleep(PACE);
        let (ours, relay) = (stage.through_the_worker(), stage.through_the_relay());
        if at >= WARM_UP {
            through_us.push(ours);
            bare.push(relay);
        }
    }
    println!("{packets} packets of {PAYLOAD} bytes, one every {PACE:?}, socket to socket on loopback");
    print("through the worker", &mut through_us);
    print("through a bare relay", &mut bare);
}

fn print(name: &str, delays: &mut [Duration]) {
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    println!(
        "{name:<22} p50 {:?}, p99 {:?}, max {:?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// A worker with a publisher and a subscriber, and a relay beside it.
struct Stage {
    publisher: Peer,
    subscriber: Peer,
    relay: SocketAddr,
    /// Dropping it would stop the thread.
    _worker: Worker<Shard>,
}

impl Stage {
    fn new() -> Self {
        let identity = Identity::generate().expect("a server certificate");
        let config = WorkerConfig {
            name: "latency".to_owned(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            socket_buffer: 1 << 20,
        };
        let worker = Worker::spawn(&config, Shard::new(ShardConfig::default(), identity, 1));
        let worker = worker.expect("a loopback port");
        let (server, commands) = (worker.local_addresses[0], &worker.commands);
        let client = ClientIdentity::generate();
        let mut publisher = Peer::new(&client, server, 1, commands);
        let mut subscriber = Peer::new(&client, server, 2, commands);

        let parameters = publication(MediaKind::Audio, "a", Ssrc(1_000));
        publisher
            .client
            .senders
            .push(Sender::new(TRACK, &parameters, 1, 1));
        order(
            commands,
            Command::Publish {
                participant: ParticipantId(1),
                track: TRACK,
                parameters,
            },
        );
        let (participant, place) = (ParticipantId(2), SubscriptionId(1));
        let parameters = subscription(MediaKind::Audio, "a", Ssrc(2_000));
        order(
            commands,
            Command::Subscribe {
                participant,
                subscription: place,
                parameters,
            },
        );
        order(
            commands,
            Command::Select {
                subscription: place,
                track: Some(TRACK),
            },
        );
        while !(publisher.client.is_connected() && subscriber.client.is_connected()) {
            publisher.turn();
            subscriber.turn();
        }
        Self {
            publisher,
            subscriber,
            relay: relay(),
            _worker: worker,
        }
    }

    fn through_the_worker(&mut self) -> Duration {
        self.publisher.turn();
        self.subscriber.turn();
        self.publisher.client.send_frame(0, &[PAYLOAD]);
        self.subscriber.block(true);
        let begun = Instant::now();
        self.publisher.flush();
        while !self.subscriber.receive() {}
        let delay = begun.elapsed();
        self.subscriber.block(false);
        delay
    }

    fn through_the_relay(&self) -> Duration {
        let (from, to) = (&self.publisher.socket, &self.subscriber.socket);
        let target = to.local_addr().expect("it is bound");
        let mut packet = [0; PAYLOAD + 48];
        packet[..2].copy_from_slice(&target.port().to_be_bytes());
        let mut buffer = [0; 2_048];
        self.subscriber.block(true);
        let begun = Instant::now();
        from.send_to(&packet, self.relay).expect("loopback takes it");
        while to.recv(&mut buffer).expect("nothing is lost on loopback") != packet.len() {}
        let delay = begun.elapsed();
        self.subscriber.block(false);
        delay
    }
}

/// A synthetic client with a socket.
struct Peer {
    client: Client,
    socket: UdpSocket,
    server: SocketAddr,
}

impl Peer {
    fn new(identity: &ClientIdentity, server: SocketAddr, number: u64, commands: &Commands<Shard>) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        socket
            .set_nonblocking(true)
            .expect("a socket that need not block");
        socket.set_read_timeout(Some(LOST)).expect("a timeout");
        let address = socket.local_addr().expect("it is bound");
        let credentials = |side: &str| IceCredentials {
            ufrag: format!("{side}{number}"),
            pwd: format!("{side}-password-{number:022}"),
        };
        let now = Instant::now();
        let client = Client::new(
            identity,
            address,
            credentials("client"),
            credentials("server"),
            now,
        );
        let transport = client.transport();
        order(
            commands,
            Command::Join {
                room: RoomId(1),
                participant: ParticipantId(number),
                transport,
            },
        );
        Self {
            client,
            socket,
            server,
        }
    }

    /// Whether receiving waits. A loop that does not would keep one of two cores from the worker.
    fn block(&self, blocks: bool) {
        self.socket
            .set_nonblocking(!blocks)
            .expect("a socket that may block");
    }

    /// Waits for one datagram; says whether it was media.
    fn receive(&mut self) -> bool {
        let mut buffer = [0; 2_048];
        let len = self
            .socket
            .recv(&mut buffer)
            .expect("nothing is lost on loopback");
        let media = Protocol::of(&buffer[..len]) == Some(Protocol::Srtp);
        if !media {
            self.client.handle_datagram(Instant::now(), &mut buffer[..len]);
        }
        media
    }

    /// Takes what came and sends what is due.
    fn turn(&mut self) {
        let mut buffer = [0; 2_048];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(len) => {
                    self.client.handle_datagram(Instant::now(), &mut buffer[..len]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        if self.client.poll_timeout() <= Instant::now() {
            self.client.handle_timeout(Instant::now());
        }
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(datagram) = self.client.poll_transmit() {
            self.socket
                .send_to(&datagram, self.server)
                .expect("loopback takes it");
        }
    }
}

fn order(commands: &Commands<Shard>, command: Command) {
    assert!(
        commands.try_send(command).is_ok(),
        "an empty lane takes a command"
    );
}

/// Sends each datagram on to the loopback port that its first two bytes name.
fn relay() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    let address = socket.local_addr().expect("it is bound");
    thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while let Ok(len) = socket.recv(&mut buffer) {
            let port = u16::from_be_bytes([buffer[0], buffer[1]]);
            if socket
                .send_to(&buffer[..len], (Ipv4Addr::LOCALHOST, port))
                .is_err()
            {
                return;
            }
        }
    });
    address
}

const TRACK: TrackId = TrackId(1);
const PAYLOAD: usize = 1_000;
const PACKETS: usize = 5_000;
/// The first packets find cold caches.
const WARM_UP: usize = 100;
/// A busy session sends 300 to 500 packets a second.
const PACE: Duration = Duration::from_millis(2);
/// Loopback does not lose single packets; a bench that hangs tells nothing.
const LOST: Duration = Duration::from_secs(2);
