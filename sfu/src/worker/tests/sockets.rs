//! Runs, addresses, and what can't be sent.

use super::super::socket::route;
use super::*;

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

/// What a call of two is made of: each packet alone, and none to be asked for in vain.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_lone_datagram_takes_one_turn() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (worker, client) = (worker_at(ip), client(ip));
    let before = counters(&worker);
    for text in [b"one", b"two"].repeat(25) {
        client.send_to(text, worker.local_addresses[0]).unwrap();
        event(&worker);
    }
    let after = counters(&worker);
    assert_eq!(after.received - before.received, 50);
    // And one that answers for the counters.
    assert_eq!(after.turns - before.turns, 51);
}

#[test]
fn a_machine_never_holds_more_than_one_drain() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (worker, sender) = (worker_at(ip), worker_at(ip));
    let (reached, held) = mpsc::channel();
    let (release, released) = mpsc::channel();
    worker.commands.try_send(Do::Hold(reached, released)).unwrap();
    held.recv().unwrap();
    // While the worker is held up, its socket collects a batch of three runs.
    for _ in 0..3 {
        let asking = send(worker.local_addresses[0], Some(1), vec![b'!'; 60]);
        sender.commands.try_send(asking).unwrap();
    }
    // An event is told after what was to be sent has been.
    sender.commands.try_send(Do::Report(1)).unwrap();
    assert_eq!(event(&sender), Told::Sequence(0));
    release.send(()).unwrap();
    for _ in 0..180 {
        assert_eq!(
            event(&sender),
            Told::Datagram(worker.local_addresses[0], Some(ip), b"?".to_vec())
        );
    }
    let peak = block_on(worker.commands.report()).unwrap().machine.peak;
    assert_eq!(peak, DATAGRAMS_PER_DRAIN);
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
