//! Plays one encoding of a recording, for ever, in its own time.
//!
//! Owns: where it is, and the numbers that go on over the end of the recording. Never does: seal or send.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::recording::Recording;
use crate::stamp::Place;
use crate::trace::{Frame, Packet};

/// Where one encoding of one source is.
#[derive(Debug)]
pub(crate) struct Player {
    recording: Arc<Recording>,
    encoding: usize,
    /// Where in the recording it begins.
    offset: Duration,
    /// When the recording's time was zero, in this turn.
    zero: Instant,
    turn: u32,
    /// The frame that is next, or under way.
    frame: usize,
    under_way: Option<UnderWay>,
    keyframe_wanted: bool,
    picture: u16,
    sent: u32,
    /// A packet never leaves before the one before it was due.
    not_before: Instant,
}

/// A frame of which packets are still to come.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    /// Which recorded frame lends its sizes: itself, or a key frame that was asked for.
    sizes_of: usize,
    begun: Instant,
    packet: usize,
}

/// What is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// When it should have been sent.
    pub(crate) due: Instant,
    pub(crate) place: Place,
    pub(crate) keyframe: bool,
    /// Ticks of the codec's clock since the beginning.
    pub(crate) timestamp: u32,
    /// Counts from 0.
    pub(crate) number: u32,
    /// Of payload.
    pub(crate) bytes: usize,
}

impl Player {
    /// Begins `offset` into the recording, with a key frame; the encodings of one source share the offset.
    /// `None` when there is no such encoding.
    pub(crate) fn new(
        recording: &Arc<Recording>,
        encoding: usize,
        offset: Duration,
        now: Instant,
    ) -> Option<Self> {
        let frames = &recording.encodings.get(encoding)?.frames;
        let reached = |frame: &Frame| start(frame) >= offset;
        let frame = frames.iter().position(reached).unwrap_or_default();
        let offset = start(frames.get(frame)?).min(offset);
        Some(Self {
            recording: Arc::clone(recording),
            encoding,
            offset,
            zero: now.checked_sub(offset).unwrap_or(now),
            turn: 0,
            frame,
            under_way: None,
            keyframe_wanted: true,
            picture: 0,
            sent: 0,
            not_before: now,
        })
    }

    /// Begins now and not before, if nothing has been sent yet.
    pub(crate) fn start(&mut self, now: Instant) {
        if self.sent == 0 {
            self.zero = now.checked_sub(self.offset).unwrap_or(now);
            self.not_before = now;
        }
    }

    /// Somebody asks for a key frame: the next frame is one.
    pub(crate) fn want_keyframe(&mut self) {
        self.keyframe_wanted = true;
    }

    /// When the next packet is due.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let due = match self.under_way {
            Some(under_way) => under_way.begun + spacing(self.frame(under_way.sizes_of), under_way.packet),
            None => self.zero + start(self.frame(self.frame)),
        };
        due.max(self.not_before)
    }

    /// The next packet, if it is due.
    pub(crate) fn poll_packet(&mut self, now: Instant) -> Option<Next> {
        let due = self.poll_timeout();
        if due > now {
            return None;
        }
        self.not_before = due;
        let under_way = match self.under_way {
            Some(under_way) => under_way,
            None => self.begin(due),
        };
        let sizes = self.frame(under_way.sizes_of);
        let packet = sizes.packets.get(under_way.packet)?;
        let (bytes, last) = (
            usize::from(packet.bytes),
            under_way.packet + 1 == sizes.packets.len(),
        );
        let next = Next {
            due,
            place: Place {
                first: under_way.packet == 0,
                last,
                picture: self.picture,
            },
            keyframe: sizes.keyframe,
            timestamp: self.timestamp(),
            number: self.sent,
            bytes,
        };
        self.sent = self.sent.wrapping_add(1);
        self.under_way = (!last).then_some(UnderWay {
            packet: under_way.packet + 1,
            ..under_way
        });
        if last {
            self.step();
        }
        Some(next)
    }

    fn begin(&mut self, due: Instant) -> UnderWay {
        let wanted = std::mem::take(&mut self.keyframe_wanted);
        UnderWay {
            sizes_of: if wanted { self.keyframe_near() } else { self.frame },
            begun: due,
            packet: 0,
        }
    }

    /// The last recorded key frame up to here; the first frame is one.
    fn keyframe_near(&self) -> usize {
        let frames = &self.lane()[..=self.frame];
        frames
            .iter()
            .rposition(|frame| frame.keyframe)
            .unwrap_or_default()
    }

    fn step(&mut self) {
        self.picture = self.picture.wrapping_add(1) & 0x7fff;
        self.frame += 1;
        if self.frame == self.lane().len() {
            self.frame = 0;
            self.turn = self.turn.wrapping_add(1);
            self.zero += self.recording.length;
        }
    }

    fn timestamp(&self) -> u32 {
        let clock = u128::from(self.recording.codec.clock_rate());
        let turn = self.recording.length.as_micros() * clock / 1_000_000;
        let before = (turn as u32).wrapping_mul(self.turn);
        self.frame(self.frame).timestamp.wrapping_add(before)
    }

    fn lane(&self) -> &[Frame] {
        &self.recording.encodings[self.encoding].frames
    }

    fn frame(&self, index: usize) -> &Frame {
        &self.lane()[index]
    }
}

