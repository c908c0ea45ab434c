//! All that is recorded on one volume, from tapped packets to files.
//!
//! Owns: which packets belong to which recording, and whether a frame may be written at all. Never does: read a clock,
//! decide who agrees, or open a frame.
//!
//! A frame is written only if everybody agrees at that moment ([`Desk::handle_consented`], which runs out by itself), and
//! if the generation of its key has a capsule: of anything else the recording would hold what nobody agreed to, or what
//! nobody can open.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use rapport_seal::{Codec, Kid, kid_of};
use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::TapId;
use rapport_sfu::subscription::tap::TapPacket;

use crate::beside::Beside;
use crate::frame::Frame;
use crate::intake::{Intake, Output, Source};
use crate::manifest::{Manifest, RecordingId};
use crate::recorder::{BeginError, Event, Recorder};
use crate::recording::CommitError;
use crate::stats::Stats;
use crate::volume::Volume;

/// See the module. Waits for the disk in [`Desk::handle_timeout`], as [`Recorder`] does.
pub struct Desk<V: Volume> {
    recorder: Recorder<V>,
    sessions: BTreeMap<RecordingId, Session>,
    taps: HashMap<TapId, (RecordingId, u8)>,
    /// A few of each recording, and taken after each call.
    events: VecDeque<(RecordingId, DeskEvent)>,
    counts: Counts,
}

/// What became of a recording.
#[derive(Debug)]
pub enum DeskEvent {
    /// Its first second is safe.
    Begun,
    /// It is safe up to this time, in microseconds.
    Safe(u64),
    /// The publisher of what this tap listens to is to be asked for key frames.
    WantsKeyframe(TapId),
    /// It goes on, with what the error says of it.
    Trouble(CommitError),
    /// It does not begin.
    Refused(BeginError),
    /// It is complete, in microseconds.
    Ended(u64),
    /// It could not go on. What was safe is.
    Lost(CommitError),
}

/// What was not written, since the desk was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that came while not everybody agreed: on their way when somebody took their yes back, mostly.
    pub withheld_packets: u64,
    /// Packets of another codec than their track has: of a source that came later, or of another browser.
    pub foreign_packets: u64,
    /// Frames under a key of which there is no capsule.
    pub keyless_frames: u64,
    /// Frames that were captured while not everybody agreed, and had come this far all the same. They are not written
    /// either; but it is a fault if there ever is one.
    pub unconsented_frames: u64,
    /// Milliseconds of tracks that are missing.
    pub gap_millis: u64,
}

#[derive(Debug)]
struct Session {
    /// The codecs become what the first packets say.
    manifest: Manifest,
    intake: Intake,
    taps: BTreeMap<u8, TapId>,
    began: Instant,
    /// Before it is made; what came until then.
    early: Option<Early>,
    /// Everybody agrees until then.
    until: Option<Instant>,
    /// Since when, if nothing has come in between: what arrived before is not of this span.
    since: Option<Instant>,
    has_begun: bool,
    /// When everybody agreed, in microseconds since the beginning; the last one may be open.
    spans: Vec<(u64, Option<u64>)>,
    /// By the upper bits of KIDs.
    generations: BTreeSet<u32>,
    silent: BTreeSet<u8>,
}

/// What becomes of a packet.
enum Taken {
    Yes,
    /// Its source is switched off.
    Silent,
    /// The track of the file has another codec, which can't be changed.
    OtherCodec,
}

#[derive(Debug, Default)]
struct Early {
    outputs: Vec<Output>,
    beside: Vec<(Beside, String)>,
    /// Tracks of which a packet has come.
    seen: BTreeSet<u8>,
}

