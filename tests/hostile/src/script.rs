//! A sequence of datagrams cut from one input.
//!
//! Owns: the format. A step is one byte that says how, two that give a length, and as many bytes or what is
//! left. Never does: fail; any input is a script.

use std::time::Duration;

/// One step of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// What to do, as the target likes.
    pub(crate) how: u8,
    /// With what.
    pub(crate) bytes: &'a [u8],
}

impl Step<'_> {
    /// One of the low five bits, as a switch.
    pub(crate) fn is(&self, bit: u8) -> bool {
        self.how & bit != 0
    }

    /// How much time passes before it: the three high bits choose.
    pub(crate) fn pause(&self) -> Duration {
        PAUSES[usize::from(self.how >> 5)]
    }
}

/// The steps of an input.
pub(crate) fn steps(input: &[u8]) -> impl Iterator<Item = Step<'_>> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let (&[how, high, low], after) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (bytes, after) = after.split_at(length);
        rest = after;
        Some(Step { how, bytes })
    })
}

/// Appends a step to an input.
pub(crate) fn append(input: &mut Vec<u8>, how: u8, bytes: &[u8]) {
    input.push(how);
    input.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    input.extend_from_slice(bytes);
}

/// Around what the machines wait for: 20 ms between copies of a flight, its timer of 150 ms and more, 10 s for
/// a handshake, 30 s of consent.
const PAUSES: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(25),
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(12),
    Duration::from_secs(31),
];
