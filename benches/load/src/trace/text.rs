//! The text of a recording, read.
//!
//! Owns: the form and what must be true of a recording. Never does: open files.

use std::str::FromStr;
use std::time::Duration;

use rapport_sfu::codec::Codec;

use super::{Frame, Packet, Trace};

/// A text is no recording, or one that can't be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TraceError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The form is another one, or none.
    #[error("a recording begins with `trace 1 codec=… encodings=… clock=… length=…`")]
    Head,
    /// Only `opus`, `vp8` and `vp9` are played.
    #[error("there are no recordings of the codec `{0}`")]
    Codec(String),
    /// An RTP clock belongs to its codec.
    #[error("the clock of this codec ticks {0} times a second")]
    Clock(u32),
    /// There are as many as a room takes.
    #[error("a recording has 1 to {MAX_ENCODINGS} encodings")]
    Encodings,
    /// A column is missing, or is no number that fits it.
    #[error("this is no {0}")]
    Column(&'static str),
    /// The first line names fewer encodings.
    #[error("there is no encoding {0}")]
    UnknownEncoding(u8),
    /// Nothing, or more than a datagram should hold.
    #[error("a payload has 1 to {MAX_PAYLOAD} bytes, not {0}")]
    Size(u16),
    /// Nobody could decode what follows.
    #[error("the first frame of an encoding is a key frame")]
    NoKeyframe,
    /// Timestamps are counted from the first frame of an encoding.
    #[error("the first timestamp of an encoding is 0, and the next ones are larger")]
    Timestamp,
    /// Frames stand in the order in which they were sent.
    #[error("this frame was sent before the one above")]
    Order,
    /// The next playing would start before it.
    #[error("a packet was sent after the end of the recording")]
    AfterEnd,
    /// An encoding of which nothing is sent.
    #[error("encoding {0} has no frames")]
    Silent(u8),
}

/// As many encodings as a publication may have.
const MAX_ENCODINGS: u8 = 3;

/// What fits a datagram of 1,280 bytes beside the headers of IPv4, UDP and SRTP. Chromium stays below it.
const MAX_PAYLOAD: u16 = 1_250;

impl Trace {
    /// Reads a recording and holds it to what a player relies on.
    ///
    /// # Errors
    /// The first line that is wrong, and how.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let mut lines = (1..).zip(text.lines());
        let head = lines.next().map_or("", |(_, head)| head);
        let mut trace = parse_head(head).map_err(|problem| TraceError { line: 1, problem })?;
        let mut reader = Reader::new(&trace);
        for (line, text) in lines.filter(|(_, text)| !text.starts_with('#')) {
            let frame = reader
                .frame(text)
                .map_err(|problem| TraceError { line, problem })?;
            trace.frames.push(frame);
        }
        match reader.silent() {
            Some(encoding) => Err(TraceError {
                line: 1,
                problem: Problem::Silent(encoding),
            }),
            None => Ok(trace),
        }
    }
}

fn parse_head(line: &str) -> Result<Trace, Problem> {
    let mut fields = line.strip_prefix("trace 1 ").ok_or(Problem::Head)?.split(' ');
    let mut field = |name| {
        fields
            .next()
            .and_then(|field| field.strip_prefix(name))
            .ok_or(Problem::Head)
    };
    let codec = parse_codec(field("codec=")?)?;
    let encodings = u8::try_from(field("encodings=")?.split(',').count())
        .ok()
        .filter(|count| *count <= MAX_ENCODINGS)
        .ok_or(Problem::Encodings)?;
    if number::<u32>(field("clock=")?, "clock")? != codec.clock_rate() {
        return Err(Problem::Clock(codec.clock_rate()));
    }
    let length = Duration::from_micros(u64::from(number::<u32>(field("length=")?, "length")?));
    if fields.next().is_some() {
        return Err(Problem::Head);
    }
    Ok(Trace {
        codec,
        encodings,
        length,
        frames: Vec::new(),
    })
}

fn parse_codec(name: &str) -> Result<Codec, Problem> {
    match name {
        "opus" => Ok(Codec::Opus),
        "vp8" => Ok(Codec::Vp8),
        "vp9" => Ok(Codec::Vp9 { profile: 0 }),
        other => Err(Problem::Codec(other.to_owned())),
    }
}

/// What the frames so far demand of the next one.
struct Reader {
    length: Duration,
    /// When the last frame began.
    latest: Duration,
    /// The last timestamp of each encoding.
    timestamps: Vec<Option<u32>>,
}

impl Reader {
    fn new(trace: &Trace) -> Self {
        let timestamps = vec![None; usize::from(trace.encodings)];
        Self {
            length: trace.length,
            latest: Duration::ZERO,
            timestamps,
        }
    }

    fn frame(&mut self, text: &str) -> Result<Frame, Problem> {
        let frame = parse_frame(text)?;
        let (first, last) = frame
            .packets
            .first()
            .zip(frame.packets.last())
            .ok_or(Problem::Column("packet"))?;
        if first.at < self.latest {
            return Err(Problem::Order);
        }
        if last.at >= self.length {
            return Err(Problem::AfterEnd);
        }
        self.latest = first.at;
        self.follow(&frame)?;
        Ok(frame)
    }

    fn follow(&mut self, frame: &Frame) -> Result<(), Problem> {
        let unknown = Problem::UnknownEncoding(frame.encoding);
        let latest = self
            .timestamps
            .get_mut(usize::from(frame.encoding))
            .ok_or(unknown)?;
        match latest.replace(frame.timestamp) {
            None if !frame.keyframe => Err(Problem::NoKeyframe),
            None if frame.timestamp != 0 => Err(Problem::Timestamp),
            Some(before) if frame.timestamp <= before => Err(Problem::Timestamp),
            _ => Ok(()),
        }
    }

    /// The first encoding without frames.
    fn silent(&self) -> Option<u8> {
        (0..)
            .zip(&self.timestamps)
            .find(|(_, latest)| latest.is_none())
            .map(|(encoding, _)| encoding)
    }
}

fn parse_frame(text: &str) -> Result<Frame, Problem> {
    let mut columns = text.split(' ');
    let mut column = || columns.next().unwrap_or("");
    let mut at = number::<u32>(column(), "time")?;
    let encoding = number(column(), "encoding")?;
    let keyframe = match column() {
        "K" => true,
        "D" => false,
        _ => return Err(Problem::Column("kind of frame: `K` or `D`")),
    };
    let timestamp = number(column(), "timestamp")?;
    let mut packets = vec![packet(at, column())?];
    for column in columns {
        let (bytes, delta) = column
            .split_once('+')
            .ok_or(Problem::Column("further packet: `bytes+micros`"))?;
        at = at
            .checked_add(number(delta, "time between packets")?)
            .ok_or(Problem::AfterEnd)?;
        packets.push(packet(at, bytes)?);
    }
    Ok(Frame {
        encoding,
        keyframe,
        timestamp,
        packets,
    })
}

fn packet(at: u32, bytes: &str) -> Result<Packet, Problem> {
    match number(bytes, "size")? {
        bytes @ 1..=MAX_PAYLOAD => Ok(Packet {
            at: Duration::from_micros(u64::from(at)),
            bytes,
        }),
        bytes => Err(Problem::Size(bytes)),
    }
}

/// Digits and nothing else: the standard library takes a sign too.
fn number<T: FromStr>(text: &str, name: &'static str) -> Result<T, Problem> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Column(name));
    }
    text.parse().map_err(|_| Problem::Column(name))
}
