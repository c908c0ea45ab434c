//! All that a server does with the protocol: who hears whom, and whose media flows (SK-1.md, section 14).
//!
//! Owns: the admissions of one room, as its hosts' clients have signed them. Never does: admit anybody by itself, or
//! keep a message.
//!
//! This is not what keeps people out; keys do. It keeps sealed media from those who have no business with it, and the
//! words of the waiting room out of the call.

use std::collections::BTreeMap;

use crate::consents::{Author, Consents, Said};
use crate::device::DeviceId;
use crate::hello::{Hello, Stay};
use crate::message::{Entry, MOST_CHARACTERS, Message, Parsed, Statement, Verdict};
use crate::recording::{Capsule, Proposal};

/// The waiting room of one room. Participants are named by the server's numbers.
#[derive(Clone, Debug)]
pub struct Gate {
    room: String,
    present: BTreeMap<u64, Present>,
    /// What was last said of each device, so that an older statement changes nothing.
    devices: BTreeMap<[u8; 32], (u32, Verdict)>,
    consents: Consents,
}

#[derive(Clone, Debug)]
struct Present {
    is_host: bool,
    standing: Standing,
    /// Of the first right hello. Later ones are passed on and not counted: a stay has one.
    hello: Option<Met>,
}

/// A host stands as admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waiting,
    Admitted,
    Refused,
}

/// What counts of a hello.
#[derive(Clone, Debug)]
struct Met {
    stay: Stay,
    device: DeviceId,
    signing_key: [u8; 32],
    sender: u16,
    text: String,
}

/// For whom a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// One participant.
    Participant(u64),
    /// All who are admitted.
    Members,
    /// Whoever may hear it.
    Everyone,
}

/// What becomes of a message. Changes come first: what is passed on may be for somebody just admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whose media flows from now on (`true`), or not any more.
    pub changes: Vec<(u64, bool)>,
    /// What it newly says of guests who are there, one for each: to be counted.
    pub rulings: Vec<Ruling>,
    /// What it newly says of a recording.
    pub said: Option<Said>,
    /// Who gets it.
    pub receivers: Vec<u64>,
}

/// What a host's client has signed of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is let in.
    Admitted,
    /// It was in, and waits again.
    PutBack,
    /// It is declined or removed. For its media that is the same as waiting.
    Refused,
}

/// Why a message is not passed on: its sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is longer than any message of the protocol.
    #[error("a message has at most {MOST_CHARACTERS} characters")]
    TooLong,
    /// It is none of the protocol.
    #[error("not a message of the key protocol")]
    Malformed,
}

/// Why a capsule is not kept: its sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapsuleRefusal {
    /// It is none.
    #[error("not a capsule")]
    Malformed,
    /// Nobody has proposed a recording, or it is over.
    #[error("there is no recording that it could be for")]
    NoRecording,
    /// Its sender has not agreed, or it is for another recording.
    #[error("there is no consent of its sender for this recording")]
    NoConsent,
}

impl Gate {
    /// Nobody is there.
    pub fn new(room: impl Into<String>) -> Self {
        Self {
            room: room.into(),
            present: BTreeMap::new(),
            devices: BTreeMap::new(),
            consents: Consents::default(),
        }
    }

    /// Somebody came. A host is admitted; its token says so, and its certificate says it to the others.
    pub fn handle_join(&mut self, participant: u64, is_host: bool) {
        let present = Present {
            is_host,
            standing: if is_host {
                Standing::Admitted
            } else {
                Standing::Waiting
            },
            hello: None,
        };
        self.present.insert(participant, present);
    }

    /// Somebody left.
    pub fn handle_left(&mut self, participant: u64) {
        self.present.remove(&participant);
    }

    /// Whether its media flows.
    pub fn is_admitted(&self, participant: u64) -> bool {
        self.present
            .get(&participant)
            .is_some_and(|present| present.is_admitted())
    }

    /// How many are there whose media does not flow.
    pub fn waiting_count(&self) -> usize {
        let waiting = self.present.values().filter(|present| !present.is_admitted());
        waiting.count()
    }

