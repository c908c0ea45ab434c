//! Who is there, and who watches whom.
//!
//! Owns: the shapes of load. Never does: join anybody.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How many people meet how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// So many rooms of two, each sees the other: what a practice has.
    Pairs,
    /// One room of so many, everybody sees everybody else.
    Room,
    /// One publishes, so many watch.
    Fanout,
    /// So many rooms of eight, with sound alone.
    Audio,
}

/// Everybody at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) members: Vec<Member>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) room: String,
    /// Unique in the run.
    pub(crate) identity: String,
    pub(crate) publishes: bool,
    /// Whose tracks are watched; nobody watches himself.
    pub(crate) from: Vec<String>,
}

impl Shape {
    /// The plan for a size: rooms of pairs and of sound, people of a room, watchers of a fan-out.
    pub(crate) fn plan(self, size: u32) -> Plan {
        let members = match self {
            Self::Pairs => (0..size)
                .flat_map(|room| meeting(&format!("load-pair-{room}"), 2))
                .collect(),
            Self::Room => meeting("load-room", size),
            Self::Fanout => fan_out(size),
            Self::Audio => (0..size)
                .flat_map(|room| meeting(&format!("load-sound-{room}"), GROUP))
                .collect(),
        };
        Plan { members }
    }

    /// How many people a size means.
    pub fn people(self, size: u32) -> usize {
        self.plan(size).members.len()
    }

    /// Whether pictures are sent.
    pub(crate) const fn has_video(self) -> bool {
        !matches!(self, Self::Audio)
    }

    /// What a size counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Pairs => "rooms of 2",
            Self::Room => "people in a room",
            Self::Fanout => "watchers of 1",
            Self::Audio => "rooms of 8, sound alone",
        }
    }
}

/// Everybody publishes, and sees everybody else.
fn meeting(room: &str, people: u32) -> Vec<Member> {
    let name = |at: u32| format!("{room}-{at}");
    let member = |at: u32| Member {
        room: room.to_owned(),
        identity: name(at),
        publishes: true,
        from: (0..people).filter(|other| *other != at).map(name).collect(),
    };
    (0..people).map(member).collect()
}

fn fan_out(watchers: u32) -> Vec<Member> {
    let speaker = Member {
        room: "load-hall".to_owned(),
        identity: "speaker".to_owned(),
        publishes: true,
        from: Vec::new(),
    };
    let watcher = |at: u32| Member {
        room: "load-hall".to_owned(),
        identity: format!("watcher-{at}"),
        publishes: false,
        from: vec!["speaker".to_owned()],
    };
    std::iter::once(speaker)
        .chain((0..watchers).map(watcher))
        .collect()
}

/// A group session.
const GROUP: u32 = 8;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn watched(plan: &Plan) -> usize {
        plan.members.iter().map(|member| member.from.len()).sum()
    }

    #[test]
    fn each_shape_has_the_people_and_the_ways_that_it_says() {
        let count = |shape: Shape, size| {
            let plan = shape.plan(size);
            (plan.members.len(), watched(&plan))
        };
        assert_eq!(count(Shape::Pairs, 5), (10, 10));
        assert_eq!(count(Shape::Room, 5), (5, 20));
        assert_eq!(count(Shape::Fanout, 5), (6, 5));
        assert_eq!(count(Shape::Audio, 5), (40, 280));
    }

    #[test]
    fn identities_are_unique_and_nobody_watches_himself() {
        for shape in [Shape::Pairs, Shape::Room, Shape::Fanout, Shape::Audio] {
            let plan = shape.plan(7);
            let names: HashSet<_> = plan.members.iter().map(|member| &member.identity).collect();
            assert_eq!(names.len(), plan.members.len());
            for member in &plan.members {
                assert!(!member.from.contains(&member.identity));
                let there = |name: &String| {
                    plan.members
                        .iter()
                        .any(|other| other.identity == *name && other.room == member.room && other.publishes)
                };
                assert!(member.from.iter().all(there));
            }
        }
    }

    #[test]
    fn a_larger_plan_of_pairs_holds_the_smaller_one() {
        let (small, large) = (Shape::Pairs.plan(3), Shape::Pairs.plan(4));
        assert_eq!(large.members[..small.members.len()], small.members[..]);
    }
}
