//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! Owns: the message, both ways. Never does: choose what to report (`congestion::feedback` does) or draw
//! conclusions from it. Reading costs time in proportion to the bytes, not to the 65,535 packets that a few
//! bytes can declare lost.

mod chunk;

use std::time::Duration;

use self::chunk::{ChunkWriter, Symbol, SymbolRuns};
use super::write::{packet, put_u32};
use super::{FORMAT_TRANSPORT_CC, Ssrc, TRANSPORT_FEEDBACK, take_u32};

/// One message, checked: the chunks cover all its packets and each received one has its delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    /// Who received.
    pub sender: Ssrc,
    /// Any stream of the transport.
    pub media: Ssrc,
    /// The first number that this message tells of.
    pub base_sequence: u16,
    /// How many numbers it tells of; those not [`TransportFeedback::received`] did not arrive.
    pub status_count: u16,
    /// Counts the messages.
    pub feedback_count: u8,
    /// In units of 64 ms, signed; the origin is the receiver's secret.
    reference_time: i32,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    pub(super) fn read(sender: Ssrc, media: Ssrc, rest: &'a [u8]) -> Option<Self> {
        let (base_and_count, rest) = take_u32(rest)?;
        let (time_and_count, rest) = take_u32(rest)?;
        let status_count = base_and_count as u16;
        let (chunks, deltas) = split(rest, status_count)?;
        Some(Self {
            sender,
            media,
            base_sequence: (base_and_count >> 16) as u16,
            status_count,
            feedback_count: time_and_count as u8,
            reference_time: time_and_count as i32 >> 8,
            chunks,
            deltas,
        })
    }

    /// The packets that arrived, by ascending number.
    pub fn received(&self) -> Received<'a> {
        Received {
            runs: SymbolRuns::new(self.chunks, self.status_count),
            run: (Symbol::Lost, 0),
            sequence: self.base_sequence,
            deltas: self.deltas,
            ticks: i64::from(self.reference_time) * TICKS_A_REFERENCE,
        }
    }
}

/// Finds where the chunks end and checks that a delta follows for each packet received.
fn split(bytes: &[u8], status_count: u16) -> Option<(&[u8], &[u8])> {
    let mut runs = SymbolRuns::new(bytes, status_count);
    let mut delta_bytes = 0;
    for (symbol, count) in runs.by_ref() {
        delta_bytes += symbol?.delta_bytes() * usize::from(count);
    }
    let (chunks, deltas) = bytes.split_at_checked(bytes.len() - runs.unread().len())?;
    (runs.is_complete() && deltas.len() >= delta_bytes).then_some((chunks, deltas))
}

/// Iterates over the packets received: (transport-wide number, arrival in [`TICK`]s).
#[derive(Clone, Debug)]
pub struct Received<'a> {
    runs: SymbolRuns<'a>,
    run: (Symbol, u16),
    sequence: u16,
    deltas: &'a [u8],
    ticks: i64,
}

impl Iterator for Received<'_> {
    type Item = (u16, i64);

    fn next(&mut self) -> Option<Self::Item> {
        while self.run.0 == Symbol::Lost || self.run.1 == 0 {
            // A lost run is skipped in one step; any other is empty here.
            self.sequence = self.sequence.wrapping_add(self.run.1);
            let (symbol, count) = self.runs.next()?;
            self.run = (symbol?, count);
        }
        self.ticks += self.take_delta()?;
        let sequence = self.sequence;
        self.run.1 -= 1;
        self.sequence = sequence.wrapping_add(1);
        Some((sequence, self.ticks))
    }
}

impl Received<'_> {
    fn take_delta(&mut self) -> Option<i64> {
        let (delta, rest) = match self.run.0 {
            Symbol::Lost => return None,
            Symbol::Small => {
                let (&delta, rest) = self.deltas.split_first()?;
                (i64::from(delta), rest)
            }
            Symbol::Large => {
                let (&delta, rest) = self.deltas.split_first_chunk()?;
                (i64::from(i16::from_be_bytes(delta)), rest)
            }
        };
        self.deltas = rest;
        Some(delta)
    }
}

