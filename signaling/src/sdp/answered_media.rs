//! One RTP section of an answer, written.
//!
//! Owns: the attributes below its `m=` line that are about media. Never does: write ICE or DTLS.

use std::fmt::{self, Display, Formatter};

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Mid, Pt, Rid, Ssrc};
use rapport_sfu::parameters::{Extension, Payload};

use super::attribute::Direction;
use super::line::line;

/// One accepted RTP section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredMedia {
    /// Sound or picture.
    pub kind: MediaKind,
    /// As offered.
    pub mid: Mid,
    /// As offered.
    pub protocol: &'static str,
    /// Ours.
    pub direction: Direction,
    /// What the client is asked not to exceed, in bit/s.
    pub bandwidth: Option<u64>,
    /// Reduced-size RTCP was offered.
    pub rtcp_rsize: bool,
    /// One- and two-byte header extensions may be mixed.
    pub extmap_allow_mixed: bool,
    /// In the offer's order; never empty.
    pub payloads: Vec<AnsweredPayload>,
    /// With the offer's ids.
    pub extensions: Vec<AnsweredExtension>,
    /// Simulcast encodings that we receive.
    pub rids: Vec<Rid>,
    /// What we send, if we send.
    pub source: Option<AnsweredSource>,
}

/// One accepted payload type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredPayload {
    /// The number and what goes with it.
    pub payload: Payload,
    /// `a=fmtp`; empty for none.
    pub parameters: String,
}

/// One accepted header extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredExtension {
    /// Id and kind.
    pub extension: Extension,
    /// Said only when the offer said one.
    pub direction: Option<Direction>,
}

/// Our SSRCs in a section that we send in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredSource {
    /// Media.
    pub ssrc: Ssrc,
    /// Retransmissions.
    pub rtx_ssrc: Option<Ssrc>,
    /// Also the id of the media stream: what shares it is played in sync.
    pub cname: String,
}

impl Display for AnsweredMedia {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // RFC 3890 §6.2.2: without what the layers below RTP add. RFC 8866 §5: before all attributes.
        if let Some(bandwidth) = self.bandwidth {
            line!(f, "b=TIAS:{bandwidth}");
        }
        line!(f, "a=mid:{}", self.mid);
        line!(f, "a={}", self.direction.as_str());
        line!(f, "a=rtcp-mux");
        if self.rtcp_rsize {
            line!(f, "a=rtcp-rsize");
        }
        if self.extmap_allow_mixed {
            line!(f, "a=extmap-allow-mixed");
        }
        self.extensions
            .iter()
            .try_for_each(|extension| write!(f, "{extension}"))?;
        self.payloads
            .iter()
            .try_for_each(|payload| write!(f, "{payload}"))?;
        self.write_simulcast(f)?;
        self.source.iter().try_for_each(|source| write!(f, "{source}"))
    }
}

impl AnsweredMedia {
    /// RFC 8853 §5.3.2: what the offer sends, the answer receives, by the same rids and in the same order.
    fn write_simulcast(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.rids.is_empty() {
            return Ok(());
        }
        for rid in &self.rids {
            line!(f, "a=rid:{rid} recv");
        }
        let rids: Vec<_> = self.rids.iter().map(Rid::as_str).collect();
        line!(f, "a=simulcast:recv {}", rids.join(";"));
        Ok(())
    }
}

impl Display for AnsweredPayload {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Payload { pt, codec, rtx, .. } = self.payload;
        line!(
            f,
            "a=rtpmap:{pt} {}/{}{}",
            encoding_name(codec),
            codec.clock_rate(),
            channels(codec)
        );
        self.feedback()
            .try_for_each(|name| write!(f, "a=rtcp-fb:{pt} {name}\r\n"))?;
        if !self.parameters.is_empty() {
            line!(f, "a=fmtp:{pt} {}", self.parameters);
        }
        rtx.iter().try_for_each(|rtx| write_rtx(f, *rtx, pt, codec))
    }
}

impl AnsweredPayload {
    fn feedback(&self) -> impl Iterator<Item = &'static str> {
        let Payload {
            nack,
            pli,
            fir,
            transport_cc,
            ..
        } = self.payload;
        [
            (transport_cc, "transport-cc"),
            (fir, "ccm fir"),
            (nack, "nack"),
            (pli, "nack pli"),
        ]
        .into_iter()
        .filter_map(|(is_on, name)| is_on.then_some(name))
    }
}

impl Display for AnsweredExtension {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let direction = self.direction.map_or("", Direction::as_str);
        let slash = if direction.is_empty() { "" } else { "/" };
        let Extension { id, kind } = self.extension;
        line!(f, "a=extmap:{id}{slash}{direction} {}", kind.uri());
        Ok(())
    }
}

impl Display for AnsweredSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            ssrc,
            rtx_ssrc,
            cname,
        } = self;
        line!(f, "a=msid:{cname} {cname}-{ssrc}");
        if let Some(rtx) = rtx_ssrc {
            line!(f, "a=ssrc-group:FID {ssrc} {rtx}");
        }
        for ssrc in [Some(*ssrc), *rtx_ssrc].into_iter().flatten() {
            line!(f, "a=ssrc:{ssrc} cname:{cname}");
        }
        Ok(())
    }
}

fn write_rtx(f: &mut Formatter<'_>, rtx: Pt, pt: Pt, codec: Codec) -> fmt::Result {
    line!(f, "a=rtpmap:{rtx} rtx/{}", codec.clock_rate());
    line!(f, "a=fmtp:{rtx} apt={pt}");
    Ok(())
}

fn encoding_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus",
        Codec::Vp8 => "VP8",
        Codec::Vp9 { .. } => "VP9",
        Codec::H264 { .. } => "H264",
        Codec::Av1 { .. } => "AV1",
        // The reader makes no other.
        _ => "unknown",
    }
}

fn channels(codec: Codec) -> &'static str {
    if codec == Codec::Opus { "/2" } else { "" }
}
