//! What a verified token permits.
//!
//! Owns: [`Grant`] and the proofs made from it. Never does: read a token; [`super::Keys`] does, and only
//! that can make a grant.

use std::fmt;

use super::TokenError;
use super::token::Claims;

/// The longest name of a room or of a person, in bytes: room for a UUID with a prefix, or an address.
const NAME_BYTES: usize = 128;

/// A room as URLs and tokens name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(String);

impl RoomName {
    /// Takes 1 to 128 unreserved characters of RFC 3986 §2.3, so that a name is its own URL segment.
    pub fn new(text: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let dots = text.bytes().all(|byte| byte == b'.');
        (text.len() <= NAME_BYTES && !dots && text.bytes().all(legal)).then(|| Self(text.to_owned()))
    }

    /// The name as it stands in URLs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({})", self.0)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a participant is to the others in the room: the subject of its token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(String);

impl Identity {
    /// Takes 1 to 128 bytes without control characters.
    pub fn new(text: &str) -> Option<Self> {
        let legal = !text.is_empty() && text.len() <= NAME_BYTES && !text.chars().any(char::is_control);
        legal.then(|| Self(text.to_owned()))
    }

    /// The subject as the token has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An identity may be a name or a mail address: not for logs.
        f.write_str("Identity(…)")
    }
}

/// What a verified token permits, to whom and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    scope: Scope,
    identity: Identity,
    publish: bool,
    subscribe: bool,
    admin: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Room(RoomName),
    /// `*`: administration of every room, and entry to none.
    Every,
}

/// What a session does in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends media (WHIP).
    Publisher,
    /// Receives media (WHEP).
    Subscriber,
    /// Does both, and sees the others (a call).
    Member,
}

impl Role {
    /// The label of metrics and of the HTTP API.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
            Self::Member => "member",
        }
    }
}

/// Proof that a token lets somebody into a room; rooms take nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    room: RoomName,
    identity: Identity,
    role: Role,
    host: bool,
}

impl Join {
    /// Where to.
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    /// Who.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// To do what.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the token is that of a host: it administers the room.
    pub fn is_host(&self) -> bool {
        self.host
    }
}

/// A valid token that does not permit this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Made for another room.
    #[error("the token is for another room")]
    OtherRoom,
    /// Without `publish`.
    #[error("the token does not permit publishing")]
    Publish,
    /// Without `subscribe`.
    #[error("the token does not permit subscribing")]
    Subscribe,
    /// Without `admin`.
    #[error("the token does not permit administration")]
    Admin,
    /// Of somebody else than the session's owner.
    #[error("the session belongs to somebody else")]
    OtherIdentity,
}

impl Grant {
    pub(super) fn new(claims: &Claims) -> Result<Self, TokenError> {
        let scope = match claims.room.as_str() {
            "*" if claims.admin => Scope::Every,
            name => Scope::Room(RoomName::new(name).ok_or(TokenError::Claim("room"))?),
        };
        Ok(Self {
            scope,
            identity: Identity::new(&claims.sub).ok_or(TokenError::Claim("sub"))?,
            publish: claims.publish,
            subscribe: claims.subscribe,
            admin: claims.admin,
        })
    }

    /// May its bearer join this room in this role?
    pub fn join(&self, room: &RoomName, role: Role) -> Result<Join, Refused> {
        self.covers(room)?;
        match role {
            Role::Publisher | Role::Member if !self.publish => Err(Refused::Publish),
            Role::Subscriber | Role::Member if !self.subscribe => Err(Refused::Subscribe),
            _ => Ok(Join {
                room: room.clone(),
                identity: self.identity.clone(),
                role,
                host: self.administers(room).is_ok(),
            }),
        }
    }

    /// May its bearer take part in the call of its room?
    pub fn sit(&self) -> Result<Join, Refused> {
        match &self.scope {
            Scope::Room(own) => self.join(own, Role::Member),
            Scope::Every => Err(Refused::OtherRoom),
        }
    }

