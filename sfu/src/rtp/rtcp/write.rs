//! The frame that all RTCP packets share when written, and the two kinds that need nothing more.
//!
//! Owns: headers, lengths and filling up to whole words. Never does: put a compound together.

use super::{GOODBYE, SOURCE_DESCRIPTION, VERSION};
use crate::id::Ssrc;

/// Appends a goodbye (RFC 3550 §6.6); what is beyond thirty-one sources is left out.
pub fn goodbye(out: &mut Vec<u8>, ssrcs: &[Ssrc]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(MAX_COUNT)];
    packet(out, ssrcs.len() as u8, GOODBYE, |out| {
        ssrcs.iter().for_each(|ssrc| put_u32(out, ssrc.0));
    });
}

/// Appends a source description with one CNAME (RFC 3550 §6.5.1), cut to the 255 bytes that it may have.
pub fn source_description(out: &mut Vec<u8>, ssrc: Ssrc, cname: &str) {
    let cname = &cname.as_bytes()[..cname.len().min(usize::from(u8::MAX))];
    packet(out, 1, SOURCE_DESCRIPTION, |out| {
        put_u32(out, ssrc.0);
        out.extend_from_slice(&[ITEM_CNAME, cname.len() as u8]);
        out.extend_from_slice(cname);
        // RFC 3550 §6.5: one or more null octets end the list of items; the frame adds the rest.
        out.push(0);
    });
}

/// Writes the common header, then `body`, fills up with zeros to a whole word and sets the length.
pub(super) fn packet(out: &mut Vec<u8>, count: u8, packet_type: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[VERSION << 6 | count, packet_type, 0, 0]);
    body(out);
    let words = (out.len() - start).div_ceil(4);
    out.resize(start + words * 4, 0);
    debug_assert!(words <= 1 << 16, "each writer bounds its items");
    // RFC 3550 §6.4.1: the length in 32-bit words minus one, the header included.
    out[start + 2..start + 4].copy_from_slice(&((words - 1) as u16).to_be_bytes());
}

pub(super) fn put_u32(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}

/// RFC 3550 §6.4.1: the count has five bits.
pub(super) const MAX_COUNT: usize = 31;
/// RFC 3550 §6.5.1.
const ITEM_CNAME: u8 = 1;
