//! Session descriptions, and the answer to them.

use rapport_sfu::parameters::Fingerprint;
use rapport_signaling::negotiate::{Ours, Permit, Terms, negotiate};
use rapport_signaling::sdp::{Fragment, MAX_BYTES, MAX_SECTIONS, Offer};

use crate::check;

/// An offer or a fragment is read or refused within its bounds; an answer has a section for each of the offer's, and
/// reads as a description itself.
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
    for permit in PERMITS {
        let mut random = 0;
        let mut draw = || {
            random += 1;
            random
        };
        let Ok(negotiated) = negotiate(text, &ours, Terms::clear(permit), &mut draw) else {
            continue;
        };
        let again = Offer::read(&negotiated.answer).expect("an answer of our own");
        assert_eq!(again.sections.len(), offer.sections.len());
        assert!(permit.publish || negotiated.publications.is_empty());
        assert!(permit.subscribe || negotiated.subscriptions.is_empty());
    }
}

const PERMITS: [Permit; 2] = [
    Permit {
        publish: true,
        subscribe: false,
    },
    Permit {
        publish: false,
        subscribe: true,
    },
];