    /// Does a session in this room, opened by this identity, belong to its bearer?
    pub fn owns(&self, room: &RoomName, identity: &Identity) -> Result<(), Refused> {
        self.covers(room)?;
        (self.identity == *identity)
            .then_some(())
            .ok_or(Refused::OtherIdentity)
    }

    /// May its bearer administer anything?
    pub fn is_admin(&self) -> Result<(), Refused> {
        self.admin.then_some(()).ok_or(Refused::Admin)
    }

    /// May its bearer administer this room?
    pub fn administers(&self, room: &RoomName) -> Result<(), Refused> {
        self.is_admin()?;
        match &self.scope {
            Scope::Every => Ok(()),
            Scope::Room(own) => (own == room).then_some(()).ok_or(Refused::OtherRoom),
        }
    }

    fn covers(&self, room: &RoomName) -> Result<(), Refused> {
        match &self.scope {
            Scope::Room(own) if own == room => Ok(()),
            _ => Err(Refused::OtherRoom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(room: &str, flags: &str) -> Grant {
        let claims = Claims {
            publish: flags.contains('p'),
            subscribe: flags.contains('s'),
            admin: flags.contains('a'),
            ..Claims::new(room, "anna", 0)
        };
        Grant::new(&claims).unwrap()
    }

    fn room(name: &str) -> RoomName {
        RoomName::new(name).unwrap()
    }

    #[test]
    fn a_grant_opens_its_room_in_its_role_only() {
        let grant = grant("one", "p");
        assert!(grant.join(&room("one"), Role::Publisher).is_ok());
        assert_eq!(
            grant.join(&room("one"), Role::Subscriber),
            Err(Refused::Subscribe)
        );
        assert_eq!(grant.join(&room("two"), Role::Publisher), Err(Refused::OtherRoom));
        assert_eq!(grant.administers(&room("one")), Err(Refused::Admin));
    }

    #[test]
    fn the_star_administers_every_room_and_enters_none() {
        let star = grant("*", "aps");
        assert!(star.administers(&room("one")).is_ok());
        assert_eq!(star.join(&room("one"), Role::Publisher), Err(Refused::OtherRoom));
        assert_eq!(
            grant("one", "a").administers(&room("two")),
            Err(Refused::OtherRoom)
        );
    }

    #[test]
    fn a_member_of_a_call_has_to_be_permitted_both() {
        let join = grant("one", "ps").sit().unwrap();
        assert_eq!((join.room(), join.role()), (&room("one"), Role::Member));
        assert_eq!(grant("one", "s").sit(), Err(Refused::Publish));
        assert_eq!(grant("one", "pa").sit(), Err(Refused::Subscribe));
        assert_eq!(grant("*", "aps").sit(), Err(Refused::OtherRoom));
    }

    #[test]
    fn a_join_is_a_hosts_if_its_token_administers_the_room() {
        let join = |flags| grant("one", flags).join(&room("one"), Role::Subscriber);
        assert!(join("sa").unwrap().is_host());
        assert!(!join("ps").unwrap().is_host());
    }

    #[test]
    fn the_star_without_admin_is_no_room() {
        assert_eq!(
            Grant::new(&Claims::new("*", "anna", 0)),
            Err(TokenError::Claim("room"))
        );
    }

    #[test]
    fn a_name_that_would_not_survive_a_url_is_refused() {
        for bad in ["", "a/b", "a b", "ä", "..", ".", &"x".repeat(129)] {
            assert_eq!(RoomName::new(bad), None, "{bad:?}");
        }
        assert!(RoomName::new("Clinic-7_b.~").is_some());
    }

    #[test]
    fn a_session_is_its_owners() {
        let anna = grant("one", "p");
        assert!(anna.owns(&room("one"), &Identity::new("anna").unwrap()).is_ok());
        assert_eq!(
            anna.owns(&room("one"), &Identity::new("ben").unwrap()),
            Err(Refused::OtherIdentity)
        );
    }
}
