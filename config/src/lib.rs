//! Rapport's configuration: one TOML file, the environment laid over it, typed and checked.
//!
//! Owns: every key, its default and its range; the line that tells an operator what is wrong. Never
//! does: act on a value, keep a global, or read anything but the files that the operator names.
//!
//! `examples/full.toml` is the handbook of the keys; a test holds it to this code.

#![warn(missing_docs)]

mod auth;
mod error;
mod fault;
mod limits;
mod log;
mod media;
mod reader;
mod recorder;
mod server;
mod source;
pub mod units;
mod url;
mod validate;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use crate::auth::{Auth, Key, Pem, Secret, SecretKey, SecretSource};
pub use crate::error::{Error, Place};
pub use crate::limits::Limits;
pub use crate::log::{Format, Level, Log};
pub use crate::media::{Cache, Media};
pub use crate::recorder::{Bucket, BucketUrl, Credentials, Recorder};
pub use crate::server::{Server, Tls};
use crate::source::Node;
pub use crate::url::{HttpUrl, Origin};

/// Everything an operator can set. The default of a section is what an absent section means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`: HTTP.
    pub server: Server,
    /// `[media]`: UDP and what stands behind it.
    pub media: Media,
    /// `[auth]`: who may mint tokens.
    pub auth: Auth,
    /// `[limits]`: how much of anything there may be.
    pub limits: Limits,
    /// `[recorder]`: recordings, and the bucket that has a copy of them.
    pub recorder: Recorder,
    /// `[log]`: what is told, and how.
    pub log: Log,
}

impl Config {
    /// Reads a file and lays the environment over it: `RAPPORT_SERVER__LISTEN` is `server.listen`.
    /// Files that the configuration names are not opened yet: see [`Config::check_files`].
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| Error::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        Self::parse(path, &text, environment)
    }

    /// Like [`Config::load`], of a text at hand; `path` is for messages, and its folder is where relative
    /// paths start.
    pub fn parse(
        path: &Path,
        text: &str,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let mut tree = Node::parse(path, text)?;
        tree.overlay(environment)?;
        let mut config: Self = reader::read(&tree)?;
        validate::validate(&config).map_err(|violation| violation.at(&tree))?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        config.files_mut().for_each(|file| *file = folder.join(&*file));
        Ok(config)
    }

    /// Opens every file that the configuration names, so that a missing certificate is told before the
    /// server starts.
    pub fn check_files(&self) -> Result<(), Error> {
        let Server { tls, .. } = &self.server;
        if let Some(Tls::Files { certificate, key }) = tls {
            read(certificate)?;
            read(key)?;
        }
        for key in &self.auth.keys {
            key.public_key.read()?;
            key.private_key.as_ref().map(Pem::read).transpose()?;
        }
        if let Some(bucket) = &self.recorder.bucket {
            bucket.credentials()?;
        }
        self.auth
            .secrets
            .iter()
            .try_for_each(|secret| secret.source.read().map(drop))
    }

    fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tls = self.server.tls.iter_mut().flat_map(Tls::files_mut);
        tls.chain(self.auth.files_mut()).chain(self.recorder.files_mut())
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests;
