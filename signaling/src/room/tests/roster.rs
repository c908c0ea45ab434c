//! The room as its members see it.

use super::*;
use crate::protocol::{Connection, Line, Member, RoomState, Standing};

/// What a member is told of others, in order.
fn members_told(room: &mut Room, to: u64) -> Vec<Member> {
    let member = |body| match body {
        ServerBody::Member { member } => Some(member),
        _ => None,
    };
    bodies(room, to).into_iter().filter_map(member).collect()
}

#[test]
fn a_newcomer_gets_the_whole_room_and_the_others_get_the_newcomer() {
    let mut room = room();
    let first = room.sit(host(1, "anna", &FACE, 1)).unwrap();
    assert_eq!((first.you, first.members.len()), (1, 1));
    let quiet = MediaState {
        camera: true,
        ..MediaState::default()
    };
    let ben = with_seat(guest(2, "ben", &FACE, 1), |seat| seat.media = quiet);
    effects(&mut room);
    let second = room.sit(ben).unwrap();
    let expected = Member {
        participant: 2,
        name: "ben's name".into(),
        standing: Standing::Guest,
        sender: Some(17),
        admitted: false,
        media: quiet,
        speaking: false,
        hand: false,
        line: Line::Unknown,
        connection: Connection::Connecting,
    };
    assert_eq!(second.members[0].standing, Standing::Host);
    assert_eq!(second.members[1], expected);
    let told = notices(&mut room);
    assert!(told.contains(&(1, Notice::Body(ServerBody::Member { member: expected }))));
    assert!(
        told.iter().all(|(whom, _)| *whom == 1),
        "the snapshot says it all: {told:?}"
    );
}

#[test]
fn members_are_listed_as_they_came_whatever_their_ids() {
    let mut room = room();
    room.sit(host(7, "anna", &FACE, 1)).unwrap();
    let snapshot = room.sit(guest(3, "ben", &FACE, 1)).unwrap();
    let order: Vec<_> = snapshot.members.iter().map(|member| member.participant).collect();
    assert_eq!(order, [7, 3]);
    let shown: Vec<_> = room.info().participants.iter().map(|one| one.id).collect();
    assert_eq!(shown, [7, 3]);
}

#[test]
fn a_change_is_told_to_everybody_once() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    effects(&mut room);
    let silent = MediaState::default();
    type Made = fn(&Member) -> bool;
    let changes: [(Ask, Made); 4] = [
        (Ask::Media(silent), |member| member.media == MediaState::default()),
        (Ask::Speaking(true), |member| member.speaking),
        (Ask::Hand(true), |member| member.hand),
        (Ask::Line(Line::Poor), |member| member.line == Line::Poor),
    ];
    for (ask, made) in changes {
        room.ask(ParticipantId(2), ask).unwrap();
        let told = notices(&mut room);
        let to: Vec<_> = told.iter().map(|(whom, _)| *whom).collect();
        assert_eq!(to, [1, 2], "{ask:?}");
        for (_, notice) in told {
            assert!(
                matches!(&notice, Notice::Body(ServerBody::Member { member }) if member.participant == 2 && made(member)),
                "{notice:?}"
            );
        }
        room.ask(ParticipantId(2), ask).unwrap();
        assert_eq!(effects(&mut room), [], "{ask:?} again changes nothing");
    }
}

#[test]
fn a_line_is_connecting_then_live_then_away_then_live_again() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    effects(&mut room);
    let mut connection = |change: &mut dyn FnMut(&mut Room)| {
        change(&mut room);
        members_told(&mut room, 1).pop().map(|member| member.connection)
    };
    let attached = |attached| {
        move |room: &mut Room| {
            room.ask(ParticipantId(1), Ask::Attached(attached)).unwrap();
        }
    };
    assert_eq!(connection(&mut attached(false)), Some(Connection::Away));
    assert_eq!(connection(&mut attached(true)), Some(Connection::Connecting));
    assert_eq!(
        connection(&mut |room| room.handle_event(connected(1))),
        Some(Connection::Live)
    );
    assert_eq!(connection(&mut |room| room.handle_event(connected(1))), None);
    assert_eq!(connection(&mut attached(false)), Some(Connection::Away));
    assert_eq!(connection(&mut attached(false)), None);
    assert_eq!(connection(&mut attached(true)), Some(Connection::Live));
}

#[test]
fn who_listens_by_whep_is_seen_by_everybody() {
    let mut room = room();
    room.join(subscriber(1, "early", &[])).unwrap();
    let snapshot = room.sit(host(2, "anna", &FACE, 1)).unwrap();
    let early = &snapshot.members[0];
    assert_eq!(
        (early.standing, early.name.as_str(), early.sender),
        (Standing::Listener, "", None)
    );
    effects(&mut room);
    room.join(subscriber(3, "late", &[])).unwrap();
    room.handle_event(connected(3));
    room.handle_event(lost(3, LeaveReason::Closed));
    let told = bodies(&mut room, 2);
    let [
        ServerBody::Member { member: came },
        ServerBody::Member { member: live },
        ServerBody::Left { participant: 3 },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((came.participant, came.standing), (3, Standing::Listener));
    assert_eq!(live.connection, Connection::Live);
}

#[test]
fn a_lock_is_told_once() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    effects(&mut room);
    for (locked, times) in [(true, 1), (true, 0), (false, 1), (false, 0)] {
        room.ask(ParticipantId(1), Ask::Lock(locked)).unwrap();
        let state = RoomState {
            locked,
            records: true,
            recording: None,
        };
        assert_eq!(
            bodies(&mut room, 2),
            vec![ServerBody::Room { room: state }; times],
            "{locked}"
        );
        assert_eq!(room.info().locked, locked);
    }
}

#[test]
fn the_http_api_shows_who_is_what() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.sit(guest(2, "ben", &FACE, 1)).unwrap();
    room.join(subscriber(3, "carl", &[])).unwrap();
    let info = room.info();
    let standings: Vec<_> = info.participants.iter().map(|one| one.standing).collect();
    assert_eq!(standings, [Some("host"), Some("guest"), Some("listener")]);
    let sources: Vec<_> = info.participants[0]
        .tracks
        .iter()
        .map(|track| track.source)
        .collect();
    assert_eq!(sources, [Some("microphone"), Some("camera")]);
}

#[test]
fn plugins_hear_of_members_as_of_all_others() {
    let mut room = room();
    room.sit(host(1, "anna", &FACE, 1)).unwrap();
    room.handle_event(connected(1));
    room.leave(ParticipantId(1)).unwrap();
    let events: Vec<_> = effects(&mut room)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    assert!(matches!(
        events[..],
        [
            RoomEvent::Joined { .. },
            RoomEvent::Published { .. },
            RoomEvent::Published { .. },
            RoomEvent::Connected { .. },
            RoomEvent::Left { .. },
            RoomEvent::Closed { .. },
        ]
    ));
}
