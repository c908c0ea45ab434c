//! Bodies of `application/trickle-ice-sdpfrag` (RFC 8840 §9).
//!
//! Owns: reading a client's and writing the reply to an ICE restart (RFC 9725 §4.3.3). Never does: keep
//! candidates; a lite agent has no use for them.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use rapport_sfu::id::Mid;
use rapport_sfu::parameters::IceCredentials;

use super::answer::write_candidates;
use super::candidate::Candidate;
use super::error::Error;
use super::line::{Line, line, lines};
use super::section::{self, MSection};
use super::transport::Transport;

/// A fragment, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Credentials at session level.
    pub transport: Transport<'a>,
    /// The m-sections it speaks of, each with its `m=`, `a=mid` and credentials.
    pub sections: Vec<MSection<'a>>,
    /// How many candidates it brought, all of legal form.
    pub candidates: usize,
    /// `a=end-of-candidates` at any level.
    pub end_of_candidates: bool,
}

impl<'a> Fragment<'a> {
    /// Reads a fragment, of any origin.
    pub fn read(text: &'a str) -> Result<Self, Error> {
        let mut fragment = Self::default();
        for line in lines(text)? {
            let line = line.map_err(|error| section::locate(&fragment.sections, error))?;
            fragment
                .read_line(line)
                .map_err(|error| section::locate(&fragment.sections, error))?;
        }
        Ok(fragment)
    }

    /// The credentials that it names: those of the first section that has any, else of the session.
    pub fn credentials(&self) -> Result<Option<IceCredentials>, Error> {
        for section in &self.sections {
            let credentials = section.transport.credentials();
            if let Some(found) = credentials.map_err(|error| error.within(section.name()))? {
                return Ok(Some(found));
            }
        }
        self.transport.credentials()
    }

    fn read_line(&mut self, line: Line<'a>) -> Result<(), Error> {
        if line.letter == 'm' {
            return section::open(&mut self.sections, line.value);
        }
        match line.attribute() {
            Some(("candidate", value)) if !Candidate::is_legal(value) => Err(BAD_CANDIDATE),
            Some(("candidate", _)) => {
                self.candidates += 1;
                Ok(())
            }
            Some(("end-of-candidates", _)) => {
                self.end_of_candidates = true;
                Ok(())
            }
            Some((name, value)) => self.read_attribute(name, value),
            None => Ok(()),
        }
    }

    fn read_attribute(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match self.sections.last_mut() {
            Some(section) => section.read_attribute(name, value),
            None => self.transport.read(name, value),
        }
    }
}

/// The reply to an ICE restart: our new credentials, and where we listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentAnswer<'a> {
    /// Ours, new.
    pub ice: &'a IceCredentials,
    /// Where we listen, the preferred first.
    pub candidates: &'a [SocketAddr],
    /// The section that the request put its credentials in; `None` when it put them at session level.
    pub section: Option<&'a MSection<'a>>,
}

impl Display for FragmentAnswer<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line!(f, "a=ice-lite");
        line!(f, "a=ice-options:trickle ice2");
        if let Some(section) = self.section {
            let format = section.formats.first().copied().unwrap_or("0");
            line!(f, "m={} 9 {} {format}", section.media, section.protocol);
            section
                .mid
                .iter()
                .try_for_each(|mid: &Mid| write!(f, "a=mid:{mid}\r\n"))?;
        }
        line!(f, "a=ice-ufrag:{}", self.ice.ufrag);
        line!(f, "a=ice-pwd:{}", self.ice.pwd);
        write_candidates(f, self.candidates)
    }
}

const BAD_CANDIDATE: Error = Error::malformed("a=candidate", "not of the form of RFC 8839");
