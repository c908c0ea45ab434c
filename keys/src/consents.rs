//! Who agrees to a recording, as a server sees it (web/client/RECORDING.md, section 4).
//!
//! Owns: the proposal in force in one room, and the answers to it. Never does: check a signature; [`crate::Gate`] has
//! done that. Clients decide for themselves by the same rules, and believe no server.

use std::collections::{BTreeMap, BTreeSet};

use crate::kid::sender_of;
use crate::message::Stay;
use crate::recording::{Capsule, Consent, Proposal, ProposalHash};

/// See the module. Participants are named by the server's numbers.
#[derive(Clone, Debug, Default)]
pub struct Consents {
    current: Option<Proposed>,
    /// None of these comes into force again: somebody may say it once more who has not heard of its end.
    over: Vec<ProposalHash>,
}

/// A proposal that came into force.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// What it says.
    pub proposal: Proposal,
    /// Its name.
    pub hash: ProposalHash,
    /// Who made it.
    pub author: u64,
    answers: BTreeMap<u64, Answered>,
    /// Of whom the hello is kept.
    hellos: BTreeSet<String>,
    /// What has to be kept of it: messages as they came, in their order.
    record: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Answered {
    stay: Stay,
    counter: u32,
    agrees: bool,
}

/// What is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A proposal is in force.
    Proposed,
    /// Somebody agrees.
    Agreed,
    /// Somebody does not: the proposal is over.
    Refused,
}

/// What a member is known by, and said at first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    pub(crate) participant: u64,
    pub(crate) stay: Stay,
    pub(crate) hello: &'a str,
}

impl Consents {
    /// The proposal in force.
    pub fn current(&self) -> Option<&Proposed> {
        self.current.as_ref()
    }

    /// Messages that have to be kept, since the last time.
    pub fn take_record(&mut self) -> Vec<String> {
        self.current
            .as_mut()
            .map(|current| std::mem::take(&mut current.record))
            .unwrap_or_default()
    }

    /// A host asks. The first one counts, until it is over.
    pub(crate) fn handle_proposal(
        &mut self,
        author: Author<'_>,
        proposal: &Proposal,
        (hash, text): (ProposalHash, &str),
        named: Vec<String>,
    ) -> Option<Said> {
        if self.current.is_some() || self.over.contains(&hash) {
            return None;
        }
        self.current = Some(Proposed {
            proposal: proposal.clone(),
            hash,
            author: author.participant,
            answers: BTreeMap::new(),
            hellos: named.iter().cloned().chain([author.hello.to_owned()]).collect(),
            // whoever is named is to be known from the folder, also if they go before they answer
            record: [author.hello.to_owned(), text.to_owned()]
                .into_iter()
                .chain(named)
                .collect(),
        });
        Some(Said::Proposed)
    }

    /// A member answers.
    pub(crate) fn handle_consent(
        &mut self,
        author: Author<'_>,
        consent: &Consent,
        text: &str,
    ) -> Option<Said> {
        let current = self.current.as_mut()?;
        if consent.proposal != current.hash {
            return None;
        }
        let answered = Answered {
            stay: author.stay,
            counter: consent.counter,
            agrees: consent.agrees,
        };
        let known = current.answers.insert(author.participant, answered);
        match known.filter(|known| known.stay == author.stay) {
            Some(known) if known.counter >= consent.counter => {
                current.answers.insert(author.participant, known);
                return None;
            }
            // said once more: what is kept does not grow by that
            Some(known) if known.agrees == consent.agrees => return None,
            Some(_) => {}
            None => {}
        }
        if current.hellos.insert(author.hello.to_owned()) {
            current.record.push(author.hello.to_owned());
        }
        current.record.push(text.to_owned());
        Some(if consent.agrees {
            Said::Agreed
        } else {
            Said::Refused
        })
    }

    /// The proposal is over, and is not in force again.
    pub fn end(&mut self) {
        if let Some(current) = self.current.take() {
            self.over.push(current.hash);
            if self.over.len() > MOST_OVER {
                self.over.remove(0);
            }
        }
    }

    /// Somebody is no member any more. `true`: the proposal was theirs.
    pub fn handle_left(&mut self, participant: u64) -> bool {
        let Some(current) = &mut self.current else {
            return false;
        };
        current.answers.remove(&participant);
        current.author == participant
    }
}

impl Proposed {
    /// Whether somebody has said yes, and not taken it back.
    pub fn is_agreed_by(&self, participant: u64) -> bool {
        self.answers
            .get(&participant)
            .is_some_and(|answered| answered.agrees)
    }

    /// Whether a capsule is of somebody who has agreed to this and is recorded, and of a key of their own.
    pub fn admits(&self, participant: u64, device: &[u8; 32], sender: u16, capsule: &Capsule) -> bool {
        let answered = self.answers.get(&participant);
        let is_own = answered.is_some_and(|answered| answered.agrees && answered.stay == capsule.from);
        let is_subject = self
            .proposal
            .subjects
            .iter()
            .any(|subject| subject.device == *device);
        let is_whole = capsule.boxes.len() == self.proposal.recipients.len();
        let is_of_sender = sender_of(capsule.kid) == sender;
        is_own && is_subject && is_of_sender && is_whole && capsule.proposal == self.hash
    }
}

/// More than a long day of a room has.
const MOST_OVER: usize = 64;
