//! From bytes on the wire to plaintext packets of one participant, and back.
//!
//! Owns: ICE-lite (`ice`) and SRTP (`srtp`). Never does: touch a socket, or look past the header of a packet.

pub mod ice;
pub mod srtp;
