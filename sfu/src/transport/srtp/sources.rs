//! State by SSRC: few, mostly the same one again.
//!
//! Owns: the lookup and the bound. Never does: forget a source, which would allow its indices again.

use crate::drop::Drop;
use crate::id::Ssrc;
use crate::rtp::sequence::Window;

/// The windows of at most [`MAX_SOURCES`] SSRCs. The SSRCs stand together, sixteen to a cache line, and
/// the one that hit last is tried first; both beat hashing at the usual size of a few.
pub(super) struct Sources {
    ssrcs: Vec<Ssrc>,
    windows: Vec<Window>,
    last_hit: usize,
}

impl Sources {
    pub(super) const fn new() -> Self {
        Self {
            ssrcs: Vec::new(),
            windows: Vec::new(),
            last_hit: 0,
        }
    }

    /// The window of this SSRC, a fresh one if it is new.
    #[inline]
    pub(super) fn window(&mut self, ssrc: Ssrc) -> Result<&mut Window, Drop> {
        let at = match self.find(ssrc) {
            Some(at) => at,
            None => self.add(ssrc)?,
        };
        self.last_hit = at;
        self.windows.get_mut(at).ok_or(Drop::TooManySources)
    }

    /// The window of this SSRC if there is one; an error when there is none and no room either.
    #[inline]
    pub(super) fn peek(&self, ssrc: Ssrc) -> Result<Option<&Window>, Drop> {
        match self.find(ssrc) {
            Some(at) => Ok(self.windows.get(at)),
            None if self.ssrcs.len() < MAX_SOURCES => Ok(None),
            None => Err(Drop::TooManySources),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ssrcs.len()
    }

    #[inline]
    fn find(&self, ssrc: Ssrc) -> Option<usize> {
        if self.ssrcs.get(self.last_hit) == Some(&ssrc) {
            return Some(self.last_hit);
        }
        self.ssrcs.iter().position(|&known| known == ssrc)
    }

    #[cold]
    fn add(&mut self, ssrc: Ssrc) -> Result<usize, Drop> {
        if self.ssrcs.len() >= MAX_SOURCES {
            return Err(Drop::TooManySources);
        }
        self.ssrcs.push(ssrc);
        self.windows.push(Window::default());
        Ok(self.ssrcs.len() - 1)
    }
}

/// SSRCs a direction: an offer has 64 m-sections at most, each with media and retransmissions, and half as
/// many renewals.
pub const MAX_SOURCES: usize = 192;