/// A packet to report: its extended number and when it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Extended transport-wide number.
    pub sequence: u64,
    /// In [`TICK`]s since an origin that stays the same from message to message.
    pub ticks: i64,
}

/// Appends one message about the first of these arrivals, which ascend by number, and returns how many it
/// tells of: it ends before [`MAX_ARRIVALS`], before a delta that sixteen bits cannot hold, and before a gap
/// so long that its numbers would not fit. Appends nothing when there are none.
pub fn transport_cc(
    out: &mut Vec<u8>,
    sender: Ssrc,
    media: Ssrc,
    feedback_count: u8,
    arrivals: &[Arrival],
) -> usize {
    let Some((first, last, arrivals)) = extent(arrivals) else {
        return 0;
    };
    let reference = first.ticks.div_euclid(TICKS_A_REFERENCE);
    packet(out, FORMAT_TRANSPORT_CC, TRANSPORT_FEEDBACK, |out| {
        put_u32(out, sender.0);
        put_u32(out, media.0);
        let status_count = (last.sequence - first.sequence + 1) as u32;
        put_u32(out, u32::from(first.sequence as u16) << 16 | status_count);
        put_u32(out, (reference as u32) << 8 | u32::from(feedback_count));
        put_chunks(out, reference * TICKS_A_REFERENCE, arrivals);
        put_deltas(out, reference * TICKS_A_REFERENCE, arrivals);
    });
    arrivals.len()
}

/// The part of the arrivals that one message can tell, with its first and last.
fn extent(arrivals: &[Arrival]) -> Option<(Arrival, Arrival, &[Arrival])> {
    let &first = arrivals.first()?;
    let fits = |pair: &[Arrival]| {
        let ascends = pair[1].sequence > pair[0].sequence;
        ascends
            && pair[1].sequence - first.sequence < MAX_STATUSES
            && i16::try_from(pair[1].ticks - pair[0].ticks).is_ok()
    };
    let fitting = 1 + arrivals
        .windows(2)
        .take(MAX_ARRIVALS - 1)
        .take_while(|pair| fits(pair))
        .count();
    let told = &arrivals[..fitting];
    Some((first, *told.last()?, told))
}

fn put_chunks(out: &mut Vec<u8>, mut before: i64, arrivals: &[Arrival]) {
    let mut chunks = ChunkWriter::new(out);
    let mut expected = arrivals.first().map_or(0, |first| first.sequence);
    for arrival in arrivals {
        chunks.push(Symbol::Lost, (arrival.sequence - expected) as u16);
        chunks.push(Symbol::of(arrival.ticks - before), 1);
        before = arrival.ticks;
        expected = arrival.sequence + 1;
    }
    chunks.finish();
}

fn put_deltas(out: &mut Vec<u8>, mut before: i64, arrivals: &[Arrival]) {
    for arrival in arrivals {
        let delta = arrival.ticks - before;
        match Symbol::of(delta) {
            Symbol::Small => out.push(delta as u8),
            _ => out.extend_from_slice(&(delta as i16).to_be_bytes()),
        }
        before = arrival.ticks;
    }
}

/// The unit of arrival times: the draft's deltas are multiples of 250 µs.
pub const TICK: Duration = Duration::from_micros(250);
/// The draft's reference time is in multiples of 64 ms.
const TICKS_A_REFERENCE: i64 = 256;
/// Arrivals of one message. At the worst, each alone after a gap, one costs six bytes: below 800 bytes.
pub const MAX_ARRIVALS: usize = 128;
/// Numbers that one message spans: what one run of lost packets can say, and far more than come in the
/// eight seconds after which a delta overflows anyway.
const MAX_STATUSES: u64 = 8191;

#[cfg(test)]
mod tests;
