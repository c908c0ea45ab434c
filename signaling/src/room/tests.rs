//! What the tests of a room have in common: who comes in, and what the room wants done.

mod actor;
mod any_order;
mod doors;
mod extension;
mod leaving;
mod mirror;
mod places;
mod recording;
mod roster;
mod tracks;
mod waiting;
mod whip_whep;

use std::time::Duration;

use rapport_sfu::codec::MediaKind::{Audio, Video};
use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::id::{Mid, ParticipantId, Pt, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::{
    EncodingParameters, Fingerprint, IceCredentials, MediaParameters, Payload, PublicationParameters,
    SubscriptionParameters, TransportParameters,
};

use super::*;
use crate::auth::{Bearer, Claims, Identity, Join, Keys, Role, unix_now};
use crate::protocol::{CloseReason, MediaState, Sealing, ServerBody, Slot, Source};
use crate::session::{EntityTag, SessionId};

const VP8: Codec = Codec::Vp8;
const VP9: Codec = Codec::Vp9 { profile: 0 };

const RULES: Rules = Rules {
    participants: 16,
    publications: 4,
    subscriptions: 64,
    clear: true,
    records: true,
};

fn name() -> RoomName {
    RoomName::new("one").unwrap()
}

fn room() -> Room {
    Room::new(RoomId(1), name(), RULES)
}

fn join(identity: &str, role: Role) -> Join {
    join_with(identity, role, false)
}

/// `admin` is what makes a token that of a host.
fn join_with(identity: &str, role: Role, admin: bool) -> Join {
    let mut keys = Keys::new(Duration::from_secs(60));
    keys.add_secret("main", &[7; 32]).unwrap();
    let claims = Claims {
        publish: true,
        subscribe: true,
        admin,
        ..Claims::new("one", identity, unix_now() + 30)
    };
    let token = keys.issue(claims).unwrap();
    let grant = keys.verify(Bearer::new(&token)).unwrap();
    grant.join(&name(), role).unwrap()
}

fn credentials(seed: &str) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{seed}ufrag"),
        pwd: format!("{seed}0123456789012345678901"),
    }
}

fn media(kind: MediaKind, codec: Codec) -> MediaParameters {
    MediaParameters {
        kind,
        mid: Mid::new("0").unwrap(),
        payloads: vec![Payload {
            pt: Pt(96),
            codec,
            rtx: None,
            nack: true,
            pli: true,
            fir: false,
            transport_cc: false,
        }],
        extensions: Vec::new(),
    }
}

fn codec_of(kind: MediaKind) -> Codec {
    match kind {
        Audio => Codec::Opus,
        Video => VP8,
    }
}

fn admission(participant: u64, join: Join) -> Admission {
    Admission {
        join,
        participant: ParticipantId(participant),
        session: SessionId::random(),
        tag: EntityTag::random(),
        transport: TransportParameters {
            local: credentials("local"),
            remote: credentials("remote"),
            fingerprint: Fingerprint([7; 32]),
            data_channel: None,
        },
        publications: Vec::new(),
        subscriptions: Vec::new(),
        only: None,
        seat: None,
    }
}

/// A publisher; its tracks are named from ten times its own number on.
fn publisher(participant: u64, identity: &str, kinds: &[MediaKind]) -> Admission {
    let publications = kinds.iter().enumerate().map(|(at, &kind)| {
        let parameters = PublicationParameters {
            media: media(kind, codec_of(kind)),
            encodings: vec![EncodingParameters::default()],
            sealed: None,
        };
        (TrackId(10 * participant + at as u64), parameters)
    });
    Admission {
        publications: publications.collect(),
        ..admission(participant, join(identity, Role::Publisher))
    }
}

/// A subscriber; its places are named likewise.
fn subscriber(participant: u64, identity: &str, kinds: &[MediaKind]) -> Admission {
    let subscriptions = kinds.iter().enumerate().map(|(at, &kind)| {
        let parameters = SubscriptionParameters {
            media: media(kind, codec_of(kind)),
            ssrc: Ssrc(at as u32),
            rtx_ssrc: None,
            cname: "cname".into(),
        };
        (SubscriptionId(10 * participant + at as u64), parameters)
    });
    Admission {
        subscriptions: subscriptions.collect(),
        ..admission(participant, join(identity, Role::Subscriber))
    }
}

/// A subscriber with the token of a host.
fn listening_host(participant: u64, identity: &str, kinds: &[MediaKind]) -> Admission {
    Admission {
        join: join_with(identity, Role::Subscriber, true),
        ..subscriber(participant, identity, kinds)
    }
}

fn effects(room: &mut Room) -> Vec<Effect> {
    std::iter::from_fn(|| room.poll_effect()).collect()
}

/// The selections among what the room wants done, as (place, track).
fn selections(room: &mut Room) -> Vec<(u64, Option<u64>)> {
    let select = |effect| match effect {
        Effect::Command(Command::Select { subscription, track }) => {
            Some((subscription.0, track.map(|track| track.0)))
        }
        _ => None,
    };
    effects(room).into_iter().filter_map(select).collect()
}

/// Everything on.
const ON: MediaState = MediaState {
    microphone: true,
    camera: true,
    screen: true,
};

