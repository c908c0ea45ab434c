//! Is a frame sealed, as far as somebody without a key can tell?
//!
//! Owns: the form of the first packet of a sealed frame (RFC 9605 §4.3 behind the clear bytes of its codec), and
//! the refusal of a track that once broke it. Never does: hold a key, or look at a track that isn't sealed.
//!
//! This is a second net. The first is in the clients, where a browser that is asked a moment too late sends
//! plaintext without a word. Whoever wants to get past this one can: it checks form, and forms can be forged. A
//! frame in the clear that was not made for it passes by chance, one in 4096·16 at most for senders from 16 on,
//! which are those that rooms give out; below, where the KID is a byte shorter, it would be one in 256. A track in
//! the clear is refused within its first frames.
//!
//! Only what begins a frame is judged, packet by packet. So there is no state that a loss, a repetition or
//! another order could spoil: a packet that begins nothing passes, and is of no use to anybody without the one
//! that does.

use crate::codec::Codec;
use crate::drop::Drop;
use crate::id::SenderIndex;
use crate::rtp::codec::{av1, h264, vp8, vp9};

/// What a packet of a sealed track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A frame begins here, and it has the form of one that its sender sealed.
    Sealed,
    /// A frame begins here, or something that can't be read, and it has not.
    Clear,
    /// Nothing begins here that would be sealed: the rest of a frame, parameter sets, padding.
    Nothing,
}

/// The seal of one track.
#[derive(Debug)]
pub(super) struct Seal {
    sender: SenderIndex,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// And the control plane doesn't know yet.
    Broken,
    Refused,
}

impl Seal {
    /// Of a track that nothing came of yet.
    pub(super) fn new(sender: SenderIndex) -> Self {
        Self {
            sender,
            state: State::Whole,
        }
    }

    /// Lets a packet pass, or refuses the track from here on.
    pub(super) fn check(&mut self, codec: Codec, payload: &[u8], marker: bool) -> Result<(), Drop> {
        if self.is_broken() {
            return Err(Drop::Unsealed);
        }
        if inspect(codec, payload, marker, self.sender) == Finding::Clear {
            self.state = State::Broken;
            return Err(Drop::Unsealed);
        }
        Ok(())
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state != State::Whole
    }

    /// True once, when it has broken.
    pub(super) fn poll_broken(&mut self) -> bool {
        let is_news = self.state == State::Broken;
        if is_news {
            self.state = State::Refused;
        }
        is_news
    }
}

/// Looks at the payload of one packet: a function of its bytes, whatever they are. `marker` is that of its RTP
/// header.
pub fn inspect(codec: Codec, payload: &[u8], marker: bool, sender: SenderIndex) -> Finding {
    if payload.is_empty() {
        return Finding::Nothing;
    }
    match codec {
        // RFC 7587 §4.2: one packet, one frame. Its first byte (TOC) stays clear.
        Codec::Opus => judge(payload.get(1..), true, sender),
        Codec::Vp8 => inspect_vp8(payload, marker, sender),
        Codec::Vp9 { .. } => inspect_vp9(payload, sender),
        Codec::H264 { .. } => inspect_h264(payload, sender),
        Codec::Av1 { .. } => inspect_av1(payload, sender),
    }
}

fn inspect_vp8(payload: &[u8], marker: bool, sender: SenderIndex) -> Finding {
    let Some(descriptor) = vp8::Descriptor::parse(payload) else {
        return Finding::Clear;
    };
    let prefix = match (descriptor.start, descriptor.keyframe) {
        (false, _) => return Finding::Nothing,
        (true, true) => VP8_KEY_PREFIX,
        (true, false) => VP8_DELTA_PREFIX,
    };
    judge(payload.get(descriptor.len + prefix..), marker, sender)
}

/// Each layer of a picture is a frame of its own.
fn inspect_vp9(payload: &[u8], sender: SenderIndex) -> Finding {
    match vp9::Descriptor::parse(payload) {
        Some(descriptor) if descriptor.start => judge(descriptor.behind(payload), descriptor.end, sender),
        Some(_) => Finding::Nothing,
        None => Finding::Clear,
    }
}

/// A sealed frame is one OBU that looks like a frame, behind a sequence header where there is one.
fn inspect_av1(payload: &[u8], sender: SenderIndex) -> Finding {
    inspect_all(av1::beginnings(payload), |unit| {
        if unit.is_plain_frame() {
            judge(Some(unit.body), unit.whole, sender)
        } else if unit.is_metadata() {
            Finding::Nothing
        } else {
            Finding::Clear
        }
    })
}