    /// Whether one of them may know of the other: a waiting guest and another guest may not.
    pub fn may_meet(&self, one: u64, other: u64) -> bool {
        let (Some(one), Some(other)) = (self.present.get(&one), self.present.get(&other)) else {
            return false;
        };
        one.is_host || other.is_host || (one.is_admitted() && other.is_admitted())
    }

    /// A message came.
    pub fn handle_message(&mut self, from: u64, to: To, text: &str) -> Result<Outcome, Refusal> {
        if text.len() > MOST_CHARACTERS {
            return Err(Refusal::TooLong);
        }
        let parsed = Parsed::read(text).ok_or(Refusal::Malformed)?;
        let outcome = self.read(from, &parsed, text);
        let receivers = self.receivers(from, to);
        Ok(Outcome { receivers, ..outcome })
    }

    /// Who agrees to be recorded.
    pub fn consents(&self) -> &Consents {
        &self.consents
    }

    /// Likewise.
    pub fn consents_mut(&mut self) -> &mut Consents {
        &mut self.consents
    }

    /// The device of somebody who is there, once they have said hello.
    pub fn device(&self, participant: u64) -> Option<DeviceId> {
        let met = self.present.get(&participant)?.hello.as_ref();
        met.map(|met| met.device)
    }

    /// A capsule came: it is right if its author agrees to the recording in force, and has signed it.
    pub fn read_capsule(&self, from: u64, text: &str) -> Result<Capsule, CapsuleRefusal> {
        let parsed = Parsed::read(text).ok_or(CapsuleRefusal::Malformed)?;
        let Message::Capsule(capsule) = &parsed.message else {
            return Err(CapsuleRefusal::Malformed);
        };
        let current = self.consents.current().ok_or(CapsuleRefusal::NoRecording)?;
        let met = self.met(from, capsule.from, &parsed);
        let is_right = met.is_some_and(|met| current.admits(from, &met.device.0, met.sender, capsule));
        is_right.then(|| capsule.clone()).ok_or(CapsuleRefusal::NoConsent)
    }

    fn read(&mut self, from: u64, parsed: &Parsed, text: &str) -> Outcome {
        match &parsed.message {
            Message::Hello(_) => {
                self.meet(from, parsed, text);
                Outcome::default()
            }
            Message::Proposal(_) | Message::Consent(_) => Outcome {
                said: self.hear(from, parsed, text),
                ..Outcome::default()
            },
            Message::Statement(statement) if self.is_stated_by_host(from, parsed, statement) => {
                self.apply(statement)
            }
            _ => Outcome::default(),
        }
    }

    fn meet(&mut self, from: u64, parsed: &Parsed, text: &str) {
        let Some(present) = self.present.get_mut(&from) else {
            return;
        };
        if present.hello.is_none() {
            let checked = Hello::checked(parsed, &self.room);
            present.hello = checked.map(|(hello, stay)| Met {
                stay,
                device: hello.device(),
                signing_key: hello.signing_key,
                sender: hello.sender,
                text: text.to_owned(),
            });
        }
    }

    /// Its token is a host's, and the key of its own hello has signed this for its own stay.
    fn is_stated_by_host(&self, from: u64, parsed: &Parsed, statement: &Statement) -> bool {
        self.present.get(&from).is_some_and(|present| present.is_host)
            && self.met(from, statement.from, parsed).is_some()
    }

    /// Whoever has signed this, if that is who sent it, in the stay that is named.
    fn met(&self, from: u64, stay: Stay, parsed: &Parsed) -> Option<&Met> {
        let met = self.present.get(&from)?.hello.as_ref()?;
        (met.stay == stay && parsed.is_signed_by(&met.signing_key)).then_some(met)
    }

    /// Of those whom a proposal names, but its author.
    fn hellos_of(&self, author: u64, proposal: &Proposal) -> Vec<String> {
        let others = self.present.iter().filter(|(number, _)| **number != author);
        let met = others.filter_map(|(_, present)| present.hello.as_ref());
        let is_named = |met: &&Met| {
            let mut subjects = proposal.subjects.iter();
            subjects.any(|subject| subject.device == met.device.0)
        };
        met.filter(is_named).map(|met| met.text.clone()).collect()
    }

