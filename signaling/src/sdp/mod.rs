//! Session descriptions: an offer read into values, an answer written from values.
//!
//! Owns: the grammar of RFC 8866 and of the attributes that WebRTC uses (RFC 9429), as far as a server that
//! only answers needs it. Never does: decide what is accepted ([`crate::negotiate`] does), draw random
//! numbers, or touch a socket.
//!
//! The reader is tolerant: an attribute it doesn't know, or of a payload type that isn't there, is passed
//! over. The writer is clean: nothing of the offer's text comes back but tokens that were checked.
//!
//! The reader is our own and `rtc-sdp` is its oracle in the tests, because that crate refuses a whole
//! document for one line that nobody needs (an unknown type letter or medium, a `b=` that is no number), has
//! no bound, leaves every attribute a string, and its errors name neither the m-section nor the field.

mod answer;
mod answered_media;
mod attribute;
mod candidate;
mod error;
mod format;
mod fragment;
mod line;
mod offer;
mod section;
mod transport;

pub(crate) use answer::SCTP_PORT;
pub use answer::{Answer, AnsweredDataChannel, AnsweredSection};
pub use answered_media::{AnsweredExtension, AnsweredMedia, AnsweredPayload, AnsweredSource};
pub use attribute::{Direction, ExtMap, Sources};
pub use candidate::Candidate;
pub use error::{Error, Fault, SectionName};
pub use format::{Feedback, Format};
pub use fragment::{Fragment, FragmentAnswer};
pub use offer::Offer;
pub use section::{MSection, Medium};
pub use transport::{Setup, Transport};

/// Longest description or fragment that is read. Chromium's offer for eight pairs of sound and picture, with
/// all its codecs, just fits; with one codec (`setCodecPreferences`) twice as many do.
pub const MAX_BYTES: usize = 64 * 1024;

/// Most m-sections of one description: thirty people with sound and picture, and then some.
pub const MAX_SECTIONS: usize = 64;

#[cfg(test)]
pub(crate) mod tests;
