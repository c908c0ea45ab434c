//! From bytes on the wire to plaintext packets of one participant, and back.
//!
//! Owns: ICE-lite (`ice`) and SRTP (`srtp`). Never does: touch a socket, or look past the header of a packet.

pub mod ice;
pub mod srtp;
//! Bytes in, plaintext packets out: what lies between a datagram and a packet that can be forwarded.
//!
//! Owns: the protocols of one participant's transport. Never does: know rooms, tracks or sockets.

pub mod dtls;
//! Owns: ICE-lite (`ice`). Never does: touch a socket, or look past the header of a packet.

pub mod ice;
//! Bytes in, plaintext packets out, and back.

pub mod egress;
