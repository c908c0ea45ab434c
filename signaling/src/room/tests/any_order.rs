//! Whatever happens in whatever order, every member sees the room as it is.
//!
//! Owns: the steps, and the comparison of what was told with the room. Never does: look into the room but by what
//! anybody may ask it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use rapport_keys::Verdict;

use super::mirror::{Plane, View};
use super::waiting::Keys;
use super::*;
use crate::protocol::{Line, Snapshot};

/// People who come, go and come again.
const PEOPLE: u64 = 16;

/// Fewer than may be wanted.
const LISTENER_PAIRS: usize = 2;

const SOURCES: [Source; 4] = [
    Source::Microphone,
    Source::Camera,
    Source::Screen,
    Source::ScreenAudio,
];

#[derive(Clone, Debug)]
enum Step {
    Sit {
        person: u64,
        host: bool,
        sources: usize,
        pairs: usize,
        on: MediaState,
    },
    Listen {
        person: u64,
        host: bool,
    },
    Ask(Index, Asked),
    Extend {
        who: Index,
        pairs: usize,
        screen: bool,
    },
    Leave(Index),
    Connect(Index),
    Lose(Index),
    Unseal(Index),
    Mute(Index, bool),
    /// A host, if there is one, says of somebody whether it is let in.
    State(Index, bool),
}

#[derive(Clone, Debug)]
enum Asked {
    Plain(Ask),
    Remove(Index),
}

