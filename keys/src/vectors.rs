//! The values of `web/client/src/keys/vectors/sk1.json`, made by the implementation in TypeScript, come out here, too.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::device::{Device, key_pair};
use crate::hello::Hello;
use crate::kit::Kit;
use crate::link::Link;
use crate::message::{Message, Parsed, Verdict};
use crate::primitives::{Secret, hash, kdf};
use crate::request::Request;
use crate::root::{Root, RootHash};
use crate::words::{elevens, word_list};

struct Vectors(BTreeMap<String, String>);

impl Vectors {
    fn read() -> Self {
        let text = include_str!("../../web/client/src/keys/vectors/sk1.json");
        Self(serde_json::from_str(text).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.text(name);
        let pairs = (0..text.len()).step_by(2);
        pairs
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn secret(&self, name: &str) -> Secret {
        Secret(self.array(name))
    }

    fn parsed(&self, name: &str) -> Parsed {
        Parsed::read(self.text(name)).unwrap_or_else(|| panic!("{name} is not of the form"))
    }

    fn hello(&self, name: &str) -> Hello {
        match self.parsed(name).message {
            Message::Hello(hello) => hello,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn names_roots_and_kits() {
    let vectors = Vectors::read();
    let root = Root::new(&vectors.secret("root_seed"));
    assert_eq!(root.public_key()[..], vectors.bytes("root_public"));
    assert_eq!(root.hash(), RootHash(vectors.array("root_hash")));
    assert_eq!(
        Kit::words(&vectors.secret("root_seed")).join(" "),
        vectors.text("kit")
    );
    for who in ["host", "guest"] {
        let hello = vectors.hello(&format!("{who}_hello"));
        assert_eq!(hello.device().0, vectors.array(&format!("{who}_device_id")));
        let device = Device::new(
            &vectors.secret(&format!("{who}_signing_seed")),
            hello.agreement_key,
        );
        assert_eq!(device.keys().id(), hello.device());
    }
}

#[test]
fn a_certificate_is_made_and_read_alike() {
    let vectors = Vectors::read();
    let root = Root::new(&vectors.secret("root_seed"));
    let device = vectors.hello("host_hello").device();
    let certificate = Certificate {
        device,
        name: "Dana Práce".to_owned(),
        not_before: 1_700_000_000,
        not_after: 1_900_000_000,
    };
    let bytes = vectors.bytes("certificate");
    assert_eq!(root.certify(&certificate), bytes);
    assert_eq!(
        Certificate::read(&bytes, device),
        Some((certificate.clone(), root.hash()))
    );
    assert!(certificate.holds_at(1_900_000_000 + 48 * 3_600));
    assert!(!certificate.holds_at(1_900_000_001 + 48 * 3_600));
    assert!(!certificate.holds_at(1_700_000_000 - 48 * 3_600 - 1));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert_eq!(Certificate::read(&changed, device), None, "byte {at}");
    }
}

#[test]
fn a_request_is_read_and_written_alike_and_any_change_is_noticed() {
    let vectors = Vectors::read();
    let text = vectors.text("request");
    let request = Request::read(text).unwrap();
    assert_eq!(request.0.id().0, vectors.array("host_device_id"));
    assert_eq!(request.text(), text);
    for at in 0..text.len() {
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        let changed = [&text[..at], other, &text[at + 1..]].concat();
        assert_eq!(Request::read(&changed), None, "character {at}");
        assert_eq!(Request::read(&text[..at]), None, "cut at {at}");
    }
}

#[test]
fn links() {
    let vectors = Vectors::read();
    let link = Link::read(vectors.text("fragment")).unwrap();
    assert_eq!(
        link,
        Link::new(vectors.array("link_secret"), RootHash(vectors.array("root_hash")))
    );
    let demonstration = Link::of_demonstration(vectors.array("link_secret"), vectors.secret("root_seed"));
    assert_eq!(
        demonstration.fragment(),
        vectors.text("fragment_of_demonstration")
    );
    for link in [link, demonstration] {
        assert_eq!(link.key(), vectors.secret("link_key"));
        assert_eq!(link.id(), vectors.array("link_id"));
    }
}

const MESSAGES: [(&str, &str); 9] = [
    ("host_hello", "host"),
    ("guest_hello", "guest"),
    ("knock", "guest"),
    ("answer", "host"),
    ("open", "guest"),
    ("statement", "host"),
    ("key", "host"),
    ("beat", "host"),
    ("bye", "guest"),
];

#[test]
fn every_message_is_read_signed_and_written_alike() {
    let vectors = Vectors::read();
    for (name, author) in MESSAGES {
        let parsed = vectors.parsed(name);
        let key = key_pair(&vectors.secret(&format!("{author}_signing_seed")));
        let signing_key = vectors.hello(&format!("{author}_hello")).signing_key;
        assert!(parsed.is_signed_by(&signing_key), "{name}");
        assert_eq!(parsed.message.body(), parsed.body, "{name}");
        assert_eq!(parsed.message.write(&key), vectors.text(name), "{name}");
    }
}

#[test]
fn a_message_with_any_byte_changed_is_of_no_form_or_of_nobody() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let vectors = Vectors::read();
    for (name, author) in MESSAGES {
        let signing_key = vectors.hello(&format!("{author}_hello")).signing_key;
        let whole = URL_SAFE_NO_PAD.decode(vectors.text(name)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            let read = Parsed::read(&URL_SAFE_NO_PAD.encode(&changed));
            assert!(
                !read.is_some_and(|parsed| parsed.is_signed_by(&signing_key)),
                "{name}, byte {at}"
            );
            assert_eq!(Parsed::read(&URL_SAFE_NO_PAD.encode(&whole[..at])), None);
        }
    }
}

#[test]
fn a_handshake() {
    let vectors = Vectors::read();
    let (guest, host): ([u8; 32], [u8; 32]) = (vectors.array("guest_stay"), vectors.array("host_stay"));
    for (hello, stay) in [("guest_hello", guest), ("host_hello", host)] {
        assert_eq!(Hello::stay(&vectors.parsed(hello).body), stay);
        assert!(Hello::checked(&vectors.parsed(hello), "session-1").is_some());
        assert!(Hello::checked(&vectors.parsed(hello), "session-2").is_none());
    }
    let parsed = vectors.parsed("knock");
    let Message::Knock(knock) = &parsed.message else {
        panic!()
    };
    let nonces: ([u8; 32], [u8; 32]) = (vectors.array("nonce_guest"), vectors.array("nonce_host"));
    assert_eq!(knock.commitment, hash("commit", &[&nonces.0, &guest, &host]));
    assert!(knock.proves(&Link::read(vectors.text("fragment")).unwrap()));
    assert!(!knock.proves(&Link::new([0; 16], RootHash(vectors.array("root_hash")))));
    assert_eq!(hash("knock hash", &[&parsed.body]), vectors.array("knock_hash"));
    assert_eq!(
        hash("answer hash", &[&vectors.parsed("answer").body]),
        vectors.array("answer_hash")
    );
    let bits: [u8; 7] = kdf(&[nonces.0, nonces.1].concat(), &[guest, host].concat(), "words");
    let words: Vec<_> = elevens(&bits, 5)
        .into_iter()
        .map(|number| word_list()[number])
        .collect();
    assert_eq!(words.join(" "), vectors.text("words"));
}

#[test]
fn membership_and_ratchet() {
    let vectors = Vectors::read();
    let Message::Statement(statement) = vectors.parsed("statement").message else {
        panic!()
    };
    let mut input = b"\0\x09session-1".to_vec();
    for entry in statement
        .entries
        .iter()
        .filter(|entry| entry.verdict == Verdict::Admitted)
    {
        input.extend([&entry.device[..], &entry.stay, &entry.sender.to_be_bytes()].concat());
    }
    assert_eq!(hash("membership", &[&input]), vectors.array("membership"));
    let next: [u8; 32] = kdf(&vectors.bytes("base_key"), &[], "ratchet");
    assert_eq!(next, vectors.array("next_base_key"));
}

/// Those of `web/client/src/keys/vectors/recording.json`.
#[cfg(feature = "capsules")]
mod recording {
    use super::*;
    use crate::capsules::{RecipientKey, recovery_key};
    use crate::recording::{Proposal, Purpose, Role};

    fn read() -> Vectors {
        let text = include_str!("../../web/client/src/keys/vectors/recording.json");
        Vectors(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_message_is_read_signed_and_written_alike() {
        let vectors = read();
        let [host, guest] = ["host_hello", "guest_hello"].map(|name| vectors.hello(name));
        for (name, author) in [
            ("proposal", &host),
            ("host_consent", &host),
            ("guest_consent", &guest),
            ("guest_withdrawal", &guest),
            ("capsule", &guest),
        ] {
            let parsed = vectors.parsed(name);
            assert_eq!(parsed.message.body(), parsed.body, "{name}");
            assert!(parsed.is_signed_by(&author.signing_key), "{name}");
        }
        let Message::Proposal(proposal) = vectors.parsed("proposal").message else {
            panic!("no proposal")
        };
        assert_eq!(proposal.purpose, Purpose::RolePlay);
        assert_eq!((proposal.days, proposal.at), (14, 1_800_000_000));
        let hash = Proposal::hash(&vectors.parsed("proposal").body);
        assert_eq!(hash[..], vectors.bytes("proposal_hash"));
        assert!(proposal.has_right_recipients(&host, [&host, &guest].into_iter()));
    }

    #[test]
    fn a_capsule_of_a_browser_opens_with_the_key_of_each_recipient() {
        let vectors = read();
        let (proposal, capsule) = match (
            vectors.parsed("proposal").message,
            vectors.parsed("capsule").message,
        ) {
            (Message::Proposal(proposal), Message::Capsule(capsule)) => (proposal, capsule),
            others => panic!("{others:?}"),
        };
        let clinic = RecipientKey::of_clinic(&vectors.secret("root_seed"));
        assert_eq!(clinic.public_key()[..], vectors.bytes("recovery_public"));
        assert_eq!(
            recovery_key(&vectors.array("root_public")),
            Some(clinic.public_key())
        );
        for (role, key) in [
            (
                Role::Therapist,
                RecipientKey::of_device(&vectors.secret("host_agreement_seed")),
            ),
            (Role::Clinic, clinic),
            (
                Role::Subject,
                RecipientKey::of_device(&vectors.secret("guest_agreement_seed")),
            ),
        ] {
            assert_eq!(key.role(&proposal), Some(role));
            let opened = key.open(&capsule, &proposal).unwrap();
            assert_eq!(opened.bytes[..], vectors.bytes("base_key"));
            assert_eq!(opened.kid.to_string(), vectors.text("kid"));
        }
        let stranger = RecipientKey::of_device(&vectors.secret("root_seed"));
        assert!(stranger.open(&capsule, &proposal).is_none());
    }
}
