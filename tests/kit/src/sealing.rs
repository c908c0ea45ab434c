//! The form of a sealed frame, without its substance: a header as its sender would write it (RFC 9605 §4.3).

use rapport_sfu::id::SenderIndex;

/// X KKK Y CCC, KID and CTR of a sender's first generation and step, in the fewest bytes.
pub(crate) fn header(sender: SenderIndex, counter: u64) -> Vec<u8> {
    let (kid_flags, kid) = shortest(u64::from(sender.0) << SenderIndex::KID_SHIFT);
    let (counter_flags, counter) = shortest(counter);
    let mut header = vec![kid_flags << 4 | counter_flags];
    header.extend_from_slice(kid.as_slice());
    header.extend_from_slice(counter.as_slice());
    header
}

/// Four bits and the bytes that they announce.
fn shortest(value: u64) -> (u8, Vec<u8>) {
    if value < 8 {
        return (value as u8, Vec::new());
    }
    let bytes = value.to_be_bytes();
    let unused = (value.leading_zeros() / 8) as usize;
    (8 | (bytes.len() - unused - 1) as u8, bytes[unused..].to_vec())
}
