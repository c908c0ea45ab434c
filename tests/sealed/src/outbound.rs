//! One source that a member sends.
//!
//! Owns: numbers, times and what may be asked for again. Never does: seal frames, or know a clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rapport_sfu::id::{Mid, Pt, Ssrc};
use rapport_sfu::parameters::{Extension, ExtensionKind};
use rapport_sfu::rtp::rtcp::SenderInfo;
use rapport_sfu::rtp::time::NtpTime;
use rapport_sfu::rtp::{ExtensionMap, Extensions, HeaderWriter};

use crate::sdp::{MID_EXTENSION, VP8_REPAIR_PT};
use crate::transport::Transport;

/// A source: numbers from 0, times from the first frame on.
pub(crate) struct Source {
    pub(crate) ssrc: Ssrc,
    mid: Mid,
    pt: Pt,
    /// Where repairs go (RFC 4588); without it a packet is sent again as it was.
    repair: Option<Ssrc>,
    map: ExtensionMap,
    next: u64,
    next_repair: u64,
    packets: u32,
    octets: u32,
    history: VecDeque<Sent>,
}

/// What a repair is made of.
struct Sent {
    index: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    sealed: Vec<u8>,
}

impl Source {
    pub(crate) fn new(mid: Mid, pt: Pt, ssrc: Ssrc, repair: Option<Ssrc>) -> Self {
        let mid_extension = Extension {
            id: MID_EXTENSION,
            kind: ExtensionKind::Mid,
        };
        Self {
            ssrc,
            mid,
            pt,
            repair,
            map: ExtensionMap::new(&[mid_extension]),
            next: 0,
            next_repair: 0,
            packets: 0,
            octets: 0,
            history: VecDeque::new(),
        }
    }

    /// Sends a frame that was cut into these payloads.
    pub(crate) fn send(&mut self, transport: &mut Transport, timestamp: u32, payloads: Vec<Vec<u8>>) {
        let (repaired, count) = (self.repair.is_some(), payloads.len());
        for (at, payload) in payloads.into_iter().enumerate() {
            let index = self.next;
            self.next += 1;
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(payload.len() as u32);
            let mut sent = Sent {
                index,
                timestamp,
                // A packet of sound is marked after silence only, and there is none.
                marker: repaired && at + 1 == count,
                payload,
                sealed: Vec::new(),
            };
            let (packet, header_len) = self.packet((self.pt, self.ssrc, index), &sent, &[]);
            sent.sealed = transport
                .send_rtp(packet, header_len, self.ssrc, index)
                .unwrap_or_default();
            if self.history.len() == HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(sent);
        }
    }

    /// Sends a packet again that got lost.
    pub(crate) fn repair(&mut self, transport: &mut Transport, sequence: u16) {
        let mut sent = self.history.iter().rev();
        let Some(sent) = sent.find(|sent| sent.index as u16 == sequence) else {
            return;
        };
        let Some(ssrc) = self.repair else {
            transport.send_again(sent.sealed.clone());
            return;
        };
        let index = self.next_repair;
        // RFC 4588 §4: the original sequence number, then the original payload.
        let (packet, header_len) = self.packet((VP8_REPAIR_PT, ssrc, index), sent, &sequence.to_be_bytes());
        self.next_repair += 1;
        transport.send_rtp(packet, header_len, ssrc, index);
    }

    /// How this source's times relate to the wall clock.
    pub(crate) fn report(&self, unix: Duration, rtp: u32) -> SenderInfo {
        SenderInfo {
            ntp: NtpTime::from_unix(unix),
            rtp,
            packets: self.packets,
            octets: self.octets,
        }
    }

    fn packet(&self, (pt, ssrc, index): (Pt, Ssrc, u64), sent: &Sent, prefix: &[u8]) -> (Vec<u8>, usize) {
        let header = HeaderWriter {
            marker: sent.marker,
            payload_type: pt,
            sequence: index as u16,
            timestamp: sent.timestamp,
            ssrc,
            padding: 0,
        };
        let extensions = Extensions {
            mid: Some(self.mid),
            ..Extensions::default()
        };
        let mut packet = Vec::with_capacity(sent.payload.len() + 64);
        let header_len = header.write(&extensions, &self.map, &mut packet);
        packet.extend_from_slice(prefix);
        packet.extend_from_slice(&sent.payload);
        (packet, header_len)
    }
}

/// When the frames of a source are due.
pub(crate) struct Pace {
    started: Instant,
    interval: Duration,
    /// Of the RTP clock, from one frame to the next.
    ticks: u32,
    next: u32,
}

impl Pace {
    pub(crate) fn new(started: Instant, interval: Duration, ticks: u32) -> Self {
        Self {
            started,
            interval,
            ticks,
            next: 0,
        }
    }

    /// The time of the next frame, if it is due. Who was held up for long leaves out what is too late.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<u32> {
        if now < self.due() {
            return None;
        }
        if now - self.due() > TOO_LATE {
            let current = now.duration_since(self.started).as_micros() / self.interval.as_micros();
            self.next = current as u32;
        }
        let timestamp = self.next.wrapping_mul(self.ticks);
        self.next += 1;
        Some(timestamp)
    }

    /// When the next frame is due.
    pub(crate) fn due(&self) -> Instant {
        self.started + self.interval * self.next
    }

    /// What the RTP clock shows.
    pub(crate) fn clock(&self, now: Instant) -> u32 {
        let elapsed = now.duration_since(self.started).as_micros() * u128::from(self.ticks);
        (elapsed / self.interval.as_micros()) as u32
    }
}

/// Browsers keep about this many packets.
const HISTORY: usize = 600;

/// Longer than a busy machine makes one wait, shorter than what a listener would take for a gap in a call.
const TOO_LATE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_due_at_their_time_and_late_ones_are_left_out() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::new(start, Duration::from_millis(20), 960);
        assert_eq!(pace.poll(start), Some(0));
        assert_eq!(pace.poll(at(19)), None);
        assert_eq!(pace.poll(at(45)), Some(960));
        assert_eq!(pace.poll(at(45)), Some(1920));
        assert_eq!(pace.poll(at(45)), None);
        assert_eq!((pace.due(), pace.clock(at(50))), (at(60), 2400));
        assert_eq!(pace.poll(at(10_010)), Some(500 * 960));
        assert_eq!(pace.due(), at(10_020));
    }
}
