//! `[auth]`: the keys that tokens are signed with.
//!
//! Owns: the section's keys and defaults, and the redaction of what is secret. Never does: sign or verify.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use crate::error::Error;
use crate::units::TimeSpan;

/// Whose tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// `[[auth.keys]]`: Ed25519 keys (`EdDSA`).
    pub keys: Vec<Key>,
    /// `[[auth.secrets]]`: shared secrets (`HS256`), for a set-up where one machine mints and verifies.
    pub secrets: Vec<Secret>,
    /// The longest life of a token.
    pub max_ttl: TimeSpan,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            secrets: Vec::new(),
            // A token outlives the longest working day and no more.
            max_ttl: TimeSpan::from_secs(24 * 3_600),
        }
    }
}

impl Auth {
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let keys = self
            .keys
            .iter_mut()
            .flat_map(Key::pems_mut)
            .filter_map(Pem::file_mut);
        keys.chain(
            self.secrets
                .iter_mut()
                .filter_map(|secret| secret.source.file_mut()),
        )
    }
}

/// One Ed25519 key pair, or its public half.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The `kid` of tokens signed with it.
    pub id: String,
    /// Verifies tokens.
    pub public_key: Pem,
    /// Signs tokens for `rapport token`; a server needs none.
    pub private_key: Option<Pem>,
}

impl Key {
    fn pems_mut(&mut self) -> impl Iterator<Item = &mut Pem> {
        std::iter::once(&mut self.public_key).chain(&mut self.private_key)
    }
}

/// A key in PEM: the text itself, or the file that holds it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Pem {
    /// Written in the configuration.
    Inline(String),
    /// In a file.
    File(PathBuf),
}

impl Pem {
    /// The text.
    pub fn read(&self) -> Result<String, Error> {
        match self {
            Self::Inline(text) => Ok(text.clone()),
            Self::File(path) => crate::read(path),
        }
    }

    fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Inline(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

impl From<String> for Pem {
    /// RFC 7468 §2: a PEM text has an encapsulation boundary; a path has none.
    fn from(text: String) -> Self {
        if text.contains("-----BEGIN ") {
            Self::Inline(text)
        } else {
            Self::File(text.into())
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Inline(redacted)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// One shared secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Secret {
    /// The `kid` of tokens signed with it.
    pub id: String,
    /// Where the secret is.
    pub source: SecretSource,
}

/// A secret itself, or the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Written in the configuration.
    Inline(SecretKey),
    /// In a file; a line break at its end is not part of the secret.
    File(PathBuf),
}

impl SecretSource {
    /// The secret.
    pub fn read(&self) -> Result<SecretKey, Error> {
        match self {
            Self::Inline(key) => Ok(key.clone()),
            Self::File(path) => {
                let text = crate::read(path)?;
                SecretKey::new(text.trim_end()).map_err(|short| Error::Unreadable {
                    path: path.clone(),
                    error: std::io::Error::new(std::io::ErrorKind::InvalidData, short),
                })
            }
        }
    }

    fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Inline(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

/// The table as it is written: the secret, or a file, never both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Secret")]
struct Written {
    id: String,
    secret: Option<SecretKey>,
    secret_file: Option<PathBuf>,
}

impl TryFrom<Written> for Secret {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let source = match (written.secret, written.secret_file) {
            (Some(key), None) => SecretSource::Inline(key),
            (None, Some(path)) => SecretSource::File(path),
            (None, None) => return Err("found neither, expected `secret` or `secret_file`"),
            (Some(_), Some(_)) => return Err("found `secret` and `secret_file`, expected one of the two"),
        };
        Ok(Self {
            id: written.id,
            source,
        })
    }
}

/// A secret long enough for HS256. It never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// RFC 7518 §3.2: "A key of the same size as the hash output (for instance, 256 bits for "HS256") or
    /// larger MUST be used with this algorithm."
    const MIN_BYTES: usize = 32;

    /// Takes a text of at least 32 bytes.
    pub fn new(text: &str) -> Result<Self, TooShort> {
        if text.len() < Self::MIN_BYTES {
            return Err(TooShort(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The bytes that sign and verify.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A secret that could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found a secret of {0} bytes, expected at least {min}", min = SecretKey::MIN_BYTES)]
pub struct TooShort(usize);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

impl<'de> Deserialize<'de> for SecretKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
