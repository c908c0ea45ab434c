use proptest::prelude::*;

use super::*;
use crate::device::Device;
use crate::message::{Message, Parsed};
use crate::primitives::Secret;

fn device() -> Device {
    Device::new(&Secret([1; 32]), [2; 32])
}

/// What is read of a message as its author has written it.
fn through_the_wire(message: &Message) -> Option<Message> {
    let device = device();
    let parsed = Parsed::read(&message.write(device.sign()))?;
    assert!(parsed.is_signed_by(&device.keys().signing));
    Some(parsed.message)
}

pub(crate) fn proposal() -> Proposal {
    let subject = |device, bits| Subject {
        device: [device; 32],
        sources: Sources::of(bits).unwrap(),
    };
    let recipient = |role, key| Recipient { role, key: [key; 32] };
    Proposal {
        from: [1; 32],
        recording: [7; 16],
        at: 1_764_000_000,
        purpose: Purpose::RolePlay,
        text: 1,
        days: 90,
        subjects: vec![subject(3, Sources::MICROPHONE), subject(4, 3)],
        recipients: vec![recipient(Role::Therapist, 5), recipient(Role::Clinic, 6)],
    }
}

fn capsule(boxes: usize) -> Message {
    Message::Capsule(Capsule {
        from: [1; 32],
        proposal: [2; 32],
        kid: 17 << 20 | 3 << 8,
        boxes: (0..boxes).map(|at| ([at as u8; 32], [9; 48])).collect(),
    })
}

#[test]
fn what_is_written_is_read() {
    let consent = |agrees| {
        Message::Consent(Consent {
            from: [1; 32],
            proposal: [2; 32],
            counter: 3,
            agrees,
        })
    };
    for message in [
        Message::Proposal(proposal()),
        consent(true),
        consent(false),
        capsule(1),
        capsule(8),
    ] {
        assert_eq!(through_the_wire(&message), Some(message));
    }
}

#[test]
fn what_has_another_form_is_not_read() {
    let changed = |change: fn(&mut Proposal)| {
        let mut proposal = proposal();
        change(&mut proposal);
        through_the_wire(&Message::Proposal(proposal))
    };
    assert_eq!(changed(|one| one.days = 0), None);
    assert_eq!(changed(|one| one.days = 3651), None);
    assert_eq!(changed(|one| one.subjects.reverse()), None);
    assert_eq!(changed(|one| one.subjects[1] = one.subjects[0]), None);
    assert_eq!(changed(|one| one.subjects.clear()), None);
    assert_eq!(changed(|one| one.subjects[0].sources = Sources(0)), None);
    assert_eq!(changed(|one| one.subjects[0].sources = Sources(8)), None);
    assert_eq!(changed(|one| one.recipients.clear()), None);
    assert_eq!(changed(|one| one.recipients[1].key = one.recipients[0].key), None);
    assert_eq!(through_the_wire(&capsule(0)), None);
    assert_eq!(through_the_wire(&capsule(9)), None);
    let never = Consent {
        from: [1; 32],
        proposal: [2; 32],
        counter: 0,
        agrees: true,
    };
    assert_eq!(through_the_wire(&Message::Consent(never)), None);
}

#[test]
fn a_proposal_is_named_by_all_that_it_says() {
    let named = |proposal: Proposal| Proposal::hash(&Message::Proposal(proposal).body());
    let one = named(proposal());
    let other = named(Proposal {
        purpose: Purpose::Calm,
        ..proposal()
    });
    assert_ne!(one, other);
    assert_eq!(one, named(proposal()));
}

proptest! {
    #[test]
    fn no_bytes_are_read_in_two_ways(kind in 9u8..=11, rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut reader = Reader::new(&rest);
        let message = match kind {
            9 => Proposal::read(&mut reader).map(Message::Proposal),
            10 => Consent::read(&mut reader).map(Message::Consent),
            _ => Capsule::read(&mut reader).map(Message::Capsule),
        };
        if let Some(message) = message {
            let read = &rest[..rest.len() - reader.remaining()];
            prop_assert_eq!(&message.body()[2..], read);
        }
    }
}
