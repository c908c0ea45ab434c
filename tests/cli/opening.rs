//! `rapport recording`, in the hands of those who have a key, and of those who have not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use rapport_keys::{Kit, Secret};
use rapport_recorded::{BACKUP_SECRET, Call, clinic_words, write_capsules, write_consents};

use crate::support::{Folder, failure, rapport, stdout};

/// A recording, and files around it.
struct Place {
    folder: Folder,
    call: Call,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: Folder::with(""),
            call: Call::default(),
        };
        place.call.write(&place.recording());
        place.put("words", &clinic_words());
        place.put("backup words", &Kit::words(&BACKUP_SECRET).join("\n"));
        place.put("backup", &place.call.dana.backup(&BACKUP_SECRET));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn recording(&self) -> PathBuf {
        self.path("recordings/one")
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, verb: &str, arguments: &[&str]) -> Output {
        let mut command = rapport(&["recording", verb]);
        command.arg(self.recording()).args(arguments);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn export(&self, arguments: &[&str]) -> Output {
        self.run("export", &[&["--out", "out.webm"], arguments].concat())
    }

    /// The line that an export ends with which writes nothing.
    fn refusal(&self, arguments: &[&str], code: i32) -> String {
        let line = failure(&self.export(arguments), code);
        assert_eq!(
            self.beside(),
            ["backup", "backup words", "rapport.toml", "recordings", "words"]
        );
        line
    }

    fn beside(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

#[test]
fn a_clinic_and_a_device_open_the_same_file() {
    let place = Place::new();
    let by_clinic = place.export(&["--key", "words"]);
    let said = stdout(&by_clinic);
    assert!(said.starts_with("out.webm: 0:00:14, 5 tracks, "), "{said}");
    assert!(
        said.contains("\nleft out: 390 frames that this key does not open\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2, "{said}");
    let file = fs::read(place.path("out.webm")).unwrap();
    let mode = fs::metadata(place.path("out.webm")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = place.export(&["--key", "backup words", "--backup", "backup", "--force"]);
    assert_eq!(stdout(&again), said);
    assert_eq!(fs::read(place.path("out.webm")).unwrap(), file);
    assert_eq!(
        place.beside(),
        [
            "backup",
            "backup words",
            "out.webm",
            "rapport.toml",
            "recordings",
            "words"
        ]
    );
}

#[test]
fn a_file_that_is_there_stays() {
    let place = Place::new();
    place.put("out.webm", "mine");
    let line = failure(&place.export(&["--key", "words"]), 2);
    assert_eq!(
        line,
        "rapport: out.webm: this file is there already; --force replaces it"
    );
    assert_eq!(fs::read(place.path("out.webm")).unwrap(), b"mine");
    let folder = place.run("export", &["--key", "words", "--out", "recordings", "--force"]);
    assert!(failure(&folder, 2).ends_with("recordings: this is no file"));
    let nowhere = place.run("export", &["--key", "words", "--out", "nowhere/out.webm"]);
    assert!(failure(&nowhere, 2).contains("nowhere/out.webm: "));
}

#[test]
fn wrong_words_are_told_apart() {
    let place = Place::new();
    let words = fs::read_to_string(place.path("words")).unwrap();
    let (first, rest) = words.split_once(' ').unwrap();
    let with = |name: &str, text: &str, backup: Option<&str>, code| {
        place.put("words", text);
        place.put(
            "backup",
            &backup.map_or_else(|| place.call.dana.backup(&BACKUP_SECRET), str::to_owned),
        );
        let arguments = ["--key", name, "--backup", "backup"];
        place.refusal(&arguments[..if backup.is_some() { 4 } else { 2 }], code)
    };
    assert!(with("words", rest, None, 2).ends_with("words: a recovery kit has 25 words; these are 24"));
    assert!(with("words", &format!("xyzzy {rest}"), None, 2).contains("word 1, \"xyzzy\""));
    assert!(with("words", &format!("zoo {rest}"), None, 2).contains("these words do not belong together"));
    assert_ne!(first, "zoo");
    let other = Kit::words(&Secret([2; 32])).join(" ");
    let of_another_clinic =
        "these words are not those of a clinic that can open it; words of a device want its --backup";
    assert!(with("words", &other, None, 1).ends_with(of_another_clinic));
    assert!(
        with("backup words", &words, None, 1).ends_with(of_another_clinic),
        "its backup is not named"
    );
    let dana = place.call.dana.backup(&BACKUP_SECRET);
    let eva = place.call.eva.backup(&BACKUP_SECRET);
    let words_of_another = "backup: these words are not those of this backup, or the backup is damaged";
    assert!(with("words", &other, Some(&dana), 1).ends_with(words_of_another));
    let device = with("backup words", &words, Some(&eva), 1);
    assert!(
        device.ends_with("this device is none of those that can open it"),
        "{device}"
    );
    let part = with("backup words", &words, Some(&dana[..100]), 2);
    assert!(
        part.ends_with("backup: this is no backup of a device, or a part of it is missing"),
        "{part}"
    );
    assert!(
        place
            .refusal(&["--key", "no such file"], 2)
            .contains("no such file: ")
    );
}

#[test]
fn what_is_damaged_or_missing_is_told_and_nothing_is_written() {
    let refused = |change: &dyn Fn(&Place), code| {
        let place = Place::new();
        change(&place);
        place.refusal(&["--key", "words"], code)
    };
    let flip = |name: &'static str, at: usize| {
        move |place: &Place| {
            let file = place.recording().join(name);
            let mut bytes = fs::read(&file).unwrap();
            bytes[at] ^= 1;
            fs::write(file, bytes).unwrap();
        }
    };
    assert!(refused(&flip("capture-000.mkv", 9000), 1).contains("capture-000.mkv: bytes "));
    assert!(refused(&flip("journal.log", 200), 1).contains("journal.log: what follows byte "));
    assert!(refused(&flip("consent.jsonl", 300), 1).contains("consent.jsonl: line 1: "));
    assert!(refused(&flip("keys.jsonl", 300), 1).contains("keys.jsonl: line 1: "));
    assert!(refused(&flip("manifest.json", 0), 2).contains("manifest.json is not that of a recording"));
    let without_capsules = refused(&|place| write_capsules(&place.recording(), &[]), 1);
    assert!(without_capsules.ends_with("not one of its frames can be opened by this key"));
    let others = |place: &Place| {
        let mut other = Call::default();
        other.proposal.days = 7;
        write_capsules(&place.recording(), &other.capsules());
    };
    assert!(refused(&others, 1).ends_with("keys.jsonl: line 1: it was said of another proposal"));
}

#[test]
fn who_agreed_to_what_is_printed() {
    let place = Place::new();
    let mut messages = place.call.consents();
    messages.push(place.call.ben.say(&place.call.consent(&place.call.ben, 2, false)));
    write_consents(&place.recording(), &messages);
    let said = place.run("consent", &[]);
    assert!(said.status.success());
    let device = |person: &rapport_recorded::Person| person.device.keys().id().spelt();
    let (dana, ben, eva) = (
        device(&place.call.dana),
        device(&place.call.ben),
        device(&place.call.eva),
    );
    let mut recorded = [
        format!("  Dana Práce, device {dana}: microphone, camera"),
        format!("  Ben, device {ben}: microphone, camera"),
    ];
    if place.call.proposal.subjects[0].device == place.call.ben.device.keys().id().0 {
        recorded.reverse();
    }
    let [first, second] = recorded;
    let expected = format!(
        "Recording 07070707070707070707070707070707
Asked for by Dana Práce, device {dana} on 2026-11-27 21:59:00 UTC, by their own clock
  certified by the clinic 47ed a141 8e96 94b5 9fee 2ad8 8ea0 b73d
For a role-play that is looked at together; sentences of version 1; kept for 90 days, until 2027-02-25

Recorded:
{first}
{second}

Can open it:
  the therapist who asked for it: Dana Práce, device {dana}
  the clinic, by its 25 words
  a person who is recorded: Ben, device {ben}

Answers, by the server's clock:
  2026-11-27 21:59:02 UTC  yes  Dana Práce, device {dana}
  2026-11-27 21:59:04 UTC  yes  Ben, device {ben}
  2026-11-27 21:59:06 UTC  yes  Eva, device {eva}
  2026-11-27 21:59:07 UTC  no   Ben, device {ben}

Keys: 6
Every signature is right.
"
    );
    assert_eq!(stdout(&said), expected);
}

#[test]
fn a_signature_that_is_not_right_is_named_and_the_rest_is_printed() {
    let place = Place::new();
    let mut messages = place.call.consents();
    messages[4] = place.call.eva.say(&place.call.consent(&place.call.ben, 1, true));
    write_consents(&place.recording(), &messages);
    let said = place.run("consent", &[]);
    assert_eq!(said.status.code(), Some(1));
    let text = stdout(&said);
    assert!(text.contains("yes  Eva") && !text.contains("yes  Ben"), "{text}");
    assert!(
        text.contains("\nconsent.jsonl: line 5: its signature is not that of its author\n"),
        "{text}"
    );
    assert!(
        text.contains("\nkeys.jsonl: line 2: it is of somebody who has not said yes\n"),
        "{text}"
    );
    assert!(!text.contains("Every signature is right"), "{text}");
    let line = std::str::from_utf8(&said.stderr).unwrap();
    assert!(line.contains("not in order in 4 places"), "{line}");
}

#[test]
fn keys_are_destroyed_when_that_is_meant() {
    let place = Place::new();
    let line = failure(&place.run("shred", &[]), 2);
    assert!(line.contains("--yes says that you mean it"), "{line}");
    assert!(place.recording().join("keys.jsonl").exists());
    let bucket = "{\"begun\":{\"bucket\":\"s3://clinic\"}}\n";
    fs::write(place.recording().join("upload.jsonl"), bucket).unwrap();
    let said = place.run("shred", &["--yes"]);
    assert!(said.status.success());
    let text = stdout(&said);
    assert!(text.contains("s3://clinic may have a copy still"), "{text}");
    assert!(
        text.contains("6 keys destroyed") && text.contains("Copies and backups"),
        "{text}"
    );
    assert!(!place.recording().join("keys.jsonl").exists());
    let line = place.refusal(&["--key", "words"], 1);
    assert!(
        line.contains("its keys were destroyed on ") && line.ends_with("nobody can open it any more"),
        "{line}"
    );
    let erased = format!("{bucket}{{\"erased\":{{\"at\":5}}}}\n");
    fs::write(place.recording().join("upload.jsonl"), erased).unwrap();
    let line = failure(&place.run("shred", &["--yes"]), 1);
    assert!(line.contains("its keys were destroyed before, on "), "{line}");
    assert!(line.ends_with("s3://clinic has no copy any more."), "{line}");
    assert!(stdout(&place.run("consent", &[])).contains("Keys: 6 were destroyed on "));
    let listed = rapport(&["recording", "list"])
        .arg(place.path("recordings"))
        .output()
        .unwrap();
    assert!(
        stdout(&listed).contains("complete, keys destroyed"),
        "{}",
        stdout(&listed)
    );
    assert!(
        stdout(&place.run("verify", &[])).contains(" safe, "),
        "the rest is as it was"
    );
}

#[test]
fn what_is_no_recording_is_not_opened() {
    let place = Place::new();
    let somewhere = |verb: &str, arguments: &[&str]| {
        let mut command = rapport(&["recording", verb]);
        command
            .arg(place.folder.path())
            .args(arguments)
            .current_dir(place.folder.path());
        failure(&command.output().unwrap(), if verb == "shred" { 1 } else { 2 })
    };
    assert!(somewhere("export", &["--key", "words", "--out", "x"]).contains("manifest.json: "));
    assert!(somewhere("consent", &[]).contains("manifest.json: "));
    assert!(somewhere("shred", &["--yes"]).contains("manifest.json: "));
    assert!(!Path::new("x").exists());
}

#[test]
fn help_says_what_is_not_reached() {
    let help = rapport(&["recording", "shred", "--help"]).output().unwrap();
    let text = stdout(&help).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("That reaches no copy") && text.contains("no way back"),
        "{text}"
    );
}
