//! The incoming direction.
//!
//! Owns: rollover counters and replay windows. Never does: change either for a packet that is not authentic.

use std::fmt;

use super::cipher::{self, Cipher};
use super::protector::rtcp_sender;
use super::sources::Sources;
use super::{MAX_RTCP_INDEX, MAX_RTP_INDEX, RTCP_ENCRYPTED};
use crate::drop::Drop;
use crate::event::SrtpProfile;
use crate::rtp::header::Header;

/// Opens what comes from one participant.
pub struct Unprotector {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    rtp_seen: Sources,
    rtcp_seen: Sources,
}

/// An authentic RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// Bytes of the packet that are RTP now, header included; what follows is void.
    pub len: usize,
    /// Rollover counter and sequence number in one (RFC 3711 §3.3.1).
    pub index: u64,
}

impl Unprotector {
    /// From a master key and salt; `None` when their lengths are not the profile's.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self {
            profile,
            rtp: Cipher::new(profile, key, salt, cipher::RTP)?,
            rtcp: Cipher::new(profile, key, salt, cipher::RTCP)?,
            rtp_seen: Sources::new(),
            rtcp_seen: Sources::new(),
        })
    }

    /// Opens an SRTP packet in place; `header` is its own. On `Err` the packet's bytes are void.
    #[inline]
    pub fn unprotect_rtp(&mut self, header: &Header, packet: &mut [u8]) -> Result<Unprotected, Drop> {
        let window = self.rtp_seen.peek(header.ssrc)?;
        let newest = window.and_then(|window| window.newest());
        let index = estimate(newest, header.sequence).ok_or(Drop::Replayed)?;
        // RFC 3711 §3.3: the replay list is consulted before the tag, because that is cheaper.
        if let Some(window) = window {
            window.check(index).map_err(|_| Drop::Replayed)?;
        }
        let len = self.rtp.open_rtp(packet, header.len, (header.ssrc, index))?;
        // RFC 3711 §3.3: rollover counter and replay list are updated once the packet authenticated.
        self.rtp_seen
            .window(header.ssrc)?
            .accept(index)
            .map_err(|_| Drop::Replayed)?;
        Ok(Unprotected { len, index })
    }

    /// Opens an SRTCP packet in place and returns how many of its bytes are RTCP now. On `Err` they are void.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Drop> {
        let ssrc = rtcp_sender(packet).ok_or(Drop::MalformedRtcp)?;
        let word = self.rtcp.rtcp_word(packet).ok_or(Drop::MalformedRtcp)?;
        // RFC 3711 §3.4 lets E be clear where that was negotiated. WebRTC has no way to negotiate it.
        if word & RTCP_ENCRYPTED == 0 {
            return Err(Drop::MalformedRtcp);
        }
        let index = u64::from(word & MAX_RTCP_INDEX);
        if let Some(window) = self.rtcp_seen.peek(ssrc)? {
            window.check(index).map_err(|_| Drop::Replayed)?;
        }
        let len = self.rtcp.open_rtcp(packet, (ssrc, word))?;
        self.rtcp_seen
            .window(ssrc)?
            .accept(index)
            .map_err(|_| Drop::Replayed)?;
        Ok(len)
    }
}

/// RFC 3711 §3.3.1: the index nearest to the newest so far; without one, rollover 0.
#[inline]
fn estimate(newest: Option<u64>, sequence: u16) -> Option<u64> {
    let in_first_cycle = u64::from(sequence);
    let Some(newest) = newest else {
        return Some(in_first_cycle);
    };
    let ahead = sequence.wrapping_sub(newest as u16) as i16;
    // There is no cycle before the first, so a number that seems to be from it is ahead of this one.
    let index = newest
        .checked_add_signed(i64::from(ahead))
        .unwrap_or(in_first_cycle);
    (index <= MAX_RTP_INDEX).then_some(index)
}

impl fmt::Debug for Unprotector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprotector")
            .field("profile", &self.profile)
            .field("sources", &self.rtp_seen.len())
            .finish_non_exhaustive()
    }
}
