//! The media plane of Rapport.

// Tests make their own instants; `clippy.toml` says why nothing else may.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod codec;
pub mod command;
pub mod drop;
pub mod event;
pub mod id;
pub mod parameters;
pub mod publication {
    //! What arrives.
    use std::time::Duration;

    /// A track is called stalled after this long without a packet: forty times the longest gap that
    /// Opus without DTX leaves, and far below what a person would call gone.
    pub const SILENCE: Duration = Duration::from_secs(2);
}
pub mod transmit;
pub mod worker;
