//! Whether a frame can be decoded after those that were written before it.
//!
//! Owns: what the counters of VP8 and VP9 tell about frames that did not come. Never does: know packets or times.
//!
//! A frame that is missing stops a picture up to the next key frame. Two counters show that it does not have to:
//!
//! - a picture id that goes on by one: nothing was missing but padding;
//! - TL0PICIDX, which counts the frames of the lowest temporal layer, and goes on where no such frame was missing.
//!   Frames of layers above are written again when they refer to nothing above the lowest (RFC 7741 §4.2, the Y bit).
//!
//! H.264, AV1 and VP9 in flexible mode don't have the second; H.264 and AV1 not the first.

use rapport_sfu::codec::Codec;
use rapport_sfu::rtp::codec::{PictureId, vp8, vp9};
use rapport_sfu::rtp::time::ticks_between;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Continuity {
    state: State,
    last: Marks,
    last_timestamp: u32,
    /// Of which temporal layers nothing is missing, a bit each.
    layers: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing can be decoded before a key frame.
    #[default]
    Broken,
    /// Something is missing, and what comes next may tell that it does not matter.
    Doubtful,
    Unbroken,
}

/// What the first packet of a frame tells about its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    picture_id: Option<PictureId>,
    temporal: Option<u8>,
    tl0_picture_index: Option<u8>,
    /// It refers to the lowest temporal layer only.
    is_sync: bool,
}

/// What is to be thought of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Frames before it are missing.
    pub(super) is_behind_loss: bool,
    pub(super) is_decodable: bool,
}

impl Marks {
    pub(super) fn read(codec: Codec, payload: &[u8]) -> Self {
        match codec {
            Codec::Vp8 => vp8::Descriptor::parse(payload).map(Self::of_vp8),
            Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).map(Self::of_vp9),
            _ => None,
        }
        .unwrap_or_default()
    }

    const fn of_vp8(descriptor: vp8::Descriptor) -> Self {
        Self {
            picture_id: descriptor.picture_id,
            temporal: descriptor.temporal,
            tl0_picture_index: descriptor.tl0_picture_index,
            is_sync: descriptor.layer_sync,
        }
    }

    /// U tells of the frames after it, and nothing of its own references, so it is no Y bit.
    fn of_vp9(descriptor: vp9::Descriptor) -> Self {
        Self {
            picture_id: descriptor.picture_id,
            temporal: descriptor.layer.map(|layer| layer.temporal),
            tl0_picture_index: descriptor.tl0_picture_index,
            is_sync: false,
        }
    }

    fn follows(&self, before: &Self) -> bool {
        let (Some(ours), Some(before)) = (self.picture_id, before.picture_id) else {
            return false;
        };
        let mask = if ours.wide { 0x7fff } else { 0x7f };
        ours.wide == before.wide && ours.value == before.value.wrapping_add(1) & mask
    }

    /// No frame of the lowest layer is missing between the two.
    fn follows_base(&self, before: &Self) -> bool {
        let (Some(temporal), Some(ours), Some(before)) =
            (self.temporal, self.tl0_picture_index, before.tl0_picture_index)
        else {
            return false;
        };
        ours == before.wrapping_add(u8::from(temporal == 0))
    }

    /// The bits of this frame's layer and of those below it.
    fn layers(&self) -> u8 {
        ALL_LAYERS >> (MOST_LAYERS - 1 - self.temporal.unwrap_or(0).min(MOST_LAYERS - 1))
    }
}

impl Continuity {
    /// Nothing can be decoded before a key frame.
    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Nothing is missing of what was to be written.
    pub(super) fn is_unbroken(&self) -> bool {
        self.state == State::Unbroken
    }

    /// What comes next refers to nothing that came before.
    pub(super) fn break_off(&mut self) {
        self.state = State::Broken;
    }

    /// Part of a frame came, and the rest did not.
    pub(super) fn handle_torn(&mut self) {
        self.doubt(self.last.tl0_picture_index.is_some());
    }

    /// Packets are missing between frames.
    pub(super) fn handle_hole(&mut self) {
        self.doubt(self.last.picture_id.is_some());
    }

    /// A whole frame that came next.
    pub(super) fn handle_frame(&mut self, marks: Marks, timestamp: u32, is_key: bool) -> Finding {
        let state = self.judge(&marks, timestamp);
        let is_behind_loss = self.state != State::Unbroken && state != Some(State::Unbroken);
        self.state = if is_key {
            State::Unbroken
        } else {
            state.unwrap_or(State::Unbroken)
        };
        if is_key {
            self.layers = ALL_LAYERS;
        } else if is_behind_loss {
            self.layers = LOWEST_LAYER;
        }
        (self.last, self.last_timestamp) = (marks, timestamp);
        Finding {
            is_behind_loss,
            is_decodable: !self.is_broken() && self.has_references(&marks),
        }
    }

