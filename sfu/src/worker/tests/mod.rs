//! Real sockets on loopback, driven by a machine that does what its commands say.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

use crate::transmit::Transmit;

/// Far more than loopback ever takes, far less than a test run.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
enum Do {
    Send {
        to: SocketAddr,
        from: Option<IpAddr>,
        size: Option<usize>,
        bytes: Vec<u8>,
    },
    Wait(Duration),
    Tap(usize),
    Report(usize),
    Panic,
    /// Tells that it was reached, then holds the worker up until released.
    Hold(mpsc::Sender<()>, mpsc::Receiver<()>),
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Datagram(SocketAddr, Option<IpAddr>, Vec<u8>),
    Due,
    Sequence(usize),
}

struct Outgoing {
    to: SocketAddr,
    from: Option<IpAddr>,
    size: Option<usize>,
    bytes: Vec<u8>,
}

/// Tells every datagram, and answers `?` to those that start with `!`.
#[derive(Default)]
struct Echo {
    outgoing: VecDeque<Outgoing>,
    sending: Option<Outgoing>,
    events: VecDeque<Told>,
    taps: VecDeque<usize>,
    due: Option<Instant>,
    stats: Stats,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stats {
    commands: usize,
    /// The longest that the queue of what to send has been.
    peak: usize,
}

impl Machine for Echo {
    type Command = Do;
    type Event = Told;
    type Tap = usize;
    type Stats = Stats;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        datagram: &mut [u8],
    ) {
        self.events
            .push_back(Told::Datagram(source, destination, datagram.to_vec()));
        if datagram.first() == Some(&b'!') {
            let bytes = b"?".to_vec();
            self.outgoing.push_back(Outgoing {
                to: source,
                from: destination,
                size: None,
                bytes,
            });
            self.stats.peak = self.stats.peak.max(self.outgoing.len());
        }
    }

    fn handle_command(&mut self, now: Instant, command: Do) {
        self.stats.commands += 1;
        match command {
            Do::Send {
                to,
                from,
                size,
                bytes,
            } => self.outgoing.push_back(Outgoing {
                to,
                from,
                size,
                bytes,
            }),
            Do::Wait(wait) => self.due = Some(now + wait),
            Do::Tap(count) => self.taps.extend(0..count),
            Do::Report(count) => self.events.extend((0..count).map(Told::Sequence)),
            Do::Panic => panic!("told to"),
            Do::Hold(reached, released) => {
                reached.send(()).unwrap();
                released.recv().unwrap();
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        assert!(self.due.take().is_some_and(|due| due <= now), "woken too early");
        self.events.push_back(Told::Due);
    }

    fn poll_transmit(&mut self, _now: Instant) -> Option<Transmit<'_>> {
        self.sending = self.outgoing.pop_front();
        self.sending.as_ref().map(|next| Transmit {
            destination: next.to,
            source: next.from,
            segment_size: next.size,
            contents: &next.bytes,
        })
    }

    fn poll_event(&mut self) -> Option<Told> {
        self.events.pop_front()
    }

    fn poll_tap(&mut self) -> Option<usize> {
        self.taps.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn stats(&self) -> Stats {
        self.stats
    }
}

/// Runs a future on this thread, without a runtime; the lanes need none.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(Instant::now() < deadline, "nothing came of it");
        thread::park_timeout(PATIENCE);
    }
}

fn config(listen: &[SocketAddr]) -> WorkerConfig {
    WorkerConfig {
        name: "media".to_owned(),
        listen: listen.to_vec(),
        socket_buffer: 1 << 20,
    }
}

fn worker_at(ip: IpAddr) -> Worker<Echo> {
    Worker::spawn(&config(&[(ip, 0).into()]), Echo::default()).unwrap()
}

/// IPv4, and IPv6 where there is any.
fn loopbacks() -> Vec<IpAddr> {
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    match UdpSocket::bind((v6, 0)) {
        Ok(_) => vec![Ipv4Addr::LOCALHOST.into(), v6],
        Err(error) => {
            println!("IPv6 skipped, this machine has none: {error}");
            vec![Ipv4Addr::LOCALHOST.into()]
        }
    }
}

fn client(ip: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn event(worker: &Worker<Echo>) -> Told {
    block_on(worker.events.recv()).unwrap()
}

fn counters(worker: &Worker<Echo>) -> Counters {
    block_on(worker.commands.report()).unwrap().counters
}

fn send(to: SocketAddr, size: Option<usize>, bytes: Vec<u8>) -> Do {
    Do::Send {
        to,
        from: None,
        size,
        bytes,
    }
}

/// A run whose datagrams tell their place in it.
fn run(size: usize, count: usize, last: usize) -> Vec<u8> {
    let mut bytes: Vec<_> = (0..count).flat_map(|at| vec![at as u8; size]).collect();
    bytes.extend(vec![count as u8; last]);
    bytes
}

mod lanes;
mod sockets;
