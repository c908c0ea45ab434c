//! The outgoing direction.
//!
//! Owns: which indices are spent. Never does: choose an RTP index (the caller counts) or seal one twice.

use std::fmt;

use super::cipher::{self, Cipher};
use super::sources::Sources;
use super::{MAX_RTCP_INDEX, MAX_RTP_INDEX, RTCP_ENCRYPTED};
use crate::drop::Drop;
use crate::event::SrtpProfile;
use crate::id::Ssrc;

/// Seals what goes to one participant. Not `Clone`: it is the only one that may seal under its key.
pub struct Protector {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    spent: Sources,
    next_rtcp_index: u32,
}

impl Protector {
    /// From a master key and salt, which must come to no other protector; `None` when their lengths are not
    /// the profile's. [`KeyingMaterial::into_contexts`](super::KeyingMaterial::into_contexts) sees to both.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self {
            profile,
            rtp: Cipher::new(profile, key, salt, cipher::RTP)?,
            rtcp: Cipher::new(profile, key, salt, cipher::RTCP)?,
            spent: Sources::new(),
            next_rtcp_index: 0,
        })
    }

    /// Bytes by which sealing makes an RTP packet longer.
    pub const fn rtp_overhead(&self) -> usize {
        match self.profile {
            // RFC 7714 §14.2: both have a tag of 128 bits.
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => 16,
            // RFC 3711 §8.2: 80 bits.
            SrtpProfile::AesCm128HmacSha1_80 => 10,
        }
    }

    /// `packet[start..]`, an RTP packet with a header of `header_len` bytes, becomes SRTP. `index` is its
    /// extended sequence number, counted from the first packet with this SSRC that the receiver gets in
    /// rollover 0. On `Err` the packet must not be sent.
    #[inline]
    pub fn protect_rtp(
        &mut self,
        packet: &mut Vec<u8>,
        start: usize,
        header_len: usize,
        ssrc: Ssrc,
        index: u64,
    ) -> Result<(), Drop> {
        debug_assert!(
            agrees(packet, start, ssrc, index),
            "the header tells another SSRC or number"
        );
        // RFC 3711 §9.2: at most 2^48 packets under one key.
        if index > MAX_RTP_INDEX {
            return Err(Drop::IndexSpent);
        }
        // Spent before it is sealed: an index that fails half-way is lost, never used again.
        self.spent
            .window(ssrc)?
            .accept(index)
            .map_err(|_| Drop::IndexSpent)?;
        self.rtp.seal_rtp(packet, start, header_len, (ssrc, index))
    }

    /// `packet[start..]`, a compound RTCP packet, becomes SRTCP.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>, start: usize) -> Result<(), Drop> {
        let ssrc = packet
            .get(start..)
            .and_then(rtcp_sender)
            .ok_or(Drop::MalformedRtcp)?;
        // RFC 3711 §9.2: at most 2^31 SRTCP packets under one key.
        if self.next_rtcp_index > MAX_RTCP_INDEX {
            return Err(Drop::IndexSpent);
        }
        let word = RTCP_ENCRYPTED | self.next_rtcp_index;
        self.next_rtcp_index += 1;
        self.rtcp.seal_rtcp(packet, start, (ssrc, word))
    }
}

impl fmt::Debug for Protector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protector")
            .field("profile", &self.profile)
            .field("sources", &self.spent.len())
            .finish_non_exhaustive()
    }
}

/// RFC 3711 §3.4: the SSRC of the sender of the first packet of the compound.
pub(super) fn rtcp_sender(packet: &[u8]) -> Option<Ssrc> {
    let bytes = packet.get(4..super::RTCP_HEADER_BYTES)?;
    bytes.try_into().ok().map(|bytes| Ssrc(u32::from_be_bytes(bytes)))
}

fn agrees(packet: &[u8], start: usize, ssrc: Ssrc, index: u64) -> bool {
    let header = packet.get(start..).and_then(crate::rtp::header::Header::parse);
    header.is_none_or(|header| header.ssrc == ssrc && header.sequence == index as u16)
}

#[cfg(test)]
impl Protector {
    pub(super) fn skip_rtcp_indices_to(&mut self, index: u32) {
        self.next_rtcp_index = self.next_rtcp_index.max(index);
    }
}
