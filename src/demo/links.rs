//! The two invitations of the demonstration, as a plugin of the server.
//!
//! Owns: what they open, and until when. Never does: know the secret that follows them in a link.

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
}

impl Links {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self {
            therapist: secrets.therapist.clone(),
            client: secrets.client.clone(),
            expires: unix_now() + LIFE.as_secs(),
        }
    }

    fn find(&self, id: &InvitationId) -> Option<Invitation> {
        let standing = match id {
            id if *id == self.therapist => Standing::Host,
            id if *id == self.client => Standing::Guest,
            _ => return None,
        };
        Some(Invitation {
            room: RoomName::new(ROOM)?,
            standing,
            title: "Demonstration".into(),
            expires: self.expires,
            revoked: false,
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
}

const ROOM: &str = "demo";

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
}