    /// Of a recording.
    fn hear(&mut self, from: u64, parsed: &Parsed, text: &str) -> Option<Said> {
        let present = self.present.get(&from).filter(|present| present.is_admitted())?;
        let stay = match &parsed.message {
            Message::Proposal(proposal) if present.is_host => proposal.from,
            Message::Consent(consent) => consent.from,
            _ => return None,
        };
        let hello = self.met(from, stay, parsed)?.text.clone();
        let author = Author {
            participant: from,
            stay,
            hello: &hello,
        };
        match &parsed.message {
            Message::Proposal(proposal) => {
                let name = (Proposal::hash(&parsed.body), text);
                let named = self.hellos_of(from, proposal);
                self.consents.handle_proposal(author, proposal, name, named)
            }
            Message::Consent(consent) => self.consents.handle_consent(author, consent, text),
            _ => None,
        }
    }

    fn apply(&mut self, statement: &Statement) -> Outcome {
        let mut outcome = Outcome::default();
        for entry in &statement.entries {
            if !self.is_news(&entry.device, entry.clock, entry.verdict) {
                continue;
            }
            let guests = self.present.iter_mut().filter(|(_, present)| !present.is_host);
            for (participant, present) in guests {
                let met = present.hello.as_ref().filter(|met| met.device.0 == entry.device);
                let Some(stay) = met.map(|met| met.stay) else {
                    continue;
                };
                let (before, after) = (present.standing, Standing::of(entry, stay));
                present.standing = after;
                let is_in = after == Standing::Admitted;
                if is_in != (before == Standing::Admitted) {
                    outcome.changes.push((*participant, is_in));
                }
                outcome.rulings.extend(Ruling::between(before, after));
            }
        }
        outcome
    }

    /// The greater clock; of equal ones the verdict that keeps out. The same again is applied again: the guest that it
    /// names may have come since.
    fn is_news(&mut self, device: &[u8; 32], clock: u32, verdict: Verdict) -> bool {
        let known = self.devices.get(device);
        if known.is_some_and(|known| *known > (clock, verdict)) {
            return false;
        }
        if known.is_none() && self.devices.len() >= MOST_DEVICES {
            let oldest = self.devices.iter().min_by_key(|(_, (clock, _))| *clock);
            if let Some(oldest) = oldest.map(|(device, _)| *device) {
                self.devices.remove(&oldest);
            }
        }
        self.devices.insert(*device, (clock, verdict));
        true
    }

    fn receivers(&self, from: u64, to: To) -> Vec<u64> {
        let Some(sender) = self.present.get(&from) else {
            return Vec::new();
        };
        let may_hear = |other: &Present| {
            other.is_host
                || (sender.is_admitted() && other.is_admitted())
                || (sender.is_host && to != To::Members)
        };
        let is_meant = |number: u64| match to {
            To::Participant(one) => one == number,
            To::Members | To::Everyone => number != from,
        };
        let heard = self
            .present
            .iter()
            .filter(|(number, other)| is_meant(**number) && may_hear(other));
        heard.map(|(number, _)| *number).collect()
    }
}

impl Present {
    fn is_admitted(&self) -> bool {
        self.standing == Standing::Admitted
    }
}

impl Standing {
    /// A device has one entry: of its stays, the one that is named is in, and no other.
    fn of(entry: &Entry, stay: Stay) -> Self {
        match entry.verdict {
            Verdict::Admitted if entry.stay == stay => Self::Admitted,
            Verdict::Refused => Self::Refused,
            Verdict::Admitted | Verdict::Waiting | Verdict::Away => Self::Waiting,
        }
    }
}

impl Ruling {
    /// `None` where nothing is new: hosts' clients say the same again and again.
    fn between(before: Standing, after: Standing) -> Option<Self> {
        match (before, after) {
            _ if before == after => None,
            (_, Standing::Admitted) => Some(Self::Admitted),
            (_, Standing::Refused) => Some(Self::Refused),
            (Standing::Admitted, Standing::Waiting) => Some(Self::PutBack),
            (_, Standing::Waiting) => None,
        }
    }
}

/// Four times as many as a host's map has: those of several hosts of a long day.
const MOST_DEVICES: usize = 256;

#[cfg(test)]
mod tests;
