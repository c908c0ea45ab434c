//! How much one participant may say on its data channels.
//!
//! Owns: a token bucket. Never does: keep or delay a message; what is beyond the budget is dropped, like
//! everything that comes too fast.
//!
//! A message goes to everybody in the room and to the control plane, so a flood costs many times what it
//! costs its sender. The lane of events to the control plane is shared by a worker's participants and must
//! not be one participant's to fill.

use std::time::{Duration, Instant};

use crate::command::Message;
use crate::drop::Drop;

/// What may still be sent.
#[derive(Debug)]
pub(crate) struct MessageBudget {
    tokens: u32,
    burst: u32,
    /// In which a token is earned.
    pace: Duration,
    /// Up to when tokens have been earned.
    earned: Option<Instant>,
}

impl MessageBudget {
    /// What one participant may say.
    pub(crate) const fn of_participant() -> Self {
        Self::new(PARTICIPANT_BURST, PARTICIPANT_TOKEN)
    }

    /// What the control plane is told by one shard. Beyond that the room still hears it.
    pub(crate) const fn of_shard() -> Self {
        Self::new(SHARD_BURST, SHARD_TOKEN)
    }

    const fn new(burst: u32, pace: Duration) -> Self {
        Self {
            tokens: burst,
            burst,
            pace,
            earned: None,
        }
    }

    /// Pays for one message.
    pub(crate) fn spend(&mut self, now: Instant, message: &Message) -> Result<(), Drop> {
        self.earn(now);
        let left = self.tokens.checked_sub(cost(message));
        self.tokens = left.ok_or(Drop::MessageThrottled)?;
        Ok(())
    }

    fn earn(&mut self, now: Instant) {
        let since = self.earned.get_or_insert(now);
        let whole = now.saturating_duration_since(*since).as_nanos() / self.pace.as_nanos();
        let tokens = u32::try_from(whole).unwrap_or(u32::MAX);
        // A full bucket earns nothing, and the fraction of a token is kept for the next time.
        if tokens >= self.burst {
            (self.tokens, *since) = (self.burst, now);
        } else {
            self.tokens = (self.tokens + tokens).min(self.burst);
            *since += self.pace * tokens;
        }
    }
}

/// One token, and another for each begun [`SHARE_BYTES`] beyond the first.
fn cost(message: &Message) -> u32 {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
    };
    u32::try_from(bytes.div_ceil(SHARE_BYTES).max(1)).unwrap_or(u32::MAX)
}

/// 100 messages a second: a pointer or a pen at the 60 Hz of a screen, and the conversation beside it.
const PARTICIPANT_TOKEN: Duration = Duration::from_millis(10);

/// Two seconds' worth at once.
const PARTICIPANT_BURST: u32 = 200;

/// 1,000 a second, over all participants of a shard.
const SHARD_TOKEN: Duration = Duration::from_millis(1);

/// The lane of events has 16,384 places and its being full ends the worker. However many flood it, a control
/// plane that stands still for twelve seconds has not lost it to messages.
const SHARD_BURST: u32 = 4_000;

/// A token's worth of bytes. One of 64 KiB, the largest, costs 16 tokens: 400 KiB a second at the most, which
/// reaches seven others at 23 Mbit/s, no more than their video does.
const SHARE_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn granted(budget: &mut MessageBudget, now: Instant, message: &Message, tries: usize) -> usize {
        (0..tries).filter(|_| budget.spend(now, message).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_and_then_a_hundred_a_second() {
        let start = Instant::now();
        let mut budget = MessageBudget::of_participant();
        let word = Message::Text("word".to_owned());
        assert_eq!(granted(&mut budget, start, &word, 1_000), 200);
        let second = (1..=1_000).map(|at| start + Duration::from_millis(at));
        let later: usize = second.map(|now| granted(&mut budget, now, &word, 10)).sum();
        assert_eq!(later, 100);
        assert_eq!(
            granted(&mut budget, start + Duration::from_secs(60), &word, 1_000),
            200
        );
    }

    #[test]
    fn long_messages_cost_more_and_empty_ones_cost_too() {
        let now = Instant::now();
        let long = Message::Binary(Bytes::from(vec![0; 64 << 10]));
        assert_eq!(granted(&mut MessageBudget::of_participant(), now, &long, 100), 12);
        let empty = Message::Text(String::new());
        assert_eq!(
            granted(&mut MessageBudget::of_participant(), now, &empty, 1_000),
            200
        );
    }
}
