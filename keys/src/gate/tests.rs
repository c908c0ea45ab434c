use proptest::prelude::*;

use super::*;
use crate::device::Device;
use crate::message::Entry;
use crate::primitives::Secret;

const ROOM: &str = "room";

/// Somebody with a device.
struct Person {
    device: Device,
    stay: Stay,
    hello: String,
}

impl Person {
    fn new(number: u8, ephemeral: u8) -> Self {
        let device = Device::new(&Secret([number; 32]), [number; 32]);
        let hello = Message::Hello(Hello {
            room: ROOM.to_owned(),
            signing_key: device.keys().signing,
            agreement_key: device.keys().agreement,
            ephemeral_key: [ephemeral; 32],
            sender: 16 + u16::from(number),
            capabilities: 0,
            name: format!("Person {number}"),
            certificate: Vec::new(),
        });
        Self {
            stay: Hello::stay(&hello.body()),
            hello: hello.write(device.sign()),
            device,
        }
    }

    fn entry(&self, verdict: Verdict, clock: u32) -> Entry {
        Entry {
            device: self.device.keys().id().0,
            stay: self.stay,
            sender: 17,
            verdict,
            clock,
        }
    }

    fn states(&self, mut entries: Vec<Entry>) -> String {
        entries.sort_by_key(|entry| entry.device);
        let from = self.stay;
        Message::Statement(Statement { from, entries }).write(self.device.sign())
    }
}

const HOST: u64 = 1;
const GUEST: u64 = 2;
const OTHER: u64 = 3;

/// A host and two guests who have said hello.
fn room() -> (Gate, Person, Person, Person) {
    let people = (Person::new(1, 1), Person::new(2, 1), Person::new(3, 1));
    let mut gate = Gate::new(ROOM);
    for (number, person) in [(HOST, &people.0), (GUEST, &people.1), (OTHER, &people.2)] {
        gate.handle_join(number, number == HOST);
        gate.handle_message(number, To::Everyone, &person.hello).unwrap();
    }
    (gate, people.0, people.1, people.2)
}

fn say(gate: &mut Gate, from: u64, text: &str) -> Vec<(u64, bool)> {
    gate.handle_message(from, To::Members, text).unwrap().changes
}

#[test]
fn a_host_lets_in_and_puts_back() {
    let (mut gate, host, guest, _) = room();
    assert_eq!(
        [HOST, GUEST, OTHER].map(|number| gate.is_admitted(number)),
        [true, false, false]
    );
    for (clock, verdict) in (1..).zip([
        Verdict::Admitted,
        Verdict::Waiting,
        Verdict::Admitted,
        Verdict::Refused,
    ]) {
        let is_in = verdict == Verdict::Admitted;
        let changes = say(&mut gate, HOST, &host.states(vec![guest.entry(verdict, clock)]));
        assert_eq!((changes, gate.is_admitted(GUEST)), (vec![(GUEST, is_in)], is_in));
    }
}

#[test]
fn what_a_host_says_of_those_who_are_there_is_ruled_once() {
    let (mut gate, host, guest, other) = room();
    let absent = Person::new(4, 1);
    let mut ruled = |clock, whom: &Person, verdict| {
        let entries = vec![whom.entry(verdict, clock), absent.entry(Verdict::Refused, clock)];
        let outcome = gate.handle_message(HOST, To::Members, &host.states(entries));
        (outcome.unwrap().rulings, gate.waiting_count())
    };
    let admitted = (vec![Ruling::Admitted], 1);
    let refused = (vec![Ruling::Refused], 2);
    assert_eq!(ruled(1, &guest, Verdict::Admitted), admitted);
    assert_eq!(ruled(1, &guest, Verdict::Admitted), (vec![], 1), "the same again");
    assert_eq!(ruled(2, &guest, Verdict::Admitted), (vec![], 1), "and once more");
    assert_eq!(ruled(3, &guest, Verdict::Waiting), (vec![Ruling::PutBack], 2));
    assert_eq!(ruled(4, &guest, Verdict::Admitted), admitted);
    assert_eq!(ruled(5, &guest, Verdict::Refused), refused, "out of the call");
    assert_eq!(ruled(6, &guest, Verdict::Refused), (vec![], 2));
    assert_eq!(ruled(7, &guest, Verdict::Waiting), (vec![], 2), "it was not in");
    assert_eq!(
        ruled(8, &other, Verdict::Refused),
        refused,
        "out of the waiting room"
    );
    gate.handle_left(OTHER);
    assert_eq!(gate.waiting_count(), 1);
}

