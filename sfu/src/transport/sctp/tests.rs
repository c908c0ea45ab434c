//! What a browser's data channels do, and what a hostile client may try.

mod pair;

use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtc_datachannel::message::message_channel_open::ChannelType;
use rtc_sctp::Payload;

use self::pair::{Got, Pair, packet};
use super::*;
use crate::transport::dtls::MAX_DATA_BYTES;

const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> Message {
    Message::Text(text.to_owned())
}

fn binary(bytes: usize) -> Message {
    Message::Binary((0..bytes).map(|at| at as u8).collect::<Vec<_>>().into())
}

fn message(label: &str, message: Message) -> SctpEvent {
    SctpEvent::Message {
        label: label.to_owned(),
        message,
    }
}

fn closed(label: &str) -> SctpEvent {
    SctpEvent::Closed {
        label: label.to_owned(),
    }
}

#[test]
fn text_and_bytes_go_both_ways_even_if_there_are_none() {
    let mut pair = Pair::open("chat");
    let messages = [text("grüß dich"), binary(3), text(""), binary(0)];
    for sent in &messages {
        pair.client_sends(0, sent);
        pair.server.send(pair.now, "chat", sent).unwrap();
    }
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.events, messages.clone().map(|sent| message("chat", sent)));
    assert_eq!(pair.got, messages.map(|sent| Got::Message(0, sent)));
    assert_eq!(pair.drops, []);
}

#[test]
fn the_largest_message_goes_both_ways_in_packets_that_dtls_takes() {
    let mut pair = Pair::open("files");
    pair.client_sends(0, &binary(MAX_MESSAGE_BYTES));
    pair.server
        .send(pair.now, "files", &binary(MAX_MESSAGE_BYTES))
        .unwrap();
    pair.run(&mut |_| true, 5 * SECOND);
    assert_eq!(pair.events, [message("files", binary(MAX_MESSAGE_BYTES))]);
    assert_eq!(pair.got, [Got::Message(0, binary(MAX_MESSAGE_BYTES))]);
    assert!(pair.largest <= MAX_DATA_BYTES, "{}", pair.largest);
}

#[test]
fn a_larger_message_is_not_sent() {
    let mut pair = Pair::open("files");
    let sent = pair
        .server
        .send(pair.now, "files", &binary(MAX_MESSAGE_BYTES + 1));
    assert_eq!(sent, Err(Drop::TooLong));
}

#[test]
fn a_client_gets_no_larger_message_than_it_takes() {
    let mut pair = Pair::with_limit(100);
    pair.run(&mut |_| true, SECOND);
    pair.client_opens(0, "chat", ChannelType::Reliable);
    pair.run(&mut |_| true, SECOND);
    assert_eq!(
        pair.server.send(pair.now, "chat", &binary(101)),
        Err(Drop::TooLong)
    );
    assert_eq!(pair.server.send(pair.now, "chat", &binary(100)), Ok(()));
}

#[test]
fn a_larger_message_that_arrives_costs_the_channel() {
    let mut pair = Pair::open("files");
    pair.client_opens(2, "chat", ChannelType::Reliable);
    pair.client_sends(0, &binary(MAX_MESSAGE_BYTES + 1));
    pair.run(&mut |_| true, 5 * SECOND);
    assert!(pair.events.contains(&closed("files")));
    assert_eq!(pair.drops, [Drop::TooLong]);
    pair.client_sends(2, &text("others go on"));
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.events.last(), Some(&message("chat", text("others go on"))));
}

#[test]
fn a_fifth_of_all_packets_may_be_lost() {
    for seed in 0..100 {
        let mut seeded = StdRng::seed_from_u64(seed);
        let mut pair = Pair::new();
        let mut lossy = |_| !seeded.random_ratio(1, 5);
        pair.run(&mut lossy, 1000 * SECOND);
        pair.client_opens(0, "chat", ChannelType::Reliable);
        pair.run(&mut lossy, 1000 * SECOND);
        for size in [1, 3000, 20_000] {
            pair.client_sends(0, &binary(size));
            pair.server.send(pair.now, "chat", &binary(size)).unwrap();
        }
        pair.run(&mut lossy, 3000 * SECOND);
        let sizes = [1, 3000, 20_000];
        assert_eq!(
            pair.events[1..],
            sizes.map(|size| message("chat", binary(size))),
            "seed {seed}"
        );
        assert_eq!(
            pair.got[1..],
            sizes.map(|size| Got::Message(0, binary(size))),
            "seed {seed}"
        );
    }
}

