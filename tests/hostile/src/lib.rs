//! What must hold whatever the network brings: one function for each reader of what strangers send.
//!
//! Owns: the functions, each a law that it panics over when broken. Never does: make up inputs. Two callers do:
//! the fuzz targets in `tests/fuzz`, which wrap one function each and need a nightly compiler, and the tests of
//! this crate, which run the committed corpus and some thousand mutations of it with any compiler.
//!
//! A function whose subject keeps state takes its input for a script of datagrams.

mod check;
mod dependency;
mod dtls_guard;
mod keys;
mod rtcp;
mod rtp;
mod script;
mod sctp;
mod sdp;
pub mod seeds;
mod shard;
mod stun;

pub use dependency::dependency;
pub use dtls_guard::dtls_guard;
pub use keys::keys;
pub use rtcp::rtcp;
pub use rtp::rtp;
pub use sctp::sctp;
pub use sdp::sdp;
pub use shard::shard;
pub use stun::stun;

/// A function of this crate.
pub type Target = fn(&[u8]);

/// All of them, by the names of their fuzz targets.
pub const TARGETS: [(&str, Target); 9] = [
    ("stun", stun),
    ("rtp", rtp),
    ("rtcp", rtcp),
    ("dependency", dependency),
    ("dtls_guard", dtls_guard),
    ("sctp", sctp),
    ("sdp", sdp),
    ("keys", keys),
    ("shard", shard),
];
