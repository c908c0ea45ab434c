//! ICE candidates as SDP writes them (RFC 8839 §5.1).
//!
//! Owns: checking a client's and writing ours. Never does: use a client's: we are ICE-lite, checks come to us.

use std::fmt;
use std::net::SocketAddr;

use super::line::token;

/// One of our host candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place among ours; the first is preferred.
    pub place: u16,
    /// Where we listen.
    pub address: SocketAddr,
}

impl Candidate {
    /// RFC 8445 §5.1.2.1, for UDP and component 1 (RTP and RTCP share it).
    pub fn priority(self) -> u32 {
        let local_preference = u32::from(u16::MAX - self.place);
        (HOST_TYPE_PREFERENCE << 24) | (local_preference << 8) | (256 - RTP_COMPONENT)
    }

    /// True when a client's candidate obeys the grammar. Names instead of addresses (multicast DNS), TCP and
    /// extensions do.
    pub fn is_legal(text: &str) -> bool {
        let mut words = text.split_ascii_whitespace();
        let mut next = |legal: fn(&str) -> bool| words.next().is_some_and(legal);
        next(|foundation| foundation.len() <= 32 && token(foundation).is_some())
            && next(|component| component.parse().is_ok_and(|id: u16| (1..=256).contains(&id)))
            && next(|transport| token(transport).is_some())
            && next(|priority| priority.parse::<u32>().is_ok())
            && next(|address| token(address).is_some())
            && next(|port| port.parse::<u16>().is_ok())
            && next(|typ| typ == "typ")
            && next(|kind| token(kind).is_some())
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ip, port) = (self.address.ip(), self.address.port());
        // RFC 8445 §5.1.1.3: candidates of the same type and base address share a foundation; ours differ in
        // address or port, so each may have its own.
        let foundation = u32::from(self.place) + 1;
        write!(
            f,
            "{foundation} {RTP_COMPONENT} udp {} {ip} {port} typ host",
            self.priority()
        )
    }
}

/// RFC 8445 §5.1.2.2: "126 for host candidates".
const HOST_TYPE_PREFERENCE: u32 = 126;

/// RFC 8839 §5.1: candidates for RTP itself have component 1, and with rtcp-mux there is no other.
const RTP_COMPONENT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_has_the_highest_priority_a_host_can_have() {
        let candidate = Candidate {
            place: 0,
            address: "192.0.2.7:3478".parse().unwrap(),
        };
        assert_eq!(
            candidate.to_string(),
            "1 1 udp 2130706431 192.0.2.7 3478 typ host"
        );
        let second = Candidate {
            place: 1,
            address: "[2001:db8::7]:3478".parse().unwrap(),
        };
        assert_eq!(second.to_string(), "2 1 udp 2130706175 2001:db8::7 3478 typ host");
    }

    #[test]
    fn what_browsers_trickle_is_legal() {
        for candidate in [
            "725497570 1 udp 2122194687 127.0.0.1 52492 typ host generation 0 network-id 3 network-cost 50",
            "1 1 UDP 2122252543 6f1c-4b2e.local 37709 typ host",
            "4 1 TCP 2105327871 fd00::2 9 typ host tcptype active",
            "842163049 1 udp 1677729535 203.0.113.9 49152 typ srflx raddr 0.0.0.0 rport 0",
        ] {
            assert!(Candidate::is_legal(candidate), "{candidate}");
        }
    }

    #[test]
    fn what_is_no_candidate_is_not() {
        for text in [
            "",
            "1 1 udp 1 192.0.2.1 9",
            "1 0 udp 1 192.0.2.1 9 typ host",
            "1 1 udp 4294967296 192.0.2.1 9 typ host",
            "1 1 udp 1 192.0.2.1 65536 typ host",
            "1 1 udp 1 192.0.2.1 9 type host",
        ] {
            assert!(!Candidate::is_legal(text), "{text}");
        }
    }
}
