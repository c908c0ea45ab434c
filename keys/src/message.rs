//! The messages of SK-1, as values and as bytes (SK-1.md, sections 2 and 6).
//!
//! Owns: their form, strictly: one encoding for each value, and nothing else is read. Never does: believe one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;

use crate::encoding::{Reader, field};
use crate::hello::Hello;
use crate::link::Link;
use crate::primitives::{is_signed, mac, sign};
use crate::recording::{Capsule, Consent, Proposal};

/// Names a stay in messages: the hash of its hello.
pub type Stay = [u8; 32];

/// What participants say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// I am here.
    Hello(Hello),
    /// A handshake's first word.
    Knock(Knock),
    /// Its second.
    Answer(Answer),
    /// Its third.
    Open(Open),
    /// Who is let in.
    Statement(Statement),
    /// A sender's key, sealed to one member.
    Key(Key),
    /// I am still here, and see these people.
    Beat(Beat),
    /// I go.
    Bye(Bye),
    /// Let us record.
    Proposal(Proposal),
    /// I agree, or not any more.
    Consent(Consent),
    /// Who may open what I send.
    Capsule(Capsule),
}

/// From a guest to a host, or from the lesser of two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// Whose it is.
    pub from: Stay,
    /// For whom.
    pub to: Stay,
    /// To a nonce that is opened later.
    pub commitment: [u8; 32],
    /// The link's id and its MAC; none for somebody who came by no link.
    pub link: Option<([u8; 8], [u8; 32])>,
}

/// To a knock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whose it is.
    pub from: Stay,
    /// For whom.
    pub to: Stay,
    /// The hash of the knock's body.
    pub knock: [u8; 32],
    /// Random.
    pub nonce: [u8; 32],
}

/// To an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Whose it is.
    pub from: Stay,
    /// For whom.
    pub to: Stay,
    /// The hash of the answer's body.
    pub answer: [u8; 32],
    /// What the knock committed to.
    pub nonce: [u8; 32],
}

/// Of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whose it is.
    pub from: Stay,
    /// 1 to 64, ascending by device, no device twice.
    pub entries: Vec<Entry>,
}

/// What a host says of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub device: [u8; 32],
    /// In which stay.
    pub stay: Stay,
    /// Its sender index.
    pub sender: u16,
    /// What of it.
    pub verdict: Verdict,
    /// The greater one holds.
    pub clock: u32,
}

/// What becomes of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// It is a member.
    Admitted = 1,
    /// It was put back.
    Waiting = 2,
    /// It was declined, or removed.
    Refused = 3,
    /// It left, or fell silent, and comes back without being asked.
    Away = 4,
}

/// A sender's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose it is.
    pub from: Stay,
    /// For whom.
    pub to: Stay,
    /// Sender index, generation, step.
    pub kid: u32,
    /// HPKE's encapsulated key.
    pub enc: [u8; 32],
    /// The base key, sealed.
    pub ct: [u8; 48],
}

/// Of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Whose it is.
    pub from: Stay,
    /// From 1, one more each time.
    pub counter: u32,
    /// Hash of all who are admitted.
    pub membership: [u8; 32],
    /// What the author seals with.
    pub kid: u32,
    /// What the author has of others.
    pub heard: Vec<Heard>,
}

/// What the author of a beat has of one other member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The first bytes of the stay.
    pub stay: [u8; 8],
    /// Of the last beat; 0 for none.
    pub counter: u32,
    /// Of the last key; 0 for none.
    pub kid: u32,
}

/// The end of a stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Whose.
    pub from: Stay,
}

/// A message as it came: its signature is not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What it says.
    pub message: Message,
    /// What is signed, and what hashes are of.
    pub body: Vec<u8>,
    signature: [u8; 64],
}

impl Parsed {
    /// Reads what came; `None` where it is not of the form.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MOST_CHARACTERS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut reader = Reader::new(&bytes);
        if reader.u8()? != VERSION {
            return None;
        }
        let message = Message::read(reader.u8()?, &mut reader)?;
        let body = bytes[..bytes.len() - reader.remaining()].to_vec();
        let signature = reader.field_of()?;
        reader.end()?;
        Some(Self {
            message,
            body,
            signature,
        })
    }

    /// Whether the holder of the key has signed it.
    pub fn is_signed_by(&self, signing_key: &[u8; 32]) -> bool {
        is_signed(signing_key, self.message.label(), &self.body, &self.signature)
    }
}

