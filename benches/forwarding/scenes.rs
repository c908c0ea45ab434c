//! The whole path through a shard, in the shapes in which people meet.
//!
//! Owns: who is in which room and sends what when. Never does: touch a socket but to send.

use std::time::Duration;

use rapport_sfu::Transmit;
use rapport_sfu::codec::Codec;
use rapport_sfu::rtp::Header;

use crate::Scale;
use crate::report::{Named, Scene};
use crate::stage::{Beat, Stage};
use crate::wire::{AUDIO, FRAME, Sink};

pub(crate) fn rows(scale: Scale) -> Vec<Named> {
    let fan_out = |id, codec, subscribers, counted| named(id, Play::fan_out(codec, subscribers, counted));
    let mut with_sends = Play::fan_out(Codec::Vp8, scale.fan_out, Counted::Out);
    with_sends.sink = Some(Sink::new());
    let mut call_with_sends = Play::calls(1, true);
    call_with_sends.sink = Some(Sink::new());
    vec![
        fan_out("shard: video in, 1 → 0", Codec::Vp8, 0, Counted::In),
        fan_out("shard: video in, 1 → 1", Codec::Vp8, 1, Counted::In),
        fan_out(
            "shard: video in, 1 → 10",
            Codec::Vp8,
            scale.fan_out.min(10),
            Counted::In,
        ),
        fan_out("shard: video in, 1 → 50", Codec::Vp8, scale.fan_out, Counted::In),
        fan_out(
            "shard: video out, 1 → 50",
            Codec::Vp8,
            scale.fan_out,
            Counted::Out,
        ),
        named("shard: video out, 1 → 50, GSO sends", with_sends),
        fan_out(
            "shard: VP9 out, 1 → 50",
            Codec::Vp9 { profile: 0 },
            scale.fan_out,
            Counted::Out,
        ),
        fan_out(
            "shard: audio out, 1 → 50",
            Codec::Opus,
            scale.fan_out,
            Counted::Out,
        ),
        fan_out("shard: audio out, 1 → 1", Codec::Opus, 1, Counted::Out),
        named(
            "shard: a call of two, sound and picture, out",
            Play::calls(1, true),
        ),
        named(
            "shard: a call of two, sound and picture, out, GSO sends",
            call_with_sends,
        ),
        named(
            "shard: 500 calls of two, sound, one packet a turn, out",
            Play::calls(scale.calls, false),
        ),
        named(
            "shard: 100 calls of two, sound and picture, out",
            Play::calls(scale.calls / 5, true),
        ),
        named("shard: a room of 16, each sees 15, out", Play::room(scale.room)),
        named("shard: NACK of four answered, packets again", Repair::new()),
        named("shard: a sender report in", Reports::new()),
    ]
}

fn named(id: &'static str, scene: impl Scene + 'static) -> Named {
    let scene = Box::new(scene);
    Named { id, scene }
}

/// Which packets are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    In,
    Out,
}

/// A round of beats, again and again.
struct Play {
    stage: Stage,
    beats: Vec<Beat>,
    next: usize,
    pace: Duration,
    counted: Counted,
    sink: Option<Sink>,
}

impl Play {
    /// One publisher and many who get what it sends.
    fn fan_out(codec: Codec, subscribers: usize, counted: Counted) -> Self {
        let mut stage = Stage::new();
        let publisher = stage.join(1);
        let track = stage.publish(publisher, codec);
        for _ in 0..subscribers {
            let client = stage.join(1);
            stage.subscribe(client, track, codec);
        }
        let (sizes, pace): (&[_], _) = if codec == Codec::Opus {
            AUDIO_BEAT
        } else {
            VIDEO_BEAT
        };
        let beat = Beat {
            client: publisher,
            sender: 0,
            sizes,
        };
        Self::of(stage, vec![beat], pace, counted)
    }

    /// Rooms of two, who send one another sound and, if `seen`, picture.
    fn calls(calls: usize, seen: bool) -> Self {
        let mut stage = Stage::new();
        for room in 0..calls {
            meet(&mut stage, room as u64, 2, seen);
        }
        Self::everybody(stage, seen)
    }

    /// A room in which each sees and hears all others.
    fn room(people: usize) -> Self {
        let mut stage = Stage::new();
        meet(&mut stage, 1, people, true);
        Self::everybody(stage, true)
    }

    /// A tenth of a second: five packets of sound and three pictures of each, evenly spread.
    fn everybody(stage: Stage, seen: bool) -> Self {
        let pattern: &[(usize, &[usize])] = if seen { BOTH } else { &[(0, AUDIO)] };
        let people = stage.clients.len();
        let beat = |&(sender, sizes)| {
            (0..people).map(move |client| Beat {
                client,
                sender,
                sizes,
            })
        };
        let beats: Vec<_> = pattern.iter().flat_map(beat).collect();
        let span = if seen { TENTH } else { AUDIO_BEAT.1 };
        let pace = span / beats.len() as u32;
        Self::of(stage, beats, pace, Counted::Out)
    }

