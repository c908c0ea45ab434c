//! The lines of a description.
//!
//! Owns: splitting, and the bound. Never does: know what a line means.

use super::MAX_BYTES;
use super::error::Error;

/// Writes one line with the line end that RFC 8866 §5 asks for.
macro_rules! line {
    ($f:expr, $($format:tt)+) => {{
        write!($f, $($format)+)?;
        $f.write_str("\r\n")?;
    }};
}
pub(super) use line;

/// One `<type>=<value>` line (RFC 8866 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The letter before the equals sign.
    pub(super) letter: char,
    /// What follows it.
    pub(super) value: &'a str,
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let mut rest = text.chars();
        match (rest.next(), rest.next()) {
            (Some(letter), Some('=')) if letter.is_ascii_lowercase() => Ok(Self {
                letter,
                value: rest.as_str().trim(),
            }),
            _ => Err(Error::malformed(
                "line",
                "every line is a lower-case letter, an equals sign and a value",
            )),
        }
    }

    /// The name and the value of an `a=` line; a flag has an empty value.
    pub(super) fn attribute(self) -> Option<(&'a str, &'a str)> {
        (self.letter == 'a').then(|| match self.value.split_once(':') {
            Some((name, value)) => (name.trim_end(), value.trim_start()),
            None => (self.value, ""),
        })
    }
}

/// Every line that isn't empty.
///
/// RFC 8866 §5: "The sequence CRLF (0x0d0a) is used to end a line, although parsers SHOULD be tolerant and
/// also accept lines terminated with a single newline character."
pub(super) fn lines(text: &str) -> Result<impl Iterator<Item = Result<Line<'_>, Error>>, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::unsupported("body", "longer than 65536 bytes"));
    }
    Ok(text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(Line::read))
}

/// A token that may come back in an answer: visible ASCII, no wider than RFC 8866 §9 allows it to be.
pub(super) fn token(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Line<'_>>, Error> {
        lines(text)?.collect()
    }

    #[test]
    fn both_line_ends_read_the_same() {
        assert_eq!(read("v=0\r\ns=-\r\n\r\n"), read("v=0\ns=-"));
        assert_eq!(
            read("v=0\n").unwrap(),
            [Line {
                letter: 'v',
                value: "0"
            }]
        );
    }

    #[test]
    fn a_flag_is_an_attribute_without_a_value() {
        let lines = read("a=rtcp-mux\na=mid:0\na=candidate:1 1 udp 1 fd00::1 9 typ host\nb=AS:5").unwrap();
        let attributes: Vec<_> = lines.into_iter().map(Line::attribute).collect();
        assert_eq!(
            attributes,
            [
                Some(("rtcp-mux", "")),
                Some(("mid", "0")),
                Some(("candidate", "1 1 udp 1 fd00::1 9 typ host")),
                None
            ]
        );
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for bad in ["hello", "=", "A=x", "ab=", "{\"sdp\":\"v=0\"}"] {
            assert_eq!(read(bad).unwrap_err().field, "line", "{bad}");
        }
        assert_eq!(
            read(&"a=x\n".repeat(MAX_BYTES / 4 + 1)).unwrap_err().field,
            "body"
        );
    }
}
