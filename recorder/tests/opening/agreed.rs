use std::fs;
use std::path::Path;

use rapport_keys::{Certificate, Message, Proposal, RecipientKey, Role, Root, RootHash, Secret};
use rapport_recorded::{BEGUN, Call, Person, ROOT_SEED, write_capsules, write_consents};
use rapport_recorder::{Agreed, Capsules, Disk, Wrong};

use crate::support::{Temporary, refusal};

fn agreed(folder: &Path, call: &Call) -> Agreed {
    Agreed::read(&mut Disk::of(folder), &call.manifest).unwrap()
}

/// What is wrong with such messages, line by line.
fn wrongs(call: &Call, messages: &[String]) -> Vec<(Option<usize>, Wrong)> {
    let folder = Temporary::new();
    write_consents(folder.path(), messages);
    let flaws = agreed(folder.path(), call).flaws;
    flaws.into_iter().map(|flaw| (flaw.line, flaw.wrong)).collect()
}

/// What is wrong with a proposal that Dana changed before she signed it, and everybody agreed to.
fn wrong_if_proposed(change: impl FnOnce(&mut Proposal)) -> Vec<(Option<usize>, Wrong)> {
    let mut call = Call::default();
    change(&mut call.proposal);
    wrongs(&call, &call.consents())
}

/// What is wrong with a call of somebody who is another one.
fn wrong_if_dana_is(dana: Person) -> Vec<(Option<usize>, Wrong)> {
    let mut call = Call {
        dana,
        ..Call::default()
    };
    call.proposal.from = call.dana.stay();
    call.proposal.recipients[0].key = call.dana.hello.agreement_key;
    wrongs(&call, &call.consents())
}

#[test]
fn it_says_who_agreed_to_what_and_when() {
    let call = Call::default();
    let folder = Temporary::new();
    let mut messages = call.consents();
    messages.push(call.ben.say(&call.consent(&call.ben, 2, false)));
    write_consents(folder.path(), &messages);
    let agreed = agreed(folder.path(), &call);
    assert_eq!(agreed.flaws, []);
    let proposed = agreed.proposed.unwrap();
    assert_eq!(proposed.proposal, call.proposal);
    assert_eq!(proposed.author.name, "Dana Práce");
    assert_eq!(proposed.author.clinic, Some(Root::new(&ROOT_SEED).hash()));
    let answers: Vec<_> = agreed
        .answers
        .iter()
        .map(|one| (one.person.name.as_str(), one.agrees))
        .collect();
    let expected = [("Dana Práce", true), ("Ben", true), ("Eva", true), ("Ben", false)];
    assert_eq!(answers, expected);
    assert_eq!(agreed.answers[0].at, BEGUN - 58_000);
    assert_eq!(agreed.answers[1].person.device, call.ben.device.keys().id());
    assert_eq!(agreed.answers[1].person.clinic, None::<RootHash>);
}

#[test]
fn every_changed_byte_of_a_message_is_noticed() {
    let call = Call::default();
    let messages = call.consents();
    for (at, message) in messages.iter().enumerate() {
        for place in (0..message.len()).step_by(7) {
            let mut changed = messages.clone();
            let other = if &message[place..=place] == "B" { "C" } else { "B" };
            changed[at].replace_range(place..=place, other);
            let wrongs = wrongs(&call, &changed);
            assert!(!wrongs.is_empty(), "character {place} of message {at}");
        }
    }
}

#[test]
fn a_proposal_has_to_be_of_this_recording_by_a_host_and_for_those_who_may() {
    let right: [(Option<usize>, Wrong); 0] = [];
    assert_eq!(wrong_if_proposed(|_| {}), right);
    let others = wrong_if_proposed(|one| one.recording[0] ^= 1);
    assert_eq!(others[0], (Some(2), Wrong::Recording));
    assert_eq!(
        others[1],
        (Some(3), Wrong::NoProposal),
        "what is said of it is said of nothing"
    );
    let stranger = RecipientKey::of_device(&Secret([99; 32])).public_key();
    assert_eq!(
        wrong_if_proposed(|one| one.recipients[2].key = stranger),
        [(None, Wrong::Recipients)]
    );
    assert_eq!(
        wrong_if_proposed(|one| one.recipients[1].key = stranger),
        [(None, Wrong::Recipients)]
    );
    assert_eq!(
        wrong_if_proposed(|one| one.recipients[1].role = Role::Subject),
        [(None, Wrong::Recipients)]
    );
    let guest = wrong_if_dana_is(Person::new("Dana", 16, None));
    assert_eq!(guest[0], (Some(2), Wrong::Host));
}

