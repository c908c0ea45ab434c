//! Who agreed to a recording, and to what, as it is kept beside the media (web/client/RECORDING.md, section 5).
//!
//! Owns: reading `consent.jsonl`, and every check of it that needs no server. Never does: leave a fault out of account,
//! or believe a time that is not signed.

use std::fmt;

use rapport_keys::{
    Certificate, Consent, DeviceId, Hello, Message, Parsed, Proposal, ProposalHash, RootHash, Sources, Stay,
    sender_of,
};
use serde::Deserialize;

use crate::folder::{CONSENTS, FolderError};
use crate::manifest::{Manifest, Track};
use crate::storage::{Storage, read_all};

/// What was agreed to.
#[derive(Debug, Default)]
pub struct Agreed {
    /// What somebody asked for; none if nothing that is kept is a right proposal of this recording.
    pub proposed: Option<Proposed>,
    /// Every yes and no, in the order in which they were said.
    pub answers: Vec<Answer>,
    /// What is not in order.
    pub flaws: Vec<Flaw>,
    /// A crash cut the last line off.
    pub is_torn: bool,
    /// Whoever said hello, in that order.
    speakers: Vec<Speaker>,
}

/// A host has asked for a recording.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// What they said.
    pub proposal: Proposal,
    /// Its name.
    pub hash: ProposalHash,
    /// Who it was.
    pub author: Person,
}

/// Somebody has answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When the server heard it, in milliseconds since 1970. Nobody has signed that.
    pub at: u64,
    /// Who it was.
    pub person: Person,
    /// Yes or no.
    pub agrees: bool,
}

/// Somebody as they named themselves, or as their clinic did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// May be empty for somebody who is no host.
    pub name: String,
    /// Which signed what they said.
    pub device: DeviceId,
    /// That certified device and name.
    pub clinic: Option<RootHash>,
}

/// Something that is not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Where.
    pub file: &'static str,
    /// From 1; none where something is missing.
    pub line: Option<usize>,
    /// What.
    pub wrong: Wrong,
}

/// What is not in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// It is no JSON of that form, or no message.
    #[error("it can't be read")]
    Form,
    /// Such a message has no business there.
    #[error("such a message does not belong there")]
    Kind,
    /// It was changed, or is of somebody else than it says.
    #[error("its signature is not that of its author")]
    Signature,
    /// Nobody who is known said it.
    #[error("whoever said it has not said hello before")]
    Author,
    /// That hello is of another call.
    #[error("it was said in another room")]
    Room,
    /// Somebody called themselves a host and was none.
    #[error("its certificate is not right, or was not valid then")]
    Certificate,
    /// Only a host proposes.
    #[error("whoever proposed it was no host")]
    Host,
    /// The proposal names another one.
    #[error("it is of another recording")]
    Recording,
    /// Something was said of another proposal.
    #[error("it was said of another proposal")]
    Proposal,
    /// There is one proposal in a recording.
    #[error("there is a proposal before it")]
    Second,
    /// No proposal is there.
    #[error("no proposal is in it")]
    NoProposal,
    /// Somebody can open it who may not.
    #[error("it lets somebody open the recording who is neither its author, nor their clinic, nor recorded")]
    Recipients,
    /// It was said before a later one.
    #[error("it was said before what stands above it")]
    Counter,
    /// A capsule of somebody who is not recorded.
    #[error("it is of somebody who is not recorded")]
    Subject,
    /// A capsule of somebody who did not agree.
    #[error("it is of somebody who has not said yes")]
    Disagreed,
    /// A capsule of another sender's key.
    #[error("it names a key that is not its author's")]
    Sender,
    /// A capsule for more or less recipients.
    #[error("it is not for those who may open the recording")]
    Boxes,
    /// Two capsules of one key.
    #[error("it contradicts another one of the same key")]
    Contradiction,
}

/// What is known of a stay.
#[derive(Debug)]
struct Speaker {
    stay: Stay,
    hello: Hello,
    person: Person,
    /// Counter and answer of the last consent.
    said: Option<(u32, bool)>,
    has_agreed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    at: u64,
    message: String,
}

/// What the lines of a file are.
pub(crate) struct Lines<'a> {
    pub(crate) whole: Vec<&'a str>,
    /// Behind the last line end.
    pub(crate) torn: Option<&'a str>,
}

