//! The backup of a therapist's device (SK-1.md, section 3).
//!
//! Owns: reading it. Never does: make one; the page that makes the device does, before its keys become unreadable.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::capsules::RecipientKey;
use crate::device::{Device, DeviceId};
use crate::encoding::Reader;
use crate::primitives::{Secret, kdf};

/// A device that came back.
#[derive(Debug)]
pub struct Backup {
    /// What it signs with.
    pub device: Device,
    /// What is sealed to it.
    pub key: RecipientKey,
}

/// Why there is no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It is no backup, or a part of one.
    #[error("this is no backup of a device, or a part of it is missing")]
    Form,
    /// The words are right, and those of another one; or a byte of it was changed.
    #[error("these words are not those of this backup, or the backup is damaged")]
    Words,
}

impl Backup {
    /// Opens the text of a backup file by the secret that its words are.
    pub fn open(secret: &Secret, text: &str) -> Result<Self, BackupError> {
        let text: String = text.split_whitespace().collect();
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BackupError::Form)?;
        let sealed = Sealed::read(&bytes).ok_or(BackupError::Form)?;
        let (seed, agreement) = sealed.open(secret).ok_or(BackupError::Words)?;
        let key = RecipientKey::of_device(&agreement);
        let device = Device::new(&seed, key.public_key());
        // sealed by these words, and named by nobody else
        (device.keys().id() == sealed.device)
            .then_some(Self { device, key })
            .ok_or(BackupError::Words)
    }
}

struct Sealed<'a> {
    head: &'a [u8],
    salt: [u8; 16],
    device: DeviceId,
    /// With its tag.
    content: [u8; SECRETS + 16],
}

impl<'a> Sealed<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        (reader.u8()? == VERSION).then_some(())?;
        let (salt, device) = (reader.array()?, DeviceId(reader.array()?));
        let head = &bytes[..bytes.len() - reader.remaining()];
        let content = reader.array()?;
        reader.end()?;
        Some(Self {
            head,
            salt,
            device,
            content,
        })
    }

    /// The seed of the signing key, and the agreement key.
    fn open(&self, secret: &Secret) -> Option<(Secret, Secret)> {
        let derived: [u8; 32 + NONCE_LEN] = kdf(&secret.0, &self.salt, "backup");
        let (key, nonce) = derived.split_first_chunk::<32>()?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut content = self.content;
        let opened = key
            .open_in_place(nonce, Aad::from(self.head), &mut content)
            .ok()?;
        let (seed, agreement) = opened.split_first_chunk()?;
        Some((Secret(*seed), Secret(agreement.try_into().ok()?)))
    }
}

const VERSION: u8 = 1;
/// Bytes of both private keys.
const SECRETS: usize = 64;

#[cfg(test)]
mod tests;
