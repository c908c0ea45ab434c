//! One track: what of its encodings is written, and what is told to be missing.
//!
//! Owns: the choice of an encoding, gaps, and times that only rise. Never does: mix encodings between key frames.
//!
//! What was not written is in a gap, from the beginning of the track, its first key frame, to the end; but nothing is
//! told of the time in which a track is paused, nor of that up to the first key frame after it.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::publication::arrival::MAX_ENCODINGS;
use rapport_sfu::subscription::tap::TapPacket;

use super::assembly::{Assembly, Event, Whole};
use super::clock::{OwnerClock, SETTLING_MICROS};
use super::continuity::Continuity;
use super::keyframes::Keyframes;
use super::reorder::Reorder;
use super::timing::Timing;
use super::{Output, Outputs, Source};
use crate::frame::{Frame, Gap, Reason};

/// See the module.
#[derive(Debug)]
pub(super) struct Track {
    source: Source,
    encodings: [Encoding; MAX_ENCODINGS],
    /// The encoding that is written.
    current: Option<usize>,
    continuity: Continuity,
    keyframes: Keyframes,
    /// Of the first frame: a file's track has one.
    codec: Option<Discriminant<Codec>>,
    last: Option<Last>,
    /// How far the last frame was put ahead of where its owner's clock has it, in microseconds; none where no report
    /// has told.
    ahead: Option<i64>,
    /// Something was written since the beginning, or since it was resumed.
    has_begun: bool,
    /// From when on something is missing, in microseconds.
    missing: Option<i64>,
    /// Nothing is written that was captured before.
    floor: i64,
    is_paused: bool,
    /// When what came first is let out.
    opens: Option<Instant>,
    is_open: bool,
}

#[derive(Debug, Default)]
struct Encoding {
    reorder: Reorder,
    assembly: Assembly,
    timing: Timing,
    /// When its last packet came.
    heard: Option<Instant>,
}

/// The last frame that was written.
#[derive(Clone, Copy, Debug)]
struct Last {
    micros: i64,
    /// The least distance of two that followed each other.
    pace: Option<i64>,
}

/// What all tracks have in common.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    /// When the recording began.
    pub(super) began: Instant,
    pub(super) owner: &'a mut OwnerClock,
    pub(super) outputs: &'a mut Outputs,
}

impl Context<'_> {
    fn local(&self, instant: Instant) -> i64 {
        let since = instant.saturating_duration_since(self.began);
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }
}