#[test]
fn a_message_survives_a_silence_of_two_minutes() {
    let mut pair = Pair::open("chat");
    pair.server.send(pair.now, "chat", &text("late")).unwrap();
    pair.run(&mut |_| false, 120 * SECOND);
    pair.run(&mut |_| true, 120 * SECOND);
    assert_eq!(pair.got, [Got::Message(0, text("late"))]);
}

#[test]
fn an_unordered_channel_without_retransmissions_loses_messages_and_goes_on() {
    let mut pair = Pair::new();
    pair.run(&mut |_| true, SECOND);
    pair.client_opens(0, "cursor", ChannelType::PartialReliableRexmitUnordered);
    pair.run(&mut |_| true, SECOND);
    pair.server.send(pair.now, "cursor", &text("lost")).unwrap();
    pair.run(&mut |to_server| to_server, SECOND / 2);
    pair.server.send(pair.now, "cursor", &text("arrives")).unwrap();
    pair.run(&mut |_| true, 10 * SECOND);
    assert_eq!(pair.got[1..], [Got::Message(0, text("arrives"))]);
}

#[test]
fn an_association_comes_to_be_though_init_acks_are_lost() {
    let mut pair = Pair::new();
    let mut packets = 0;
    let mut init_ack_is_lost = |to_server: bool| {
        packets += u32::from(!to_server);
        to_server || packets > 2
    };
    pair.run(&mut init_ack_is_lost, 30 * SECOND);
    pair.client_opens(0, "chat", ChannelType::Reliable);
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.got, [Got::Ack(0)]);
    assert_eq!(pair.drops, []);
}

#[test]
fn a_channel_that_the_client_closes_is_gone_and_may_be_opened_again() {
    let mut pair = Pair::open("chat");
    let now = pair.now;
    pair.client.stream(0).unwrap().close(now).unwrap();
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.events, [closed("chat")]);
    assert_eq!(
        pair.server.send(pair.now, "chat", &text("?")),
        Err(Drop::NoSuchChannel)
    );
    pair.client_opens(2, "chat", ChannelType::Reliable);
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.server.send(pair.now, "chat", &text("!")), Ok(()));
}

#[test]
fn an_association_that_the_client_aborts_takes_its_channels_with_it() {
    let mut pair = Pair::open("chat");
    pair.client.abort().unwrap();
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.events, [closed("chat")]);
    assert_eq!(pair.inject(&packet(0, &[0, 3, 0, 4])), Err(Drop::NotConnected));
    assert_eq!(pair.server.poll_timeout(), None);
}

#[test]
fn a_label_that_is_taken_or_a_seventeenth_channel_is_closed_at_once() {
    let mut pair = Pair::open("0");
    for stream in 1..17 {
        pair.client_opens(2 * stream, &stream.to_string(), ChannelType::Reliable);
    }
    pair.client_opens(1, "0", ChannelType::Reliable);
    pair.run(&mut |_| true, 5 * SECOND);
    assert_eq!(pair.events.len(), 15, "{:?}", pair.events);
    assert!(!pair.drops.is_empty());
    assert!(
        pair.got.contains(&Got::Lost(32)) && pair.got.contains(&Got::Lost(1)),
        "{:?}",
        pair.got
    );
}

#[test]
fn a_slow_client_costs_no_more_than_the_buffer() {
    let mut pair = Pair::open("chat");
    let sent = (0..100)
        .take_while(|_| pair.server.send(pair.now, "chat", &binary(10_000)).is_ok())
        .count();
    assert_eq!(sent, (256 << 10) / 10_000);
    assert_eq!(
        pair.server.send(pair.now, "chat", &binary(10_000)),
        Err(Drop::ChannelFull)
    );
    pair.run(&mut |_| true, 10 * SECOND);
    assert_eq!(pair.server.send(pair.now, "chat", &binary(10_000)), Ok(()));
}

#[test]
fn control_messages_of_types_that_nobody_assigned_close_their_channel() {
    for bytes in [&[0][..], &[0, 1, 0, 0], &[1], &[4, 0, 0, 0, 0, 0]] {
        let mut pair = Pair::open("chat");
        pair.client_writes(0, bytes, Protocol::Dcep);
        pair.run(&mut |_| true, SECOND);
        assert_eq!(pair.drops, [Drop::MalformedSctp], "{bytes:?}");
        assert_eq!(pair.events, [closed("chat")], "{bytes:?}");
    }
}

