//! What a client says: an offer to publish or to play, or an answer.
//!
//! Owns: the text, and which numbers both sides use in the end. Never does: read a server's text
//! ([`super::ServerDescription`] does).

use std::fmt::{self, Display, Formatter};

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Mid, Rid, Ssrc};
use rapport_sfu::parameters::{ExtensionKind, MediaParameters, Payload};

use super::numbers;
use super::server::{ServerDescription, ServerSection};
use super::{SdpError, Setup};
use crate::session::{Encoding, Local, Publish, Source, Subscribe};

/// A client's offer or answer; its text is what it displays as.
#[derive(Clone, Debug)]
pub struct ClientDescription<'a> {
    local: &'a Local,
    setup: Setup,
    sections: Vec<Section<'a>>,
}

/// One m-section.
#[derive(Clone, Debug)]
enum Section<'a> {
    /// The client sends.
    Send(MediaParameters, &'a Source),
    /// The client receives.
    Receive(MediaParameters),
    /// Nothing in an offered section is of use; its media type is repeated.
    Refuse(&'a str),
}

impl<'a> ClientDescription<'a> {
    /// One section for each source, in which the client only sends.
    pub fn offer_to_publish(wanted: &'a Publish, setup: Setup) -> Result<Self, SdpError> {
        let sections = wanted.sources.iter().enumerate().map(|(at, source)| {
            let media = offered(at, source.codec.kind(), [source.codec])?;
            Ok(Section::Send(media, source))
        });
        Ok(Self {
            local: &wanted.local,
            setup,
            sections: sections.collect::<Result<_, _>>()?,
        })
    }

    /// As many sections of each kind as tracks are expected, sound first, in which the client only receives.
    pub fn offer_to_subscribe(wanted: &'a Subscribe, setup: Setup) -> Result<Self, SdpError> {
        let kinds = [MediaKind::Audio, MediaKind::Video]
            .into_iter()
            .flat_map(|kind| std::iter::repeat_n(kind, wanted.places(kind)));
        let sections = kinds.enumerate().map(|(at, kind)| {
            let mut codecs = wanted.codecs.clone();
            codecs.retain(|codec| codec.kind() == kind);
            codecs.sort_unstable();
            codecs.dedup();
            offered(at, kind, codecs).map(Section::Receive)
        });
        Ok(Self {
            local: &wanted.local,
            setup,
            sections: sections.collect::<Result<_, _>>()?,
        })
    }

    /// Takes of a server's offer what this client can receive.
    pub fn answer(local: &'a Local, offer: &'a ServerDescription) -> Self {
        let section = |section: &'a ServerSection| {
            let media = section.direction.sends().then(|| receivable(section)).flatten();
            media.map_or(Section::Refuse(&section.media), Section::Receive)
        };
        Self {
            local,
            setup: Setup::Active,
            sections: offer.sections.iter().map(section).collect(),
        }
    }

    /// The sections of an answer, which are final. All have to be of use: a place that stays empty would make
    /// a figure better than the server is.
    pub fn taken(&self) -> Result<Vec<MediaParameters>, SdpError> {
        let sections = self.sections.iter().enumerate();
        sections
            .map(|(at, section)| section.media().cloned().ok_or(SdpError::NotTaken(at)))
            .collect()
    }

    /// The sections of an offer with what is left of them after a server's answer. All have to be taken, for
    /// the same reason.
    pub fn agree(&self, answer: &ServerDescription) -> Result<Vec<MediaParameters>, SdpError> {
        // RFC 8842 §5.3: who answers has chosen.
        if answer.setup != Setup::Passive {
            return Err(SdpError::Setup(answer.setup.name()));
        }
        let (offered, answered) = (self.sections.len(), answer.sections.len());
        if offered != answered {
            return Err(SdpError::Sections { offered, answered });
        }
        let pairs = self.sections.iter().zip(&answer.sections).enumerate();
        pairs
            .map(|(at, (ours, theirs))| ours.agree(theirs).ok_or(SdpError::NotTaken(at)))
            .collect()
    }
}

