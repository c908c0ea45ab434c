//! What may pass, what is kept, and how much is sent, whatever arrives.

use std::time::Duration;

use proptest::prelude::*;

use super::super::flight::MAX_RESENDS;
use super::super::reassembly::MESSAGES;
use super::*;

const FLIGHT: Bytes = Bytes::from_static(&[9; 1000]);

fn message(sequence: u16) -> Vec<u8> {
    record::write_message(1, sequence, 0, b"body")
}

fn protected(content: u8, epoch: u16) -> Vec<u8> {
    let mut record = record::write_record(content, 0, b"sealed");
    record[3..5].copy_from_slice(&epoch.to_be_bytes());
    record
}

fn inputs(guard: &mut Guard) -> Vec<Input> {
    std::iter::from_fn(|| guard.poll_input()).collect()
}

fn sent(guard: &mut Guard) -> usize {
    std::iter::from_fn(|| guard.poll_transmit())
        .map(|datagram| datagram.len())
        .sum()
}

/// A guard that has passed so many messages and sent an answer to the last.
fn after(messages: u16, now: Instant) -> Guard {
    let mut guard = Guard::new();
    for sequence in 0..messages {
        guard.handle_datagram(now, &message(sequence)).unwrap();
        assert_eq!(inputs(&mut guard).len(), 1);
        guard.handle_flight(now, vec![FLIGHT]);
    }
    sent(&mut guard);
    guard
}

#[test]
fn a_repeated_message_brings_the_answer_again_but_never_goes_through_twice() {
    let now = Instant::now();
    let mut guard = after(1, now);
    let later = now + Duration::from_millis(20);
    guard.handle_datagram(later, &message(0)).unwrap();
    assert_eq!((inputs(&mut guard).len(), sent(&mut guard)), (0, FLIGHT.len()));
}

#[test]
fn the_answer_is_not_sent_again_at_once_nor_for_an_older_message() {
    let now = Instant::now();
    let mut guard = after(2, now);
    guard
        .handle_datagram(now + Duration::from_millis(19), &message(1))
        .unwrap();
    guard
        .handle_datagram(now + Duration::from_millis(50), &message(0))
        .unwrap();
    assert_eq!(sent(&mut guard), 0);
}

