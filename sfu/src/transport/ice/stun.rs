//! Reads a STUN message (RFC 8489) as far as a connectivity check needs it.
//!
//! Owns: the one pass over a message, its FINGERPRINT and its MESSAGE-INTEGRITY. Never does: allocate,
//! copy, or answer.
//!
//! The reader is our own because `rtc-stun` decodes into owned memory: one allocation for the message and
//! one for each attribute with a value (seven for a browser's check), all before anything is
//! authenticated. What it does in constant space, the FINGERPRINT, is taken from it, and the tests hold
//! the rest of this file against it.

use std::fmt;

use hmac::{Hmac, Mac};
use rtc_stun::fingerprint::fingerprint_value;
use sha1::Sha1;

/// One message, parsed in place. Nothing in it is to be believed before [`Message::is_authentic`].
#[derive(Debug)]
pub struct Message<'a> {
    kind: u16,
    transaction: TransactionId,
    username: Option<&'a str>,
    role: Option<Role>,
    use_candidate: bool,
    unknown: Unknown,
    integrity: Option<Integrity<'a>>,
    fingerprint: Option<Fingerprint<'a>>,
}

/// The 96 bits that a reply repeats.
pub type TransactionId = [u8; 12];

/// A password, ready to hash with.
#[derive(Clone)]
pub struct Key(Hmac<Sha1>);

impl Key {
    /// Of a short-term credential. RFC 8489 §9.1.1: key = OpaqueString(password); ice-chars are their own.
    pub fn new(password: &str) -> Self {
        Self(Hmac::new_from_slice(password.as_bytes()).expect("HMAC takes a key of any length"))
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; INTEGRITY_BYTES] {
        self.0
            .clone()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// What the sender takes itself for (RFC 8445 §7.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It sent ICE-CONTROLLED.
    Controlled,
    /// It sent ICE-CONTROLLING.
    Controlling,
}

/// The first comprehension-required attributes that we do not know; what exceeds the array is not
/// reported, so that a reply stays small whatever was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    types: [u16; MAX_UNKNOWN],
    len: usize,
}

#[derive(Debug)]
struct Integrity<'a> {
    /// From behind the length field to the attribute; the length itself is replaced when hashing.
    covered: &'a [u8],
    tag: &'a [u8; INTEGRITY_BYTES],
}

#[derive(Debug)]
struct Fingerprint<'a> {
    covered: &'a [u8],
    value: u32,
}

/// Parses one datagram that holds exactly one message; `None` for anything malformed.
pub fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let mut message = parse_header(bytes)?;
    let mut at = HEADER_BYTES;
    while at < bytes.len() {
        let (kind, value, next) = attribute(bytes, at)?;
        message.take(kind, value, bytes.get(..at)?)?;
        at = next;
    }
    Some(message)
}

impl<'a> Message<'a> {
    /// A Binding request: the only thing that a lite agent answers.
    pub fn is_binding_request(&self) -> bool {
        self.kind == BINDING_REQUEST
    }

    /// What the reply has to repeat.
    pub fn transaction(&self) -> &TransactionId {
        &self.transaction
    }

    /// The two halves of USERNAME: the receiver's user fragment, then the sender's (RFC 8445 §7.2.2).
    pub fn username(&self) -> Option<(&'a str, &'a str)> {
        self.username?.split_once(':')
    }

    /// The role that the sender claims.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// The sender nominates the path of this check.
    pub fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    /// Comprehension-required attributes that we do not know.
    pub fn unknown(&self) -> &[u16] {
        self.unknown.as_slice()
    }

    /// FINGERPRINT and MESSAGE-INTEGRITY are both there and both right.
    pub fn is_authentic(&self, key: &Key) -> bool {
        // RFC 8445 §7.2.4: the FINGERPRINT mechanism MUST be used for connectivity checks. It also covers
        // what may follow MESSAGE-INTEGRITY. It is the cheaper check, hence first.
        self.fingerprint.as_ref().is_some_and(Fingerprint::matches)
            && self
                .integrity
                .as_ref()
                .is_some_and(|integrity| integrity.matches(self.kind, key))
    }

