//! SK-1, by which the people of a call know each other and their keys: `web/client/SK-1.md` is its specification.
//!
//! Owns: messages as they stand on the wire, devices, roots, certificates, links, words, and [`Gate`], all that a
//! server does with the protocol. Never does: I/O, read a clock, or believe what it has not checked.
//!
//! The protocol is between clients. A server relays their messages and is believed in nothing; it reads a host's
//! statements only to keep sealed media from those who have no business with it.

#[cfg(feature = "agreement")]
pub mod agreement;
#[cfg(feature = "capsules")]
mod backup;
#[cfg(feature = "capsules")]
mod base_key;
#[cfg(feature = "capsules")]
mod capsules;
mod certificate;
mod consents;
mod device;
mod encoding;
mod gate;
mod hello;
mod kid;
mod kit;
mod link;
mod message;
mod primitives;
mod recording;
mod request;
mod root;
#[cfg(feature = "capsules")]
mod sealed;
mod words;

#[cfg(feature = "capsules")]
pub use backup::{Backup, BackupError};
#[cfg(feature = "capsules")]
pub use base_key::BaseKey;
#[cfg(feature = "capsules")]
pub use capsules::{RecipientKey, recovery_key};
pub use certificate::Certificate;
pub use consents::{Consents, Proposed, Said};
pub use device::{Device, DeviceId, DeviceKeys};
pub use encoding::spelt;
pub use gate::{CapsuleRefusal, Gate, Outcome, Refusal, Ruling, To};
pub use hello::{Hello, Stay};
pub use kid::sender_of;
pub use kit::{Kit, KitError};
pub use link::{Link, LinkError};
pub use message::{
    Answer, Beat, Bye, Entry, Heard, Key, Knock, MOST_CHARACTERS, Message, Open, Parsed, Statement, Verdict,
};
pub use primitives::Secret;
pub use recording::{Capsule, Consent, Proposal, ProposalHash, Purpose, Recipient, Role, Sources, Subject};
pub use request::Request;
pub use root::{Root, RootHash};
pub use words::word_list;

#[cfg(test)]
mod vectors;
