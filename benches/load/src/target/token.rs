//! Tokens for a server of this project: HS256, signed by the secret that the server has too.
//!
//! Owns: the text of a token (RFC 7515 §7.1, RFC 7519). Never does: read a configuration, or verify.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;

/// Makes tokens for any room and identity.
#[derive(Clone)]
pub struct Issuer(Arc<Issue>);

/// From a room and an identity to a token.
type Issue = dyn Fn(&str, &str) -> String + Send + Sync;

impl Issuer {
    /// With the `id` and the `secret` of one of the server's `[[auth.secrets]]`.
    pub fn new(id: &str, secret: &[u8]) -> Self {
        let (id, key) = (id.to_owned(), hmac::Key::new(hmac::HMAC_SHA256, secret));
        Self::with(move |room, identity| sign(&id, &key, room, identity))
    }

    /// As somebody else makes them, for a room and an identity.
    pub fn with(issue: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(issue))
    }

    /// Lets one identity publish and play in one room for an hour.
    pub fn issue(&self, room: &str, identity: &str) -> String {
        (self.0)(room, identity)
    }
}

fn sign(id: &str, key: &hmac::Key, room: &str, identity: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.unwrap_or_default().as_secs();
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": id});
    let claims = json!({
        "room": room, "sub": identity, "publish": true, "subscribe": true, "iat": now, "exp": now + LIFE_SECONDS,
    });
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", encode(signature.as_ref()))
}

impl fmt::Debug for Issuer {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer(…)")
    }
}

/// Longer than any run, and below every sensible `auth.max_ttl`.
const LIFE_SECONDS: u64 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_it_should_be() {
        let token = Issuer::new("main", b"an HS256 secret of 32 bytes, yes").issue("room", "anna");
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            panic!("{token}")
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&decode(header)).unwrap();
        assert_eq!(header, json!({"alg": "HS256", "typ": "JWT", "kid": "main"}));
        let claims: serde_json::Value = serde_json::from_slice(&decode(claims)).unwrap();
        assert_eq!(
            (&claims["room"], &claims["sub"]),
            (&json!("room"), &json!("anna"))
        );
        assert_eq!(decode(signature).len(), 32);
    }
}
