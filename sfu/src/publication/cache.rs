//! What one encoding sent lately, for those who missed it.
//!
//! Owns: plaintext packets within their limit, and rebuilding an [`Arrival`] from one. Never does: decide
//! who gets it again.

use std::time::{Duration, Instant};

use crate::codec::{Codec, MediaKind};
use crate::id::TrackId;
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::publication::ring::PacketRing;
use crate::rtp::extension::{ExtensionMap, Extensions};
use crate::rtp::header::Header;
use crate::rtp::sequence::SeqNo;

pub use crate::publication::ring::CacheLimit;

/// The limits of every encoding's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Of one video encoding.
    pub video: CacheLimit,
    /// Of one audio encoding.
    pub audio: CacheLimit,
}

impl Default for CacheLimits {
    /// Video: a second, as long as a receiver asks; 2 MiB is a second at 16 Mbit/s. Audio: half a second,
    /// after which it is concealed; 64 KiB is that at 1 Mbit/s, twice what Opus can be.
    fn default() -> Self {
        Self {
            video: CacheLimit {
                span: Duration::from_secs(1),
                bytes: 2 << 20,
            },
            audio: CacheLimit {
                span: Duration::from_millis(500),
                bytes: 64 << 10,
            },
        }
    }
}

impl CacheLimits {
    /// Those of one kind of media.
    pub const fn of(&self, kind: MediaKind) -> CacheLimit {
        match kind {
            MediaKind::Audio => self.audio,
            MediaKind::Video => self.video,
        }
    }
}

/// The packets of one encoding.
#[derive(Debug)]
pub(crate) struct Cache {
    packets: PacketRing<Note>,
}

/// What cannot be read from the bytes again.
#[derive(Clone, Copy, Debug)]
struct Note {
    codec: Codec,
    keyframe: bool,
    timestamp: u32,
    marker: bool,
    header_len: u16,
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new(kind: MediaKind, limits: &CacheLimits) -> Self {
        let packets = match kind {
            MediaKind::Audio => PACKETS_AUDIO,
            MediaKind::Video => PACKETS_VIDEO,
        };
        Self {
            packets: PacketRing::new(limits.of(kind), packets),
        }
    }

    /// Keeps a packet, with the header in which it came for the sake of its extensions.
    pub(crate) fn push(&mut self, arrival: &Arrival<'_>, header: &[u8]) {
        let note = Note {
            codec: arrival.codec,
            keyframe: arrival.keyframe,
            timestamp: arrival.timestamp,
            marker: arrival.marker,
            // What came in one datagram is no longer than one.
            header_len: u16::try_from(header.len()).unwrap_or(u16::MAX),
        };
        let parts = [header, arrival.payload];
        self.packets
            .push(arrival.arrived, arrival.sequence.0, note, parts);
    }

    /// The packet of that number, as it arrived.
    pub(crate) fn get(
        &self,
        now: Instant,
        (track, encoding, sequence): (TrackId, EncodingIndex, SeqNo),
        map: &ExtensionMap,
    ) -> Option<Arrival<'_>> {
        let kept = self.packets.get(now, sequence.0)?;
        let note = kept.note;
        let (header, payload) = kept.bytes.split_at_checked(usize::from(note.header_len))?;
        Some(Arrival {
            track,
            encoding,
            sequence,
            timestamp: note.timestamp,
            marker: note.marker,
            codec: note.codec,
            extensions: Extensions::parse(&Header::parse(header)?, header, map),
            payload,
            keyframe: note.keyframe,
            recovered: true,
            arrived: kept.at,
        })
    }
}

/// More than the limit in bytes holds of full packets, and a power of two for the ring's index.
const PACKETS_VIDEO: usize = 2048;

/// Half a second of Opus in packets of 5 ms.
const PACKETS_AUDIO: usize = 128;
