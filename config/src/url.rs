//! The two kinds of web address that a configuration names.
//!
//! Owns: [`HttpUrl`], [`Origin`] and their spelling. Never does: resolve or fetch.

use std::fmt;

use serde::Deserialize;

/// `https://host[:port][/path]`, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct HttpUrl(String);

impl HttpUrl {
    /// As text, ready for a path that starts with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = text.trim_end_matches('/');
        let (authority, path) = split(url).unwrap_or_default();
        // A query or a fragment would swallow the path that is put behind.
        let plain = path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte));
        if !is_authority(authority) || !plain {
            return Err(format!(
                "found {text:?}, expected an address such as \"https://sfu.example.org\""
            ));
        }
        Ok(Self(url.to_owned()))
    }
}

/// An origin as a browser's `Origin` header spells it (RFC 6454 §6.2), or `*` for any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Every origin is meant.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let named = split(&text).is_some_and(|(authority, path)| is_authority(authority) && path.is_empty());
        // A browser sends lower case; anything else would never match.
        if text != "*" && (!named || text.bytes().any(|byte| byte.is_ascii_uppercase())) {
            return Err(format!(
                "found {text:?}, expected an origin such as \"https://clinic.example.org\" (lower case, no path), or \"*\""
            ));
        }
        Ok(Self(text))
    }
}

/// Authority and path of an `http` or `https` address.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    Some(rest.split_at(rest.find('/').unwrap_or(rest.len())))
}

/// `host`, `host:port`, `[::1]:port`; no user, no password.
fn is_authority(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && text.bytes().all(legal)
}
