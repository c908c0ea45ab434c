//! The structure of an SCTP packet (RFC 9260 §3), as far as it must be known before and beside the library.
//!
//! Owns: the byte offsets, and which shape of a chunk may pass. Never does: keep state, or check the checksum
//! (the library does).
//!
//! The library goes by what it understood of a chunk, not by the chunk's length, to find the next one; a
//! chunk that says more than it means would hide others from us. And it panics on error causes that are
//! longer than their chunk. So each chunk must be exactly what its kind has room for.

use crate::drop::Drop;

/// Chunk types (RFC 9260 §3.2, RFC 6525 §3.1, RFC 3758 §3.2).
pub(super) const DATA: u8 = 0;
pub(super) const INIT: u8 = 1;
pub(super) const SACK: u8 = 3;
const HEARTBEAT: u8 = 4;
const HEARTBEAT_ACK: u8 = 5;
pub(super) const ABORT: u8 = 6;
const SHUTDOWN: u8 = 7;
const SHUTDOWN_ACK: u8 = 8;
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;
const SHUTDOWN_COMPLETE: u8 = 14;
pub(super) const RE_CONFIG: u8 = 130;
pub(super) const FORWARD_TSN: u8 = 192;

/// Parameters of RE-CONFIG (RFC 6525 §4.1, §4.4): the sender's streams are reset; an answer.
const OUTGOING_RESET: u16 = 13;
const RESPONSE: u16 = 16;

/// Ports 4, verification tag 4, checksum 4.
const COMMON_HEADER_BYTES: usize = 12;
/// Type 1, flags 1, length 2.
const CHUNK_HEADER_BYTES: usize = 4;
/// Type 2, length 2.
const PARAMETER_HEADER_BYTES: usize = 4;

/// One chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    pub(super) kind: u8,
    /// What follows the chunk header, without padding.
    pub(super) value: &'a [u8],
}

/// A reset of streams that the sender asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reset {
    /// Due when everything up to this TSN is here.
    pub(super) last_tsn: u32,
    /// How many streams.
    pub(super) streams: usize,
}

impl<'a> Chunk<'a> {
    /// Whether the chunk is exactly as long as its contents make it, and the library will find the same end.
    pub(super) fn is_canonical(&self) -> bool {
        match self.kind {
            DATA => self.value.len() > 12,
            SACK => self.sack_bytes() == Some(self.value.len()),
            HEARTBEAT | HEARTBEAT_ACK => self.short(2).map(usize::from) == Some(self.value.len()),
            SHUTDOWN => self.value.len() == 4,
            SHUTDOWN_ACK | SHUTDOWN_COMPLETE | COOKIE_ACK => self.value.is_empty(),
            COOKIE_ECHO | ABORT => true,
            RE_CONFIG => self.is_canonical_reconfig(),
            FORWARD_TSN => self.value.len() >= 4 && self.value.len().is_multiple_of(4),
            // Also ERROR: by RFC 9260 §3.3.10 no reason to end an association, but one to the library.
            _ => false,
        }
    }

    /// The 32 bits at an offset of the value.
    pub(super) fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.value.get(at..at + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The 16 bits at an offset of the value.
    pub(super) fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.value.get(at..at + 2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// How many TSNs the gap blocks of a SACK name, repeats included.
    pub(super) fn gap_span(&self) -> Option<usize> {
        let blocks = usize::from(self.short(8)?);
        let blocks = self.value.get(12..12 + 4 * blocks)?;
        let spans = blocks.chunks_exact(4).map(|block| {
            let start = u16::from_be_bytes([block[0], block[1]]);
            let end = u16::from_be_bytes([block[2], block[3]]);
            usize::from(end.saturating_sub(start)) + 1
        });
        Some(spans.sum())
    }

    /// The resets that this RE-CONFIG asks for.
    pub(super) fn resets(&self) -> impl Iterator<Item = Reset> + 'a {
        parameters(self.value)
            .filter(|parameter| parameter.kind == OUTGOING_RESET)
            .filter_map(|parameter| {
                Some(Reset {
                    last_tsn: parameter.long(8)?,
                    streams: parameter.value.len().checked_sub(12)? / 2,
                })
            })
    }

    fn sack_bytes(&self) -> Option<usize> {
        Some(12 + 4 * (usize::from(self.short(8)?) + usize::from(self.short(10)?)))
    }

    /// RFC 6525 §3.1: one or two parameters.
    fn is_canonical_reconfig(&self) -> bool {
        let known = parameters(self.value).filter(Parameter::is_canonical);
        let (count, bytes) = known.fold((0, 0usize), |(count, bytes), parameter| {
            (
                count + 1,
                bytes.next_multiple_of(4) + PARAMETER_HEADER_BYTES + parameter.value.len(),
            )
        });
        (1..=2).contains(&count) && bytes.next_multiple_of(4) == self.value.len().next_multiple_of(4)
    }
}

/// One parameter of a chunk.
#[derive(Clone, Copy, Debug)]
struct Parameter<'a> {
    kind: u16,
    value: &'a [u8],
}

