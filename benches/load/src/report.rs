//! What a run tells: values for programs, and the same in words.
//!
//! Owns: the form of results. Never does: measure.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::driver::Span;
use crate::media::Picture;
use crate::plan::Shape;
use crate::process::Processor;
use crate::tally::Delays;

/// What one span of load came to. Counters are of the span alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How people met.
    pub shape: Shape,
    /// How many: see [`Shape::unit`].
    pub size: u32,
    /// What was sent.
    pub picture: Option<Picture>,
    /// How long it was watched.
    pub seconds: f64,
    /// Transports that were up, and that should have been.
    pub connected: Of,
    /// Streams that flowed, and that should have.
    pub streams: Of,
    /// SRTP profiles that were negotiated.
    pub srtp: Vec<String>,
    /// Media packets a second into the server.
    pub packets_in: f64,
    /// Media packets a second out of it, as they arrived.
    pub packets_out: f64,
    /// Megabits a second out of it, UDP payload.
    pub megabits_out: f64,
    /// Packets that should have arrived, where nothing chooses among encodings.
    pub due: Option<u64>,
    /// Packets that arrived, each counted once.
    pub received: u64,
    /// Packets that did not arrive, by their numbers and stamps.
    pub lost: u64,
    /// Of these, what was gone before the server numbered it.
    pub skipped: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// Packets that were opened, and those that could not be, or held something else.
    pub opened: u64,
    /// See [`Report::opened`].
    pub unreadable: u64,
    /// Retransmissions and what else was not media.
    pub other: u64,
    /// From a publisher's send call to the kernel's hand at the watcher's socket.
    pub delay: Distribution,
    /// Pauses between pictures of 200 ms and longer.
    pub freezes: u64,
    /// The longest pause between pictures, in milliseconds.
    pub longest_pause_ms: f64,
    /// Requests for key frames, and for lost packets, that publishers got.
    pub keyframe_requests: u64,
    /// See [`Report::keyframe_requests`].
    pub nacked: u64,
    /// The generator itself.
    pub generator: Generator,
    /// The server's process, where its id was given.
    pub server: Option<Server>,
    /// Processors of the machine.
    pub processors: Vec<Processor>,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// How many there were.
    pub is: usize,
    /// How many there should have been.
    pub should: usize,
}

/// A distribution, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50: f64,
    /// One in a hundred was longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// How the generator did: where it could not keep up, a run says nothing of the server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Share of one processor.
    pub busy: f64,
    /// How late packets left.
    pub lateness: Distribution,
    /// Datagrams that the kernel did not take.
    pub send_failed: u64,
}

/// What the server spent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Share of one processor.
    pub busy: f64,
    /// Nanoseconds of processor time a packet that it sent.
    pub nanos_a_packet: f64,
    /// Bytes of memory, resident.
    pub resident: u64,
}

/// What the processors say of a span.
pub(crate) struct Costs {
    pub(crate) generator: Duration,
    pub(crate) server: Option<(Duration, u64)>,
    pub(crate) processors: Vec<Processor>,
}

impl Report {
    pub(crate) fn new(shape: Shape, size: u32, picture: Option<Picture>, span: &Span, costs: Costs) -> Self {
        let tally = &span.tally;
        let seconds = span.length.as_secs_f64().max(f64::MIN_POSITIVE);
        let of = |(should, is)| Of { is, should };
        Self {
            shape,
            size,
            picture,
            seconds,
            connected: of(span.connected),
            streams: of(span.streams),
            srtp: span.profiles.clone(),
            packets_in: span.sent as f64 / seconds,
            packets_out: tally.received as f64 / seconds,
            megabits_out: tally.received_bytes as f64 * 8e-6 / seconds,
            due: span.due,
            received: tally.received,
            lost: tally.lost(),
            skipped: tally.skipped,
            duplicates: tally.duplicates,
            reordered: tally.reordered,
            opened: tally.opened,
            unreadable: tally.unreadable,
            other: tally.other,
            delay: Distribution::new(&tally.delays),
            freezes: tally.freezes,
            longest_pause_ms: tally.longest_pause.as_secs_f64() * 1e3,
            keyframe_requests: tally.keyframe_requests,
            nacked: tally.nacked,
            generator: Generator {
                busy: costs.generator.as_secs_f64() / seconds,
                lateness: Distribution::new(&tally.lateness),
                send_failed: tally.send_failed,
            },
            server: costs.server.map(|(cpu, resident)| Server {
                busy: cpu.as_secs_f64() / seconds,
                nanos_a_packet: cpu.as_nanos() as f64 / tally.received.max(1) as f64,
                resident,
            }),
            processors: costs.processors,
        }
    }

    /// The share of packets that did not arrive: by their numbers, or by how many were sent, whichever is worse.
    /// What was under way at either end of the span may make the second look a little better or worse; it
    /// counts from one part in a hundred on.
    pub fn loss(&self) -> f64 {
        let by_number = self.lost as f64 / (self.received + self.lost).max(1) as f64;
        let due = self.due.filter(|due| *due > 0);
        let arrived = due.map_or(1.0, |due| self.received as f64 / due as f64);
        let by_count = Some(1.0 - arrived).filter(|missing| *missing > COUNT_BLUR);
        by_number.max(by_count.unwrap_or_default())
    }
}

impl Distribution {
    fn new(delays: &Delays) -> Self {
        let micros = |delay: Duration| delay.as_secs_f64() * 1e6;
        Self {
            count: delays.count(),
            p50: micros(delays.at(0.5)),
            p99: micros(delays.at(0.99)),
            max: micros(delays.max()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}, {:.1} s", self.size, self.shape.unit(), self.seconds)?;
        writeln!(
            f,
            "  transports {} of {} up ({}), streams {} of {} flow",
            self.connected.is,
            self.connected.should,
            self.srtp.join(", "),
            self.streams.is,
            self.streams.should,
        )?;
        writeln!(
            f,
            "  {:.0} packets/s in, {:.0} packets/s out, {:.1} Mbit/s out",
            self.packets_in, self.packets_out, self.megabits_out
        )?;
        writeln!(
            f,
            "  lost {} ({:.3} %, {} of them before numbering), again {}, out of order {}, unreadable {} of {} opened",
            self.lost,
            self.loss() * 100.0,
            self.skipped,
            self.duplicates,
            self.reordered,
            self.unreadable,
            self.opened,
        )?;
        writeln!(f, "  delay {}", self.delay)?;
        writeln!(
            f,
            "  pictures paused for 200 ms or longer {} times, {:.0} ms at most",
            self.freezes, self.longest_pause_ms
        )?;
        let Generator { busy, lateness, .. } = &self.generator;
        write!(
            f,
            "  generator {:.0} % of a core, late by {lateness}",
            busy * 100.0
        )?;
        if let Some(server) = &self.server {
            write!(
                f,
                "\n  server {:.0} % of a core, {:.0} ns a packet out, {:.1} MiB resident",
                server.busy * 100.0,
                server.nanos_a_packet,
                server.resident as f64 / 1_048_576.0,
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(|micros| micros / 1e3);
        write!(f, "p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms")
    }
}

/// A hundredth of a span of seconds is more than a packet's way through a server takes.
const COUNT_BLUR: f64 = 0.01;