impl<V: Volume> Desk<V> {
    /// Over a recorder.
    pub fn new(recorder: Recorder<V>) -> Self {
        Self {
            recorder,
            sessions: BTreeMap::new(),
            taps: HashMap::new(),
            events: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// A recording begins, in which everybody agrees until `until`. `feeds` are its tracks in their order: what listens,
    /// and whose it is. It is made when a packet of each has told its codec, or [`CODECS_WITHIN`] later.
    pub fn handle_begin(
        &mut self,
        now: Instant,
        manifest: Manifest,
        feeds: &[(TapId, u32)],
        (until, consents): (Instant, Vec<String>),
    ) {
        let id = manifest.id;
        let numbered = || (1u8..).zip(&manifest.tracks).zip(feeds);
        let sources = numbered().map(|((number, track), (_, owner))| Source {
            number,
            owner: *owner,
            kind: if track.is_sound() {
                MediaKind::Audio
            } else {
                MediaKind::Video
            },
        });
        let session = Session {
            intake: Intake::new(now, sources.collect()),
            taps: numbered().map(|((number, _), (tap, _))| (number, *tap)).collect(),
            manifest: manifest.clone(),
            began: now,
            early: Some(Early {
                beside: consents
                    .into_iter()
                    .map(|line| (Beside::Consents, line))
                    .collect(),
                ..Early::default()
            }),
            until: Some(until),
            since: Some(now),
            has_begun: false,
            spans: vec![(0, None)],
            generations: BTreeSet::new(),
            silent: BTreeSet::new(),
        };
        self.taps
            .extend(session.taps.iter().map(|(number, tap)| (*tap, (id, *number))));
        self.sessions.insert(id, session);
        self.drain(id);
    }

    /// A tapped packet; of a tap that is not known any more, nothing comes.
    pub fn handle_packet(&mut self, now: Instant, packet: TapPacket) {
        let Some((id, number)) = self.taps.get(&packet.tap).copied() else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if !session.is_agreed_at(packet.arrived) {
            self.counts.withheld_packets += 1;
            return;
        }
        match session.takes(number, &packet) {
            Taken::Yes => {
                session.intake.handle_packet(now, number, packet);
                self.drain(id);
            }
            Taken::OtherCodec => self.counts.foreign_packets += 1,
            Taken::Silent => {}
        }
    }

    /// At that moment it was so that everybody agrees until then, or does not (`None`). It may be told late: what was
    /// true in between counts.
    pub fn handle_consented(&mut self, now: Instant, id: RecordingId, at: Instant, until: Option<Instant>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.lapse(now, at);
        let agrees = until.is_some_and(|until| at < until);
        match (session.since, agrees) {
            (None, true) => session.resume(now, at),
            (Some(_), false) => session.pause(now, at),
            _ => {}
        }
        session.until = until;
        self.drain(id);
    }

    /// A track of the recording is fed by another tap from now on.
    pub fn handle_feed(&mut self, now: Instant, id: RecordingId, number: u8, tap: TapId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(former) = session.taps.insert(number, tap) {
            self.taps.remove(&former);
        }
        self.taps.insert(tap, (id, number));
        // numbers begin anew, and what is missing between them is no loss
        session.intake.handle_paused(now, number);
        if session.since.is_some() && !session.silent.contains(&number) {
            session.intake.handle_resumed(now, number);
        }
        self.drain(id);
    }

    /// A source was switched off, or on: what does not come in between is not missing.
    pub fn handle_silent(&mut self, now: Instant, id: RecordingId, number: u8, silent: bool) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if silent && session.silent.insert(number) {
            session.intake.handle_paused(now, number);
        } else if !silent && session.silent.remove(&number) && session.since.is_some() {
            session.intake.handle_resumed(now, number);
        }
        self.drain(id);
    }

    /// Messages of those who agree, to be kept beside the recording.
    pub fn handle_consents(&mut self, id: RecordingId, lines: Vec<String>) {
        for line in lines {
            self.keep(id, Beside::Consents, line);
        }
    }

    /// A capsule, to be kept beside the recording: frames of this generation may be written from here on. The line is
    /// durable before they are called safe.
    pub fn handle_capsule(&mut self, id: RecordingId, kid: u32, line: String) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.generations.len() < MOST_GENERATIONS {
            session.generations.insert(generation(kid));
            self.keep(id, Beside::Keys, line);
        }
    }

    /// A recording is over.
    pub fn handle_end(&mut self, now: Instant, id: RecordingId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.intake.handle_end(now);
        self.make_early(id);
        self.drain(id);
        self.forget(id);
        self.recorder.handle_end(id);
    }

