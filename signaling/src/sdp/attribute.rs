//! Single attributes of an m-section: direction, extmap, ssrc, rid, simulcast.
//!
//! Owns: their grammar. Never does: relate one to another.

use rapport_sfu::id::{Rid, Ssrc};

/// Which way media flows, seen by who wrote the description (RFC 8866 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From the writer.
    SendOnly,
    /// To the writer.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// `a=extmap` (RFC 8285 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtMap<'a> {
    /// The id; 4096 and above are not for the wire.
    pub id: u16,
    /// The direction, when it is said.
    pub direction: Option<Direction>,
    /// What it is.
    pub uri: &'a str,
}

/// SSRCs that a section announces (RFC 5576).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources<'a> {
    /// Each SSRC once, in order, with its CNAME when that is told.
    pub ssrcs: Vec<(Ssrc, Option<&'a str>)>,
    /// `FID` groups of two: a source and its retransmissions (RFC 5576 §4.2).
    pub retransmitted: Vec<(Ssrc, Ssrc)>,
}

impl Direction {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "sendrecv" => Some(Self::SendRecv),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::RecvOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    /// Its name in SDP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// True when the writer may send.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// True when the writer may receive.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

impl<'a> ExtMap<'a> {
    pub(super) fn read(value: &'a str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let (id, direction) = match words.next()?.split_once('/') {
            Some((id, direction)) => (id, Some(Direction::named(direction)?)),
            None => (value.split_ascii_whitespace().next()?, None),
        };
        Some(Self {
            id: id.parse().ok()?,
            direction,
            uri: words.next()?,
        })
    }
}

impl<'a> Sources<'a> {
    pub(super) fn read_source(&mut self, value: &'a str) {
        let (ssrc, attribute) = value.split_once(' ').unwrap_or((value, ""));
        let Ok(ssrc) = ssrc.parse().map(Ssrc) else { return };
        let cname = attribute.strip_prefix("cname:");
        match self.ssrcs.iter_mut().find(|(known, _)| *known == ssrc) {
            Some((_, known)) => *known = known.or(cname),
            None => self.ssrcs.push((ssrc, cname)),
        }
    }

    pub(super) fn read_group(&mut self, value: &str) {
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        if let ["FID", source, repair] = words[..]
            && let (Ok(source), Ok(repair)) = (source.parse(), repair.parse())
        {
            self.retransmitted.push((Ssrc(source), Ssrc(repair)));
        }
    }
}

/// RFC 8851 §10: `rid-id SP rid-dir`; restrictions are hints that we have no use for.
pub(super) fn rid(value: &str) -> Option<(Rid, bool)> {
    let mut words = value.split_ascii_whitespace();
    let rid = rid_id(words.next()?)?;
    match words.next()? {
        "send" => Some((rid, true)),
        "recv" => Some((rid, false)),
        _ => None,
    }
}

/// RFC 8853 §5.1: encodings between semicolons, alternatives between commas, `~` for paused.
pub(super) fn simulcast_list(list: &str) -> Vec<Rid> {
    let first = |encoding: &str| rid_id(encoding.split(',').next()?.trim_start_matches('~'));
    list.split(';').filter_map(first).collect()
}

/// RFC 8852 §3.3 narrows the alphabet to letters and digits; `-` and `_` of RFC 8851 §10 are seen in the field.
fn rid_id(text: &str) -> Option<Rid> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.bytes().all(legal).then(|| Rid::new(text)).flatten()
}
