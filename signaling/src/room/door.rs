//! Who comes in.
//!
//! Owns: the checks of a join, in their order, and the numbers given out there. Never does: change anything of
//! a room that says no.

use rapport_sfu::id::{ParticipantId, SenderIndex};

use super::kind::Kind;
use super::{Admission, Room, RoomError};

/// What a room settled about somebody who may come in.
#[derive(Debug)]
pub(super) struct Pass {
    /// The kind of the room from here on.
    pub(super) kind: Kind,
    /// The same person's earlier page load: it goes first.
    pub(super) former: Option<ParticipantId>,
    /// A member's number in the key ids of its frames.
    pub(super) sender: Option<SenderIndex>,
}

/// The first sender's number. A KID has it in the upper 12 of 32 bits, and from 16 on that takes all four bytes
/// on the wire: frames in the clear pass the media plane's check of the KID as rarely as can be.
const FIRST_SENDER: u16 = 16;

/// Numbers for the senders of a room, each given out once.
#[derive(Debug)]
pub(super) struct Senders {
    next: u16,
}

impl Default for Senders {
    fn default() -> Self {
        Self { next: FIRST_SENDER }
    }
}

impl Senders {
    /// `None` when twelve bits hold no more. A number that came twice would let one key open what
    /// another sender sealed.
    pub(super) fn issue(&mut self) -> Option<SenderIndex> {
        let sender = self.next;
        (sender <= SenderIndex::MAX.0).then(|| {
            self.next = sender + 1;
            SenderIndex(sender)
        })
    }
}

impl Room {
    /// May this one come in? Only a yes takes a number.
    pub(super) fn check(&mut self, admission: &Admission) -> Result<Pass, RoomError> {
        let kind = self.kind.after(admission, self.rules.clear)?;
        let former = self.former(admission);
        if self.state.locked && former.is_none() && !self.is_needed(admission) {
            return Err(RoomError::Locked);
        }
        let staying = self.participants.len() - usize::from(former.is_some());
        if staying >= self.rules.participants {
            return Err(RoomError::Full);
        }
        let sender = match admission.seat {
            Some(_) => Some(self.senders.issue().ok_or(RoomError::NoSenderIndex)?),
            None => None,
        };
        Ok(Pass { kind, former, sender })
    }

    /// The member that this member was before its page was loaded again.
    fn former(&self, admission: &Admission) -> Option<ParticipantId> {
        admission.seat.as_ref()?;
        let identity = admission.join.identity();
        let mut members = self.participants.iter();
        let same = members.find(|(_, member)| member.seat.is_some() && member.identity == *identity);
        same.map(|(&participant, _)| participant)
    }

    /// A locked room without a host needs one: nobody else could open it again.
    fn is_needed(&self, admission: &Admission) -> bool {
        let hosts = self.participants.values().filter(|member| member.is_host());
        admission.seat.as_ref().is_some_and(|seat| seat.host) && hosts.count() == 0
    }
}
