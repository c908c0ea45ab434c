//! SRTP and SRTCP (RFC 3711, RFC 7714), in place, one participant's two directions apart.
//!
//! Owns: session keys, rollover counters, replay windows, and the promise that no nonce is used twice. Never
//! does: allocate for a packet (the caller's buffer has room for the [`MAX_TRAILER`]), hold a packet, or
//! negotiate.
//!
//! **No nonce twice.** Two packets sealed by GCM under one key and nonce give away the XOR of their contents
//! and the authentication key itself. A nonce is made of SSRC and index only, so:
//! - A key belongs to one [`Protector`], which cannot be cloned, and [`KeyingMaterial`] is used up in making
//!   it. Keys come from one DTLS handshake, are never written anywhere, and differ between the directions
//!   (RFC 5764 §4.2) and between RTP and RTCP (RFC 3711 §4.3).
//! - Indices are 48 bits and the caller's, who counts outgoing packets without a wrap. Each SSRC has a window
//!   over the newest 1024: an index in it that was used, and each index behind it, is refused with
//!   [`IndexSpent`](crate::drop::Drop::IndexSpent), whatever became of the packet. So a packet is
//!   retransmitted as the bytes that were sealed, or under an index of its own.
//! - That memory is never given up while the key lives: the SSRCs are bounded by refusing more than
//!   [`MAX_SOURCES`], not by forgetting one.
//! - SRTCP indices are this module's own: one counter for all SSRCs, which ends at 2^31 and does not wrap.
//!
//! On the way in, an index is looked up before and marked after its packet authenticated, so what is forged
//! costs one AEAD check and changes nothing.

use std::fmt;

use zeroize::Zeroizing;

use crate::event::SrtpProfile;

mod cipher;
mod counter_mode;
mod gcm;
mod protector;
mod sources;
mod unprotector;

pub use protector::Protector;
pub use sources::MAX_SOURCES;
pub use unprotector::{Unprotected, Unprotector};

/// What a DTLS handshake gives to SRTP: a master key and salt for each direction. Wiped when dropped.
pub struct KeyingMaterial {
    /// What the keys are for.
    pub profile: SrtpProfile,
    /// Protects what we send.
    pub local_key: Zeroizing<Vec<u8>>,
    /// Goes with `local_key`.
    pub local_salt: Zeroizing<Vec<u8>>,
    /// Unprotects what we receive.
    pub remote_key: Zeroizing<Vec<u8>>,
    /// Goes with `remote_key`.
    pub remote_salt: Zeroizing<Vec<u8>>,
}

impl KeyingMaterial {
    /// Cuts up the bytes of the exporter `EXTRACTOR-dtls_srtp`; `None` when there are not exactly
    /// [`exporter_len`] of them.
    pub fn from_exporter(profile: SrtpProfile, is_server: bool, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != exporter_len(profile) {
            return None;
        }
        // RFC 5764 §4.2: client_write_key, server_write_key, client_write_salt, server_write_salt.
        let (keys, salts) = bytes.split_at_checked(2 * key_len(profile))?;
        let (client_key, server_key) = keys.split_at_checked(key_len(profile))?;
        let (client_salt, server_salt) = salts.split_at_checked(salt_len(profile))?;
        let client = (client_key, client_salt);
        let server = (server_key, server_salt);
        let (local, remote) = if is_server {
            (server, client)
        } else {
            (client, server)
        };
        let secret = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        Some(Self {
            profile,
            local_key: secret(local.0),
            local_salt: secret(local.1),
            remote_key: secret(remote.0),
            remote_salt: secret(remote.1),
        })
    }

    /// Both directions. Taking the material by value leaves nobody a second protector with its key.
    pub fn into_contexts(self) -> Option<(Protector, Unprotector)> {
        let protector = Protector::new(self.profile, &self.local_key, &self.local_salt)?;
        let unprotector = Unprotector::new(self.profile, &self.remote_key, &self.remote_salt)?;
        Some((protector, unprotector))
    }
}

impl fmt::Debug for KeyingMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyingMaterial")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// How many bytes to ask of the exporter: two keys and two salts.
pub const fn exporter_len(profile: SrtpProfile) -> usize {
    2 * (key_len(profile) + salt_len(profile))
}

const fn key_len(profile: SrtpProfile) -> usize {
    match profile {
        SrtpProfile::AeadAes128Gcm | SrtpProfile::AesCm128HmacSha1_80 => 16,
        SrtpProfile::AeadAes256Gcm => 32,
    }
}

const fn salt_len(profile: SrtpProfile) -> usize {
    match profile {
        // RFC 7714 §12: 96 bits.
        SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => 12,
        // RFC 3711 §8.2: 112 bits.
        SrtpProfile::AesCm128HmacSha1_80 => 14,
    }
}

/// The most that protection adds to a packet: a GCM tag, and the index of SRTCP.
pub const MAX_TRAILER: usize = 16 + RTCP_INDEX_BYTES;

/// RFC 3711 §3.3.1: an index is 48 bits, a 32-bit rollover counter and the sequence number.
const MAX_RTP_INDEX: u64 = (1 << 48) - 1;
/// RFC 3711 §3.4: 31 bits.
const MAX_RTCP_INDEX: u32 = (1 << 31) - 1;
/// RFC 3711 §3.4: the E flag stands in front of the index; set, the packet is encrypted.
const RTCP_ENCRYPTED: u32 = 1 << 31;
/// E flag and index.
const RTCP_INDEX_BYTES: usize = 4;
/// The part of SRTCP in the clear: version to length, and the sender's SSRC (RFC 3711 §3.4).
const RTCP_HEADER_BYTES: usize = 8;

#[cfg(test)]
mod tests;
