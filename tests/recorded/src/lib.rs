//! Sealed recordings for tests: everything that a call leaves in a folder, and what was in it.
//!
//! Owns: a call that never was. All of it can be changed before it is written.
//!
//! Dana, a therapist, records a role-play with Ben; Eva is there, says yes and is not recorded. Everybody's keys are
//! of known bytes.

mod media;
mod people;

use std::fs;
use std::path::Path;

use rapport_keys::{
    BaseKey, Capsule, Consent, Kit, Message, Proposal, ProposalHash, Purpose, Recipient, RecipientKey, Role,
    Root, Secret, Sources, Subject,
};
use rapport_recorder::{Disk, Frame, Manifest, Recording, RecordingId, Track};
use rapport_seal::{Codec, Kid, Sealer, Trailer};

pub use media::Clear;
pub use people::Person;

/// Of the clinic.
pub const ROOT_SEED: Secret = Secret([1; 32]);
/// Of the words of Dana's backup.
pub const BACKUP_SECRET: Secret = Secret([13; 32]);
/// Unix time in milliseconds.
pub const BEGUN: u64 = 1_795_816_800_000;
/// How long it is recorded.
pub const SECONDS: u64 = 14;

/// See the crate.
#[derive(Debug)]
pub struct Call {
    pub dana: Person,
    pub ben: Person,
    pub eva: Person,
    pub proposal: Proposal,
    pub manifest: Manifest,
    /// Who sealed what with which key, from which second on.
    pub spans: Vec<Span>,
}

/// A key in use, of both who are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub second: u64,
    pub generation: u32,
    pub step: u32,
    /// Whether there is a capsule of this key itself.
    pub has_capsule: bool,
    /// Whether its frames can be opened.
    pub is_open: bool,
}

impl Default for Call {
    fn default() -> Self {
        let root = Root::new(&ROOT_SEED);
        let dana = Person::new("Dana Práce", 16, Some(&root));
        let (ben, eva) = (Person::new("Ben", 17, None), Person::new("Eva", 18, None));
        let id = RecordingId([7; 16]);
        let proposal = proposal(&dana, &ben, id);
        Self {
            dana,
            ben,
            eva,
            proposal,
            manifest: manifest(id),
            spans: spans(),
        }
    }
}

impl Call {
    /// The name of what was agreed to.
    pub fn proposed(&self) -> ProposalHash {
        Proposal::hash(&Message::Proposal(self.proposal.clone()).body())
    }

    /// The messages of `consent.jsonl`, in their order.
    pub fn consents(&self) -> Vec<String> {
        let yes = |person: &Person| person.say(&self.consent(person, 1, true));
        vec![
            self.dana.hello(),
            self.dana.say(&Message::Proposal(self.proposal.clone())),
            yes(&self.dana),
            self.ben.hello(),
            yes(&self.ben),
            self.eva.hello(),
            yes(&self.eva),
        ]
    }

    /// An answer to the proposal.
    pub fn consent(&self, person: &Person, counter: u32, agrees: bool) -> Message {
        Message::Consent(Consent {
            from: person.stay(),
            proposal: self.proposed(),
            counter,
            agrees,
        })
    }

    /// The messages of `keys.jsonl`.
    pub fn capsules(&self) -> Vec<String> {
        let spans = self.spans.iter().filter(|span| span.has_capsule);
        let of_both = spans.flat_map(|span| [&self.dana, &self.ben].map(|person| (span, person)));
        let capsules =
            of_both.map(|(span, person)| person.say(&Message::Capsule(self.capsule(person, *span))));
        capsules.collect()
    }

    /// That of one key.
    pub fn capsule(&self, person: &Person, span: Span) -> Capsule {
        let key = base_key(person.hello.sender, span);
        Capsule::seal(person.stay(), self.proposed(), &self.proposal.recipients, &key)
            .expect("keys that are some")
    }

    /// Everything, as the recorder leaves it. Returns what was sealed.
    pub fn write(&self, folder: &Path) -> Vec<Clear> {
        fs::create_dir_all(folder).expect("a folder");
        write_consents(folder, &self.consents());
        write_capsules(folder, &self.capsules());
        self.write_media(folder)
    }