    /// One doubt is left to the next frame. Two are a loss, or a path that tears every frame would never be told of.
    fn doubt(&mut self, can_be_resolved: bool) {
        self.state = match self.state {
            State::Unbroken if can_be_resolved => State::Doubtful,
            _ => State::Broken,
        };
    }

    /// What it is before this frame; none when frames are missing that do not matter.
    fn judge(&self, marks: &Marks, timestamp: u32) -> Option<State> {
        // the counters wrap, the shortest after 128 frames
        let elapsed = ticks_between(self.last_timestamp, timestamp);
        match self.state {
            State::Doubtful if !(0..MOST_DOUBT_TICKS).contains(&elapsed) => Some(State::Broken),
            State::Doubtful if marks.follows(&self.last) => Some(State::Unbroken),
            State::Doubtful if marks.follows_base(&self.last) => None,
            State::Doubtful => Some(State::Broken),
            state => Some(state),
        }
    }

    fn has_references(&mut self, marks: &Marks) -> bool {
        let layers = marks.layers();
        if marks.is_sync {
            let own = layers & !(layers >> 1);
            self.layers |= own;
            return true;
        }
        self.layers & layers == layers
    }
}

/// TID has two bits in VP8, three in VP9.
const MOST_LAYERS: u8 = 8;
const ALL_LAYERS: u8 = u8::MAX;
const LOWEST_LAYER: u8 = 1;

/// Two seconds: longer than a hole is waited for, and less than what 64 frames take.
const MOST_DOUBT_TICKS: i32 = 2 * 90_000;

#[cfg(test)]
mod tests {
    use super::*;

    const DECODABLE: Finding = Finding {
        is_behind_loss: false,
        is_decodable: true,
    };
    const AFTER_LOSS: Finding = Finding {
        is_behind_loss: true,
        is_decodable: true,
    };
    const UNDECODABLE: Finding = Finding {
        is_behind_loss: true,
        is_decodable: false,
    };

    fn marks(picture_id: u16, temporal: u8, tl0: u8) -> Marks {
        Marks {
            picture_id: Some(PictureId {
                value: picture_id,
                wide: true,
            }),
            temporal: Some(temporal),
            tl0_picture_index: Some(tl0),
            is_sync: false,
        }
    }

    /// After a key frame with the highest numbers.
    fn begun() -> Continuity {
        let mut continuity = Continuity::default();
        let key = marks(0x7fff, 0, 255);
        assert_eq!(continuity.handle_frame(key, 0, false), UNDECODABLE);
        assert_eq!(continuity.handle_frame(key, 0, true), AFTER_LOSS);
        continuity
    }

    #[test]
    fn counters_show_what_was_missing() {
        for (next, ticks, expected) in [
            (marks(0, 0, 0), 3000, DECODABLE),
            (marks(1, 0, 0), 3000, AFTER_LOSS),
            (marks(1, 0, 1), 3000, UNDECODABLE),
            (marks(1, 1, 255), 3000, UNDECODABLE),
            (
                Marks {
                    is_sync: true,
                    ..marks(1, 1, 255)
                },
                3000,
                AFTER_LOSS,
            ),
            (marks(0, 0, 0), 180_000, UNDECODABLE),
            (Marks::default(), 3000, UNDECODABLE),
        ] {
            let mut continuity = begun();
            continuity.handle_hole();
            assert!(!continuity.is_broken() && !continuity.is_unbroken());
            assert_eq!(continuity.handle_frame(next, ticks, false), expected, "{next:?}");
        }
    }

    #[test]
    fn two_holes_are_a_loss() {
        let mut continuity = begun();
        continuity.handle_hole();
        continuity.handle_torn();
        assert!(continuity.is_broken());
        assert_eq!(continuity.handle_frame(marks(0, 0, 0), 3000, false), UNDECODABLE);
        assert_eq!(continuity.handle_frame(marks(9, 0, 9), 3000, true), AFTER_LOSS);
    }

    #[test]
    fn without_counters_a_hole_is_a_loss() {
        let mut continuity = Continuity::default();
        continuity.handle_frame(Marks::default(), 0, true);
        continuity.handle_hole();
        assert!(continuity.is_broken());
    }

    #[test]
    fn layers_come_back_one_by_one() {
        let mut continuity = begun();
        continuity.handle_torn();
        let mut is_decodable = |temporal, is_sync| {
            let marks = Marks {
                is_sync,
                ..marks(7, temporal, 0)
            };
            continuity.handle_frame(marks, 3000, false).is_decodable
        };
        assert!(is_decodable(0, false));
        assert!(!is_decodable(1, false) && !is_decodable(2, false));
        assert!(
            is_decodable(2, true) && !is_decodable(2, false),
            "layer 1 is missing"
        );
        assert!(is_decodable(1, true) && is_decodable(1, false) && is_decodable(2, false));
    }
}
