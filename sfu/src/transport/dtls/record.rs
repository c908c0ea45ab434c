//! The DTLS record layer and handshake framing, read and written (RFC 6347 §4.1, §4.2.2).
//!
//! Owns: the byte offsets. Never does: keep state or decrypt.

use crate::drop::Drop;

/// A record's content types (RFC 5246 §6.2.1).
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

/// The level of an alert that ends the connection (RFC 5246 §7.2).
pub(super) const FATAL: u8 = 2;

/// content type 1, version 2, epoch 2, sequence number 6, length 2.
pub(super) const RECORD_HEADER_BYTES: usize = 13;
/// type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3.
const HANDSHAKE_HEADER_BYTES: usize = 12;
/// The major version of every DTLS 1.x record: 254, for 255 - 1.
const MAJOR: u8 = 254;
/// DTLS 1.2 as records name it.
const VERSION: [u8; 2] = [MAJOR, 253];

/// One record of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) content: u8,
    pub(super) epoch: u16,
    pub(super) body: &'a [u8],
    /// Header and body.
    pub(super) bytes: &'a [u8],
}

/// The records of a datagram; ends after the first that does not parse.
///
/// An empty body is refused: nobody has a use for it, and the library takes it for a broken datagram.
pub(super) fn records(datagram: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Drop>> {
    parts(datagram, split_record)
}

/// One piece of one handshake message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    pub(super) message_bytes: usize,
    pub(super) sequence: u16,
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
}

/// The fragments in one handshake record; ends after the first that does not parse.
pub(super) fn fragments(body: &[u8]) -> impl Iterator<Item = Result<Fragment<'_>, Drop>> {
    parts(body, split_fragment)
}

/// Writes one record of epoch 0.
pub(super) fn write_record(content: u8, sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(RECORD_HEADER_BYTES + body.len());
    record.push(content);
    record.extend_from_slice(&VERSION);
    record.extend_from_slice(&[0, 0]);
    record.extend_from_slice(&sequence.to_be_bytes()[2..]);
    record.extend_from_slice(&(body.len() as u16).to_be_bytes());
    record.extend_from_slice(body);
    record
}

/// Writes one whole handshake message in one record of epoch 0.
pub(super) fn write_message(kind: u8, message_sequence: u16, record_sequence: u64, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    let mut message = Vec::with_capacity(HANDSHAKE_HEADER_BYTES + body.len());
    message.push(kind);
    message.extend_from_slice(&length[1..]);
    message.extend_from_slice(&message_sequence.to_be_bytes());
    message.extend_from_slice(&[0; 3]);
    message.extend_from_slice(&length[1..]);
    message.extend_from_slice(body);
    write_record(HANDSHAKE, record_sequence, &message)
}

/// Whether a datagram starts with a fatal alert in the clear.
pub(super) fn is_fatal_alert(datagram: &[u8]) -> bool {
    records(datagram).next().is_some_and(|record| {
        record.is_ok_and(|record| record.content == ALERT && record.body.first() == Some(&FATAL))
    })
}

fn parts<'a, T: 'a>(
    bytes: &'a [u8],
    split: impl Fn(&'a [u8]) -> Option<(T, &'a [u8])> + 'a,
) -> impl Iterator<Item = Result<T, Drop>> + 'a {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((part, after)) = split(rest) else {
            rest = &[];
            return Some(Err(Drop::MalformedDtls));
        };
        rest = after;
        Some(Ok(part))
    })
}

fn split_record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (header, after) = bytes.split_at_checked(RECORD_HEADER_BYTES)?;
    let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
    let (body, rest) = after.split_at_checked(length)?;
    let record = Record {
        content: header[0],
        epoch: u16::from_be_bytes([header[3], header[4]]),
        body,
        bytes: &bytes[..RECORD_HEADER_BYTES + length],
    };
    (header[1] == MAJOR && !body.is_empty()).then_some((record, rest))
}

fn split_fragment(bytes: &[u8]) -> Option<(Fragment<'_>, &[u8])> {
    let (header, after) = bytes.split_at_checked(HANDSHAKE_HEADER_BYTES)?;
    let (fragment, rest) = after.split_at_checked(u24(&header[9..12]))?;
    let fragment = Fragment {
        kind: header[0],
        message_bytes: u24(&header[1..4]),
        sequence: u16::from_be_bytes([header[4], header[5]]),
        offset: u24(&header[6..9]),
        bytes: fragment,
    };
    Some((fragment, rest))
}

/// The big-endian number in up to three bytes.
pub(super) fn u24(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | usize::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_message_reads_back() {
        let record = write_message(11, 2, 7, b"body");
        let parsed = records(&record).next().unwrap().unwrap();
        assert_eq!(
            (parsed.content, parsed.epoch, parsed.bytes),
            (HANDSHAKE, 0, &record[..])
        );
        let fragment = fragments(parsed.body).next().unwrap().unwrap();
        assert_eq!((fragment.kind, fragment.sequence, fragment.offset), (11, 2, 0));
        assert_eq!((fragment.message_bytes, fragment.bytes), (4, &b"body"[..]));
    }

    #[test]
    fn a_record_that_promises_more_than_there_is_ends_the_datagram() {
        let mut datagram = write_record(ALERT, 0, &[FATAL, 40]);
        datagram.extend_from_slice(&write_record(ALERT, 1, &[FATAL, 40])[..14]);
        let parsed: Vec<bool> = records(&datagram).map(|record| record.is_ok()).collect();
        assert_eq!(parsed, [true, false]);
    }
}
