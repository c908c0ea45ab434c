//! Datagrams that belong to no outbox: STUN replies, which go back to where the check came from, and the
//! last words of participants that are gone.
//!
//! Owns: their bytes until the socket has them. Never does: grow beyond its bound.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use crate::transmit::Transmit;

/// Datagrams, each with its own address.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    buffer: Vec<u8>,
    entries: Vec<Entry>,
    taken: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    destination: SocketAddr,
    source: Option<IpAddr>,
    segment_size: Option<usize>,
    range: Range<usize>,
}

impl Loose {
    /// Queues what `write` appends, if it appends anything and there is room.
    pub(crate) fn push<T>(
        &mut self,
        destination: SocketAddr,
        source: Option<IpAddr>,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> T {
        self.push_run(destination, source, None, write)
    }

    /// The same for a run of equal segments.
    pub(crate) fn push_run<T>(
        &mut self,
        destination: SocketAddr,
        source: Option<IpAddr>,
        segment_size: Option<usize>,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> T {
        if self.is_empty() {
            self.clear();
        }
        let start = self.buffer.len();
        let written = write(&mut self.buffer);
        let range = start..self.buffer.len();
        if range.end > MAX_BYTES {
            self.buffer.truncate(start);
        } else if !range.is_empty() {
            self.entries.push(Entry {
                destination,
                source,
                segment_size,
                range,
            });
        }
        written
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taken == self.entries.len()
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let entry = self.entries.get(self.taken)?;
        self.taken += 1;
        Some(Transmit {
            destination: entry.destination,
            source: entry.source,
            segment_size: entry.segment_size,
            contents: self.buffer.get(entry.range.clone()).unwrap_or_default(),
        })
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.entries.clear();
        self.taken = 0;
    }
}

/// Replies of one turn: a batch of at most a few hundred checks at about 100 bytes; what is beyond that is
/// lost, and asked again by a client that means it.
const MAX_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn what_is_pushed_comes_out_in_order_with_its_address() {
        let mut loose = Loose::default();
        loose.push(address(1), None, |buffer| buffer.extend_from_slice(b"one"));
        loose.push(address(2), None, |_| {});
        loose.push(address(3), None, |buffer| buffer.extend_from_slice(b"three"));
        let first = loose.poll_transmit().unwrap();
        assert_eq!((first.destination, first.contents), (address(1), &b"one"[..]));
        let second = loose.poll_transmit().unwrap();
        assert_eq!((second.destination, second.contents), (address(3), &b"three"[..]));
        assert!(loose.poll_transmit().is_none());
    }

    #[test]
    fn a_flood_of_replies_is_bounded() {
        let mut loose = Loose::default();
        for _ in 0..2000 {
            loose.push(address(1), None, |buffer| buffer.extend_from_slice(&[0; 100]));
        }
        assert!(loose.buffer.len() <= MAX_BYTES);
    }
}