impl Message {
    /// As it goes over the wire, signed by its author's device.
    pub fn write(&self, key: &Ed25519KeyPair) -> String {
        let mut bytes = self.body();
        let signature = sign(key, self.label(), &bytes);
        field(&mut bytes, &signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is signed.
    pub fn body(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.number()];
        match self {
            Self::Hello(hello) => hello.write(&mut out),
            Self::Knock(knock) => knock.write(&mut out),
            Self::Answer(Answer {
                from,
                to,
                knock,
                nonce,
            }) => fields(&mut out, &[from, to, knock, nonce]),
            Self::Open(Open {
                from,
                to,
                answer,
                nonce,
            }) => fields(&mut out, &[from, to, answer, nonce]),
            Self::Statement(statement) => {
                let entries: Vec<u8> = statement.entries.iter().flat_map(Entry::bytes).collect();
                fields(&mut out, &[&statement.from, &entries]);
            }
            Self::Key(Key {
                from,
                to,
                kid,
                enc,
                ct,
            }) => {
                fields(&mut out, &[from, to, &kid.to_be_bytes(), enc, ct]);
            }
            Self::Beat(beat) => beat.write(&mut out),
            Self::Bye(Bye { from }) => fields(&mut out, &[from]),
            Self::Proposal(proposal) => proposal.write(&mut out),
            Self::Consent(consent) => consent.write(&mut out),
            Self::Capsule(capsule) => capsule.write(&mut out),
        }
        out
    }

    fn read(number: u8, reader: &mut Reader<'_>) -> Option<Self> {
        Some(match number {
            1 => Self::Hello(Hello::read(reader)?),
            2 => Self::Knock(Knock::read(reader)?),
            3 => Self::Answer(Answer {
                from: reader.field_of()?,
                to: reader.field_of()?,
                knock: reader.field_of()?,
                nonce: reader.field_of()?,
            }),
            4 => Self::Open(Open {
                from: reader.field_of()?,
                to: reader.field_of()?,
                answer: reader.field_of()?,
                nonce: reader.field_of()?,
            }),
            5 => Self::Statement(Statement::read(reader)?),
            6 => Self::Key(Key {
                from: reader.field_of()?,
                to: reader.field_of()?,
                kid: u32::from_be_bytes(reader.field_of()?),
                enc: reader.field_of()?,
                ct: reader.field_of()?,
            }),
            7 => Self::Beat(Beat::read(reader)?),
            8 => Self::Bye(Bye {
                from: reader.field_of()?,
            }),
            9 => Self::Proposal(Proposal::read(reader)?),
            10 => Self::Consent(Consent::read(reader)?),
            11 => Self::Capsule(Capsule::read(reader)?),
            _ => return None,
        })
    }

    const fn number(&self) -> u8 {
        match self {
            Self::Hello(_) => 1,
            Self::Knock(_) => 2,
            Self::Answer(_) => 3,
            Self::Open(_) => 4,
            Self::Statement(_) => 5,
            Self::Key(_) => 6,
            Self::Beat(_) => 7,
            Self::Bye(_) => 8,
            Self::Proposal(_) => 9,
            Self::Consent(_) => 10,
            Self::Capsule(_) => 11,
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Knock(_) => "knock",
            Self::Answer(_) => "answer",
            Self::Open(_) => "open",
            Self::Statement(_) => "statement",
            Self::Key(_) => "key",
            Self::Beat(_) => "beat",
            Self::Bye(_) => "bye",
            Self::Proposal(_) => "proposal",
            Self::Consent(_) => "consent",
            Self::Capsule(_) => "capsule",
        }
    }
}

impl Knock {
    /// Proves that its author has this link.
    #[cfg(feature = "agreement")]
    pub(crate) fn prove(&mut self, link: &Link) {
        self.link = Some((link.id(), [0; 32]));
        let tag = mac(&link.key().0, "link mac", &[&self.mac_input()]);
        self.link = Some((link.id(), tag));
    }

    /// Whether its author has this link.
    pub fn proves(&self, link: &Link) -> bool {
        let tag = mac(&link.key().0, "link mac", &[&self.mac_input()]);
        self.link == Some((link.id(), tag))
    }

