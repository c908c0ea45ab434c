//! Invitations: what a link opens, and for whom.
//!
//! Owns: the invitation's values, and who somebody is who comes by one. Never does: keep invitations; plugins
//! do.

pub(crate) mod making;
pub(crate) mod redemption;

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::RoomName;
use crate::session::random;

/// The part of a link that the server sees: 16 random bytes, written as 22 characters of base64url (RFC 4648
/// §5). Who has it may come in, so it never shows in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InvitationId([u8; 16]);

impl InvitationId {
    /// A new one.
    pub fn random() -> Self {
        Self(random())
    }

    /// Takes the text of a link. Each value has one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        sixteen_bytes(text).map(Self)
    }

    /// The text of a link.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Who comes by this invitation from that device: the same each time, and nobody else. An identity is
    /// seen by administrators and plugins; since both parts are random and as long as the result, neither can
    /// be found from it.
    fn identity(&self, device: &Device) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, &[DERIVATION, &device.0].concat());
        BASE64_URL_SAFE_NO_PAD.encode(&tag.as_ref()[..IDENTITY_BYTES])
    }
}

impl fmt::Debug for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationId(…)")
    }
}

/// What an invitation opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The room that it is for.
    pub room: RoomName,
    /// What its holder may do there.
    pub standing: Standing,
    /// What the page calls the session before anybody is in it.
    pub title: String,
    /// The end of its life, in seconds since 1970.
    pub expires: u64,
    /// Whoever made it has taken it back.
    pub revoked: bool,
    /// For trying out: the server has made the secret of the link too, so it has seen it.
    pub demo: bool,
}

/// What the holder of an invitation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Take part, and also remove, lock and end.
    Host,
    /// Take part.
    Guest,
}

/// One tab of one browser, as it names itself.
struct Device([u8; 16]);

impl Device {
    fn parse(text: &str) -> Option<Self> {
        sixteen_bytes(text).map(Self)
    }
}

/// base64url of exactly this length, strictly: no padding, no bits left over.
fn sixteen_bytes(text: &str) -> Option<[u8; 16]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Keeps this use of an invitation apart from any later one.
const DERIVATION: &[u8] = b"rapport/1 identity\0";

/// 128 bits: two people of one room never get the same.
const IDENTITY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_link_and_no_other_text_is_one() {
        let id = InvitationId::random();
        let text = id.to_text();
        assert_eq!(text.len(), 22);
        assert_eq!(InvitationId::parse(&text), Some(id.clone()));
        assert_ne!(InvitationId::random(), id);
        for bad in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAA/",
            "AAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            // the last character has four bits that stand for nothing
            "AAAAAAAAAAAAAAAAAAAAAB",
            "ÄÄÄÄÄÄÄÄÄÄÄ",
        ] {
            assert_eq!(InvitationId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_log_line_does_not_give_an_invitation_away() {
        let id = InvitationId::random();
        assert!(!format!("{id:?}").contains(&id.to_text()[..6]));
    }

    #[test]
    fn a_device_is_one_person_of_one_invitation() {
        let [first, second] = [InvitationId([1; 16]), InvitationId([2; 16])];
        let identity = first.identity(&Device([7; 16]));
        assert_eq!(first.identity(&Device([7; 16])), identity);
        assert_ne!(first.identity(&Device([8; 16])), identity);
        assert_ne!(second.identity(&Device([7; 16])), identity);
        assert_ne!(InvitationId([7; 16]).identity(&Device([1; 16])), identity);
        assert_eq!(identity.len(), 22);
    }
}
