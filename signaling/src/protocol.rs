//! What the call's WebSocket carries, version 1: `docs` for people stand in `signaling/PROTOCOL.md`, the mirror
//! for browsers is `web/client/src/signaling/protocol.ts`, written from these types by a test.
//!
//! Owns: the messages' shapes. Never does: decide what they mean.
//!
//! A socket begins with an [`Opening`] and is answered with a [`Welcome`] or closed with a
//! [`CloseReason`]. From then on both sides send [`Frame`]s, whose numbers outlive the socket: after a lost one
//! a `resume` tells the last number that arrived, and what is missing is sent again. So every body arrives once
//! and in order.

mod client;
mod close;
mod member;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod page;
mod secret;
mod server;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use client::{Audience, ClientBody, Joining, MediaState, Opening, Sealing, SourceSection};
pub use close::CloseReason;
pub use member::{
    Connection, Line, Member, Recording, RecordingEnd, RecordingPhase, RoomState, Slot, SlotTrack, Source,
    Standing,
};
pub use secret::Secret;
pub use server::{FailureCode, ServerBody, Snapshot, Welcome};

/// `Sec-WebSocket-Protocol` of this version. Another version is another name, and a server may know several.
pub const SUBPROTOCOL: &str = "rapport.v1";

/// One WebSocket text message after the opening, either way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Frame<Body> {
    /// The number of `body`: from 1, one more each time, for the life of the session. Absent with `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub seq: Option<u64>,
    /// The number of the last body that arrived from the other side.
    #[ts(type = "number")]
    pub ack: u64,
    /// What is said; absent in a mere acknowledgement.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub body: Option<Body>,
}

fn none<T>() -> Option<T> {
    None
}
