//! All that is recorded on one volume, from tapped packets to files.
//!
//! Owns: which packets belong to which recording, and whether a frame may be written at all. Never does: read a clock,
//! decide who agrees, or open a frame.
//!
//! A frame is written only if everybody agrees at that moment ([`Desk::handle_consented`], which runs out by itself), and
//! if the generation of its key has a capsule: of anything else the recording would hold what nobody agreed to, or what
//! nobody can open.

mod feed;
mod session;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use rapport_sfu::id::TapId;
use rapport_sfu::subscription::tap::TapPacket;

use crate::beside::Beside;
use crate::intake::Output;
use crate::manifest::{Manifest, RecordingId};
use crate::recorder::{BeginError, Event, Recorder};
use crate::recording::CommitError;
use crate::room::hours;
use crate::stats::Stats;
use crate::volume::Volume;
use session::{Session, Taken};

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
    /// It began, and there is not much room for others: for so many hours like it.
    Low(f64),
    /// It is safe up to this time, in microseconds.
    Safe(u64),
    /// There is room again: pictures go on, after [`CommitError::Full`] had them left out.
    Room,
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
    /// Packets of a codec that no track has, or of none yet: up to the key frame that a track begins with.
    pub foreign_packets: u64,
    /// Frames under a key of which there is no capsule.
    pub keyless_frames: u64,
    /// Frames that were captured while not everybody agreed, and had come this far all the same. They are not written
    /// either; but it is a fault if there ever is one.
    pub unconsented_frames: u64,
    /// Milliseconds of tracks that are missing.
    pub gap_millis: u64,
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

    /// A recording begins, in which everybody agrees until the moment that is told, by these messages. `feeds` are its
    /// tracks in their order: what listens, and whose it is. It is made when a packet of each has told its codec, or
    /// [`CODECS_WITHIN`] later, and has then tracks for what pictures may change to.
    pub fn handle_begin(
        &mut self,
        now: Instant,
        manifest: Manifest,
        feeds: &[(TapId, u32)],
        agreed: (Instant, Vec<String>),
    ) {
        let id = manifest.id;
        let session = Session::new(now, manifest, feeds, agreed);
        let taps = session.taps().map(|(tap, number)| (tap, (id, number)));
        self.taps.extend(taps);
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
        match session.take(now, number, &packet) {
            Taken::By(track) => session.intake.handle_packet(now, track, packet),
            Taken::Silent => {}
            Taken::Foreign => self.counts.foreign_packets += 1,
            Taken::Awaited => {
                self.counts.foreign_packets += 1;
                self.events.push_back((id, DeskEvent::WantsKeyframe(packet.tap)));
            }
        }
        self.drain(id);
        self.tell_left(id);
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

    /// A feed of the recording comes by another tap from now on.
    pub fn handle_feed(&mut self, now: Instant, id: RecordingId, number: u8, tap: TapId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(former) = session.feed(now, number, tap) {
            self.taps.remove(&former);
            self.taps.insert(tap, (id, number));
        }
        self.drain(id);
    }

    /// A source was switched off, or on: what does not come in between is not missing.
    pub fn handle_silent(&mut self, now: Instant, id: RecordingId, number: u8, silent: bool) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.silence(now, number, silent);
            self.drain(id);
        }
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
        if session.admit_generation(kid) {
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

    /// Looks at how much is stored; it reads every folder.
    pub fn count(&mut self) {
        self.recorder.count();
    }

    /// What is counted of the disk.
    pub fn stats(&self) -> Stats {
        self.recorder.stats()
    }

    /// How far sound and picture of a person are apart from where their sender put them, of the worst of all; nothing where
    /// no sender report has told.
    pub fn skew(&self) -> Option<Duration> {
        self.sessions
            .values()
            .filter_map(|session| session.intake.skew())
            .max()
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
        if session.makes_at().is_some_and(|at| at <= now) {
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
        if self.sessions.get(&id).is_some_and(Session::is_told) {
            self.make_early(id);
        }
    }

    fn handle_output(&mut self, id: RecordingId, output: Output) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Output::WantsKeyframe { number } = output {
            let tap = session.tap_of_track(number);
            let wish = tap.map(|tap| (id, DeskEvent::WantsKeyframe(tap)));
            self.events.extend(wish);
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
        session.add_spares();
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
                    DeskEvent::Room
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
        let taps = session.picture_taps();
        self.events
            .extend(taps.map(|tap| (id, DeskEvent::WantsKeyframe(tap))));
    }

    /// Behind all that came of them.
    fn tell_left(&mut self, id: RecordingId) {
        let left = self
            .sessions
            .get_mut(&id)
            .map(|session| std::mem::take(&mut session.left));
        for track in left.into_iter().flatten() {
            self.recorder.handle_left(id, track);
        }
    }

    fn tell_begun(&mut self, id: RecordingId, micros: u64) {
        let session = self.sessions.get_mut(&id).filter(|session| !session.has_begun);
        if let Some(session) = session.filter(|_| micros > 0) {
            session.has_begun = true;
            self.events.push_back((id, DeskEvent::Begun));
            let stats = self.recorder.stats();
            if stats.is_low {
                let hours = hours(stats.left_bytes, session.pictures());
                self.events.push_back((id, DeskEvent::Low(hours)));
            }
        }
    }

    fn forget(&mut self, id: RecordingId) {
        self.sessions.remove(&id);
        self.taps.retain(|_, (other, _)| *other != id);
    }
}

/// Somebody who is silent or whose camera is off sends nothing: the first codec that was negotiated is taken then.
pub const CODECS_WITHIN: Duration = Duration::from_millis(1000);

#[cfg(test)]
mod tests;
