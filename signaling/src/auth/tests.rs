use super::*;

const SECRET: &[u8] = b"an HS256 secret of 32 bytes, yes";
const HOUR: Duration = Duration::from_secs(3600);

fn keys() -> Keys {
    let mut keys = Keys::new(HOUR);
    keys.add_secret("main", SECRET).unwrap();
    keys
}

fn claims() -> Claims {
    Claims {
        publish: true,
        ..Claims::new("one", "anna", unix_now() + 60)
    }
}

/// Signs anything, as a forger or a sloppy issuer would.
fn sign(header: &Header, claims: &impl serde::Serialize) -> String {
    provider::install();
    encode(header, claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn header() -> Header {
    Header {
        kid: Some("main".into()),
        ..Header::new(Algorithm::HS256)
    }
}

fn refusal(token: &str) -> TokenError {
    keys().verify(Bearer::new(token)).unwrap_err()
}

#[test]
fn what_we_issue_we_accept() {
    let token = keys().issue(claims()).unwrap();
    let grant = keys().verify(Bearer::new(&token)).unwrap();
    assert!(
        grant
            .join(&RoomName::new("one").unwrap(), Role::Publisher)
            .is_ok()
    );
}

#[test]
fn an_eddsa_pair_signs_and_verifies() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut keys = Keys::new(HOUR);
    keys.add_private_key("ed", pair.serialize_pem().as_bytes())
        .unwrap();
    keys.add_public_key("ed", pair.public_key_pem().as_bytes())
        .unwrap();
    let token = keys.issue(claims()).unwrap();
    assert!(keys.verify(Bearer::new(&token)).is_ok());
}

/// Written by `openssl genpkey -algorithm ed25519`, and its public half by `openssl pkey -pubout`
/// (the key pair of RFC 8410 §10).
#[test]
fn keys_of_openssl_are_read() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let mut keys = Keys::new(HOUR);
    keys.add_private_key("ed", private.as_bytes()).unwrap();
    keys.add_public_key("ed", public.as_bytes()).unwrap();
    let token = keys.issue(claims()).unwrap();
    assert!(keys.verify(Bearer::new(&token)).is_ok());
}

#[test]
fn an_unsigned_token_is_refused() {
    // {"alg":"none","kid":"main"} and honest claims without a signature.
    let signed = sign(&header(), &claims());
    let body = signed.split('.').nth(1).unwrap();
    let token = format!("eyJhbGciOiJub25lIiwia2lkIjoibWFpbiJ9.{body}.");
    assert_eq!(refusal(&token), TokenError::Malformed);
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut keys = Keys::new(HOUR);
    keys.add_public_key("main", pair.public_key_pem().as_bytes())
        .unwrap();
    for secret in [pair.public_key_raw(), pair.public_key_pem().as_bytes()] {
        let token = encode(&header(), &claims(), &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(keys.verify(Bearer::new(&token)), Err(TokenError::Signature));
    }
}

#[test]
fn a_changed_token_is_refused() {
    let token = sign(&header(), &claims());
    let other = sign(
        &header(),
        &Claims {
            admin: true,
            ..claims()
        },
    );
    let (body, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{body}.{signature}")), TokenError::Signature);
}

#[test]
fn an_expired_token_is_refused_after_the_leeway() {
    let expired = |ago| sign(&header(), &Claims::new("one", "anna", unix_now() - ago));
    assert_eq!(refusal(&expired(LEEWAY.as_secs() + 2)), TokenError::Expired);
    assert!(keys().verify(Bearer::new(&expired(2))).is_ok());
}

#[test]
fn a_token_that_lives_too_long_is_refused() {
    let token = sign(
        &header(),
        &Claims::new("one", "anna", unix_now() + 2 * HOUR.as_secs()),
    );
    assert_eq!(refusal(&token), TokenError::TooLong);
    let token = sign(&header(), &Claims::new("one", "anna", u64::MAX));
    assert_eq!(refusal(&token), TokenError::TooLong);
}

#[test]
fn a_token_of_the_future_is_refused() {
    let later = Some(unix_now() + 60);
    let not_before = Claims {
        nbf: later,
        ..claims()
    };
    let issued = Claims {
        iat: later,
        ..claims()
    };
    assert_eq!(refusal(&sign(&header(), &not_before)), TokenError::NotYetValid);
    assert_eq!(refusal(&sign(&header(), &issued)), TokenError::NotYetValid);
}

#[test]
fn a_missing_claim_is_named() {
    let body = |skip: &str| {
        let mut body = serde_json::to_value(claims()).unwrap();
        body.as_object_mut().unwrap().remove(skip);
        sign(&header(), &body)
    };
    for claim in ["room", "sub", "exp"] {
        assert_eq!(refusal(&body(claim)), TokenError::Claim(claim));
    }
}

#[test]
fn a_critical_extension_is_refused() {
    let mut header = header();
    header.crit = Some(vec!["b64".into()]);
    assert_eq!(refusal(&sign(&header, &claims())), TokenError::Malformed);
}

#[test]
fn the_key_is_found_by_its_name() {
    let mut other = header();
    other.kid = Some("other".into());
    assert_eq!(refusal(&sign(&other, &claims())), TokenError::UnknownKey);
    other.kid = None;
    let token = sign(&other, &claims());
    assert!(
        keys().verify(Bearer::new(&token)).is_ok(),
        "one key needs no name"
    );
    let mut two = keys();
    two.add_secret("second", SECRET).unwrap();
    assert_eq!(two.verify(Bearer::new(&token)), Err(TokenError::UnknownKey));
}

#[test]
fn a_weak_secret_is_refused() {
    let mut keys = Keys::new(HOUR);
    assert_eq!(keys.add_secret("main", &SECRET[1..]), Err(KeyError::ShortSecret));
}

#[test]
fn nothing_of_a_token_shows_in_logs() {
    let token = keys().issue(claims()).unwrap();
    let shown = format!("{:?}", Bearer::new(&token));
    assert!(!shown.contains(&token[..8]));
    let grant = keys().verify(Bearer::new(&token)).unwrap();
    assert!(!format!("{grant:?}").contains("anna"));
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_is_no_token(text in ".{0,200}") {
        proptest::prop_assert!(keys().verify(Bearer::new(&text)).is_err());
    }
}
