//! What leaves: the shape in which a machine hands bytes to a socket.
//!
//! Owns: [`Transmit`]. Never does: send.

use std::net::{IpAddr, SocketAddr};

/// One UDP datagram, or a run of equal ones, to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Where to.
    pub destination: SocketAddr,
    /// From which of our addresses; the one that the peer knows us by.
    pub source: Option<IpAddr>,
    /// `contents` is a run of datagrams of this size, the last one may be shorter (UDP_SEGMENT).
    pub segment_size: Option<usize>,
    /// The bytes.
    pub contents: &'a [u8],
}

impl Transmit<'_> {
    /// How many datagrams this is.
    pub fn datagrams(&self) -> u64 {
        let size = self.segment_size.unwrap_or(self.contents.len()).max(1);
        self.contents.len().div_ceil(size).max(1) as u64
    }
}
