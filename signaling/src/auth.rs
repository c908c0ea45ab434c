//! Who may do what: signed tokens in, grants out.
//!
//! Owns: the keys, verification and issuing. Never does: know rooms or sessions.

mod grant;
mod provider;
mod token;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};

pub use grant::{Grant, Identity, Join, Refused, Role, RoomName};
pub use token::{Bearer, Claims, TokenError};

/// How far the clocks of issuer and server may be apart: what machines without NTP drift in weeks.
const LEEWAY: Duration = Duration::from_secs(10);

/// RFC 7518 §3.2: "A key of the same size as the hash output … or larger MUST be used."
const SECRET_BYTES: usize = 32;

/// A key that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Shorter than the output of its hash (RFC 7518 §3.2).
    #[error("the secret is shorter than {SECRET_BYTES} bytes")]
    ShortSecret,
    /// Not PEM of an Ed25519 key.
    #[error("not an Ed25519 key in PEM")]
    Pem,
    /// Two keys of one name.
    #[error("another key has the same kid")]
    Duplicate,
    /// There is nothing to sign with: public keys only.
    #[error("no key that can sign: an HS256 secret or an EdDSA private key is needed")]
    NoSigner,
}

/// The keys of the configuration, by `kid`.
#[derive(Clone, Default)]
pub struct Keys {
    verifiers: HashMap<String, Verifier>,
    signer: Option<Signer>,
    max_ttl: Duration,
}

/// The algorithm stands beside the key, so that a token's header can't pair it with another.
#[derive(Clone)]
struct Verifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Clone)]
struct Signer {
    kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Keys {
    /// No keys yet: verifies nothing.
    pub fn new(max_ttl: Duration) -> Self {
        provider::install();
        Self {
            max_ttl,
            ..Self::default()
        }
    }

    /// Adds an HS256 secret. The first key that can sign is the one that signs.
    pub fn add_secret(&mut self, kid: &str, secret: &[u8]) -> Result<(), KeyError> {
        if secret.len() < SECRET_BYTES {
            return Err(KeyError::ShortSecret);
        }
        self.add_verifier(kid, Algorithm::HS256, DecodingKey::from_secret(secret))?;
        self.add_signer(kid, Algorithm::HS256, EncodingKey::from_secret(secret));
        Ok(())
    }

    /// Adds an EdDSA public key: an `PUBLIC KEY` block of PEM.
    pub fn add_public_key(&mut self, kid: &str, pem: &[u8]) -> Result<(), KeyError> {
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| KeyError::Pem)?;
        self.add_verifier(kid, Algorithm::EdDSA, key)
    }

    /// Lets an EdDSA private key sign: a `PRIVATE KEY` block of PEM (PKCS #8).
    pub fn add_private_key(&mut self, kid: &str, pem: &[u8]) -> Result<(), KeyError> {
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| KeyError::Pem)?;
        self.add_signer(kid, Algorithm::EdDSA, key);
        Ok(())
    }

    /// Turns a token into what it permits.
    pub fn verify(&self, token: Bearer<'_>) -> Result<Grant, TokenError> {
        let header = decode_header(token.as_str()).map_err(|_| TokenError::Malformed)?;
        // RFC 7515 §4.1.11: a critical extension that is not understood makes the token invalid. We understand none.
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let verifier = self.verifier(header.kid.as_deref())?;
        let claims = decode::<Claims>(token.as_str(), &verifier.key, &validation(verifier.algorithm))
            .map_err(|error| token_error(error.kind()))?
            .claims;
        self.check_lifetime(&claims)?;
        Grant::new(&claims)
    }

    /// Signs claims, `iat` filled in.
    pub fn issue(&self, claims: Claims) -> Result<String, KeyError> {
        let signer = self.signer.as_ref().ok_or(KeyError::NoSigner)?;
        let mut header = Header::new(signer.algorithm);
        header.kid = Some(signer.kid.clone());
        let claims = Claims {
            iat: Some(unix_now()),
            ..claims
        };
        encode(&header, &claims, &signer.key).map_err(|_| KeyError::Pem)
    }

    /// The longest life of a token.
    pub fn max_ttl(&self) -> Duration {
        self.max_ttl
    }

    fn add_verifier(&mut self, kid: &str, algorithm: Algorithm, key: DecodingKey) -> Result<(), KeyError> {
        let previous = self.verifiers.insert(kid.to_owned(), Verifier { algorithm, key });
        previous.map_or(Ok(()), |_| Err(KeyError::Duplicate))
    }

    fn add_signer(&mut self, kid: &str, algorithm: Algorithm, key: EncodingKey) {
        self.signer.get_or_insert_with(|| Signer {
            kid: kid.to_owned(),
            algorithm,
            key,
        });
    }

    /// A token without `kid` is unambiguous while there is one key.
    fn verifier(&self, kid: Option<&str>) -> Result<&Verifier, TokenError> {
        let found = match kid {
            Some(kid) => self.verifiers.get(kid),
            None if self.verifiers.len() == 1 => self.verifiers.values().next(),
            None => None,
        };
        found.ok_or(TokenError::UnknownKey)
    }

    fn check_lifetime(&self, claims: &Claims) -> Result<(), TokenError> {
        let latest = unix_now() + LEEWAY.as_secs();
        if claims.exp > latest.saturating_add(self.max_ttl.as_secs()) {
            return Err(TokenError::TooLong);
        }
        if claims.iat.is_some_and(|iat| iat > latest) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

/// A new Ed25519 pair in PEM: the private key, then the public one.
pub fn generate_key() -> Option<(String, String)> {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).ok()?;
    Some((pair.serialize_pem(), pair.public_key_pem()))
}

/// Seconds since 1970, as tokens count.
pub fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY.as_secs();
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation
}

fn token_error(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => TokenError::Signature,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYetValid,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            TokenError::Claim(known_claim(claim))
        }
        ErrorKind::Json(error) => claim_of(&error.to_string()),
        ErrorKind::InvalidAudience => TokenError::Claim("aud"),
        _ => TokenError::Malformed,
    }
}

/// The names of claims that we read, so that no text of a token comes back in an answer.
const CLAIMS: [&str; 8] = [
    "room",
    "sub",
    "publish",
    "subscribe",
    "admin",
    "exp",
    "nbf",
    "iat",
];

fn known_claim(name: &str) -> &'static str {
    CLAIMS.into_iter().find(|claim| *claim == name).unwrap_or("exp")
}

/// serde names a missing field between backticks.
fn claim_of(message: &str) -> TokenError {
    let named = CLAIMS
        .into_iter()
        .find(|claim| message.contains(&format!("`{claim}`")));
    named.map_or(TokenError::Malformed, TokenError::Claim)
}

#[cfg(test)]
mod tests;
