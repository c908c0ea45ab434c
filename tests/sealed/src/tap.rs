//! What a member got after its transport was opened, as it was.
//!
//! Owns: one file of payloads. Never does: open a seal; what is in there is what the server could read.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result};

/// Payloads one after the other, each as it came out of SRTP.
pub(crate) struct Tap(BufWriter<File>);

impl Tap {
    /// Begins a new file.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self(BufWriter::new(file)))
    }

    /// Keeps a payload. Flushed each time, so that whoever reads while the call goes on misses nothing.
    pub(crate) fn keep(&mut self, payload: &[u8]) -> Result<()> {
        self.0.write_all(payload)?;
        Ok(self.0.flush()?)
    }
}
