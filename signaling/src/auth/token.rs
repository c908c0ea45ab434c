//! The token on its way in: text, claims and what can be wrong with them.
//!
//! Owns: the unverified shapes. Never does: grant anything.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

/// A bearer token as sent. It opens rooms, so it never shows in logs.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(&'a str);

impl<'a> Bearer<'a> {
    /// Takes the token of an `Authorization: Bearer` field (RFC 6750 §2.1).
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, TokenError> {
        let field = headers.get(AUTHORIZATION).ok_or(TokenError::Missing)?;
        let text = field.to_str().map_err(|_| TokenError::Malformed)?;
        let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
        // RFC 9110 §11.1: the scheme is case-insensitive.
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Missing);
        }
        Ok(Self(token.trim()))
    }

    /// Takes bare text, of a command line for example.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

/// What a token says of itself. Only [`super::Keys`] turns it into a [`super::Grant`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The room, or `*` for an administrator of all.
    pub room: String,
    /// The identity (RFC 7519 §4.1.2).
    pub sub: String,
    /// May send media.
    #[serde(default)]
    pub publish: bool,
    /// May receive media.
    #[serde(default)]
    pub subscribe: bool,
    /// May list, mute, remove and close.
    #[serde(default)]
    pub admin: bool,
    /// The end of its life, in seconds since 1970 (RFC 7519 §4.1.4).
    pub exp: u64,
    /// Its beginning (RFC 7519 §4.1.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it was made (RFC 7519 §4.1.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
}

impl Claims {
    /// Claims that permit nothing yet.
    pub fn new(room: &str, identity: &str, expires: u64) -> Self {
        Self {
            room: room.to_owned(),
            sub: identity.to_owned(),
            publish: false,
            subscribe: false,
            admin: false,
            exp: expires,
            nbf: None,
            iat: None,
        }
    }
}

/// Why a token is no good. None of these tells a forger how close he came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No `Authorization: Bearer`.
    #[error("a bearer token is required")]
    Missing,
    /// Not a JWT, or one whose header asks for something we do not do.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with a key that the configuration does not name.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// Another algorithm than its key's, or a signature that does not match.
    #[error("the token's signature does not match")]
    Signature,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before its `nbf`, or made in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `exp` further away than the configuration allows.
    #[error("the token lives longer than this server accepts")]
    TooLong,
    /// A claim that is missing or of the wrong form.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
}
