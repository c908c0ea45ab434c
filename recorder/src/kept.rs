//! All that is kept beside the media, as far as it can be read without a key.
//!
//! Owns: that reading. Never does: judge; flaws are told, and whoever reads decides.

use crate::agreed::{Agreed, Flaw};
use crate::capsules::Capsules;
use crate::folder::{FolderError, read_manifest};
use crate::manifest::Manifest;
use crate::shred::{Shredded, read_receipt};
use crate::storage::Storage;

/// See the module.
#[derive(Debug)]
pub struct Kept {
    /// What is recorded.
    pub manifest: Manifest,
    /// Who agreed to it.
    pub agreed: Agreed,
    /// What opens it.
    pub keys: Keys,
}

/// What opens a recording.
#[derive(Debug)]
pub enum Keys {
    /// These do.
    There(Capsules),
    /// Nothing does any more.
    Destroyed(Shredded),
}

impl Kept {
    /// Reads and checks all of it.
    pub fn read(storage: &mut impl Storage) -> Result<Self, FolderError> {
        let manifest = read_manifest(storage)?;
        let agreed = Agreed::read(storage, &manifest)?;
        let keys = match read_receipt(storage)? {
            Some(receipt) => Keys::Destroyed(receipt),
            None => Keys::There(Capsules::read(storage, &agreed)?),
        };
        Ok(Self {
            manifest,
            agreed,
            keys,
        })
    }

    /// All that is not in order.
    pub fn flaws(&self) -> impl Iterator<Item = &Flaw> {
        let of_keys = match &self.keys {
            Keys::There(capsules) => &capsules.flaws[..],
            Keys::Destroyed(_) => &[],
        };
        self.agreed.flaws.iter().chain(of_keys)
    }
}
