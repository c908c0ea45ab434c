//! The invitations of the demonstration, as a plugin of the server: the two that it prints, and those that its
//! therapist makes.
//!
//! Owns: what they open, and until when. Never does: know the secret that follows them in a link.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rapport_signaling::auth::{RoomName, unix_now};
use rapport_signaling::invitation::{Invitation, InvitationId, Standing};
use rapport_signaling::plugin::{Answer, Plugin};

use super::secrets::Secrets;

/// How long the links work after a start: a long working day, so that nobody's forgotten demonstration lets
/// people in for ever.
pub(super) const LIFE: Duration = Duration::from_secs(12 * 3_600);

/// See the module.
pub(super) struct Links {
    therapist: InvitationId,
    client: InvitationId,
    expires: u64,
    /// Those of guests that were made since the start, and whether they were taken back.
    made: Mutex<HashMap<InvitationId, bool>>,
}

impl Links {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self {
            therapist: secrets.therapist.clone(),
            client: secrets.client.clone(),
            expires: unix_now() + LIFE.as_secs(),
            made: Mutex::default(),
        }
    }

    /// What stands in it is right after a panic, too.
    fn made(&self) -> MutexGuard<'_, HashMap<InvitationId, bool>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, room: &RoomName) -> Option<(InvitationId, u64)> {
        let mut made = self.made();
        if room.as_str() != ROOM || made.len() >= MOST_MADE {
            return None;
        }
        let id = InvitationId::random();
        made.insert(id.clone(), false);
        Some((id, self.expires))
    }

    fn take(&self, room: &RoomName, id: &InvitationId) -> bool {
        let mut made = self.made();
        let taken = made.get_mut(id).filter(|_| room.as_str() == ROOM);
        taken.map(|taken| *taken = true).is_some()
    }

    fn find(&self, id: &InvitationId) -> Option<Invitation> {
        let (standing, revoked) = match id {
            id if *id == self.therapist => (Standing::Host, false),
            id if *id == self.client => (Standing::Guest, false),
            made => (Standing::Guest, *self.made().get(made)?),
        };
        Some(Invitation {
            room: RoomName::new(ROOM)?,
            standing,
            title: "Demonstration".into(),
            expires: self.expires,
            revoked,
            demo: true,
        })
    }
}

impl Plugin for Links {
    fn name(&self) -> &'static str {
        "demo"
    }

    fn redeem<'a>(&'a self, invitation: &'a InvitationId) -> Answer<'a, Option<Invitation>> {
        Box::pin(async { self.find(invitation) })
    }

    fn invite<'a>(&'a self, room: &'a RoomName) -> Answer<'a, Option<(InvitationId, u64)>> {
        Box::pin(async { self.make(room) })
    }

    fn take_back<'a>(&'a self, room: &'a RoomName, invitation: &'a InvitationId) -> Answer<'a, bool> {
        Box::pin(async { self.take(room, invitation) })
    }
}

const ROOM: &str = "demo";

/// More than a day of trying out needs; taken back or not, each is kept until the end.
const MOST_MADE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_opens_the_room_in_its_standing_for_a_working_day() {
        let secrets = Secrets::random();
        let links = Links::new(&secrets);
        let therapist = links.find(&secrets.therapist).unwrap();
        let client = links.find(&secrets.client).unwrap();
        assert_eq!(therapist.standing, Standing::Host);
        assert_eq!(client.standing, Standing::Guest);
        assert_eq!(therapist.room, client.room);
        assert!((1..=LIFE.as_secs()).contains(&(client.expires - unix_now())));
        assert_eq!(links.find(&InvitationId::random()), None);
    }

    #[test]
    fn what_is_made_opens_the_room_to_a_guest_until_it_is_taken_back() {
        let links = Links::new(&Secrets::random());
        let [room, other] = [ROOM, "another"].map(|name| RoomName::new(name).unwrap());
        let (id, expires) = links.make(&room).unwrap();
        let found = links.find(&id).unwrap();
        assert_eq!((found.standing, found.revoked), (Standing::Guest, false));
        assert_eq!((found.room, found.expires), (room.clone(), expires));
        assert!(!links.take(&other, &id) && !links.find(&id).unwrap().revoked);
        assert!(links.take(&room, &id) && links.find(&id).unwrap().revoked);
        assert!(!links.take(&room, &InvitationId::random()));
        assert_eq!(links.make(&other), None);
    }

    #[test]
    fn nobody_makes_links_without_end() {
        let links = Links::new(&Secrets::random());
        let room = RoomName::new(ROOM).unwrap();
        assert!((0..MOST_MADE).all(|_| links.make(&room).is_some()));
        assert_eq!(links.make(&room), None);
    }
}
