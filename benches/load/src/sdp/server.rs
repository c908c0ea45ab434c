//! What a server says, an answer or an offer, as far as a client needs it.
//!
//! Owns: a lean reader that skips what it does not know. Never does: find fault with what it does not need.

use std::net::SocketAddr;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Mid, Pt};
use rapport_sfu::parameters::{Extension, ExtensionKind, IceCredentials, Payload};

use super::{SdpError, Setup};

/// A server's offer or answer: one transport, and m-sections in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDescription {
    /// The server's ICE credentials.
    pub ice: IceCredentials,
    /// Its first UDP candidate.
    pub candidate: SocketAddr,
    /// Who begins the DTLS handshake; [`Setup::Active`] is never here.
    pub setup: Setup,
    /// The m-sections.
    pub(super) sections: Vec<ServerSection>,
}

/// One m-section; what is not known of it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerSection {
    /// The word after `m=`.
    pub(super) media: String,
    /// None for what is neither sound nor picture.
    pub(super) kind: Option<MediaKind>,
    /// `a=mid`.
    pub(super) mid: Option<Mid>,
    /// Inactive, too, when the port is zero.
    pub(super) direction: Direction,
    /// Those of known codecs, in order of preference.
    pub(super) payloads: Vec<Payload>,
    /// Those of known kinds.
    pub(super) extensions: Vec<Extension>,
}

/// Which way media flows, seen by who wrote it (RFC 8866 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl ServerDescription {
    /// Reads an answer or an offer.
    pub fn read(text: &str) -> Result<Self, SdpError> {
        if text.len() > MAX_BYTES {
            return Err(SdpError::TooLong(MAX_BYTES));
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let sections = sections(&lines)?;
        // Of a BUNDLE group the first section speaks for all; before it stands what holds for the session.
        let first = |name| value(&lines, name);
        let ice = IceCredentials {
            ufrag: first("a=ice-ufrag:")
                .ok_or(SdpError::Missing("a=ice-ufrag"))?
                .to_owned(),
            pwd: first("a=ice-pwd:")
                .ok_or(SdpError::Missing("a=ice-pwd"))?
                .to_owned(),
        };
        let candidate = lines.iter().find_map(|line| candidate(line));
        Ok(Self {
            ice,
            candidate: candidate.ok_or(SdpError::Missing("UDP candidate"))?,
            setup: setup(first("a=setup:"))?,
            sections,
        })
    }
}

impl Direction {
    /// The writer may send.
    pub(super) const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// The writer may receive.
    pub(super) const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// RFC 8866 §6.7: without any of the four, it is both ways.
    fn of(lines: &[&str]) -> Self {
        let named = |line: &&str| match *line {
            "a=sendrecv" => Some(Self::SendRecv),
            "a=sendonly" => Some(Self::SendOnly),
            "a=recvonly" => Some(Self::RecvOnly),
            "a=inactive" => Some(Self::Inactive),
            _ => None,
        };
        lines.iter().find_map(named).unwrap_or(Self::SendRecv)
    }
}

fn setup(named: Option<&str>) -> Result<Setup, SdpError> {
    let known = Setup::ALL.into_iter().find(|setup| Some(setup.name()) == named);
    match known.ok_or(SdpError::Missing("a=setup"))? {
        Setup::Active => Err(SdpError::Setup(Setup::Active.name())),
        other => Ok(other),
    }
}

