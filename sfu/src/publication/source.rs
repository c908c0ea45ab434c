//! Whose packet is this?
//!
//! Owns: the map of one transport from SSRC to track, encoding and flow. Never does: look behind the
//! header, or create anything for a packet that no negotiated m-section explains.

use crate::drop::Drop;
use crate::id::{Mid, Pt, Rid, Ssrc, TrackId};
use crate::parameters::{EncodingParameters, Extension, PublicationParameters};
use crate::publication::arrival::{EncodingIndex, MAX_ENCODINGS};
use crate::rtp::extension::{ExtensionMap, Extensions};
use crate::rtp::header::Header;

/// What one SSRC carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Of which track.
    pub track: TrackId,
    /// Of which of its encodings.
    pub encoding: EncodingIndex,
    /// Media or retransmissions.
    pub flow: Flow,
}

/// The two streams that one encoding may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// The packets themselves.
    Media,
    /// Their retransmissions (RFC 4588).
    Rtx,
}

/// The sources of one participant's transport.
#[derive(Debug, Default)]
pub struct Sources {
    sections: Vec<Section>,
    latches: Vec<Latch>,
    extensions: ExtensionMap,
    /// Counts resolutions: the clock by which the longest unused latch is found.
    turn: u64,
}

/// What of an m-section tells its packets apart.
#[derive(Debug)]
struct Section {
    track: TrackId,
    mid: Mid,
    rids: Vec<Option<Rid>>,
    payload_types: Vec<(Pt, Flow)>,
    extensions: Vec<Extension>,
}

#[derive(Clone, Copy, Debug)]
struct Latch {
    ssrc: Ssrc,
    source: Source,
    declared: bool,
    used: u64,
}

impl Sources {
    /// Makes a publication's sources known.
    pub fn declare(&mut self, track: TrackId, parameters: &PublicationParameters) {
        let section = Section::new(track, parameters);
        for (at, encoding) in parameters.encodings.iter().take(MAX_ENCODINGS).enumerate() {
            self.declare_encoding(track, EncodingIndex(at as u8), encoding);
        }
        self.sections.push(section);
        self.rebuild_extensions();
    }

    /// Forgets a publication's sources.
    pub fn remove(&mut self, track: TrackId) {
        self.sections.retain(|section| section.track != track);
        self.latches.retain(|latch| latch.source.track != track);
        self.rebuild_extensions();
    }

    /// The header extensions of all m-sections of this transport together. RFC 9143 §14.1: bundled
    /// m-sections use one id for one extension, so a packet can be read before its m-section is known.
    pub fn extensions(&self) -> &ExtensionMap {
        &self.extensions
    }

    /// Finds out what a packet belongs to (RFC 9143 §9.2), and remembers its SSRC.
    pub fn resolve(&mut self, header: &Header, extensions: &Extensions<'_>) -> Result<Source, Drop> {
        self.turn += 1;
        let Some(at) = self.latches.iter().position(|latch| latch.ssrc == header.ssrc) else {
            let source = self.infer(header, extensions)?;
            self.latch(header.ssrc, source)?;
            return Ok(source);
        };
        // RFC 9143 §9.2: a MID that differs from the one known updates the mapping.
        let source = match extensions.mid {
            Some(mid) if !self.is_in(self.latches[at].source, mid) => self.infer(header, extensions)?,
            _ => self.latches[at].source,
        };
        self.latches[at].source = source;
        self.latches[at].used = self.turn;
        Ok(source)
    }

    fn declare_encoding(&mut self, track: TrackId, encoding: EncodingIndex, parameters: &EncodingParameters) {
        for (ssrc, flow) in [(parameters.ssrc, Flow::Media), (parameters.rtx_ssrc, Flow::Rtx)] {
            let Some(ssrc) = ssrc else { continue };
            self.latches.retain(|latch| latch.ssrc != ssrc);
            let source = Source {
                track,
                encoding,
                flow,
            };
            // A full table of declared sources: its packets are then known by their MID.
            let _ = self.insert(ssrc, source, true);
        }
    }

