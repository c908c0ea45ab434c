//! Why a description is not taken: where, which field, and whose fault.
//!
//! Owns: [`Error`]. Never does: quote the client's text beyond a checked `a=mid`.

use std::fmt;

use rapport_sfu::id::Mid;

/// A description, or a fragment of one, that we don't take. It names the field, so that whoever wrote the
/// client finds the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// The m-section; `None` is the session level.
    pub section: Option<SectionName>,
    /// The line, as SDP writes it: `a=fingerprint`, `m=`.
    pub field: &'static str,
    /// Whose fault.
    pub fault: Fault,
    /// What is wrong with it, in half a sentence.
    pub detail: &'static str,
}

/// Which m-section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionName {
    /// Its place in the description, from 0.
    pub index: usize,
    /// Its `a=mid`, when it was read before the fault.
    pub mid: Option<Mid>,
}

/// Whose fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client's: no standard allows this text.
    Malformed,
    /// Nobody's: well-formed, but we can't serve it.
    Unsupported,
}

impl Error {
    pub(crate) const fn malformed(field: &'static str, detail: &'static str) -> Self {
        Self {
            section: None,
            field,
            fault: Fault::Malformed,
            detail,
        }
    }

    pub(crate) const fn unsupported(field: &'static str, detail: &'static str) -> Self {
        Self {
            section: None,
            field,
            fault: Fault::Unsupported,
            detail,
        }
    }

    pub(crate) const fn within(self, section: SectionName) -> Self {
        Self {
            section: Some(section),
            ..self
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.section {
            Some(section) => write!(f, "{section}, {}: {}", self.field, self.detail),
            None => write!(f, "{}: {}", self.field, self.detail),
        }
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m-section {}", self.index)?;
        match self.mid {
            Some(mid) => write!(f, " (mid {mid})"),
            None => Ok(()),
        }
    }
}
