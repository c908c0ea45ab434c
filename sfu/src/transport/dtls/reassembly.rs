//! Handshake messages put together from fragments that come in any order, any number of times and with
//! any boundaries (RFC 6347 §4.2.3).
//!
//! Owns: the fragments of messages to come, within a fixed number of bytes. Never does: look into a message.

use std::array;

use super::record::Fragment;
use crate::drop::Drop;

/// A whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its type (RFC 5246 §7.4).
    pub kind: u8,
    /// Its `message_seq`.
    pub sequence: u16,
    /// What follows the handshake header.
    pub body: Vec<u8>,
}

/// The messages that a client sends in the clear, put together.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    next: u16,
    partial: [Option<Partial>; MESSAGES],
}

impl Reassembly {
    /// The `message_seq` of the message to be delivered next.
    pub(super) fn next(&self) -> u16 {
        self.next
    }

    /// Whether every message has been delivered.
    pub(super) fn is_done(&self) -> bool {
        usize::from(self.next) == MESSAGES
    }

    /// Keeps a fragment of a message not delivered yet.
    pub(super) fn insert(&mut self, fragment: &Fragment<'_>) -> Result<(), Drop> {
        let index = usize::from(fragment.sequence);
        if index >= MESSAGES || fragment.message_bytes > MAX_MESSAGE_BYTES {
            return Err(Drop::MalformedDtls);
        }
        if self.partial[index].is_none() {
            self.make_room(index, fragment.message_bytes)?;
        }
        self.partial[index]
            .get_or_insert_with(|| Partial::new(fragment))
            .insert(fragment)
    }

    /// Takes the next message if it is whole.
    pub(super) fn pop(&mut self) -> Option<Message> {
        let slot = self.partial.get_mut(usize::from(self.next))?;
        let partial = slot.take_if(|partial| partial.missing == 0)?;
        let sequence = self.next;
        self.next += 1;
        Some(Message {
            kind: partial.kind,
            sequence,
            body: partial.body,
        })
    }

    /// The memory that fragments take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.partial
            .iter()
            .flatten()
            .map(|partial| partial.body.len() * 2)
            .sum()
    }

    /// Later messages make way for the next one: only it can bring the handshake forward.
    fn make_room(&mut self, index: usize, message_bytes: usize) -> Result<(), Drop> {
        // Twice: each byte is kept beside a mark that says whether it arrived.
        if self.bytes() + message_bytes * 2 <= MAX_BYTES {
            return Ok(());
        }
        if index != usize::from(self.next) {
            return Err(Drop::MalformedDtls);
        }
        self.partial = array::from_fn(|_| None);
        Ok(())
    }
}

/// One message with holes.
#[derive(Debug)]
struct Partial {
    kind: u8,
    body: Vec<u8>,
    arrived: Vec<bool>,
    missing: usize,
}

impl Partial {
    fn new(first: &Fragment<'_>) -> Self {
        Self {
            kind: first.kind,
            body: vec![0; first.message_bytes],
            arrived: vec![false; first.message_bytes],
            missing: first.message_bytes,
        }
    }

    fn insert(&mut self, fragment: &Fragment<'_>) -> Result<(), Drop> {
        let range = fragment.offset..fragment.offset + fragment.bytes.len();
        if fragment.kind != self.kind || fragment.message_bytes != self.body.len() {
            return Err(Drop::MalformedDtls);
        }
        let body = self.body.get_mut(range.clone()).ok_or(Drop::MalformedDtls)?;
        body.copy_from_slice(fragment.bytes);
        for arrived in &mut self.arrived[range] {
            self.missing -= usize::from(!*arrived);
            *arrived = true;
        }
        Ok(())
    }
}

/// What a client sends in the clear: two ClientHellos, Certificate, ClientKeyExchange, CertificateVerify.
pub(super) const MESSAGES: usize = 5;

/// The longest message, in bytes: post-quantum ClientHellos have 1.5 KiB, chains of RSA certificates 6 KiB.
pub(super) const MAX_MESSAGE_BYTES: usize = 16 << 10;

/// The most that fragments may take, in bytes: the longest message and as much again for those behind it.
pub(super) const MAX_BYTES: usize = 4 * MAX_MESSAGE_BYTES;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(sequence: u16, body: &[u8], from: usize, to: usize) -> Fragment<'_> {
        Fragment {
            kind: 1,
            message_bytes: body.len(),
            sequence,
            offset: from,
            bytes: &body[from..to],
        }
    }

    #[test]
    fn a_message_is_whole_when_its_last_byte_arrives_whatever_the_boundaries() {
        let body: Vec<u8> = (0..100).collect();
        let mut reassembly = Reassembly::default();
        for (from, to) in [(60, 100), (0, 30), (0, 30), (20, 50)] {
            reassembly.insert(&fragment(0, &body, from, to)).unwrap();
            assert_eq!(reassembly.pop(), None);
        }
        reassembly.insert(&fragment(0, &body, 45, 70)).unwrap();
        assert_eq!(reassembly.pop().unwrap().body, body);
    }

    #[test]
    fn messages_come_out_in_order() {
        let mut reassembly = Reassembly::default();
        reassembly.insert(&fragment(1, b"second", 0, 6)).unwrap();
        assert_eq!(reassembly.pop(), None);
        reassembly.insert(&fragment(0, b"first", 0, 5)).unwrap();
        assert_eq!(reassembly.pop().unwrap().body, b"first");
        assert_eq!(reassembly.pop().unwrap().body, b"second");
    }

    #[test]
    fn later_messages_never_keep_the_next_one_out() {
        let large = vec![0; MAX_MESSAGE_BYTES];
        let mut reassembly = Reassembly::default();
        reassembly.insert(&fragment(1, &large, 0, 1)).unwrap();
        reassembly.insert(&fragment(2, &large, 0, 1)).unwrap();
        assert_eq!(
            reassembly.insert(&fragment(3, &large, 0, 1)),
            Err(Drop::MalformedDtls)
        );
        reassembly.insert(&fragment(0, b"first", 0, 5)).unwrap();
        assert_eq!(reassembly.pop().unwrap().body, b"first");
    }

    #[test]
    fn a_fragment_that_contradicts_the_others_is_refused() {
        let mut reassembly = Reassembly::default();
        reassembly.insert(&fragment(0, b"first", 0, 2)).unwrap();
        assert_eq!(
            reassembly.insert(&fragment(0, b"longer", 0, 2)),
            Err(Drop::MalformedDtls)
        );
        let beyond = Fragment {
            offset: 4,
            ..fragment(0, b"first", 0, 2)
        };
        assert_eq!(reassembly.insert(&beyond), Err(Drop::MalformedDtls));
    }

    proptest! {
        #[test]
        fn no_fragments_take_more_than_the_bound(
            fragments in prop::collection::vec((0u16..9, 0usize..20_000, 0usize..20_000, 0usize..1200), 0..50),
        ) {
            let bytes = [7; 1200];
            let mut reassembly = Reassembly::default();
            for (sequence, message_bytes, offset, length) in fragments {
                let fragment = Fragment { kind: 1, message_bytes, sequence, offset, bytes: &bytes[..length] };
                let _ = reassembly.insert(&fragment);
                let _ = reassembly.pop();
                prop_assert!(reassembly.bytes() <= MAX_BYTES);
            }
        }
    }
}
