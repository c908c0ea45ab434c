use std::fs;

use rapport_recorded::Call;
use rapport_recorder::{Disk, ShredError, list, shred, verify};

use crate::support::{Temporary, refusal};

const NOW: u64 = 1_800_000_000_000;

#[test]
fn keys_are_destroyed_and_a_receipt_is_left() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let head = verify(&mut Disk::of(folder.path())).unwrap().unwrap().head;
    // whoever has the file open sees what becomes of it
    let keys = fs::File::open(folder.file("keys.jsonl")).unwrap();
    let receipt = shred(folder.path(), NOW).unwrap();
    assert_eq!(keys.metadata().unwrap().len(), 0);
    assert_eq!(
        (receipt.recording, receipt.at, receipt.capsules),
        (call.manifest.id, NOW, 6)
    );
    assert_eq!(receipt.head, head.map(|byte| format!("{byte:02x}")).concat());
    let kept: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.file("shredded.json")).unwrap()).unwrap();
    assert_eq!(kept["head"], receipt.head);
    for gone in ["keys.jsonl", "shredded.json.part"] {
        assert!(!folder.file(gone).exists(), "{gone}");
    }
    assert_eq!(
        refusal(folder.path()),
        "its keys were destroyed: nothing opens it any more"
    );
    assert!(
        verify(&mut Disk::of(folder.path())).unwrap().is_ok(),
        "the rest is as it was"
    );
    let again = shred(folder.path(), NOW + 1).unwrap_err();
    assert!(matches!(again, ShredError::Before(before) if before == receipt));
}

#[test]
fn keys_that_have_another_name_are_destroyed_too() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let other_name = folder.file("other name");
    fs::hard_link(folder.file("keys.jsonl"), &other_name).unwrap();
    shred(folder.path(), NOW).unwrap();
    assert_eq!(fs::read(&other_name).unwrap(), b"");
}

#[test]
fn it_goes_on_where_a_crash_stopped_it() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let receipt = shred(folder.path(), NOW).unwrap();
    // the keys are gone, and the receipt does not have its name yet
    fs::rename(folder.file("shredded.json"), folder.file("shredded.json.part")).unwrap();
    assert!(refusal(folder.path()).starts_with("keys.jsonl: "));
    assert_eq!(
        shred(folder.path(), NOW + 1).unwrap(),
        receipt,
        "of the first time"
    );
    assert!(folder.file("shredded.json").exists());
    // half a receipt, and the keys are there
    let (folder, _) = Temporary::of(&call);
    fs::write(folder.file("shredded.json.part"), "{").unwrap();
    assert_eq!(shred(folder.path(), NOW).unwrap().capsules, 6);
}

#[test]
fn a_recording_that_is_made_is_left_alone() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let journal = folder.file("journal.log");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 18]).unwrap();
    assert!(matches!(shred(folder.path(), NOW), Err(ShredError::NotEnded)));
    assert!(folder.file("keys.jsonl").exists());
}

#[test]
fn what_is_damaged_is_destroyed_too() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    fs::write(folder.file("keys.jsonl"), "what nobody can read\nand\n").unwrap();
    fs::write(folder.file("capture-000.mkv"), "").unwrap();
    assert_eq!(shred(folder.path(), NOW).unwrap().capsules, 2);
    assert!(!folder.file("keys.jsonl").exists());
}

#[test]
fn lists_show_it() {
    let call = Call::default();
    let all = Temporary::new();
    for name in ["one", "other"] {
        call.write(&all.file(name));
    }
    shred(&all.file("other"), NOW).unwrap();
    let mut listed = list(all.path()).unwrap();
    listed.sort_by_key(|summary| summary.folder.clone());
    let shredded: Vec<_> = listed.iter().map(|summary| summary.is_shredded).collect();
    assert_eq!(shredded, [false, true]);
}