/// What a page publishes at first.
const FACE: [Source; 2] = [Source::Microphone, Source::Camera];

fn kind_of(source: Source) -> MediaKind {
    match source {
        Source::Microphone | Source::ScreenAudio => Audio,
        Source::Camera | Source::Screen => Video,
    }
}

fn publication(kind: MediaKind, mid: &str) -> PublicationParameters {
    let mid = Mid::new(mid).unwrap();
    PublicationParameters {
        media: MediaParameters {
            mid,
            ..media(kind, codec_of(kind))
        },
        encodings: vec![EncodingParameters::default()],
        sealed: None,
    }
}

fn subscription(kind: MediaKind, mid: &str) -> SubscriptionParameters {
    let mid = Mid::new(mid).unwrap();
    SubscriptionParameters {
        media: MediaParameters {
            mid,
            ..media(kind, codec_of(kind))
        },
        ssrc: Ssrc(0),
        rtx_ssrc: None,
        cname: "cname".into(),
    }
}

/// The name of the n-th track of a participant: so that nobody has to look it up.
fn track(participant: u64, at: usize) -> TrackId {
    TrackId(100 * participant + at as u64)
}

/// The n-th place of a participant, likewise.
fn place(participant: u64, at: usize) -> SubscriptionId {
    SubscriptionId(100 * participant + at as u64)
}

/// A guest of a call who publishes these, and receives in so many pairs of places: mids `a0`, `v0`, `a1` …
fn guest(participant: u64, identity: &str, sources: &[Source], pairs: usize) -> Admission {
    let named = sources
        .iter()
        .enumerate()
        .map(|(at, &source)| (track(participant, at), source));
    let named: Vec<_> = named.collect();
    let publications = named.iter().map(|&(track, source)| {
        let mid = format!("{source:?}");
        (track, publication(kind_of(source), &mid))
    });
    Admission {
        publications: publications.collect(),
        subscriptions: pairs_of(participant, 0..pairs),
        seat: Some(Seat {
            name: format!("{identity}'s name"),
            host: false,
            sealing: Sealing { layout: 2, suite: 5 },
            media: ON,
            sources: named,
        }),
        ..admission(participant, join(identity, Role::Publisher))
    }
}

fn pairs_of(
    participant: u64,
    pairs: std::ops::Range<usize>,
) -> Vec<(SubscriptionId, SubscriptionParameters)> {
    let pair = |at: usize| {
        [
            (place(participant, 2 * at), subscription(Audio, &format!("a{at}"))),
            (
                place(participant, 2 * at + 1),
                subscription(Video, &format!("v{at}")),
            ),
        ]
    };
    pairs.flat_map(pair).collect()
}

fn host(participant: u64, identity: &str, sources: &[Source], pairs: usize) -> Admission {
    with_seat(guest(participant, identity, sources, pairs), |seat| {
        seat.host = true
    })
}

fn with_seat(mut admission: Admission, change: impl FnOnce(&mut Seat)) -> Admission {
    change(admission.seat.as_mut().unwrap());
    admission
}

fn connected(participant: u64) -> Event {
    Event::Connected {
        participant: ParticipantId(participant),
        profile: rapport_sfu::event::SrtpProfile::AeadAes128Gcm,
    }
}

fn lost(participant: u64, reason: LeaveReason) -> Event {
    Event::Left {
        room: RoomId(1),
        participant: ParticipantId(participant),
        reason,
    }
}

/// What members are told, in order, as (whom, what).
fn notices(room: &mut Room) -> Vec<(u64, Notice)> {
    let notice = |effect| match effect {
        Effect::Notify(participant, notice) => Some((participant.0, notice)),
        _ => None,
    };
    effects(room).into_iter().filter_map(notice).collect()
}

/// What one member is told, in order.
fn bodies(room: &mut Room, to: u64) -> Vec<ServerBody> {
    let body = |(whom, notice)| match notice {
        Notice::Body(body) if whom == to => Some(body),
        _ => None,
    };
    notices(room).into_iter().filter_map(body).collect()
}

/// Who is out, and why.
fn outs(room: &mut Room) -> Vec<(u64, CloseReason)> {
    let out = |(whom, notice)| match notice {
        Notice::Out(why) => Some((whom, why)),
        Notice::Body(_) | Notice::Extended => None,
    };
    notices(room).into_iter().filter_map(out).collect()
}

/// What the media plane is told.
fn commands(room: &mut Room) -> Vec<Command> {
    let command = |effect| match effect {
        Effect::Command(command) => Some(command),
        _ => None,
    };
    effects(room).into_iter().filter_map(command).collect()
}

fn present(room: &Room) -> Vec<u64> {
    room.in_order().map(|(id, _)| id.0).collect()
}

/// What stands in the places that show something, as (mid, whose, what).
fn shown(slots: &[Slot]) -> Vec<(&str, u64, Source)> {
    let shown = |slot: &'_ Slot| slot.track.map(|track| (track.participant, track.source));
    let all = slots.iter();
    all.filter_map(|slot| shown(slot).map(|(whose, what)| (slot.mid.as_str(), whose, what)))
        .collect()
}