    /// Notes one attribute; `before` is the message up to it.
    fn take(&mut self, kind: u16, value: &'a [u8], before: &'a [u8]) -> Option<()> {
        // RFC 8489 §14.7: FINGERPRINT is the last attribute.
        if self.fingerprint.is_some() {
            return None;
        }
        match kind {
            FINGERPRINT => self.fingerprint = Some(Fingerprint::new(value, before)?),
            // RFC 8489 §14.5: attributes that follow MESSAGE-INTEGRITY, but FINGERPRINT, are ignored.
            _ if self.integrity.is_some() => {}
            MESSAGE_INTEGRITY => self.integrity = Some(Integrity::new(value, before)?),
            // RFC 8489 §14: of an attribute that appears more than once only the first is processed.
            USERNAME if self.username.is_none() => self.username = Some(std::str::from_utf8(value).ok()?),
            ICE_CONTROLLED => self.role = self.role.or(Some(Role::Controlled)),
            ICE_CONTROLLING => self.role = self.role.or(Some(Role::Controlling)),
            USE_CANDIDATE => self.use_candidate = true,
            // RFC 8489 §14: 0x0000–0x7FFF are comprehension-required.
            unknown if unknown < 0x8000 && !UNDERSTOOD.contains(&unknown) => self.unknown.push(unknown),
            _ => {}
        }
        Some(())
    }
}

fn parse_header(bytes: &[u8]) -> Option<Message<'_>> {
    let kind = read_u16(bytes, 0)?;
    let length = usize::from(read_u16(bytes, 2)?);
    // RFC 8489 §5: the most significant two bits of every STUN message are zero, the length is a multiple
    // of four and does not count the header.
    let well_formed = kind < 0x4000
        && length.is_multiple_of(4)
        && bytes.len().checked_sub(HEADER_BYTES) == Some(length)
        && bytes.get(4..8)? == MAGIC_COOKIE;
    well_formed.then_some(Message {
        kind,
        transaction: bytes.get(8..HEADER_BYTES)?.try_into().ok()?,
        username: None,
        role: None,
        use_candidate: false,
        unknown: Unknown::default(),
        integrity: None,
        fingerprint: None,
    })
}

/// The attribute at an offset: its type, its value without padding, and the offset of the next one.
fn attribute(bytes: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let kind = read_u16(bytes, at)?;
    let length = usize::from(read_u16(bytes, at + 2)?);
    let value_at = at + ATTRIBUTE_HEADER_BYTES;
    let value = bytes.get(value_at..value_at + length)?;
    let next = value_at + length.next_multiple_of(4);
    (next <= bytes.len()).then_some((kind, value, next))
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

impl<'a> Integrity<'a> {
    fn new(value: &'a [u8], before: &'a [u8]) -> Option<Self> {
        let covered = before.get(4..)?;
        value.try_into().ok().map(|tag| Self { covered, tag })
    }

    fn matches(&self, kind: u16, key: &Key) -> bool {
        // RFC 8489 §14.5: the length is that of the message up to and including this attribute, whatever
        // follows it.
        let length = self.covered.len() + 4 - HEADER_BYTES + ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES;
        let prefix = [kind.to_be_bytes(), (length as u16).to_be_bytes()];
        let mac = key
            .0
            .clone()
            .chain_update(prefix.as_flattened())
            .chain_update(self.covered);
        // Compares in constant time.
        mac.verify_slice(self.tag).is_ok()
    }
}

impl<'a> Fingerprint<'a> {
    fn new(value: &[u8], covered: &'a [u8]) -> Option<Self> {
        let value = u32::from_be_bytes(value.try_into().ok()?);
        Some(Self { covered, value })
    }

    fn matches(&self) -> bool {
        fingerprint_value(self.covered) == self.value
    }
}

impl Unknown {
    fn push(&mut self, kind: u16) {
        if let Some(slot) = self.types.get_mut(self.len) {
            *slot = kind;
            self.len += 1;
        }
    }

    fn as_slice(&self) -> &[u16] {
        self.types.get(..self.len).unwrap_or_default()
    }
}

/// Type, length, cookie and transaction (RFC 8489 §5).
pub(super) const HEADER_BYTES: usize = 20;
/// Type and length (RFC 8489 §14).
pub(super) const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// HMAC-SHA1 (RFC 8489 §14.5).
pub(super) const INTEGRITY_BYTES: usize = 20;
/// 0x2112A442 (RFC 8489 §5).
pub(super) const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// How many unknown attributes a reply names: more than a client has any reason to send.
const MAX_UNKNOWN: usize = 8;

pub(super) const BINDING_REQUEST: u16 = 0x0001;
pub(super) const BINDING_SUCCESS: u16 = 0x0101;
pub(super) const BINDING_ERROR: u16 = 0x0111;

const USERNAME: u16 = 0x0006;
pub(super) const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(super) const ERROR_CODE: u16 = 0x0009;
pub(super) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
pub(super) const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;

/// Comprehension-required, and comprehended: PRIORITY serves peer-reflexive candidates, of which a lite
/// agent makes none (RFC 8445 §7.3.1.3), and a second USERNAME is one too many, not an unknown one.
const UNDERSTOOD: [u16; 2] = [USERNAME, PRIORITY];
