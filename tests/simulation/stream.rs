//! The audit of one place: one unbroken stream, whatever is shown there.
//!
//! Owns: what each number that left stands for. A *segment* is a stretch of one source: within it, two
//! packets are as far apart as the publisher's were, less the padding between them, which may or may not
//! have got a number.

use std::collections::{BTreeMap, HashMap};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::TrackId;
use rapport_sfu::rtp::Header;
use rapport_testkit::Content;

use crate::auditor::{Expectation, content, ensure};

/// One SSRC of the server's.
#[derive(Default)]
pub(crate) struct Stream {
    /// By index.
    sent: BTreeMap<u64, Packet>,
    /// By first index: of which track, and after how many of its mutes.
    segments: BTreeMap<u64, (TrackId, u32)>,
    /// One frame has one time, also in what comes late or again.
    times: HashMap<(TrackId, u32), u32>,
}

/// One packet as it left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    index: u64,
    timestamp: u32,
    /// None: an empty packet, in place of a publisher's padding.
    content: Option<Content>,
}

impl Packet {
    pub(crate) fn new(index: u64, header: &Header, payload: &[u8]) -> Result<Self, String> {
        Ok(Self {
            index,
            timestamp: header.timestamp,
            content: content(payload)?,
        })
    }

    /// How far apart two packets of one source may be numbered.
    fn precedes(&self, later: &Self) -> bool {
        let (Some(first), Some(second)) = (self.content, later.content) else {
            return true;
        };
        let apart = later.index - self.index;
        let most = second.sequence.checked_sub(first.sequence);
        let padding = second.padding.checked_sub(first.padding);
        most.zip(padding)
            .is_some_and(|(most, padding)| (most - padding..=most).contains(&apart))
    }

    /// Padding that came shows that what was sent between this packet and it was lost: for these, numbers
    /// are kept, also if the source is left before they come.
    fn unused_before_padding(&self, expected: &Expectation) -> u64 {
        let of_source = self.content.and_then(|content| {
            let padding = expected.ever_selected.get(&content.track)?.as_ref()?;
            padding.checked_sub(content.sequence + 1)
        });
        of_source.unwrap_or(0)
    }
}

impl Stream {
    /// A packet of the stream itself.
    pub(crate) fn judge(&mut self, packet: &Packet, expected: &Expectation) -> Result<(), String> {
        let last = self.newest();
        if last.is_some_and(|last| packet.index < last.index) {
            return self.judge_late(packet, expected);
        }
        let Some(content) = packet.content else {
            return Err("a new number for a publisher's padding".to_owned());
        };
        ensure(expected.selected == Some(content.track), || {
            format!("track {} is not mapped to the place", content.track)
        })?;
        if let Some(last) = last {
            self.judge_newer(&last, packet, &content, expected)?;
        } else {
            self.begin(packet, &content, expected)?;
        }
        self.keep(packet, &content)
    }

    /// A packet of the retransmission stream (RFC 4588 §4): the number that it was promised, then the payload.
    pub(crate) fn judge_repair(
        &mut self,
        header: &Header,
        payload: &[u8],
        expected: &Expectation,
    ) -> Result<(), String> {
        let (&original, payload) = payload.split_first_chunk().ok_or("an empty retransmission")?;
        let newest = self.newest().ok_or("a retransmission of nothing")?.index;
        let back = (newest as u16).wrapping_sub(u16::from_be_bytes(original));
        let index = newest
            .checked_sub(u64::from(back))
            .ok_or("a number before all numbers")?;
        let packet = Packet::new(index, header, payload)?;
        if let (Some(before), Some(again)) = (
            self.sent.get(&index).and_then(|sent| sent.content),
            packet.content,
        ) {
            ensure(before == again, || {
                format!("number {index} was {before:?}, and its retransmission is {again:?}")
            })?;
        }
        self.judge_late(&packet, expected)
    }

    fn judge_newer(
        &mut self,
        last: &Packet,
        packet: &Packet,
        content: &Content,
        expected: &Expectation,
    ) -> Result<(), String> {
        let newest = self.sent.values().rev().find_map(|sent| sent.content);
        let segment = self.segments.values().next_back();
        if segment == Some(&(content.track, expected.mutes)) && last.precedes(packet) {
            let same_frame = newest.is_some_and(|newest| newest.frame == content.frame);
            return judge_time(last, packet, same_frame);
        }
        let unused = last.unused_before_padding(expected);
        ensure((1..=1 + unused).contains(&(packet.index - last.index)), || {
            format!("{packet:?} begins a segment with a gap after {last:?}")
        })?;
        self.begin(packet, content, expected)?;
        judge_time(last, packet, false)
    }

    fn begin(&mut self, packet: &Packet, content: &Content, expected: &Expectation) -> Result<(), String> {
        let video = expected.kind == MediaKind::Video;
        ensure(!video || content.keyframe && content.start, || {
            format!("video begins at frame {} without a key frame", content.frame)
        })?;
        self.segments
            .insert(packet.index, (content.track, expected.mutes));
        Ok(())
    }

    /// A recovered packet takes the number that was left for it.
    fn judge_late(&mut self, packet: &Packet, expected: &Expectation) -> Result<(), String> {
        let index = packet.index;
        let segment = self.segments.range(..=index).next_back();
        let (&from, &(track, _)) =
            segment.ok_or_else(|| format!("number {index} from before the beginning"))?;
        let until = self.segments.range(index + 1..).next().map(|(&from, _)| from);
        let before = self.sent.range(from..index).next_back();
        let after = self.sent.range(index + 1..until.unwrap_or(u64::MAX)).next();
        let fits = before.is_none_or(|(_, before)| before.precedes(packet))
            && after.is_none_or(|(_, after)| packet.precedes(after));
        let Some(content) = packet.content else {
            return Ok(());
        };
        ensure(track == content.track && fits, || {
            format!("number {index} is {content:?}, between {before:?} and {after:?} of track {track}")
        })?;
        ensure(expected.ever_selected.contains_key(&content.track), || {
            "a track that was never mapped to the place".to_owned()
        })?;
        self.keep(packet, &content)
    }

    fn keep(&mut self, packet: &Packet, content: &Content) -> Result<(), String> {
        let time = *self
            .times
            .entry((content.track, content.frame))
            .or_insert(packet.timestamp);
        // A source that was left and shown again goes on at another time; within a segment nothing moves.
        let begins = self.segments.contains_key(&packet.index);
        if begins {
            self.times
                .insert((content.track, content.frame), packet.timestamp);
        }
        ensure(begins || time == packet.timestamp, || {
            format!("frame {} at {time} and {}", content.frame, packet.timestamp)
        })?;
        self.sent.insert(packet.index, *packet);
        Ok(())
    }

    fn newest(&self) -> Option<Packet> {
        self.sent.values().next_back().copied()
    }
}

/// One frame has one time; a later frame has a later one.
fn judge_time(last: &Packet, packet: &Packet, same_frame: bool) -> Result<(), String> {
    let elapsed = packet.timestamp.wrapping_sub(last.timestamp) as i32;
    ensure(if same_frame { elapsed == 0 } else { elapsed > 0 }, || {
        format!("time went {elapsed} on from {last:?} to {packet:?}")
    })
}
