//! Real sockets on loopback, driven by a machine that does what its commands say.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::socket::route;
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

/// Tells every datagram, and sends back those that ask for it with a leading `!`.
#[derive(Default)]
struct Echo {
    outgoing: VecDeque<Outgoing>,
    sending: Option<Outgoing>,
    events: VecDeque<Told>,
    taps: VecDeque<usize>,
    due: Option<Instant>,
    commands: usize,
}

impl Machine for Echo {
    type Command = Do;
    type Event = Told;
    type Tap = usize;
    type Stats = usize;

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
            let bytes = datagram.to_vec();
            self.outgoing.push_back(Outgoing {
                to: source,
                from: destination,
                size: None,
                bytes,
            });
        }
    }

    fn handle_command(&mut self, now: Instant, command: Do) {
        self.commands += 1;
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

    fn stats(&self) -> usize {
        self.commands
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
        receive_buffer: 1 << 20,
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

#[test]
fn a_burst_goes_out_as_one_run_and_comes_in_as_one() {
    for ip in loopbacks() {
        let (one, other) = (worker_at(ip), worker_at(ip));
        let bytes = run(1_000, 20, 300);
        one.commands
            .try_send(send(other.local_addresses[0], Some(1_000), bytes.clone()))
            .unwrap();
        for datagram in bytes.chunks(1_000) {
            let expected = Told::Datagram(one.local_addresses[0], Some(ip), datagram.to_vec());
            assert_eq!(event(&other), expected);
        }
        let (sent, received) = (counters(&one), counters(&other));
        assert_eq!((sent.sends, sent.sent), (1, 21));
        assert_eq!((received.receives, received.received), (1, 21));
        assert_eq!(sent.segmentation_paused, 0);
    }
}

#[test]
fn a_run_longer_than_the_kernel_takes_is_cut() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (worker, client) = (worker_at(ip), client(ip));
    let to = client.local_addr().unwrap();
    let mut buffer = [0; 16_000];
    for (size, count, calls) in [(100, 150, 3), (9_000, 10, 2)] {
        let before = counters(&worker);
        block_on(worker.commands.send(send(to, Some(size), run(size, count, 0)))).unwrap();
        for at in 0..count {
            assert_eq!(client.recv(&mut buffer).unwrap(), size);
            assert_eq!(usize::from(buffer[0]), at);
        }
        let after = counters(&worker);
        assert_eq!(after.sends - before.sends, calls, "{size} bytes, {count} times");
        assert_eq!((after.send_failed, after.segmentation_paused), (0, 0));
    }
}

#[test]
fn each_destination_gets_its_own() {
    for ip in loopbacks() {
        let (worker, here, there) = (worker_at(ip), client(ip), client(ip));
        for (client, text) in [(&here, "here"), (&there, "there")] {
            let to = client.local_addr().unwrap();
            worker.commands.try_send(send(to, None, text.into())).unwrap();
        }
        let mut buffer = [0; 100];
        for (client, text) in [(&here, "here"), (&there, "there")] {
            let (length, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], text.as_bytes());
            assert_eq!(from, worker.local_addresses[0]);
        }
    }
}

#[test]
fn one_port_serves_both_families() {
    let ips = loopbacks();
    let first = worker_at(ips[0]);
    let port = first.local_addresses[0].port();
    drop(first);
    let listen: Vec<_> = ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    let worker = Worker::spawn(&config(&listen), Echo::default()).unwrap();
    for ip in ips {
        let client = client(ip);
        client.send_to(b"!", (ip, port)).unwrap();
        let (_, from) = client.recv_from(&mut [0; 1]).unwrap();
        assert_eq!(from, SocketAddr::new(ip, port));
    }
    assert_eq!(worker.local_addresses, listen);
}

#[test]
fn the_answer_leaves_from_the_address_that_was_asked() {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let worker = Worker::spawn(&config(&[any]), Echo::default()).unwrap();
    let client = client(Ipv4Addr::LOCALHOST.into());
    // All of 127.0.0.0/8 is this machine (RFC 1122 §3.2.1.3).
    let asked = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), worker.local_addresses[0].port()));
    client.send_to(b"!", asked).unwrap();
    assert_eq!(client.recv_from(&mut [0; 1]).unwrap().1, asked);
}

