//! Synthetic members of a sealed call, for tests: they join over the WebSocket, send sound and picture that a
//! browser can show, sealed by the crate `sframe`, and count what they can open of the others'.
//!
//! Owns: the call as a member sees it, on a transport of the test kit. Never does: decode media.

mod client;
mod clip;
mod frames;
mod media;
mod outbound;
mod random;
mod redeem;
mod reliable;
mod report;
mod sdp;
mod signaling;
mod tap;
mod task;
mod transport;

pub use client::{Client, Event, Options};
pub use rapport_client::handshake::ClientIdentity;
pub use redeem::{Link, Ticket, read_key, redeem};
pub use report::{Person, Received, Report};