#[test]
fn an_older_statement_changes_nothing_and_of_equal_ones_the_one_that_keeps_out_holds() {
    let (mut gate, host, guest, _) = room();
    let let_in = |clock| host.states(vec![guest.entry(Verdict::Admitted, clock)]);
    say(&mut gate, HOST, &let_in(5));
    say(
        &mut gate,
        HOST,
        &host.states(vec![guest.entry(Verdict::Waiting, 6)]),
    );
    for clock in [1, 5, 6] {
        assert_eq!(say(&mut gate, HOST, &let_in(clock)), []);
    }
    assert_eq!(say(&mut gate, HOST, &let_in(7)), [(GUEST, true)]);
}

#[test]
fn nobody_but_a_host_is_listened_to() {
    let (mut gate, host, guest, other) = room();
    let own = guest.states(vec![guest.entry(Verdict::Admitted, 1)]);
    assert_eq!(say(&mut gate, GUEST, &own), []);
    // A host's words in a guest's mouth, and the other way round.
    let of_host = host.states(vec![guest.entry(Verdict::Admitted, 1)]);
    assert_eq!(say(&mut gate, GUEST, &of_host), []);
    assert_eq!(say(&mut gate, HOST, &own), []);
    // Signed by another key than that of the host's hello.
    let entries = vec![guest.entry(Verdict::Admitted, 1)];
    let from = host.stay;
    let forged = Message::Statement(Statement { from, entries }).write(other.device.sign());
    assert_eq!(say(&mut gate, HOST, &forged), []);
    assert!(!gate.is_admitted(GUEST));
    assert_eq!(say(&mut gate, HOST, &of_host), [(GUEST, true)]);
}

#[test]
fn a_statement_is_about_one_stay_and_shuts_the_one_before_it() {
    let (mut gate, host, guest, _) = room();
    say(
        &mut gate,
        HOST,
        &host.states(vec![guest.entry(Verdict::Admitted, 1)]),
    );
    let again = Person::new(2, 2);
    gate.handle_join(4, false);
    gate.handle_message(4, To::Everyone, &again.hello).unwrap();
    assert_eq!(
        say(
            &mut gate,
            HOST,
            &host.states(vec![guest.entry(Verdict::Admitted, 2)])
        ),
        []
    );
    let moved = say(
        &mut gate,
        HOST,
        &host.states(vec![again.entry(Verdict::Admitted, 3)]),
    );
    assert_eq!(moved, [(GUEST, false), (4, true)]);
}

#[test]
fn a_second_hello_is_not_counted() {
    let (mut gate, host, guest, other) = room();
    say(&mut gate, GUEST, &other.hello);
    assert_eq!(
        say(
            &mut gate,
            HOST,
            &host.states(vec![other.entry(Verdict::Admitted, 1)])
        ),
        [(OTHER, true)]
    );
    assert_eq!(
        say(
            &mut gate,
            HOST,
            &host.states(vec![guest.entry(Verdict::Admitted, 2)])
        ),
        [(GUEST, true)]
    );
}

#[test]
fn a_hello_of_another_room_or_another_signature_is_not_counted() {
    let (_, host, guest, other) = room();
    let mut gate = Gate::new("another");
    gate.handle_join(HOST, true);
    gate.handle_join(GUEST, false);
    for (number, person) in [(HOST, &host), (GUEST, &guest)] {
        gate.handle_message(number, To::Everyone, &person.hello).unwrap();
    }
    assert_eq!(
        say(
            &mut gate,
            HOST,
            &host.states(vec![guest.entry(Verdict::Admitted, 1)])
        ),
        []
    );
    let Some(Message::Hello(hello)) = Parsed::read(&guest.hello).map(|parsed| parsed.message) else {
        panic!("a hello");
    };
    let mut gate = Gate::new(ROOM);
    gate.handle_join(GUEST, false);
    let forged = Message::Hello(hello).write(other.device.sign());
    gate.handle_message(GUEST, To::Everyone, &forged).unwrap();
    assert!(gate.present[&GUEST].hello.is_none());
}