impl Track {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            encodings: Default::default(),
            current: None,
            continuity: Continuity::default(),
            keyframes: Keyframes::default(),
            codec: None,
            last: None,
            ahead: None,
            has_begun: false,
            missing: None,
            floor: 0,
            is_paused: false,
            opens: None,
            is_open: false,
        }
    }

    pub(super) fn paused(source: Source) -> Self {
        Self {
            is_paused: true,
            ..Self::new(source)
        }
    }

    pub(super) const fn number(&self) -> u8 {
        self.source.number
    }

    pub(super) const fn owner(&self) -> u32 {
        self.source.owner
    }

    pub(super) fn handle_packet(&mut self, context: &mut Context<'_>, packet: TapPacket) {
        if self.is_paused || packet.codec.kind() != self.source.kind {
            return;
        }
        let local = context.local(packet.arrived);
        let Some(encoding) = self.encodings.get_mut(packet.encoding.get()) else {
            return;
        };
        encoding.heard = Some(context.now);
        let by_arrival = encoding.timing.handle_packet(&packet, local, !self.is_open);
        if let Some(ntp) = packet.ntp {
            context
                .owner
                .handle_arrival(ntp, local, by_arrival, !self.is_open);
        }
        encoding.reorder.handle_packet(context.now, packet);
        self.is_open |= encoding.reorder.is_full();
        self.opens.get_or_insert(context.now + OPENING);
        self.handle_timeout(context);
    }

    /// Lets out what need not wait any longer.
    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        if self.is_paused {
            return;
        }
        self.is_open |= self.opens.is_some_and(|opens| opens <= context.now);
        if self.is_open {
            self.advance(context);
        }
        if self.source.kind == MediaKind::Video {
            let is_needed = self.current.is_none() || self.continuity.is_broken() || self.is_silent();
            self.keyframes.set_needed(context.now, is_needed);
            if self.keyframes.poll_wish(context.now) {
                let number = self.source.number;
                context.outputs.push_back(Output::WantsKeyframe { number });
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let opening = self.opens.filter(|_| !self.is_open);
        let holes = self.encodings.iter().filter(|_| self.is_open);
        let holes = holes.map(|encoding| encoding.reorder.poll_timeout());
        holes
            .chain([opening, self.keyframes.poll_timeout()])
            .flatten()
            .min()
            .filter(|_| !self.is_paused)
    }

    /// Lets out what is whole. What comes from here on is not written.
    pub(super) fn handle_paused(&mut self, context: &mut Context<'_>) {
        if self.is_paused {
            return;
        }
        for encoding in &mut self.encodings {
            encoding.reorder.close();
        }
        self.advance(context);
        if !self.continuity.is_unbroken() {
            self.miss(self.after_last());
        }
        self.tell_missing(context, context.local(context.now));
        self.is_paused = true;
    }

    /// What is captured from `since` on is written.
    pub(super) fn handle_resumed(&mut self, context: &mut Context<'_>, since: Instant) {
        if !self.is_paused {
            return;
        }
        for encoding in &mut self.encodings {
            let timing = std::mem::take(&mut encoding.timing);
            *encoding = Encoding {
                timing,
                ..Encoding::default()
            };
        }
        *self = Self {
            encodings: std::mem::take(&mut self.encodings),
            codec: self.codec,
            last: self.last,
            floor: context.local(since),
            ..Self::new(self.source)
        };
        self.handle_timeout(context);
    }

    /// See `ahead`; of one that is written at present.
    pub(super) fn ahead(&self) -> Option<i64> {
        self.ahead.filter(|_| !self.is_paused)
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        let held = |encoding: &Encoding| encoding.reorder.held_bytes() + encoding.assembly.held_bytes();
        self.encodings.iter().map(held).sum()
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        // the highest first, or what is let out at once when a track opens would begin with the lowest
        for index in (0..MAX_ENCODINGS).rev() {
            while let Some(event) = self.encodings[index].poll_event(context.now) {
                self.handle_event(context, index, event);
            }
        }
    }

    fn handle_event(&mut self, context: &mut Context<'_>, index: usize, event: Event) {
        let is_current = self.current == Some(index);
        match event {
            Event::Whole(frame) => return self.handle_frame(context, index, frame),
            Event::Torn if is_current => self.continuity.handle_torn(),
            Event::Hole if is_current => self.continuity.handle_hole(),
            Event::Torn | Event::Hole => return,
        }
        if self.continuity.is_broken() {
            self.miss(self.after_last());
        }
    }

    fn handle_frame(&mut self, context: &mut Context<'_>, index: usize, frame: Whole) {
        let arrived = context.local(frame.arrived);
        let time = self.encodings[index]
            .timing
            .time_of(&frame, context.owner, arrived);
        let is_current = self.current == Some(index);
        if !is_current {
            if !self.may_switch(context.now, index, &frame, time) {
                return;
            }
            self.switch(index);
        }
        if !self.is_of_track(frame.codec) {
            self.continuity.break_off();
            self.miss(self.after_last());
            return;
        }
        let finding = self
            .continuity
            .handle_frame(frame.marks, frame.timestamp, frame.is_key);
        if finding.is_behind_loss {
            self.miss(self.after_last());
        }
        if finding.is_decodable {
            self.write(context, frame, time);
        } else {
            self.miss(time.max(self.after_last()));
        }
    }

    fn is_of_track(&mut self, codec: Codec) -> bool {
        let codec = discriminant(&codec);
        *self.codec.get_or_insert(codec) == codec
    }

    /// At a key frame alone: up as soon as one comes, down when there is nothing better.
    fn may_switch(&self, now: Instant, index: usize, frame: &Whole, time: i64) -> bool {
        let is_better = self.current.is_none_or(|current| index > current);
        let is_late = self.last.is_some_and(|last| time + SWITCH_MICROS < last.micros);
        let is_needed = || self.is_silent() || self.keyframes.is_hopeless(now);
        frame.is_key && time >= self.floor && !is_late && (is_better || is_needed())
    }

    fn switch(&mut self, index: usize) {
        let before = self.current.replace(index);
        let is_waiting = before.is_some_and(|before| self.encodings[before].reorder.is_waiting());
        let is_down = before.is_some_and(|before| before > index);
        // what is doubtful of one encoding can't be resolved by another
        if is_waiting || is_down || !self.continuity.is_unbroken() {
            self.continuity.break_off();
        }
    }

    fn write(&mut self, context: &mut Context<'_>, frame: Whole, time: i64) {
        let before = self.last;
        let micros = before.map_or(time, |last| time.max(last.micros + 1));
        let distance = before.filter(|_| self.has_begun && self.missing.is_none());
        let distance = distance.map(|last| micros - last.micros);
        let pace = before
            .and_then(|last| last.pace)
            .into_iter()
            .chain(distance)
            .min();
        self.tell_missing(context, micros);
        self.last = Some(Last { micros, pace });
        let by_clock = frame.ntp.and_then(|ntp| context.owner.local(ntp));
        self.ahead = by_clock.map(|by_clock| micros - by_clock);
        self.has_begun = true;
        if frame.is_key && self.source.kind == MediaKind::Video {
            self.keyframes.handle_keyframe(frame.arrived);
        }
        context.outputs.push_back(Output::Frame(Frame {
            track: self.source.number,
            micros: micros.unsigned_abs(),
            is_key: frame.is_key,
            bytes: frame.bytes,
        }));
    }

    /// Something that was captured then, or later, is not written.
    fn miss(&mut self, from: i64) {
        if self.has_begun {
            self.missing.get_or_insert(from);
        }
    }

    fn tell_missing(&mut self, context: &mut Context<'_>, to: i64) {
        if let Some(from) = self.missing.take().filter(|&from| from < to) {
            context.outputs.push_back(Output::Gap(Gap {
                track: self.source.number,
                from: from.unsigned_abs(),
                to: to.unsigned_abs(),
                reason: Reason::Lost,
            }));
        }
    }

    /// The earliest that what comes behind the last frame can have been captured. Sound has an even pace; a picture may
    /// come whenever something moves.
    fn after_last(&self) -> i64 {
        let Some(Last { micros, pace }) = self.last else {
            return self.floor;
        };
        let is_sound = self.source.kind == MediaKind::Audio;
        micros + pace.filter(|_| is_sound).unwrap_or(1)
    }

    /// The current encoding stopped, and a lower one goes on.
    fn is_silent(&self) -> bool {
        let Some(current) = self.current else { return false };
        let silent = self.encodings[current].heard.map(|heard| heard + SILENCE);
        self.encodings[..current]
            .iter()
            .any(|lower| lower.heard >= silent && silent.is_some())
    }
}

impl Encoding {
    fn poll_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            if let Some(event) = self.assembly.poll_event() {
                return Some(event);
            }
            let step = self.reorder.poll(now)?;
            self.assembly.handle_step(step);
        }
    }
}

/// What came first is held back so long: others may have been sent before it, and by those that come with it one knows
/// how long it waited. As long as the clocks need to settle.
const OPENING: Duration = Duration::from_micros(SETTLING_MICROS.unsigned_abs());
/// Encodings of one picture are captured at once, and so much apart by what their first packets waited.
const SWITCH_MICROS: i64 = 40_000;
/// A sender that has too little for its upper encodings stops them; a hiccup is shorter.
const SILENCE: Duration = Duration::from_millis(500);
