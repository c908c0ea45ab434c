//! Whole frames out of the packets of one encoding.
//!
//! Owns: where a frame begins and ends, and what holes do to it. Never does: decide what can be decoded, or let out a
//! frame of which anything is missing: it would not open.

use std::collections::VecDeque;
use std::time::Instant;

use rapport_sfu::codec::Codec;
use rapport_sfu::rtp::codec::{h264, is_keyframe, vp8, vp9};
use rapport_sfu::rtp::time::NtpTime;
use rapport_sfu::subscription::tap::TapPacket;

use super::continuity::Marks;
use super::payload::Payload;
use super::reorder::Step;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    partial: Option<Partial>,
    /// The packet before was the last of its frame, and nothing is missing since.
    is_aligned: bool,
    events: VecDeque<Event>,
}

/// What came out.
#[derive(Debug)]
pub(super) enum Event {
    Whole(Whole),
    /// Part of a frame came, and the rest did not.
    Torn,
    /// Packets are missing between frames: frames, or padding.
    Hole,
}

/// All bytes of a frame, as its sender's transform let them go.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) codec: Codec,
    pub(super) timestamp: u32,
    pub(super) ntp: Option<NtpTime>,
    /// When its first packet came.
    pub(super) arrived: Instant,
    pub(super) is_key: bool,
    pub(super) marks: Marks,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Partial {
    codec: Codec,
    timestamp: u32,
    ntp: Option<NtpTime>,
    arrived: Instant,
    is_key: bool,
    marks: Marks,
    payload: Payload,
}

impl Assembly {
    /// Takes what comes next.
    pub(super) fn handle_step(&mut self, step: Step) {
        match step {
            Step::Hole => self.handle_hole(),
            // padding has its number, and says nothing
            Step::Packet(packet) if packet.payload.is_empty() => {}
            Step::Packet(packet) => self.handle_packet(&packet),
        }
    }

    /// In order.
    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.payload.len())
    }

    fn handle_hole(&mut self) {
        self.is_aligned = false;
        let event = match self.partial.take() {
            Some(_) => Event::Torn,
            None => Event::Hole,
        };
        self.events.push_back(event);
    }

    fn handle_packet(&mut self, packet: &TapPacket) {
        if self
            .partial
            .as_ref()
            .is_some_and(|partial| !partial.is_of(packet))
        {
            // it has no end, but here another one begins
            self.tear(true);
        }
        if self.partial.is_none() && !self.begin(packet) {
            return;
        }
        let is_taken = self
            .partial
            .as_mut()
            .is_some_and(|partial| partial.take(packet).is_some());
        match (is_taken, is_last(packet)) {
            (true, false) => {}
            (true, true) => self.finish(),
            (false, is_last) => self.tear(is_last),
        }
    }

    /// False: the packet is of a frame that did not begin here.
    fn begin(&mut self, packet: &TapPacket) -> bool {
        let begins = self.is_aligned || announces_frame(packet.codec, &packet.payload);
        if begins {
            self.partial = Some(Partial::begin(packet));
        }
        self.is_aligned = !begins && is_last(packet);
        begins
    }

    fn finish(&mut self) {
        let whole = self.partial.take().and_then(Partial::finish);
        self.is_aligned = true;
        self.events.push_back(whole.map_or(Event::Torn, Event::Whole));
    }

    fn tear(&mut self, is_aligned: bool) {
        self.partial = None;
        self.is_aligned = is_aligned;
        self.events.push_back(Event::Torn);
    }
}

impl Partial {
    fn begin(packet: &TapPacket) -> Self {
        Self {
            codec: packet.codec,
            timestamp: packet.timestamp,
            ntp: packet.ntp,
            arrived: packet.arrived,
            is_key: false,
            marks: Marks::read(packet.codec, &packet.payload),
            payload: Payload::default(),
        }
    }

    fn is_of(&self, packet: &TapPacket) -> bool {
        self.codec == packet.codec && self.timestamp == packet.timestamp
    }

    /// None if it does not go on with this packet.
    fn take(&mut self, packet: &TapPacket) -> Option<()> {
        self.is_key |= packet.keyframe;
        self.payload.take(packet.codec, &packet.payload)
    }

    fn finish(self) -> Option<Whole> {
        Some(Whole {
            bytes: self.payload.finish()?,
            codec: self.codec,
            timestamp: self.timestamp,
            ntp: self.ntp,
            arrived: self.arrived,
            is_key: self.is_key || self.codec == Codec::Opus,
            marks: self.marks,
        })
    }
}

