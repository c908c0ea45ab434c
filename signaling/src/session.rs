//! Names that nobody can guess: session URLs, entity-tags, ICE credentials, and the random
//! numbers of an answer.
//!
//! Owns: the random newtypes and where their randomness comes from. Never does: keep a session.

use std::fmt;

use rapport_sfu::parameters::IceCredentials;
use ring::rand::{SecureRandom, SystemRandom};

/// The last segment of a session URL. Who knows it still needs the token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// RFC 9725 §5: session URLs should not be guessable; 128 bits of randomness are what a UUID would have.
    const BYTES: usize = 16;

    /// A new one.
    pub fn random() -> Self {
        Self(hex(&random::<{ Self::BYTES }>()))
    }

    /// As it stands in a URL; anything else than what [`SessionId::random`] makes is no session.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = text.len() == 2 * Self::BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        legal.then(|| Self(text.to_owned()))
    }

    /// The URL segment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell sessions apart in a log, too little to use one.
        write!(f, "SessionId({}…)", self.0.get(..6).unwrap_or_default())
    }
}

/// RFC 9725 §4.3.1: "a unique strong entity-tag identifying the ICE session".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// A new one; eight bytes, as it only has to differ within one session.
    pub fn random() -> Self {
        Self(format!("\"{}\"", hex(&random::<8>())))
    }

    /// With its quotes, as header fields have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `If-Match` field of a PATCH (RFC 9110 §13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whichever ICE session there is; asks for a restart (RFC 9725 §4.3.3).
    Any,
    /// A list of entity-tags.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the field's value. The star is also taken in quotes, as the examples of early drafts had it
    /// and clients copied.
    pub fn parse(value: &str) -> Self {
        match value.trim() {
            "*" | "\"*\"" => Self::Any,
            list => Self::Tags(list.split(',').map(|tag| tag.trim().to_owned()).collect()),
        }
    }

    /// RFC 9110 §8.8.3.2: strong comparison, so a weak tag never matches.
    pub fn matches(&self, current: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag == current.as_str()),
        }
    }
}

/// ICE credentials of our side. RFC 8445 §5.3: at least 24 bits in the fragment and 128 in the password.
pub fn ice_credentials() -> IceCredentials {
    IceCredentials {
        ufrag: hex(&random::<4>()),
        pwd: hex(&random::<16>()),
    }
}

/// `<sess-id>` of an answer. RFC 9429 §5.2.1: "the high-order bit set to zero", the rest random.
pub fn description_id() -> u64 {
    u64::from_be_bytes(random()) >> 1
}

/// For SSRCs (RFC 3550 §8.1) and CNAMEs (RFC 7022 §4.2).
pub fn random_u32() -> u32 {
    u32::from_be_bytes(random())
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only where the system has no randomness at all, and nothing here would be safe then.
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_survives_its_url_and_no_other_text_is_one() {
        let id = SessionId::random();
        assert_eq!(SessionId::parse(id.as_str()), Some(id.clone()));
        assert_ne!(SessionId::random(), id);
        for bad in [
            "",
            "abc",
            &"g".repeat(32),
            &"a".repeat(33),
            "../../../../../../etc/passwd0000",
        ] {
            assert_eq!(SessionId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_log_line_does_not_give_a_session_away() {
        let id = SessionId::random();
        assert!(!format!("{id:?}").contains(id.as_str()));
    }

    #[test]
    fn only_the_current_tag_or_the_star_matches() {
        let current = EntityTag::random();
        assert!(IfMatch::parse("*").matches(&current));
        assert!(IfMatch::parse("\"*\"").matches(&current));
        assert!(IfMatch::parse(current.as_str()).matches(&current));
        assert!(IfMatch::parse(&format!("\"other\", {}", current.as_str())).matches(&current));
        assert!(!IfMatch::parse("\"other\"").matches(&current));
        assert!(!IfMatch::parse(&format!("W/{}", current.as_str())).matches(&current));
    }

    #[test]
    fn ice_credentials_are_long_enough_for_rfc_8445() {
        let credentials = ice_credentials();
        assert!((4..=256).contains(&credentials.ufrag.len()));
        assert!((22..=256).contains(&credentials.pwd.len()));
    }
}
