//! The media plane of Rapport.

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