#[test]
fn a_command_wakes_a_sleeping_worker() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    // The answer to a report proves that the worker had nothing left to do but sleep.
    counters(&worker);
    worker.commands.try_send(Do::Report(1)).unwrap();
    assert_eq!(event(&worker), Told::Sequence(0));
    assert_eq!(block_on(worker.commands.report()).unwrap().machine, 1);
}

#[test]
fn a_timer_fires_when_it_is_due_and_not_before() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    let start = Instant::now();
    worker
        .commands
        .try_send(Do::Wait(Duration::from_millis(30)))
        .unwrap();
    assert_eq!(event(&worker), Told::Due);
    assert!(start.elapsed() >= Duration::from_millis(30));
    worker.commands.try_send(Do::Wait(Duration::ZERO)).unwrap();
    assert_eq!(event(&worker), Told::Due);
}

#[test]
fn a_full_command_lane_makes_the_control_plane_wait_and_loses_nothing() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    let (reached, held) = mpsc::channel();
    let (release, released) = mpsc::channel();
    worker.commands.try_send(Do::Hold(reached, released)).unwrap();
    held.recv().unwrap();
    let mut sent = 0;
    while worker.commands.try_send(Do::Report(1)).is_ok() {
        sent += 1;
    }
    assert!(matches!(
        worker.commands.try_send(Do::Report(1)),
        Err(Refused::Full(Do::Report(1)))
    ));
    let mut waiting = pin!(worker.commands.send(Do::Report(1)));
    let nobody = &mut Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(nobody).is_pending());
    release.send(()).unwrap();
    block_on(waiting).unwrap();
    assert!((0..=sent).all(|_| event(&worker) == Told::Sequence(0)));
}

#[test]
fn a_control_plane_that_reads_no_events_stops_the_worker_loudly() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    worker.commands.try_send(Do::Report(100_000)).unwrap();
    while !worker.events.is_closed() {
        thread::yield_now();
    }
    assert!(matches!(worker.thread.stop(), Err(Lost::EventLaneFull)));
}

#[test]
fn a_slow_reader_of_taps_loses_packets_and_nothing_else() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    worker.commands.try_send(Do::Tap(10_000)).unwrap();
    worker.commands.try_send(Do::Report(1)).unwrap();
    assert_eq!(event(&worker), Told::Sequence(0));
    let kept = worker.taps.len();
    assert_eq!(counters(&worker).taps_lost, 10_000 - kept as u64);
    assert!(
        (0..kept).all(|at| worker.taps.try_recv() == Ok(at)),
        "the first ones are kept, in order"
    );
}

#[test]
fn a_stop_is_prompt_and_comes_after_what_was_ordered() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (worker, client) = (worker_at(ip), client(ip));
    worker
        .commands
        .try_send(Do::Wait(Duration::from_secs(3_600)))
        .unwrap();
    for _ in 0..200 {
        let farewell = send(client.local_addr().unwrap(), None, b"bye".to_vec());
        worker.commands.try_send(farewell).unwrap();
    }
    let (commands, events) = (worker.commands, worker.events);
    let start = Instant::now();
    worker.thread.stop().unwrap();
    assert!(start.elapsed() < PATIENCE);
    for _ in 0..200 {
        assert_eq!(client.recv(&mut [0; 10]).unwrap(), 3);
    }
    assert!(block_on(events.recv()).is_err());
    assert_eq!(block_on(commands.send(Do::Report(1))), Err(Gone));
    assert!(matches!(commands.try_send(Do::Report(1)), Err(Refused::Gone)));
    assert_eq!(block_on(commands.report()).err(), Some(Gone));
}

#[test]
fn dropping_the_handle_stops_the_worker() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    let address = worker.local_addresses[0];
    drop(worker);
    assert!(UdpSocket::bind(address).is_ok(), "the port is free again");
}

