//! What a recording misses of a bad line, beside what somebody who looked on has missed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rapport_recorder::{Intake, Output, Source};
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, Ssrc, TapId};
use rapport_testkit::{Content, Received};

use crate::network::Conditions;
use crate::world::World;
use crate::{ROOM, identities};

/// How long somebody who talks can wait for a picture: a jitter buffer of a call.
const PLAYOUT: Duration = Duration::from_millis(200);

/// A decoder that has nothing to show asks as often.
const ASK_AGAIN: Duration = Duration::from_millis(500);

const STEP: Duration = Duration::from_millis(10);
const SPAN: Duration = Duration::from_secs(60);

/// The pictures of one person as another one sees them: those that are whole in time, and follow each other.
#[derive(Default)]
struct Live {
    frames: BTreeMap<u32, Arriving>,
    next: Option<u32>,
    is_frozen: bool,
    seen: Vec<u32>,
    asked: Option<Instant>,
}

struct Arriving {
    first: Instant,
    packets: BTreeMap<u64, Received>,
}

impl Live {
    fn handle(&mut self, received: Received) {
        let frame = received.content.frame;
        if self.next.is_some_and(|next| frame < next) {
            return;
        }
        let arriving = self.frames.entry(frame).or_insert_with(|| Arriving {
            first: received.at,
            packets: BTreeMap::new(),
        });
        arriving.packets.insert(received.index, received);
    }

    /// Shows what is due; `true`: a key frame is wanted.
    fn show(&mut self, now: Instant) -> bool {
        while let Some((&frame, arriving)) = self.frames.first_key_value() {
            // where the next one begins is where this one ends
            let after = self.frames.get(&(frame + 1)).and_then(Arriving::start);
            let is_whole = arriving
                .start()
                .zip(after)
                .is_some_and(|(start, end)| (start..end).all(|index| arriving.packets.contains_key(&index)));
            if !is_whole && now < arriving.first + PLAYOUT {
                break;
            }
            let is_key = arriving.packets.values().any(|packet| packet.content.keyframe);
            let follows = self.next.is_none_or(|next| next == frame);
            self.is_frozen = !is_whole || !(is_key || (follows && !self.is_frozen));
            if !self.is_frozen {
                self.seen.push(frame);
            }
            self.next = Some(frame + 1);
            self.frames.pop_first();
        }
        let asks = self.is_frozen && self.asked.is_none_or(|asked| now >= asked + ASK_AGAIN);
        if asks {
            self.asked = Some(now);
        }
        asks
    }
}

impl Arriving {
    fn start(&self) -> Option<u64> {
        let mut packets = self.packets.iter();
        packets
            .find(|(_, packet)| packet.content.start)
            .map(|(index, _)| *index)
    }
}

/// How many pictures were sent, recorded, and seen by somebody who looked on.
struct Outcome {
    sent: usize,
    recorded: usize,
    seen: usize,
    gaps: Duration,
}

fn run(loss: f64, seed: u64) -> Outcome {
    let conditions = Conditions {
        loss: 0.0,
        reorder: 0.02,
        duplicate: 0.0,
        delay: Duration::from_millis(40),
        outage: None,
    };
    let mut world = World::new(seed, identities(), conditions);
    let (speaker, viewer) = (world.join(ROOM, 0), world.join(ROOM, 1));
    let start = world.now;
    world.run_until(start + Duration::from_secs(2));
    world.select_all(viewer);
    world.run_until(start + Duration::from_secs(3));
    let picture = world.places(viewer, MediaKind::Video)[0];
    let track = world.members[&speaker]
        .tracks
        .iter()
        .find(|(kind, _)| *kind == MediaKind::Video);
    let (_, track) = *track.unwrap();
    world.command(Command::Tap { tap: TapId(1), track });
    world.network.conditions.loss = loss;
    world.members.get_mut(&viewer).unwrap().received.clear();
    let sources = vec![Source {
        number: 1,
        owner: 1,
        kind: MediaKind::Video,
    }];
    let mut intake = Intake::new(world.now, sources);
    let mut live = Live::default();
    let mut recorded = Vec::new();
    let mut gaps = 0;
    let end = world.now + SPAN;
    let first = next_frame(&world, speaker);
    let mut last = first;
    // what is on its way at the end comes in after it
    while world.now < end + Duration::from_secs(2) {
        if world.now < end {
            last = next_frame(&world, speaker);
        }
        let step = world.now + STEP;
        world.run_until(step);
        look(&mut world, viewer, picture, &mut live);
        while let Some(packet) = world.shard.poll_tap() {
            intake.handle_packet(world.now, 1, packet);
        }
        intake.handle_timeout(world.now);
        while let Some(output) = intake.poll_output() {
            match output {
                Output::Frame(frame) => recorded.push(Content::read(&frame.bytes).unwrap().frame),
                Output::Gap(gap) => gaps += gap.to - gap.from,
                Output::WantsKeyframe { .. } => world.command(Command::RequestKeyframes { track }),
            }
        }
    }
    assert!(
        recorded.is_sorted_by(|one, other| one < other),
        "none twice, none back"
    );
    let among = |frames: &[u32]| {
        frames
            .iter()
            .filter(|frame| (first..last).contains(frame))
            .count()
    };
    Outcome {
        sent: (last - first) as usize,
        recorded: among(&recorded),
        seen: among(&live.seen),
        gaps: Duration::from_micros(gaps),
    }
}

fn look(world: &mut World, viewer: ParticipantId, picture: Ssrc, live: &mut Live) {
    let now = world.now;
    let member = world.members.get_mut(&viewer).unwrap();
    let received = std::mem::take(&mut member.received);
    let pictures = received.into_iter().filter(|packet| packet.ssrc == picture);
    pictures.for_each(|packet| live.handle(packet));
    if live.show(now) {
        member.client.request_keyframe(picture);
    }
}

/// Of the pictures of somebody.
fn next_frame(world: &World, speaker: ParticipantId) -> u32 {
    let senders = &world.members[&speaker].client.senders;
    let picture = senders.iter().find(|sender| sender.kind() == MediaKind::Video);
    picture.unwrap().next_frame()
}

#[test]
fn a_recording_misses_less_than_somebody_who_looked_on() {
    for loss in [0.05, 0.10] {
        let (mut sent, mut unrecorded, mut unseen) = (0, 0, 0);
        for seed in 0..4 {
            let outcome = run(loss, seed);
            println!(
                "loss {loss}, seed {seed}: of {} pictures {} recorded ({:?} in gaps), {} seen",
                outcome.sent, outcome.recorded, outcome.gaps, outcome.seen
            );
            assert!(outcome.recorded >= outcome.seen);
            sent += outcome.sent;
            unrecorded += outcome.sent - outcome.recorded;
            unseen += outcome.sent - outcome.seen;
        }
        assert!(sent > 4 * 800, "{sent}");
        assert!(unseen > 0, "a line on which nothing is missed shows nothing");
        assert!(
            unrecorded * 4 < unseen,
            "{unrecorded} and {unseen} of {sent} are missing"
        );
    }
}
