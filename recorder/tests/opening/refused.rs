use std::fs;
use std::io::Cursor;

use rapport_keys::{Message, RecipientKey, Secret};
use rapport_recorded::{Call, Person, write_capsules};
use rapport_recorder::{ExportError, Form, RecordingId};

use crate::support::{Temporary, change, clinic, export_to, refusal};

const OTHERS: &str = "this key is of nobody who can open this recording";

#[test]
fn keys_of_others_open_nothing() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    for key in [
        RecipientKey::of_clinic(&Secret([2; 32])),
        call.eva.key(),
        Person::new("Somebody", 30, None).key(),
    ] {
        let mut out = Cursor::new(Vec::new());
        let error = export_to(folder.path(), &key, Form::Webm, &mut out).unwrap_err();
        assert_eq!(error.to_string(), OTHERS);
        assert!(out.into_inner().is_empty());
    }
}

#[test]
fn a_bit_that_was_flipped_is_named_with_its_place() {
    let call = Call::default();
    let flipped = |name: &str, at: usize| {
        let (folder, _) = Temporary::of(&call);
        change(&folder.file(name), |bytes| bytes[at] ^= 1);
        refusal(folder.path())
    };
    let media = flipped("capture-000.mkv", 5000);
    assert!(
        media.starts_with("capture-000.mkv: bytes ") && media.contains("not those that were recorded"),
        "{media}"
    );
    assert!(flipped("journal.log", 300).starts_with("journal.log: what follows byte "));
    for at in [60, 900, 2000] {
        let consent = flipped("consent.jsonl", at);
        assert!(consent.starts_with("consent.jsonl: line "), "{consent}");
    }
    for at in [60, 500, 3000] {
        let keys = flipped("keys.jsonl", at);
        assert!(keys.starts_with("keys.jsonl: line "), "{keys}");
    }
    assert!(flipped("manifest.json", 0).starts_with("manifest.json is not that of a recording"));
}

#[test]
fn what_is_of_another_recording_is_refused() {
    let call = Call::default();
    let mut other = Call::default();
    other.manifest.id = RecordingId([8; 16]);
    other.proposal.recording = [8; 16];
    let (folder, _) = Temporary::of(&call);
    let (another, _) = Temporary::of(&other);
    fs::copy(another.file("keys.jsonl"), folder.file("keys.jsonl")).unwrap();
    assert_eq!(
        refusal(folder.path()),
        "keys.jsonl: line 1: it was said of another proposal"
    );
    fs::copy(another.file("consent.jsonl"), folder.file("consent.jsonl")).unwrap();
    assert_eq!(
        refusal(folder.path()),
        "consent.jsonl: line 2: it is of another recording"
    );
    fs::copy(another.file("manifest.json"), folder.file("manifest.json")).unwrap();
    assert!(
        refusal(folder.path()).contains("are not those that were recorded there"),
        "the chain names it, too"
    );
}

#[test]
fn what_is_missing_is_told() {
    let call = Call::default();
    for name in ["manifest.json", "journal.log", "consent.jsonl", "keys.jsonl"] {
        let (folder, _) = Temporary::of(&call);
        fs::remove_file(folder.file(name)).unwrap();
        assert!(refusal(folder.path()).starts_with(&format!("{name}: ")), "{name}");
    }
}

#[test]
fn without_a_capsule_nothing_is_written() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    write_capsules(folder.path(), &[]);
    let mut out = Cursor::new(Vec::new());
    let error = export_to(folder.path(), &clinic(), Form::Webm, &mut out).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not one of its frames can be opened by this key"
    );
    let ExportError::Nothing(left_out) = error else {
        panic!()
    };
    assert_eq!(left_out.no_capsule as usize, clear.len());
    assert!(out.into_inner().is_empty());
}

#[test]
fn a_capsule_with_another_key_in_it_opens_no_frame() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    let mut messages = call.capsules();
    let span = call.spans[0];
    let base = rapport_keys::BaseKey {
        kid: call.capsule(&call.ben, span).kid,
        bytes: [1; 32],
    };
    let recipients = &call.proposal.recipients;
    let capsule = rapport_keys::Capsule::seal(call.ben.stay(), call.proposed(), recipients, &base).unwrap();
    messages[1] = call.ben.say(&Message::Capsule(capsule));
    write_capsules(folder.path(), &messages);
    let said = export_to(folder.path(), &clinic(), Form::Webm, Cursor::new(Vec::new())).unwrap();
    let of_ben = clear
        .iter()
        .filter(|frame| frame.sender == 17 && frame.span.generation == span.generation);
    assert_eq!(said.left_out.unauthentic as usize, of_ben.count());
}