/// RFC 7587 §4.2: a packet of Opus is a frame, whatever its marker says.
fn is_last(packet: &TapPacket) -> bool {
    packet.marker || packet.codec == Codec::Opus
}

/// A frame begins with this packet, whatever came before. Of H.264 and AV1 that is known of key frames alone: what else
/// begins a unit may be in the middle of a frame.
fn announces_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8::Descriptor::parse(payload).is_some_and(|descriptor| descriptor.start),
        Codec::Vp9 { .. } => {
            vp9::Descriptor::parse(payload).is_some_and(|descriptor| descriptor.starts_picture())
        }
        Codec::H264 { .. } => begins_access_unit(payload),
        _ => is_keyframe(codec, payload),
    }
}

/// ITU-T H.264 §7.4.1.2.3: a delimiter or a sequence parameter set stands before all else of an access unit.
fn begins_access_unit(payload: &[u8]) -> bool {
    let Some(Some(h264::Piece::Unit([header, ..]))) = h264::pieces(payload).next() else {
        return false;
    };
    matches!(header & 0x1f, SEQUENCE_PARAMETER_SET | ACCESS_UNIT_DELIMITER)
}

/// ITU-T H.264 table 7-1.
const SEQUENCE_PARAMETER_SET: u8 = 7;
const ACCESS_UNIT_DELIMITER: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::{ALL_CODECS, packet};

    /// What comes of these payloads with their timestamps and markers; none is a hole.
    fn assemble(codec: Codec, steps: &[Option<(u32, bool, &[u8])>]) -> Vec<Result<Vec<u8>, &'static str>> {
        let mut assembly = Assembly::default();
        for step in steps {
            assembly.handle_step(step.map_or(Step::Hole, |(timestamp, marker, payload)| {
                let packet = packet(codec, 0, payload.to_vec());
                Step::Packet(TapPacket {
                    timestamp,
                    marker,
                    ..packet
                })
            }));
        }
        let events = std::iter::from_fn(|| assembly.poll_event());
        events
            .map(|event| match event {
                Event::Whole(whole) => Ok(whole.bytes),
                Event::Torn => Err("torn"),
                Event::Hole => Err("hole"),
            })
            .collect()
    }

    #[test]
    fn a_frame_without_a_marker_is_torn_by_the_next() {
        let first = Some((1, false, &[0x10, 1][..]));
        let next = Some((2, true, &[0x10, 2][..]));
        assert_eq!(assemble(Codec::Vp8, &[first, next]), [Err("torn"), Ok(vec![2])]);
        assert_eq!(
            assemble(Codec::Vp8, &[first, None, next]),
            [Err("torn"), Ok(vec![2])]
        );
        let rest = Some((1, true, &[0x00, 3][..]));
        assert_eq!(
            assemble(Codec::Vp8, &[first, None, rest, next]),
            [Err("torn"), Ok(vec![2])]
        );
    }

    #[test]
    fn what_follows_a_hole_may_be_the_middle_of_a_frame() {
        let [.., h264, av1] = ALL_CODECS;
        let sets = Some((1, false, &[0x67, 1][..]));
        let slice = Some((1, true, &[0x65, 0x88][..]));
        let bytes = vec![0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 0x88];
        assert_eq!(assemble(h264, &[slice]), [], "the sets are missing");
        assert_eq!(assemble(h264, &[None, slice]), [Err("hole")]);
        assert_eq!(
            assemble(h264, &[None, sets, slice]),
            [Err("hole"), Ok(bytes.clone())]
        );
        assert_eq!(assemble(h264, &[slice, sets, slice]), [Ok(bytes)]);
        let sequence = Some((1, false, &[0x18, 0x08, 1][..]));
        let frame = Some((1, true, &[0x10, 0x30, 2][..]));
        let bytes = vec![0x0a, 1, 1, 0x32, 1, 2];
        assert_eq!(assemble(av1, &[None, frame]), [Err("hole")]);
        assert_eq!(assemble(av1, &[None, sequence, frame]), [Err("hole"), Ok(bytes)]);
        assert_eq!(
            assemble(av1, &[frame, frame]),
            [Ok(vec![0x32, 1, 2])],
            "one ended before it"
        );
    }
}
