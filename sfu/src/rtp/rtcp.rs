//! RTCP (RFC 3550 §6) with the feedback messages that we act on (RFC 4585, RFC 5104, transport-wide cc).
//!
//! Owns: telling the packets of a compound apart and reading each without copying; writers append to a
//! buffer. Never does: decide when to send what, or insist on the order of a compound, since reduced-size
//! RTCP (RFC 5506) has none.

mod feedback;
mod report;
mod transport_cc;
mod write;

pub use feedback::{FirEntries, NackItems, fir, nack, pli};
pub use report::{ReportBlock, ReportBlocks, SenderInfo, receiver_report, sender_report};
pub use transport_cc::{Arrival, MAX_ARRIVALS, Received, TICK, TransportFeedback, transport_cc};
pub use write::{goodbye, source_description};

use super::time::NtpTime;
use crate::id::Ssrc;

/// Reads a decrypted RTCP packet. After a malformed part nothing follows: its length cannot be trusted.
pub fn parse(packet: &[u8]) -> Compound<'_> {
    Compound { rest: packet }
}

/// One packet of a compound.
#[derive(Clone, Debug)]
pub enum Rtcp<'a> {
    /// RFC 3550 §6.4.1.
    SenderReport {
        /// Whose.
        ssrc: Ssrc,
        /// What it sent so far.
        info: SenderInfo,
        /// What it received.
        reports: ReportBlocks<'a>,
    },
    /// RFC 3550 §6.4.2.
    ReceiverReport {
        /// Whose.
        ssrc: Ssrc,
        /// What it received.
        reports: ReportBlocks<'a>,
    },
    /// RFC 3550 §6.5: names that signaling told already.
    SourceDescription,
    /// RFC 3550 §6.6.
    Goodbye {
        /// Sources that end.
        ssrcs: Ssrcs<'a>,
    },
    /// RFC 4585 §6.2.1.
    Nack {
        /// Who asks.
        sender: Ssrc,
        /// Which stream has holes.
        media: Ssrc,
        /// Where.
        items: NackItems<'a>,
    },
    /// RFC 4585 §6.3.1.
    Pli {
        /// Who asks.
        sender: Ssrc,
        /// Which stream shall start anew.
        media: Ssrc,
    },
    /// RFC 5104 §4.3.1.
    Fir {
        /// Who asks.
        sender: Ssrc,
        /// Which streams shall start anew.
        entries: FirEntries<'a>,
    },
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
    TransportCc(TransportFeedback<'a>),
    /// Well-formed, and of no use to us.
    Other {
        /// The packet type.
        packet_type: u8,
    },
}

/// RTCP that contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Iterates over the packets of a compound; made by [`parse`].
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Rtcp<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = self.split().and_then(|packet| packet.read());
        if parsed.is_none() {
            self.rest = &[];
        }
        Some(parsed.ok_or(Malformed))
    }
}

impl<'a> Compound<'a> {
    fn split(&mut self) -> Option<Packet<'a>> {
        let (&[first, packet_type, l0, l1], rest) = self.rest.split_first_chunk()?;
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])) * 4)?;
        self.rest = rest;
        Some(Packet {
            count: first & 0x1f,
            packet_type,
            body: if first & PADDING_BIT == 0 {
                body
            } else {
                without_padding(body)?
            },
        })
        .filter(|_| first >> 6 == VERSION)
    }
}

/// RFC 3550 §6.4.1: the last octet counts how many to ignore, itself included, and is a multiple of four.
fn without_padding(body: &[u8]) -> Option<&[u8]> {
    match usize::from(*body.last()?) {
        padding if padding > 0 && padding.is_multiple_of(4) => body.get(..body.len().checked_sub(padding)?),
        _ => None,
    }
}

/// One packet, its common header taken off.
struct Packet<'a> {
    /// A number of items, or the kind of feedback.
    count: u8,
    packet_type: u8,
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn read(self) -> Option<Rtcp<'a>> {
        match self.packet_type {
            SENDER_REPORT => self.sender_report(),
            RECEIVER_REPORT => self.receiver_report(),
            SOURCE_DESCRIPTION => Some(Rtcp::SourceDescription),
            GOODBYE => self.goodbye(),
            TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK => self.feedback(),
            packet_type => Some(Rtcp::Other { packet_type }),
        }
    }

    fn sender_report(self) -> Option<Rtcp<'a>> {
        let (ssrc, rest) = take_ssrc(self.body)?;
        let (info, rest) = SenderInfo::take(rest)?;
        let reports = ReportBlocks::new(rest, self.count)?;
        Some(Rtcp::SenderReport { ssrc, info, reports })
    }

    fn receiver_report(self) -> Option<Rtcp<'a>> {
        let (ssrc, rest) = take_ssrc(self.body)?;
        let reports = ReportBlocks::new(rest, self.count)?;
        Some(Rtcp::ReceiverReport { ssrc, reports })
    }

    fn goodbye(self) -> Option<Rtcp<'a>> {
        let ssrcs = self.body.get(..usize::from(self.count) * 4)?;
        Some(Rtcp::Goodbye { ssrcs: Ssrcs(ssrcs) })
    }

    /// RFC 4585 §6.1: all feedback begins with two SSRCs.
    fn feedback(self) -> Option<Rtcp<'a>> {
        let (sender, rest) = take_ssrc(self.body)?;
        let (media, rest) = take_ssrc(rest)?;
        Some(match (self.packet_type, self.count) {
            (TRANSPORT_FEEDBACK, FORMAT_NACK) => Rtcp::Nack {
                sender,
                media,
                items: NackItems::new(rest)?,
            },
            (TRANSPORT_FEEDBACK, FORMAT_TRANSPORT_CC) => {
                Rtcp::TransportCc(TransportFeedback::read(sender, media, rest)?)
            }
            (PAYLOAD_FEEDBACK, FORMAT_PLI) => Rtcp::Pli { sender, media },
            (PAYLOAD_FEEDBACK, FORMAT_FIR) => Rtcp::Fir {
                sender,
                entries: FirEntries::new(rest)?,
            },
            (packet_type, _) => Rtcp::Other { packet_type },
        })
    }
}

/// The sources of a goodbye.
#[derive(Clone, Debug)]
pub struct Ssrcs<'a>(&'a [u8]);

impl Iterator for Ssrcs<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        let (ssrc, rest) = take_ssrc(self.0)?;
        self.0 = rest;
        Some(ssrc)
    }
}

fn take_ssrc(bytes: &[u8]) -> Option<(Ssrc, &[u8])> {
    let (ssrc, rest) = take_u32(bytes)?;
    Some((Ssrc(ssrc), rest))
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*word), rest))
}

fn take_ntp(bytes: &[u8]) -> Option<(NtpTime, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((NtpTime(u64::from_be_bytes(*word)), rest))
}

/// RFC 3550 §6.4.1.
const VERSION: u8 = 2;
const PADDING_BIT: u8 = 0x20;

// RFC 3550 §12.1 and RFC 4585 §6.1: packet types.
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

// RFC 4585 §6.2 and §6.3, RFC 5104 §4.3, the transport-wide draft §3.1: kinds of feedback.
const FORMAT_NACK: u8 = 1;
const FORMAT_TRANSPORT_CC: u8 = 15;
const FORMAT_PLI: u8 = 1;
const FORMAT_FIR: u8 = 4;

#[cfg(test)]
mod tests;
