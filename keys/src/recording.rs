//! What is said of a recording: who asks for it, who agrees, and the keys of it (web/client/RECORDING.md, section 2).
//!
//! Owns: the form of the three messages. Never does: decide who has agreed; [`crate::Consents`] does.

use crate::encoding::{Reader, field};
use crate::message::{Stay, fields, pieces};
use crate::primitives::hash;

/// Names a proposal: the hash of its body.
pub type ProposalHash = [u8; 32];

/// A host asks for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Whose it is.
    pub from: Stay,
    /// Of the recording, random.
    pub recording: [u8; 16],
    /// Unix time in seconds.
    pub at: u64,
    /// What for.
    pub purpose: Purpose,
    /// The version of the sentences that are agreed to.
    pub text: u16,
    /// After so many it is destroyed: 1 to 3650.
    pub days: u16,
    /// Whose media: 1 to 16, ascending by device.
    pub subjects: Vec<Subject>,
    /// Who can open it: 1 to 8, no key twice.
    pub recipients: Vec<Recipient>,
}

/// What a recording is for. What was agreed to for one of these is not for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// A client's relaxing activity, to be played when it is needed.
    Calm = 1,
    /// A guided meditation.
    Meditation = 2,
    /// A role-play that is looked at together.
    RolePlay = 3,
    /// Supervision of the therapist.
    Supervision = 4,
}

/// Somebody who is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Of their device.
    pub device: [u8; 32],
    /// What of them.
    pub sources: Sources,
}

/// Which of somebody's sources: bits, at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sources(u8);

/// Somebody who can open a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// As who.
    pub role: Role,
    /// X25519, public.
    pub key: [u8; 32],
}

/// As who somebody can open a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// The therapist who proposes it, by their device.
    Therapist = 1,
    /// The clinic, by its recovery kit.
    Clinic = 2,
    /// A person who is recorded, by their device.
    Subject = 3,
}

/// A member's answer to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Whose it is.
    pub from: Stay,
    /// To which.
    pub proposal: ProposalHash,
    /// From 1; the greater one holds.
    pub counter: u32,
    /// Yes or no.
    pub agrees: bool,
}

/// A sender's key, sealed to the recipients of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capsule {
    /// Whose it is.
    pub from: Stay,
    /// Of which.
    pub proposal: ProposalHash,
    /// Sender index, generation, step.
    pub kid: u32,
    /// HPKE's encapsulated key and the sealed base key, one for each recipient in their order.
    pub boxes: Vec<([u8; 32], [u8; 48])>,
}

impl Proposal {
    /// Names it; `body` is that of the message.
    pub fn hash(body: &[u8]) -> ProposalHash {
        hash("proposal hash", &[body])
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let subjects: Vec<u8> = self.subjects.iter().flat_map(Subject::bytes).collect();
        let recipients: Vec<u8> = self.recipients.iter().flat_map(Recipient::bytes).collect();
        fields(out, &[&self.from, &self.recording, &self.at.to_be_bytes()]);
        field(out, &[self.purpose as u8]);
        fields(out, &[&self.text.to_be_bytes(), &self.days.to_be_bytes()]);
        fields(out, &[&subjects, &recipients]);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (from, recording) = (reader.field_of()?, reader.field_of()?);
        let at = u64::from_be_bytes(reader.field_of()?);
        let [purpose] = reader.field_of()?;
        let (text, days) = (reader.field_of().map(u16::from_be_bytes)?, reader.field_of()?);
        let days = u16::from_be_bytes(days);
        let subjects = pieces(reader.field(PIECE, PIECE * MOST_SUBJECTS)?, PIECE)?;
        let subjects = subjects.map(Subject::read).collect::<Option<Vec<_>>>()?;
        let recipients = pieces(reader.field(PIECE, PIECE * MOST_RECIPIENTS)?, PIECE)?;
        let recipients = recipients.map(Recipient::read).collect::<Option<Vec<_>>>()?;
        let is_ascending = subjects.is_sorted_by(|one, other| one.device < other.device);
        let is_form = DAYS.contains(&days) && is_ascending && have_keys_of_their_own(&recipients);
        let purpose = Purpose::of(purpose)?;
        is_form.then_some(Self {
            from,
            recording,
            at,
            purpose,
            text,
            days,
            subjects,
            recipients,
        })
    }
}

