//! What stands after the `#` of a link (SK-1.md, section 5).
//!
//! Owns: its two forms, and what is derived from its secret. Never does: let a server that is not a demonstration have
//! one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::primitives::{Secret, hash, kdf};
use crate::root::{Root, RootHash};

/// What a link carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    secret: [u8; 16],
    root: RootHash,
    root_seed: Option<Secret>,
}

/// Why a fragment is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was cut off, or the link was mailed by a server.
    #[error("this link has no secret")]
    NoSecret,
    /// It is of before SK-1.
    #[error("this link is of an older version")]
    OldForm,
    /// It is there, and damaged.
    #[error("the secret of this link is damaged")]
    Truncated,
}

impl Link {
    /// The link that a therapist hands over.
    pub const fn new(secret: [u8; 16], root: RootHash) -> Self {
        Self {
            secret,
            root,
            root_seed: None,
        }
    }

    /// The host's link of a demonstration: whoever has it makes a certificate for himself.
    pub fn of_demonstration(secret: [u8; 16], root_seed: Secret) -> Self {
        Self {
            secret,
            root: Root::new(&root_seed).hash(),
            root_seed: Some(root_seed),
        }
    }

    /// The same link without a root: what is handed over.
    pub const fn handed_over(&self) -> Self {
        Self::new(self.secret, self.root)
    }

    /// The same secret, for sessions of that clinic.
    pub const fn of_clinic(&self, root: RootHash) -> Self {
        Self::new(self.secret, root)
    }

    /// Reads a fragment.
    pub fn read(fragment: &str) -> Result<Self, LinkError> {
        if fragment.is_empty() {
            return Err(LinkError::NoSecret);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(fragment)
            .map_err(|_| LinkError::Truncated)?;
        let is_new = matches!(bytes.first(), Some(&(HANDED_OVER | DEMONSTRATION)));
        if bytes.len() == 16 && !is_new {
            return Err(LinkError::OldForm);
        }
        let (body, check) = bytes.split_last_chunk::<CHECK>().ok_or(LinkError::Truncated)?;
        let rest = match (body.first(), body.len()) {
            (Some(&HANDED_OVER), 33) | (Some(&DEMONSTRATION), 49) => &body[17..],
            _ => return Err(LinkError::Truncated),
        };
        if *check != check_of(body) {
            return Err(LinkError::Truncated);
        }
        let secret = std::array::from_fn(|at| body[1 + at]);
        Ok(match <[u8; 32]>::try_from(rest) {
            Ok(seed) => Self::of_demonstration(secret, Secret(seed)),
            Err(_) => Self::new(secret, RootHash(std::array::from_fn(|at| rest[at]))),
        })
    }

    /// As it stands after the `#`.
    pub fn fragment(&self) -> String {
        let mut body = match &self.root_seed {
            Some(seed) => [&[DEMONSTRATION], &self.secret[..], &seed.0].concat(),
            None => [&[HANDED_OVER], &self.secret[..], &self.root.0].concat(),
        };
        body.extend(check_of(&body));
        URL_SAFE_NO_PAD.encode(body)
    }

    /// Of the clinic.
    pub const fn root(&self) -> RootHash {
        self.root
    }

    /// Of a demonstration's host.
    pub const fn root_seed(&self) -> Option<&Secret> {
        self.root_seed.as_ref()
    }

    /// What proves that somebody has the link.
    pub fn key(&self) -> Secret {
        Secret(kdf(&self.secret, &self.root.0, "link key"))
    }

    /// Tells a host which of its links a guest came with; public.
    pub fn id(&self) -> [u8; 8] {
        kdf(&self.secret, &self.root.0, "link id")
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.root.spelt())
    }
}

fn check_of(body: &[u8]) -> [u8; CHECK] {
    let whole = hash("link check", &[body]);
    std::array::from_fn(|at| whole[at])
}

const HANDED_OVER: u8 = 1;
const DEMONSTRATION: u8 = 2;
const CHECK: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_back() {
        let link = Link::new([7; 16], RootHash([9; 16]));
        assert_eq!(link.fragment().len(), 50);
        assert_eq!(Link::read(&link.fragment()), Ok(link));
        let demonstration = Link::of_demonstration([7; 16], Secret([3; 32]));
        assert_eq!(demonstration.fragment().len(), 71);
        assert_eq!(Link::read(&demonstration.fragment()), Ok(demonstration));
    }

    #[test]
    fn what_is_none_says_why() {
        let text = Link::new([7; 16], RootHash([9; 16])).fragment();
        assert_eq!(Link::read(""), Err(LinkError::NoSecret));
        assert_eq!(Link::read("CQkJCQkJCQkJCQkJCQkJCQ"), Err(LinkError::OldForm));
        let changed = format!("{}A", &text[..49]);
        for bad in [&text[..49], &text[..20], "%%", "AQ", &changed] {
            assert_eq!(Link::read(bad), Err(LinkError::Truncated), "{bad}");
        }
    }
}