#[test]
fn who_waits_hears_hosts_alone_and_is_heard_by_them_alone() {
    let (mut gate, host, guest, _) = room();
    say(
        &mut gate,
        HOST,
        &host.states(vec![guest.entry(Verdict::Admitted, 1)]),
    );
    let mut hear = |from, to| {
        let bye = Message::Bye(crate::message::Bye { from: [9; 32] }).write(host.device.sign());
        gate.handle_message(from, to, &bye).unwrap().receivers
    };
    assert_eq!(hear(HOST, To::Everyone), [GUEST, OTHER]);
    assert_eq!(hear(HOST, To::Members), [GUEST]);
    assert_eq!(hear(HOST, To::Participant(OTHER)), [OTHER]);
    assert_eq!(hear(GUEST, To::Everyone), [HOST]);
    assert_eq!(hear(GUEST, To::Participant(OTHER)), Vec::<u64>::new());
    for to in [To::Everyone, To::Members, To::Participant(HOST)] {
        assert_eq!(hear(OTHER, to), [HOST]);
    }
    assert_eq!(hear(OTHER, To::Participant(GUEST)), Vec::<u64>::new());
    assert_eq!(hear(99, To::Everyone), Vec::<u64>::new());
    assert!(gate.may_meet(HOST, OTHER) && gate.may_meet(GUEST, HOST));
    assert!(!gate.may_meet(GUEST, OTHER));
    gate.handle_left(GUEST);
    assert!(!gate.is_admitted(GUEST) && !gate.may_meet(HOST, GUEST));
}

#[test]
fn what_is_no_message_is_refused() {
    let (mut gate, ..) = room();
    let too_long = "A".repeat(MOST_CHARACTERS + 1);
    assert_eq!(
        gate.handle_message(HOST, To::Everyone, &too_long),
        Err(Refusal::TooLong)
    );
    for text in ["", "AQ", "%", "AQUA"] {
        assert_eq!(
            gate.handle_message(HOST, To::Everyone, text),
            Err(Refusal::Malformed),
            "{text}"
        );
    }
}

#[test]
fn devices_do_not_pile_up() {
    let (mut gate, host, ..) = room();
    for number in 0..300_u32 {
        let mut device = [0; 32];
        device[..4].copy_from_slice(&number.to_be_bytes());
        let entry = Entry {
            device,
            stay: [1; 32],
            sender: 20,
            verdict: Verdict::Waiting,
            clock: number,
        };
        say(&mut gate, HOST, &host.states(vec![entry]));
    }
    assert_eq!(gate.devices.len(), MOST_DEVICES);
}

proptest! {
    /// Whatever guests say and the host says of others: in is who was named last, and nobody else.
    #[test]
    fn in_is_who_the_host_said(said in prop::collection::vec((0..3_u8, 2..5_u8, 1..5_u8, 0..8_u32), 0..40)) {
        let people: Vec<Person> = (1..5).map(|number| Person::new(number, 1)).collect();
        let mut gate = Gate::new(ROOM);
        for (number, person) in (1..).zip(&people) {
            gate.handle_join(number, number == HOST);
            gate.handle_message(number, To::Everyone, &person.hello).unwrap();
        }
        let mut newest = BTreeMap::new();
        for (by, about, verdict, clock) in said {
            let verdict = [Verdict::Admitted, Verdict::Waiting, Verdict::Refused, Verdict::Away][usize::from(verdict) - 1];
            let author = &people[usize::from(by)];
            let text = author.states(vec![people[usize::from(about) - 1].entry(verdict, clock)]);
            say(&mut gate, u64::from(by) + 1, &text);
            if by == 0 {
                let known = newest.entry(about).or_insert((clock, verdict));
                *known = (*known).max((clock, verdict));
            }
            for number in 2..5_u8 {
                let is_in = newest.get(&number).is_some_and(|(_, verdict)| *verdict == Verdict::Admitted);
                prop_assert_eq!(gate.is_admitted(u64::from(number)), is_in);
            }
        }
    }

    /// Nothing that anybody sends is more than refused.
    #[test]
    fn noise_is_refused(text in "[A-Za-z0-9_-]{0,400}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        use base64::Engine as _;
        let (mut gate, ..) = room();
        let spelt = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
        for text in [text, spelt] {
            if let Ok(outcome) = gate.handle_message(GUEST, To::Everyone, &text) {
                prop_assert_eq!(outcome.changes, []);
            }
        }
    }
}

