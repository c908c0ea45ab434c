//! The media plane of Rapport: a selective forwarding unit (RFC 7667 §3.7).
//!
//! Owns: packets, rooms, and the keys of each transport. Never does: name HTTP, SDP, tokens, files or an
//! async runtime; outside [`worker`] it has no socket, no thread and no clock either.
//!
//! # A packet's path
//!
//! One direction, nine steps:
//!
//! ```text
//!  1  worker        receive    kernel → datagrams: recvmmsg and GRO
//!  2  demux         route      STUN, DTLS, SRTP or SRTCP by its first byte (RFC 7983), and whose
//!  3  transport     unprotect  opened in place, the header parsed once
//!  4  publication   receive    numbered, acknowledged, kept for retransmission; which encoding, a key frame?
//!  5  room          forward    for each subscription to this track …
//!  6  subscription  select     now, or not: a reason
//!  7  subscription  rewrite    the header for this subscriber, straight into the send buffer
//!  8  transport     protect    sealed in place
//!  9  worker        send       runs of datagrams → kernel: GSO
//! ```
//!
//! Feedback walks the mirror path: what a subscriber lost is answered out of the publication's cache; a
//! key frame that it needs is asked of the publisher, once for all who need it. The two directions meet in
//! the room and nowhere else. Children return values; their parent applies them. The one copy of a payload
//! is the one that each subscriber's encryption needs.
//!
//! # Where sans-IO ends
//!
//! | | knows time as | knows the network as | runs on |
//! |---|---|---|---|
//! | all but [`worker`] | a `now: Instant` argument | bytes in, [`Transmit`] out | whatever calls it |
//! | [`worker`] | one reading of the clock a turn | UDP sockets, epoll | one OS thread each |
//!
//! That is why the whole plane runs in virtual time under a seed: see `tests/simulation`.
//!
//! # The loop
//!
//! A machine has two kinds of verb, `handle_*` in and `poll_*` out, and one contract:
//!
//! **Mutate, then drain; mutate, then drain.** After one or more `handle_*` calls, drain
//! [`Shard::poll_transmit`], then [`Shard::poll_event`] and [`Shard::poll_tap`]; then ask
//! [`Shard::poll_timeout`] how long to sleep. What is not drained waits, within bounds.
//!
//! ```no_run
//! # use std::net::SocketAddr;
//! # use std::time::Instant;
//! # use rapport_sfu::{Shard, Transmit};
//! # fn send(_: Transmit<'_>) {}
//! fn turn(shard: &mut Shard, now: Instant, source: SocketAddr, datagram: &mut [u8]) -> Option<Instant> {
//!     shard.handle_datagram(now, source, None, datagram);
//!     if shard.poll_timeout().is_some_and(|due| due <= now) {
//!         shard.handle_timeout(now);
//!     }
//!     while let Some(transmit) = shard.poll_transmit(now) {
//!         send(transmit);
//!     }
//!     while let Some(event) = shard.poll_event() {
//!         println!("{event:?}");
//!     }
//!     shard.poll_timeout()
//! }
//! ```
//!
//! The control plane speaks to a shard in values alone: [`command::Command`] in, [`event::Event`] out. Both
//! can cross a process boundary as they are. A packet that goes no further is a [`drop::Drop`]: counted by
//! reason, never logged, never a panic.

#![warn(missing_docs)]
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
