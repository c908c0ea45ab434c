//! Layout 2 (`web/client/LAYOUT.md`): what of an encoded frame stays clear for packetisers and decoders, and what is
//! sealed of it.
//!
//! Owns: where the prefix ends, how the plaintext is made, and what a codec needs around the sealed part. Never does:
//! encrypt.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::trailer::{PICTURE_BYTES, SOUND_BYTES, Trailer};
use crate::{av1, h264};

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
    /// Picture.
    H264,
    /// Picture.
    Av1,
}

impl Codec {
    /// What is sealed of what is sent by this codec; none where there is no layout for it.
    pub const fn of(sent: rapport_sfu::codec::Codec) -> Option<Self> {
        use rapport_sfu::codec::Codec as Sent;
        match sent {
            Sent::Opus => Some(Self::Opus),
            Sent::Vp8 => Some(Self::Vp8),
            Sent::Vp9 { .. } => Some(Self::Vp9),
            Sent::H264 { .. } => Some(Self::H264),
            Sent::Av1 { .. } => Some(Self::Av1),
            _ => None,
        }
    }
}

/// A frame, sealed or not, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Stays clear, and is authenticated.
    pub(crate) prefix: Cow<'a, [u8]>,
    pub(crate) rest: &'a [u8],
}

/// None when this is no frame of the codec.
pub(crate) fn split(codec: Codec, frame: &[u8]) -> Option<Parts<'_>> {
    let prefix = match codec {
        Codec::Opus => TOC_BYTES,
        // RFC 6386 §9.1: bit 0 of a frame is 0 in key frames, which go on with start code and size.
        Codec::Vp8 if frame.first()? & 1 == 0 => 10,
        Codec::Vp8 => 3,
        Codec::Vp9 => 0,
        Codec::H264 => h264::slice_offset(frame)?,
        Codec::Av1 => return av1::split(frame),
    };
    let (prefix, rest) = frame.split_at_checked(prefix)?;
    Some(Parts {
        prefix: Cow::Borrowed(prefix),
        rest,
    })
}

/// What is sealed of the bytes behind the prefix; none when it can't be.
pub(crate) fn plaintext(codec: Codec, rest: &[u8], trailer: &Trailer) -> Option<Vec<u8>> {
    if codec == Codec::Opus {
        return pad(rest, trailer);
    }
    let mut plain = Vec::with_capacity(rest.len() + PICTURE_BYTES);
    plain.extend_from_slice(rest);
    plain.extend_from_slice(&trailer.of_picture());
    (!rest.is_empty()).then_some(plain)
}

/// Undoes [`plaintext`].
pub(crate) fn content(codec: Codec, plain: &[u8]) -> Option<(&[u8], Trailer)> {
    if codec == Codec::Opus {
        return unpad(plain);
    }
    let (rest, trailer) = plain.split_last_chunk()?;
    Some((rest, Trailer::read_picture(trailer)))
}

/// The sealed frame in the form that the packetiser takes. `sealed` is header and ciphertext.
pub(crate) fn join(codec: Codec, prefix: &[u8], sealed: &[u8]) -> Vec<u8> {
    match codec {
        Codec::H264 => [prefix, &h264::escape(sealed)].concat(),
        Codec::Av1 => [prefix, &av1::envelop(sealed)].concat(),
        _ => [prefix, sealed].concat(),
    }
}

/// Undoes [`join`] for the bytes behind the prefix.
pub(crate) fn sealed(codec: Codec, rest: &[u8]) -> Option<Cow<'_, [u8]>> {
    match codec {
        Codec::H264 => Some(Cow::Owned(h264::unescape(rest))),
        Codec::Av1 => av1::unenvelop(rest).map(Cow::Borrowed),
        _ => Some(Cow::Borrowed(rest)),
    }
}

/// Length, payload, zeros and trailer up to the next bucket: how long a sound's encoding is tells what was said.
fn pad(payload: &[u8], trailer: &Trailer) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let bucket = bucket(payload.len())?;
    let mut plain = Vec::with_capacity(bucket);
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(payload);
    plain.resize(bucket - SOUND_BYTES, 0);
    plain.extend_from_slice(&trailer.of_sound());
    Some(plain)
}

/// The reverse of [`pad`], and of nothing else.
fn unpad(plain: &[u8]) -> Option<(&[u8], Trailer)> {
    let (length, behind) = plain.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    (bucket(length)? == plain.len()).then_some(())?;
    let (content, trailer) = behind.split_last_chunk()?;
    let (payload, zeros) = content.split_at_checked(length)?;
    let padded = zeros.iter().all(|&byte| byte == 0);
    padded.then(|| (payload, Trailer::read_sound(trailer)))
}

fn bucket(payload: usize) -> Option<usize> {
    let needed = LENGTH_BYTES + payload + SOUND_BYTES;
    BUCKETS.into_iter().find(|&bucket| needed <= bucket)
}

/// RFC 6716 §3.1: one byte says how the packet is coded.
const TOC_BYTES: usize = 1;

/// Before an Opus payload.
const LENGTH_BYTES: usize = 2;

/// How long the plaintext of a packet of Opus may be. The longest holds RFC 6716 §3.4's 1275 bytes.
const BUCKETS: [usize; 5] = [96, 192, 384, 768, 1536];
