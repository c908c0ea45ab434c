//! Why a packet went no further.
//!
//! Owns: the reasons and their counters. Never does: log. A hostile sender can make any of these happen
//! as often as it likes, so each is one addition and nothing else.

macro_rules! drops {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)+) => {
        /// A reason to go no further with one packet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Drop { $($(#[$doc])* $name,)+ }

        impl Drop {
            /// Every reason, in the order of its counter.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The `reason` label of the metric.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
        }
    };
}

drops! {
    /// First byte outside every range of RFC 7983, or too short to tell.
    Unrecognised = "unrecognised",
    /// No transport answers to this address, or to this STUN username.
    UnknownPeer = "unknown_peer",
    /// STUN that does not parse, or of a kind that a lite agent has no use for.
    MalformedStun = "malformed_stun",
    /// STUN whose MESSAGE-INTEGRITY or FINGERPRINT does not match.
    UnauthenticStun = "unauthentic_stun",
    /// DTLS from an address that no valid STUN check vouches for.
    UnvalidatedDtls = "unvalidated_dtls",
    /// DTLS that the guard refused: does not parse, out of its window, or over its bound.
    MalformedDtls = "malformed_dtls",
    /// SCTP or DCEP that does not parse, or over its bound.
    MalformedSctp = "malformed_sctp",
    /// Media before the keys are there.
    NotConnected = "not_connected",
    /// An RTP header that does not parse.
    MalformedRtp = "malformed_rtp",
    /// RTCP that does not parse.
    MalformedRtcp = "malformed_rtcp",
    /// SRTP or SRTCP whose tag does not match.
    Unauthentic = "unauthentic",
    /// An SRTP or SRTCP index seen before, or older than the replay window.
    Replayed = "replayed",
    /// More SSRCs than one transport may have.
    TooManySources = "too_many_sources",
    /// No publication claims this SSRC, MID or payload type.
    UnknownSource = "unknown_source",
    /// A payload type that was not negotiated.
    UnknownPayloadType = "unknown_payload_type",
    /// A retransmission that holds no packet, or of an encoding not known.
    MalformedRtx = "malformed_rtx",
    /// A packet that was here already (also one that a retransmission brought twice).
    Duplicate = "duplicate",
    /// Too old to be of use to anybody.
    Late = "late",
    /// Padding only: a probe of the publisher's.
    Padding = "padding",
    /// Of a sealed track, and in the clear; or of a track that was refused because it was.
    Unsealed = "unsealed",
    /// The track is muted.
    Muted = "muted",
    /// The subscriber has no payload type for this codec.
    CodecNotNegotiated = "codec_not_negotiated",
    /// Video before the key frame that a new subscriber or a switched source starts with.
    AwaitingKeyframe = "awaiting_keyframe",
    /// A layer or an encoding that this subscriber does not get.
    NotSelected = "not_selected",
    /// Its SRTP index was used already, or is older than the window that could tell: never sealed twice.
    IndexSpent = "index_spent",
    /// The subscriber's transport is not connected.
    SubscriberNotConnected = "subscriber_not_connected",
    /// The turn's send buffer is full.
    OutboxFull = "outbox_full",
    /// A retransmission that was asked for and is not in the cache any more.
    CacheMiss = "cache_miss",
    /// A retransmission asked for again too soon, or too often.
    NackThrottled = "nack_throttled",
    /// Longer than we ever send.
    TooLong = "too_long",
    /// The tap lane is full: its reader is too slow.
    TapFull = "tap_full",
    /// A data channel message to somebody without such a channel.
    NoSuchChannel = "no_such_channel",
    /// A data channel whose buffer is full.
    ChannelFull = "channel_full",
    /// A data channel message of a participant that sends more than it may.
    MessageThrottled = "message_throttled",
    /// A command that names something gone.
    StaleCommand = "stale_command",
}

/// One counter a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drops([u64; Drop::ALL.len()]);

impl Default for Drops {
    fn default() -> Self {
        Self([0; Drop::ALL.len()])
    }
}

impl Drops {
    /// Counts one.
    pub fn count(&mut self, reason: Drop) {
        self.0[reason as usize] += 1;
    }

    /// How often so far.
    pub fn get(&self, reason: Drop) -> u64 {
        self.0[reason as usize]
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Drop, u64)> + '_ {
        Drop::ALL.iter().map(|&reason| (reason, self.get(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_counter_and_label() {
        let mut drops = Drops::default();
        for &reason in Drop::ALL {
            drops.count(reason);
        }
        assert!(drops.iter().all(|(_, count)| count == 1));
        let labels: std::collections::HashSet<_> = Drop::ALL.iter().map(|reason| reason.label()).collect();
        assert_eq!(labels.len(), Drop::ALL.len());
    }
}
