//! Which encoding of which track a subscriber gets at this moment.
//!
//! Owns: the choice, and that video begins and changes at key frames only. Never does: number packets.

use std::time::{Duration, Instant};

use crate::codec::MediaKind;
use crate::drop::Drop;
use crate::id::TrackId;
use crate::publication::arrival::{Arrival, EncodingIndex, MAX_ENCODINGS};
use crate::publication::keyframe::PACE;

/// The source of one subscription.
#[derive(Debug)]
pub(crate) struct Selector {
    kind: MediaKind,
    track: Option<TrackId>,
    muted: bool,
    current: Option<EncodingIndex>,
    /// When each encoding of the track was last heard of.
    heard: [Option<Instant>; MAX_ENCODINGS],
    asked: Option<Instant>,
}

/// What a packet of the chosen source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// It goes on where the last one ended.
    Continues,
    /// It is the first of its source.
    Begins,
}

impl Selector {
    /// Nothing is chosen yet.
    pub(crate) fn new(kind: MediaKind) -> Self {
        Self {
            kind,
            track: None,
            muted: false,
            current: None,
            heard: [None; MAX_ENCODINGS],
            asked: None,
        }
    }

    /// Chooses a track. The old one stops at once: whoever it shows may have left for good reasons.
    pub(crate) fn select(&mut self, track: Option<TrackId>) {
        if self.track != track {
            *self = Self {
                track,
                ..Self::new(self.kind)
            };
        }
    }

    /// The chosen track.
    pub(crate) fn track(&self) -> Option<TrackId> {
        self.track
    }

    /// What is forwarded at present.
    pub(crate) fn current(&self) -> Option<(TrackId, EncodingIndex)> {
        Some((self.track?, self.current?))
    }

    /// The next packet to be forwarded begins anew; for video it is a key frame, which is wanted at once.
    pub(crate) fn restart(&mut self) {
        self.current = None;
        self.asked = None;
    }

    /// What is withheld is not asked for, and begins anew.
    pub(crate) fn mute(&mut self, muted: bool) {
        self.muted = muted;
        self.restart();
    }

    /// Decides about one packet.
    pub(crate) fn admit(&mut self, now: Instant, arrival: &Arrival<'_>) -> Result<Selected, Drop> {
        if self.track != Some(arrival.track) {
            return Err(Drop::NotSelected);
        }
        let heard = self
            .heard
            .get_mut(arrival.encoding.get())
            .ok_or(Drop::NotSelected)?;
        *heard = Some(now);
        if self.current == Some(arrival.encoding) {
            return Ok(Selected::Continues);
        }
        if !self.may_begin(now, arrival) {
            return Err(self.current.map_or(Drop::AwaitingKeyframe, |_| Drop::NotSelected));
        }
        self.current = Some(arrival.encoding);
        Ok(Selected::Begins)
    }

    /// A key frame that this subscriber waits for, at a pace.
    pub(crate) fn poll_keyframe_request(&mut self, now: Instant) -> Option<(TrackId, EncodingIndex)> {
        let wanted = self.wanted(now)?;
        if self.asked.is_some_and(|asked| now < asked + PACE) {
            return None;
        }
        self.asked = Some(now);
        Some((self.track?, wanted))
    }

    /// When to poll again, even if no packet comes.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        self.wanted(now)?;
        Some(self.asked.map_or(now, |asked| asked + PACE))
    }

    fn may_begin(&self, now: Instant, arrival: &Arrival<'_>) -> bool {
        match self.kind {
            MediaKind::Audio => self.current.is_none(),
            // The first picture matters more than the best one: a start takes any key frame.
            MediaKind::Video if self.current.is_none() => arrival.keyframe,
            MediaKind::Video => arrival.keyframe && self.target(now) == Some(arrival.encoding),
        }
    }

    fn wanted(&self, now: Instant) -> Option<EncodingIndex> {
        if self.kind == MediaKind::Audio || self.track.is_none() || self.muted {
            return None;
        }
        // Before the first packet nobody knows which encodings are sent; the first one always exists.
        let target = self.target(now).or(self.current).unwrap_or(EncodingIndex(0));
        (self.current != Some(target)).then_some(target)
    }

    /// The best encoding that is being sent. webrtc-pc §5.4 scales encoding `i` of `n` down by
    /// 2^(n−i−1) by default, so the last one is the largest.
    fn target(&self, now: Instant) -> Option<EncodingIndex> {
        let active = |heard: &Option<Instant>| {
            heard.is_some_and(|heard| now.saturating_duration_since(heard) <= SILENT)
        };
        let best = self.heard.iter().rposition(active)?;
        Some(EncodingIndex(best as u8))
    }
}

/// A browser that pauses an encoding sends none of it; thirty missed frames tell that from a hiccup.
const SILENT: Duration = Duration::from_secs(1);
