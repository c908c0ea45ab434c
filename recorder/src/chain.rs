//! A hash over all bytes of a recording so far, link by link.
//!
//! Owns: the links. Never does: keep bytes.

use ring::digest::{Context, SHA256};

use crate::manifest::RecordingId;

/// SHA-256 of the link before and the bytes since: none can be changed, left out or moved without changing all later
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) [u8; 32]);

impl Chain {
    /// Before the first byte: no link of another recording, or of another file of this one, is one of this.
    pub(crate) fn begin(id: RecordingId, file: u16) -> Self {
        Self::hash(&[LABEL, &id.0, &file.to_be_bytes()])
    }

    pub(crate) fn next(self, bytes: &[u8]) -> Self {
        Self::hash(&[&self.0, bytes])
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        let digest = context.finish();
        Self(std::array::from_fn(|at| digest.as_ref()[at]))
    }
}

const LABEL: &[u8] = b"rapport/recording chain\0";
