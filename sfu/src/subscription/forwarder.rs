//! One unbroken stream of numbers and times, whatever source it comes from.
//!
//! Owns: the outgoing sequence number, timestamp and picture id of each packet. Never does: choose
//! packets or write them.
//!
//! A source is forwarded in *segments*: within one, every number is the source's plus a constant, but
//! for packets that were withheld, whose numbers close up. What the source lost stays a gap, so that the
//! subscriber can ask for it and it fits when it comes late.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::codec::{Codec, MediaKind};
use crate::drop::Drop;
use crate::id::TrackId;
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::rtp::sequence::SeqNo;
use crate::rtp::time::{ClockMap, NtpTime, ticks_between, ticks_in};
use crate::subscription::history::History;
use crate::subscription::pictures::{PictureOffset, Pictures};

/// Numbers the packets of one subscription.
#[derive(Debug)]
pub(crate) struct Forwarder {
    clock_rate: u32,
    first_timestamp: u32,
    history: History,
    /// The newest at the back.
    segments: VecDeque<Segment>,
    newest: Option<Newest>,
    pictures: Pictures,
}

/// A stretch of one source.
#[derive(Debug)]
struct Segment {
    id: u16,
    track: TrackId,
    encoding: EncodingIndex,
    /// The number after the highest one that came.
    next: SeqNo,
    first_index: u64,
    timestamp_offset: u32,
    pictures: PictureOffset,
}

/// The packet with the latest outgoing timestamp: where time goes on from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newest {
    track: TrackId,
    /// As the subscriber sees it.
    pub(crate) timestamp: u32,
    /// When it was captured, by its publisher's clock.
    pub(crate) captured: Option<NtpTime>,
    /// When it came to us.
    pub(crate) arrived: Instant,
}

/// What a packet is called on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Rollover counter and sequence number.
    pub(crate) index: u64,
    /// RTP timestamp.
    pub(crate) timestamp: u32,
    /// What to add to the payload's picture numbers.
    pub(crate) pictures: PictureOffset,
}

impl Forwarder {
    /// The first packet will have these numbers.
    pub(crate) fn new(kind: MediaKind, clock_rate: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        let len = match kind {
            MediaKind::Audio => HISTORY_AUDIO,
            MediaKind::Video => HISTORY_VIDEO,
        };
        // RFC 3711 §3.3.1: the receiver guesses a rollover counter of 0 for the first packet that comes;
        // a start in the lower half keeps that true even if the first packets are lost.
        let first = u64::from(first_sequence & 0x7fff);
        Self {
            clock_rate,
            first_timestamp,
            history: History::new(len, first),
            segments: VecDeque::with_capacity(MAX_SEGMENTS),
            newest: None,
            pictures: Pictures::default(),
        }
    }

    /// Whether the source jumped so far that what lies between is no loss to be repaired: it was paused
    /// for a while, or its sender began anew.
    pub(crate) fn is_jump(&self, sequence: SeqNo) -> bool {
        let next = self.segments.back().map(|segment| segment.next);
        next.is_some_and(|next| sequence.since(next) > self.history.len() as i64 / 2)
    }

    /// Begins a segment with this packet: its number is the next one, its time goes on.
    pub(crate) fn begin(&mut self, arrival: &Arrival<'_>, clock: &ClockMap) {
        if self.segments.len() == MAX_SEGMENTS {
            self.segments.pop_front();
        }
        let timestamp = self.next_timestamp(arrival, clock);
        let id = self.segments.back().map_or(0, |last| last.id.wrapping_add(1));
        self.segments.push_back(Segment {
            id,
            track: arrival.track,
            encoding: arrival.encoding,
            next: arrival.sequence,
            first_index: self.history.next(),
            timestamp_offset: timestamp.wrapping_sub(arrival.timestamp),
            pictures: self.pictures.offset_for(arrival.codec, arrival.payload),
        });
    }

    /// Names a packet of the segment at the back.
    pub(crate) fn place(&mut self, arrival: &Arrival<'_>, clock: &ClockMap) -> Result<Placed, Drop> {
        let index = self.number(arrival.sequence)?;
        let segment = self.segments.back().ok_or(Drop::NotSelected)?;
        let placed = segment.name(index, arrival.timestamp);
        if arrival.codec == Codec::Vp8 && !arrival.recovered {
            self.pictures.note(arrival.payload, placed.pictures);
        }
        self.note_time(arrival, clock, placed.timestamp);
        Ok(placed)
    }

    /// Withholds a packet: the numbers close up behind it. False when its number is promised already.
    pub(crate) fn skip(&mut self, sequence: SeqNo) -> bool {
        match self.segments.back() {
            Some(segment) if sequence >= segment.next => {
                self.keep_gap_before(sequence);
                true
            }
            _ => false,
        }
    }