mod recording {
    use super::*;
    use crate::recording::{Consent, Purpose, Recipient, Role, Sources, Subject};

    const GUEST_SENDER: u32 = 18;

    impl Person {
        fn proposes(&self, recording: u8) -> String {
            let proposal = Proposal {
                from: self.stay,
                recording: [recording; 16],
                at: 0,
                purpose: Purpose::Calm,
                text: 1,
                days: 14,
                subjects: vec![Subject {
                    // the guest
                    device: Self::new(2, 1).device.keys().id().0,
                    sources: Sources::of(3).unwrap(),
                }],
                recipients: vec![Recipient {
                    role: Role::Therapist,
                    key: [1; 32],
                }],
            };
            Message::Proposal(proposal).write(self.device.sign())
        }

        fn answers(&self, proposal: &str, counter: u32, agrees: bool) -> String {
            let consent = Consent {
                from: self.stay,
                proposal: Proposal::hash(&Parsed::read(proposal).unwrap().body),
                counter,
                agrees,
            };
            Message::Consent(consent).write(self.device.sign())
        }

        fn capsule(&self, proposal: &str, boxes: usize) -> String {
            self.capsule_of(GUEST_SENDER, proposal, boxes)
        }

        fn capsule_of(&self, sender: u32, proposal: &str, boxes: usize) -> String {
            let capsule = Capsule {
                from: self.stay,
                proposal: Proposal::hash(&Parsed::read(proposal).unwrap().body),
                kid: sender << 20,
                boxes: vec![([0; 32], [0; 48]); boxes],
            };
            Message::Capsule(capsule).write(self.device.sign())
        }
    }

    /// A host and one who was let in, who are known; another one waits.
    fn call() -> (Gate, Person, Person, Person) {
        let (mut gate, host, guest, other) = room();
        let admits = host.states(vec![guest.entry(Verdict::Admitted, 1)]);
        gate.handle_message(HOST, To::Members, &admits).unwrap();
        (gate, host, guest, other)
    }

    fn say(gate: &mut Gate, from: u64, text: &str) -> Option<Said> {
        gate.handle_message(from, To::Members, text).unwrap().said
    }

    #[test]
    fn a_member_agrees_until_they_do_not() {
        let (mut gate, host, guest, _) = call();
        let proposal = host.proposes(1);
        assert_eq!(say(&mut gate, HOST, &proposal), Some(Said::Proposed));
        assert_eq!(say(&mut gate, HOST, &proposal), None);
        assert_eq!(say(&mut gate, HOST, &host.proposes(2)), None, "one at a time");
        assert_eq!(
            say(&mut gate, GUEST, &guest.answers(&proposal, 1, true)),
            Some(Said::Agreed)
        );
        let current = gate.consents().current().unwrap();
        assert!(current.is_agreed_by(GUEST) && !current.is_agreed_by(HOST));
        assert_eq!(
            say(&mut gate, GUEST, &guest.answers(&proposal, 2, false)),
            Some(Said::Refused)
        );
        assert!(!gate.consents().current().unwrap().is_agreed_by(GUEST));
        // an older yes is no news
        assert_eq!(say(&mut gate, GUEST, &guest.answers(&proposal, 1, true)), None);
        assert!(!gate.consents().current().unwrap().is_agreed_by(GUEST));
        gate.consents_mut().end();
        assert_eq!(say(&mut gate, HOST, &proposal), None, "not in force again");
        assert_eq!(say(&mut gate, HOST, &host.proposes(2)), Some(Said::Proposed));
    }

