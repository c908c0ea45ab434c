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
mod messages;
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
mod transmit;
pub mod transport;
pub mod worker;

pub use shard::{Shard, ShardConfig};
pub use stats::Stats;
pub use transmit::Transmit;
