//! AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4.1.1, §4.2.1), for clients without GCM.
//!
//! Owns: key stream, tag and layout. Never does: know which indices were used.
//!
//! HMAC-SHA1 comes from the crates `hmac` and `sha1`, which use the CPU's SHA instructions: `ring` does not for
//! this legacy algorithm, and took 3.2 µs for the tag of a 1200-byte packet where these take 0.7.

use aes::Aes128Enc;
use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use ctr::{Ctr128BE, CtrCore, flavors};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{RTCP_HEADER_BYTES, RTCP_INDEX_BYTES};
use crate::drop::Drop;
use crate::id::Ssrc;

pub(super) struct CounterMode {
    aes: Aes128Enc,
    authentication: Hmac<Sha1>,
    salt: [u8; 14],
}

impl CounterMode {
    pub(super) fn new(key: &[u8], salt: [u8; 14], authentication: &[u8]) -> Option<Self> {
        Some(Self {
            aes: Aes128Enc::new_from_slice(key).ok()?,
            authentication: <Hmac<Sha1> as KeyInit>::new_from_slice(authentication).ok()?,
            salt,
        })
    }

    pub(super) fn seal_rtp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<(), Drop> {
        let rtp = packet.get_mut(start..).ok_or(Drop::MalformedRtp)?;
        let payload = rtp.get_mut(header_len..).ok_or(Drop::MalformedRtp)?;
        self.apply_key_stream(ssrc, index, payload);
        let tag = self.tag(rtp, &rollover(index));
        packet.extend_from_slice(&tag);
        Ok(())
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<usize, Drop> {
        let (rtp, tag) = packet
            .split_last_chunk_mut::<TAG_BYTES>()
            .ok_or(Drop::MalformedRtp)?;
        if rtp.len() < header_len {
            return Err(Drop::MalformedRtp);
        }
        self.verify(rtp, &rollover(index), tag)?;
        self.apply_key_stream(ssrc, index, rtp.get_mut(header_len..).unwrap_or_default());
        Ok(rtp.len())
    }

    pub(super) fn seal_rtcp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        (ssrc, word): (Ssrc, u32),
    ) -> Result<(), Drop> {
        let rtcp = packet.get_mut(start..).ok_or(Drop::MalformedRtcp)?;
        let payload = rtcp.get_mut(RTCP_HEADER_BYTES..).ok_or(Drop::MalformedRtcp)?;
        self.apply_key_stream(ssrc, rtcp_index(word), payload);
        // RFC 3711 §3.4: the tag comes last and covers the word with E flag and index.
        packet.extend_from_slice(&word.to_be_bytes());
        let tag = self.tag(packet.get(start..).unwrap_or_default(), &[]);
        packet.extend_from_slice(&tag);
        Ok(())
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8], (ssrc, word): (Ssrc, u32)) -> Result<usize, Drop> {
        let (covered, tag) = packet
            .split_last_chunk_mut::<TAG_BYTES>()
            .ok_or(Drop::MalformedRtcp)?;
        self.verify(covered, &[], tag)?;
        let (rtcp, _) = covered
            .split_last_chunk_mut::<RTCP_INDEX_BYTES>()
            .ok_or(Drop::MalformedRtcp)?;
        let payload = rtcp.get_mut(RTCP_HEADER_BYTES..).ok_or(Drop::MalformedRtcp)?;
        self.apply_key_stream(ssrc, rtcp_index(word), payload);
        Ok(rtcp.len())
    }

    /// What the tag covers, and the tag.
    pub(super) fn split_tag(packet: &[u8]) -> Option<(&[u8], &[u8; TAG_BYTES])> {
        packet.split_last_chunk()
    }

    /// RFC 3711 §4.1.1: IV = (k_s × 2^16) XOR (SSRC × 2^64) XOR (i × 2^16).
    pub(super) fn apply_key_stream(&self, ssrc: Ssrc, index: u64, data: &mut [u8]) {
        let mut salt = [0; 16];
        salt[..self.salt.len()].copy_from_slice(&self.salt);
        let iv = u128::from_be_bytes(salt) ^ u128::from(ssrc.0) << 64 ^ u128::from(index) << 16;
        let core = CtrCore::<_, flavors::Ctr128BE>::inner_iv_init(&self.aes, &iv.to_be_bytes().into());
        Ctr128BE::from_core(core).apply_keystream(data);
    }

    /// RFC 3711 §4.2.1: HMAC-SHA1, truncated to its leftmost 80 bits.
    fn tag(&self, covered: &[u8], rollover: &[u8]) -> [u8; TAG_BYTES] {
        let full = self.mac(covered, rollover).finalize().into_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&full[..TAG_BYTES]);
        tag
    }

    /// Compares in constant time.
    fn verify(&self, covered: &[u8], rollover: &[u8], tag: &[u8; TAG_BYTES]) -> Result<(), Drop> {
        self.mac(covered, rollover)
            .verify_truncated_left(tag)
            .map_err(|_| Drop::Unauthentic)
    }

    fn mac(&self, covered: &[u8], rollover: &[u8]) -> Hmac<Sha1> {
        self.authentication
            .clone()
            .chain_update(covered)
            .chain_update(rollover)
    }
}

/// RFC 3711 §4.2: M = Authenticated Portion || ROC.
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn rtcp_index(word: u32) -> u64 {
    u64::from(word & super::MAX_RTCP_INDEX)
}

/// 80 bits.
const TAG_BYTES: usize = 10;
