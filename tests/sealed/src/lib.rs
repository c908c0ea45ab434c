//! Synthetic members of a sealed call, for tests: they join over the WebSocket, send sound and picture that a
//! browser can show, sealed by the crate `sframe`, and count what they can open of the others'.
//!
//! Owns: the call as a member sees it, on a transport of the test kit. Never does: decode media.

pub mod sealing;
