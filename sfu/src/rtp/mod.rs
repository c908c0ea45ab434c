//! RTP and RTCP as they stand on the wire (RFC 3550 and its extensions).
//!
//! Owns: parsers that borrow the packet, writers that append to a buffer, and the arithmetic of wrapping
//! counters and clocks. Never does: keep what a stream has sent (publications and subscriptions do),
//! encrypt, or allocate for a packet. Every parser takes whatever the network brings without a panic.

pub mod codec;
pub mod dependency;
pub mod extension;
pub mod header;
pub mod rtcp;
pub mod sequence;
pub mod time;

pub use extension::{AudioLevel, ExtensionMap, Extensions};
pub use header::{Header, HeaderWriter};
pub use sequence::{Refusal, SeqNo, Unwrapper, Window};
pub use time::{AbsSendTime, ClockMap, NtpTime};
