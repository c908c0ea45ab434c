//! A recording of this room: who has to agree, and whether all do at this moment.
//!
//! Owns: leases, what is told of a recording, and what the recorder is ordered. Never does: record, or take a word for
//! a consent; [`Gate`](rapport_keys::Gate) reads those.
//!
//! Capture goes on only while every member of the call has said yes and has renewed it within [`LEASE`]. All of that is
//! looked at anew after whatever may change it ([`Room::review`]), so that no order of events has to be thought of.

mod orders;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rapport_keys::{Capsule, Proposal, Said, Sources, Subject};
use rapport_recorder::RecordingId;
use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, TrackId};

use super::track::Track;
use super::{Effect, MissingConsent, Room, RoomError};
use crate::protocol::{self, RecordingEnd, RecordingPhase, ServerBody, Source};

pub use orders::{Beginning, Feed, RecordOrder, Recorded};

/// How long a yes holds without being renewed: clients renew it every 2 s, and may miss two of them.
pub const LEASE: Duration = Duration::from_secs(6);

/// See the module.
#[derive(Debug)]
pub(super) struct Recording {
    id: RecordingId,
    /// The recorder has been told to begin, and not to end.
    runs: bool,
    has_begun: bool,
    leases: BTreeMap<ParticipantId, Instant>,
    /// What the recorder was told last.
    until: Option<Instant>,
    feeds: Vec<Fed>,
    /// Capsules that came before it began.
    early: Vec<RecordOrder>,
    /// Those that were taken, of each member by generation.
    capsules: BTreeMap<ParticipantId, BTreeMap<u32, Capsule>>,
}

impl Recording {
    /// A generation has one key, and a member no more generations than a long day has: each is kept. False: it is known.
    fn admit_capsule(&mut self, member: ParticipantId, capsule: &Capsule) -> Result<bool, RoomError> {
        let of_member = self.capsules.entry(member).or_default();
        match of_member.get(&(capsule.kid >> GENERATION_SHIFT)) {
            Some(known) if known == capsule => Ok(false),
            Some(_) => Err(RoomError::NoConsent(MissingConsent::OtherKey)),
            None if of_member.len() >= MOST_CAPSULES => Err(RoomError::NoConsent(MissingConsent::Room)),
            None => {
                of_member.insert(capsule.kid >> GENERATION_SHIFT, capsule.clone());
                Ok(true)
            }
        }
    }
}

/// One track of a recording, and what feeds it at present.
#[derive(Debug)]
struct Fed {
    device: [u8; 32],
    source: Source,
    track: Option<TrackId>,
    silent: bool,
}

impl Room {
    /// A member still agrees.
    pub fn lease(&mut self, member: ParticipantId, recording: &str, now: Instant) -> Result<(), RoomError> {
        let (proposed, current) = self
            .gate
            .consents()
            .current()
            .zip(self.recording.as_mut())
            .ok_or(RoomError::NoConsent(MissingConsent::Proposal))?;
        if RecordingId(proposed.proposal.recording).to_string() != recording {
            return Err(RoomError::NoConsent(MissingConsent::OtherProposal));
        }
        if !proposed.is_agreed_by(member.0) {
            return Err(RoomError::NoConsent(MissingConsent::Yes));
        }
        current.leases.insert(member, now + LEASE);
        self.review(now);
        Ok(())
    }

    /// A member gives a key to those who may open the recording.
    pub fn capsule(&mut self, member: ParticipantId, message: String) -> Result<(), RoomError> {
        let capsule = self.gate.read_capsule(member.0, &message)?;
        let Some(recording) = &mut self.recording else {
            return Err(RoomError::NoConsent(MissingConsent::Proposal));
        };
        if !recording.admit_capsule(member, &capsule)? {
            return Ok(());
        }
        let order = RecordOrder::Capsule(recording.id, Box::new(capsule), message);
        if recording.runs {
            self.effects.push_back(Effect::Record(order));
        } else {
            // a client sees the last yes before the server has seen the last lease
            recording.early.push(order);
        }
        Ok(())
    }