/// When the first packet of a frame was sent, since the recording began.
fn start(frame: &Frame) -> Duration {
    frame.packets.first().map_or(Duration::ZERO, |packet| packet.at)
}

/// How long after the frame's first packet this one was sent.
fn spacing(frame: &Frame, packet: usize) -> Duration {
    let at = |packet: &Packet| packet.at;
    let packet = frame.packets.get(packet).map_or(Duration::ZERO, at);
    packet.saturating_sub(start(frame))
}

#[cfg(test)]
mod tests {
    use rapport_sfu::codec::Codec;

    use super::*;
    use crate::trace::Trace;

    /// Two encodings; a key frame, then two more frames, 33 ms apart; 100 ms in all.
    fn recording() -> Arc<Recording> {
        let frame = |encoding: u8, at: u64, sizes: &[u16]| Frame {
            encoding,
            keyframe: at == 0,
            timestamp: at as u32 * 90,
            packets: sizes
                .iter()
                .zip(0..)
                .map(|(&bytes, spacing)| Packet {
                    at: Duration::from_millis(at + spacing),
                    bytes,
                })
                .collect(),
        };
        let frames = vec![
            frame(0, 0, &[300]),
            frame(1, 0, &[900, 901]),
            frame(0, 33, &[100]),
            frame(1, 33, &[500]),
            frame(0, 66, &[101]),
            frame(1, 66, &[501]),
        ];
        Arc::new(Recording::new(Trace {
            codec: Codec::Vp8,
            encodings: 2,
            length: Duration::from_millis(100),
            frames,
        }))
    }

    fn play(player: &mut Player, until: Instant) -> Vec<Next> {
        let mut played = Vec::new();
        while player.poll_timeout() < until {
            let due = player.poll_timeout();
            played.extend(player.poll_packet(due));
        }
        played
    }

    #[test]
    fn numbers_and_time_go_on_over_the_end_of_the_recording() {
        let now = Instant::now();
        let mut player = Player::new(&recording(), 1, Duration::ZERO, now).unwrap();
        let played = play(&mut player, now + Duration::from_millis(300));
        assert_eq!(played.len(), 12, "three turns of four packets");
        let numbers: Vec<_> = played.iter().map(|next| next.number).collect();
        assert_eq!(numbers, (0..12).collect::<Vec<_>>());
        let ticks: Vec<_> = played.iter().map(|next| next.timestamp).collect();
        assert_eq!(&ticks[..5], &[0, 0, 2_970, 5_940, 9_000]);
        assert!(played.is_sorted_by_key(|next| next.due));
        let bytes: Vec<_> = played[4..8].iter().map(|next| next.bytes).collect();
        assert_eq!(bytes, [900, 901, 500, 501]);
    }

    #[test]
    fn nothing_is_sent_before_its_time() {
        let now = Instant::now();
        let mut player = Player::new(&recording(), 0, Duration::ZERO, now).unwrap();
        assert!(player.poll_packet(now).is_some());
        assert_eq!(player.poll_packet(now + Duration::from_millis(32)), None);
        assert!(player.poll_packet(now + Duration::from_millis(33)).is_some());
    }

    #[test]
    fn a_key_frame_that_is_asked_for_takes_the_next_frames_place() {
        let now = Instant::now();
        let mut player = Player::new(&recording(), 1, Duration::ZERO, now).unwrap();
        let first = play(&mut player, now + Duration::from_millis(10));
        assert_eq!(
            first.iter().map(|next| next.keyframe).collect::<Vec<_>>(),
            [true, true]
        );
        player.want_keyframe();
        let after = play(&mut player, now + Duration::from_millis(90));
        let seen: Vec<_> = after.iter().map(|next| (next.keyframe, next.bytes)).collect();
        assert_eq!(seen, [(true, 900), (true, 901), (false, 501)]);
        assert_eq!(
            after[0].timestamp, 2_970,
            "at the time of the frame that it replaces"
        );
    }

    #[test]
    fn who_begins_in_the_middle_begins_with_a_key_frame() {
        let now = Instant::now();
        let mut player = Player::new(&recording(), 0, Duration::from_millis(50), now).unwrap();
        let first = play(&mut player, now + Duration::from_millis(30));
        assert!(first[0].keyframe);
        assert_eq!(first[0].bytes, 300);
        assert!(
            first[0].due - now <= Duration::from_millis(16),
            "the frame after the offset"
        );
    }

    #[test]
    fn marks_stand_at_the_ends_of_a_frame() {
        let now = Instant::now();
        let mut player = Player::new(&recording(), 1, Duration::ZERO, now).unwrap();
        let played = play(&mut player, now + Duration::from_millis(40));
        let ends: Vec<_> = played
            .iter()
            .map(|next| (next.place.first, next.place.last))
            .collect();
        assert_eq!(ends, [(true, false), (false, true), (true, true)]);
    }
}
