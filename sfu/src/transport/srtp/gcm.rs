//! AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714) on `ring`.
//!
//! Owns: nonces, associated data and layout. Never does: know which nonces were used.

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{RTCP_HEADER_BYTES, RTCP_INDEX_BYTES};
use crate::drop::Drop;
use crate::id::Ssrc;

pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Gcm {
    pub(super) fn new(key: &[u8], salt: [u8; 12]) -> Option<Self> {
        let algorithm = if key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        Some(Self { key, salt })
    }

    #[inline]
    pub(super) fn seal_rtp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<(), Drop> {
        let rtp = packet.get_mut(start..).ok_or(Drop::MalformedRtp)?;
        let (header, payload) = rtp.split_at_mut_checked(header_len).ok_or(Drop::MalformedRtp)?;
        // RFC 7714 §8.2: the associated data is the header with CSRCs and extension.
        let sealed = self
            .key
            .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(header), payload);
        packet.extend_from_slice(sealed.map_err(|_| Drop::TooLong)?.as_ref());
        Ok(())
    }

    #[inline]
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        (ssrc, index): (Ssrc, u64),
    ) -> Result<usize, Drop> {
        let (header, body) = packet
            .split_at_mut_checked(header_len)
            .ok_or(Drop::MalformedRtp)?;
        let opened = self
            .key
            .open_in_place(self.nonce(ssrc, index), Aad::from(header), body);
        Ok(header_len + opened.map_err(|_| Drop::Unauthentic)?.len())
    }

    pub(super) fn seal_rtcp(
        &self,
        packet: &mut Vec<u8>,
        start: usize,
        (ssrc, word): (Ssrc, u32),
    ) -> Result<(), Drop> {
        let rtcp = packet.get_mut(start..).ok_or(Drop::MalformedRtcp)?;
        let (header, payload) = rtcp.split_first_chunk_mut().ok_or(Drop::MalformedRtcp)?;
        let (nonce, aad) = (self.rtcp_nonce(ssrc, word), rtcp_aad(header, word));
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), payload);
        packet.extend_from_slice(sealed.map_err(|_| Drop::TooLong)?.as_ref());
        // RFC 7714 §9.2: the ESRTCP word comes last, behind the tag.
        packet.extend_from_slice(&word.to_be_bytes());
        Ok(())
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8], (ssrc, word): (Ssrc, u32)) -> Result<usize, Drop> {
        let (body, _) = packet
            .split_last_chunk_mut::<RTCP_INDEX_BYTES>()
            .ok_or(Drop::MalformedRtcp)?;
        let (header, body) = body.split_first_chunk_mut().ok_or(Drop::MalformedRtcp)?;
        let (nonce, aad) = (self.rtcp_nonce(ssrc, word), rtcp_aad(header, word));
        let opened = self.key.open_in_place(nonce, Aad::from(aad), body);
        Ok(RTCP_HEADER_BYTES + opened.map_err(|_| Drop::Unauthentic)?.len())
    }

    /// RFC 7714 §8.1: two zero bytes, SSRC, rollover counter, sequence number, XORed with the salt.
    #[inline]
    fn nonce(&self, ssrc: Ssrc, index: u64) -> Nonce {
        let bits = (u128::from(ssrc.0) << 48 | u128::from(index)) ^ self.salt_bits();
        let [_, _, _, _, nonce @ ..] = bits.to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
    }

    /// RFC 7714 §9.1: the same with the 31-bit index where rollover counter and sequence number stand.
    fn rtcp_nonce(&self, ssrc: Ssrc, word: u32) -> Nonce {
        self.nonce(ssrc, u64::from(word & super::MAX_RTCP_INDEX))
    }

    #[inline]
    fn salt_bits(&self) -> u128 {
        let mut bytes = [0; 16];
        bytes[4..].copy_from_slice(&self.salt);
        u128::from_be_bytes(bytes)
    }
}

/// RFC 7714 §9.2: of an encrypted SRTCP packet the first eight bytes and the ESRTCP word.
fn rtcp_aad(header: &[u8; RTCP_HEADER_BYTES], word: u32) -> [u8; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES] {
    let mut aad = [0; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES];
    aad[..RTCP_HEADER_BYTES].copy_from_slice(header);
    aad[RTCP_HEADER_BYTES..].copy_from_slice(&word.to_be_bytes());
    aad
}
