//! Connectivity checks.

use super::Named;
use crate::check;
use crate::shard::CHECK;
use crate::stun::SIGN;

/// Bare or signed by the target; the raw one is signed already.
pub(super) fn checks() -> Vec<Named> {
    let nominate = [CHECK, &PRIORITY, &USE_CANDIDATE].concat();
    let raw = [&[0][..], &check::signed(&nominate)].concat();
    let indication = [&[SIGN, 0x00, 0x11][..], &CHECK[2..]].concat();
    vec![
        ("signed-check", raw),
        ("nominating-check", unsigned(&[&PRIORITY, &USE_CANDIDATE])),
        ("unknown-attributes", unsigned(&[&UNKNOWN, &PRIORITY, &UNKNOWN])),
        ("role-conflict", unsigned(&[&CONTROLLED])),
        ("indication", indication),
    ]
}

fn unsigned(attributes: &[&[u8]]) -> Vec<u8> {
    let mut input = [&[SIGN], CHECK].concat();
    attributes
        .iter()
        .for_each(|attribute| input.extend_from_slice(attribute));
    input
}

// RFC 8445 §16.1, and an attribute that nobody assigned.
const PRIORITY: [u8; 8] = [0x00, 0x24, 0, 4, 0x6e, 0x00, 0x1e, 0xff];
const USE_CANDIDATE: [u8; 4] = [0x00, 0x25, 0, 0];
const CONTROLLED: [u8; 12] = [0x80, 0x29, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
const UNKNOWN: [u8; 8] = [0x7f, 0xff, 0, 3, 1, 2, 3, 0];
