//! Writing packets out, the first time and again.
//!
//! Owns: what an outgoing packet looks like. Never does: choose or number it.

use std::time::Instant;

use crate::codec::Codec;
use crate::drop::Drop;
use crate::id::Mid;
use crate::parameters::Payload;
use crate::publication::arrival::Arrival;
use crate::rtp::extension::Extensions;
use crate::rtp::header::HeaderWriter;
use crate::subscription::Subscription;
use crate::subscription::forwarder::Placed;
use crate::transport::egress::{Egress, Stamp};

impl Subscription {
    pub(super) fn has_rtx(&self) -> bool {
        self.rtx_ssrc.is_some() && self.payloads.iter().any(|payload| payload.rtx.is_some())
    }

    pub(super) fn send<E: Egress + ?Sized>(
        &mut self,
        now: Instant,
        arrival: &Arrival<'_>,
        payload: &Payload,
        placed: Placed,
        egress: &mut E,
    ) -> Result<(), Drop> {
        let header = HeaderWriter {
            marker: arrival.marker,
            payload_type: payload.pt,
            sequence: placed.index as u16,
            timestamp: placed.timestamp,
            ssrc: self.ssrc,
            padding: 0,
        };
        let (mid, map) = (self.mid, &self.extensions);
        let sealed = egress.send(now, self.ssrc, placed.index, &mut |out, stamp| {
            let header_len = header.write(&outgoing(&arrival.extensions, mid, stamp), map, out);
            append_payload(out, arrival, &placed);
            header_len
        })?;
        self.retransmitter.earn(sealed.len());
        if !self.has_rtx() {
            self.retransmitter.keep(now, placed.index, sealed);
        }
        self.reports.count(now, arrival.payload.len());
        Ok(())
    }

    /// RFC 4588 §4: the retransmission stream has numbers of its own; all else is the original's.
    pub(super) fn send_rtx<E: Egress + ?Sized>(
        &mut self,
        now: Instant,
        original: u64,
        arrival: &Arrival<'_>,
        egress: &mut E,
    ) -> Result<(), Drop> {
        let payload = self.payload(arrival)?;
        let (pt, ssrc) = payload.rtx.zip(self.rtx_ssrc).ok_or(Drop::CacheMiss)?;
        let placed = self
            .forwarder
            .recall(original, arrival.timestamp)
            .ok_or(Drop::CacheMiss)?;
        self.forwarder.resend(now, original, self.retransmitter.pace())?;
        self.retransmitter.spend(arrival.payload.len() + OVERHEAD_BYTES)?;
        let index = self.retransmitter.next_index();
        let header = HeaderWriter {
            marker: arrival.marker,
            payload_type: pt,
            sequence: index as u16,
            timestamp: placed.timestamp,
            ssrc,
            padding: 0,
        };
        let (mid, map) = (self.mid, &self.extensions);
        egress.send(now, ssrc, index, &mut |out, stamp| {
            let header_len = header.write(&outgoing(&arrival.extensions, mid, stamp), map, out);
            out.extend_from_slice(&(original as u16).to_be_bytes());
            append_payload(out, arrival, &placed);
            header_len
        })?;
        Ok(())
    }

    /// Sealing a number twice with another timestamp in an extension would spend one nonce on two
    /// texts, so a stream without retransmission stream repeats its bytes as they are.
    pub(super) fn resend<E: Egress + ?Sized>(
        &mut self,
        now: Instant,
        index: u64,
        egress: &mut E,
    ) -> Result<(), Drop> {
        let len = self
            .retransmitter
            .sealed(now, index)
            .ok_or(Drop::CacheMiss)?
            .len();
        self.forwarder.resend(now, index, self.retransmitter.pace())?;
        self.retransmitter.spend(len)?;
        let sealed = self.retransmitter.sealed(now, index).ok_or(Drop::CacheMiss)?;
        egress.resend(now, sealed)
    }
}

/// What a subscriber is told: its own m-section, its own transport's stamps, and of the publisher's
/// elements those that say something of the media.
fn outgoing<'a>(arrived: &Extensions<'a>, mid: Mid, stamp: &Stamp) -> Extensions<'a> {
    Extensions {
        mid: Some(mid),
        rid: None,
        repaired_rid: None,
        abs_send_time: Some(stamp.abs_send_time),
        transport_sequence: stamp.transport_sequence,
        ..*arrived
    }
}

fn append_payload(out: &mut Vec<u8>, arrival: &Arrival<'_>, placed: &Placed) {
    let start = out.len();
    out.extend_from_slice(arrival.payload);
    if arrival.codec == Codec::Vp8 {
        placed.pictures.apply(&mut out[start..]);
    }
}

/// What a retransmission has beside its payload: header 12, extensions up to 32, OSN 2, tag 16.
const OVERHEAD_BYTES: usize = 64;
