//! One m-section of a description.
//!
//! Owns: the `m=` line and the attributes below it, as values. Never does: fall back on the session level or
//! judge what it read.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::{Mid, Pt, Rid};

use super::MAX_SECTIONS;
use super::attribute::{Direction, ExtMap, Sources, rid, simulcast_list};
use super::error::{Error, SectionName};
use super::format::{Feedback, Format};
use super::line::token;
use super::transport::Transport;

/// One m-section, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MSection<'a> {
    /// Its place in the description, from 0.
    pub index: usize,
    /// What it carries.
    pub medium: Medium,
    /// The first word of `m=`.
    pub media: &'a str,
    /// The second: 0 is a section not wanted, unless `bundle_only`.
    pub port: u16,
    /// The third.
    pub protocol: &'a str,
    /// The others.
    pub formats: Vec<&'a str>,
    /// `a=mid`.
    pub mid: Option<Mid>,
    /// `a=sendrecv` and its siblings.
    pub direction: Option<Direction>,
    /// ICE and DTLS.
    pub transport: Transport<'a>,
    /// `a=rtcp-mux`.
    pub rtcp_mux: bool,
    /// `a=rtcp-rsize`.
    pub rtcp_rsize: bool,
    /// `a=bundle-only`.
    pub bundle_only: bool,
    /// `a=extmap-allow-mixed`.
    pub extmap_allow_mixed: bool,
    /// Payload types in the order of `m=`; none for `m=application`.
    pub payloads: Vec<Format<'a>>,
    /// `a=extmap`, in order, duplicates included.
    pub extmaps: Vec<ExtMap<'a>>,
    /// `a=ssrc` and `a=ssrc-group`.
    pub sources: Sources<'a>,
    /// `a=msid`.
    pub msid: Option<&'a str>,
    /// `a=rid`, with true for `send`.
    pub rids: Vec<(Rid, bool)>,
    /// What `a=simulcast` says after `send`: the first alternative of each encoding, in order.
    pub simulcast_send: Vec<Rid>,
    /// The same after `recv`.
    pub simulcast_recv: Vec<Rid>,
    /// `a=sctp-port`.
    pub sctp_port: Option<u16>,
    /// `a=max-message-size`, in bytes; 0 is without limit.
    pub max_message_size: Option<u64>,
    /// `a=rtcp-fb:*`.
    any_feedback: Feedback,
}

/// What an m-section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// RTP.
    Media(MediaKind),
    /// `m=application`.
    Application,
    /// A kind we have no use for.
    Other,
}

impl<'a> MSection<'a> {
    /// Takes the value of `m=`.
    pub(super) fn read(index: usize, value: &'a str) -> Result<Self, Error> {
        let mut words = value.split_ascii_whitespace();
        let mut word = || words.next().and_then(token).ok_or(BAD_MEDIA);
        let (media, port, protocol) = (word()?, word()?, word()?);
        let formats: Vec<_> = words
            .map(|word| token(word).ok_or(BAD_MEDIA))
            .collect::<Result<_, _>>()?;
        let medium = Medium::named(media);
        let mut section = Self::new(index, medium, media, protocol);
        // RFC 8866 §5.14: a port may be followed by a count of ports, which RTP under BUNDLE has no use for.
        let port = port.split('/').next().unwrap_or_default();
        section.port = port.parse().map_err(|_| BAD_MEDIA)?;
        if matches!(medium, Medium::Media(_)) {
            section.payloads = payloads(&formats)?;
        }
        section.formats = (!formats.is_empty()).then_some(formats).ok_or(BAD_MEDIA)?;
        Ok(section)
    }

    fn new(index: usize, medium: Medium, media: &'a str, protocol: &'a str) -> Self {
        Self {
            index,
            medium,
            media,
            port: 0,
            protocol,
            formats: Vec::new(),
            mid: None,
            direction: None,
            transport: Transport::default(),
            rtcp_mux: false,
            rtcp_rsize: false,
            bundle_only: false,
            extmap_allow_mixed: false,
            payloads: Vec::new(),
            extmaps: Vec::new(),
            sources: Sources::default(),
            msid: None,
            rids: Vec::new(),
            simulcast_send: Vec::new(),
            simulcast_recv: Vec::new(),
            sctp_port: None,
            max_message_size: None,
            any_feedback: Feedback::default(),
        }
    }

    /// How errors call it.
    pub const fn name(&self) -> SectionName {
        SectionName {
            index: self.index,
            mid: self.mid,
        }
    }

    /// What feedback was described for a payload type, by itself or by the wildcard.
    pub fn feedback(&self, format: &Format<'_>) -> Feedback {
        format.feedback.or(self.any_feedback)
    }