    /// The media alone.
    pub fn write_media(&self, folder: &Path) -> Vec<Clear> {
        let clear = media::frames(&self.manifest, SECONDS, &self.spans);
        let mut recording = Recording::begin(Disk::of(folder), self.manifest.clone()).expect("a new folder");
        let mut second = 0;
        for (frame, sealed) in clear.iter().zip(self.seal(&clear)) {
            if frame.had_micros / 1_000_000 > second {
                second = frame.had_micros / 1_000_000;
                recording.commit().expect("room");
            }
            recording.handle_frame(sealed);
        }
        recording.end().expect("room");
        clear
    }

    fn seal(&self, clear: &[Clear]) -> Vec<Frame> {
        let mut sealers = std::collections::HashMap::new();
        let frames = clear.iter().map(|frame| {
            let key = base_key(frame.sender, frame.span);
            let sealer = sealers.entry(key.kid).or_insert_with(|| {
                let base = rapport_seal::BaseKey::new(Kid(key.kid), key.bytes);
                Sealer::new(&base, 300).expect("a key")
            });
            let trailer = Trailer {
                capture_micros: frame.capture_micros,
                width: 320,
                height: 180,
            };
            Frame {
                track: frame.track,
                micros: frame.had_micros,
                is_key: frame.is_key,
                bytes: sealer
                    .seal(frame.codec, &frame.bytes, &trailer)
                    .expect("of the layout"),
            }
        });
        frames.collect()
    }
}

/// The clinic's recovery words.
pub fn clinic_words() -> String {
    Kit::words(&ROOT_SEED).join(" ")
}

/// As `consent.jsonl` is kept.
pub fn write_consents(folder: &Path, messages: &[String]) {
    let lines = (0..).zip(messages).map(|(at, message)| {
        let line = serde_json::json!({ "at": BEGUN - 60_000 + at * 1000, "message": message });
        format!("{line}\n")
    });
    fs::write(folder.join("consent.jsonl"), lines.collect::<String>()).expect("a folder");
}

/// As `keys.jsonl` is kept.
pub fn write_capsules(folder: &Path, messages: &[String]) {
    let lines = messages
        .iter()
        .map(|message| format!("{}\n", serde_json::json!({ "message": message })));
    fs::write(folder.join("keys.jsonl"), lines.collect::<String>()).expect("a folder");
}

/// The first key of its generation is made of it, and the others as SK-1 derives them.
fn base_key(sender: u16, span: Span) -> BaseKey {
    let first = BaseKey {
        kid: u32::from(sender) << 20 | span.generation << 8,
        bytes: [sender as u8 ^ span.generation as u8; 32],
    };
    first.at(first.kid + span.step).expect("a later step")
}

fn proposal(dana: &Person, ben: &Person, id: RecordingId) -> Proposal {
    let subject = |person: &Person| Subject {
        device: person.device.keys().id().0,
        sources: Sources::of(Sources::MICROPHONE | Sources::CAMERA).expect("two of three"),
    };
    let mut subjects = vec![subject(dana), subject(ben)];
    subjects.sort();
    let recipient = |role, key| Recipient { role, key };
    Proposal {
        from: dana.stay(),
        recording: id.0,
        at: BEGUN / 1000 - 60,
        purpose: Purpose::RolePlay,
        text: 1,
        days: 90,
        subjects,
        recipients: vec![
            recipient(Role::Therapist, dana.hello.agreement_key),
            recipient(Role::Clinic, RecipientKey::of_clinic(&ROOT_SEED).public_key()),
            recipient(Role::Subject, ben.hello.agreement_key),
        ],
    }
}

fn manifest(id: RecordingId) -> Manifest {
    let track = |codec, sender| Track {
        codec,
        sender,
        device: None,
        spare_of: None,
        width: 640,
        height: 360,
    };
    Manifest {
        version: 1,
        id,
        begun: BEGUN,
        layout: 2,
        suite: 5,
        room: None,
        purpose: None,
        expires: None,
        tracks: vec![
            track(Codec::Opus, 16),
            track(Codec::Vp8, 16),
            track(Codec::Opus, 17),
            track(Codec::Vp9, 17),
            track(Codec::Av1, 17),
        ],
    }
}

/// Somebody comes and says yes after a while: until then there is a generation without a capsule.
fn spans() -> Vec<Span> {
    let span = |second, generation, step, has_capsule, is_open| Span {
        second,
        generation,
        step,
        has_capsule,
        is_open,
    };
    vec![
        span(0, 3, 0, true, true),
        span(3, 3, 2, false, true),
        span(5, 4, 0, false, false),
        span(8, 5, 1, true, true),
        span(12, 6, 0, true, true),
    ]
}
