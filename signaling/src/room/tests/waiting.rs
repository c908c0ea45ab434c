//! The waiting room: who is not let in yet.

use std::time::Instant;

use rapport_keys::{Device, DeviceId, Entry, Hello, Message, Secret, Statement, Verdict};

use super::*;
use crate::protocol::Audience;

/// Devices of participants, made of their numbers.
#[derive(Debug, Default)]
pub(super) struct Keys {
    clock: u32,
}

impl Keys {
    /// A host's client says what becomes of somebody; both say hello before.
    pub(super) fn state(
        &mut self,
        room: &mut Room,
        host: ParticipantId,
        whom: ParticipantId,
        verdict: Verdict,
    ) -> Result<(), RoomError> {
        for one in [host, whom] {
            room.relay(one, Audience::Everyone, &hello(one), Instant::now())?;
        }
        room.relay(
            host,
            Audience::Members,
            &self.statement(host, whom, verdict),
            Instant::now(),
        )
        .map(drop)
    }

    fn statement(&mut self, host: ParticipantId, whom: ParticipantId, verdict: Verdict) -> String {
        self.clock += 1;
        let entry = Entry {
            device: device_id(whom).0,
            stay: stay(whom),
            sender: 17,
            verdict,
            clock: self.clock,
        };
        let (from, entries) = (stay(host), vec![entry]);
        Message::Statement(Statement { from, entries }).write(device(host).sign())
    }
}

pub(super) fn device(of: ParticipantId) -> Device {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&of.0.to_be_bytes());
    Device::new(&Secret(seed), seed)
}

pub(super) fn device_id(of: ParticipantId) -> DeviceId {
    device(of).keys().id()
}

fn hello_message(of: ParticipantId) -> Message {
    let device = device(of);
    Message::Hello(Hello {
        room: name().as_str().to_owned(),
        signing_key: device.keys().signing,
        agreement_key: device.keys().agreement,
        ephemeral_key: [9; 32],
        sender: 17,
        capabilities: 0,
        name: "somebody".to_owned(),
        certificate: Vec::new(),
    })
}

pub(super) fn stay(of: ParticipantId) -> rapport_keys::Stay {
    Hello::stay(&hello_message(of).body())
}

fn hello(of: ParticipantId) -> String {
    hello_message(of).write(device(of).sign())
}

const ANNA: ParticipantId = ParticipantId(1);
const BEN: ParticipantId = ParticipantId(2);
const CARL: ParticipantId = ParticipantId(3);

/// A host and two guests who wait, each with a face and places for two.
fn call() -> (Room, Keys) {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 2)).unwrap();
    room.sit(guest(2, "ben", &FACE, 2)).unwrap();
    room.sit(guest(3, "carl", &FACE, 2)).unwrap();
    effects(&mut room);
    (room, Keys::default())
}

fn known(room: &Room, to: ParticipantId) -> Vec<u64> {
    let members = room.snapshot(to).members;
    members.iter().map(|member| member.participant).collect()
}

#[test]
fn who_waits_sees_hosts_and_is_seen_by_hosts() {
    let (room, _) = call();
    assert_eq!(known(&room, ANNA), [1, 2, 3]);
    assert_eq!(known(&room, BEN), [1, 2]);
    assert_eq!(known(&room, CARL), [1, 3]);
}

#[test]
fn no_media_flows_before_a_host_has_signed_and_none_after_it_is_taken_back() {
    let (mut room, mut keys) = call();
    for one in [ANNA, BEN, CARL] {
        assert_eq!(shown(&room.snapshot(one).slots), []);
    }
    keys.state(&mut room, ANNA, BEN, Verdict::Admitted).unwrap();
    // A voice and a face each way.
    let selected = selections(&mut room);
    assert_eq!(
        selected.iter().filter(|(_, track)| track.is_some()).count(),
        4,
        "{selected:?}"
    );
    let slots = room.snapshot(BEN).slots;
    let of_anna = shown(&slots);
    assert!(
        of_anna.iter().all(|(_, whose, _)| *whose == 1) && of_anna.len() == 2,
        "{of_anna:?}"
    );
    assert_eq!(shown(&room.snapshot(CARL).slots), []);
    for verdict in [Verdict::Waiting, Verdict::Refused, Verdict::Away] {
        keys.state(&mut room, ANNA, BEN, verdict).unwrap();
        let emptied = selections(&mut room);
        assert_eq!(emptied.len(), 4, "{verdict:?}");
        assert!(
            emptied.iter().all(|(_, track)| track.is_none()),
            "{verdict:?}: {emptied:?}"
        );
        keys.state(&mut room, ANNA, BEN, Verdict::Admitted).unwrap();
        effects(&mut room);
    }
}

