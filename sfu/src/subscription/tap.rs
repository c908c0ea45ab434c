//! The far end of a subscription that is no network peer.
//!
//! Owns: turning arrivals into values that may leave the worker's thread. Never does: select, reorder or
//! renumber: a tap gets every encoding as it arrived, holes included.

use std::time::Instant;

use bytes::Bytes;

use crate::codec::Codec;
use crate::drop::Drop;
use crate::id::{TapId, TrackId};
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::rtp::time::{ClockMap, NtpTime};

/// Who listens to one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    id: TapId,
    track: TrackId,
}

/// One plaintext packet of a tapped track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapPacket {
    /// For whom.
    pub tap: TapId,
    /// Of which track.
    pub track: TrackId,
    /// Of which of its encodings.
    pub encoding: EncodingIndex,
    /// Extended sequence number of the encoding.
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// What the payload is.
    pub codec: Codec,
    /// A key frame starts in this packet.
    pub keyframe: bool,
    /// When it was captured, by its publisher's clock; none before the publisher's first sender report.
    pub ntp: Option<NtpTime>,
    /// The payload: a copy, for the packet's buffer is used again at once.
    pub payload: Bytes,
    /// When it came.
    pub arrived: Instant,
}

impl Tap {
    /// Listens to a track.
    pub fn new(id: TapId, track: TrackId) -> Self {
        Self { id, track }
    }

    /// Its name.
    pub fn id(&self) -> TapId {
        self.id
    }

    /// What it listens to.
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// The packet as the tap's owner gets it.
    pub fn forward(&self, arrival: &Arrival<'_>, clock: &ClockMap) -> Result<TapPacket, Drop> {
        if arrival.track != self.track {
            return Err(Drop::NotSelected);
        }
        if arrival.payload.is_empty() {
            return Err(Drop::Padding);
        }
        Ok(TapPacket {
            tap: self.id,
            track: self.track,
            encoding: arrival.encoding,
            sequence: arrival.sequence.0,
            timestamp: arrival.timestamp,
            marker: arrival.marker,
            codec: arrival.codec,
            keyframe: arrival.keyframe,
            ntp: clock.ntp_at(arrival.timestamp),
            payload: Bytes::copy_from_slice(arrival.payload),
            arrived: arrival.arrived,
        })
    }
}