#[test]
fn a_channel_that_a_leaving_client_opens_is_reported_open_before_it_is_closed() {
    let mut pair = Pair::open("chat");
    let (tag, tsn) = next_packet(&mut pair);
    let shutdown = chunk(7, 0, &pair.server_tsn.to_be_bytes());
    pair.inject(&packet(tag, &shutdown)).unwrap();
    let open = DataChannelOpen {
        channel_type: ChannelType::Reliable,
        priority: 0,
        reliability_parameter: 0,
        label: b"late".to_vec(),
        protocol: vec![],
    };
    let mut value = tsn.to_be_bytes().to_vec();
    value.extend_from_slice(&[0, 2, 0, 0, 0, 0, 0, 50]);
    value.extend_from_slice(&Control::DataChannelOpen(open).marshal().unwrap());
    let handled = pair.inject(&packet(tag, &chunk(packet::DATA, 3, &value)));
    assert_eq!(handled, Err(Drop::NoSuchChannel));
    let events: Vec<_> = std::iter::from_fn(|| pair.server.poll_event()).collect();
    let late = SctpEvent::Opened {
        label: "late".to_owned(),
    };
    assert_eq!(events, [late, closed("late")]);
}

#[test]
fn text_that_is_none_and_messages_without_a_channel_are_refused() {
    let mut pair = Pair::open("chat");
    pair.client_writes(0, &[0xff, 0xfe], Protocol::String);
    pair.run(&mut |_| true, SECOND);
    pair.client.open_stream(4, Protocol::Binary).unwrap();
    pair.client_sends(4, &text("no OPEN came before"));
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.drops, [Drop::MalformedSctp, Drop::NoSuchChannel]);
    assert_eq!(pair.events, [closed("chat")]);
}

#[test]
fn a_message_without_end_ends_the_association() {
    let mut pair = Pair::open("chat");
    let (tag, tsn) = next_packet(&mut pair);
    let fragment = |number: u32| {
        let begins = if number == 0 { 2 } else { 0 };
        let mut chunk = vec![packet::DATA, begins, 4, 0];
        chunk.extend_from_slice(&tsn.wrapping_add(number).to_be_bytes());
        chunk.extend_from_slice(&[0, 0, 0, 9, 0, 0, 0, 53]);
        chunk.resize(1024, 1);
        packet(tag, &chunk)
    };
    let mut acknowledged = |number| {
        let handled = pair.inject(&fragment(number));
        while pair.server.poll_transmit(pair.now).is_some() {}
        handled
    };
    let passed = (0..1000)
        .take_while(|&number| acknowledged(number).is_ok())
        .count();
    assert!((256..=330).contains(&passed), "{passed}");
    pair.run(&mut |_| false, SECOND);
    assert_eq!(pair.events, [closed("chat")]);
}

/// A chunk of a client that is not the library's.
fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let mut chunk = vec![kind, flags];
    chunk.extend_from_slice(&(value.len() as u16 + 4).to_be_bytes());
    chunk.extend_from_slice(value);
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

fn data(flags: u8, tsn: u32, protocol: u8, bytes: &[u8]) -> Vec<u8> {
    let mut value = tsn.to_be_bytes().to_vec();
    value.extend_from_slice(&[0, 0, 0, u8::from(protocol != 50), 0, 0, 0, protocol]);
    value.extend_from_slice(bytes);
    chunk(packet::DATA, flags, &value)
}

/// An INIT whose first TSN is the last but one before they wrap.
fn init() -> Vec<u8> {
    let value = [0, 0, 0, 9, 0, 1, 0, 0, 0, 64, 0, 64, 255, 255, 255, 254];
    packet(0, &chunk(packet::INIT, 0, &value))
}

/// The server's tag, and the COOKIE ECHO for its INIT ACK.
fn answer(init_ack: &[u8]) -> (u32, Vec<u8>) {
    let tag = u32::from_be_bytes(init_ack[16..20].try_into().unwrap());
    let cookie = usize::from(u16::from_be_bytes([init_ack[34], init_ack[35]]));
    (tag, chunk(10, 0, &init_ack[36..32 + cookie]))
}

#[test]
fn a_repeated_init_gets_the_same_answer() {
    let now = Instant::now();
    let mut server = Sctp::new(DataChannelParameters { max_message_bytes: 0 });
    let mut answers = (0..3).map(|_| {
        server.handle_datagram(now, &init()).unwrap();
        server.poll_transmit(now).unwrap()
    });
    let first = answers.next().unwrap();
    assert!(answers.all(|answer| answer == first));
}

#[test]
fn a_stray_init_does_not_disturb_an_association() {
    let mut pair = Pair::open("chat");
    assert_eq!(pair.inject(&init()), Err(Drop::MalformedSctp));
    pair.client_sends(0, &text("still here"));
    pair.run(&mut |_| true, SECOND);
    assert_eq!(pair.events, [message("chat", text("still here"))]);
}