    /// What the MAC covers: the body up to it.
    pub(crate) fn mac_input(&self) -> Vec<u8> {
        let mut out = vec![VERSION, 2];
        let id = self.link.as_ref().map_or(&[][..], |(id, _)| id);
        fields(&mut out, &[&self.from, &self.to, &self.commitment, id]);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (id, mac) = self
            .link
            .as_ref()
            .map_or((&[][..], &[][..]), |(id, mac)| (id, mac));
        fields(out, &[&self.from, &self.to, &self.commitment, id, mac]);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (from, to, commitment) = (reader.field_of()?, reader.field_of()?, reader.field_of()?);
        let (id, mac) = (reader.field(0, 8)?, reader.field(0, 32)?);
        let link = match (id.len(), mac.len()) {
            (0, 0) => None,
            (8, 32) => Some((id.try_into().ok()?, mac.try_into().ok()?)),
            _ => return None,
        };
        Some(Self {
            from,
            to,
            commitment,
            link,
        })
    }
}

impl Statement {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let from = reader.field_of()?;
        let bytes = reader.field(ENTRY_BYTES, ENTRY_BYTES * MOST_ENTRIES)?;
        let entries = pieces(bytes, ENTRY_BYTES)?.map(|mut reader| Entry::read(&mut reader));
        let entries = entries.collect::<Option<Vec<_>>>()?;
        let is_ascending = entries.is_sorted_by(|one, other| one.device < other.device);
        is_ascending.then_some(Self { from, entries })
    }
}

impl Entry {
    fn bytes(&self) -> Vec<u8> {
        let (sender, clock) = (self.sender.to_be_bytes(), self.clock.to_be_bytes());
        [
            &self.device[..],
            &self.stay,
            &sender,
            &[self.verdict as u8],
            &clock,
        ]
        .concat()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (device, stay, sender) = (reader.array()?, reader.array()?, reader.u16()?);
        SENDERS.contains(&sender).then_some(())?;
        Some(Self {
            device,
            stay,
            sender,
            verdict: Verdict::of(reader.u8()?)?,
            clock: reader.u32()?,
        })
    }
}

impl Verdict {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Admitted),
            2 => Some(Self::Waiting),
            3 => Some(Self::Refused),
            4 => Some(Self::Away),
            _ => None,
        }
    }
}

impl Beat {
    fn write(&self, out: &mut Vec<u8>) {
        let mut heard = Vec::new();
        for Heard { stay, counter, kid } in &self.heard {
            heard.extend(stay);
            heard.extend(counter.to_be_bytes());
            heard.extend(kid.to_be_bytes());
        }
        let (counter, kid) = (self.counter.to_be_bytes(), self.kid.to_be_bytes());
        fields(out, &[&self.from, &counter, &self.membership, &kid, &heard]);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let from = reader.field_of()?;
        let counter = u32::from_be_bytes(reader.field_of()?);
        let membership = reader.field_of()?;
        let kid = u32::from_be_bytes(reader.field_of()?);
        let bytes = reader.field(0, HEARD_BYTES * MOST_HEARD)?;
        let heard = pieces(bytes, HEARD_BYTES)?.map(|mut reader| {
            Some(Heard {
                stay: reader.array()?,
                counter: reader.u32()?,
                kid: reader.u32()?,
            })
        });
        (counter > 0).then_some(())?;
        Some(Self {
            from,
            counter,
            membership,
            kid,
            heard: heard.collect::<Option<_>>()?,
        })
    }
}

pub(crate) fn fields(out: &mut Vec<u8>, contents: &[&[u8]]) {
    contents.iter().for_each(|content| field(out, content));
}

/// Whole pieces, or nothing.
pub(crate) fn pieces(bytes: &[u8], size: usize) -> Option<impl Iterator<Item = Reader<'_>>> {
    bytes
        .len()
        .is_multiple_of(size)
        .then(|| bytes.chunks(size).map(Reader::new))
}

const VERSION: u8 = 1;

/// Of 8192 bytes in base64url.
pub const MOST_CHARACTERS: usize = 10_923;

/// Sender indices, the upper 12 bits of a KID.
pub(crate) const SENDERS: std::ops::RangeInclusive<u16> = 16..=4095;

const ENTRY_BYTES: usize = 71;
const MOST_ENTRIES: usize = 64;
const HEARD_BYTES: usize = 16;
const MOST_HEARD: usize = 32;