#[test]
fn a_certificate_has_to_be_valid_when_it_was_proposed() {
    let root = Root::new(&ROOT_SEED);
    let certified = |device, not_after| {
        root.certify(&Certificate {
            device,
            name: "Dana".to_owned(),
            not_before: 0,
            not_after,
        })
    };
    let with = |certificate| {
        let mut dana = Person::new("Dana", 16, None);
        dana.hello.certificate = certificate;
        dana
    };
    let device = Person::new("Dana", 16, None).device.keys().id();
    let other = Person::new("Ben", 17, None).device.keys().id();
    let now = BEGUN / 1000;
    assert_eq!(wrong_if_dana_is(with(certified(device, now))), []);
    for certificate in [
        certified(other, now),
        certified(device, now - 200_000),
        vec![1, 2, 3],
    ] {
        assert_eq!(
            wrong_if_dana_is(with(certificate))[0],
            (Some(1), Wrong::Certificate)
        );
    }
    let long_ago = wrong_if_proposed(|one| one.at = 1_000_000_000);
    assert_eq!(
        long_ago[0],
        (Some(2), Wrong::Certificate),
        "by the author's own word"
    );
}

#[test]
fn consents_have_to_be_of_whoever_says_so_and_to_this() {
    let call = Call::default();
    let wrong_with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut messages = call.consents();
        change(&mut messages);
        wrongs(&call, &messages)
    };
    let by = |signer: &Person, consent: &Message| signer.say(consent);
    let bens = call.consent(&call.ben, 1, true);
    assert_eq!(
        wrong_with(&|messages| messages[4] = by(&call.eva, &bens)),
        [(Some(5), Wrong::Signature)]
    );
    assert_eq!(
        wrong_with(&|messages| drop(messages.remove(3))),
        [(Some(4), Wrong::Author), (None, Wrong::Recipients)]
    );
    let no = |counter| call.ben.say(&call.consent(&call.ben, counter, false));
    assert_eq!(
        wrong_with(&|messages| messages.extend([call.ben.hello(), by(&call.ben, &bens)])),
        [],
        "once more, after he was away"
    );
    assert_eq!(
        wrong_with(&|messages| messages.push(no(1))),
        [(Some(8), Wrong::Counter)]
    );
    assert_eq!(
        wrong_with(&|messages| messages.extend([no(2), by(&call.ben, &bens)])),
        [(Some(9), Wrong::Counter)],
        "a yes of before, after a no"
    );
    let mut other = Call::default();
    other.proposal.days = 3650;
    let to_another = by(&call.ben, &other.consent(&call.ben, 1, true));
    assert_eq!(
        wrong_with(&|messages| messages[4] = to_another.clone()),
        [(Some(5), Wrong::Proposal)]
    );
    let again = call.dana.say(&Message::Proposal(other.proposal.clone()));
    assert_eq!(
        wrong_with(&|messages| messages.push(again.clone())),
        [(Some(8), Wrong::Second)]
    );
    let mut elsewhere = Person::new("Eva", 18, None);
    elsewhere.hello.room = "another".to_owned();
    assert_eq!(
        wrong_with(&|messages| messages[5] = elsewhere.hello()),
        [(Some(6), Wrong::Room), (Some(7), Wrong::Author)]
    );
    let capsule = call.capsules().remove(0);
    assert_eq!(
        wrong_with(&|messages| messages.push(capsule.clone())),
        [(Some(8), Wrong::Kind)]
    );
    assert_eq!(
        wrong_with(&|messages| messages.truncate(1)),
        [(None, Wrong::NoProposal)]
    );
}

