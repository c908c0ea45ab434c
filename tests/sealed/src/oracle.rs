//! What the crate `sframe` makes of single frames.
//!
//! Owns: one answer a line. Never does: remember a line; so a frame may be opened twice.

use std::io::{BufRead as _, Write as _};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_sealed_client::read_key;
use rapport_sealed_client::sealing::{BaseKey, Codec, Kid, Opener, Sealer};
use serde::Deserialize;

/// A frame, and all that its key comes of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    key: String,
    kid: u32,
    codec: Codec,
    #[serde(default)]
    ctr: u64,
    frame: String,
}

impl Question {
    fn base(&self) -> Result<BaseKey> {
        Ok(BaseKey::new(Kid(self.kid), read_key(&self.key)?))
    }

    fn frame(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.frame).context("no base64")
    }
}

/// Answers until there are no more lines.
pub(crate) fn answer(judge: fn(&Question) -> Result<Vec<u8>>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question = serde_json::from_str(&line?).context("not a question");
        let answer = match question.and_then(|question| judge(&question)) {
            Ok(frame) => serde_json::json!({ "frame": STANDARD.encode(frame) }),
            Err(error) => serde_json::json!({ "error": format!("{error:#}") }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The frame as it was encoded.
pub(crate) fn open(question: &Question) -> Result<Vec<u8>> {
    let mut opener = Opener::default();
    opener.add(&question.base()?)?;
    let (_, frame) = opener.open(question.codec, &question.frame()?)?;
    Ok(frame)
}

/// The frame sealed.
pub(crate) fn seal(question: &Question) -> Result<Vec<u8>> {
    let mut sealer = Sealer::new(&question.base()?, question.ctr)?;
    Ok(sealer.seal(question.codec, &question.frame()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: &str = r#"{"key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                            "kid":1048576,"codec":"opus","frame":""#;

    fn question(frame: &[u8]) -> Question {
        let line = format!("{SEALED}{}\"}}", STANDARD.encode(frame));
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_as_often_as_asked() {
        let sealed = seal(&question(b"\xf8sound")).unwrap();
        for _ in 0..2 {
            assert_eq!(open(&question(&sealed)).unwrap(), b"\xf8sound");
        }
        assert!(open(&question(b"\xf8sound")).is_err(), "not sealed");
    }
}
