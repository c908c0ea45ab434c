//! What strangers and bad clients can't do.

use std::net::SocketAddr;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::drop::Drop;

use crate::hall::{Hall, ROOM, millis, seconds};

fn stranger() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], 666))
}

/// Sends each datagram a hundred times; returns what was counted and answered.
fn flood(hall: &mut Hall, datagram: &[u8], reason: Drop) -> (u64, usize) {
    let (before, astray) = (hall.drops(reason), hall.astray.len());
    (0..100).for_each(|_| hall.inject(stranger(), datagram));
    (hall.drops(reason) - before, hall.astray.len() - astray)
}

#[test]
fn strangers_get_no_answer_and_each_datagram_is_counted() {
    let mut hall = Hall::new();
    hall.join(ROOM, &[]);
    let mut srtp = vec![0x5a; 200];
    (srtp[0], srtp[1]) = (0x80, 111);
    let hello = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];
    assert_eq!(flood(&mut hall, &[0xff; 100], Drop::Unrecognised), (100, 0));
    assert_eq!(flood(&mut hall, &[0x5a; 100], Drop::Unrecognised), (100, 0));
    assert_eq!(flood(&mut hall, &[0; 100], Drop::MalformedStun), (100, 0));
    assert_eq!(flood(&mut hall, &hello, Drop::UnknownPeer), (100, 0));
    assert_eq!(flood(&mut hall, &srtp, Drop::UnknownPeer), (100, 0));
}

#[test]
fn a_check_with_the_wrong_password_is_not_answered() {
    let mut hall = Hall::new();
    // The server was told another password than the client has.
    let id = hall.enter(ROOM, &[], |transport| {
        transport.local.pwd = "another-password-altogether".to_owned()
    });
    hall.run(seconds(1));
    assert!(hall.drops(Drop::UnauthenticStun) >= 5);
    assert!(!hall.client(id).is_connected());
    assert_eq!(hall.shard.stats().outbound_bytes, 0);
    assert_eq!(hall.shard.stats().handshakes_completed, 0);
}

#[test]
fn a_known_client_without_keys_of_its_packets_changes_nothing() {
    let mut hall = Hall::new();
    let (victim, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(victim, MediaKind::Audio);
    hall.show(listener, MediaKind::Audio, track);
    hall.run(millis(200));
    let (address, before) = (hall.clients[&victim].address, hall.received(listener).len());
    let mut forged = vec![0x11; 100];
    (forged[0], forged[1]) = (0x80, 111);
    (0..100).for_each(|_| hall.inject(address, &forged));
    // RFC 3711 §3.4: the E bit.
    (forged[1], forged[96]) = (200, 0x80);
    (0..100).for_each(|_| hall.inject(address, &forged));
    assert_eq!(hall.drops(Drop::Unauthentic), 200);
    assert!(before > 0 && hall.received(listener).is_empty());
    hall.run(millis(200));
    assert_eq!(hall.received(listener).len(), 10);
}

#[test]
fn asking_again_for_everything_draws_no_more_than_a_bounded_amount() {
    let mut hall = Hall::new();
    let (speaker, greedy) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Video);
    let place = hall.show(greedy, MediaKind::Video, track);
    hall.run(seconds(1));
    for _ in 0..100 {
        let received = hall.received(greedy);
        let numbers: Vec<u16> = received.iter().map(|packet| packet.index as u16).collect();
        let before = hall.client(greedy).rtp_bytes_received;
        let newest = numbers.last().copied().unwrap_or_default();
        let asked: Vec<u16> = (0..60).map(|back| newest.wrapping_sub(59 - back)).collect();
        (0..5).for_each(|_| hall.client(greedy).send_nack(place.ssrc, &asked));
        hall.exchange();
        // One number is answered once in 20 ms, however often it is asked for.
        let answered = hall.client(greedy).rtp_bytes_received - before;
        assert!(answered <= 60 * 900, "{answered} bytes");
        hall.run(millis(20));
    }
    let stats = hall.shard.stats();
    assert!(stats.inbound_nacks >= 30_000);
    // Half of what was sent, and a burst of 128 KiB.
    let total = hall.client(greedy).rtp_bytes_received as f64;
    let media = 3.0 * 50.0 * 2.0 * 800.0;
    assert!(total < 1.5 * media + 131_072.0, "{total} bytes");
    assert!(hall.drops(Drop::NackThrottled) > 20_000);
}

#[test]
fn feedback_on_a_retransmission_stream_is_not_taken_for_the_medias() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &[]), hall.join(ROOM, &[]));
    let track = hall.publish(speaker, MediaKind::Video);
    let place = hall.show(listener, MediaKind::Video, track);
    hall.run(seconds(1));
    let newest = hall.received(listener).last().unwrap().index as u16;
    let before = hall.client(listener).rtp_bytes_received;
    let repairs = rapport_sfu::id::Ssrc(place.ssrc.0 + 1);
    hall.client(listener)
        .send_nack(repairs, &[newest, newest.wrapping_sub(1)]);
    hall.exchange();
    assert_eq!(hall.client(listener).rtp_bytes_received, before);
    assert_eq!(hall.drops(Drop::UnknownSource), 2);
}
