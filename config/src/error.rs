//! The one line that an operator reads when a configuration is refused.
//!
//! Owns: [`Error`], [`Place`]. Never does: show a secret. Values below `auth` are described by their kind only.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a configuration was refused. Its `Display` is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, the configuration's own or one that it names, can't be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not TOML.
    #[error("{place}: not valid TOML: {reason}")]
    Syntax {
        /// Where reading stopped.
        place: Place,
        /// What the TOML parser said.
        reason: String,
    },
    /// A key or a value is refused.
    #[error("{place}: {}{problem}", prefix(key))]
    Invalid {
        /// Where it was written.
        place: Place,
        /// The path of the key, such as `server.tls.key`.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file; line and column count from 1, columns in characters.
    File {
        /// Which.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// Nowhere in that file: the value is a default, or missing.
    Absent(PathBuf),
    /// In an environment variable.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Absent(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "{name}"),
        }
    }
}

/// TOML lets a quoted key hold a line break; the message stays one line.
fn prefix(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!("{}: ", key.escape_debug())
    }
}
