//! What a synthetic client does about what it gets: asks again for what is missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rapport_sfu::id::Ssrc;
use rapport_sfu::rtp::Unwrapper;

/// The loss bookkeeping of one client, over all that it receives.
#[derive(Default)]
pub struct Receiver {
    streams: BTreeMap<Ssrc, Stream>,
}

#[derive(Default)]
struct Stream {
    unwrapper: Unwrapper,
    next: Option<u64>,
    missing: BTreeMap<u64, Missing>,
}

struct Missing {
    since: Instant,
    asked: Option<Instant>,
}

impl Receiver {
    /// A packet with this number is here. Returns its extended number, and whether it is new.
    pub fn handle_packet(&mut self, now: Instant, ssrc: Ssrc, sequence: u16) -> (u64, bool) {
        let stream = self.streams.entry(ssrc).or_default();
        let index = stream.unwrapper.unwrap(sequence).0;
        let next = *stream.next.get_or_insert(index);
        if index < next {
            return (index, stream.missing.remove(&index).is_some());
        }
        for lost in next..index {
            stream.missing.insert(
                lost,
                Missing {
                    since: now,
                    asked: None,
                },
            );
        }
        stream.next = Some(index + 1);
        (index, true)
    }

    /// What to ask for now, by source.
    pub fn poll_nacks(&mut self, now: Instant) -> Vec<(Ssrc, Vec<u16>)> {
        let asked = self
            .streams
            .iter_mut()
            .map(|(&ssrc, stream)| (ssrc, stream.poll_nacks(now)));
        asked.filter(|(_, lost)| !lost.is_empty()).collect()
    }

    /// Numbers still missing, of all sources.
    pub fn missing(&self) -> usize {
        self.streams.values().map(|stream| stream.missing.len()).sum()
    }
}

impl Stream {
    fn poll_nacks(&mut self, now: Instant) -> Vec<u16> {
        self.missing
            .retain(|_, missing| now.duration_since(missing.since) < GIVE_UP);
        let due = self.missing.iter_mut().filter(|(_, missing)| {
            missing
                .asked
                .is_none_or(|asked| now.duration_since(asked) >= AGAIN)
        });
        due.take(MOST)
            .map(|(&index, missing)| {
                missing.asked = Some(now);
                index as u16
            })
            .collect()
    }
}

/// Browsers ask again after a round trip; ours are short.
const AGAIN: Duration = Duration::from_millis(60);
/// Older than this, a decoder has gone on.
const GIVE_UP: Duration = Duration::from_millis(700);
/// What fits one feedback message easily.
const MOST: usize = 64;
