//! Header extension elements that we understand, and their ids on one transport (RFC 8285).
//!
//! Owns: the map between ids and kinds, reading elements into values, writing values back under another
//! transport's ids. Never does: decide which element a subscriber gets.

use super::header::{BLOCK_HEADER_BYTES, Form, Header, ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};
use super::time::AbsSendTime;
use crate::id::{Mid, Rid};
use crate::parameters::{Extension, ExtensionKind};

/// Which id means what on one transport; two array lookups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionMap {
    kinds: [Option<ExtensionKind>; 256],
    /// 0, which no element may have, where a kind was not negotiated.
    ids: [u8; ExtensionKind::ALL.len()],
}

impl Default for ExtensionMap {
    fn default() -> Self {
        Self {
            kinds: [None; 256],
            ids: [0; ExtensionKind::ALL.len()],
        }
    }
}

impl ExtensionMap {
    /// Takes what was negotiated; of two ids for one kind, the later is written and both are read.
    pub fn new(extensions: &[Extension]) -> Self {
        let mut map = Self::default();
        for &Extension { id, kind } in extensions.iter().filter(|extension| extension.id != 0) {
            map.kinds[usize::from(id)] = Some(kind);
            map.ids[kind as usize] = id;
        }
        map
    }

    /// What this id carries.
    #[inline]
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        self.kinds[usize::from(id)]
    }

    /// Under which id this kind travels.
    #[inline]
    pub fn id(&self, kind: ExtensionKind) -> Option<u8> {
        let id = self.ids[kind as usize];
        (id != 0).then_some(id)
    }
}

/// RFC 6464: how loud the packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// In −dBov: 0 is the loudest, 127 is silence.
    pub level: u8,
    /// The sender believes that this is speech.
    pub voice: bool,
}

/// The elements of one packet. Those unknown, not negotiated or malformed are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// Which m-section (RFC 9143).
    pub mid: Option<Mid>,
    /// Which encoding (RFC 8852).
    pub rid: Option<Rid>,
    /// Which encoding this retransmission repairs (RFC 8852).
    pub repaired_rid: Option<Rid>,
    /// When it left the sender.
    pub abs_send_time: Option<AbsSendTime>,
    /// Its number among all packets of the transport.
    pub transport_sequence: Option<u16>,
    /// How loud it is.
    pub audio_level: Option<AudioLevel>,
    /// To be read by [`super::dependency`], which needs the stream's structure.
    pub dependency_descriptor: Option<&'a [u8]>,
    /// Two limits of twelve bits in 10 ms, passed on as they are.
    pub playout_delay: Option<[u8; 3]>,
    /// Camera, flip and rotation bits (3GPP TS 26.114), passed on as they are.
    pub video_orientation: Option<u8>,
}

impl<'a> Extensions<'a> {
    /// Reads what `map` names.
    #[inline]
    pub fn parse(header: &Header, packet: &'a [u8], map: &ExtensionMap) -> Self {
        let mut extensions = Self::default();
        for (id, value) in header.extensions(packet) {
            if let Some(kind) = map.kind(id) {
                extensions.set(kind, value);
            }
        }
        extensions
    }

    #[inline]
    fn set(&mut self, kind: ExtensionKind, value: &'a [u8]) {
        match kind {
            ExtensionKind::Mid => self.mid = text(value).and_then(Mid::new),
            ExtensionKind::Rid => self.rid = text(value).and_then(Rid::new),
            ExtensionKind::RepairedRid => self.repaired_rid = text(value).and_then(Rid::new),
            ExtensionKind::AbsSendTime => {
                self.abs_send_time = value.try_into().ok().map(AbsSendTime::from_be_bytes);
            }
            ExtensionKind::TransportCc => {
                self.transport_sequence = value.try_into().ok().map(u16::from_be_bytes);
            }
            ExtensionKind::AudioLevel => self.audio_level = audio_level(value),
            ExtensionKind::DependencyDescriptor => {
                self.dependency_descriptor = (!value.is_empty()).then_some(value);
            }
            ExtensionKind::PlayoutDelay => self.playout_delay = value.try_into().ok(),
            ExtensionKind::VideoOrientation => {
                self.video_orientation = value.try_into().ok().map(|[byte]: [u8; 1]| byte);
            }
        }
    }

