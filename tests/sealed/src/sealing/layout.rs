//! Layout 1: what of an encoded frame stays clear for packetisers and decoders, and how Opus hides its length.
//!
//! Owns: where the prefix ends and how the plaintext is padded. Never does: encrypt.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What encoded a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Sound.
    Opus,
    /// Picture.
    Vp8,
    /// Picture.
    Vp9,
}

/// The clear prefix of a frame, sealed or not, and the rest; none when it has not even the prefix.
pub(super) fn split(codec: Codec, frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let prefix = match codec {
        Codec::Opus => TOC_BYTES,
        // RFC 6386 §9.1: bit 0 of a frame is 0 in key frames, which go on with start code and size.
        Codec::Vp8 if frame.first()? & 1 == 0 => 10,
        Codec::Vp8 => 3,
        Codec::Vp9 => 0,
    };
    frame.split_at_checked(prefix)
}

/// The clear prefix of an encoded frame, and what of it is sealed.
pub(super) fn plaintext(codec: Codec, frame: &[u8]) -> Option<(&[u8], Cow<'_, [u8]>)> {
    let (prefix, rest) = split(codec, frame)?;
    match codec {
        Codec::Opus => Some((prefix, Cow::Owned(pad(rest)?))),
        _ => (!rest.is_empty()).then_some((prefix, Cow::Borrowed(rest))),
    }
}

/// The encoded frame again.
pub(super) fn encoded(codec: Codec, prefix: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let rest = match codec {
        Codec::Opus => strip(plain)?,
        _ => plain,
    };
    Some([prefix, rest].concat())
}

/// Length, payload and zeros up to the next bucket: how long a sound's encoding is tells what was said.
fn pad(payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut plain = Vec::with_capacity(bucket(payload.len())?);
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(payload);
    plain.resize(bucket(payload.len())?, 0);
    Some(plain)
}

/// The reverse of [`pad`], and of nothing else.
fn strip(plain: &[u8]) -> Option<&[u8]> {
    let (length, rest) = plain.split_first_chunk()?;
    let (payload, zeros) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let padded = bucket(payload.len())? == plain.len() && zeros.iter().all(|&byte| byte == 0);
    padded.then_some(payload)
}

fn bucket(payload: usize) -> Option<usize> {
    BUCKETS
        .into_iter()
        .find(|&bucket| payload + LENGTH_BYTES <= bucket)
}

/// RFC 6716 §3.1: one byte says how the packet is coded.
const TOC_BYTES: usize = 1;

/// Before an Opus payload.
const LENGTH_BYTES: usize = 2;

/// How long the plaintext of a packet of Opus may be. The longest holds RFC 6716 §3.4's 1275 bytes.
const BUCKETS: [usize; 5] = [96, 192, 384, 768, 1536];
