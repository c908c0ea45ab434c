//! What the demonstration's links are made of.
//!
//! Owns: the secrets, and the file that keeps them. Never does: show one in a log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rapport_config::SecretKey;
use rapport_keys::Link;
use rapport_signaling::invitation::InvitationId;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// Everything that must not be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secrets {
    /// Signs tokens.
    pub(super) signing: SecretKey,
    /// The therapist's invitation.
    pub(super) therapist: InvitationId,
    /// The client's.
    pub(super) client: InvitationId,
    /// What follows the `#` of the therapist's link: the secret that both links have, and the root of a clinic that
    /// there is not. Whoever has it makes a therapist's certificate for himself.
    pub(super) link: Link,
}

/// Why secrets can't be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("--data: {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("--data: others on this machine can read {path}. Run: chmod 600 {path}", path = path.display())]
    Readable { path: PathBuf },
    #[error("--data: {} is not what an earlier start has written. Remove it for new links", path.display())]
    Foreign { path: PathBuf },
}

impl Secrets {
    pub(super) fn random() -> Self {
        let signing = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
        Self {
            signing: SecretKey::new(&signing).expect("32 bytes make more than 32 characters"),
            therapist: InvitationId::random(),
            client: InvitationId::random(),
            link: Link::of_demonstration(random(), rapport_keys::Secret(random())),
        }
    }

    /// Those that an earlier start left in this folder, or new ones that are left there now.
    pub(super) fn kept_in(folder: &Path) -> Result<Self, KeepError> {
        let path = folder.join(FILE);
        if let Some(text) = read_private(&path)? {
            return Self::parse(&text).ok_or(KeepError::Foreign { path });
        }
        let secrets = Self::random();
        let written = write_private(folder, &path, &secrets.to_text());
        written.map_err(|error| KeepError::Io { path, error })?;
        Ok(secrets)
    }

    fn parse(text: &str) -> Option<Self> {
        let kept: Kept = toml::from_str(text).ok()?;
        Some(Self {
            signing: SecretKey::new(&kept.signing).ok()?,
            therapist: InvitationId::parse(&kept.therapist)?,
            client: InvitationId::parse(&kept.client)?,
            link: Link::read(&kept.link)
                .ok()
                .filter(|link| link.root_seed().is_some())?,
        })
    }

    fn to_text(&self) -> String {
        let kept = Kept {
            signing: String::from_utf8_lossy(self.signing.as_bytes()).into_owned(),
            therapist: self.therapist.to_text(),
            client: self.client.to_text(),
            link: self.link.fragment(),
        };
        let lines = toml::to_string(&kept).expect("four texts are a table");
        format!("# The secrets of `rapport demo`: who reads them can join its call.\n{lines}")
    }
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    signing: String,
    therapist: String,
    client: String,
    link: String,
}

/// The file's text, if there is one and it is its owner's alone.
fn read_private(path: &Path) -> Result<Option<String>, KeepError> {
    let failed = |error| KeepError::Io {
        path: path.to_owned(),
        error,
    };
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeepError::Readable {
            path: path.to_owned(),
        });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// The whole file or none of it, whenever the power fails.
fn write_private(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(&draft, path));
    if renamed.is_err() {
        // The first failure is the one to tell.
        let _ = fs::remove_file(&draft);
    }
    renamed
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    bytes
}

const FILE: &str = "demo.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_their_file() {
        let secrets = Secrets::random();
        assert_eq!(Secrets::parse(&secrets.to_text()), Some(secrets));
    }

    #[test]
    fn no_two_starts_have_a_secret_in_common() {
        let [first, second] = [Secrets::random(), Secrets::random()];
        assert_ne!(first.signing, second.signing);
        assert_ne!(first.therapist, second.therapist);
        assert_ne!(first.client, second.client);
        assert_ne!(first.link, second.link);
        assert_ne!(first.therapist, first.client);
    }

    #[test]
    fn a_text_that_lacks_a_secret_is_none_of_ours() {
        let text = Secrets::random().to_text();
        for line in text.lines().skip(1) {
            assert_eq!(Secrets::parse(&text.replace(line, "")), None, "{line}");
            let short = line.replace(" = \"", " = \"\" # ");
            assert_eq!(Secrets::parse(&text.replace(line, &short)), None, "{short}");
        }
        assert_eq!(Secrets::parse(&format!("{text}more = true\n")), None);
    }

    #[test]
    fn a_log_line_gives_nothing_away() {
        let secrets = Secrets::random();
        let line = format!("{secrets:?}");
        for text in secrets.to_text().lines().skip(1) {
            let value = text.split('"').nth(1).unwrap();
            assert!(!line.contains(value), "{line}");
        }
    }
}
