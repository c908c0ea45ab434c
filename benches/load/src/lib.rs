//! A load generator for media servers that speak WebRTC: how much does a machine carry, and how well?
//!
//! Owns: synthetic participants with real sockets, ICE, DTLS and SRTP; what they publish, which is recorded
//! from a browser; what they see of what comes back. Never does: send to anything but loopback, run without
//! an end, or decide a test.
//!
//! # The way of a packet
//!
//! ```text
//! trace ─► source ─► connection (seal) ─► socket ─► server ─► socket ─► connection ─► stream ─► report
//! ```
//!
//! One thread drives all sockets; a second one speaks HTTP with the server, so that media goes on while
//! people join. A [`target::Target`] knows how a server is joined, and nothing else knows which server it is.

pub mod sdp;
pub mod session;
pub mod target;
pub mod trace;
