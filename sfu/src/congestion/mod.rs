//! How much the network carries.
//!
//! Owns: telling publishers what arrived of theirs, so that they can estimate. Never does: send; what it
//! writes leaves with the other RTCP of its transport.

pub mod feedback;

pub use feedback::ArrivalLog;
