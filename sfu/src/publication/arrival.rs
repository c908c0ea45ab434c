//! The value that goes from what arrives to what leaves.
//!
//! Owns: [`Arrival`]. Never does: own bytes; they lie in the worker's receive buffer, or in the cache
//! when a packet is sent again.

use std::time::Instant;

use crate::codec::Codec;
use crate::id::TrackId;
use crate::rtp::extension::Extensions;
use crate::rtp::sequence::SeqNo;

/// One media packet as it arrived: decrypted, parsed once, a retransmission already unwrapped.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Of which track.
    pub track: TrackId,
    /// Of which of its encodings.
    pub encoding: EncodingIndex,
    /// Extended sequence number of the encoding; its low sixteen bits are those of the wire.
    pub sequence: SeqNo,
    /// RTP timestamp as the publisher wrote it.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// What the payload is.
    pub codec: Codec,
    /// Header extensions.
    pub extensions: Extensions<'a>,
    /// Empty when the packet was padding only: subscriptions then close its number up.
    pub payload: &'a [u8],
    /// A key frame starts in this packet.
    pub keyframe: bool,
    /// It came by retransmission, or after packets with higher numbers.
    pub recovered: bool,
    /// When it came.
    pub arrived: Instant,
}

/// The place of an encoding in the order of its publication's offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncodingIndex(pub u8);

impl EncodingIndex {
    /// For arrays with one element an encoding.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Browsers send at most three; RFC 8853 knows no bound, so here is one.
pub const MAX_ENCODINGS: usize = 3;
