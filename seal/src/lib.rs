//! Frames sealed and opened by the crate `sframe` (RFC 9605, suite 5) in our layout 2: what the sealing of
//! browsers is held against, and what opens recordings.
//!
//! Owns: the counter, the keys of others and what was seen of them. Never does: know packets, or where keys come from.
//!
//! A server has no business with it: it never has a key.

mod av1;
mod h264;
mod layout;
#[cfg(test)]
mod tests;
mod trailer;

use std::collections::HashMap;

use rapport_sfu::id::SenderIndex;
use sframe::CipherSuite;
use sframe::error::SframeError;
use sframe::frame::validation::{ReplayAttackProtectionStore, Tolerance};
use sframe::frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter};
use sframe::header::{Counter, SframeHeader};
use sframe::key::{DecryptionKey, EncryptionKey};

pub use av1::spell_obu;
pub use layout::Codec;
pub use trailer::Trailer;

/// Which key sealed a frame: sender index (12 bits), generation (12) and step (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kid(pub u32);

impl Kid {
    /// The first key of a sender.
    pub const fn first_of(sender: SenderIndex) -> Self {
        Self((sender.0 as u32) << SenderIndex::KID_SHIFT)
    }

    /// Whose key it is.
    pub const fn sender(self) -> SenderIndex {
        SenderIndex((self.0 >> SenderIndex::KID_SHIFT) as u16)
    }
}

/// A sender's base key, before RFC 9605 §4.4.2 makes key and salt of it.
pub struct BaseKey {
    kid: Kid,
    bytes: [u8; BASE_KEY_BYTES],
}

impl BaseKey {
    /// With its name.
    pub const fn new(kid: Kid, bytes: [u8; BASE_KEY_BYTES]) -> Self {
        Self { kid, bytes }
    }

    /// Whose frames it is for.
    pub const fn kid(&self) -> Kid {
        self.kid
    }
}

/// One sender: one key and one counter over all that it sends.
pub struct Sealer {
    key: EncryptionKey,
    counter: MonotonicCounter,
}

impl Sealer {
    /// A sender whose first frame has this counter.
    pub fn new(base: &BaseKey, first_counter: Counter) -> Result<Self, SealError> {
        Ok(Self {
            key: EncryptionKey::derive_from(SUITE, base.kid.0, base.bytes)?,
            counter: MonotonicCounter::with_start_value(first_counter, Counter::MAX),
        })
    }

    /// `clear prefix | SFrame header | ciphertext | tag` of an encoded frame, as its packetiser takes it.
    pub fn seal(&mut self, codec: Codec, frame: &[u8], trailer: &Trailer) -> Result<Vec<u8>, SealError> {
        let parts = layout::split(codec, frame).ok_or(SealError::Layout)?;
        let plain = layout::plaintext(codec, parts.rest, trailer).ok_or(SealError::Layout)?;
        let view = MediaFrameView::try_with_meta_data(&mut self.counter, &plain, &parts.prefix)?;
        let encrypted = view.encrypt(&self.key)?;
        Ok(layout::join(
            codec,
            &parts.prefix,
            &encrypted.as_ref()[parts.prefix.len()..],
        ))
    }
}

/// One receiver: the keys of all others.
pub struct Opener {
    keys: HashMap<u64, DecryptionKey>,
    seen: ReplayAttackProtectionStore,
}

impl Default for Opener {
    fn default() -> Self {
        Self {
            keys: HashMap::new(),
            seen: ReplayAttackProtectionStore::new(Tolerance::new(REPLAY_WINDOW)),
        }
    }
}

impl Opener {
    /// Nothing of this sender is opened any more.
    pub fn forget(&mut self, sender: SenderIndex) {
        let is_other = |kid: &u64| *kid >> SenderIndex::KID_SHIFT != u64::from(sender.0);
        self.keys.retain(|kid, _| is_other(kid));
    }

