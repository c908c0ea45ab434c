//! Synthetic clients: they speak to a shard as a browser would, without a socket, a clock or a codec.
//!
//! What is inside of a packet is made by rule ([`Content`]), so that whoever receives it can say which
//! track, which frame and which number of the publisher's it was. ICE and DTLS are `rapport-client`'s; SRTP
//! is the server's own, with the roles swapped: the oracle tests of the `sfu` crate and the `webrtc` client
//! of the root package stand for its independence.

mod channels;
pub mod client;
pub mod content;
mod receiver;
mod sealing;
mod sender;

pub use client::{Client, Received};
pub use content::Content;
pub use receiver::Receiver;
pub use sender::{Sender, media, publication, subscription};
