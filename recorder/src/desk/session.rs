//! One recording on the desk.
//!
//! Owns: when everybody agreed, which keys have a capsule, and which track a packet belongs to. Never does: write.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rapport_seal::{Codec, Kid, kid_of};
use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::TapId;
use rapport_sfu::subscription::tap::TapPacket;

use super::CODECS_WITHIN;
use super::feed::Feed;
use crate::beside::Beside;
use crate::frame::Frame;
use crate::intake::{Intake, Output, Source};
use crate::manifest::{Manifest, Track};

/// See the module.
#[derive(Debug)]
pub(super) struct Session {
    /// Until it is made, the codecs become what the first packets say.
    pub(super) manifest: Manifest,
    pub(super) intake: Intake,
    /// In the order of their numbers, from 1.
    feeds: Vec<Feed>,
    began: Instant,
    /// Before it is made; what came until then.
    pub(super) early: Option<Early>,
    /// Everybody agrees until then.
    pub(super) until: Option<Instant>,
    /// Since when, if nothing has come in between: what arrived before is not of this span.
    pub(super) since: Option<Instant>,
    pub(super) has_begun: bool,
    /// When everybody agreed, in microseconds since the beginning; the last one may be open.
    spans: Vec<(u64, Option<u64>)>,
    /// By the upper bits of KIDs.
    generations: BTreeSet<u32>,
    /// Tracks that another one was taken for, and that nobody was told of.
    pub(super) left: Vec<u8>,
}

/// What becomes of a packet.
pub(super) enum Taken {
    /// It is of this track.
    By(u8),
    /// Its source is switched off.
    Silent,
    /// A track with its codec begins with a key frame, which is to be asked for.
    Awaited,
    /// No track can have its codec, or none yet.
    Foreign,
}

#[derive(Debug, Default)]
pub(super) struct Early {
    pub(super) outputs: Vec<Output>,
    pub(super) beside: Vec<(Beside, String)>,
    /// Feeds of which a packet has come.
    seen: BTreeSet<u8>,
}

impl Session {
    pub(super) fn new(
        now: Instant,
        manifest: Manifest,
        taps: &[(TapId, u32)],
        (until, consents): (Instant, Vec<String>),
    ) -> Self {
        let numbered = (1u8..).zip(&manifest.tracks).zip(taps);
        let sources = numbered.clone().map(|((number, track), (_, owner))| Source {
            number,
            owner: *owner,
            kind: kind_of(track),
        });
        let beside = consents.into_iter().map(|line| (Beside::Consents, line));
        Self {
            intake: Intake::new(now, sources.collect()),
            feeds: numbered
                .map(|((number, _), (tap, owner))| Feed::new(*tap, *owner, number))
                .collect(),
            manifest,
            began: now,
            early: Some(Early {
                beside: beside.collect(),
                ..Early::default()
            }),
            until: Some(until),
            since: Some(now),
            has_begun: false,
            spans: vec![(0, None)],
            generations: BTreeSet::new(),
            left: Vec::new(),
        }
    }

    /// Those that listen, with the numbers of what they listen to.
    pub(super) fn taps(&self) -> impl Iterator<Item = (TapId, u8)> {
        self.feeds
            .iter()
            .zip(1..)
            .map(|(feed, number)| (feed.tap, number))
    }

    /// Who listens to what this track is fed by, if that is not switched off.
    pub(super) fn tap_of_track(&self, track: u8) -> Option<TapId> {
        let mut feeds = self.feeds.iter();
        feeds
            .find(|feed| feed.track == track && !feed.is_silent)
            .map(|feed| feed.tap)
    }

    /// Who listens to a picture that is not switched off.
    pub(super) fn picture_taps(&self) -> impl Iterator<Item = TapId> {
        let pictures = self.feeds.iter().filter(|feed| !feed.is_silent);
        let is_picture = |track: &Track| !track.is_sound();
        pictures
            .filter(move |feed| self.manifest.track(feed.track).is_some_and(is_picture))
            .map(|feed| feed.tap)
    }

    /// How many pictures there may be at once.
    pub(super) fn pictures(&self) -> usize {
        self.manifest
            .tracks
            .iter()
            .filter(|track| track.is_picture())
            .count()
    }

    /// A feed is another one from now on. Returns who listened before.
    pub(super) fn feed(&mut self, now: Instant, number: u8, tap: TapId) -> Option<TapId> {
        let feed = self.feeds.get_mut(usize::from(number).checked_sub(1)?)?;
        let former = std::mem::replace(&mut feed.tap, tap);
        let (track, is_silent) = (feed.track, feed.is_silent);
        // numbers begin anew, and what is missing between them is no loss
        self.intake.handle_paused(now, track);
        if !is_silent && self.since.is_some() {
            self.intake.handle_resumed(now, track, now);
        }
        Some(former)
    }

    pub(super) fn silence(&mut self, now: Instant, number: u8, is_silent: bool) {
        let Some(feed) = self.feeds.get_mut(usize::from(number).wrapping_sub(1)) else {
            return;
        };
        if std::mem::replace(&mut feed.is_silent, is_silent) == is_silent {
            return;
        }
        let track = feed.track;
        if is_silent {
            self.intake.handle_paused(now, track);
        } else if self.since.is_some() {
            self.intake.handle_resumed(now, track, now);
        }
    }

    pub(super) fn is_agreed_at(&self, moment: Instant) -> bool {
        let since = self.since.is_some_and(|since| since <= moment);
        since && self.until.is_some_and(|until| moment < until)
    }