impl Agreed {
    /// Reads what is kept of it, and checks all.
    pub fn read(storage: &mut impl Storage, manifest: &Manifest) -> Result<Self, FolderError> {
        let bytes = read_all(storage, CONSENTS).map_err(FolderError::io(CONSENTS))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut agreed = Self::default();
        let lines = Lines::of::<Said>(&text);
        agreed.is_torn = lines.torn.is_some();
        for (line, text) in (1..).zip(&lines.whole) {
            if let Err(wrong) = agreed.handle_line(text, manifest) {
                agreed.flaws.push(Flaw {
                    file: CONSENTS,
                    line: Some(line),
                    wrong,
                });
            }
        }
        agreed.conclude();
        Ok(agreed)
    }

    /// Who sent the frames whose keys have this index.
    pub fn sender(&self, index: u16) -> Option<&Person> {
        self.last(|speaker| speaker.hello.sender == index)
    }

    /// The last that somebody was known by.
    pub fn person(&self, device: DeviceId) -> Option<&Person> {
        self.last(|speaker| speaker.person.device == device)
    }

    /// Whose a track of the recording is.
    pub fn owner_of(&self, track: &Track) -> Option<&Person> {
        let Some(device) = &track.device else {
            return self.sender(track.sender);
        };
        self.last(|speaker| Track::spelt(&speaker.person.device.0) == *device)
    }

    /// Whose device has this agreement key.
    pub fn owner(&self, agreement_key: &[u8; 32]) -> Option<&Person> {
        self.last(|speaker| speaker.hello.agreement_key == *agreement_key)
    }

    /// What may be recorded of the author of a capsule that is one of this recording.
    pub(crate) fn check_capsule(&self, parsed: &Parsed) -> Result<Sources, Wrong> {
        let Message::Capsule(capsule) = &parsed.message else {
            return Err(Wrong::Kind);
        };
        let proposed = self.proposed.as_ref().ok_or(Wrong::NoProposal)?;
        if capsule.proposal != proposed.hash {
            return Err(Wrong::Proposal);
        }
        let speaker = self.author(capsule.from, parsed)?;
        let device = speaker.person.device.0;
        let subjects = &proposed.proposal.subjects;
        let subject = subjects.iter().find(|subject| subject.device == device);
        let sources = subject.ok_or(Wrong::Subject)?.sources;
        if !speaker.has_agreed {
            return Err(Wrong::Disagreed);
        }
        if sender_of(capsule.kid) != speaker.hello.sender {
            return Err(Wrong::Sender);
        }
        if capsule.boxes.len() != proposed.proposal.recipients.len() {
            return Err(Wrong::Boxes);
        }
        Ok(sources)
    }

    fn handle_line(&mut self, line: &str, manifest: &Manifest) -> Result<(), Wrong> {
        let Said { at, message } = serde_json::from_str(line).map_err(|_| Wrong::Form)?;
        let parsed = Parsed::read(&message).ok_or(Wrong::Form)?;
        match &parsed.message {
            Message::Hello(_) => self.handle_hello(&parsed, at),
            Message::Proposal(proposal) => self.handle_proposal(proposal, &parsed, manifest),
            Message::Consent(consent) => self.handle_consent(consent, &parsed, at),
            _ => Err(Wrong::Kind),
        }
    }

    fn handle_hello(&mut self, parsed: &Parsed, at: u64) -> Result<(), Wrong> {
        let Message::Hello(said) = &parsed.message else {
            return Err(Wrong::Kind);
        };
        let first = self.speakers.first();
        if first.is_some_and(|first| first.hello.room != said.room) {
            return Err(Wrong::Room);
        }
        let (hello, stay) = Hello::checked(parsed, &said.room).ok_or(Wrong::Signature)?;
        let person = person(hello, at / 1000)?;
        // said once more by whoever comes back: what they answered holds
        if self.speaker(stay).is_none() {
            self.speakers.push(Speaker {
                stay,
                hello: hello.clone(),
                person,
                said: None,
                has_agreed: false,
            });
        }
        Ok(())
    }

