//! Writes the replies of a lite agent: success, role conflict, unknown attribute.
//!
//! Owns: the layout of a reply. Never does: write one for a sender that is not authenticated.

use std::net::{IpAddr, SocketAddr};

use rtc_stun::fingerprint::fingerprint_value;

use super::stun::{
    ATTRIBUTE_HEADER_BYTES, BINDING_ERROR, BINDING_SUCCESS, ERROR_CODE, FINGERPRINT, HEADER_BYTES,
    INTEGRITY_BYTES, Key, MAGIC_COOKIE, MESSAGE_INTEGRITY, TransactionId, UNKNOWN_ATTRIBUTES,
    XOR_MAPPED_ADDRESS,
};

/// The check is good; `source` is where it came from.
pub(super) fn success(out: &mut Vec<u8>, key: &Key, transaction: &TransactionId, source: SocketAddr) {
    let mut reply = Reply::begin(out, BINDING_SUCCESS, transaction);
    reply.xor_mapped_address(source, transaction);
    reply.finish(key);
}

/// RFC 8445 §7.3.1.1: the sender has to take the other role.
pub(super) fn role_conflict(out: &mut Vec<u8>, key: &Key, transaction: &TransactionId) {
    let mut reply = Reply::begin(out, BINDING_ERROR, transaction);
    reply.error_code(487, "Role Conflict");
    reply.finish(key);
}

/// RFC 8489 §6.3.1: names the comprehension-required attributes that we do not know.
pub(super) fn unknown_attributes(out: &mut Vec<u8>, key: &Key, transaction: &TransactionId, unknown: &[u16]) {
    let mut reply = Reply::begin(out, BINDING_ERROR, transaction);
    reply.error_code(420, "Unknown Attribute");
    reply.attribute(
        UNKNOWN_ATTRIBUTES,
        unknown.iter().flat_map(|kind| kind.to_be_bytes()),
    );
    reply.finish(key);
}

/// A message under construction at the end of a buffer.
pub(super) struct Reply<'a> {
    pub(super) out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Reply<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>, kind: u16, transaction: &TransactionId) -> Self {
        let start = out.len();
        out.extend(kind.to_be_bytes());
        out.extend([0; 2]);
        out.extend(MAGIC_COOKIE);
        out.extend(transaction);
        Self { out, start }
    }

    pub(super) fn attribute(&mut self, kind: u16, value: impl IntoIterator<Item = u8>) {
        let at = self.out.len();
        self.out.extend(kind.to_be_bytes());
        self.out.extend([0; 2]);
        self.out.extend(value);
        let length = self.out.len() - at - ATTRIBUTE_HEADER_BYTES;
        self.set_u16(at + 2, length);
        self.out
            .resize(at + ATTRIBUTE_HEADER_BYTES + length.next_multiple_of(4), 0);
    }

    /// RFC 8489 §14.2: the port and address, XORed with the cookie and the transaction.
    pub(super) fn xor_mapped_address(&mut self, address: SocketAddr, transaction: &TransactionId) {
        let mask = MAGIC_COOKIE.iter().chain(transaction);
        let port = address.port().to_be_bytes();
        let xor = |octets: &[u8]| -> [u8; 16] {
            let mut masked = [0; 16];
            let bytes = octets.iter().zip(mask.clone()).map(|(octet, mask)| octet ^ mask);
            masked.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
            masked
        };
        let (family, octets, len) = match address.ip() {
            IpAddr::V4(ip) => (1, xor(&ip.octets()), 4),
            IpAddr::V6(ip) => (2, xor(&ip.octets()), 16),
        };
        let head = [0, family, port[0] ^ MAGIC_COOKIE[0], port[1] ^ MAGIC_COOKIE[1]];
        self.attribute(
            XOR_MAPPED_ADDRESS,
            head.into_iter().chain(octets.into_iter().take(len)),
        );
    }

    /// RFC 8489 §14.8: the hundreds and the rest of the code, then the reason phrase.
    fn error_code(&mut self, code: u16, reason: &str) {
        let head = [0, 0, (code / 100) as u8, (code % 100) as u8];
        self.attribute(ERROR_CODE, head.into_iter().chain(reason.bytes()));
    }

    /// RFC 8489 §14.5, §14.7: each of the two trailers counts itself in the length that it covers.
    pub(super) fn finish(mut self, key: &Key) {
        self.set_length(ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES);
        let tag = key.sign(&self.out[self.start..]);
        self.attribute(MESSAGE_INTEGRITY, tag);

        self.set_length(ATTRIBUTE_HEADER_BYTES + size_of::<u32>());
        let fingerprint = fingerprint_value(&self.out[self.start..]);
        self.attribute(FINGERPRINT, fingerprint.to_be_bytes());
    }

    fn set_length(&mut self, to_come: usize) {
        let length = self.out.len() - self.start - HEADER_BYTES + to_come;
        self.set_u16(self.start + 2, length);
    }

    /// Every caller has written these two bytes already.
    fn set_u16(&mut self, at: usize, value: usize) {
        self.out[at..at + 2].copy_from_slice(&(value as u16).to_be_bytes());
    }
}