#[test]
fn guests_meet_when_both_are_let_in_and_part_when_one_is_put_back() {
    let (mut room, mut keys) = call();
    keys.state(&mut room, ANNA, BEN, Verdict::Admitted).unwrap();
    assert_eq!(known(&room, BEN), [1, 2]);
    effects(&mut room);
    keys.state(&mut room, ANNA, CARL, Verdict::Admitted).unwrap();
    for one in [ANNA, BEN, CARL] {
        assert_eq!(known(&room, one), [1, 2, 3]);
    }
    keys.state(&mut room, ANNA, BEN, Verdict::Waiting).unwrap();
    let told = notices(&mut room);
    let left = |participant| Notice::Body(ServerBody::Left { participant });
    assert!(
        told.contains(&(3, left(2))) && told.contains(&(2, left(3))),
        "{told:?}"
    );
    assert!(
        !told.iter().any(|(whom, notice)| *whom == 1 && *notice == left(2)),
        "a host keeps seeing him"
    );
}

#[test]
fn words_of_keys_reach_whom_they_may() {
    let (mut room, mut keys) = call();
    let heard = |room: &mut Room, from, to, text: &str| {
        room.relay(from, to, text, Instant::now()).unwrap();
        let body = ServerBody::Keys {
            from: from.0,
            message: text.to_owned(),
        };
        let told = notices(room).into_iter();
        told.filter(|(_, notice)| *notice == Notice::Body(body.clone()))
            .map(|(whom, _)| whom)
            .collect::<Vec<_>>()
    };
    assert_eq!(heard(&mut room, BEN, Audience::Everyone, &hello(BEN)), [1]);
    assert_eq!(
        heard(&mut room, BEN, Audience::Participant(3), &hello(BEN)),
        Vec::<u64>::new()
    );
    assert_eq!(heard(&mut room, ANNA, Audience::Everyone, &hello(ANNA)), [2, 3]);
    assert_eq!(
        heard(&mut room, ANNA, Audience::Members, &hello(ANNA)),
        Vec::<u64>::new()
    );
    // The statement itself reaches whom it lets in.
    let statement = keys.statement(ANNA, BEN, Verdict::Admitted);
    assert_eq!(heard(&mut room, ANNA, Audience::Members, &statement), [2]);
}

#[test]
fn a_guest_lets_nobody_in_and_nobody_speaks_in_anothers_place() {
    let (mut room, mut keys) = call();
    keys.state(&mut room, ANNA, CARL, Verdict::Waiting).unwrap();
    keys.state(&mut room, BEN, BEN, Verdict::Admitted).unwrap();
    let of_anna = keys.statement(ANNA, BEN, Verdict::Admitted);
    room.relay(BEN, Audience::Everyone, &of_anna, Instant::now())
        .unwrap();
    let of_ben = keys.statement(BEN, BEN, Verdict::Admitted);
    room.relay(ANNA, Audience::Everyone, &of_ben, Instant::now())
        .unwrap();
    assert_eq!(selections(&mut room), []);
    assert_eq!(known(&room, BEN), [1, 2]);
}

#[test]
fn what_is_no_word_of_keys_is_refused_and_listeners_say_none() {
    let (mut room, _) = call();
    for bad in ["", "AQ", "hello"] {
        let refused = room.relay(ANNA, Audience::Everyone, bad, Instant::now());
        assert_eq!(
            refused,
            Err(RoomError::KeyMessage(rapport_keys::Refusal::Malformed))
        );
    }
    room.join(subscriber(4, "dora", &[])).unwrap();
    let listener = ParticipantId(4);
    let refused = room.relay(listener, Audience::Everyone, &hello(listener), Instant::now());
    assert_eq!(refused, Err(RoomError::NoParticipant));
}
