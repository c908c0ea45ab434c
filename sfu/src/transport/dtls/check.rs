//! What must be right of a client's message before the library sees it.
//!
//! Owns: the order of messages, and the alerts that say what is wrong. Never does: keep state.

use super::guard::Message;
use super::reassembly::MESSAGES;
use super::record;

/// The alert that tells a client why not (RFC 5246 §7.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal(u8);

impl Refusal {
    pub(super) const UNEXPECTED_MESSAGE: Self = Self(10);
    pub(super) const HANDSHAKE_FAILURE: Self = Self(40);
    pub(super) const ILLEGAL_PARAMETER: Self = Self(47);
    pub(super) const DECODE_ERROR: Self = Self(50);
    pub(super) const INTERNAL_ERROR: Self = Self(80);

    /// Its number on the wire.
    pub(super) const fn description(self) -> u8 {
        self.0
    }
}

/// RFC 5246 §7.3: handshake messages come in one order only. Ours asks every client for a certificate.
pub(super) fn order(message: &Message) -> Result<(), Refusal> {
    let expected = ORDER.get(usize::from(message.sequence));
    if expected == Some(&message.kind) {
        Ok(())
    } else {
        Err(Refusal::UNEXPECTED_MESSAGE)
    }
}

/// RFC 5246 §7.4.6: a client without a certificate sends a list with none. We have no use for such a client.
pub(super) fn certificate(body: &[u8]) -> Result<(), Refusal> {
    let (list, rest) = body.split_at_checked(3).ok_or(Refusal::DECODE_ERROR)?;
    match record::u24(list) {
        0 => Err(Refusal::HANDSHAKE_FAILURE),
        length if length == rest.len() => Ok(()),
        _ => Err(Refusal::DECODE_ERROR),
    }
}

/// Handshake types (RFC 5246 §7.4).
pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const CERTIFICATE_VERIFY: u8 = 15;
const CERTIFICATE: u8 = 11;
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// The second ClientHello brings back the cookie of the first.
const ORDER: [u8; MESSAGES] = [
    CLIENT_HELLO,
    CLIENT_HELLO,
    CERTIFICATE,
    CLIENT_KEY_EXCHANGE,
    CERTIFICATE_VERIFY,
];
