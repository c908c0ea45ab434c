//! Session descriptions, and the answer to them.

use rapport_sfu::parameters::Fingerprint;
use rapport_signaling::negotiate::{Negotiated, Ours, Permit, Terms, negotiate, renegotiate};
use rapport_signaling::sdp::{Fragment, MAX_BYTES, MAX_SECTIONS, Offer};

use crate::check;

/// An offer or a fragment is read or refused within its bounds; an answer has a section for each of the offer's, and
/// reads as a description itself. The same offer again adds nothing.
pub fn sdp(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(fragment) = Fragment::read(text) {
        assert!(text.len() <= MAX_BYTES && fragment.sections.len() <= MAX_SECTIONS);
        let _ = fragment.credentials();
    }
    if let Ok(offer) = Offer::read(text) {
        assert!(text.len() <= MAX_BYTES && offer.sections.len() <= MAX_SECTIONS);
        answer(text, &offer);
    }
}

fn answer(text: &str, offer: &Offer<'_>) {
    let ice = check::local();
    let ours = Ours {
        session: 1,
        ice: &ice,
        fingerprint: Fingerprint([7; 32]),
        candidates: &[],
        video_bitrate: 2_500_000,
    };
    for (permit, sealed) in PERMITS {
        let mut random = 0;
        let mut draw = || {
            random += 1;
            random
        };
        let terms = Terms { permit, sealed };
        let Ok(negotiated) = negotiate(text, &ours, terms, &mut draw) else {
            continue;
        };
        let again = Offer::read(&negotiated.answer).expect("an answer of our own");
        assert_eq!(again.sections.len(), offer.sections.len());
        assert!(permit.publish || negotiated.publications.is_empty());
        assert!(permit.subscribe || negotiated.subscriptions.is_empty());
        offer_again(text, &ours, &negotiated);
    }
}

/// Only the version differs.
fn offer_again(text: &str, ours: &Ours<'_>, first: &Negotiated) {
    let again = renegotiate(text, &first.established, ours, &mut || 7).expect("what was taken before");
    assert!(again.publications.is_empty() && again.subscriptions.is_empty() && again.restart.is_none());
    let body = |answer: &str| answer.split_once("\r\ns=").map(|(_, body)| body.to_owned());
    assert_eq!(body(&again.answer), body(&first.answer));
}

const PERMITS: [(Permit, bool); 3] = [(PUBLISH, false), (SUBSCRIBE, false), (EITHER, true)];

const PUBLISH: Permit = Permit {
    publish: true,
    subscribe: false,
};
const SUBSCRIBE: Permit = Permit {
    publish: false,
    subscribe: true,
};
const EITHER: Permit = Permit {
    publish: true,
    subscribe: true,
};