    /// From now on frames with this key's name are opened.
    pub fn add(&mut self, base: &BaseKey) -> Result<(), SealError> {
        let key = DecryptionKey::derive_from(SUITE, base.kid.0, base.bytes)?;
        self.keys.insert(base.kid.0.into(), key);
        Ok(())
    }

    /// The frame as it was encoded, and whose it is; each frame once.
    pub fn open(&mut self, codec: Codec, sealed: &[u8]) -> Result<Opened, SealError> {
        let parts = layout::split(codec, sealed).ok_or(SealError::Clear)?;
        let sealed = layout::sealed(codec, parts.rest).ok_or(SealError::Clear)?;
        let kid = kid_in(&sealed).ok_or(SealError::Clear)?;
        if !self.keys.contains_key(&kid.0.into()) {
            return Err(SealError::NoKey(kid));
        }
        let plain = EncryptedFrameView::try_with_meta_data(sealed.as_ref(), &parts.prefix)?
            .validated_decrypt(&self.keys, &mut self.seen)
            .map_err(|error| SealError::of(kid, error))?;
        let (rest, trailer) = layout::content(codec, plain.payload()).ok_or(SealError::Layout)?;
        let frame = [&parts.prefix, rest].concat();
        Ok(Opened { kid, frame, trailer })
    }
}

/// A frame that its sender sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The key.
    pub kid: Kid,
    /// As it was encoded.
    pub frame: Vec<u8>,
    /// What its sender says of it.
    pub trailer: Trailer,
}

/// The name of the key that a frame says it is sealed with; none when it is plainly not sealed: when no sender
/// of ours would write such a header, or nothing but a header and a tag would fit.
pub fn kid_of(codec: Codec, sealed: &[u8]) -> Option<Kid> {
    kid_in(layout::sealed(codec, layout::split(codec, sealed)?.rest)?.as_ref())
}

fn kid_in(rest: &[u8]) -> Option<Kid> {
    let header = SframeHeader::deserialize(rest).ok()?;
    let kid = u32::try_from(header.key_id()).ok().map(Kid)?;
    // RFC 9605 §4.3: both numbers are written in as few bytes as they take.
    let written = rest.starts_with(&Vec::from(&header)) && header.counter() < IMPLAUSIBLE_COUNTER;
    let fits = rest.len() > header.len() + TAG_BYTES;
    (written && fits && kid.sender() != SenderIndex(0)).then_some(kid)
}

/// Why a frame was not sealed or not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Empty, too short for its codec, too long for a bucket, or padded by other rules.
    #[error("the frame does not fit the layout")]
    Layout,
    /// No SFrame header of ours where one has to be.
    #[error("the frame is not sealed")]
    Clear,
    /// Sealed with a key that nobody told.
    #[error("no key {0:?}")]
    NoKey(Kid),
    /// Opened before, or older than what is remembered.
    #[error("seen before, by key {0:?}")]
    Replayed(Kid),
    /// Not what its sender sealed, or not with this key.
    #[error("not authentic, by key {0:?}")]
    Unauthentic(Kid),
    /// What the library refuses else.
    #[error(transparent)]
    Sframe(#[from] SframeError),
}

impl SealError {
    fn of(kid: Kid, error: SframeError) -> Self {
        match error {
            SframeError::FrameValidationFailed(_) => Self::Replayed(kid),
            SframeError::DecryptionFailure => Self::Unauthentic(kid),
            other => Self::Sframe(other),
        }
    }
}

/// RFC 9605 §4.5, table 2: AES_256_GCM_SHA512_128.
const SUITE: CipherSuite = CipherSuite::AesGcm256Sha512;

/// As long as the suite's key.
const BASE_KEY_BYTES: usize = 32;

/// AES-GCM's.
const TAG_BYTES: usize = 16;

/// At 200 frames a second a sender comes here in eight months.
const IMPLAUSIBLE_COUNTER: Counter = 1 << 32;

/// More than 15 s of sound and picture of one sender.
const REPLAY_WINDOW: usize = 1024;
