//! A track that is to be sealed.

use super::*;
use crate::id::SenderIndex;

/// A delta frame of sender 1 behind the shortest descriptor: three clear bytes, header, ciphertext, tag.
const SEALED: &[u8] = &[
    0x10, 0x31, 0x02, 0x00, 0xa3, 0x10, 0x00, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
/// The same of sender 2.
const ANOTHERS: &[u8] = &[
    0x10, 0x31, 0x02, 0x00, 0xa3, 0x20, 0x00, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
/// The rest of a frame.
const CONTINUED: &[u8] = &[0x00, 1, 2, 3];

fn sealed() -> Fixture {
    let mut parameters = publication("1", vec![payload(96, Codec::Vp8, Some(97))], &[]);
    parameters.sealed = Some(SenderIndex(1));
    Fixture::new(parameters)
}

/// What came of a packet, without its details.
fn feed(fixture: &mut Fixture, sequence: u16, payload: &[u8]) -> Result<(), Drop> {
    let now = fixture.start;
    fixture
        .receive(now, Flow::Media, &media(sequence, payload))
        .map(|_| ())
}

fn events(fixture: &mut Fixture) -> Vec<Event> {
    std::iter::from_fn(|| fixture.publication.poll_event()).collect()
}

#[test]
fn sealed_frames_pass_in_any_order_and_with_holes() {
    let mut fixture = sealed();
    for (sequence, payload) in [(2, CONTINUED), (1, SEALED), (7, CONTINUED), (8, SEALED), (5, &[])] {
        assert_eq!(feed(&mut fixture, sequence, payload), Ok(()), "{sequence}");
    }
    assert!(!fixture.publication.is_refused());
    assert_eq!(events(&mut fixture), [Event::Started { track: TRACK }]);
}

#[test]
fn one_clear_frame_refuses_the_track_for_good_and_is_told_once() {
    for clear in [KEYFRAME, ANOTHERS] {
        let mut fixture = sealed();
        let now = fixture.start;
        let (kept, ..) = fixture.receive(now, Flow::Media, &media(1, SEALED)).unwrap();
        assert!(fixture.publication.cached(now, EncodingIndex(0), kept).is_some());
        for (sequence, payload) in [(2, clear), (3, SEALED), (4, CONTINUED), (5, clear), (6, &[])] {
            assert_eq!(feed(&mut fixture, sequence, payload), Err(Drop::Unsealed));
        }
        assert!(fixture.publication.is_refused());
        assert!(fixture.publication.cached(now, EncodingIndex(0), kept).is_none());
        let told = [Event::Started { track: TRACK }, Event::Unsealed { track: TRACK }];
        assert_eq!(events(&mut fixture), told);
        assert_eq!(feed(&mut fixture, 7, clear), Err(Drop::Unsealed));
        assert_eq!(events(&mut fixture), []);
    }
}

#[test]
fn a_clear_frame_that_comes_by_retransmission_is_one_too() {
    let mut fixture = sealed();
    let now = fixture.start;
    feed(&mut fixture, 3, SEALED).unwrap();
    let repaired = [&2u16.to_be_bytes(), SEALED].concat();
    assert!(fixture.receive(now, Flow::Rtx, &rtx(&repaired)).is_ok());
    let repaired = [&1u16.to_be_bytes(), KEYFRAME].concat();
    let refused = fixture.receive(now, Flow::Rtx, &rtx(&repaired));
    assert_eq!(refused, Err(Drop::Unsealed));
    assert!(fixture.publication.is_refused());
}

#[test]
fn what_was_never_to_be_sealed_is_not_looked_at() {
    let mut fixture = Fixture::video();
    assert_eq!(feed(&mut fixture, 1, KEYFRAME), Ok(()));
    assert!(!fixture.publication.is_refused());
    assert_eq!(events(&mut fixture), [Event::Started { track: TRACK }]);
}
