use std::collections::BTreeMap;

use super::*;
use crate::gate::Gate;

const HOST: u64 = 1;

/// Members with a server between them, which is a [`Gate`].
struct Call {
    gate: Gate,
    members: BTreeMap<u64, Agreement>,
    keys: BTreeMap<u64, BTreeMap<u32, BaseKey>>,
    seals: BTreeMap<u64, BaseKey>,
    now: Instant,
}

impl Call {
    fn new() -> Self {
        Self {
            gate: Gate::new("room"),
            members: BTreeMap::new(),
            keys: BTreeMap::new(),
            seals: BTreeMap::new(),
            now: Instant::now(),
        }
    }

    fn join(&mut self, number: u64, link: &Link) {
        let is_host = number == HOST;
        let seed = Secret([number as u8; 32]);
        let member = Agreement::join(Joining {
            room: "room".to_owned(),
            name: format!("Member {number}"),
            sender: 15 + number as u16,
            device: Device::new(&seed, [number as u8; 32]),
            link: Some(link.clone()),
            root: link.root_seed().filter(|_| is_host).map(Root::new),
            unix_seconds: 1_800_000_000,
        });
        self.gate.handle_join(number, is_host);
        self.members.insert(number, member);
        self.keys.insert(number, BTreeMap::new());
        self.run();
    }

    fn leave(&mut self, number: u64) {
        self.members.remove(&number);
        self.gate.handle_left(number);
        for member in self.members.values_mut() {
            member.handle_left(number, self.now);
        }
        self.run();
    }

    /// Some beats long.
    fn run(&mut self) {
        for _ in 0..10 {
            self.now += Duration::from_secs(1);
            for member in self.members.values_mut() {
                member.handle_timeout(self.now);
            }
            while self.settle() {}
        }
    }

    fn settle(&mut self) -> bool {
        let mut said = Vec::new();
        for (number, member) in &mut self.members {
            while let Some(output) = member.poll() {
                match output {
                    Output::Say(to, text) => said.push((*number, to, text)),
                    Output::SealWith(key) => drop(self.seals.insert(*number, key)),
                    Output::OpenWith(key) => drop(self.keys.get_mut(number).unwrap().insert(key.kid, key)),
                    Output::Forget(sender) => {
                        let keys = self.keys.get_mut(number).unwrap();
                        keys.retain(|kid, _| kid >> 20 != u32::from(sender));
                    }
                }
            }
        }
        let more = !said.is_empty();
        for (from, to, text) in said {
            for receiver in self.gate.handle_message(from, to, &text).unwrap().receivers {
                if let Some(member) = self.members.get_mut(&receiver) {
                    member.handle_message(from, &text, self.now);
                }
            }
        }
        more
    }

    fn opens(&self, one: u64, other: u64) -> bool {
        let key = self.seals[&other];
        self.keys[&one].get(&key.kid) == Some(&key)
    }

    fn all_open(&self) {
        for one in self.members.keys() {
            for other in self.members.keys().filter(|other| *other != one) {
                assert!(self.opens(*one, *other), "{one} opens {other}");
            }
        }
    }
}

fn link() -> Link {
    Link::of_demonstration([7; 16], Secret([8; 32]))
}

#[test]
fn everybody_opens_everybody_else() {
    let mut call = Call::new();
    for number in 1..=8 {
        call.join(number, &link());
        assert!(call.gate.is_admitted(number) && call.members[&number].is_admitted());
        call.all_open();
    }
}

#[test]
fn a_guest_who_is_there_first_waits_for_the_host() {
    let mut call = Call::new();
    call.join(2, &link());
    assert!(!call.members[&2].is_admitted());
    call.join(HOST, &link());
    // The host heard nothing of it yet; a guest of people repeats its hello, one that is a program is met again.
    call.join(3, &link());
    assert!(call.members[&3].is_admitted());
}

#[test]
fn who_leaves_has_no_key_of_after_and_who_comes_none_of_before() {
    let mut call = Call::new();
    for number in 1..=3 {
        call.join(number, &link());
    }
    let before = call.seals.clone();
    let kept = call.keys[&3].clone();
    call.leave(3);
    call.all_open();
    for number in [1, 2] {
        let key = call.seals[&number];
        assert_ne!(generation(key.kid), generation(before[&number].kid));
        assert!(!kept.contains_key(&key.kid));
    }
    call.join(4, &link());
    call.all_open();
    for key in before.values() {
        assert_ne!(call.keys[&4].get(&key.kid), Some(key));
    }
}

#[test]
fn a_link_of_another_clinic_or_another_secret_leads_nowhere() {
    let mut call = Call::new();
    call.join(HOST, &link());
    call.join(2, &Link::of_demonstration([7; 16], Secret([9; 32])));
    call.join(3, &Link::new([6; 16], link().root()));
    for number in [2, 3] {
        assert!(!call.members[&number].is_admitted());
        assert!(!call.gate.is_admitted(number));
        assert!(call.keys[&number].is_empty());
    }
    call.join(4, &link().handed_over());
    assert!(call.members[&4].is_admitted());
}

#[test]
fn a_key_that_the_browsers_implementation_sealed_is_opened() {
    let text = include_str!("../../../web/client/src/keys/vectors/sk1.json");
    let vectors: BTreeMap<String, String> = serde_json::from_str(text).unwrap();
    let bytes = |name: &str| -> [u8; 32] {
        let text = &vectors[name];
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    };
    let ephemeral = PrivateKey::of(&Secret(bytes("guest_ephemeral_seed")));
    let Some(Message::Key(key)) = Parsed::read(&vectors["key"]).map(|parsed| parsed.message) else {
        panic!("a key");
    };
    assert_eq!(open(&ephemeral, &key), Some(bytes("base_key")));
    let to_another = Key {
        to: [0; 32],
        ..key.clone()
    };
    assert_eq!(open(&ephemeral, &to_another), None);
    let of_another_name = Key {
        kid: key.kid + 1,
        ..key
    };
    assert_eq!(open(&ephemeral, &of_another_name), None);
}