    /// What the recorder says. About a recording that is over it may say anything.
    pub fn handle_recorded(&mut self, id: RecordingId, recorded: Recorded) {
        let is_told = |state: &protocol::Recording| state.recording == id.to_string();
        let Some(mut state) = self.state.recording.clone().filter(is_told) else {
            return;
        };
        let recording = self.recording.as_mut().filter(|recording| recording.id == id);
        match recorded {
            Recorded::Begun => {
                if let Some(recording) = recording {
                    recording.has_begun = true;
                    if state.phase == RecordingPhase::Starting {
                        state.phase = RecordingPhase::Recording;
                    }
                }
            }
            Recorded::SoundOnly(is_so) => state.sound_only = is_so,
            Recorded::Low(hours) => state.hours_left = Some(hours),
            Recorded::Safe(millis) | Recorded::Ended(millis) => state.safe_ms = millis,
            Recorded::WantsKeyframe(track) => return self.order(Command::RequestKeyframes { track }),
            Recorded::Full(hours) => {
                state.hours_left = Some(hours);
                return self.end_recording(state, RecordingEnd::Full);
            }
            Recorded::Lost => return self.end_recording(state, RecordingEnd::Failed),
        }
        self.tell_recording(state);
    }

    /// When to call [`Self::review`], if nothing happens.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.recording.as_ref()?.until
    }

    /// Something may have changed of which a recording depends.
    pub fn review(&mut self, now: Instant) {
        if self.recording.is_none() {
            return;
        }
        let members = self.callers();
        let Some(proposed) = self.gate.consents().current() else {
            return;
        };
        let (proposal, author) = (proposed.proposal.clone(), ParticipantId(proposed.author));
        if !members.contains(&author) {
            return self.finish(RecordingEnd::Gone);
        }
        let recording = self.recording.as_ref();
        let lease = |member: &ParticipantId| {
            let until = recording
                .and_then(|recording| recording.leases.get(member))
                .copied();
            until.filter(|until| proposed.is_agreed_by(member.0) && now < *until)
        };
        let missing: Vec<_> = members
            .iter()
            .filter(|one| lease(one).is_none())
            .map(|one| one.0)
            .collect();
        let until = members
            .iter()
            .filter_map(lease)
            .min()
            .filter(|_| missing.is_empty());
        self.keep_record();
        self.run(&proposal, now, until);
        self.follow();
        self.show(missing);
    }

    /// What was said of a recording in a message that has just been read.
    pub(super) fn hear(&mut self, said: Option<Said>, now: Instant) {
        match said {
            Some(Said::Proposed) => self.propose(),
            Some(Said::Refused) => return self.finish(RecordingEnd::Stopped),
            Some(Said::Agreed) | None => {}
        }
        self.review(now);
    }

    /// Somebody is no member any more.
    pub(super) fn unlease(&mut self, member: ParticipantId) {
        let was_theirs = self.gate.consents_mut().handle_left(member.0);
        if let Some(recording) = &mut self.recording {
            recording.leases.remove(&member);
        }
        if was_theirs {
            self.finish(RecordingEnd::Gone);
        }
    }

    fn propose(&mut self) {
        let Some(proposed) = self.gate.consents().current().filter(|_| self.rules.records) else {
            // nobody is asked for what this server can't do
            return self.gate.consents_mut().end();
        };
        let id = RecordingId(proposed.proposal.recording);
        self.recording = Some(Recording {
            id,
            runs: false,
            has_begun: false,
            leases: BTreeMap::new(),
            until: None,
            feeds: Vec::new(),
            early: Vec::new(),
            capsules: BTreeMap::new(),
        });
        self.tell_recording(protocol::Recording {
            recording: id.to_string(),
            phase: RecordingPhase::Proposed,
            safe_ms: 0,
            sound_only: false,
            missing: Vec::new(),
            end: None,
            hours_left: None,
        });
    }

    /// Those whose yes is needed: all who are in the call.
    fn callers(&self) -> Vec<ParticipantId> {
        let seated = self.participants.iter().filter(|(_, one)| {
            let seat = one.seat.as_ref();
            seat.is_some_and(|seat| seat.admitted)
        });
        seated.map(|(id, _)| *id).collect()
    }

    /// Tells the recorder what it does not know yet of who agrees until when.
    fn run(&mut self, proposal: &Proposal, now: Instant, until: Option<Instant>) {
        let Some(recording) = &self.recording else { return };
        if recording.until == until {
            return;
        }
        let (id, runs) = (recording.id, recording.runs);
        let order = match until {
            Some(until) if !runs => RecordOrder::Begin(Box::new(self.begin(proposal, until))),
            _ if !runs => return,
            until => RecordOrder::Consented(id, now, until),
        };
        self.effects.push_back(Effect::Record(order));
        if let Some(recording) = &mut self.recording {
            recording.until = until;
            recording.runs = true;
            self.effects.extend(recording.early.drain(..).map(Effect::Record));
        }
    }

    fn begin(&mut self, proposal: &Proposal, until: Instant) -> Beginning {
        let subjects = proposal.subjects.iter().enumerate();
        let found = subjects.flat_map(|(owner, subject)| self.tracks_of_subject(owner as u32, subject));
        let (feds, feeds): (Vec<_>, Vec<_>) = found.collect::<Vec<_>>().into_iter().unzip();
        let record = self.gate.consents_mut().take_record();
        if let Some(recording) = &mut self.recording {
            recording.feeds = feds;
        }
        Beginning {
            id: RecordingId(proposal.recording),
            room: self.name.clone(),
            purpose: proposal.purpose.name(),
            days: proposal.days,
            feeds,
            record,
            until,
        }
    }

    /// A source that is named and not published yet has its place, too: somebody may switch it on later.
    fn tracks_of_subject(&self, owner: u32, subject: &Subject) -> Vec<(Fed, Feed)> {
        let publisher = self.caller_with(&subject.device);
        let seat = publisher.and_then(|publisher| self.participants.get(&publisher)?.seat.as_ref());
        let sender = seat.map_or(0, |seat| seat.sender.0);
        let named = SOURCES
            .into_iter()
            .filter(|source| is_named(*source, subject.sources));
        let fed = named.map(|source| {
            let published = self.track_of(&subject.device, source);
            let kind = kind_of(source);
            let silent = published.is_none_or(|(_, track)| track.is_silent());
            let fed = Fed {
                device: subject.device,
                source,
                track: published.map(|(id, _)| id),
                silent,
            };
            let feed = Feed {
                track: fed.track,
                owner,
                kind,
                codec: published
                    .and_then(|(_, track)| track.codecs.first().copied())
                    .unwrap_or_else(|| first_codec(kind)),
                sender,
                device: subject.device,
                silent,
            };
            (fed, feed)
        });
        fed.collect()
    }

    fn track_of(&self, device: &[u8; 32], source: Source) -> Option<(TrackId, &Track)> {
        let publisher = self.caller_with(device)?;
        let mut own = self.tracks_of(publisher);
        own.find(|(_, track)| track.source == Some(source))
    }

    fn caller_with(&self, device: &[u8; 32]) -> Option<ParticipantId> {
        let is_it = |id: &ParticipantId| self.gate.device(id.0).is_some_and(|known| known.0 == *device);
        self.callers().into_iter().find(is_it)
    }

    /// Of somebody who came in again the tracks are others; and sources are switched off and on.
    fn follow(&mut self) {
        let Some(recording) = self.recording.as_ref().filter(|recording| recording.runs) else {
            return;
        };
        let now: Vec<_> = recording
            .feeds
            .iter()
            .map(|fed| {
                let own = self.track_of(&fed.device, fed.source);
                own.map(|(id, track)| (id, track.is_silent()))
            })
            .collect();
        let Some(recording) = &mut self.recording else {
            return;
        };
        for ((number, fed), now) in (1..).zip(&mut recording.feeds).zip(now) {
            let Some((track, silent)) = now else { continue };
            if fed.track != Some(track) {
                fed.track = Some(track);
                let order = RecordOrder::Feed(recording.id, number, track);
                self.effects.push_back(Effect::Record(order));
            }
            if fed.silent != silent {
                fed.silent = silent;
                let order = RecordOrder::Silent(recording.id, number, silent);
                self.effects.push_back(Effect::Record(order));
            }
        }
    }

    fn keep_record(&mut self) {
        let Some(recording) = self.recording.as_ref().filter(|recording| recording.runs) else {
            return;
        };
        let id = recording.id;
        let record = self.gate.consents_mut().take_record();
        if !record.is_empty() {
            self.effects
                .push_back(Effect::Record(RecordOrder::Keep(id, record)));
        }
    }

    fn show(&mut self, missing: Vec<u64>) {
        let Some((recording, mut state)) = self.recording.as_ref().zip(self.state.recording.clone()) else {
            return;
        };
        state.phase = match (recording.runs, missing.is_empty(), recording.has_begun) {
            (false, ..) => RecordingPhase::Proposed,
            (true, false, _) => RecordingPhase::Paused,
            (true, true, false) => RecordingPhase::Starting,
            (true, true, true) => RecordingPhase::Recording,
        };
        state.missing = missing;
        self.tell_recording(state);
    }

    fn finish(&mut self, end: RecordingEnd) {
        if let Some(state) = self.state.recording.clone() {
            self.end_recording(state, end);
        }
    }

    fn end_recording(&mut self, mut state: protocol::Recording, end: RecordingEnd) {
        // who said no belongs to what is kept
        self.keep_record();
        self.gate.consents_mut().end();
        let Some(recording) = self.recording.take() else {
            return;
        };
        if recording.runs {
            self.effects
                .push_back(Effect::Record(RecordOrder::End(recording.id)));
        }
        state.phase = RecordingPhase::Ended;
        state.missing.clear();
        state.end = Some(end);
        self.tell_recording(state);
    }

    fn tell_recording(&mut self, recording: protocol::Recording) {
        if self.state.recording.as_ref() == Some(&recording) {
            return;
        }
        self.state.recording = Some(recording);
        self.tell_members(&ServerBody::Room {
            room: self.state.clone(),
        });
    }
}

/// Each time that somebody comes or goes costs each sender one or two.
const MOST_CAPSULES: usize = 512;

/// Below it a KID has its step (SK-1, section 9).
const GENERATION_SHIFT: u32 = 8;

/// In the order of a recording's tracks.
const SOURCES: [Source; 4] = [
    Source::Microphone,
    Source::Camera,
    Source::Screen,
    Source::ScreenAudio,
];

const fn kind_of(source: Source) -> MediaKind {
    match source {
        Source::Microphone | Source::ScreenAudio => MediaKind::Audio,
        Source::Camera | Source::Screen => MediaKind::Video,
    }
}

/// What pages offer first, for a source that nobody has published yet.
const fn first_codec(kind: MediaKind) -> Codec {
    match kind {
        MediaKind::Audio => Codec::Opus,
        MediaKind::Video => Codec::Vp9 { profile: 0 },
    }
}

fn is_named(source: Source, sources: Sources) -> bool {
    sources.has(match source {
        Source::Microphone => Sources::MICROPHONE,
        Source::Camera => Sources::CAMERA,
        Source::Screen | Source::ScreenAudio => Sources::SCREEN,
    })
}
