//! Lanes, time, and how a worker ends.

use super::*;

#[test]
fn a_command_wakes_a_sleeping_worker() {
    let worker = worker_at(Ipv4Addr::LOCALHOST.into());
    // The answer to a report proves that the worker had nothing left to do but sleep.
    counters(&worker);
    worker.commands.try_send(Do::Report(1)).unwrap();
    assert_eq!(event(&worker), Told::Sequence(0));
    assert_eq!(block_on(worker.commands.report()).unwrap().machine.commands, 1);
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