#[test]
fn capsules_have_to_be_their_senders_own_and_for_those_who_may() {
    let call = Call::default();
    let folder = Temporary::new();
    let wrong = |call: &Call, consents: &[String], capsule: String| {
        write_consents(folder.path(), consents);
        write_capsules(folder.path(), &[capsule]);
        let agreed = agreed(folder.path(), call);
        let capsules = Capsules::read(&mut Disk::of(folder.path()), &agreed).unwrap();
        capsules.flaws.first().map(|flaw| flaw.wrong)
    };
    let changed = |signer: &Person, change: &dyn Fn(&mut rapport_keys::Capsule)| {
        let mut capsule = call.capsule(&call.ben, call.spans[0]);
        change(&mut capsule);
        wrong(&call, &call.consents(), signer.say(&Message::Capsule(capsule)))
    };
    assert_eq!(changed(&call.ben, &|_| {}), None);
    assert_eq!(changed(&call.eva, &|_| {}), Some(Wrong::Signature));
    assert_eq!(changed(&call.ben, &|one| one.from[0] ^= 1), Some(Wrong::Author));
    assert_eq!(
        changed(&call.ben, &|one| one.proposal[0] ^= 1),
        Some(Wrong::Proposal)
    );
    assert_eq!(changed(&call.ben, &|one| one.kid += 1 << 20), Some(Wrong::Sender));
    assert_eq!(
        changed(&call.ben, &|one| one.boxes.truncate(2)),
        Some(Wrong::Boxes)
    );
    assert_eq!(
        changed(&call.eva, &|one| one.from = call.eva.stay()),
        Some(Wrong::Subject)
    );
    let bens = call.capsules().remove(1);
    let without_yes = [&call.consents()[..4], &call.consents()[5..]].concat();
    assert_eq!(wrong(&call, &without_yes, bens), Some(Wrong::Disagreed));
    assert_eq!(
        wrong(&call, &call.consents(), call.ben.hello()),
        Some(Wrong::Kind)
    );
    assert_eq!(
        wrong(&call, &call.consents(), "AAAA".to_owned()),
        Some(Wrong::Form)
    );
}

#[test]
fn two_capsules_of_one_key_have_to_hold_the_same() {
    let mut call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let mut messages = call.capsules();
    // sealed anew, it is other bytes and the same key
    messages.push(call.capsules().remove(0));
    write_capsules(folder.path(), &messages);
    assert!(rapport_recorder::Opening::begin(Disk::of(folder.path()), &call.dana.key()).is_ok());
    call.spans[0].step = 1;
    let mut other = call.capsule(&call.dana, call.spans[0]);
    other.kid -= 1;
    let base = rapport_keys::BaseKey {
        kid: other.kid,
        bytes: [5; 32],
    };
    let other =
        rapport_keys::Capsule::seal(other.from, other.proposal, &call.proposal.recipients, &base).unwrap();
    messages.push(call.dana.say(&Message::Capsule(other)));
    write_capsules(folder.path(), &messages);
    assert_eq!(
        refusal(folder.path()),
        "keys.jsonl: line 8: it contradicts another one of the same key"
    );
}

#[test]
fn a_line_that_a_crash_cut_off_is_left_out_and_told() {
    let call = Call::default();
    let folder = Temporary::new();
    write_consents(folder.path(), &call.consents());
    let path = folder.file("consent.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{\"at\":1,\"mess")).unwrap();
    let torn = agreed(folder.path(), &call);
    assert!(torn.is_torn && torn.flaws.is_empty() && torn.answers.len() == 3);
    // whole, and only its end is missing
    fs::write(&path, text.trim_end()).unwrap();
    let whole = agreed(folder.path(), &call);
    assert!(!whole.is_torn && whole.flaws.is_empty() && whole.answers.len() == 3);
    fs::write(&path, format!("{{\n{text}")).unwrap();
    let damaged = agreed(folder.path(), &call);
    assert_eq!((damaged.is_torn, damaged.flaws[0].wrong), (false, Wrong::Form));
}
