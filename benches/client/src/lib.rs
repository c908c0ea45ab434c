//! The client side of a transport, as a browser has it, without a socket and a clock.
//!
//! Owns: the controlling side of ICE (on `rtc-stun`) and the client side of DTLS (on `rtc-dtls`), which end in
//! the keys of SRTP. Never does: media. The load generator and the synthetic clients of the tests stand on it.

pub mod handshake;
pub mod ice;