    /// Takes one attribute; what it doesn't know, or can't use, is passed over.
    pub(super) fn read_attribute(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match name {
            "mid" => self.mid = Some(Mid::new(value).ok_or(BAD_MID)?),
            "rtcp-mux" => self.rtcp_mux = true,
            "rtcp-rsize" => self.rtcp_rsize = true,
            "bundle-only" => self.bundle_only = true,
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "sctp-port" => self.sctp_port = Some(value.parse().map_err(|_| BAD_SCTP_PORT)?),
            "max-message-size" => self.max_message_size = Some(value.parse().map_err(|_| BAD_MESSAGE_SIZE)?),
            "msid" => self.msid = Some(value),
            "extmap" => self.extmaps.extend(ExtMap::read(value)),
            "ssrc" => self.sources.read_source(value),
            "ssrc-group" => self.sources.read_group(value),
            "rid" => self.rids.extend(rid(value)),
            "simulcast" => self.read_simulcast(value),
            "rtpmap" | "fmtp" | "rtcp-fb" => self.read_of_payload(name, value),
            _ => self.read_direction_or_transport(name, value)?,
        }
        Ok(())
    }

    fn read_direction_or_transport(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match Direction::named(name) {
            Some(direction) => self.direction = Some(direction),
            None => self.transport.read(name, value)?,
        }
        Ok(())
    }

    /// `name:pt value`. Firefox leaves `a=rtcp-fb` of payload types that `setCodecPreferences` took out: what
    /// is of a payload type that isn't there counts for nothing.
    fn read_of_payload(&mut self, name: &str, value: &'a str) {
        let (pt, value) = value.split_once(' ').unwrap_or((value, ""));
        let value = value.trim();
        if name == "rtcp-fb" && pt == "*" {
            return self.any_feedback.read(value);
        }
        let Some(format) = self
            .payloads
            .iter_mut()
            .find(|format| pt.parse() == Ok(format.pt.0))
        else {
            return;
        };
        match name {
            "rtpmap" => format.read_map(value),
            "fmtp" => format.parameters = value,
            _ => format.feedback.read(value),
        }
    }

    /// RFC 8853 §5.1: `send` and `recv`, each once and each followed by its list.
    fn read_simulcast(&mut self, value: &str) {
        let mut words = value.split_ascii_whitespace();
        while let (Some(direction), Some(list)) = (words.next(), words.next()) {
            match direction {
                "send" => self.simulcast_send = simulcast_list(list),
                "recv" => self.simulcast_recv = simulcast_list(list),
                _ => return,
            }
        }
    }
}

impl Medium {
    fn named(media: &str) -> Self {
        match media {
            "audio" => Self::Media(MediaKind::Audio),
            "video" => Self::Media(MediaKind::Video),
            "application" => Self::Application,
            _ => Self::Other,
        }
    }
}

/// Each payload type of `m=` once, unknown as yet.
fn payloads<'a>(formats: &[&str]) -> Result<Vec<Format<'a>>, Error> {
    let mut seen = [false; 128];
    let mut payloads = Vec::with_capacity(formats.len().min(seen.len()));
    for format in formats {
        let pt: u8 = format.parse().map_err(|_| BAD_PAYLOAD_TYPE)?;
        let seen = seen.get_mut(usize::from(pt)).ok_or(BAD_PAYLOAD_TYPE)?;
        if !std::mem::replace(seen, true) {
            payloads.push(Format::new(Pt(pt)));
        }
    }
    Ok(payloads)
}

/// Opens the next m-section of a description or a fragment.
pub(super) fn open<'a>(sections: &mut Vec<MSection<'a>>, value: &'a str) -> Result<(), Error> {
    let index = sections.len();
    if index == MAX_SECTIONS {
        return Err(TOO_MANY);
    }
    let section = MSection::read(index, value);
    sections.push(section.map_err(|error| error.within(SectionName { index, mid: None }))?);
    Ok(())
}

/// Adds to an error the section that was being read.
pub(super) fn locate(sections: &[MSection<'_>], error: Error) -> Error {
    match (sections.last(), error.section) {
        (Some(section), None) => error.within(section.name()),
        _ => error,
    }
}

const BAD_MEDIA: Error = Error::malformed("m=", "a medium, a port, a protocol and at least one format");
const BAD_PAYLOAD_TYPE: Error = Error::malformed("m=", "a payload type is a number from 0 to 127");
const BAD_MID: Error = Error::unsupported("a=mid", "one to sixteen visible ASCII characters");
const BAD_SCTP_PORT: Error = Error::malformed("a=sctp-port", "a number from 0 to 65535");
const BAD_MESSAGE_SIZE: Error = Error::malformed("a=max-message-size", "a number of bytes");
const TOO_MANY: Error = Error::unsupported("m=", "more than 64 m-sections");
