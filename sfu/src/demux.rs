//! Whose is this datagram, and what?
//!
//! Owns: the classification by first byte, and the two tables that lead to a participant. Never does:
//! parse more than it needs for that, or trust an address that no STUN check has vouched for.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::id::ParticipantId;

/// What the first bytes of a datagram say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 8489.
    Stun,
    /// RFC 6347.
    Dtls,
    /// RFC 3711, an RTP packet.
    Srtp,
    /// RFC 3711, an RTCP packet.
    Srtcp,
}

impl Protocol {
    /// Classifies by the first byte, and RTP from RTCP by the second.
    #[inline]
    pub fn of(datagram: &[u8]) -> Option<Self> {
        let (&first, &second) = (datagram.first()?, datagram.get(1)?);
        // RFC 7983 §7: [0..3] STUN, [20..63] DTLS, [128..191] RTP or RTCP. ZRTP, TURN channels and QUIC
        // have ranges too; nobody speaks them to us.
        match first {
            0..=3 => Some(Self::Stun),
            20..=63 => Some(Self::Dtls),
            // RFC 5761 §4: "the RTCP packet type … 192 to 223" never is marker and payload type of RTP.
            128..=191 if (192..=223).contains(&second) => Some(Self::Srtcp),
            128..=191 => Some(Self::Srtp),
            _ => None,
        }
    }
}

/// The two ways to a participant: by its ICE username before its address is known, by address after.
#[derive(Debug, Default)]
pub struct Demux {
    ufrags: HashMap<String, ParticipantId>,
    // The default hasher is keyed: a client chooses its ports and must not choose our collisions.
    addresses: HashMap<SocketAddr, ParticipantId>,
    known: HashMap<ParticipantId, Known>,
}

/// What leads to one participant, so that leaving forgets it all.
#[derive(Debug, Default)]
struct Known {
    ufrags: VecDeque<String>,
    addresses: VecDeque<SocketAddr>,
}

impl Demux {
    /// STUN checks with this username are for that participant. The last two stay valid, so that an ICE
    /// restart has no gap.
    pub fn insert_ufrag(&mut self, ufrag: &str, participant: ParticipantId) {
        let known = self.known.entry(participant).or_default();
        if known.ufrags.len() == UFRAGS
            && let Some(oldest) = known.ufrags.pop_front()
        {
            self.ufrags.remove(&oldest);
        }
        known.ufrags.push_back(ufrag.to_owned());
        self.ufrags.insert(ufrag.to_owned(), participant);
    }

    /// A valid STUN check came from this address. It belongs to whoever proved it last: addresses are
    /// handed on, by NATs above all.
    pub fn insert_address(&mut self, address: SocketAddr, participant: ParticipantId) {
        let before = self.addresses.insert(address, participant);
        if before == Some(participant) {
            return;
        }
        if let Some(known) = before.and_then(|before| self.known.get_mut(&before)) {
            known.addresses.retain(|&other| other != address);
        }
        let known = self.known.entry(participant).or_default();
        if known.addresses.len() == ADDRESSES
            && let Some(oldest) = known.addresses.pop_front()
        {
            self.addresses.remove(&oldest);
        }
        known.addresses.push_back(address);
    }

    /// Who answers to this local username fragment?
    pub fn by_ufrag(&self, ufrag: &str) -> Option<ParticipantId> {
        self.ufrags.get(ufrag).copied()
    }

    /// Who sends from this address?
    #[inline]
    pub fn by_address(&self, address: &SocketAddr) -> Option<ParticipantId> {
        self.addresses.get(address).copied()
    }

    /// Forgets all that leads to a participant.
    pub fn remove(&mut self, participant: ParticipantId) {
        let Some(known) = self.known.remove(&participant) else {
            return;
        };
        for ufrag in &known.ufrags {
            self.ufrags.remove(ufrag);
        }
        for address in &known.addresses {
            self.addresses.remove(address);
        }
    }
}

/// Current and previous credentials of an ICE restart.
const UFRAGS: usize = 2;

/// As many addresses as the ICE agent keeps validated: a host with a few interfaces behind a few NATs.
const ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn the_first_byte_decides() {
        assert_eq!(Protocol::of(&[0, 1]), Some(Protocol::Stun));
        assert_eq!(Protocol::of(&[22, 254]), Some(Protocol::Dtls));
        assert_eq!(Protocol::of(&[0x80, 111]), Some(Protocol::Srtp));
        assert_eq!(Protocol::of(&[0x80, 0x80 | 111]), Some(Protocol::Srtp));
        assert_eq!(Protocol::of(&[0x81, 200]), Some(Protocol::Srtcp));
        for nobody in [&[][..], &[0x80], &[4, 0], &[64, 0], &[192, 0], &[255, 255]] {
            assert_eq!(Protocol::of(nobody), None, "{nobody:?}");
        }
    }

    #[test]
    fn a_participant_that_left_is_forgotten() {
        let mut demux = Demux::default();
        demux.insert_ufrag("abcd", ParticipantId(1));
        demux.insert_address(address(1), ParticipantId(1));
        demux.remove(ParticipantId(1));
        assert_eq!(demux.by_ufrag("abcd"), None);
        assert_eq!(demux.by_address(&address(1)), None);
        assert!(demux.known.is_empty());
    }

    #[test]
    fn an_address_belongs_to_whoever_proved_it_last() {
        let mut demux = Demux::default();
        demux.insert_address(address(1), ParticipantId(1));
        demux.insert_address(address(1), ParticipantId(2));
        demux.remove(ParticipantId(1));
        assert_eq!(demux.by_address(&address(1)), Some(ParticipantId(2)));
    }

    #[test]
    fn hopping_from_port_to_port_does_not_grow_the_table() {
        let mut demux = Demux::default();
        for port in 1..1000 {
            demux.insert_address(address(port), ParticipantId(1));
        }
        assert_eq!(demux.addresses.len(), ADDRESSES);
        assert_eq!(demux.by_address(&address(999)), Some(ParticipantId(1)));
        assert_eq!(demux.by_address(&address(1)), None);
    }

    #[test]
    fn a_restart_keeps_the_credentials_before_it_and_no_older_ones() {
        let mut demux = Demux::default();
        for ufrag in ["first", "second", "third"] {
            demux.insert_ufrag(ufrag, ParticipantId(1));
        }
        assert_eq!(demux.by_ufrag("first"), None);
        assert_eq!(demux.by_ufrag("second"), Some(ParticipantId(1)));
        assert_eq!(demux.by_ufrag("third"), Some(ParticipantId(1)));
    }
}