    #[test]
    fn nobody_answers_for_another_or_to_another_recording() {
        let (mut gate, host, guest, other) = call();
        let proposal = host.proposes(1);
        say(&mut gate, HOST, &proposal);
        for (from, text) in [
            (GUEST, host.answers(&proposal, 1, true)),
            (GUEST, other.answers(&proposal, 1, true)),
            (HOST, guest.answers(&proposal, 1, true)),
            (GUEST, guest.answers(&host.proposes(2), 1, true)),
            // was not let in
            (OTHER, other.answers(&proposal, 1, true)),
        ] {
            assert_eq!(say(&mut gate, from, &text), None);
        }
        let current = gate.consents().current().unwrap();
        assert!([HOST, GUEST, OTHER].iter().all(|one| !current.is_agreed_by(*one)));
    }

    #[test]
    fn a_guest_proposes_nothing() {
        let (mut gate, _, guest, _) = call();
        assert_eq!(say(&mut gate, GUEST, &guest.proposes(1)), None);
        assert!(gate.consents().current().is_none());
    }

    #[test]
    fn a_capsule_wants_the_consent_of_its_author() {
        let (mut gate, host, guest, other) = call();
        let proposal = host.proposes(1);
        let of_guest = guest.capsule(&proposal, 1);
        assert_eq!(
            gate.read_capsule(GUEST, &of_guest),
            Err(CapsuleRefusal::NoRecording)
        );
        say(&mut gate, HOST, &proposal);
        assert_eq!(
            gate.read_capsule(GUEST, &of_guest),
            Err(CapsuleRefusal::NoConsent)
        );
        say(&mut gate, GUEST, &guest.answers(&proposal, 1, true));
        say(&mut gate, HOST, &host.answers(&proposal, 1, true));
        assert!(gate.read_capsule(GUEST, &of_guest).is_ok());
        for (from, text, refusal) in [
            (HOST, &of_guest, CapsuleRefusal::NoConsent),
            // of another one's key, and of nobody who is recorded
            (
                GUEST,
                &guest.capsule_of(17, &proposal, 1),
                CapsuleRefusal::NoConsent,
            ),
            (
                HOST,
                &host.capsule_of(17, &proposal, 1),
                CapsuleRefusal::NoConsent,
            ),
            (GUEST, &other.capsule(&proposal, 1), CapsuleRefusal::NoConsent),
            (GUEST, &guest.capsule(&proposal, 2), CapsuleRefusal::NoConsent),
            (
                GUEST,
                &guest.capsule(&host.proposes(2), 1),
                CapsuleRefusal::NoConsent,
            ),
            (
                GUEST,
                &guest.answers(&proposal, 3, true),
                CapsuleRefusal::Malformed,
            ),
        ] {
            assert_eq!(gate.read_capsule(from, text), Err(refusal));
        }
        say(&mut gate, GUEST, &guest.answers(&proposal, 4, false));
        assert_eq!(
            gate.read_capsule(GUEST, &of_guest),
            Err(CapsuleRefusal::NoConsent)
        );
    }

    #[test]
    fn what_is_to_be_kept_is_every_word_once() {
        let (mut gate, host, guest, _) = call();
        let proposal = host.proposes(1);
        let yes = guest.answers(&proposal, 1, true);
        say(&mut gate, HOST, &proposal);
        say(&mut gate, GUEST, &yes);
        let own = host.answers(&proposal, 1, true);
        say(&mut gate, HOST, &own);
        say(&mut gate, GUEST, &guest.answers(&proposal, 2, true));
        let record = gate.consents_mut().take_record();
        assert_eq!(record, [host.hello, proposal, guest.hello, yes, own]);
        assert!(gate.consents_mut().take_record().is_empty());
    }
}