fn inspect_h264(payload: &[u8], sender: SenderIndex) -> Finding {
    inspect_all(h264::beginnings(payload), |unit| inspect_unit(&unit, sender))
}

/// One that is clear, or can't be read, spoils a packet.
fn inspect_all<T>(units: impl Iterator<Item = Option<T>>, inspect: impl Fn(T) -> Finding) -> Finding {
    let mut finding = Finding::Nothing;
    for unit in units {
        match unit.map_or(Finding::Clear, &inspect) {
            Finding::Clear => return Finding::Clear,
            Finding::Sealed => finding = Finding::Sealed,
            Finding::Nothing => {}
        }
    }
    finding
}

/// A sealed frame has one slice, whatever it had before: all behind the second byte of the first is sealed.
fn inspect_unit(unit: &h264::Beginning<'_>, sender: SenderIndex) -> Finding {
    if unit.is_slice() {
        judge_bytes(
            unescaped(unit.body.get(1..).unwrap_or_default()),
            unit.whole,
            sender,
        )
    } else if unit.is_metadata() {
        Finding::Nothing
    } else {
        Finding::Clear
    }
}

/// ITU-T H.264 §7.3.1: after two zero bytes a 3 is no data (emulation_prevention_three_byte).
fn unescaped(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let mut zeros = 0;
    bytes.iter().copied().filter(move |&byte| {
        let is_data = zeros < 2 || byte != 3;
        zeros = if is_data && byte == 0 { zeros + 1 } else { 0 };
        is_data
    })
}

fn judge(sealed: Option<&[u8]>, whole: bool, sender: SenderIndex) -> Finding {
    judge_bytes(sealed.unwrap_or_default().iter().copied(), whole, sender)
}

/// `sealed` is what follows the clear bytes, up to the end of the frame if it is `whole`.
fn judge_bytes(mut sealed: impl Iterator<Item = u8>, whole: bool, sender: SenderIndex) -> Finding {
    let is_sealed = is_header(&mut sealed, sender) && (!whole || sealed.take(TAG_BYTES).count() == TAG_BYTES);
    if is_sealed {
        Finding::Sealed
    } else {
        Finding::Clear
    }
}

/// Takes an SFrame header of that sender (RFC 9605 §4.3): X KKK Y CCC, then KID and CTR.
fn is_header(bytes: &mut impl Iterator<Item = u8>, sender: SenderIndex) -> bool {
    if sender.0 == 0 || sender > SenderIndex::MAX {
        return false;
    }
    let Some(config) = bytes.next() else { return false };
    // RFC 9605 §4.3: KID and CTR "MUST be encoded in the minimum number of bytes", so the index alone decides
    // how long the KID is: an index up to 15 leaves the upper byte of the four empty.
    let length = if sender.0 < 16 { 3 } else { 4 };
    if config >> 4 != LONG | (length - 1) {
        return false;
    }
    let kid = bytes
        .by_ref()
        .take(usize::from(length))
        .fold(0, |kid, byte| kid << 8 | u32::from(byte));
    // Too few bytes make a KID that is too small.
    kid >> SenderIndex::KID_SHIFT == u32::from(sender.0) && is_counter(config & 0x0f, bytes)
}

/// Takes a counter: `config` is Y CCC.
fn is_counter(config: u8, bytes: &mut impl Iterator<Item = u8>) -> bool {
    if config & LONG == 0 {
        return true;
    }
    let more = usize::from(config & !LONG);
    let Some(first) = bytes.next() else { return false };
    // Below eight it would stand in the config byte, and a leading zero is none of the fewest.
    let least = if more == 0 { 8 } else { 1 };
    first >= least && bytes.by_ref().take(more).count() == more
}

/// RFC 9605 §4.3: the X bit, and the Y bit of the lower half: the value follows, in so many bytes and one.
const LONG: u8 = 0x08;
/// AES_256_GCM_SHA512_128 (RFC 9605 §4.5, suite 5).
const TAG_BYTES: usize = 16;
/// RFC 6386 §9.1: the frame tag, the start code and the size of a key frame.
const VP8_KEY_PREFIX: usize = 10;
/// The frame tag alone.
const VP8_DELTA_PREFIX: usize = 3;

#[cfg(test)]
mod tests;
