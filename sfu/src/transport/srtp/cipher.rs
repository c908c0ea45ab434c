//! One session key for one direction of RTP or of RTCP, whatever the profile.
//!
//! Owns: the key derivation (RFC 3711 §4.3) and the choice between the two kinds of cipher. Never does: know
//! which indices were used.

use aes::{Aes128Enc, Aes256Enc};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use super::counter_mode::CounterMode;
use super::gcm::Gcm;
use super::{key_len, salt_len};
use crate::drop::Drop;
use crate::event::SrtpProfile;
use crate::id::Ssrc;

#[expect(
    clippy::large_enum_variant,
    reason = "four a participant, and a box would cost each packet a pointer chase"
)]
pub(super) enum Cipher {
    Gcm(Gcm),
    CounterMode(CounterMode),
}

/// The labels of RFC 3711 §4.3.1.
#[derive(Clone, Copy)]
pub(super) struct Labels {
    key: u8,
    authentication: u8,
    salt: u8,
}

pub(super) const RTP: Labels = Labels {
    key: 0,
    authentication: 1,
    salt: 2,
};
pub(super) const RTCP: Labels = Labels {
    key: 3,
    authentication: 4,
    salt: 5,
};

impl Cipher {
    /// `None` when key or salt is not of the profile's length.
    pub(super) fn new(profile: SrtpProfile, key: &[u8], salt: &[u8], labels: Labels) -> Option<Self> {
        if key.len() != key_len(profile) || salt.len() != salt_len(profile) {
            return None;
        }
        let mut session_key = Zeroizing::new([0; 32]);
        let session_key = session_key.get_mut(..key.len())?;
        derive(labels.key, key, salt, session_key)?;
        match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => {
                let mut session_salt = [0; 12];
                derive(labels.salt, key, salt, &mut session_salt)?;
                Gcm::new(session_key, session_salt).map(Self::Gcm)
            }
            SrtpProfile::AesCm128HmacSha1_80 => {
                let mut session_salt = [0; 14];
                derive(labels.salt, key, salt, &mut session_salt)?;
                let mut authentication = Zeroizing::new([0; 20]);
                derive(labels.authentication, key, salt, authentication.as_mut())?;
                let mode = CounterMode::new(session_key, session_salt, authentication.as_ref());
                mode.map(Self::CounterMode)
            }
        }
    }

    /// `packet[start..]` becomes SRTP; its first `header_len` bytes stay in the clear.
    #[inline]
    pub(super) fn seal_rtp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<(), Drop> {
        match self {
            Self::Gcm(gcm) => gcm.seal_rtp(packet, start, header_len, (ssrc, index)),
            Self::CounterMode(mode) => mode.seal_rtp(packet, start, header_len, (ssrc, index)),
        }
    }

    /// Returns how much of `packet` is left as RTP.
    #[inline]
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<usize, Drop> {
        match self {
            Self::Gcm(gcm) => gcm.open_rtp(packet, header_len, (ssrc, index)),
            Self::CounterMode(mode) => mode.open_rtp(packet, header_len, (ssrc, index)),
        }
    }

    /// `packet[start..]` becomes SRTCP; `word` is the E flag and the index.
    pub(super) fn seal_rtcp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        (ssrc, word): (Ssrc, u32),
    ) -> Result<(), Drop> {
        match self {
            Self::Gcm(gcm) => gcm.seal_rtcp(packet, start, (ssrc, word)),
            Self::CounterMode(mode) => mode.seal_rtcp(packet, start, (ssrc, word)),
        }
    }

    /// Returns how much of `packet` is left as RTCP.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], (ssrc, word): (Ssrc, u32)) -> Result<usize, Drop> {
        match self {
            Self::Gcm(gcm) => gcm.open_rtcp(packet, (ssrc, word)),
            Self::CounterMode(mode) => mode.open_rtcp(packet, (ssrc, word)),
        }
    }

    /// The E flag and index of an SRTCP packet, not authenticated yet.
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Option<u32> {
        let word = match self {
            Self::Gcm(_) => packet.last_chunk()?,
            Self::CounterMode(_) => CounterMode::split_tag(packet)?.0.last_chunk()?,
        };
        Some(u32::from_be_bytes(*word))
    }
}

/// RFC 3711 §4.3.3: the key stream of AES in counter mode under the master key, from (label XOR salt) × 2^16
/// on. The index does not enter: browsers and RFC 5764 §4.1.2 leave the key derivation rate at zero.
pub(super) fn derive(label: u8, key: &[u8], salt: &[u8], out: &mut [u8]) -> Option<()> {
    let mut iv = [0; 16];
    // RFC 7714 §11 takes the functions of RFC 3711 and RFC 6188, made for 112 bits of salt: the 96 of GCM
    // stand on the left, zeros fill up.
    iv.get_mut(..salt.len())?.copy_from_slice(salt);
    // RFC 3711 §4.3.1: key_id = label || r, seven bytes, aligned to the right of fourteen.
    iv[7] ^= label;
    out.fill(0);
    if key.len() == 16 {
        Ctr128BE::<Aes128Enc>::new_from_slices(key, &iv)
            .ok()?
            .apply_keystream(out);
    } else {
        Ctr128BE::<Aes256Enc>::new_from_slices(key, &iv)
            .ok()?
            .apply_keystream(out);
    }
    Some(())
}