fn media_state() -> impl Strategy<Value = MediaState> {
    any::<(bool, bool, bool)>().prop_map(|(microphone, camera, screen)| MediaState {
        microphone,
        camera,
        screen,
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let line = prop_oneof![Just(Line::Good), Just(Line::Fair), Just(Line::Poor)];
    prop_oneof![
        6 => media_state().prop_map(|media| Asked::Plain(Ask::Media(media))),
        2 => any::<bool>().prop_map(|on| Asked::Plain(Ask::Speaking(on))),
        2 => any::<bool>().prop_map(|on| Asked::Plain(Ask::Hand(on))),
        2 => line.prop_map(|line| Asked::Plain(Ask::Line(line))),
        3 => any::<bool>().prop_map(|on| Asked::Plain(Ask::Attached(on))),
        2 => any::<bool>().prop_map(|on| Asked::Plain(Ask::Lock(on))),
        2 => any::<Index>().prop_map(Asked::Remove),
        1 => Just(Asked::Plain(Ask::End)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        12 => (0..PEOPLE, any::<bool>(), 0..=4_usize, 0..4_usize, media_state()).prop_map(
            |(person, host, sources, pairs, on)| Step::Sit { person, host, sources, pairs, on }
        ),
        4 => (0..PEOPLE, any::<bool>()).prop_map(|(person, host)| Step::Listen { person, host }),
        12 => (index(), asked()).prop_map(|(who, asked)| Step::Ask(who, asked)),
        6 => (index(), 0..3_usize, any::<bool>()).prop_map(|(who, pairs, screen)| Step::Extend { who, pairs, screen }),
        3 => index().prop_map(Step::Leave),
        3 => index().prop_map(Step::Connect),
        2 => index().prop_map(Step::Lose),
        2 => index().prop_map(Step::Unseal),
        3 => (index(), any::<bool>()).prop_map(|(which, muted)| Step::Mute(which, muted)),
        12 => (index(), 0..4).prop_map(|(whom, draw)| Step::State(whom, draw > 0)),
    ]
}

/// The room between its clients and its media plane.
struct World {
    room: Room,
    plane: Plane,
    views: BTreeMap<ParticipantId, View>,
    /// Whether the token is a host's.
    listeners: BTreeMap<ParticipantId, bool>,
    people: BTreeMap<ParticipantId, u64>,
    senders: BTreeSet<u16>,
    sources: BTreeMap<TrackId, Source>,
    /// Whose media flows.
    admitted: BTreeSet<ParticipantId>,
    hosts: BTreeSet<ParticipantId>,
    keys: Keys,
    /// What is on, by the members' own word.
    on: BTreeMap<ParticipantId, MediaState>,
    silenced: BTreeSet<TrackId>,
    refused: BTreeSet<TrackId>,
    /// Ids fall, so that their order is not that of coming in.
    next: u64,
    /// Sections that members have added.
    added: usize,
}

impl World {
    fn new() -> Self {
        Self {
            room: room(),
            plane: Plane::default(),
            views: BTreeMap::new(),
            listeners: BTreeMap::new(),
            people: BTreeMap::new(),
            senders: BTreeSet::new(),
            sources: BTreeMap::new(),
            admitted: BTreeSet::new(),
            hosts: BTreeSet::new(),
            keys: Keys::default(),
            on: BTreeMap::new(),
            silenced: BTreeSet::new(),
            refused: BTreeSet::new(),
            next: 1000,
            added: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Sit {
                person,
                host: is_host,
                sources,
                pairs,
                on,
            } => self.sit(person, is_host, &SOURCES[..sources], pairs, on),
            Step::Listen { person, host } => self.listen(person, host),
            Step::Ask(who, asked) => self.ask(&who, asked),
            Step::Extend { who, pairs, screen } => self.extend(&who, pairs, screen),
            Step::State(whom, is_in) => self.state(&whom, is_in),
            Step::Leave(who) => {
                if let Some(who) = self.anybody(&who) {
                    self.room.leave(who).unwrap();
                }
            }
            Step::Connect(who) => {
                if let Some(who) = self.anybody(&who) {
                    self.room.handle_event(connected(who.0));
                }
            }
            Step::Lose(who) => {
                if let Some(who) = self.anybody(&who) {
                    self.plane.remove(who);
                    self.room.handle_event(lost(who.0, LeaveReason::ConsentExpired));
                }
            }
            Step::Unseal(which) => {
                if let Some(track) = self.any_track(&which) {
                    self.refused.insert(track);
                    self.room.handle_event(Event::Unsealed { track });
                }
            }
            Step::Mute(which, muted) => {
                if let Some(track) = self.any_track(&which) {
                    self.room.mute(track, muted).unwrap();
                    if muted {
                        self.silenced.insert(track);
                    } else {
                        self.silenced.remove(&track);
                    }
                }
            }
        }
        self.settle();
        self.check();
    }

    fn sit(&mut self, person: u64, is_host: bool, sources: &[Source], pairs: usize, on: MediaState) {
        self.next -= 1;
        let id = ParticipantId(self.next);
        let admission = guest(id.0, &format!("person {person}"), sources, pairs);
        let admission = with_seat(admission, |seat| {
            seat.host = is_host;
            seat.media = on;
        });
        let named = admission.seat.as_ref().unwrap().sources.clone();
        let Ok(snapshot) = self.room.sit(admission) else {
            return;
        };
        if is_host {
            self.hosts.insert(id);
            self.admitted.insert(id);
        }
        let own = snapshot.members.last().unwrap();
        assert_eq!((own.participant, snapshot.you), (id.0, id.0));
        let sender = own.sender.unwrap();
        assert!(self.senders.insert(sender), "sender {sender} came twice");
        self.people.insert(id, person);
        self.sources.extend(named);
        self.on.insert(id, on);
        self.views.insert(id, View(snapshot));
    }

    fn state(&mut self, whom: &Index, is_in: bool) {
        let host = self.hosts.iter().find(|host| self.views.contains_key(host));
        let (Some(&host), Some(whom)) = (host, self.member(whom)) else {
            return;
        };
        let verdict = if is_in {
            Verdict::Admitted
        } else {
            Verdict::Waiting
        };
        self.keys.state(&mut self.room, host, whom, verdict).unwrap();
        if self.hosts.contains(&whom) {
            return;
        }
        if is_in {
            self.admitted.insert(whom);
        } else {
            self.admitted.remove(&whom);
        }
    }

    fn listen(&mut self, person: u64, is_host: bool) {
        self.next -= 1;
        let id = ParticipantId(self.next);
        let listener = if is_host { listening_host } else { subscriber };
        let admission = listener(id.0, &format!("person {person}"), &[]);
        let subscriptions = pairs_of(id.0, 0..LISTENER_PAIRS);
        if self
            .room
            .join(Admission {
                subscriptions,
                ..admission
            })
            .is_ok()
        {
            self.people.insert(id, person);
            self.listeners.insert(id, is_host);
        }
    }

    fn ask(&mut self, who: &Index, asked: Asked) {
        let Some(member) = self.member(who) else {
            return;
        };
        let ask = match asked {
            Asked::Plain(ask) => ask,
            Asked::Remove(whom) => Ask::Remove(self.anybody(&whom).expect("somebody asks")),
        };
        let answer = self.room.ask(member, ask);
        match ask {
            Ask::Remove(_) | Ask::Lock(_) | Ask::End => {
                assert!(matches!(answer, Ok(()) | Err(RoomError::NotPermitted)));
            }
            Ask::Media(media) => {
                self.on.insert(member, media);
                assert_eq!(answer, Ok(()));
            }
            _ => assert_eq!(answer, Ok(())),
        }
    }

    fn extend(&mut self, who: &Index, pairs: usize, screen: bool) {
        let Some(member) = self.member(who) else {
            return;
        };
        let have = self.views[&member].0.slots.len() / 2;
        let pairs = pairs.min(RULES.subscriptions / 2 - have);
        let own = self.plane.published.values().filter(|owner| **owner == member);
        let may_publish = own.count() < RULES.publications;
        let mut extension = Extension {
            subscriptions: pairs_of(member.0, have..have + pairs),
            ..Extension::default()
        };
        if screen && may_publish {
            self.added += 1;
            let id = track(member.0, 10 + self.added);
            self.sources.insert(id, Source::Screen);
            let parameters = publication(Video, "s");
            extension.publications.push((id, Source::Screen, parameters));
        }
        let slots = self.room.extend(member, extension).unwrap();
        self.views.get_mut(&member).unwrap().0.slots = slots;
    }

    /// Carries out what the room wants.
    fn settle(&mut self) {
        while let Some(effect) = self.room.poll_effect() {
            match effect {
                Effect::Command(command) => self.plane.obey(command),
                Effect::Notify(member, Notice::Body(body)) => {
                    self.views.get_mut(&member).expect("a member").take(body);
                }
                Effect::Notify(member, Notice::Out(_)) => {
                    assert!(self.views.remove(&member).is_some(), "out twice");
                }
                Effect::Gone { participant, .. } => {
                    self.listeners.remove(&participant);
                }
                Effect::Notify(_, Notice::Extended) | Effect::Record(_) => {}
                Effect::Event(_) => {}
            }
        }
    }

    fn check(&self) {
        for (&member, view) in &self.views {
            // Who is let in later comes later into a view.
            let in_order = |mut snapshot: Snapshot| {
                snapshot.members.sort_by_key(|member| member.participant);
                snapshot
            };
            let seen = in_order(self.room.snapshot(member));
            assert_eq!(in_order(view.0.clone()), seen, "of member {member}");
            self.check_places(member, &view.0);
        }
        let expected: Vec<_> = self.views.keys().chain(self.listeners.keys()).copied().collect();
        let expected: BTreeSet<_> = expected.into_iter().collect();
        let inside: BTreeSet<_> = present(&self.room).into_iter().map(ParticipantId).collect();
        assert_eq!(inside, expected, "who was told to be out is, and nobody else");
        for (&listener, &is_host) in &self.listeners {
            self.check_listener(listener, is_host);
        }
        self.check_mutes();
        self.check_selections();
    }

    /// The media plane sends what the member was told, never its own, and nothing fits that is left waiting.
    fn check_places(&self, member: ParticipantId, view: &Snapshot) {
        let places = self
            .plane
            .places
            .range(place(member.0, 0)..place(member.0 + 1, 0));
        let sent = places.map(|(_, (_, track))| {
            let whose = |track| (self.plane.published[&track].0, self.sources[&track]);
            track.map(whose)
        });
        let told = view.slots.iter();
        let told: Vec<_> = told
            .map(|slot| slot.track.map(|track| (track.participant, track.source)))
            .collect();
        assert_eq!(sent.collect::<Vec<_>>(), told);
        assert!(
            told.iter().flatten().all(|(whose, _)| *whose != member.0),
            "its own"
        );
        for kind in [Audio, Video] {
            let others = self.plane.published.iter();
            let wanted = others.filter(|(track, publisher)| {
                let flows = self.admitted.contains(&member) && self.admitted.contains(publisher);
                let sealed = !self.refused.contains(track);
                flows && sealed && **publisher != member && kind_of(self.sources[track]) == kind
            });
            let shown = told
                .iter()
                .flatten()
                .filter(|(_, source)| kind_of(*source) == kind);
            let all = view.slots.len() / 2;
            assert_eq!(shown.count(), all.min(wanted.count()), "{kind:?} of {member}");
        }
    }

    /// All that members publish is sealed: a listener gets it by a host's token, and by no other.
    fn check_listener(&self, listener: ParticipantId, is_host: bool) {
        let places = self.plane.places.values();
        let shown = places.filter(|(owner, track)| *owner == listener && track.is_some());
        let wanted = |kind| {
            let tracks = self.plane.published.iter();
            let flowing = tracks.filter(|(track, publisher)| {
                let is_other = self.people[publisher] != self.people[&listener];
                let sealed = !self.refused.contains(track);
                let flows = self.admitted.contains(publisher) && sealed;
                flows && is_other && kind_of(self.sources[track]) == kind
            });
            flowing.count().min(LISTENER_PAIRS)
        };
        let expected = if is_host { wanted(Audio) + wanted(Video) } else { 0 };
        assert_eq!(shown.count(), expected, "of listener {listener}, host: {is_host}");
    }

    fn check_mutes(&self) {
        for (track, publisher) in &self.plane.published {
            let media = self.on[publisher];
            let on = match self.sources[track] {
                Source::Microphone => media.microphone,
                Source::Camera => media.camera,
                Source::Screen | Source::ScreenAudio => media.screen,
            };
            let muted = !on || self.silenced.contains(track);
            assert_eq!(self.plane.muted.contains(track), muted, "{track}");
        }
    }

    /// No place shows a track that is gone or refused, and none shows one twice.
    fn check_selections(&self) {
        let mut seen = BTreeSet::new();
        for (place, (owner, track)) in &self.plane.places {
            let Some(track) = track else {
                continue;
            };
            assert!(self.plane.published.contains_key(track), "{place} shows {track}");
            assert!(!self.refused.contains(track), "{place} shows {track}");
            assert!(seen.insert((owner, track)), "{track} stands twice before {owner}");
        }
    }

    fn member(&self, index: &Index) -> Option<ParticipantId> {
        pick(index, self.views.keys())
    }

    fn anybody(&self, index: &Index) -> Option<ParticipantId> {
        pick(index, self.views.keys().chain(self.listeners.keys()))
    }

    fn any_track(&self, index: &Index) -> Option<TrackId> {
        pick(index, self.plane.published.keys())
    }
}

fn pick<'a, T: Copy + 'a>(index: &Index, from: impl Iterator<Item = &'a T>) -> Option<T> {
    let all: Vec<_> = from.copied().collect();
    (!all.is_empty()).then(|| all[index.index(all.len())])
}

proptest! {
    #[test]
    fn every_member_sees_the_room_as_it_is(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
    }
}
