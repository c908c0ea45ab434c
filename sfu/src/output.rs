//! What handling leaves behind for draining: events, taps, counters, and who was touched.
//!
//! Owns: the shard's outgoing lanes. Never does: send.

use std::collections::VecDeque;
use std::time::Instant;

use crate::command::Message;
use crate::drop::Drop;
use crate::event::Event;
use crate::id::ParticipantId;
use crate::messages::MessageBudget;
use crate::stats::Stats;
use crate::subscription::tap::TapPacket;

/// One shard's lanes towards its driver.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) events: VecDeque<Event>,
    taps: VecDeque<TapPacket>,
    pub(crate) stats: Stats,
    /// Participants whose outbox or timers may have changed this turn; each flags itself, so none is
    /// listed twice.
    pub(crate) touched: Vec<ParticipantId>,
    messages: MessageBudget,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            events: VecDeque::new(),
            taps: VecDeque::new(),
            stats: Stats::default(),
            touched: Vec::new(),
            messages: MessageBudget::of_shard(),
        }
    }
}

impl Output {
    /// Counts a packet that goes no further.
    pub(crate) fn drop(&mut self, reason: Drop) {
        self.stats.drops.count(reason);
    }

    /// Counts the failure, if it is one.
    pub(crate) fn settle<T>(&mut self, result: Result<T, Drop>) -> Option<T> {
        result.inspect_err(|&reason| self.drop(reason)).ok()
    }

    /// Queues a packet of a tap; a full lane loses it, and counts.
    pub(crate) fn tap(&mut self, packet: TapPacket) {
        if self.taps.len() == TAP_DEPTH {
            self.drop(Drop::TapFull);
        } else {
            self.taps.push_back(packet);
        }
    }

    /// Tells the control plane of a message that the room has got. It is shared by many: what is beyond the
    /// budget it does not hear, and that counts.
    pub(crate) fn tell_message(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        label: String,
        message: Message,
    ) {
        let admitted = self.messages.spend(now, &message);
        if self.settle(admitted).is_some() {
            self.events.push_back(Event::Message {
                participant,
                label,
                message,
            });
        }
    }

    pub(crate) fn poll_tap(&mut self) -> Option<TapPacket> {
        self.taps.pop_front()
    }
}

/// Tapped packets of one turn. The driver drains them every turn, and a turn's receive batch is smaller.
const TAP_DEPTH: usize = 4096;
