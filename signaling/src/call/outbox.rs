//! What a member is to be told as soon as there is room for it.
//!
//! Owns: the order, and what a newer state makes superfluous. Never does: number anything: what has a number
//! is never taken back.

use std::collections::{BTreeSet, VecDeque};

use crate::protocol::ServerBody;

/// Bodies that wait. States replace each other, so this is a full room's members and places at once and more.
const DEPTH: usize = 256;

/// More than ever waits for a client that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client does not read what it is told")]
pub(crate) struct Full;

/// A queue in which every state stands once.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<ServerBody>,
    /// Of whom the client was told, and not yet that they left.
    known: BTreeSet<u64>,
}

impl Outbox {
    /// For a client that was told of these.
    pub(crate) fn new(known: BTreeSet<u64>) -> Self {
        Self {
            waiting: VecDeque::new(),
            known,
        }
    }

    /// Puts a body in. A state whose older version waits still takes its place, so that somebody whose socket
    /// is lost for half a minute finds one line about everybody, and not all that they said and did.
    pub(crate) fn push(&mut self, body: ServerBody) -> Result<(), Full> {
        if let ServerBody::Left { participant } = body {
            self.forget(participant);
            if !self.known.contains(&participant) {
                return Ok(());
            }
        }
        if let Some(older) = self.waiting.iter().position(|older| is_replaced(older, &body)) {
            self.replace(older, body);
            return Ok(());
        }
        if self.waiting.len() == DEPTH {
            return Err(Full);
        }
        self.waiting.push_back(body);
        Ok(())
    }

    /// The oldest.
    pub(crate) fn pop(&mut self) -> Option<ServerBody> {
        let body = self.waiting.pop_front()?;
        match &body {
            ServerBody::Member { member } => {
                self.known.insert(member.participant);
            }
            ServerBody::Left { participant } => {
                self.known.remove(participant);
            }
            _ => {}
        }
        Some(body)
    }

    /// What waits says nothing of somebody who left: who came and went while the client was away was never there
    /// for it, so that a churn of others does not fill the queue. A place that showed them is empty until its own
    /// news comes.
    fn forget(&mut self, left: u64) {
        self.waiting
            .retain(|body| !matches!(body, ServerBody::Member { member } if member.participant == left));
        for body in &mut self.waiting {
            if let ServerBody::Slot { slot } = body {
                slot.track.take_if(|track| track.participant == left);
            }
        }
    }

    /// A slot names a member, who is told of before it: so it waits behind what came in between, while news of
    /// a member may only come earlier.
    fn replace(&mut self, index: usize, body: ServerBody) {
        if matches!(body, ServerBody::Slot { .. }) {
            self.waiting.remove(index);
            self.waiting.push_back(body);
        } else if let Some(place) = self.waiting.get_mut(index) {
            *place = body;
        }
    }
}

fn is_replaced(older: &ServerBody, newer: &ServerBody) -> bool {
    match (older, newer) {
        (ServerBody::Member { member: older }, ServerBody::Member { member: newer }) => {
            older.participant == newer.participant
        }
        (ServerBody::Slot { slot: older }, ServerBody::Slot { slot: newer }) => older.mid == newer.mid,
        (ServerBody::Room { .. }, ServerBody::Room { .. }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        Connection, Line, MediaState, Member, RoomState, Slot, SlotTrack, Source, Standing,
    };

    fn member(participant: u64, speaking: bool) -> ServerBody {
        let member = Member {
            participant,
            name: "Anna".into(),
            standing: Standing::Guest,
            sender: None,
            admitted: true,
            media: MediaState::default(),
            speaking,
            hand: false,
            line: Line::Unknown,
            connection: Connection::Live,
        };
        ServerBody::Member { member }
    }

    fn slot(mid: &str, participant: u64) -> ServerBody {
        let source = Source::Camera;
        let track = Some(SlotTrack { participant, source });
        let mid = mid.into();
        ServerBody::Slot {
            slot: Slot { mid, track },
        }
    }

    fn left(participant: u64) -> ServerBody {
        ServerBody::Left { participant }
    }

    fn drain(mut outbox: Outbox) -> Vec<ServerBody> {
        std::iter::from_fn(|| outbox.pop()).collect()
    }

    #[test]
    fn the_newest_state_of_each_is_told_and_nothing_else_is_lost() {
        let mut outbox = Outbox::new([8, 9].into());
        let room = |locked| ServerBody::Room {
            room: RoomState {
                locked,
                ..RoomState::default()
            },
        };
        for body in [
            member(1, true),
            room(true),
            left(9),
            member(2, false),
            member(1, false),
            left(8),
            room(false),
        ] {
            outbox.push(body).unwrap();
        }
        let expected = [member(1, false), room(false), left(9), member(2, false), left(8)];
        assert_eq!(drain(outbox), expected);
    }

    #[test]
    fn a_slot_never_comes_before_the_member_whom_it_names() {
        let mut outbox = Outbox::new([1].into());
        for body in [slot("5", 1), member(2, false), slot("5", 2), slot("6", 1)] {
            outbox.push(body).unwrap();
        }
        assert_eq!(drain(outbox), [member(2, false), slot("5", 2), slot("6", 1)]);
    }

    #[test]
    fn what_waits_is_bounded_and_a_newer_state_needs_no_room() {
        let most = DEPTH as u64;
        let mut outbox = Outbox::new((1..=most).collect());
        outbox.push(member(0, true)).unwrap();
        for participant in 1..most {
            outbox.push(left(participant)).unwrap();
        }
        assert_eq!(outbox.push(left(most)), Err(Full));
        assert_eq!(outbox.push(member(0, false)), Ok(()));
    }

    #[test]
    fn those_who_came_and_went_meanwhile_leave_no_trace() {
        let mut outbox = Outbox::new([1].into());
        outbox.push(member(1, true)).unwrap();
        for participant in 2..3 * DEPTH as u64 {
            outbox.push(member(participant, false)).unwrap();
            outbox.push(slot("5", participant)).unwrap();
            outbox.push(left(participant)).unwrap();
        }
        outbox.push(left(1)).unwrap();
        let mid = "5".into();
        let empty = ServerBody::Slot {
            slot: Slot { mid, track: None },
        };
        assert_eq!(drain(outbox), [empty, left(1)]);
    }

    #[test]
    fn who_was_told_of_hears_who_left() {
        let mut outbox = Outbox::new(BTreeSet::new());
        outbox.push(member(2, false)).unwrap();
        assert_eq!(outbox.pop(), Some(member(2, false)));
        outbox.push(member(2, true)).unwrap();
        outbox.push(left(2)).unwrap();
        assert_eq!(outbox.pop(), Some(left(2)));
        outbox.push(left(2)).unwrap();
        assert_eq!(outbox.pop(), None);
    }
}
