//! A way to the server that does what a bad server would.
//!
//! Owns: the sockets between clients and a server, and the faults. Never does: change what clients send.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What is done to packets of media on their way to the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// One in so many is gone.
    Drop(u64),
    /// One in so many is overtaken by the next.
    Overtake(u64),
    /// One in so many comes twice.
    Repeat(u64),
    /// One in so many has a bit turned.
    Turn(u64),
    /// All are late by so much.
    Late(Duration),
}

/// Runs until it is dropped.
pub(crate) struct Relay {
    stop: Arc<AtomicBool>,
    /// How often the fault was committed.
    pub(crate) committed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// From an address that clients are told to the one at which the server listens.
    pub(crate) fn start(told: SocketAddr, server: SocketAddr, fault: Fault) -> Self {
        let (stop, committed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let front = UdpSocket::bind(told).expect("an address of loopback that is free");
        front.set_read_timeout(Some(TICK)).expect("a timeout");
        let way = Way {
            front: Arc::new(front),
            server,
            fault,
            committed: Arc::clone(&committed),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || way.carry());
        Self {
            stop,
            committed,
            thread: Some(thread),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the relay does not panic");
        }
    }
}

struct Way {
    front: Arc<UdpSocket>,
    server: SocketAddr,
    fault: Fault,
    committed: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Way {
    /// Clients to server, each by a socket of its own; a thread for each carries what comes back.
    fn carry(&self) {
        let mut backs: HashMap<SocketAddr, (Arc<UdpSocket>, JoinHandle<()>)> = HashMap::new();
        let mut buffer = [0; 2_048];
        while !self.stop.load(Ordering::Relaxed) {
            let (len, client) = match self.front.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if is_patience(&error) => continue,
                Err(error) => panic!("{error}"),
            };
            let (back, _) = backs.entry(client).or_insert_with(|| self.back(client));
            back.send(&buffer[..len]).expect("loopback takes it");
        }
        for (_, thread) in backs.into_values() {
            thread.join().expect("the way back does not panic");
        }
    }

    fn back(&self, client: SocketAddr) -> (Arc<UdpSocket>, JoinHandle<()>) {
        let socket = UdpSocket::bind((self.server.ip(), 0)).expect("a port");
        socket.connect(self.server).expect("an address of loopback");
        socket.set_read_timeout(Some(TICK)).expect("a timeout");
        let socket = Arc::new(socket);
        let back = Back {
            from: Arc::clone(&socket),
            to: (Arc::clone(&self.front), client),
            fault: self.fault,
            committed: Arc::clone(&self.committed),
            stop: Arc::clone(&self.stop),
            media: 0,
            held: None,
            late: VecDeque::new(),
        };
        (socket, thread::spawn(move || back.carry()))
    }
}

/// One client's way back.
struct Back {
    from: Arc<UdpSocket>,
    to: (Arc<UdpSocket>, SocketAddr),
    fault: Fault,
    committed: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    media: u64,
    held: Option<Vec<u8>>,
    /// What waits for its time.
    late: VecDeque<(Instant, Vec<u8>)>,
}

impl Back {
    fn carry(mut self) {
        let mut buffer = [0; 2_048];
        while !self.stop.load(Ordering::Relaxed) {
            let patience = self.send_late();
            self.from.set_read_timeout(Some(patience)).expect("a timeout");
            match self.from.recv(&mut buffer) {
                Ok(len) => self.pass(&mut buffer[..len]),
                Err(error) if is_patience(&error) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Sends what has waited long enough, and tells how long the next one has to wait.
    fn send_late(&mut self) -> Duration {
        while let Some((due, datagram)) = self.late.pop_front() {
            let left = due.saturating_duration_since(Instant::now());
            if left > Duration::ZERO {
                self.late.push_front((due, datagram));
                return left.min(TICK);
            }
            self.send(&datagram);
        }
        TICK
    }

    fn pass(&mut self, datagram: &mut [u8]) {
        if is_media(datagram) {
            self.media += 1;
            self.fail(datagram);
        } else {
            self.send(datagram);
        }
    }

    fn fail(&mut self, datagram: &mut [u8]) {
        let is_one_in = |many: u64| self.media.is_multiple_of(many);
        match self.fault {
            Fault::Drop(many) if is_one_in(many) => self.commit(),
            Fault::Overtake(many) if is_one_in(many) => {
                self.commit();
                self.held = Some(datagram.to_vec());
            }
            Fault::Repeat(many) if is_one_in(many) => {
                self.commit();
                self.send(datagram);
                self.send(datagram);
            }
            Fault::Turn(many) if is_one_in(many) => {
                self.commit();
                let last = datagram.len() - 1;
                datagram[last] ^= 1;
                self.send(datagram);
            }
            Fault::Late(delay) => {
                self.commit();
                self.late.push_back((Instant::now() + delay, datagram.to_vec()));
            }
            _ => {
                self.send(datagram);
                if let Some(held) = self.held.take() {
                    self.send(&held);
                }
            }
        }
    }

    fn send(&self, datagram: &[u8]) {
        let (socket, client) = &self.to;
        // A client that has left closes its socket, and the kernel may say so here.
        let _ = socket.send_to(datagram, client);
    }

    fn commit(&self) {
        self.committed.fetch_add(1, Ordering::Relaxed);
    }
}

/// RFC 7983 §7 and RFC 5761 §4: RTP, and not RTCP.
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, second, ..] if !(192..=223).contains(second))
}

/// Nothing came in time, or an earlier datagram found nobody: both pass.
fn is_patience(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused
    )
}

/// How soon a relay sees that it shall stop.
const TICK: Duration = Duration::from_millis(20);
