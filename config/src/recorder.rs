//! `[recorder]` and `[recorder.bucket]`: recordings.
//!
//! Owns: the sections' keys and defaults, and the redaction of what is secret. Never does: make the folder, or reach
//! the bucket.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::Error;
use crate::units::ByteSize;
use crate::url::HttpUrl;

/// Where recordings are kept, and how much room they have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recorder {
    /// The folder of recordings, best on a file system of their own; absent means that nothing is recorded. The server
    /// makes it.
    pub folder: Option<PathBuf>,
    /// With less room than this no recording begins.
    pub floor: ByteSize,
    /// All recordings together may take so much: beyond it none begins. Absent means as much as there is.
    pub quota: Option<ByteSize>,
    /// Room that is taken beforehand, and given back when the disk is full: for sound, and to end in order.
    pub reserve: ByteSize,
    /// `[recorder.bucket]`: where they are copied to; absent means nowhere.
    pub bucket: Option<Bucket>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            folder: None,
            // Some 55 minutes of two pictures of 2.5 Mbit/s and their sound.
            floor: ByteSize::from_bytes(2 << 30),
            quota: None,
            // Two hours of the sound of two people.
            reserve: ByteSize::from_bytes(64 << 20),
            bucket: None,
        }
    }
}

impl Recorder {
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let credentials = self
            .bucket
            .iter_mut()
            .flat_map(|bucket| &mut bucket.credentials_file);
        self.folder.iter_mut().chain(credentials)
    }
}

/// A bucket that has a copy of every recording.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Which.
    pub url: BucketUrl,
    /// Of a service that is not Amazon's.
    pub endpoint: Option<HttpUrl>,
    /// As the service calls it.
    #[serde(default = "region")]
    pub region: String,
    /// Absent means that the environment has them.
    pub credentials_file: Option<PathBuf>,
    /// Whether media stay in the folder when the bucket is proven to have all of a recording.
    #[serde(default = "keep_local")]
    pub keep_local: bool,
}

/// What services that have no regions take.
fn region() -> String {
    "us-east-1".to_owned()
}

const fn keep_local() -> bool {
    true
}

impl Bucket {
    /// What the file of credentials says; nothing where none is named.
    pub fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let Some(path) = &self.credentials_file else {
            return Ok(None);
        };
        let credentials = Credentials::parse(&crate::read(path)?);
        credentials.map(Some).map_err(|problem| Error::Unreadable {
            path: path.clone(),
            error: io::Error::new(io::ErrorKind::InvalidData, problem),
        })
    }
}

/// `s3://name/prefix`, or `file:///folder` where a folder stands in for a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum BucketUrl {
    /// Of S3, or what speaks like it.
    S3 {
        /// Of the bucket.
        name: String,
        /// What all names in it begin with; may be empty, and has no slash at either end.
        prefix: String,
    },
    /// A folder: of another disk, or of a test.
    Folder(PathBuf),
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::S3 { name, prefix } => write!(f, "s3://{name}/{prefix}"),
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

impl TryFrom<String> for BucketUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let s3 = text.strip_prefix("s3://").and_then(s3);
        let folder = text.strip_prefix("file://").filter(|path| path.starts_with('/'));
        let folder = folder.map(|path| Self::Folder(path.into()));
        s3.or(folder).ok_or_else(|| {
            format!("found {text:?}, expected a bucket such as \"s3://recordings/clinic\" or \"file:///mnt/recordings\"")
        })
    }
}

/// Names that need no escape in an address, anywhere.
fn s3(rest: &str) -> Option<BucketUrl> {
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_name = (3..=63).contains(&name.len()) && name.bytes().all(lower);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_step = |step: &str| !["", ".", ".."].contains(&step) && step.bytes().all(plain);
    let is_prefix = prefix.is_empty() || prefix.split('/').all(is_step);
    (is_name && is_prefix).then(|| BucketUrl::S3 {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
    })
}

/// What a bucket lets somebody in by.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Which key.
    pub key_id: String,
    /// The key itself. It never shows in logs.
    pub secret: String,
}

impl Credentials {
    /// Two lines as in the credentials file of Amazon's tools; of several sections the first one
    /// counts.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let value = |wanted: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            let line = lines.find(|(key, _)| key.trim() == wanted);
            line.map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        match (value("aws_access_key_id"), value("aws_secret_access_key")) {
            (Some(key_id), Some(secret)) => Ok(Self { key_id, secret }),
            _ => Err("expected the lines `aws_access_key_id = …` and `aws_secret_access_key = …`"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}
