//! How a subcommand ends when it can't do its work.
//!
//! Owns: the one line and the exit code. Never does: print.

use std::fmt;
use std::process::ExitCode;

use rapport_signaling::Error;

/// One line and one exit code. The codes are in `rapport --help`.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    pub(crate) fn usage(line: impl fmt::Display) -> Self {
        Self::new(line, 2)
    }

    pub(crate) fn running(line: impl fmt::Display) -> Self {
        Self::new(line, 1)
    }

    pub(crate) fn address(line: impl fmt::Display) -> Self {
        Self::new(line, 3)
    }

    fn new(line: impl fmt::Display, code: u8) -> Self {
        Self {
            line: line.to_string(),
            code,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Config(_) | Error::Key { .. } | Error::Bucket(_) => 2,
            Error::Bind { .. } | Error::Media(_) => 3,
            Error::Tls(_) => 4,
            _ => 1,
        };
        Self::new(error, code)
    }
}

impl From<rapport_load::Error> for Failure {
    fn from(error: rapport_load::Error) -> Self {
        let code = match error {
            rapport_load::Error::Refused(_) => 2,
            _ => 1,
        };
        Self::new(error, code)
    }
}
