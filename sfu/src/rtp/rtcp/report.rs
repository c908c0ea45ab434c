//! Sender and receiver reports (RFC 3550 §6.4).
//!
//! Owns: their fields, both ways. Never does: count packets or compute losses.

use super::write::{MAX_COUNT, packet, put_u32};
use super::{NtpTime, RECEIVER_REPORT, SENDER_REPORT, Ssrc, source_description, take_ntp, take_u32};

/// What a source says of itself: two clocks at one moment, and how much it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock of the sender.
    pub ntp: NtpTime,
    /// The same moment on the RTP clock of the source.
    pub rtp: u32,
    /// Packets sent since it began; wraps.
    pub packets: u32,
    /// Payload bytes sent since it began; wraps.
    pub octets: u32,
}

impl SenderInfo {
    pub(super) fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (ntp, rest) = take_ntp(bytes)?;
        let (rtp, rest) = take_u32(rest)?;
        let (packets, rest) = take_u32(rest)?;
        let (octets, rest) = take_u32(rest)?;
        Some((
            Self {
                ntp,
                rtp,
                packets,
                octets,
            },
            rest,
        ))
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ntp.0.to_be_bytes());
        put_u32(out, self.rtp);
        put_u32(out, self.packets);
        put_u32(out, self.octets);
    }
}

/// What a receiver says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: Ssrc,
    /// Lost since the last report, in 1/256 of what was expected.
    pub fraction_lost: u8,
    /// Lost since it began; duplicates can make it negative. Twenty-four bits on the wire.
    pub cumulative_lost: i32,
    /// Extended: the wraps of the sequence number in the upper half.
    pub highest_sequence: u32,
    /// Mean deviation of the spacing, in ticks of the RTP clock.
    pub jitter: u32,
    /// The middle of the NTP time of the newest sender report, 0 if there was none.
    pub last_sender_report: u32,
    /// How long ago that was, in 1/65536 s.
    pub delay_since: u32,
}

impl ReportBlock {
    fn read(block: &[u8; BLOCK_BYTES]) -> Option<Self> {
        let (ssrc, rest) = take_u32(block)?;
        let (loss, rest) = take_u32(rest)?;
        let (highest_sequence, rest) = take_u32(rest)?;
        let (jitter, rest) = take_u32(rest)?;
        let (last_sender_report, rest) = take_u32(rest)?;
        let (delay_since, _) = take_u32(rest)?;
        Some(Self {
            ssrc: Ssrc(ssrc),
            fraction_lost: (loss >> 24) as u8,
            // The sign is in bit 23; shifting it up and down again extends it.
            cumulative_lost: (loss << 8) as i32 >> 8,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since,
        })
    }

    fn put(&self, out: &mut Vec<u8>) {
        // RFC 3550 appendix A.3: clamped to what twenty-four signed bits hold.
        let lost = self.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0x00ff_ffff;
        put_u32(out, self.ssrc.0);
        put_u32(out, u32::from(self.fraction_lost) << 24 | lost);
        put_u32(out, self.highest_sequence);
        put_u32(out, self.jitter);
        put_u32(out, self.last_sender_report);
        put_u32(out, self.delay_since);
    }
}

/// Iterates over report blocks.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl<'a> ReportBlocks<'a> {
    /// What follows the last block is a profile's extension (RFC 3550 §6.4.3), not looked at.
    pub(super) fn new(bytes: &'a [u8], count: u8) -> Option<Self> {
        bytes.get(..usize::from(count) * BLOCK_BYTES).map(Self)
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        ReportBlock::read(block)
    }
}

/// Appends a sender report and the source description that a compound must have (RFC 3550 §6.1).
pub fn sender_report(out: &mut Vec<u8>, ssrc: Ssrc, info: SenderInfo, reports: &[ReportBlock], cname: &str) {
    let reports = &reports[..reports.len().min(MAX_COUNT)];
    packet(out, reports.len() as u8, SENDER_REPORT, |out| {
        put_u32(out, ssrc.0);
        info.put(out);
        reports.iter().for_each(|report| report.put(out));
    });
    source_description(out, ssrc, cname);
}

/// Appends a receiver report; what is beyond thirty-one blocks is left out.
pub fn receiver_report(out: &mut Vec<u8>, ssrc: Ssrc, reports: &[ReportBlock]) {
    let reports = &reports[..reports.len().min(MAX_COUNT)];
    packet(out, reports.len() as u8, RECEIVER_REPORT, |out| {
        put_u32(out, ssrc.0);
        reports.iter().for_each(|report| report.put(out));
    });
}

/// RFC 3550 §6.4.1.
const BLOCK_BYTES: usize = 24;
