//! The only way out for media: write, pad, seal, queue.
//!
//! Owns: the order of these four, and the padding that lets a burst of packets share one system call.
//! Never does: choose numbers; the subscription owns its index, the protector refuses a spent one.

use std::time::Instant;

use super::egress::{Egress, Stamp};
use super::outbox::{MAX_PACKET, Outbox};
use super::srtp::Protector;
use crate::drop::Drop;
use crate::id::Ssrc;
use crate::rtp::{AbsSendTime, NtpTime};

/// One participant's sealed way out, for the length of one call.
pub struct Sealing<'a> {
    pub(super) outbox: &'a mut Outbox,
    pub(super) protector: &'a mut Protector,
    pub(super) transport_sequence: &'a mut u16,
    pub(super) epoch: Instant,
    pub(super) pad: bool,
    pub(super) count: bool,
}

impl Sealing<'_> {
    /// Pads packets to a common size where little is missing. For video: a frame is a burst of packets
    /// whose sizes differ by a few bytes, and equal ones leave in one system call.
    pub fn padded(mut self, pad: bool) -> Self {
        self.pad = pad;
        self
    }

    /// Counts packets in the transport-wide numbers. Only for those that carry the number: a number that
    /// nobody sees looks like a loss.
    pub fn counted(mut self, count: bool) -> Self {
        self.count = count;
        self
    }

    /// Seals and queues compound packets for as long as `write` has one.
    pub fn send_each(&mut self, mut write: impl FnMut(&mut Vec<u8>) -> bool) -> Result<(), Drop> {
        loop {
            let start = self.outbox.begin()?;
            if !write(self.outbox.buffer()) {
                self.outbox.abandon(start);
                return Ok(());
            }
            self.seal_rtcp(start)?;
        }
    }

    fn seal_rtcp(&mut self, start: usize) -> Result<(), Drop> {
        let sealed = self.protector.protect_rtcp(self.outbox.buffer(), start);
        if sealed.is_err() {
            self.outbox.abandon(start);
            return sealed;
        }
        self.outbox.commit(start);
        Ok(())
    }

    fn stamp(&self, now: Instant) -> Stamp {
        Stamp {
            transport_sequence: self.count.then_some(*self.transport_sequence),
            abs_send_time: AbsSendTime::from_ntp(NtpTime::from_unix(
                now.saturating_duration_since(self.epoch),
            )),
        }
    }

    fn pad(&mut self, start: usize) {
        let overhead = self.protector.rtp_overhead();
        let len = self.outbox.buffer().len() - start;
        let open = self
            .outbox
            .open_segment_size()
            .map(|size| size.saturating_sub(overhead));
        let padding = padding(len, open);
        if padding == 0 {
            return;
        }
        let packet = self.outbox.buffer();
        // RFC 3550 §5.1: "The last octet of the padding contains a count of how many padding octets
        // should be ignored, including itself."
        packet.resize(packet.len() + usize::from(padding) - 1, 0);
        packet.push(padding);
        if let Some(first) = packet.get_mut(start) {
            *first |= PADDING_BIT;
        }
    }
}

impl Egress for Sealing<'_> {
    fn is_connected(&self) -> bool {
        true
    }

    #[inline]
    fn send(
        &mut self,
        now: Instant,
        ssrc: Ssrc,
        index: u64,
        write: &mut dyn FnMut(&mut Vec<u8>, &Stamp) -> usize,
    ) -> Result<&[u8], Drop> {
        let stamp = self.stamp(now);
        let start = self.outbox.begin()?;
        let header_len = write(self.outbox.buffer(), &stamp);
        if self.pad {
            self.pad(start);
        }
        let len = self.outbox.buffer().len() - start;
        let sealed = if len + self.protector.rtp_overhead() > MAX_PACKET {
            Err(Drop::TooLong)
        } else {
            self.protector
                .protect_rtp(self.outbox.buffer(), start, header_len, ssrc, index)
        };
        if let Err(reason) = sealed {
            self.outbox.abandon(start);
            return Err(reason);
        }
        *self.transport_sequence = self.transport_sequence.wrapping_add(u16::from(self.count));
        Ok(self.outbox.commit(start))
    }

    fn resend(&mut self, _now: Instant, sealed: &[u8]) -> Result<(), Drop> {
        let start = self.outbox.begin()?;
        self.outbox.buffer().extend_from_slice(sealed);
        self.outbox.commit(start);
        Ok(())
    }

    fn send_rtcp(&mut self, _now: Instant, write: &mut dyn FnMut(&mut Vec<u8>)) -> Result<(), Drop> {
        let start = self.outbox.begin()?;
        write(self.outbox.buffer());
        if self.outbox.buffer().len() == start {
            return Ok(());
        }
        self.seal_rtcp(start)
    }
}

/// How many bytes of padding a packet of `len` bytes gets, given the size that the open run wants.
fn padding(len: usize, open: Option<usize>) -> u8 {
    if !(PADDED_FROM..=PADDED_TO).contains(&len) {
        return 0;
    }
    let target = match open {
        Some(size) if (len..=len + MAX_PADDING).contains(&size) => size,
        _ => len.next_multiple_of(GRAIN),
    };
    (target - len) as u8
}

/// RFC 3550 §5.1, the P bit of the first byte.
const PADDING_BIT: u8 = 0x20;

/// Small packets are the tail of a frame: they end the run anyhow.
const PADDED_FROM: usize = 600;

/// Libwebrtc fills packets up to 1,200 bytes; longer ones must not grow past a tunnel's MTU.
const PADDED_TO: usize = 1_240;

/// Packets of one frame differ by a byte or so in libwebrtc's packetiser, as it shares a frame's bytes out
/// evenly: rounding up to sixteen makes nearly all of them equal and costs 0.7 % of the bytes.
const GRAIN: usize = 16;

/// The most that is spent on joining an open run; twice the grain, still below 3 % of a packet.
const MAX_PADDING: usize = 2 * GRAIN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_one_frame_get_one_size() {
        let first = 1_163 + usize::from(padding(1_163, None));
        assert_eq!(first, 1_168);
        for len in [1_163, 1_162, 1_150, 1_168] {
            assert_eq!(len + usize::from(padding(len, Some(first))), first, "{len}");
        }
    }

    #[test]
    fn a_packet_that_is_far_off_the_open_run_only_gets_rounded() {
        assert_eq!(padding(900, Some(1_168)), 12);
        assert_eq!(padding(1_168, Some(1_000)), 0);
    }

    #[test]
    fn tails_and_giants_are_left_alone() {
        assert_eq!(padding(120, None), 0);
        assert_eq!(padding(1_300, Some(1_310)), 0);
    }
}
