//! The control plane of Rapport: HTTP in, commands to the media workers out.
//!
//! Owns: rooms, sessions, tokens, the HTTP interface and the plugins' seam. Never does: touch a packet
//! of media.

pub mod auth;