    fn handle_proposal(
        &mut self,
        proposal: &Proposal,
        parsed: &Parsed,
        manifest: &Manifest,
    ) -> Result<(), Wrong> {
        let author = self.author(proposal.from, parsed)?;
        if author.person.clinic.is_none() {
            return Err(Wrong::Host);
        }
        // the author's word for the time, and not the server's
        person(&author.hello, proposal.at)?;
        if proposal.recording != manifest.id.0 {
            return Err(Wrong::Recording);
        }
        if self.proposed.is_some() {
            return Err(Wrong::Second);
        }
        self.proposed = Some(Proposed {
            proposal: proposal.clone(),
            hash: Proposal::hash(&parsed.body),
            author: author.person.clone(),
        });
        Ok(())
    }

    fn handle_consent(&mut self, consent: &Consent, parsed: &Parsed, at: u64) -> Result<(), Wrong> {
        let person = self.author(consent.from, parsed)?.person.clone();
        let proposed = self.proposed.as_ref().ok_or(Wrong::NoProposal)?;
        if consent.proposal != proposed.hash {
            return Err(Wrong::Proposal);
        }
        let speaker = self
            .speakers
            .iter_mut()
            .find(|one| one.stay == consent.from)
            .ok_or(Wrong::Author)?;
        let said = (consent.counter, consent.agrees);
        match speaker.said {
            // byte by byte the same, by somebody who was away meanwhile
            Some(last) if last == said => return Ok(()),
            Some((last, _)) if consent.counter <= last => return Err(Wrong::Counter),
            _ => speaker.said = Some(said),
        }
        speaker.has_agreed |= consent.agrees;
        self.answers.push(Answer {
            at,
            person,
            agrees: consent.agrees,
        });
        Ok(())
    }

    /// What can be seen only when all is read: those who are recorded may say hello after the proposal.
    fn conclude(&mut self) {
        let wrong = match &self.proposed {
            None => Some(Wrong::NoProposal),
            Some(proposed) => {
                let members = self.speakers.iter().map(|speaker| &speaker.hello);
                let author = self.speaker(proposed.proposal.from);
                let is_right = author
                    .is_some_and(|author| proposed.proposal.has_right_recipients(&author.hello, members));
                (!is_right).then_some(Wrong::Recipients)
            }
        };
        self.flaws.extend(wrong.map(|wrong| Flaw {
            file: CONSENTS,
            line: None,
            wrong,
        }));
    }

    fn last(&self, is_meant: impl Fn(&Speaker) -> bool) -> Option<&Person> {
        let mut speakers = self.speakers.iter().rev();
        let found = speakers.find(|speaker| is_meant(speaker))?;
        Some(&found.person)
    }

    fn speaker(&self, stay: Stay) -> Option<&Speaker> {
        self.speakers.iter().find(|speaker| speaker.stay == stay)
    }

    /// Who said it, if they did.
    fn author(&self, stay: Stay, parsed: &Parsed) -> Result<&Speaker, Wrong> {
        let speaker = self.speaker(stay).ok_or(Wrong::Author)?;
        let is_theirs = parsed.is_signed_by(&speaker.hello.signing_key);
        is_theirs.then_some(speaker).ok_or(Wrong::Signature)
    }
}

/// As who somebody said hello at this Unix time. A certificate that is not right makes nobody a guest.
fn person(hello: &Hello, seconds: u64) -> Result<Person, Wrong> {
    let device = hello.device();
    if hello.certificate.is_empty() {
        return Ok(Person {
            name: hello.name.clone(),
            device,
            clinic: None,
        });
    }
    let (certificate, root) = Certificate::read(&hello.certificate, device)
        .filter(|(certificate, _)| certificate.holds_at(seconds))
        .ok_or(Wrong::Certificate)?;
    Ok(Person {
        name: certificate.name,
        device,
        clinic: Some(root),
    })
}

impl<'a> Lines<'a> {
    /// What was appended last may have been torn by a crash, and only that: it has no line end, and is nothing yet.
    pub(crate) fn of<T: Deserialize<'a>>(text: &'a str) -> Self {
        let (whole, last) = text.rsplit_once('\n').unwrap_or(("", text));
        let mut whole: Vec<&str> = whole.lines().collect();
        let is_line = serde_json::from_str::<T>(last).is_ok();
        let torn = (!last.is_empty() && !is_line).then_some(last);
        whole.extend(is_line.then_some(last));
        Self { whole, torn }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}: line {line}: {}", self.file, self.wrong),
            None => write!(f, "{}: {}", self.file, self.wrong),
        }
    }
}
