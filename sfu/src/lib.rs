//! The media plane of Rapport.

// Tests make their own instants; `clippy.toml` says why nothing else may.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod codec;
pub mod command;
pub mod congestion;
pub mod demux;
pub mod drop;
pub mod event;
pub mod id;
mod loose;
mod output;
pub mod parameters;
mod participant;
pub mod publication;
mod room;
pub mod rtp;
mod shard;
mod stats;
pub mod subscription;
mod timers;
pub mod transport;

pub use shard::{Shard, ShardConfig, Transmit};
pub use stats::Stats;
    /// A track is called stalled after this long without a packet: forty times the longest gap that
    /// Opus without DTX leaves, and far below what a person would call gone.
    pub const SILENCE: Duration = Duration::from_secs(2);
}
pub mod transmit;
pub mod worker;
