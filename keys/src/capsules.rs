//! Who can open a recording, and how (web/client/RECORDING.md, section 2).
//!
//! Owns: the private keys of recipients, and what is sealed to them. Never does: check whose a capsule is, or who agreed.

use ring::digest;

use crate::base_key::BaseKey;
use crate::certificate::Certificate;
use crate::hello::Hello;
use crate::message::Stay;
use crate::primitives::{Secret, labelled};
use crate::recording::{Capsule, Proposal, ProposalHash, Recipient, Role};
use crate::sealed::{PrivateKey, seal};

/// The private key of somebody who can open recordings.
#[derive(Debug)]
pub struct RecipientKey(PrivateKey);

impl RecipientKey {
    /// The clinic's recovery key, of the seed of its root: that which RFC 8032 §5.1.5 makes a scalar of.
    pub fn of_clinic(seed: &Secret) -> Self {
        let digest = digest::digest(&digest::SHA512, &seed.0);
        Self(PrivateKey::of(&Secret(std::array::from_fn(|at| {
            digest.as_ref()[at]
        }))))
    }

    /// The agreement key of a device.
    pub fn of_device(agreement: &Secret) -> Self {
        Self(PrivateKey::of(agreement))
    }

    /// As proposals name it.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    /// As who, if this can open what was agreed to.
    pub fn role(&self, proposal: &Proposal) -> Option<Role> {
        let at = self.place(proposal)?;
        Some(proposal.recipients[at].role)
    }

    /// The key in a capsule of this proposal; nothing if there is none for this recipient, or it was not sealed to them.
    pub fn open(&self, capsule: &Capsule, proposal: &Proposal) -> Option<BaseKey> {
        let sealed = capsule.boxes.get(self.place(proposal)?)?;
        let info = info(&capsule.proposal, &capsule.from);
        let bytes = self.0.open(sealed, &info, &capsule.kid.to_be_bytes())?;
        Some(BaseKey {
            kid: capsule.kid,
            bytes,
        })
    }

    fn place(&self, proposal: &Proposal) -> Option<usize> {
        let own = self.public_key();
        proposal
            .recipients
            .iter()
            .position(|recipient| recipient.key == own)
    }
}

impl Capsule {
    /// Seals a sender's key to all recipients; nothing if one of them has a key that nothing can be sealed to.
    pub fn seal(from: Stay, proposal: ProposalHash, recipients: &[Recipient], key: &BaseKey) -> Option<Self> {
        let info = info(&proposal, &from);
        let boxes = recipients
            .iter()
            .map(|recipient| seal(&recipient.key, &key.bytes, &info, &key.kid.to_be_bytes()));
        Some(Self {
            from,
            proposal,
            kid: key.kid,
            boxes: boxes.collect::<Option<_>>()?,
        })
    }
}

impl Proposal {
    /// Whether everybody who can open it may: its author once, the clinic of the author at most once, and members who are
    /// recorded.
    pub fn has_right_recipients<'a>(
        &self,
        author: &Hello,
        members: impl Iterator<Item = &'a Hello> + Clone,
    ) -> bool {
        let count = |role| self.recipients.iter().filter(|one| one.role == role).count();
        let clinic = Certificate::root_key(&author.certificate).and_then(|root| recovery_key(&root));
        let is_subject = |key| {
            members.clone().any(|member| {
                let device = member.device().0;
                member.agreement_key == key && self.subjects.iter().any(|subject| subject.device == device)
            })
        };
        let is_right = |Recipient { role, key }: &Recipient| match role {
            Role::Therapist => *key == author.agreement_key,
            Role::Clinic => Some(*key) == clinic,
            Role::Subject => is_subject(*key),
        };
        count(Role::Therapist) == 1 && count(Role::Clinic) <= 1 && self.recipients.iter().all(is_right)
    }
}

/// What is sealed to the clinic of a root, of the root's public key; nothing for one that is no point of the curve.
///
/// RFC 7748 §4.1: u = (1 + y) / (1 − y).
pub fn recovery_key(root: &[u8; 32]) -> Option<[u8; 32]> {
    let point = curve25519_dalek::edwards::CompressedEdwardsY(*root).decompress()?;
    Some(point.to_montgomery().to_bytes())
}

fn info(proposal: &ProposalHash, from: &Stay) -> Vec<u8> {
    labelled("recording key", &[proposal, from])
}

#[cfg(test)]
mod tests;