#[test]
fn a_panic_is_reported_and_leaves_nobody_waiting() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    let commands = worker.commands.clone();
    commands.try_send(Do::Panic).unwrap();
    // Whether it was asked before or after the panic, the answer comes: the worker is gone.
    assert_eq!(block_on(commands.report()).err(), Some(Gone));
    assert!(block_on(worker.events.recv()).is_err());
    assert!(block_on(worker.taps.recv()).is_err());
    let lost = worker.thread.stop().unwrap_err();
    assert_eq!(lost.to_string(), "the media worker panicked: told to");
}

#[test]
fn a_port_in_use_is_named() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    let address = worker.local_addresses[0];
    let error = Worker::spawn(&config(&[address]), Echo::default()).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn datagrams_of_any_length_are_harmless() {
    for ip in loopbacks() {
        let (worker, client) = (worker_at(ip), client(ip));
        for length in [0, 1, 1_472, 1_500, 9_000, 65_000, 0, 65_507] {
            client
                .send_to(&vec![7; length], worker.local_addresses[0])
                .unwrap();
            // An empty datagram holds nothing to handle; what follows it comes all the same.
            if length > 0 {
                let expected = Told::Datagram(client.local_addr().unwrap(), Some(ip), vec![7; length]);
                assert_eq!(event(&worker), expected);
            }
        }
        assert_eq!(counters(&worker).receive_failed, 0);
    }
}

#[test]
fn what_can_not_be_sent_is_counted_and_costs_nobody_else() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (worker, client) = (worker_at(ip), client(ip));
    let nowhere = [
        "127.0.0.1:0",
        "0.0.0.0:9",
        "224.0.0.1:9",
        "255.255.255.255:9",
        "[::1]:9",
    ];
    for to in nowhere {
        worker
            .commands
            .try_send(send(to.parse().unwrap(), Some(2), vec![0; 4]))
            .unwrap();
    }
    worker
        .commands
        .try_send(send(client.local_addr().unwrap(), None, vec![1]))
        .unwrap();
    assert_eq!(client.recv(&mut [0; 10]).unwrap(), 1);
    let counters = counters(&worker);
    assert_eq!((counters.send_failed, counters.segmentation_paused), (10, 0));
}

#[test]
fn segmentation_comes_back_after_the_kernel_refused_a_run() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let client = client(ip);
    let mut sockets = [Socket::bind((Ipv4Addr::UNSPECIFIED, 0).into(), 1 << 16).unwrap()];
    let mut counters = Counters::default();
    let bytes = run(10, 3, 0);
    let good = Transmit {
        destination: client.local_addr().unwrap(),
        source: Some(ip),
        segment_size: Some(10),
        contents: &bytes,
    };
    // The kernel refuses port zero with the error of a network card that can't segment.
    let destination = SocketAddr::new(ip, 0);
    let start = Instant::now();
    let mut send = |transmit: &Transmit<'_>, now| {
        let socket = route(&mut sockets, transmit.destination, transmit.source).unwrap();
        socket.send(now, transmit, &mut counters);
        counters
    };
    let refused = send(&Transmit { destination, ..good }, start);
    assert_eq!((refused.send_failed, refused.segmentation_paused), (3, 1));
    let singly = send(&good, start + Duration::from_secs(9));
    assert_eq!((singly.sends, singly.sent), (3, 3));
    let again = send(&good, start + Duration::from_secs(10));
    assert_eq!((again.sends, again.sent), (4, 6));
    for _ in 0..6 {
        assert_eq!(client.recv(&mut [0; 20]).unwrap(), 10);
    }
}

#[test]
fn a_pool_has_a_worker_for_each_port() {
    let any_port = config(&[(Ipv4Addr::LOCALHOST, 0).into()]);
    let workers = spawn_pool(3, &any_port, |_| Echo::default()).unwrap();
    let mut ports: Vec<_> = workers
        .iter()
        .map(|worker| worker.local_addresses[0].port())
        .collect();
    ports.dedup();
    assert_eq!(ports.len(), 3);
    let taken = config(&[workers[1].local_addresses[0]]);
    assert!(spawn_pool(1, &taken, |_| Echo::default()).is_err());
}
