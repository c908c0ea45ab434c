//! `[limits]`: bounds on what clients can make the server hold.
//!
//! Owns: the section's keys and defaults. Never does: enforce them (signaling does).

use serde::Deserialize;

/// How much of anything there may be; one more is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Rooms open at one time.
    pub rooms: u32,
    /// Participants of one room.
    pub participants_per_room: u32,
    /// Tracks that one participant publishes.
    pub publications_per_participant: u32,
    /// Places in which one participant receives tracks.
    pub subscriptions_per_participant: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Far above what one machine forwards; a bound on a runaway client, not on a clinic.
            rooms: 1_000,
            // A large group session with its observers.
            participants_per_room: 50,
            // Microphone, camera, screen with sound, and as much again.
            publications_per_participant: 8,
            // Sound and picture of everybody in a full room.
            subscriptions_per_participant: 64,
        }
    }
}