    /// What was sent, or promised, under this number.
    pub(crate) fn source_of(&self, number: u16) -> Option<(u64, TrackId, EncodingIndex, SeqNo)> {
        let index = self.history.index_of(number)?;
        let entry = self.history.get(index)?;
        let segment = self.segment(entry.segment)?;
        Some((index, segment.track, segment.encoding, entry.sequence))
    }

    /// The name that a packet sent before has, once more.
    pub(crate) fn recall(&self, index: u64, timestamp: u32) -> Option<Placed> {
        let segment = self.segment(self.history.get(index)?.segment)?;
        Some(segment.name(index, timestamp))
    }

    /// Grants one more retransmission of a number.
    pub(crate) fn resend(&mut self, now: Instant, index: u64, pace: Duration) -> Result<(), Drop> {
        self.history.resend(now, index, pace)
    }

    /// Where the stream is in time.
    pub(crate) fn newest(&self) -> Option<&Newest> {
        self.newest.as_ref()
    }

    fn segment(&self, id: u16) -> Option<&Segment> {
        let oldest = self.segments.front()?.id;
        self.segments.get(usize::from(id.wrapping_sub(oldest)))
    }

    fn number(&mut self, sequence: SeqNo) -> Result<u64, Drop> {
        let segment = self.segments.back().ok_or(Drop::NotSelected)?;
        if sequence < segment.next {
            return self.promised(sequence);
        }
        self.keep_gap_before(sequence);
        // The gap was kept for the segment at the back, so there is one.
        let id = self.segments.back().map_or(0, |segment| segment.id);
        Ok(self.history.push(sequence, id, true))
    }

    /// A late packet has a number only if its gap was kept.
    fn promised(&mut self, sequence: SeqNo) -> Result<u64, Drop> {
        let segment = self.segments.back().ok_or(Drop::Late)?;
        let index = self
            .history
            .find(sequence, segment.first_index)
            .ok_or(Drop::Late)?;
        let entry = self.history.get_mut(index).ok_or(Drop::Late)?;
        if entry.sent {
            return Err(Drop::Duplicate);
        }
        entry.sent = true;
        Ok(index)
    }

    fn keep_gap_before(&mut self, sequence: SeqNo) {
        let Some(segment) = self.segments.back_mut() else {
            return;
        };
        debug_assert!(sequence.since(segment.next).unsigned_abs() <= self.history.len());
        for missing in segment.next.0..sequence.0 {
            self.history.push(SeqNo(missing), segment.id, false);
        }
        segment.next = SeqNo(sequence.0 + 1);
    }

    fn note_time(&mut self, arrival: &Arrival<'_>, clock: &ClockMap, timestamp: u32) {
        if self
            .newest
            .is_none_or(|newest| ticks_between(newest.timestamp, timestamp) >= 0)
        {
            self.newest = Some(Newest {
                track: arrival.track,
                timestamp,
                captured: clock.ntp_at(arrival.timestamp),
                arrived: arrival.arrived,
            });
        }
    }

    fn next_timestamp(&self, arrival: &Arrival<'_>, clock: &ClockMap) -> u32 {
        let Some(newest) = &self.newest else {
            return self.first_timestamp;
        };
        let elapsed = arrival.arrived.saturating_duration_since(newest.arrived);
        // Half of the wrap, 6.6 hours of video, would turn time around.
        let elapsed = ticks_in(elapsed.min(LONGEST_PAUSE), self.clock_rate) as i32;
        let captured = ticks_captured_between(newest, arrival, clock);
        let trusted = captured.filter(|&ticks| ticks.abs_diff(elapsed) <= self.clock_rate);
        newest
            .timestamp
            .wrapping_add(trusted.unwrap_or(elapsed).max(1) as u32)
    }
}

/// By the publisher's clock, which two encodings of one track share and two publishers do not.
fn ticks_captured_between(newest: &Newest, arrival: &Arrival<'_>, clock: &ClockMap) -> Option<i32> {
    if newest.track != arrival.track {
        return None;
    }
    let then = clock.rtp_at(newest.captured?)?;
    Some(ticks_between(then, arrival.timestamp))
}

impl Segment {
    fn name(&self, index: u64, timestamp: u32) -> Placed {
        Placed {
            index,
            timestamp: timestamp.wrapping_add(self.timestamp_offset),
            pictures: self.pictures,
        }
    }
}

/// A place may stay empty for hours; its clock need not tell how many.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A second of 1080p at 8 Mbit/s is some 900 packets, and nobody asks for older ones.
const HISTORY_VIDEO: usize = 1024;

/// Two and a half seconds of Opus in packets of 20 ms.
const HISTORY_AUDIO: usize = 128;

/// Sources change every few seconds at most, and only the last second can be asked for again.
pub(crate) const MAX_SEGMENTS: usize = 8;
