//! A plain file, of either form that players play.
//!
//! Owns: what is the same in both. Never does: know where frames come from.

use std::io::{self, Seek, Write};

use rapport_seal::Codec;

use crate::frame::Frame;
use crate::mp4::Mp4;
use crate::webm::Webm;

/// Of which form a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// WebM, and Matroska where H.264 is in it.
    #[default]
    Webm,
    /// MP4, which also phones and editors play that know no WebM.
    Mp4,
}

/// A track of a file that is written.
#[derive(Clone, Debug)]
pub(crate) struct PlainTrack {
    pub(crate) number: u8,
    pub(crate) codec: Codec,
    /// Whose it is.
    pub(crate) name: String,
    /// CodecPrivate.
    pub(crate) private: Option<Vec<u8>>,
    /// Of sound.
    pub(crate) channels: u8,
    /// Of a picture, in pixels.
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// See the module.
#[derive(Debug)]
pub(crate) enum Plain<W> {
    Webm(Webm<W>),
    Mp4(Mp4<W>),
}

impl<W: Write + Seek> Plain<W> {
    /// An empty file.
    pub(crate) fn begin(form: Form, out: W, tracks: Vec<PlainTrack>) -> io::Result<Self> {
        match form {
            Form::Webm => Webm::begin(out, tracks).map(Self::Webm),
            Form::Mp4 => Mp4::begin(out, tracks).map(Self::Mp4),
        }
    }

    /// A frame that is not before the last one.
    pub(crate) fn write(&mut self, frame: &Frame) -> io::Result<()> {
        match self {
            Self::Webm(webm) => webm.write(frame),
            Self::Mp4(mp4) => mp4.write(frame),
        }
    }

    /// Returns how long it is in milliseconds.
    pub(crate) fn end(self) -> io::Result<u64> {
        match self {
            Self::Webm(webm) => webm.end(),
            Self::Mp4(mp4) => mp4.end(),
        }
    }
}

/// For how long a sound is collected: what the last one adds.
pub(crate) const SOUND_MILLIS: u64 = 20;
/// The pre-skip of our OpusHead, in samples at 48 kHz: what the encoder looks ahead, 6.5 ms.
pub(crate) const PRE_SKIP: u16 = 312;
