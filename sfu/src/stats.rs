//! What a shard counted.
//!
//! Owns: plain numbers, monotonic but where they say otherwise. Never does: name a person or a room.

use crate::drop::Drops;

/// One shard's counters since it began. Copied out as a whole, latest wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Datagrams that came, of any kind.
    pub inbound_datagrams: u64,
    /// Their bytes, UDP payload.
    pub inbound_bytes: u64,
    /// RTP packets that authenticated.
    pub inbound_packets: u64,
    /// RTP packets sealed and queued, retransmissions included.
    pub outbound_packets: u64,
    /// Their bytes, UDP payload.
    pub outbound_bytes: u64,
    /// System calls' worth of datagrams: GSO runs.
    pub outbound_runs: u64,
    /// Numbers that subscribers asked for again.
    pub inbound_nacks: u64,
    /// Numbers that we asked publishers for again.
    pub outbound_nacks: u64,
    /// Key frame requests of subscribers.
    pub inbound_keyframe_requests: u64,
    /// Key frame requests to publishers, merged and throttled.
    pub outbound_keyframe_requests: u64,
    /// Handshakes that ended in keys.
    pub handshakes_completed: u64,
    /// Data channel messages relayed to one receiver each.
    pub relayed_messages: u64,
    /// Gauge: rooms now.
    pub rooms: u64,
    /// Gauge: participants now.
    pub participants: u64,
    /// Gauge: publications now.
    pub publications: u64,
    /// Gauge: subscriptions now.
    pub subscriptions: u64,
    /// Packets that went no further, by reason.
    pub drops: Drops,
}
