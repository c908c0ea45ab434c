//! What must hold for every packet that leaves the server, whatever the network does.
//!
//! Owns: the memory of what has left. Judges each datagram between the server and the network, so that a
//! fault is the server's and not the network's.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::{Ssrc, TrackId};
use rapport_sfu::rtp::{Header, Unwrapper};
use rapport_testkit::Content;

/// The audit of one client's inbound media.
#[derive(Default)]
pub(crate) struct Auditor {
    streams: HashMap<Ssrc, Stream>,
    hasher: RandomState,
    pub(crate) packets: u64,
    pub(crate) repetitions: u64,
}

/// One SSRC of the server's.
#[derive(Default)]
struct Stream {
    unwrapper: Unwrapper,
    /// What was sealed under which index: the same bytes again, or a nonce used twice.
    sealed: HashMap<u64, u64>,
    highest: Option<Last>,
    segments: Vec<Segment>,
}

#[derive(Clone, Copy)]
struct Last {
    index: u64,
    frame: u32,
    timestamp: u32,
}

/// A span of outgoing numbers in which they differ from the publisher's by a constant.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    track: TrackId,
    offset: i128,
}

/// What the control plane knew of the SSRC when the packet left.
pub(crate) struct Expectation {
    pub(crate) kind: MediaKind,
    /// The track that was mapped to the place.
    pub(crate) selected: Option<TrackId>,
    /// All that ever were.
    pub(crate) ever_selected: HashSet<TrackId>,
}

impl Auditor {
    /// Takes note of a sealed packet, before it is opened. Returns its index, or `None` when it is the
    /// repetition of one that has left already, byte for byte.
    pub(crate) fn note(&mut self, sealed: &[u8], header: &Header) -> Result<Option<u64>, String> {
        let digest = self.hasher.hash_one(sealed);
        let stream = self.streams.entry(header.ssrc).or_default();
        let index = stream.unwrapper.unwrap(header.sequence).0;
        let Some(before) = stream.sealed.insert(index, digest) else {
            self.packets += 1;
            return Ok(Some(index));
        };
        // MEDIA: a packet without RTX is retransmitted as the identical sealed bytes.
        self.repetitions += 1;
        ensure(before == digest, || {
            format!("nonce used twice: {} {index}", header.ssrc)
        })?;
        Ok(None)
    }

    /// Judges a packet by what is inside.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        header: &Header,
        payload: &[u8],
        expected: Option<&Expectation>,
    ) -> Result<(), String> {
        // Not a place's own SSRC: a retransmission stream, whose numbers say nothing of the media.
        let Some(expected) = expected else { return Ok(()) };
        let content = Content::read(payload).ok_or("a payload that no client sent")?;
        self.streams
            .entry(header.ssrc)
            .or_default()
            .judge(index, header, &content, expected)
    }
}

impl Stream {
    fn judge(
        &mut self,
        index: u64,
        header: &Header,
        content: &Content,
        expected: &Expectation,
    ) -> Result<(), String> {
        let Some(last) = self.highest else {
            return self.begin(index, header, content, expected);
        };
        if index < last.index {
            return self.judge_late(index, content, expected);
        }
        let offset = offset(index, content);
        let current = *self.segments.last().ok_or("a stream without a beginning")?;
        if current.track == content.track && current.offset == offset {
            ensure(expected.selected == Some(content.track), || {
                format!("track {} is not mapped to {}", content.track, header.ssrc)
            })?;
            self.advance(index, header, content, last)
        } else {
            ensure(index == last.index + 1, || {
                format!(
                    "{}: number {index} after {} begins a segment with a gap",
                    header.ssrc, last.index
                )
            })?;
            self.begin(index, header, content, expected)?;
            judge_time(header, content, last, false)
        }
    }

    fn begin(
        &mut self,
        index: u64,
        header: &Header,
        content: &Content,
        expected: &Expectation,
    ) -> Result<(), String> {
        ensure(expected.selected == Some(content.track), || {
            format!("track {} is not mapped to {}", content.track, header.ssrc)
        })?;
        ensure(
            expected.kind == MediaKind::Audio || content.keyframe && content.start,
            || {
                format!(
                    "{}: video begins at frame {} without a key frame",
                    header.ssrc, content.frame
                )
            },
        )?;
        self.segments.push(Segment {
            from: index,
            track: content.track,
            offset: offset(index, content),
        });
        self.highest = Some(Last {
            index,
            frame: content.frame,
            timestamp: header.timestamp,
        });
        Ok(())
    }

    fn advance(&mut self, index: u64, header: &Header, content: &Content, last: Last) -> Result<(), String> {
        judge_time(header, content, last, content.frame == last.frame)?;
        self.highest = Some(Last {
            index,
            frame: content.frame,
            timestamp: header.timestamp,
        });
        Ok(())
    }

    /// A recovered packet takes the number that was left for it.
    fn judge_late(&self, index: u64, content: &Content, expected: &Expectation) -> Result<(), String> {
        let segment = self.segments.iter().rev().find(|segment| segment.from <= index);
        let segment = segment.ok_or_else(|| format!("number {index} from before the beginning"))?;
        ensure(
            segment.track == content.track && segment.offset == offset(index, content),
            || format!("number {index} is {content:?}, but its segment is {segment:?}"),
        )?;
        ensure(expected.ever_selected.contains(&content.track), || {
            "a track never mapped".to_owned()
        })
    }
}

/// One frame has one time; a later frame has a later one.
fn judge_time(header: &Header, content: &Content, last: Last, same_frame: bool) -> Result<(), String> {
    let elapsed = header.timestamp.wrapping_sub(last.timestamp) as i32;
    if same_frame {
        ensure(elapsed == 0, || {
            format!("one frame with two times, {elapsed} apart")
        })
    } else {
        ensure(elapsed > 0, || {
            format!("time went {elapsed} on to frame {}", content.frame)
        })
    }
}

fn offset(index: u64, content: &Content) -> i128 {
    i128::from(index) - i128::from(content.sequence)
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
