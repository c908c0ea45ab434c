//! What must hold for every packet that leaves the server, whatever the network does.
//!
//! Owns: the memory of what has left to one client. Judges each datagram between the server and the network,
//! so that a fault is the server's and not the network's.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::{Ssrc, TrackId};
use rapport_sfu::rtp::{Header, Unwrapper};
use rapport_testkit::Content;

use crate::stream::{Packet, Stream};

/// The audit of one client's inbound media.
#[derive(Default)]
pub(crate) struct Auditor {
    streams: HashMap<Ssrc, Stream>,
    sealed: HashMap<Ssrc, Sealed>,
    transport_sequence: Option<u16>,
    hasher: RandomState,
    pub(crate) packets: u64,
    /// The same bytes again, or in a retransmission stream.
    pub(crate) repairs: u64,
}

/// What was sealed with one SSRC under which index: the same bytes again, or a nonce used twice.
#[derive(Default)]
struct Sealed {
    unwrapper: Unwrapper,
    digests: HashMap<u64, u64>,
}

/// What the control plane knew of the SSRC when the packet left.
pub(crate) struct Expectation {
    pub(crate) kind: MediaKind,
    /// The place's own SSRC; the packet's is another if it is of the retransmission stream.
    pub(crate) media: Ssrc,
    /// The track that was mapped to the place, and not muted.
    pub(crate) selected: Option<TrackId>,
    /// How often that one was muted or unmuted: each time a stretch ends.
    pub(crate) mutes: u32,
    /// All that ever were mapped to it, and the number of the last padding that each has sent, if any.
    pub(crate) ever_selected: BTreeMap<TrackId, Option<u64>>,
}

impl Auditor {
    /// Takes note of a sealed packet, before it is opened. Returns its index, or `None` when it is the
    /// repetition of one that has left already, byte for byte.
    pub(crate) fn note(&mut self, bytes: &[u8], header: &Header) -> Result<Option<u64>, String> {
        let digest = self.hasher.hash_one(bytes);
        let sealed = self.sealed.entry(header.ssrc).or_default();
        let index = sealed.unwrapper.unwrap(header.sequence).0;
        if let Some(before) = sealed.digests.insert(index, digest) {
            // MEDIA: a packet without RTX is retransmitted as the identical sealed bytes.
            self.repairs += 1;
            ensure(before == digest, || {
                format!("nonce used twice: {} {index}", header.ssrc)
            })?;
            return Ok(None);
        }
        self.packets += 1;
        self.judge_transport_sequence(bytes, header)?;
        Ok(Some(index))
    }

    /// Judges a packet by what is inside.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        header: &Header,
        payload: &[u8],
        expected: &Expectation,
    ) -> Result<(), String> {
        let stream = self.streams.entry(expected.media).or_default();
        let judged = if header.ssrc == expected.media {
            stream.judge(&Packet::new(index, header, payload)?, expected)
        } else {
            self.repairs += 1;
            stream.judge_repair(header, payload, expected)
        };
        judged.map_err(|fault| format!("{}: {fault}", header.ssrc))
    }

    /// A number left out of the transport-wide count looks like a loss to its reader.
    fn judge_transport_sequence(&mut self, bytes: &[u8], header: &Header) -> Result<(), String> {
        let mut elements = header.extensions(bytes);
        let Some(&[high, low]) = elements
            .find(|&(id, _)| id == TRANSPORT_SEQUENCE)
            .map(|(_, value)| value)
        else {
            return Err("no transport-wide number".to_owned());
        };
        let number = u16::from_be_bytes([high, low]);
        let before = self.transport_sequence.replace(number);
        ensure(
            before.is_none_or(|before| number == before.wrapping_add(1)),
            || format!("transport-wide number {number} after {before:?}"),
        )
    }
}

/// A payload that is nothing but padding has no content.
pub(crate) fn content(payload: &[u8]) -> Result<Option<Content>, String> {
    if payload.is_empty() {
        return Ok(None);
    }
    Content::read(payload)
        .map(Some)
        .ok_or_else(|| "a payload that no client sent".to_owned())
}

pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// See [`rapport_testkit::media`].
const TRANSPORT_SEQUENCE: u8 = 3;