    /// Time has passed; it may wait for the disk.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due: Vec<_> = self.sessions.keys().copied().collect();
        for id in due {
            self.handle_time_of(now, id);
        }
        if self.recorder.poll_timeout().is_some_and(|at| at <= now) {
            self.recorder.commit(now);
            self.hear();
        }
    }

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        let sessions = self.sessions.values().filter_map(Session::poll_timeout).min();
        [self.recorder.poll_timeout(), sessions]
            .into_iter()
            .flatten()
            .min()
    }

    /// What became of a recording.
    pub fn poll_event(&mut self) -> Option<(RecordingId, DeskEvent)> {
        self.events.pop_front()
    }

    /// Nothing is made at present, nor on its way to the disk.
    pub fn is_idle(&self) -> bool {
        self.sessions.is_empty() && self.recorder.poll_timeout().is_none()
    }

    /// What is counted of the disk.
    pub fn stats(&self) -> Stats {
        self.recorder.stats()
    }

    /// What is counted of frames.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn handle_time_of(&mut self, now: Instant, id: RecordingId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.lapse(now, now);
        if session.intake.poll_timeout().is_some_and(|at| at <= now) {
            session.intake.handle_timeout(now);
        }
        if session.early.is_some() && session.began + CODECS_WITHIN <= now {
            self.make_early(id);
        }
        self.drain(id);
    }

    fn drain(&mut self, id: RecordingId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let mut outputs = Vec::new();
        while let Some(output) = session.intake.poll_output() {
            outputs.push(output);
        }
        for output in outputs {
            self.handle_output(id, output);
        }
        let is_told = |session: &Session| {
            session
                .early
                .as_ref()
                .is_some_and(|early| early.seen.len() == session.taps.len())
        };
        if self.sessions.get(&id).is_some_and(is_told) {
            self.make_early(id);
        }
    }

    fn handle_output(&mut self, id: RecordingId, output: Output) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Output::WantsKeyframe { number } = output {
            if let Some(tap) = session
                .taps
                .get(&number)
                .filter(|_| !session.silent.contains(&number))
            {
                self.events.push_back((id, DeskEvent::WantsKeyframe(*tap)));
            }
            return;
        }
        match &mut session.early {
            Some(early) => early.outputs.push(output),
            None => self.write(id, output),
        }
    }

    /// The one place from which frames go on to a file.
    fn write(&mut self, id: RecordingId, output: Output) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        match output {
            Output::Frame(frame) => {
                if !session.is_agreed_to(frame.micros) {
                    self.counts.unconsented_frames += 1;
                    return;
                }
                if !session.has_capsule(&frame) {
                    self.counts.keyless_frames += 1;
                    return;
                }
                self.recorder.handle_frame(id, frame);
            }
            Output::Gap(gap) => {
                self.counts.gap_millis += gap.to.saturating_sub(gap.from) / 1000;
                self.recorder.handle_gap(id, gap);
            }
            Output::WantsKeyframe { .. } => {}
        }
    }

    /// Now that the codecs are known, or time is over.
    fn make_early(&mut self, id: RecordingId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(early) = session.early.take() else { return };
        if let Err(error) = self.recorder.handle_begin(session.manifest.clone()) {
            self.forget(id);
            self.events.push_back((id, DeskEvent::Refused(error)));
            return;
        }
        for (beside, line) in &early.beside {
            self.recorder.handle_beside(id, *beside, line);
        }
        for output in early.outputs {
            self.write(id, output);
        }
    }

    fn keep(&mut self, id: RecordingId, beside: Beside, line: String) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match &mut session.early {
            Some(early) => early.beside.push((beside, line)),
            None => self.recorder.handle_beside(id, beside, &line),
        }
    }

    fn hear(&mut self) {
        while let Some((id, event)) = self.recorder.poll_event() {
            let event = match event {
                // a file without media is no recording yet
                Event::Begun => continue,
                Event::Safe(micros) => {
                    self.tell_begun(id, micros);
                    DeskEvent::Safe(micros)
                }
                Event::Ended(micros) => DeskEvent::Ended(micros),
                Event::Room => {
                    self.want_pictures(id);
                    continue;
                }
                Event::Trouble(error) => {
                    self.want_pictures(id);
                    DeskEvent::Trouble(error)
                }
                Event::Lost(error) => {
                    self.forget(id);
                    DeskEvent::Lost(error)
                }
            };
            self.events.push_back((id, event));
        }
    }

    /// Pictures wait for key frames after whatever befell the disk.
    fn want_pictures(&mut self, id: RecordingId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        for (number, tap) in &session.taps {
            let is_picture = session
                .manifest
                .track(*number)
                .is_some_and(|track| !track.is_sound());
            if is_picture && !session.silent.contains(number) {
                self.events.push_back((id, DeskEvent::WantsKeyframe(*tap)));
            }
        }
    }

    fn tell_begun(&mut self, id: RecordingId, micros: u64) {
        let session = self.sessions.get_mut(&id).filter(|session| !session.has_begun);
        if let Some(session) = session.filter(|_| micros > 0) {
            session.has_begun = true;
            self.events.push_back((id, DeskEvent::Begun));
        }
    }

    fn forget(&mut self, id: RecordingId) {
        self.sessions.remove(&id);
        self.taps.retain(|_, (other, _)| *other != id);
    }
}

