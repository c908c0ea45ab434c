//! What the crate `sframe` makes of single frames.
//!
//! Owns: one answer a line. Never does: remember a line; so a frame may be opened twice.

use std::io::{BufRead as _, Write as _};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_seal::{BaseKey, Codec, Kid, Opener, Sealer, Trailer};
use rapport_sealed_client::read_key;
use serde::{Deserialize, Serialize};

/// A frame, and all that its key comes of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    key: String,
    kid: u32,
    codec: Codec,
    #[serde(default)]
    ctr: u64,
    #[serde(default)]
    capture_micros: u64,
    #[serde(default)]
    width: u16,
    #[serde(default)]
    height: u16,
    frame: String,
}

impl Question {
    fn base(&self) -> Result<BaseKey> {
        Ok(BaseKey::new(Kid(self.kid), read_key(&self.key)?))
    }

    const fn trailer(&self) -> Trailer {
        Trailer {
            capture_micros: self.capture_micros,
            width: self.width,
            height: self.height,
        }
    }

    fn frame(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.frame).context("no base64")
    }
}

/// A frame, and what its sender says of it if it was opened.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    frame: String,
    capture_micros: u64,
    width: u16,
    height: u16,
}

impl Answer {
    fn new(frame: &[u8], trailer: Trailer) -> Self {
        let Trailer {
            capture_micros,
            width,
            height,
        } = trailer;
        Self {
            frame: STANDARD.encode(frame),
            capture_micros,
            width,
            height,
        }
    }
}

/// Answers until there are no more lines.
pub(crate) fn answer(judge: fn(&Question) -> Result<Answer>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question = serde_json::from_str(&line?).context("not a question");
        let answer = match question.and_then(|question| judge(&question)) {
            Ok(answer) => serde_json::to_value(answer)?,
            Err(error) => serde_json::json!({ "error": format!("{error:#}") }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The frame as it was encoded.
pub(crate) fn open(question: &Question) -> Result<Answer> {
    let mut opener = Opener::default();
    opener.add(&question.base()?)?;
    let opened = opener.open(question.codec, &question.frame()?)?;
    Ok(Answer::new(&opened.frame, opened.trailer))
}

/// The frame sealed.
pub(crate) fn seal(question: &Question) -> Result<Answer> {
    let mut sealer = Sealer::new(&question.base()?, question.ctr)?;
    let trailer = question.trailer();
    let sealed = sealer.seal(question.codec, &question.frame()?, &trailer)?;
    Ok(Answer::new(&sealed, trailer))
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
        let sealed = STANDARD
            .decode(seal(&question(b"\xf8sound")).unwrap().frame)
            .unwrap();
        for _ in 0..2 {
            assert_eq!(
                open(&question(&sealed)).unwrap().frame,
                STANDARD.encode(b"\xf8sound")
            );
        }
        assert!(open(&question(b"\xf8sound")).is_err(), "not sealed");
    }
}
