//! A recording in the hands of somebody who can open it.
//!
//! Owns: what has to be right before a frame is opened, and which key opens which. Never does: write, or open more than
//! was agreed to.

use std::collections::HashSet;

use rapport_keys::{RecipientKey, Sources};
use rapport_seal::{BaseKey, Kid, Opener, SealError, Trailer, kid_of};

use crate::agreed::{Agreed, Flaw, Proposed};
use crate::blocks::{BlockError, Blocks, File};
use crate::capsules::Keyring;
use crate::folder::FolderError;
use crate::frame::Frame;
use crate::kept::{Kept, Keys};
use crate::manifest::{Manifest, Track};
use crate::shred::Shredded;
use crate::storage::Storage;
use crate::verify::{Fault, Verified, verify};

/// See the module.
#[derive(Debug)]
pub struct Opening<S> {
    storage: S,
    verified: Verified,
    agreed: Agreed,
    ring: Keyring,
    /// As far as they were durable: a recording that is made grows meanwhile.
    files: Vec<File>,
}

/// Why nothing is opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no recording, or can't be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It is not what its journal says.
    #[error("{0}")]
    Damaged(Fault),
    /// What stands there is of no recording, though the journal says so.
    #[error("capture-{file:03}.mkv: what stands at byte {at} is of no recording")]
    Form {
        /// The number of the file.
        file: u16,
        /// In bytes.
        at: u64,
    },
    /// What is kept of consent and keys is not in order.
    #[error("{0}")]
    Flawed(Flaw),
    /// Nothing opens it any more.
    #[error("its keys were destroyed: nothing opens it any more")]
    Shredded(Shredded),
    /// It was made for others.
    #[error("this key is of nobody who can open this recording")]
    OtherKey,
}

/// A frame as its sender's encoder made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFrame {
    /// Its bytes, its track, and when the server had it.
    pub frame: Frame,
    /// What its sender says of it, sealed with it.
    pub trailer: Trailer,
}

/// A frame that stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Of its track, from 1.
    pub track: u8,
    /// When the server had it, since the beginning, in microseconds.
    pub micros: u64,
    /// Why.
    pub why: Why,
}

/// Why a frame stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No capsule is there for its key, or none for this recipient.
    NoCapsule(Kid),
    /// It was changed, or is not what it says.
    Unauthentic(Kid),
    /// It is there twice.
    Repeated(Kid),
    /// It stands in the track of another sender.
    Misplaced(Kid),
    /// Nobody agreed that this of its sender is recorded.
    NotAgreed(Kid),
    /// It has no form of ours.
    Form,
}

/// All frames of an [`Opening`], in their order.
pub struct Frames<'a, S> {
    manifest: &'a Manifest,
    agreed: &'a Agreed,
    ring: &'a Keyring,
    blocks: Blocks<&'a mut S>,
    opener: Opener,
    /// Keys that the opener has.
    known: HashSet<Kid>,
}

impl<S: Storage> Opening<S> {
    /// Checks all that can be checked before a frame is opened: every byte by the journal, every signature, the key.
    pub fn begin(mut storage: S, key: &RecipientKey) -> Result<Self, OpenError> {
        let verified = verify(&mut storage)?.map_err(OpenError::Damaged)?;
        let files = File::all(&mut storage)?;
        let Kept { agreed, keys, .. } = Kept::read(&mut storage)?;
        let capsules = match keys {
            Keys::There(capsules) => capsules,
            Keys::Destroyed(receipt) => return Err(OpenError::Shredded(receipt)),
        };
        if let Some(flaw) = agreed.flaws.iter().chain(&capsules.flaws).next() {
            return Err(OpenError::Flawed(flaw.clone()));
        }
        // without a proposal there is a flaw
        let Some(Proposed { proposal, .. }) = &agreed.proposed else {
            return Err(OpenError::OtherKey);
        };
        if key.role(proposal).is_none() {
            return Err(OpenError::OtherKey);
        }
        let ring = capsules.open(key, proposal).map_err(OpenError::Flawed)?;
        Ok(Self {
            storage,
            verified,
            agreed,
            ring,
            files,
        })
    }

    /// What was recorded.
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Who agreed to it.
    pub const fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// All frames from the beginning.
    pub fn frames(&mut self) -> Frames<'_, S> {
        Frames {
            manifest: &self.verified.manifest,
            agreed: &self.agreed,
            ring: &self.ring,
            blocks: Blocks::new(&mut self.storage, &self.files),
            opener: Opener::default(),
            known: HashSet::new(),
        }
    }
}

impl<S: Storage> Iterator for Frames<'_, S> {
    type Item = Result<Result<OpenFrame, Closed>, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.blocks.next_frame() {
            Ok(frame) => frame.map(|frame| Ok(self.open(frame))),
            Err(error) => Some(Err(error.into())),
        }
    }
}

impl<S> Frames<'_, S> {
    fn open(&mut self, frame: Frame) -> Result<OpenFrame, Closed> {
        let closed = Closed {
            track: frame.track,
            micros: frame.micros,
            why: Why::Form,
        };
        self.open_of_track(frame).map_err(|why| Closed { why, ..closed })
    }

    fn open_of_track(&mut self, frame: Frame) -> Result<OpenFrame, Why> {
        let track = self.manifest.track(frame.track).ok_or(Why::Form)?;
        let kid = kid_of(track.codec, &frame.bytes).ok_or(Why::Form)?;
        // the server says whose track it is, and the sender whose frame
        let owner = self.agreed.owner_of(track).map(|owner| owner.device);
        let sender = self.agreed.sender(kid.sender().0).map(|sender| sender.device);
        // by device: who comes in again sends with another index
        if sender.is_none() || sender != owner {
            return Err(Why::Misplaced(kid));
        }
        self.learn(kid)?;
        // a sender has one key for all that they send, and may have agreed to a part of it
        let sources = self.ring.sources(kid.sender().0).ok_or(Why::NoCapsule(kid))?;
        if !may_be(track, sources) {
            return Err(Why::NotAgreed(kid));
        }
        let opened = self
            .opener
            .open(track.codec, &frame.bytes)
            .map_err(|error| match error {
                SealError::Replayed(kid) => Why::Repeated(kid),
                SealError::NoKey(kid) => Why::NoCapsule(kid),
                SealError::Unauthentic(kid) => Why::Unauthentic(kid),
                _ => Why::Form,
            })?;
        Ok(OpenFrame {
            frame: Frame {
                bytes: opened.frame,
                ..frame
            },
            trailer: opened.trailer,
        })
    }

    /// Keys are derived when a frame wants them.
    fn learn(&mut self, kid: Kid) -> Result<(), Why> {
        if self.known.contains(&kid) {
            return Ok(());
        }
        let key = self.ring.find(kid.0).ok_or(Why::NoCapsule(kid))?;
        self.opener
            .add(&BaseKey::new(kid, key.bytes))
            .map_err(|_| Why::NoCapsule(kid))?;
        self.known.insert(kid);
        Ok(())
    }
}

/// Whether a track can be one of these: which picture is that of a camera, no frame says.
const fn may_be(track: &Track, sources: Sources) -> bool {
    if track.is_sound() {
        sources.has(Sources::MICROPHONE)
    } else {
        sources.has(Sources::CAMERA) || sources.has(Sources::SCREEN)
    }
}

impl From<BlockError> for OpenError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Folder(error) => Self::Folder(error),
            BlockError::Form { file, at } => Self::Form { file, at },
        }
    }
}
