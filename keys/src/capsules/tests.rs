use super::*;
use crate::device::Device;
use crate::recording::{Purpose, Sources, Subject};
use crate::root::Root;

const ROOT: Secret = Secret([1; 32]);

fn key(number: u8) -> RecipientKey {
    RecipientKey::of_device(&Secret([number; 32]))
}

fn hello(number: u8, is_host: bool) -> Hello {
    let device = Device::new(&Secret([number; 32]), key(number).public_key());
    let keys = *device.keys();
    let certificate = Certificate {
        device: keys.id(),
        name: "Dana".to_owned(),
        not_before: 0,
        not_after: 1,
    };
    Hello {
        room: "room".to_owned(),
        signing_key: keys.signing,
        agreement_key: keys.agreement,
        ephemeral_key: [number; 32],
        sender: u16::from(number) + 15,
        capabilities: 0,
        name: String::new(),
        certificate: if is_host {
            Root::new(&ROOT).certify(&certificate)
        } else {
            Vec::new()
        },
    }
}

/// Of host 2, who records herself and guest 3; guest 4 is not recorded.
fn proposal() -> Proposal {
    let recipient = |role, key| Recipient { role, key };
    let subject = |hello: Hello| Subject {
        device: hello.device().0,
        sources: Sources::of(3).unwrap(),
    };
    let mut subjects = vec![subject(hello(2, true)), subject(hello(3, false))];
    subjects.sort();
    Proposal {
        from: [9; 32],
        recording: [7; 16],
        at: 1_764_000_000,
        purpose: Purpose::RolePlay,
        text: 1,
        days: 90,
        subjects,
        recipients: vec![
            recipient(Role::Therapist, key(2).public_key()),
            recipient(Role::Clinic, RecipientKey::of_clinic(&ROOT).public_key()),
            recipient(Role::Subject, key(3).public_key()),
        ],
    }
}

#[test]
fn the_clinics_key_is_the_same_of_its_words_and_of_its_certificates() {
    // by (1 + y) / (1 - y) in whole numbers, of the root in sk1.json
    let known = "1b1b58dd50ea14b60da17b790cd02754d970c9bab864ebb3c0f3016fe51d3f57";
    let public = recovery_key(Root::new(&ROOT).public_key()).unwrap();
    assert_eq!(public.map(|byte| format!("{byte:02x}")).concat(), known);
    for number in 0..20 {
        let seed = Secret([number; 32]);
        let of_words = RecipientKey::of_clinic(&seed).public_key();
        assert_eq!(recovery_key(Root::new(&seed).public_key()), Some(of_words));
    }
    assert_eq!(recovery_key(&[2; 32]), None, "no point");
}

#[test]
fn each_recipient_opens_a_capsule_and_nobody_else() {
    let proposal = proposal();
    let base = BaseKey {
        kid: 17 << 20 | 3 << 8 | 2,
        bytes: [8; 32],
    };
    let capsule = Capsule::seal([5; 32], [6; 32], &proposal.recipients, &base).unwrap();
    for (recipient, role) in [
        (key(2), Role::Therapist),
        (RecipientKey::of_clinic(&ROOT), Role::Clinic),
        (key(3), Role::Subject),
    ] {
        assert_eq!(recipient.role(&proposal), Some(role));
        assert_eq!(recipient.open(&capsule, &proposal), Some(base));
    }
    assert_eq!(key(4).role(&proposal), None);
    assert_eq!(key(4).open(&capsule, &proposal), None);
    let changed = |change: fn(&mut Capsule)| {
        let mut capsule = capsule.clone();
        change(&mut capsule);
        key(2).open(&capsule, &proposal)
    };
    assert_eq!(changed(|capsule| capsule.from[0] ^= 1), None);
    assert_eq!(changed(|capsule| capsule.proposal[0] ^= 1), None);
    assert_eq!(changed(|capsule| capsule.kid ^= 1), None);
    assert_eq!(changed(|capsule| capsule.boxes.swap(0, 1)), None);
    assert_eq!(changed(|capsule| capsule.boxes.clear()), None);
}

#[test]
fn nothing_is_sealed_to_a_key_that_is_none() {
    let nobody = Recipient {
        role: Role::Subject,
        key: [0; 32],
    };
    let base = BaseKey {
        kid: 0,
        bytes: [0; 32],
    };
    assert_eq!(Capsule::seal([5; 32], [6; 32], &[nobody], &base), None);
}

#[test]
fn later_steps_are_derived_and_no_others() {
    let base = BaseKey {
        kid: 17 << 20 | 3 << 8 | 2,
        bytes: [8; 32],
    };
    assert_eq!(base.at(base.kid), Some(base));
    assert_eq!(base.at(base.kid + 3), Some(base.next().next().next()));
    for other in [base.kid - 1, base.kid + (1 << 8), base.kid + (1 << 20)] {
        assert_eq!(base.at(other), None, "{other:#x}");
    }
}

#[test]
fn only_those_who_may_can_open_it() {
    let members = [hello(2, true), hello(3, false), hello(4, false)];
    let is_right = |change: fn(&mut Proposal)| {
        let mut proposal = proposal();
        change(&mut proposal);
        proposal.has_right_recipients(&members[0], members.iter())
    };
    assert!(is_right(|_| {}));
    assert!(is_right(|one| one.recipients.truncate(1)), "the therapist alone");
    assert!(
        !is_right(|one| one.recipients = one.recipients.split_off(1)),
        "no therapist"
    );
    assert!(!is_right(|one| one.recipients[0].key = key(3).public_key()));
    assert!(!is_right(
        |one| one.recipients[1].key = RecipientKey::of_clinic(&Secret([2; 32])).public_key()
    ));
    assert!(!is_right(|one| one.recipients[1].role = Role::Subject));
    assert!(
        !is_right(|one| one.recipients[2].key = key(4).public_key()),
        "not recorded"
    );
    assert!(
        !is_right(|one| one.recipients[2].key = key(5).public_key()),
        "nobody"
    );
    assert!(!is_right(|one| one.recipients[2].role = Role::Therapist));
    assert!(
        !proposal().has_right_recipients(&hello(3, false), members.iter()),
        "of no host"
    );
}