impl Section<'_> {
    const fn media(&self) -> Option<&MediaParameters> {
        match self {
            Self::Send(media, _) | Self::Receive(media) => Some(media),
            Self::Refuse(_) => None,
        }
    }

    fn agree(&self, theirs: &ServerSection) -> Option<MediaParameters> {
        let flows = match self {
            Self::Send(..) => theirs.direction.receives(),
            Self::Receive(_) => theirs.direction.sends(),
            Self::Refuse(_) => false,
        };
        flows.then(|| common(self.media()?, theirs)).flatten()
    }
}

fn offered(
    at: usize,
    kind: MediaKind,
    codecs: impl IntoIterator<Item = Codec>,
) -> Result<MediaParameters, SdpError> {
    let payload = |codec| numbers::payload(codec).ok_or(SdpError::Codec(codec));
    Ok(MediaParameters {
        kind,
        mid: Mid::new(&at.to_string()).expect("a number is a tag"),
        payloads: codecs.into_iter().map(payload).collect::<Result<_, _>>()?,
        extensions: numbers::extensions(kind),
    })
}

/// What of an offered section this client knows, with the server's numbers.
fn receivable(section: &ServerSection) -> Option<MediaParameters> {
    let kind = section.kind?;
    let of_ours = |payload: &Payload| {
        let ours = numbers::payload(payload.codec)?;
        (payload.codec.kind() == kind).then(|| both(*payload, ours))
    };
    let payloads: Vec<_> = section.payloads.iter().filter_map(of_ours).collect();
    let known = numbers::extensions(kind);
    let is_known = |theirs: ExtensionKind| known.iter().any(|ours| ours.kind == theirs);
    let mut extensions = section.extensions.clone();
    extensions.retain(|extension| is_known(extension.kind));
    (!payloads.is_empty()).then_some(MediaParameters {
        kind,
        mid: section.mid?,
        payloads,
        extensions,
    })
}

/// What both sides have of an offered section. RFC 3264 §6.1: the answerer keeps the offer's numbers; one that
/// does not is not understood.
fn common(ours: &MediaParameters, theirs: &ServerSection) -> Option<MediaParameters> {
    let agreed = |payload: &Payload| {
        let mut same = theirs.payloads.iter();
        let same = same.find(|their| their.pt == payload.pt && their.codec == payload.codec)?;
        Some(both(*payload, *same))
    };
    let payloads: Vec<_> = ours.payloads.iter().filter_map(agreed).collect();
    let mut extensions = ours.extensions.clone();
    extensions.retain(|extension| theirs.extensions.contains(extension));
    let fits = theirs.kind == Some(ours.kind) && theirs.mid.is_none_or(|mid| mid == ours.mid);
    (fits && !payloads.is_empty()).then_some(MediaParameters {
        kind: ours.kind,
        mid: ours.mid,
        payloads,
        extensions,
    })
}

/// The first one's numbers, and what both can do.
fn both(first: Payload, second: Payload) -> Payload {
    Payload {
        rtx: first.rtx.filter(|_| second.rtx.is_some()),
        nack: first.nack && second.nack,
        pli: first.pli && second.pli,
        fir: first.fir && second.fir,
        transport_cc: first.transport_cc && second.transport_cc,
        ..first
    }
}

impl Display for ClientDescription<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")?;
        let mut taken = self.sections.iter().filter_map(Section::media);
        taken.try_for_each(|media| write!(f, " {}", media.mid))?;
        f.write_str("\r\n")?;
        self.sections
            .iter()
            .try_for_each(|section| self.write_section(f, section))
    }
}