impl Purpose {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Calm),
            2 => Some(Self::Meditation),
            3 => Some(Self::RolePlay),
            4 => Some(Self::Supervision),
            _ => None,
        }
    }

    /// As it stands in logs and manifests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Meditation => "meditation",
            Self::RolePlay => "role_play",
            Self::Supervision => "supervision",
        }
    }
}

impl Sources {
    /// The sound of a microphone.
    pub const MICROPHONE: u8 = 1;
    /// The picture of a camera.
    pub const CAMERA: u8 = 2;
    /// The picture of a screen.
    pub const SCREEN: u8 = 4;

    /// Nothing where none is named, or one that is not known.
    pub const fn of(bits: u8) -> Option<Self> {
        match bits {
            1..=7 => Some(Self(bits)),
            _ => None,
        }
    }

    /// Whether all of these are named.
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits == bits
    }
}

impl Subject {
    fn bytes(&self) -> Vec<u8> {
        [&self.device[..], &[self.sources.0]].concat()
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        Some(Self {
            device: reader.array()?,
            sources: Sources::of(reader.u8()?)?,
        })
    }
}

impl Recipient {
    fn bytes(&self) -> Vec<u8> {
        [&[self.role as u8], &self.key[..]].concat()
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        Some(Self {
            role: Role::of(reader.u8()?)?,
            key: reader.array()?,
        })
    }
}

impl Role {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Therapist),
            2 => Some(Self::Clinic),
            3 => Some(Self::Subject),
            _ => None,
        }
    }
}

impl Consent {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        fields(out, &[&self.from, &self.proposal, &self.counter.to_be_bytes()]);
        field(out, &[if self.agrees { YES } else { NO }]);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (from, proposal) = (reader.field_of()?, reader.field_of()?);
        let counter = u32::from_be_bytes(reader.field_of()?);
        let agrees = match reader.field_of()? {
            [YES] => true,
            [NO] => false,
            _ => return None,
        };
        (counter > 0).then_some(Self {
            from,
            proposal,
            counter,
            agrees,
        })
    }
}

impl Capsule {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let boxes: Vec<u8> = self
            .boxes
            .iter()
            .flat_map(|(enc, ct)| [&enc[..], ct].concat())
            .collect();
        fields(
            out,
            &[&self.from, &self.proposal, &self.kid.to_be_bytes(), &boxes],
        );
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (from, proposal) = (reader.field_of()?, reader.field_of()?);
        let kid = u32::from_be_bytes(reader.field_of()?);
        let boxes = pieces(reader.field(BOX, BOX * MOST_RECIPIENTS)?, BOX)?;
        let boxes = boxes.map(|mut one| Some((one.array()?, one.array()?)));
        Some(Self {
            from,
            proposal,
            kid,
            boxes: boxes.collect::<Option<_>>()?,
        })
    }
}

fn have_keys_of_their_own(recipients: &[Recipient]) -> bool {
    let mut others = recipients.iter().enumerate();
    others.all(|(at, one)| recipients[..at].iter().all(|other| other.key != one.key))
}

const YES: u8 = 1;
const NO: u8 = 2;

const DAYS: std::ops::RangeInclusive<u16> = 1..=3650;

/// A subject and a recipient are as long.
const PIECE: usize = 33;
const MOST_SUBJECTS: usize = 16;
const MOST_RECIPIENTS: usize = 8;
const BOX: usize = 80;

#[cfg(test)]
mod tests;