impl Session {
    fn is_agreed_at(&self, moment: Instant) -> bool {
        let since = self.since.is_some_and(|since| since <= moment);
        since && self.until.is_some_and(|until| moment < until)
    }

    /// Whether a packet is of its track; the first one says what codes it.
    fn takes(&mut self, number: u8, packet: &TapPacket) -> Taken {
        if self.silent.contains(&number) {
            return Taken::Silent;
        }
        let track = self.manifest.tracks.get_mut(usize::from(number) - 1);
        let Some((track, codec)) = track.zip(Codec::of(packet.codec)) else {
            return Taken::OtherCodec;
        };
        if let Some(early) = &mut self.early
            && early.seen.insert(number)
        {
            track.codec = codec;
        }
        if track.codec == codec {
            Taken::Yes
        } else {
            Taken::OtherCodec
        }
    }

    /// The last yes has run out by itself by that moment.
    fn lapse(&mut self, now: Instant, at: Instant) {
        if let Some(until) = self.until.filter(|until| *until <= at)
            && self.since.is_some()
        {
            self.pause(now, until);
            self.until = None;
        }
    }

    fn pause(&mut self, now: Instant, at: Instant) {
        let micros = self.micros(at);
        self.since = None;
        if let Some((_, end @ None)) = self.spans.last_mut() {
            *end = Some(micros);
        }
        for number in self.taps.keys() {
            self.intake.handle_paused(now, *number);
        }
    }

    fn resume(&mut self, now: Instant, at: Instant) {
        self.since = Some(at);
        self.spans.push((self.micros(at), None));
        for number in self.taps.keys().filter(|number| !self.silent.contains(number)) {
            self.intake.handle_resumed(now, *number);
        }
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }

    fn is_agreed_to(&self, micros: u64) -> bool {
        let slack = CLOCKS_WITHIN.as_micros() as u64;
        let mut spans = self.spans.iter();
        spans.any(|(from, to)| micros + slack >= *from && to.is_none_or(|to| micros <= to + slack))
    }

    fn has_capsule(&self, frame: &Frame) -> bool {
        let codec = self.manifest.track(frame.track).map(|track| track.codec);
        let kid = codec.and_then(|codec| kid_of(codec, &frame.bytes));
        kid.is_some_and(|Kid(kid)| self.generations.contains(&generation(kid)))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let early = self.early.as_ref().map(|_| self.began + CODECS_WITHIN);
        [
            self.intake.poll_timeout(),
            early,
            self.until.filter(|_| self.since.is_some()),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// Sender index and generation of a KID (SK-1, section 9).
const fn generation(kid: u32) -> u32 {
    kid >> 8
}

/// Somebody who is silent or whose camera is off sends nothing: the first codec that was negotiated is taken then.
pub const CODECS_WITHIN: Duration = Duration::from_millis(1000);

/// How far the time at which a frame was captured may be off: what the intake allows, and some.
const CLOCKS_WITHIN: Duration = Duration::from_millis(250);

/// Of sixteen senders more than a long day has; each costs eight bytes here, and a line beside the recording.
const MOST_GENERATIONS: usize = 65_536;

#[cfg(test)]
mod tests;
