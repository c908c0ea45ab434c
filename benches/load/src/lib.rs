//! A load generator for media servers that speak WebRTC: how much does a machine carry, and how well?
//!
//! Owns: synthetic participants with real sockets, ICE, DTLS and SRTP; what they publish, which is recorded
//! from a browser; what they see of what comes back. Never does: send to anything but loopback, run without
//! an end, or decide a test.
//!
//! # The way of a packet
//!
//! ```text
//! recording ─► player ─► publisher (seal) ─► socket ─► server ─► socket ─► subscriber ─► stream ─► tally
//! ```
//!
//! One thread drives all sockets; a second one speaks HTTP with the server, so that media goes on while
//! people join. A [`target::Target`] knows how a server is joined, and nothing else knows which server it is.
//!
//! # What is seen, and how
//!
//! - **Loss** is seen twice: as gaps in the numbers that the server gives, and as gaps in the publisher's own
//!   count, which stands sealed inside of the packets. A server that drops before it numbers shows by the
//!   second. A packet that is missing once is missing: nothing is asked for again, so that repair can't hide it.
//! - **Order and duplicates** are seen by the same numbers.
//! - **Delay** is from just before the publisher's send call to the moment at which the kernel has the packet for
//!   the watcher's socket, which it stamps itself: waiting for the generator's own thread is not in it.
//! - **Content** is opened for one packet in sixteen; one that does not authenticate, or holds something else than
//!   what was sent, is unreadable.
//! - **The generator** watches itself: packets that leave later than the recording wants, and its own share of a
//!   core. Where it can't keep up, a result says so instead of blaming the server.

mod client;
mod connection;
mod driver;
mod error;
mod joiner;
pub mod machine;
mod media;
mod options;
mod plan;
mod player;
mod process;
mod publisher;
pub mod ramp;
mod recording;
mod report;
mod run;
pub mod sdp;
pub mod session;
mod socket;
mod stamp;
mod stream;
mod subscriber;
mod tally;
pub mod target;
mod timers;
pub mod trace;

pub use error::Error;
pub use media::Picture;
pub use options::Options;
pub use plan::Shape;
pub use process::{Processor, Processors, Spent};
pub use report::{Distribution, Generator, Of, Report, Server};
pub use run::{Load, MAX_PEOPLE, MAX_SPAN, Settings};
