//! What a member did and got so far.

use std::collections::BTreeMap;

use serde::Serialize;

use rapport_seal::{Codec, SealError};

/// All counts of one member, since it joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its number in the room.
    pub participant: u64,
    /// Its index as a sender.
    pub sender: u16,
    /// Media flows.
    pub connected: bool,
    /// Who is in the room, by participant.
    pub members: BTreeMap<u64, Person>,
    /// Frames that it sent.
    pub sent: u64,
    /// How often it came back after its socket was lost.
    pub resumed: u32,
    /// Frames that came, by the sender that they say they are of.
    pub senders: BTreeMap<u16, Received>,
    /// Frames that came without a seal.
    pub clear: u64,
    /// Its own sections that the server refuses because their frames are not sealed.
    pub unsealed: Vec<String>,
}

/// Somebody in the room, as the server tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// What they are called.
    pub name: String,
    /// Their hand is up.
    pub hand: bool,
}

/// What came of one sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Frames of sound that opened.
    pub sound: u64,
    /// Frames of picture that opened.
    pub picture: u64,
    /// Frames that did not open.
    pub failed: u64,
    /// Frames that opened before.
    pub replayed: u64,
    /// Frames that came before the sender's key did.
    pub early: u64,
}

impl Report {
    /// Counts a frame; true when it is the first of its sender that opened.
    pub(crate) fn count(&mut self, codec: Codec, opened: Result<u16, SealError>) -> bool {
        match opened {
            Ok(sender) => return self.opened(sender, codec),
            Err(SealError::NoKey(kid)) => self.of(kid.sender().0).early += 1,
            Err(SealError::Replayed(kid)) => self.of(kid.sender().0).replayed += 1,
            Err(SealError::Unauthentic(kid)) => self.of(kid.sender().0).failed += 1,
            Err(_) => self.clear += 1,
        }
        false
    }

    fn opened(&mut self, sender: u16, codec: Codec) -> bool {
        let received = self.of(sender);
        let first = received.sound + received.picture == 0;
        match codec {
            Codec::Opus => received.sound += 1,
            _ => received.picture += 1,
        }
        first
    }

    fn of(&mut self, sender: u16) -> &mut Received {
        self.senders.entry(sender).or_default()
    }
}