#[test]
fn a_silent_client_gets_the_answer_again_by_timer_until_its_own_begins() {
    let now = Instant::now();
    let mut guard = after(2, now);
    let timer = guard.poll_timeout().unwrap();
    guard.handle_timeout(timer);
    assert_eq!(sent(&mut guard), FLIGHT.len());
    let half = &message(2)[..];
    guard.handle_datagram(timer, half).unwrap();
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn the_hello_verify_request_has_no_timer() {
    assert_eq!(after(1, Instant::now()).poll_timeout(), None);
}

#[test]
fn the_change_cipher_spec_passes_once_and_after_the_messages() {
    let now = Instant::now();
    let mut guard = after(4, now);
    let spec = record::write_record(record::CHANGE_CIPHER_SPEC, 0, &[1]);
    let finished = protected(record::HANDSHAKE, 1);
    for early in [&finished, &spec, &spec] {
        guard.handle_datagram(now, early).unwrap();
        assert_eq!(inputs(&mut guard), []);
    }
    guard.handle_datagram(now, &message(4)).unwrap();
    let inputs = inputs(&mut guard);
    assert!(matches!(inputs[0], Input::Message(..)));
    assert!(matches!(&inputs[1], Input::Record(record) if record[0] == record::CHANGE_CIPHER_SPEC));
    assert_eq!(inputs[2..], [Input::Record(finished)]);
}

#[test]
fn once_established_only_protected_alerts_and_data_pass() {
    let now = Instant::now();
    let mut guard = after(MESSAGES as u16, now);
    guard
        .handle_datagram(now, &record::write_record(record::CHANGE_CIPHER_SPEC, 0, &[1]))
        .unwrap();
    inputs(&mut guard);
    guard.handle_established();
    for content in [record::ALERT, record::APPLICATION_DATA] {
        guard.handle_datagram(now, &protected(content, 1)).unwrap();
        assert_eq!(inputs(&mut guard), [Input::Record(protected(content, 1))]);
        assert_eq!(
            guard.handle_datagram(now, &protected(content, 2)),
            Err(Drop::MalformedDtls)
        );
        assert_eq!(
            guard.handle_datagram(now, &protected(content, 0)),
            Err(Drop::MalformedDtls)
        );
        assert_eq!(inputs(&mut guard), []);
    }
}

#[test]
fn a_repeated_finished_brings_the_last_flight_again_sixteen_times() {
    let now = Instant::now();
    let mut guard = after(MESSAGES as u16, now);
    guard.handle_established();
    for second in 1..100 {
        let at = now + Duration::from_secs(second);
        guard
            .handle_datagram(at, &protected(record::HANDSHAKE, 1))
            .unwrap();
        assert_eq!(inputs(&mut guard), []);
    }
    assert_eq!(sent(&mut guard), MAX_RESENDS as usize * FLIGHT.len());
}

#[test]
fn a_message_that_no_client_sends_is_refused() {
    let now = Instant::now();
    let mut guard = Guard::new();
    assert_eq!(
        guard.handle_datagram(now, &message(MESSAGES as u16)),
        Err(Drop::MalformedDtls)
    );
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let fragment = (
        any::<[u8; 2]>(),
        0u16..8,
        0u32..20_000,
        0u32..20_000,
        0usize..1200,
    );
    (
        prop_oneof![20u8..24, any::<u8>()],
        0u16..3,
        prop::option::of(fragment),
        any::<u8>(),
    )
        .prop_map(|(content, epoch, fragment, byte)| {
            let mut body = vec![byte];
            if let Some((kind, sequence, length, offset, bytes)) = fragment {
                body = vec![kind[0] % 20];
                body.extend_from_slice(&length.to_be_bytes()[1..]);
                body.extend_from_slice(&sequence.to_be_bytes());
                body.extend_from_slice(&offset.to_be_bytes()[1..]);
                body.extend_from_slice(&(bytes as u32).to_be_bytes()[1..]);
                body.resize(body.len() + bytes, byte);
            }
            let mut record = record::write_record(content, 0, &body);
            record[3..5].copy_from_slice(&epoch.to_be_bytes());
            record
        })
}

/// Whatever arrives: messages pass in order and once, memory is bounded, and so is what goes out for
/// each message that came in anew.
fn holds_its_promises(datagrams: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut guard = Guard::new();
    let mut now = Instant::now();
    let (mut expected, mut bytes_sent) = (0, 0);
    for datagram in datagrams {
        now += Duration::from_millis(30);
        let _ = guard.handle_datagram(now, datagram);
        prop_assert!(guard.bytes() <= MAX_BYTES);
        for input in inputs(&mut guard) {
            if let Input::Message(message, _) = input {
                prop_assert_eq!(message.sequence, expected);
                expected += 1;
                guard.handle_flight(now, vec![FLIGHT]);
            }
        }
        guard.handle_timeout(now);
        bytes_sent += sent(&mut guard);
    }
    let flights = usize::from(expected);
    prop_assert!(bytes_sent <= flights * (1 + MAX_RESENDS as usize) * FLIGHT.len());
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_datagrams_pass_nothing_wrong(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
    ) {
        holds_its_promises(&datagrams)?;
    }

    #[test]
    fn arbitrary_records_pass_nothing_wrong(datagrams in prop::collection::vec(any_record(), 0..60)) {
        holds_its_promises(&datagrams)?;
    }

    #[test]
    fn arbitrary_repeats_pass_nothing_wrong(sequences in prop::collection::vec(0u16..6, 0..200)) {
        let datagrams: Vec<Vec<u8>> = sequences.into_iter().map(message).collect();
        holds_its_promises(&datagrams)?;
    }
}