#[test]
fn a_message_arrives_whose_numbers_wrap() {
    let now = Instant::now();
    let mut server = Sctp::new(DataChannelParameters { max_message_bytes: 0 });
    server.handle_datagram(now, &init()).unwrap();
    let (tag, cookie_echo) = answer(&server.poll_transmit(now).unwrap());
    let open = [3, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, b'c', b'h', b'a', b't'];
    for chunks in [
        cookie_echo,
        data(3, u32::MAX - 1, 50, &open),
        data(2, u32::MAX, 51, b"to be "),
        data(1, 0, 51, b"continued"),
    ] {
        server.handle_datagram(now, &packet(tag, &chunks)).unwrap();
        while server.poll_transmit(now).is_some() {}
    }
    let events: Vec<SctpEvent> = std::iter::from_fn(|| server.poll_event()).collect();
    assert_eq!(
        events[1..],
        [message("chat", text("to be continued"))],
        "{events:?}"
    );
}

#[test]
fn nothing_can_be_sent_before_a_channel_is_open() {
    let mut pair = Pair::new();
    assert_eq!(
        pair.server.send(pair.now, "chat", &text("early")),
        Err(Drop::NoSuchChannel)
    );
}

#[test]
fn channels_may_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Sctp>();
}

fn any_chunk() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![0u8..15, Just(130u8), Just(192), Just(193), any::<u8>()];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(
            prop_oneof![Just(0u8), Just(1), Just(4), Just(13), Just(255)],
            0..60
        ),
    ];
    (kinds, any::<u8>(), value).prop_map(|(kind, flags, value)| chunk(kind, flags, &value))
}

/// Numbers that mean something: else the window lets little of it pass.
fn plausible(mut chunk: Vec<u8>, client_tsn: u32, server_tsn: u32) -> Vec<u8> {
    let base = match chunk[0] {
        packet::DATA | packet::FORWARD_TSN => client_tsn,
        packet::SACK => server_tsn.wrapping_sub(1),
        _ => return chunk,
    };
    if let Some(tsn) = chunk.get_mut(4..8) {
        let number = base.wrapping_add(u32::from(tsn[3] % 8));
        tsn.copy_from_slice(&number.to_be_bytes());
    }
    if let (packet::DATA, Some(stream)) = (chunk[0], chunk.get_mut(8..10)) {
        stream.copy_from_slice(&[0, stream[1] % 4]);
    }
    chunk
}

/// The server's tag and the client's next TSN: a message that the client sends to nobody has both.
fn next_packet(pair: &mut Pair) -> (u32, u32) {
    pair.client_sends(0, &text("to nobody"));
    let transmit = pair.client.poll_transmit(pair.now).expect("a packet");
    let Payload::RawEncode(packets) = transmit.message else {
        panic!("the library sends what it encoded");
    };
    let data = packet::chunks(&packets[0])
        .unwrap()
        .find(|chunk| chunk.kind == packet::DATA);
    let tag = u32::from_be_bytes(packets[0][4..8].try_into().unwrap());
    (tag, data.expect("a message").long(0).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn arbitrary_bytes_never_panic(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..8),
    ) {
        let mut pair = Pair::open("chat");
        for bytes in packets {
            let _ = pair.inject(&bytes);
        }
        pair.run(&mut |_| true, SECOND);
    }

    #[test]
    fn arbitrary_chunks_never_panic(
        packets in prop::collection::vec(prop::collection::vec(any_chunk(), 1..3), 1..30),
    ) {
        let mut pair = Pair::open("chat");
        let (tag, tsn) = next_packet(&mut pair);
        for chunks in packets {
            let server_tsn = pair.server_tsn;
            let chunks: Vec<_> = chunks.into_iter().map(|chunk| plausible(chunk, tsn, server_tsn)).collect();
            let _ = pair.inject(&packet(tag, &chunks.concat()));
            let _ = pair.server.send(pair.now, "chat", &binary(5000));
            pair.run(&mut |_| true, SECOND / 10);
        }
        pair.run(&mut |_| true, 10 * SECOND);
    }

    #[test]
    fn an_arbitrary_init_never_panics(
        chunks in prop::collection::vec(any_chunk(), 1..3),
        rest in any_chunk(),
    ) {
        let mut pair = Pair::new();
        let mut init = chunks.concat();
        init[0] = packet::INIT;
        let _ = pair.inject(&packet(0, &init));
        init[1] = 0;
        let _ = pair.inject(&packet(0, &init));
        let _ = pair.inject(&packet(0, &rest));
        pair.run(&mut |_| true, SECOND);
    }
}
