//! The control plane of Rapport: HTTP in, commands to the media workers out.
//!
//! Owns: rooms, sessions, tokens, the HTTP interface and the plugins' seam. Never does: touch a packet
//! of media.

pub mod auth;
pub mod directory;
pub mod media;
pub mod negotiate;
pub mod plugin;
pub mod problem;
pub mod room;
pub mod sdp;
pub mod session;
