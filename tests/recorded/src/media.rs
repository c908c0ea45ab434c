//! What they send.

use rapport_recorder::Manifest;
use rapport_seal::Codec;

use crate::{BEGUN, Span};

/// A frame before it is sealed.
#[derive(Clone, Debug)]
pub struct Clear {
    pub track: u8,
    pub codec: Codec,
    pub sender: u16,
    /// By the sender's clock.
    pub capture_micros: u64,
    /// When the server had it, since the beginning.
    pub had_micros: u64,
    pub is_key: bool,
    pub bytes: Vec<u8>,
    /// What it is sealed with.
    pub span: Span,
}

/// So many seconds of all tracks, in the order in which they come.
pub(crate) fn frames(manifest: &Manifest, seconds: u64, spans: &[Span]) -> Vec<Clear> {
    let tracks = (1..).zip(&manifest.tracks);
    let mut frames: Vec<_> = tracks
        .flat_map(|(number, track)| {
            let is_sound = track.codec == Codec::Opus;
            let interval = if is_sound { 20_000 } else { 100_000 };
            (0..seconds * 1_000_000 / interval).map(move |at| {
                let micros = at * interval;
                let span = *spans
                    .iter()
                    .rfind(|span| span.second * 1_000_000 <= micros)
                    .expect("a first one");
                let is_first = span.second * 1_000_000 == micros;
                let is_key = is_sound || is_first || micros % 2_000_000 == 0;
                Clear {
                    track: number,
                    codec: track.codec,
                    sender: track.sender,
                    capture_micros: captured(track.sender, micros),
                    had_micros: micros + way(number, at, is_sound),
                    is_key,
                    bytes: content(track.codec, is_key, number, at),
                    span,
                }
            })
        })
        .collect();
    frames.sort_by_key(|frame| (frame.had_micros, frame.track));
    frames
}

/// By a clock that is minutes from the server's, another one for each sender.
fn captured(sender: u16, micros: u64) -> u64 {
    BEGUN * 1000 + u64::from(sender) * 100_000_000 + micros
}

/// How long a frame is on its way: a picture longer, and some much longer, without overtaking.
fn way(track: u8, at: u64, is_sound: bool) -> u64 {
    if is_sound {
        return 20_000 + at * 7919 % 11 * 1000;
    }
    40_000 + u64::from(track) * 1000 + if at % 30 == 7 { 90_000 } else { 0 }
}

/// A frame of that form, with what names it inside.
pub(crate) fn content(codec: Codec, is_key: bool, track: u8, at: u64) -> Vec<u8> {
    let body = [&[track, 9][..], &at.to_be_bytes()].concat().repeat(3);
    match codec {
        // two channels, 20 ms
        Codec::Opus => [&[0xfc][..], &body].concat(),
        Codec::Vp8 => {
            let key = [0x10, 2, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0];
            [if is_key { &key[..] } else { &[0x11, 2, 0] }, &body].concat()
        }
        Codec::Vp9 => [&[if is_key { 0x82 } else { 0x86 }][..], &body].concat(),
        Codec::H264 => {
            let sets = [&[0, 0, 0, 1][..], &SEQUENCE_SET, &[0, 0, 0, 1], &PICTURE_SET].concat();
            let slice = [
                &[0, 0, 0, 1, if is_key { 0x65 } else { 0x41 }, 0x88][..],
                &without_zeros(&body),
            ]
            .concat();
            if is_key { [sets, slice].concat() } else { slice }
        }
        Codec::Av1 => {
            let frame = [&[0x32, body.len() as u8][..], &body].concat();
            if is_key {
                [&AV1_SEQUENCE[..], &frame].concat()
            } else {
                frame
            }
        }
    }
}

/// Start codes are for the codec alone.
fn without_zeros(body: &[u8]) -> Vec<u8> {
    body.iter().map(|byte| byte | 0x40).collect()
}

const SEQUENCE_SET: [u8; 5] = [0x67, 0x42, 0xe0, 0x1f, 9];
const PICTURE_SET: [u8; 3] = [0x68, 0xce, 7];

/// A sequence header of profile 0, level 2.0, 8 bits, 4:2:0, for pictures of 320 by 180.
const AV1_SEQUENCE: [u8; 13] = [0x0a, 11, 0, 0, 0, 0x04, 0x3c, 0xfe, 0xcd, 0xff, 0xf9, 0x80, 0x40];
