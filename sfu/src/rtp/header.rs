//! The RTP header (RFC 3550 §5.1) with its extension block (RFC 8285).
//!
//! Owns: where a packet's parts begin and end, both ways. Never does: know what an extension element
//! means (`extension` does) or touch the payload, which is encrypted when a header is first parsed.

use super::extension::{ExtensionMap, Extensions};
use crate::id::{Pt, Ssrc};

/// The header of one packet; parsed from the clear part, so a protected packet will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Video: the last packet of a frame. Audio: the first one after silence.
    pub marker: bool,
    /// What the payload is.
    pub payload_type: Pt,
    /// Counts packets of this source.
    pub sequence: u16,
    /// When the payload was sampled, in ticks of the codec's clock.
    pub timestamp: u32,
    /// Which source.
    pub ssrc: Ssrc,
    /// Bytes up to the payload, the extension block included.
    pub len: usize,
    has_padding: bool,
    csrc_count: u8,
    form: Form,
}

/// How the elements of the extension block are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// No extension block, or one that RFC 8285 does not describe.
    Absent,
    /// RFC 8285 §4.2: ids 1–14, 1–16 bytes.
    OneByte,
    /// RFC 8285 §4.3: ids 1–255, 0–255 bytes.
    TwoByte,
}

impl Header {
    /// Reads the header; `None` when this is no RTP packet of version 2 or its header does not fit it.
    #[inline]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (fixed, rest) = packet.split_first_chunk::<FIXED_BYTES>()?;
        let [first, second, seq_hi, seq_lo, t0, t1, t2, t3, s0, s1, s2, s3] = *fixed;
        if first >> 6 != VERSION {
            return None;
        }
        let csrc_count = first & 0x0f;
        let after_csrcs = rest.get(usize::from(csrc_count) * 4..)?;
        let (form, block_bytes) = match first & EXTENSION_BIT {
            0 => (Form::Absent, 0),
            _ => extension_block(after_csrcs)?,
        };
        Some(Self {
            marker: second & MARKER_BIT != 0,
            payload_type: Pt(second & !MARKER_BIT),
            sequence: u16::from_be_bytes([seq_hi, seq_lo]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
            len: FIXED_BYTES + usize::from(csrc_count) * 4 + block_bytes,
            has_padding: first & PADDING_BIT != 0,
            csrc_count,
            form,
        })
    }

    /// What is between header and padding of this packet, once decrypted. Empty when the packet is
    /// padding only; `None` when the padding is longer than what there is.
    #[inline]
    pub fn payload<'a>(&self, packet: &'a [u8]) -> Option<&'a [u8]> {
        let body = packet.get(self.len..)?;
        if !self.has_padding {
            return Some(body);
        }
        // RFC 3550 §5.1: the last octet counts how many are to be ignored, itself included.
        match usize::from(*body.last()?) {
            0 => None,
            padding => body.get(..body.len().checked_sub(padding)?),
        }
    }

    /// The elements of the extension block as (id, value), up to the first that makes no sense.
    #[inline]
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Elements<'a> {
        let start = FIXED_BYTES + usize::from(self.csrc_count) * 4 + BLOCK_HEADER_BYTES;
        let rest = match self.form {
            Form::Absent => &[],
            Form::OneByte | Form::TwoByte => packet.get(start..self.len).unwrap_or_default(),
        };
        Elements {
            rest,
            form: self.form,
        }
    }
}

/// RFC 3550 §5.3.1: sixteen bits of profile, then the length in 32-bit words without these four bytes.
#[inline]
fn extension_block(bytes: &[u8]) -> Option<(Form, usize)> {
    let (&[p0, p1, l0, l1], rest) = bytes.split_first_chunk::<BLOCK_HEADER_BYTES>()?;
    let block_bytes = usize::from(u16::from_be_bytes([l0, l1])) * 4;
    let form = match u16::from_be_bytes([p0, p1]) {
        ONE_BYTE_PROFILE => Form::OneByte,
        // RFC 8285 §4.3: the low four bits are application bits.
        profile if profile & 0xfff0 == TWO_BYTE_PROFILE => Form::TwoByte,
        _ => Form::Absent,
    };
    (rest.len() >= block_bytes).then_some((form, BLOCK_HEADER_BYTES + block_bytes))
}