    /// Everybody has sent for longer than anything is kept, and said what time it is: buffers have their size.
    fn of(stage: Stage, beats: Vec<Beat>, pace: Duration, counted: Counted) -> Self {
        let mut play = Self {
            stage,
            beats,
            next: 0,
            pace,
            counted,
            sink: None,
        };
        let turns = (KEPT.as_nanos() / pace.as_nanos()) as usize;
        for _ in 0..turns.div_ceil(TURNS) {
            play.prepare();
            play.run();
        }
        play.stage.keep_up();
        play
    }
}

impl Scene for Play {
    fn prepare(&mut self) {
        self.stage.turns.clear();
        for _ in 0..TURNS {
            self.stage.queue(self.beats[self.next], self.pace);
            self.next = (self.next + 1) % self.beats.len();
        }
    }

    fn run(&mut self) -> u64 {
        let (inbound, outbound) = match &mut self.sink {
            Some(sink) => self
                .stage
                .play(&mut |transmit| sink.send(transmit.contents, transmit.segment_size)),
            None => self.stage.play(&mut |_| {}),
        };
        match self.counted {
            Counted::In => inbound,
            Counted::Out => outbound,
        }
    }
}

/// People who each get what all others send.
fn meet(stage: &mut Stage, room: u64, people: usize, seen: bool) {
    let codecs: &[_] = if seen {
        &[Codec::Opus, Codec::Vp8]
    } else {
        &[Codec::Opus]
    };
    let clients: Vec<_> = (0..people).map(|_| stage.join(room)).collect();
    for &codec in codecs {
        let tracks: Vec<_> = clients
            .iter()
            .map(|&client| (client, stage.publish(client, codec)))
            .collect();
        for &client in &clients {
            for &(_, track) in tracks.iter().filter(|(publisher, _)| *publisher != client) {
                stage.subscribe(client, track, codec);
            }
        }
    }
}

/// A subscriber lost four packets of ten, and gets them again.
struct Repair {
    stage: Stage,
    publisher: usize,
    subscriber: usize,
}

impl Repair {
    fn new() -> Self {
        let mut stage = Stage::new();
        let (publisher, subscriber) = (stage.join(1), stage.join(1));
        let track = stage.publish(publisher, Codec::Vp8);
        stage.subscribe(subscriber, track, Codec::Vp8);
        Self {
            stage,
            publisher,
            subscriber,
        }
    }
}

impl Scene for Repair {
    fn prepare(&mut self) {
        let (client, sender, sizes) = (self.publisher, 0, FRAME);
        self.stage.turns.clear();
        self.stage.queue(
            Beat {
                client,
                sender,
                sizes,
            },
            VIDEO_BEAT.1,
        );
        let mut sent = Vec::new();
        self.stage
            .play(&mut |transmit| sent.extend(media_numbers(transmit)));
        let Some(&(ssrc, _)) = sent.first() else { return };
        let lost: Vec<_> = sent.iter().map(|&(_, number)| number).take(LOST).collect();
        self.stage.clients[self.subscriber].send_nack(ssrc, &lost);
        self.stage.turns.clear();
        self.stage.queue_raw(self.subscriber);
    }

    fn run(&mut self) -> u64 {
        self.stage.play(&mut |_| {}).1
    }
}

/// Names of the media packets of a run; the clear part of a sealed packet tells them.
fn media_numbers(transmit: &Transmit<'_>) -> Vec<(rapport_sfu::id::Ssrc, u16)> {
    let size = transmit.segment_size.unwrap_or(transmit.contents.len());
    let headers = transmit.contents.chunks(size).filter_map(Header::parse);
    headers
        .filter(|header| header.payload_type == rapport_sfu::id::Pt(96))
        .map(|header| (header.ssrc, header.sequence))
        .collect()
}

/// A client of a call of two reports.
struct Reports {
    stage: Stage,
}

impl Reports {
    fn new() -> Self {
        let mut stage = Stage::new();
        meet(&mut stage, 1, 2, true);
        Self { stage }
    }
}

impl Scene for Reports {
    fn prepare(&mut self) {
        self.stage.turns.clear();
        for _ in 0..TURNS {
            self.stage.report(0);
            self.stage.queue_raw(0);
        }
    }

    fn run(&mut self) -> u64 {
        self.stage.play(&mut |_| {}).0
    }
}

const VIDEO_BEAT: (&[usize], Duration) = (FRAME, Duration::from_millis(33));
const AUDIO_BEAT: (&[usize], Duration) = (AUDIO, Duration::from_millis(20));
const TENTH: Duration = Duration::from_millis(100);
/// Of each person's tenth of a second; sound is sender 0, picture is sender 1.
const BOTH: &[(usize, &[usize])] = &[
    (0, AUDIO),
    (1, FRAME),
    (0, AUDIO),
    (0, AUDIO),
    (1, FRAME),
    (0, AUDIO),
    (1, FRAME),
    (0, AUDIO),
];
/// Turns that are played in one go: their datagrams fit a core's second cache, as a worker's arena does.
const TURNS: usize = 16;
/// A cache keeps a second of video; with some to spare.
const KEPT: Duration = Duration::from_millis(1_500);
/// Half of what was sent may be sent again.
const LOST: usize = 4;
