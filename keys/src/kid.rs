//! The number of a key, as frames carry it (SK-1, section 9).

/// Below it a KID has its generation and step.
const SENDER_SHIFT: u32 = 20;

/// The index of the sender whose key it is, 0 to 4095.
pub const fn sender_of(kid: u32) -> u16 {
    (kid >> SENDER_SHIFT) as u16
}