impl Parameter<'_> {
    fn is_canonical(&self) -> bool {
        match self.kind {
            OUTGOING_RESET => self.value.len() >= 12 && self.value.len().is_multiple_of(2),
            RESPONSE => self.value.len() == 8,
            _ => false,
        }
    }

    fn long(&self, at: usize) -> Option<u32> {
        Chunk {
            kind: 0,
            value: self.value,
        }
        .long(at)
    }
}

/// The parameters of a chunk, up to the first that does not fit.
fn parameters(value: &[u8]) -> impl Iterator<Item = Parameter<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let header = rest.get(..PARAMETER_HEADER_BYTES)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let parameter = Parameter {
            kind: u16::from_be_bytes([header[0], header[1]]),
            value: rest.get(PARAMETER_HEADER_BYTES..length)?,
        };
        // The padding of the last one may be missing.
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(parameter)
    })
}

/// The chunks of a packet; refused as a whole unless they fill it, since the library goes by their lengths.
pub(super) fn chunks(packet: &[u8]) -> Result<impl Iterator<Item = Chunk<'_>> + Clone, Drop> {
    let body = packet.get(COMMON_HEADER_BYTES..).ok_or(Drop::MalformedSctp)?;
    let mut rest = body;
    while !rest.is_empty() {
        (_, rest) = split(rest).ok_or(Drop::MalformedSctp)?;
    }
    let mut rest = body;
    Ok(std::iter::from_fn(move || {
        let (chunk, after) = split(rest)?;
        rest = after;
        Some(chunk)
    }))
}

fn split(bytes: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let header = bytes.get(..CHUNK_HEADER_BYTES)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let chunk = Chunk {
        kind: header[0],
        value: bytes.get(CHUNK_HEADER_BYTES..length)?,
    };
    // RFC 9260 §3.2: the total length of a chunk MUST be a multiple of 4 bytes, padding included.
    Some((chunk, bytes.get(length.next_multiple_of(4)..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chunks_that_do_not_fill_the_packet_are_refused() {
        let mut packet = vec![0; 12];
        packet.extend_from_slice(&[SACK, 0, 0, 5, 9, 0, 0, 0, DATA, 0, 0, 4]);
        let kinds: Vec<(u8, usize)> = chunks(&packet)
            .unwrap()
            .map(|chunk| (chunk.kind, chunk.value.len()))
            .collect();
        assert_eq!(kinds, [(SACK, 1), (DATA, 0)]);
        for length in (0..12).chain([13, 17, 18, 19, 21, 22, 23]) {
            assert!(chunks(&packet[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn repeated_gap_blocks_count_each_time() {
        let mut value = [0; 20];
        value[9] = 2;
        value[12..].copy_from_slice(&[0, 2, 0, 11, 0, 2, 0, 11]);
        assert_eq!(
            Chunk {
                kind: SACK,
                value: &value
            }
            .gap_span(),
            Some(20)
        );
        assert_eq!(
            Chunk {
                kind: SACK,
                value: &value[..19]
            }
            .gap_span(),
            None
        );
    }

    fn is_canonical(kind: u8, value: &[u8]) -> bool {
        Chunk { kind, value }.is_canonical()
    }

    #[test]
    fn a_chunk_that_hides_another_behind_its_contents_is_none() {
        assert!(is_canonical(COOKIE_ACK, &[]));
        assert!(!is_canonical(COOKIE_ACK, &[DATA, 3, 0, 20]));
        assert!(is_canonical(SACK, &[0; 12]));
        assert!(!is_canonical(SACK, &[0; 16]));
        assert!(is_canonical(HEARTBEAT, &[0, 1, 0, 6, 7, 7]));
        assert!(!is_canonical(HEARTBEAT, &[0, 1, 0, 6, 7, 7, 0, 0]));
    }

    #[test]
    fn a_reconfig_holds_one_or_two_parameters_that_we_know() {
        let reset = [0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4];
        let response = [0, 16, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1];
        let unknown = [0, 17, 0, 4];
        let pad = [0, 0];
        assert!(is_canonical(RE_CONFIG, &reset));
        assert!(is_canonical(RE_CONFIG, &[&response[..], &reset[..]].concat()));
        assert!(is_canonical(
            RE_CONFIG,
            &[&reset[..], &pad[..], &response[..]].concat()
        ));
        assert!(!is_canonical(RE_CONFIG, &[&reset[..], &response[..]].concat()));
        assert!(!is_canonical(RE_CONFIG, &[&response[..]; 3].concat()));
        assert!(!is_canonical(RE_CONFIG, &[&response[..], &unknown[..]].concat()));
        assert!(!is_canonical(RE_CONFIG, &[]));
        let both = [&response[..], &reset[..]].concat();
        let resets: Vec<Reset> = Chunk {
            kind: RE_CONFIG,
            value: &both,
        }
        .resets()
        .collect();
        assert_eq!(
            resets,
            [Reset {
                last_tsn: 3,
                streams: 1
            }]
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(packet in prop::collection::vec(any::<u8>(), 0..200)) {
            for chunk in chunks(&packet).into_iter().flatten() {
                let _ = (chunk.gap_span(), chunk.is_canonical(), chunk.resets().count());
            }
        }
    }
}