    /// Appends the extension block, or nothing when no element is left to write.
    #[inline]
    pub(super) fn append(&self, map: &ExtensionMap, out: &mut Vec<u8>) -> Form {
        let start = out.len();
        out.extend_from_slice(&[0; BLOCK_HEADER_BYTES]);
        let mut block = Block {
            map,
            out,
            form: Form::OneByte,
            misfit: false,
        };
        self.append_elements(&mut block);
        if block.misfit {
            // RFC 8285 §4.1.2: all elements of a packet have the same form.
            block.form = Form::TwoByte;
            block.out.truncate(start + BLOCK_HEADER_BYTES);
            self.append_elements(&mut block);
        }
        block.finish(start)
    }

    /// Fixed lengths first: no copy of known size follows one of unknown size.
    #[inline]
    fn append_elements(&self, block: &mut Block<'_>) {
        if let Some(time) = self.abs_send_time {
            block.append(ExtensionKind::AbsSendTime, &time.to_be_bytes());
        }
        if let Some(sequence) = self.transport_sequence {
            block.append(ExtensionKind::TransportCc, &sequence.to_be_bytes());
        }
        if let Some(AudioLevel { level, voice }) = self.audio_level {
            let byte = (level & !VOICE_BIT) | if voice { VOICE_BIT } else { 0 };
            block.append(ExtensionKind::AudioLevel, &[byte]);
        }
        if let Some(delay) = self.playout_delay {
            block.append(ExtensionKind::PlayoutDelay, &delay);
        }
        if let Some(orientation) = self.video_orientation {
            block.append(ExtensionKind::VideoOrientation, &[orientation]);
        }
        if let Some(mid) = &self.mid {
            block.append(ExtensionKind::Mid, mid.as_str().as_bytes());
        }
        if let Some(rid) = &self.rid {
            block.append(ExtensionKind::Rid, rid.as_str().as_bytes());
        }
        if let Some(rid) = &self.repaired_rid {
            block.append(ExtensionKind::RepairedRid, rid.as_str().as_bytes());
        }
        if let Some(descriptor) = self.dependency_descriptor {
            block.append(ExtensionKind::DependencyDescriptor, descriptor);
        }
    }
}

/// An extension block in the making.
struct Block<'a> {
    map: &'a ExtensionMap,
    out: &'a mut Vec<u8>,
    form: Form,
    /// An element does not fit the one-byte form.
    misfit: bool,
}

impl Block<'_> {
    #[inline]
    fn append(&mut self, kind: ExtensionKind, value: &[u8]) {
        let (Some(id), Ok(length)) = (self.map.id(kind), u8::try_from(value.len())) else {
            return;
        };
        if self.form == Form::TwoByte {
            self.out.extend_from_slice(&[id, length]);
        } else if id <= LAST_ONE_BYTE_ID && (1..=LONGEST_ONE_BYTE_VALUE).contains(&length) {
            self.out.push(id << 4 | (length - 1));
        } else {
            self.misfit = true;
        }
        self.out.extend_from_slice(value);
    }

    #[inline]
    fn finish(self, start: usize) -> Form {
        let elements = self.out.len() - start - BLOCK_HEADER_BYTES;
        if elements == 0 {
            self.out.truncate(start);
            return Form::Absent;
        }
        let words = elements.div_ceil(4);
        self.out.resize(start + BLOCK_HEADER_BYTES + words * 4, 0);
        let profile = if self.form == Form::TwoByte {
            TWO_BYTE_PROFILE
        } else {
            ONE_BYTE_PROFILE
        };
        if let Some(header) = self.out[start..].first_chunk_mut::<BLOCK_HEADER_BYTES>() {
            // Nine elements of at most 257 bytes: far below 2^16 words.
            *header = (u32::from(profile) << 16 | words as u32).to_be_bytes();
        }
        self.form
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

#[inline]
fn audio_level(value: &[u8]) -> Option<AudioLevel> {
    let &[byte] = value else { return None };
    Some(AudioLevel {
        level: byte & !VOICE_BIT,
        voice: byte & VOICE_BIT != 0,
    })
}

/// RFC 6464 §3: the V bit.
const VOICE_BIT: u8 = 0x80;
/// RFC 8285 §4.2: 15 is reserved.
const LAST_ONE_BYTE_ID: u8 = 14;
/// RFC 8285 §4.2: four bits that count from one.
const LONGEST_ONE_BYTE_VALUE: u8 = 16;

#[cfg(test)]
mod tests;