    fn rebuild_extensions(&mut self) {
        let all: Vec<_> = self
            .sections
            .iter()
            .flat_map(|section| &section.extensions)
            .copied()
            .collect();
        self.extensions = ExtensionMap::new(&all);
    }

    fn is_in(&self, source: Source, mid: Mid) -> bool {
        self.sections
            .iter()
            .any(|section| section.track == source.track && section.mid == mid)
    }

    fn infer(&self, header: &Header, extensions: &Extensions<'_>) -> Result<Source, Drop> {
        let section = match extensions.mid {
            Some(mid) => self.sections.iter().find(|section| section.mid == mid),
            None => self.only_section_with(header.payload_type),
        };
        section
            .ok_or(Drop::UnknownSource)?
            .source(header.payload_type, extensions)
    }

    fn only_section_with(&self, pt: Pt) -> Option<&Section> {
        let mut candidates = self.sections.iter().filter(|section| section.flow(pt).is_some());
        candidates.next().filter(|_| candidates.next().is_none())
    }

    /// One encoding has one media SSRC at a time: a new one takes the place of a learnt one.
    fn latch(&mut self, ssrc: Ssrc, source: Source) -> Result<(), Drop> {
        self.latches
            .retain(|latch| latch.declared || latch.source != source);
        self.insert(ssrc, source, false)
    }

    fn insert(&mut self, ssrc: Ssrc, source: Source, declared: bool) -> Result<(), Drop> {
        let latch = Latch {
            ssrc,
            source,
            declared,
            used: self.turn,
        };
        if self.latches.len() < MAX_SOURCES {
            self.latches.push(latch);
            return Ok(());
        }
        let learnt = self.latches.iter_mut().filter(|latch| !latch.declared);
        let oldest = learnt.min_by_key(|latch| latch.used);
        *oldest.ok_or(Drop::TooManySources)? = latch;
        Ok(())
    }
}

impl Section {
    fn new(track: TrackId, parameters: &PublicationParameters) -> Self {
        let media = &parameters.media;
        let payloads = media.payloads.iter();
        Self {
            track,
            mid: media.mid,
            rids: parameters
                .encodings
                .iter()
                .take(MAX_ENCODINGS)
                .map(|encoding| encoding.rid)
                .collect(),
            payload_types: payloads
                .flat_map(|payload| {
                    let rtx = payload.rtx.map(|rtx| (rtx, Flow::Rtx));
                    [Some((payload.pt, Flow::Media)), rtx].into_iter().flatten()
                })
                .collect(),
            extensions: media.extensions.clone(),
        }
    }

    fn flow(&self, pt: Pt) -> Option<Flow> {
        self.payload_types
            .iter()
            .find(|(known, _)| *known == pt)
            .map(|&(_, flow)| flow)
    }

    fn source(&self, pt: Pt, extensions: &Extensions<'_>) -> Result<Source, Drop> {
        let flow = self.flow(pt).ok_or(Drop::UnknownPayloadType)?;
        let rid = match flow {
            Flow::Media => extensions.rid,
            Flow::Rtx => extensions.repaired_rid.or(extensions.rid),
        };
        let encoding = match rid {
            _ if self.rids.len() == 1 => 0,
            // RFC 8852 §3.1: without its rid nothing tells which encoding a new SSRC is.
            None => return Err(Drop::UnknownSource),
            rid => self
                .rids
                .iter()
                .position(|known| *known == rid)
                .ok_or(Drop::UnknownSource)?,
        };
        Ok(Source {
            track: self.track,
            encoding: EncodingIndex(encoding as u8),
            flow,
        })
    }
}

/// A client with sixteen m-sections of two encodings with RTX has as many; a hostile one gets no more.
const MAX_SOURCES: usize = 128;

#[cfg(test)]
mod tests;