impl ClientDescription<'_> {
    fn write_section(&self, f: &mut Formatter<'_>, section: &Section<'_>) -> fmt::Result {
        match section {
            // RFC 3264 §6: "the port number … MUST be set to zero. Any media formats listed are ignored".
            Section::Refuse(media) => write!(f, "m={media} 0 {PROTOCOL} 0\r\n{CONNECTION}a=inactive\r\n"),
            Section::Receive(media) => self.write_media(f, media, "recvonly"),
            Section::Send(media, source) => {
                self.write_media(f, media, "sendonly")?;
                self.write_source(f, media.mid, source)
            }
        }
    }

    /// The transport in every section, as browsers write it: Pion looks for `a=setup` there alone.
    fn write_media(&self, f: &mut Formatter<'_>, media: &MediaParameters, direction: &str) -> fmt::Result {
        let Local { ice, fingerprint } = self.local;
        write!(f, "m={} 9 {PROTOCOL}", name_of(media.kind))?;
        for payload in &media.payloads {
            write!(f, " {}", payload.pt)?;
            payload.rtx.iter().try_for_each(|rtx| write!(f, " {rtx}"))?;
        }
        write!(
            f,
            "\r\n{CONNECTION}a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {fingerprint}\r\n\
             a=setup:{}\r\na=mid:{}\r\na={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n",
            ice.ufrag,
            ice.pwd,
            self.setup.name(),
            media.mid,
        )?;
        for extension in &media.extensions {
            write!(f, "a=extmap:{} {}\r\n", extension.id, extension.kind.uri())?;
        }
        media
            .payloads
            .iter()
            .try_for_each(|payload| write_payload(f, payload))
    }

    /// RFC 8853 names the encodings of a simulcast by rid; a single one is named by its SSRC (RFC 5576).
    fn write_source(&self, f: &mut Formatter<'_>, mid: Mid, source: &Source) -> fmt::Result {
        let cname = &self.local.ice.ufrag;
        write!(f, "a=msid:{cname} {cname}-{mid}\r\n")?;
        let rids: Vec<_> = source
            .encodings
            .iter()
            .filter_map(|encoding| encoding.rid)
            .collect();
        if !rids.is_empty() {
            return write_simulcast(f, &rids);
        }
        source
            .encodings
            .iter()
            .try_for_each(|encoding| write_encoding(f, encoding, cname))
    }
}

fn write_payload(f: &mut Formatter<'_>, payload: &Payload) -> fmt::Result {
    let pt = payload.pt;
    let (name, parameters) = match payload.codec {
        Codec::Opus => ("opus/48000/2", "minptime=10;useinbandfec=1"),
        Codec::Vp9 { .. } => ("VP9/90000", "profile-id=0"),
        // The numbers know no other.
        _ => ("VP8/90000", ""),
    };
    write!(f, "a=rtpmap:{pt} {name}\r\n")?;
    let feedback = [
        (payload.transport_cc, "transport-cc"),
        (payload.fir, "ccm fir"),
        (payload.nack, "nack"),
        (payload.pli, "nack pli"),
    ];
    for (_, name) in feedback.iter().filter(|(is_on, _)| *is_on) {
        write!(f, "a=rtcp-fb:{pt} {name}\r\n")?;
    }
    if !parameters.is_empty() {
        write!(f, "a=fmtp:{pt} {parameters}\r\n")?;
    }
    payload
        .rtx
        .iter()
        .try_for_each(|rtx| write!(f, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={pt}\r\n"))
}

fn write_simulcast(f: &mut Formatter<'_>, rids: &[Rid]) -> fmt::Result {
    rids.iter()
        .try_for_each(|rid| write!(f, "a=rid:{rid} send\r\n"))?;
    let rids: Vec<_> = rids.iter().map(Rid::as_str).collect();
    write!(f, "a=simulcast:send {}\r\n", rids.join(";"))
}

fn write_encoding(f: &mut Formatter<'_>, encoding: &Encoding, cname: &str) -> fmt::Result {
    let Encoding { ssrc, rtx_ssrc, .. } = encoding;
    if let Some(rtx) = rtx_ssrc {
        write!(f, "a=ssrc-group:FID {ssrc} {rtx}\r\n")?;
    }
    let named = |ssrc: &Ssrc| write!(f, "a=ssrc:{ssrc} cname:{cname}\r\n");
    std::iter::once(ssrc).chain(rtx_ssrc).try_for_each(named)
}

const fn name_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}

const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// The client has no candidates: a server of this kind learns where it is from its first check.
const CONNECTION: &str = "c=IN IP4 0.0.0.0\r\n";
