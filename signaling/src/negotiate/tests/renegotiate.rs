//! Further offers, held against what was established.

use super::*;

/// Sealed and either way, as a member of a call has it.
const CALL: Terms = Terms {
    permit: EITHER,
    sealed: true,
};

fn first(offer: &str) -> Negotiated {
    let ice = ice();
    negotiate(offer, &ours(&ice), CALL, &mut counter()).unwrap()
}

fn further(offer: &str, established: &Established) -> Result<Renegotiated, NegotiateError> {
    let ice = IceCredentials {
        ufrag: "restartedUfrag".to_owned(),
        pwd: "restartedPasswordOf24Chars".to_owned(),
    };
    super::super::renegotiate(offer, established, &ours(&ice), &mut counter())
}

fn ours(ice: &IceCredentials) -> Ours<'_> {
    Ours {
        session: 42,
        ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &[],
        video_bitrate: 1_500_000,
    }
}

/// Begins anew each time, so that what is new has to stand back for what is there.
fn counter() -> impl FnMut() -> u32 {
    let mut last = 0x1000_0000;
    move || {
        last += 1;
        last
    }
}

#[test]
fn the_same_offer_again_is_answered_the_same_under_the_next_version() {
    for name in ["chromium-session", "firefox-session"] {
        let negotiated = first(offer(name));
        let again = further(offer(name), &negotiated.established).unwrap();
        let expected = negotiated.answer.replace("o=- 42 1 ", "o=- 42 2 ");
        assert_eq!(again.answer, expected, "{name}");
        assert!(again.publications.is_empty() && again.subscriptions.is_empty());
        assert_eq!(again.restart, None);
    }
}