    /// Of which track a packet is; the first one of a feed says what codes it.
    pub(super) fn take(&mut self, now: Instant, number: u8, packet: &TapPacket) -> Taken {
        let Some(feed) = self.feeds.get_mut(usize::from(number).wrapping_sub(1)) else {
            return Taken::Foreign;
        };
        if feed.is_silent {
            return Taken::Silent;
        }
        let track = self.manifest.tracks.get_mut(usize::from(feed.track) - 1);
        let Some((track, codec)) = track.zip(Codec::of(packet.codec)) else {
            return Taken::Foreign;
        };
        if let Some(early) = &mut self.early
            && early.seen.insert(number)
        {
            track.codec = codec;
        }
        let before = track.codec;
        if before == codec {
            return Taken::By(feed.track);
        }
        if !feed.has_spare(codec) {
            return Taken::Foreign;
        }
        // a packet of before that is late is none of a key frame, most likely, and changes nothing
        if !packet.keyframe {
            return if feed.wish(now) {
                Taken::Awaited
            } else {
                Taken::Foreign
            };
        }
        let former = feed.track;
        let Some(spare) = feed.switch(codec, before) else {
            return Taken::Foreign;
        };
        self.intake.handle_paused(now, former);
        self.left.push(former);
        // the key frame was captured a while before it came: in this span, which is what counts
        self.intake.handle_resumed(now, spare, self.since.unwrap_or(now));
        Taken::By(spare)
    }

    /// A packet of each feed has told what codes it.
    pub(super) fn is_told(&self) -> bool {
        self.early
            .as_ref()
            .is_some_and(|early| early.seen.len() == self.feeds.len())
    }

    /// The file is about to be made: each picture has tracks for the other codecs, too.
    pub(super) fn add_spares(&mut self) {
        for codec in PICTURES {
            for feed in &mut self.feeds {
                let track = self.manifest.track(feed.track).cloned();
                let Some(track) = track.filter(|track| !track.is_sound() && track.codec != codec) else {
                    continue;
                };
                let number = self.manifest.tracks.len() + 1;
                if number > MOST_TRACKS {
                    return;
                }
                let number = number as u8;
                self.manifest.tracks.push(Track {
                    codec,
                    spare_of: Some(feed.track),
                    ..track
                });
                self.intake.handle_spare(Source {
                    number,
                    owner: feed.owner,
                    kind: MediaKind::Video,
                });
                feed.spares.push((codec, number));
            }
        }
    }

    /// The last yes has run out by itself by that moment.
    pub(super) fn lapse(&mut self, now: Instant, at: Instant) {
        if let Some(until) = self.until.filter(|until| *until <= at)
            && self.since.is_some()
        {
            self.pause(now, until);
            self.until = None;
        }
    }

    pub(super) fn pause(&mut self, now: Instant, at: Instant) {
        let micros = self.micros(at);
        self.since = None;
        if let Some((_, end @ None)) = self.spans.last_mut() {
            *end = Some(micros);
        }
        for feed in &self.feeds {
            self.intake.handle_paused(now, feed.track);
        }
    }

    pub(super) fn resume(&mut self, now: Instant, at: Instant) {
        self.since = Some(at);
        self.spans.push((self.micros(at), None));
        for feed in self.feeds.iter().filter(|feed| !feed.is_silent) {
            self.intake.handle_resumed(now, feed.track, now);
        }
    }

    pub(super) fn is_agreed_to(&self, micros: u64) -> bool {
        let slack = CLOCKS_WITHIN.as_micros() as u64;
        let mut spans = self.spans.iter();
        spans.any(|(from, to)| micros + slack >= *from && to.is_none_or(|to| micros <= to + slack))
    }

    /// False: there are too many.
    pub(super) fn admit_generation(&mut self, kid: u32) -> bool {
        let has_room = self.generations.len() < MOST_GENERATIONS;
        if has_room {
            self.generations.insert(generation(kid));
        }
        has_room
    }

    pub(super) fn has_capsule(&self, frame: &Frame) -> bool {
        let codec = self.manifest.track(frame.track).map(|track| track.codec);
        let kid = codec.and_then(|codec| kid_of(codec, &frame.bytes));
        kid.is_some_and(|Kid(kid)| self.generations.contains(&generation(kid)))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [
            self.intake.poll_timeout(),
            self.makes_at(),
            self.until.filter(|_| self.since.is_some()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When it is made at the latest, if it is not yet.
    pub(super) fn makes_at(&self) -> Option<Instant> {
        self.early.as_ref().map(|_| self.began + CODECS_WITHIN)
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }
}

const fn kind_of(track: &Track) -> MediaKind {
    if track.is_sound() {
        MediaKind::Audio
    } else {
        MediaKind::Video
    }
}

/// Sender index and generation of a KID (SK-1, section 9).
const fn generation(kid: u32) -> u32 {
    kid >> 8
}

/// How far the time at which a frame was captured may be off: what the intake allows, and some.
const CLOCKS_WITHIN: Duration = Duration::from_millis(250);

/// Of sixteen senders more than a long day has; each costs eight bytes here, and a line beside the recording.
const MOST_GENERATIONS: usize = 65_536;

/// In the order in which pages offer them: where tracks run out, the last ones go without.
const PICTURES: [Codec; 4] = [Codec::Vp9, Codec::Vp8, Codec::H264, Codec::Av1];

/// RFC 9559 §10.1 codes the number of a track like a size, and ours in one byte.
const MOST_TRACKS: usize = 126;
