//! A whole description.
//!
//! Owns: reading it, and its session level. Never does: judge whether it can be served.

use rapport_sfu::id::Mid;

use super::MAX_SECTIONS;
use super::attribute::Direction;
use super::error::Error;
use super::line::{Line, lines};
use super::section::{self, MSection};
use super::transport::Transport;

/// An offer, read. It borrows the text that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The first `a=group:BUNDLE` (RFC 9143 §5); `None` without one.
    pub bundle: Option<Vec<Mid>>,
    /// `a=ice-lite`.
    pub ice_lite: bool,
    /// `a=extmap-allow-mixed` for all m-sections.
    pub extmap_allow_mixed: bool,
    /// The direction of m-sections that say none.
    pub direction: Option<Direction>,
    /// ICE and DTLS of m-sections that say none.
    pub transport: Transport<'a>,
    /// The m-sections, in order.
    pub sections: Vec<MSection<'a>>,
}

impl<'a> Offer<'a> {
    /// Reads a description, of any origin.
    pub fn read(text: &'a str) -> Result<Self, Error> {
        let mut lines = lines(text)?;
        // RFC 8866 §5: the version line comes first.
        match lines.next().transpose()? {
            Some(Line {
                letter: 'v',
                value: "0",
            }) => {}
            _ => return Err(Error::malformed("v=", "a description begins with v=0")),
        }
        let mut offer = Self::default();
        for line in lines {
            let line = line.map_err(|error| section::locate(&offer.sections, error))?;
            offer
                .read_line(line)
                .map_err(|error| section::locate(&offer.sections, error))?;
        }
        offer.check_mids()?;
        Ok(offer)
    }

    /// The direction of a section, by itself or by the session. RFC 8866 §6.7: "sendrecv" is the default.
    pub fn direction_of(&self, section: &MSection<'_>) -> Direction {
        section
            .direction
            .or(self.direction)
            .unwrap_or(Direction::SendRecv)
    }

    fn read_line(&mut self, line: Line<'a>) -> Result<(), Error> {
        if line.letter == 'm' {
            return section::open(&mut self.sections, line.value);
        }
        let Some((name, value)) = line.attribute() else {
            return Ok(());
        };
        match self.sections.last_mut() {
            Some(section) => section.read_attribute(name, value),
            None => self.read_attribute(name, value),
        }
    }

    fn read_attribute(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match name {
            "ice-lite" => self.ice_lite = true,
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "group" if self.bundle.is_none() => self.bundle = bundle(value)?,
            _ => match Direction::named(name) {
                Some(direction) => self.direction = Some(direction),
                None => self.transport.read(name, value)?,
            },
        }
        Ok(())
    }

    fn check_mids(&self) -> Result<(), Error> {
        for (at, section) in self.sections.iter().enumerate() {
            let mut earlier = self.sections.iter().take(at);
            if section.mid.is_some() && earlier.any(|other| other.mid == section.mid) {
                let error = Error::malformed("a=mid", "another m-section has it already");
                return Err(error.within(section.name()));
            }
        }
        Ok(())
    }
}

/// `BUNDLE` and its mids; a group of another semantics is none.
fn bundle(value: &str) -> Result<Option<Vec<Mid>>, Error> {
    let mut words = value.split_ascii_whitespace();
    if words.next() != Some("BUNDLE") {
        return Ok(None);
    }
    let mids: Option<Vec<_>> = words.take(MAX_SECTIONS + 1).map(Mid::new).collect();
    let mids = mids
        .ok_or_else(|| Error::unsupported("a=group", "a mid has one to sixteen visible ASCII characters"))?;
    if mids.len() > MAX_SECTIONS {
        return Err(Error::unsupported("a=group", "more than 64 m-sections"));
    }
    Ok(Some(mids))
}
