//! Requests of a receiver: send these again (RFC 4585 §6.2.1), start anew (§6.3.1, RFC 5104 §4.3.1).
//!
//! Owns: the lists in these messages, both ways. Never does: remember what was asked for.

use super::write::{packet, put_u32};
use super::{FORMAT_FIR, FORMAT_NACK, FORMAT_PLI, PAYLOAD_FEEDBACK, Ssrc, TRANSPORT_FEEDBACK, take_u32};

/// Iterates over the sequence numbers that a NACK names.
#[derive(Clone, Debug)]
pub struct NackItems<'a> {
    rest: &'a [u8],
    /// The number that bit 0 of `following` stands for.
    next: u16,
    /// Numbers still to give: RFC 4585's PID and BLP as one mask.
    following: u32,
}

impl<'a> NackItems<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Option<Self> {
        let items = Self {
            rest,
            next: 0,
            following: 0,
        };
        // RFC 4585 §6.2.1: the FCI field MUST contain at least one Generic NACK.
        (!rest.is_empty() && rest.len().is_multiple_of(4)).then_some(items)
    }

    fn take_item(&mut self) -> Option<()> {
        let (item, rest) = take_u32(self.rest)?;
        self.rest = rest;
        self.next = (item >> 16) as u16;
        self.following = (item & 0xffff) << 1 | 1;
        Some(())
    }
}

impl Iterator for NackItems<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.following == 0 {
            self.take_item()?;
        }
        let skip = self.following.trailing_zeros();
        let lost = self.next.wrapping_add(skip as u16);
        self.next = lost.wrapping_add(1);
        self.following >>= skip + 1;
        Some(lost)
    }
}

/// Iterates over the entries of a full intra request: (source, number of the request).
#[derive(Clone, Debug)]
pub struct FirEntries<'a>(&'a [u8]);

impl<'a> FirEntries<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Option<Self> {
        // RFC 5104 §4.3.1.1: the FCI field MUST contain one or more FIR entries.
        (!rest.is_empty() && rest.len().is_multiple_of(8)).then_some(Self(rest))
    }
}

impl Iterator for FirEntries<'_> {
    type Item = (Ssrc, u8);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[s0, s1, s2, s3, number, _, _, _], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some((Ssrc(u32::from_be_bytes([s0, s1, s2, s3])), number))
    }
}

/// Appends a NACK for these numbers, ascending over the wrap; appends nothing when there are none. What
/// does not fit one packet is left for the next time.
pub fn nack(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc, lost: impl IntoIterator<Item = u16>) {
    let mut lost = lost.into_iter().peekable();
    if lost.peek().is_none() {
        return;
    }
    packet(out, FORMAT_NACK, TRANSPORT_FEEDBACK, |out| {
        put_u32(out, sender.0);
        put_u32(out, media.0);
        for _ in 0..MAX_ITEMS {
            let Some(first) = lost.next() else { break };
            let mut mask = 0;
            // RFC 4585 §6.2.1: bit i of BLP stands for PID + i + 1.
            while let Some(number) = lost.next_if(|number| number.wrapping_sub(first) <= 16) {
                mask |= (1u32 << number.wrapping_sub(first)) >> 1;
            }
            put_u32(out, u32::from(first) << 16 | mask);
        }
    });
}

/// Appends a picture loss indication.
pub fn pli(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc) {
    packet(out, FORMAT_PLI, PAYLOAD_FEEDBACK, |out| {
        put_u32(out, sender.0);
        put_u32(out, media.0);
    });
}

/// Appends a full intra request; `number` goes up by one for each new request, not for a repeated one.
pub fn fir(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc, number: u8) {
    packet(out, FORMAT_FIR, PAYLOAD_FEEDBACK, |out| {
        put_u32(out, sender.0);
        // RFC 5104 §4.3.1.2: the media source of the common part is not used and is zero.
        put_u32(out, 0);
        put_u32(out, media.0);
        out.extend_from_slice(&[number, 0, 0, 0]);
    });
}

/// Items of one NACK: keeps it below 1200 bytes, which pass everywhere.
const MAX_ITEMS: usize = 256;
