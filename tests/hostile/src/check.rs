//! Connectivity checks that know the password.
//!
//! Owns: the credentials of the only participant there is, and the two attributes at the end of a check. No
//! mutation finds an HMAC, so what stands behind one would never be reached without.

use std::sync::LazyLock;

use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::transport::ice::stun::{self, Key};
use ring::hmac;
use rtc_stun::fingerprint::fingerprint_value;

/// USERNAME of a check for us.
pub(crate) const USERNAME: &str = "srvr:clnt";

/// Ours.
pub(crate) fn local() -> IceCredentials {
    IceCredentials {
        ufrag: "srvr".to_owned(),
        pwd: PASSWORD.to_owned(),
    }
}

/// The client's.
pub(crate) fn remote() -> IceCredentials {
    IceCredentials {
        ufrag: "clnt".to_owned(),
        pwd: "clientclientclientclient".to_owned(),
    }
}

/// The message with its length set right and MESSAGE-INTEGRITY and FINGERPRINT behind it (RFC 8489 §14.5, §14.7).
pub(crate) fn signed(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    set_length(&mut message, 24);
    let tag = hmac::sign(&SIGNING_KEY, &message);
    message.extend_from_slice(&[0x00, 0x08, 0, 20]);
    message.extend_from_slice(tag.as_ref());
    set_length(&mut message, 8);
    let value = fingerprint_value(&message);
    message.extend_from_slice(&[0x80, 0x28, 0, 4]);
    message.extend_from_slice(&value.to_be_bytes());
    message
}

/// A request that a member of the room could have sent: all that may be answered without more.
pub(crate) fn is_valid(message: &[u8]) -> bool {
    stun::parse(message).is_some_and(|message| {
        message.is_binding_request()
            && message.username() == USERNAME.split_once(':')
            && message.is_authentic(&KEY)
    })
}

fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() + more).saturating_sub(20) as u16;
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

const PASSWORD: &str = "serverserverserverserver";

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new(PASSWORD));

static SIGNING_KEY: LazyLock<hmac::Key> =
    LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, PASSWORD.as_bytes()));