fn sections(lines: &[&str]) -> Result<Vec<ServerSection>, SdpError> {
    let starts: Vec<_> = (0..lines.len())
        .filter(|&at| lines[at].starts_with("m="))
        .collect();
    if starts.len() > MAX_SECTIONS {
        return Err(SdpError::TooManySections(MAX_SECTIONS));
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let spans = starts.iter().copied().zip(ends);
    Ok(spans
        .filter_map(|(start, end)| section(&lines[start..end]))
        .collect())
}

/// RFC 8866 §5.14: media, port, protocol, then formats.
fn section(lines: &[&str]) -> Option<ServerSection> {
    let (first, rest) = lines.split_first()?;
    let mut words = first.strip_prefix("m=")?.split(' ');
    let (media, port) = (words.next()?, words.next()?);
    let formats = words.skip(1).filter_map(|word| word.parse().ok().map(Pt));
    Some(ServerSection {
        media: media.to_owned(),
        kind: kind_of(media),
        mid: value(rest, "a=mid:").and_then(Mid::new),
        direction: if port == "0" {
            Direction::Inactive
        } else {
            Direction::of(rest)
        },
        payloads: formats.filter_map(|pt| payload(rest, pt)).collect(),
        extensions: rest.iter().filter_map(|line| extension(line)).collect(),
    })
}

fn kind_of(media: &str) -> Option<MediaKind> {
    match media {
        "audio" => Some(MediaKind::Audio),
        "video" => Some(MediaKind::Video),
        _ => None,
    }
}

fn payload(lines: &[&str], pt: Pt) -> Option<Payload> {
    let codec = codec(lines, pt)?;
    let has = |name: &str| {
        let mut feedback = lines.iter().filter_map(|line| line.strip_prefix("a=rtcp-fb:"));
        feedback.any(|line| {
            let (number, what) = line.split_once(' ').unwrap_or((line, ""));
            // RFC 4585 §4.2: an asterisk stands for every payload type.
            (number == "*" || number == pt.to_string()) && what.trim() == name
        })
    };
    Some(Payload {
        pt,
        codec,
        rtx: repair(lines, pt),
        nack: has("nack"),
        pli: has("nack pli"),
        fir: has("ccm fir"),
        transport_cc: has("transport-cc"),
    })
}

/// RFC 8866 §6.6: encoding names are compared without case.
fn codec(lines: &[&str], pt: Pt) -> Option<Codec> {
    let map = value(lines, &format!("a=rtpmap:{pt} "))?;
    match map.to_ascii_lowercase().as_str() {
        "opus/48000/2" => Some(Codec::Opus),
        "vp8/90000" => Some(Codec::Vp8),
        "vp9/90000" => {
            let profile = parameter(lines, pt, "profile-id").unwrap_or("0");
            profile.parse().ok().map(|profile| Codec::Vp9 { profile })
        }
        _ => None,
    }
}

/// RFC 4588 §8.1: `apt` names the payload type that another one repairs.
fn repair(lines: &[&str], of: Pt) -> Option<Pt> {
    let maps = lines.iter().filter_map(|line| line.strip_prefix("a=rtpmap:"));
    let repairs = maps.filter_map(|line| line.split_once(' ').filter(|(_, name)| *name == "rtx/90000"));
    let mut numbers = repairs.filter_map(|(number, _)| number.parse().ok().map(Pt));
    numbers.find(|&pt| parameter(lines, pt, "apt").and_then(|apt| apt.parse().ok()) == Some(of.0))
}

/// One of the `name=value` pairs of `a=fmtp`.
fn parameter<'a>(lines: &[&'a str], pt: Pt, name: &str) -> Option<&'a str> {
    let pairs = value(lines, &format!("a=fmtp:{pt} "))?.split(';');
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// RFC 8285 §8: an id, perhaps a direction, then the URI.
fn extension(line: &str) -> Option<Extension> {
    let (id, uri) = line.strip_prefix("a=extmap:")?.split_once(' ')?;
    let id = id.split('/').next()?.parse().ok()?;
    let uri = uri.split(' ').next()?;
    let kind = ExtensionKind::ALL.into_iter().find(|kind| kind.uri() == uri)?;
    Some(Extension { id, kind })
}

/// RFC 8839 §5.1: foundation, component, transport, priority, address and port.
fn candidate(line: &str) -> Option<SocketAddr> {
    let mut words = line.strip_prefix("a=candidate:")?.split(' ').skip(1);
    let (component, transport) = (words.next()?, words.next()?);
    let (address, port) = (words.nth(1)?.parse().ok()?, words.next()?.parse().ok()?);
    let is_ours = component == "1" && transport.eq_ignore_ascii_case("udp");
    is_ours.then(|| SocketAddr::new(address, port))
}

/// What follows the first line of that name.
fn value<'a>(lines: &[&'a str], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(name))
}

/// What a server may answer to the largest offer there is, and some.
const MAX_BYTES: usize = 256 * 1024;

/// Fifty people with two tracks each, and some.
const MAX_SECTIONS: usize = 128;
