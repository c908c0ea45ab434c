//! A hello, and the part of its checks that a server does, too (SK-1.md, section 6).
//!
//! Owns: its form and its hash. Never does: take it for a person; it may be a replay.

use crate::device::DeviceId;
use crate::encoding::Reader;
use crate::message::{Message, Parsed, SENDERS, fields};
use crate::primitives::hash;

pub use crate::message::Stay;

/// What somebody says at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// As the token names it.
    pub room: String,
    /// Ed25519.
    pub signing_key: [u8; 32],
    /// X25519.
    pub agreement_key: [u8; 32],
    /// X25519, new with each stay.
    pub ephemeral_key: [u8; 32],
    /// The upper 12 bits of each KID of this stay.
    pub sender: u16,
    /// Bit 0: this member records.
    pub capabilities: u32,
    /// What stands on the tile.
    pub name: String,
    /// Of a host; else empty.
    pub certificate: Vec<u8>,
}

impl Hello {
    /// The device that it names.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.signing_key, &self.agreement_key)
    }

    /// Names the stay; `body` is that of the message.
    pub fn stay(body: &[u8]) -> Stay {
        hash("hello hash", &[body])
    }

    /// The hello and its stay, if that is one of this room, signed by the key in it.
    pub fn checked<'a>(parsed: &'a Parsed, room: &str) -> Option<(&'a Self, Stay)> {
        let Message::Hello(hello) = &parsed.message else {
            return None;
        };
        let is_right = hello.room == room && parsed.is_signed_by(&hello.signing_key);
        is_right.then(|| (hello, Self::stay(&parsed.body)))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        fields(
            out,
            &[
                self.room.as_bytes(),
                &self.signing_key,
                &self.agreement_key,
                &self.ephemeral_key,
                &self.sender.to_be_bytes(),
                &self.capabilities.to_be_bytes(),
                self.name.as_bytes(),
                &self.certificate,
            ],
        );
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let hello = Self {
            room: reader.text(1, 128)?,
            signing_key: reader.field_of()?,
            agreement_key: reader.field_of()?,
            ephemeral_key: reader.field_of()?,
            sender: u16::from_be_bytes(reader.field_of()?),
            capabilities: u32::from_be_bytes(reader.field_of()?),
            name: reader.text(0, 128)?,
            certificate: reader.field(0, 512)?.to_vec(),
        };
        let is_readable = !hello.name.chars().any(char::is_control);
        (SENDERS.contains(&hello.sender) && is_readable).then_some(hello)
    }
}
