//! The media plane of Rapport.

pub mod codec;
pub mod command;
pub mod congestion;
pub mod drop;
pub mod event;
pub mod id;
pub mod parameters;
pub mod publication;
pub mod rtp;
pub mod subscription;
pub mod transport;
