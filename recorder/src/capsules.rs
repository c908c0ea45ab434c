//! Who can open which frames, as it is kept beside the media (web/client/RECORDING.md, section 5).
//!
//! Owns: reading `keys.jsonl`, and the keys that somebody opens of it. Never does: take a capsule that is not its sender's.

use std::collections::{BTreeMap, HashMap};

use rapport_keys::{BaseKey, Capsule, Message, Parsed, Proposal, RecipientKey, Sources, sender_of};
use serde::Deserialize;

use crate::agreed::{Agreed, Flaw, Lines, Wrong};
use crate::folder::{FolderError, KEYS};
use crate::storage::{Storage, read_all};

/// All that are right.
#[derive(Debug, Default)]
pub struct Capsules {
    /// Those that are not.
    pub flaws: Vec<Flaw>,
    /// A crash cut the last line off.
    pub is_torn: bool,
    /// With the number of their line.
    right: Vec<(usize, Capsule, Sources)>,
}

/// Keys in the hands of a recipient.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    keys: BTreeMap<u32, BaseKey>,
    /// What may be recorded of a sender.
    sources: HashMap<u16, Sources>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    message: String,
}

impl Capsules {
    /// Reads what is kept of them, and checks all.
    pub fn read(storage: &mut impl Storage, agreed: &Agreed) -> Result<Self, FolderError> {
        let bytes = read_all(storage, KEYS).map_err(FolderError::io(KEYS))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = Lines::of::<Said>(&text);
        let mut capsules = Self {
            is_torn: lines.torn.is_some(),
            ..Self::default()
        };
        for (line, text) in (1..).zip(&lines.whole) {
            match read_line(text, agreed) {
                Ok((capsule, sources)) => capsules.right.push((line, capsule, sources)),
                Err(wrong) => capsules.flaws.push(flaw(line, wrong)),
            }
        }
        Ok(capsules)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.right.len() + self.flaws.len()
    }

    /// The keys for this recipient. A capsule that was not sealed to them opens nothing.
    pub(crate) fn open(&self, key: &RecipientKey, proposal: &Proposal) -> Result<Keyring, Flaw> {
        let mut ring = Keyring::default();
        for (line, capsule, sources) in &self.right {
            let Some(base) = key.open(capsule, proposal) else {
                continue;
            };
            if ring
                .keys
                .insert(base.kid, base)
                .is_some_and(|known| known != base)
            {
                return Err(flaw(*line, Wrong::Contradiction));
            }
            ring.sources.insert(sender_of(base.kid), *sources);
        }
        Ok(ring)
    }
}

impl Keyring {
    /// The key of this KID, by the ratchet if it is of a later step than a capsule's.
    pub(crate) fn find(&self, kid: u32) -> Option<BaseKey> {
        let (_, before) = self.keys.range(..=kid).next_back()?;
        before.at(kid)
    }

    /// What may be recorded of a sender.
    pub(crate) fn sources(&self, sender: u16) -> Option<Sources> {
        self.sources.get(&sender).copied()
    }
}

fn read_line(line: &str, agreed: &Agreed) -> Result<(Capsule, Sources), Wrong> {
    let Said { message } = serde_json::from_str(line).map_err(|_| Wrong::Form)?;
    let parsed = Parsed::read(&message).ok_or(Wrong::Form)?;
    let sources = agreed.check_capsule(&parsed)?;
    match parsed.message {
        Message::Capsule(capsule) => Ok((capsule, sources)),
        _ => Err(Wrong::Kind),
    }
}

const fn flaw(line: usize, wrong: Wrong) -> Flaw {
    Flaw {
        file: KEYS,
        line: Some(line),
        wrong,
    }
}