/// Iterates over the extension elements of one packet; made by [`Header::extensions`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
    form: Form,
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (id, length) = loop {
            let (&first, rest) = self.rest.split_first()?;
            self.rest = rest;
            // RFC 8285 §4.1.2: a padding byte is ignored, and parsing moves on to the next byte.
            if first != 0 {
                break self.element_header(first)?;
            }
        };
        let Some((value, rest)) = self.rest.split_at_checked(length) else {
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some((id, value))
    }
}

impl Elements<'_> {
    #[inline]
    fn element_header(&mut self, first: u8) -> Option<(u8, usize)> {
        if self.form == Form::TwoByte {
            let (&length, rest) = self.rest.split_first()?;
            self.rest = rest;
            return Some((first, usize::from(length)));
        }
        let id = first >> 4;
        // RFC 8285 §4.2: id 15, and id 0 with a length, end the processing of the whole block.
        if id == 0 || id == 15 {
            self.rest = &[];
            return None;
        }
        Some((id, usize::from(first & 0x0f) + 1))
    }
}

/// The fields of an outgoing header. There are never CSRCs: a forwarder contributes no media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderWriter {
    /// As received, unless frames are cut anew.
    pub marker: bool,
    /// The subscriber's number for the codec.
    pub payload_type: Pt,
    /// The low sixteen bits of the outgoing extended sequence number.
    pub sequence: u16,
    /// On the subscriber's timeline.
    pub timestamp: u32,
    /// The subscription's.
    pub ssrc: Ssrc,
    /// Bytes of RTP padding that follow the payload by [`HeaderWriter::append_padding`]; 0 for none.
    pub padding: u8,
}

impl HeaderWriter {
    /// Appends the header, carrying those `extensions` that the receiver negotiated in `map`, and
    /// returns its length. One-byte elements unless an id or a length needs the other form.
    ///
    /// What is known only now (transport-wide sequence number, send time) goes into `extensions` now:
    /// `Extensions { transport_sequence: Some(n), ..received }`.
    #[inline]
    pub fn write(&self, extensions: &Extensions<'_>, map: &ExtensionMap, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        self.append_fixed(out);
        let form = extensions.append(map, out);
        if form != Form::Absent
            && let Some(first) = out.get_mut(start)
        {
            *first |= EXTENSION_BIT;
        }
        out.len() - start
    }

    /// Appends the padding that the header promised; to be called after the payload.
    #[inline]
    pub fn append_padding(&self, out: &mut Vec<u8>) {
        if self.padding > 0 {
            out.resize(out.len() + usize::from(self.padding) - 1, 0);
            out.push(self.padding);
        }
    }

    #[inline]
    fn append_fixed(&self, out: &mut Vec<u8>) {
        let padding = if self.padding > 0 { PADDING_BIT } else { 0 };
        let marker = if self.marker { MARKER_BIT } else { 0 };
        let [q0, q1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [s0, s1, s2, s3] = self.ssrc.0.to_be_bytes();
        let first = VERSION << 6 | padding;
        let second = marker | (self.payload_type.0 & !MARKER_BIT);
        out.extend_from_slice(&[first, second, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3]);
    }
}

/// RFC 3550 §5.1: "this field identifies the version of RTP", two.
const VERSION: u8 = 2;
/// RFC 3550 §5.1: twelve octets are in every packet.
const FIXED_BYTES: usize = 12;
/// RFC 3550 §5.3.1: profile and length.
pub(super) const BLOCK_HEADER_BYTES: usize = 4;
const PADDING_BIT: u8 = 0x20;
const EXTENSION_BIT: u8 = 0x10;
const MARKER_BIT: u8 = 0x80;
/// RFC 8285 §4.2.
pub(super) const ONE_BYTE_PROFILE: u16 = 0xbede;
/// RFC 8285 §4.3, application bits zero.
pub(super) const TWO_BYTE_PROFILE: u16 = 0x1000;

#[cfg(test)]
mod tests;
