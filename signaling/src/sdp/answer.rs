//! An answer, written.
//!
//! Owns: the text. Never does: decide what is in it, or repeat what the offer said but tokens that the reader
//! checked.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::Mid;
use rapport_sfu::parameters::{Fingerprint, IceCredentials};

use super::answered_media::{AnsweredMedia, AnsweredPayload};
use super::candidate::Candidate;
use super::line::line;
use super::section::MSection;

/// An answer: one transport, and for each m-section of the offer one of ours, in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// `<sess-id>` of `o=`.
    pub session: u64,
    /// `<sess-version>` of `o=`: one more with each answer of a session.
    pub version: u64,
    /// Ours.
    pub ice: &'a IceCredentials,
    /// Of our certificate.
    pub fingerprint: Fingerprint,
    /// Where we listen, the preferred first.
    pub candidates: &'a [SocketAddr],
    /// `a=ice-options`; empty for none.
    pub ice_options: String,
    /// Whether the accepted sections are a BUNDLE group; false only when the offer had none.
    pub bundle: bool,
    /// The m-sections.
    pub sections: Vec<AnsweredSection<'a>>,
}

/// One m-section of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnsweredSection<'a> {
    /// Not taken: port 0.
    Rejected(&'a MSection<'a>),
    /// RTP.
    Media(AnsweredMedia),
    /// SCTP.
    DataChannel(AnsweredDataChannel),
}

/// The accepted data channel section (RFC 8841).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredDataChannel {
    /// As offered.
    pub mid: Mid,
    /// As offered.
    pub protocol: &'static str,
    /// Longest message that we take.
    pub max_message_bytes: u32,
}

impl Display for Answer<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line!(f, "v=0");
        line!(f, "o=- {} {} IN IP4 0.0.0.0", self.session, self.version);
        line!(f, "s=-");
        line!(f, "t=0 0");
        line!(f, "a=ice-lite");
        if self.bundle {
            self.write_group(f)?;
        }
        let first = self.sections.iter().position(|section| section.mid().is_some());
        self.sections
            .iter()
            .enumerate()
            .try_for_each(|(at, section)| self.write_section(f, section, Some(at) == first))
    }
}

impl Answer<'_> {
    /// RFC 9143 §7.3: the accepted mids, and no other.
    fn write_group(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a=group:BUNDLE")?;
        self.sections
            .iter()
            .filter_map(AnsweredSection::mid)
            .try_for_each(|mid| write!(f, " {mid}"))?;
        f.write_str("\r\n")
    }

    /// In each section, though RFC 9143 §7.1.3 wants it in the first alone: what browsers have always written,
    /// and what the least clever client reads.
    fn write_transport(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line!(f, "a=ice-ufrag:{}", self.ice.ufrag);
        line!(f, "a=ice-pwd:{}", self.ice.pwd);
        if !self.ice_options.is_empty() {
            line!(f, "a=ice-options:{}", self.ice_options);
        }
        line!(f, "a=fingerprint:sha-256 {}", self.fingerprint);
        line!(f, "a=setup:passive");
        Ok(())
    }

    fn write_section(
        &self,
        f: &mut Formatter<'_>,
        section: &AnsweredSection<'_>,
        first: bool,
    ) -> fmt::Result {
        match section {
            AnsweredSection::Rejected(_) => return write!(f, "{section}"),
            AnsweredSection::Media(media) => self.write_media_line(f, media)?,
            AnsweredSection::DataChannel(channel) => {
                line!(
                    f,
                    "m=application {} {} webrtc-datachannel",
                    self.port(),
                    channel.protocol
                );
            }
        }
        line!(f, "{}", Connection(self.candidates.first()));
        self.write_transport(f)?;
        if first {
            write_candidates(f, self.candidates)?;
        }
        write!(f, "{section}")
    }

    fn write_media_line(&self, f: &mut Formatter<'_>, media: &AnsweredMedia) -> fmt::Result {
        write!(
            f,
            "m={} {} {}",
            media_name(media.kind),
            self.port(),
            media.protocol
        )?;
        for AnsweredPayload { payload, .. } in &media.payloads {
            write!(f, " {}", payload.pt)?;
            payload.rtx.iter().try_for_each(|rtx| write!(f, " {rtx}"))?;
        }
        f.write_str("\r\n")
    }

    /// RFC 8839 §4.2.5: a peer may check that the default destination is among the candidates. Without any it
    /// is the discard port.
    fn port(&self) -> u16 {
        self.candidates.first().map_or(DISCARD_PORT, SocketAddr::port)
    }
}

impl AnsweredSection<'_> {
    /// The mid of an accepted section.
    const fn mid(&self) -> Option<Mid> {
        match self {
            Self::Rejected(_) => None,
            Self::Media(media) => Some(media.mid),
            Self::DataChannel(channel) => Some(channel.mid),
        }
    }
}

/// The attributes that are a section's own.
impl Display for AnsweredSection<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(offered) => write_rejected(f, offered),
            Self::Media(media) => write!(f, "{media}"),
            Self::DataChannel(channel) => write!(f, "{channel}"),
        }
    }
}

impl Display for AnsweredDataChannel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line!(f, "a=mid:{}", self.mid);
        line!(f, "a=sctp-port:{SCTP_PORT}");
        line!(f, "a=max-message-size:{}", self.max_message_bytes);
        Ok(())
    }
}

/// `c=` of an address; unspecified when there is none (RFC 8840 §4.1).
pub(super) struct Connection<'a>(pub(super) Option<&'a SocketAddr>);

impl Display for Connection<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("c=IN IP4 0.0.0.0"),
            Some(SocketAddr::V4(address)) => write!(f, "c=IN IP4 {}", address.ip()),
            Some(SocketAddr::V6(address)) => write!(f, "c=IN IP6 {}", address.ip()),
        }
    }
}

/// Ours, all there will ever be.
pub(super) fn write_candidates(f: &mut Formatter<'_>, candidates: &[SocketAddr]) -> fmt::Result {
    for (place, address) in (0..=u16::MAX).zip(candidates.iter().copied()) {
        line!(f, "a=candidate:{}", Candidate { place, address });
    }
    line!(f, "a=end-of-candidates");
    Ok(())
}

/// RFC 3264 §6: "To reject an offered stream, the port number in the corresponding stream in the answer MUST
/// be set to zero. Any media formats listed are ignored. At least one MUST be present".
fn write_rejected(f: &mut Formatter<'_>, offered: &MSection<'_>) -> fmt::Result {
    let format = offered.formats.first().copied().unwrap_or("0");
    line!(f, "m={} 0 {} {format}", offered.media, offered.protocol);
    line!(f, "c=IN IP4 0.0.0.0");
    if let Some(mid) = offered.mid {
        line!(f, "a=mid:{mid}");
    }
    line!(f, "a=inactive");
    Ok(())
}

const fn media_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}

/// What every browser offers: the port inside the DTLS association.
pub(crate) const SCTP_PORT: u16 = 5000;

/// RFC 8840 §4.1: the port of a description without a default candidate.
pub(super) const DISCARD_PORT: u16 = 9;
