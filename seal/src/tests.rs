//! The vectors of RFC 9605, and what sealing must and must not open.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;

/// Of every byte.
const KEY: u8 = 7;
const KID: Kid = Kid::first_of(SenderIndex(3));

fn base(key: u8) -> BaseKey {
    BaseKey::new(KID, [key; 32])
}

fn sealer() -> Sealer {
    Sealer::new(&base(KEY), 300).unwrap()
}

fn opener(key: u8) -> Opener {
    let mut opener = Opener::default();
    opener.add(&base(key)).unwrap();
    opener
}

const TRAILER: Trailer = Trailer {
    capture_micros: 1_795_816_800_123_456,
    width: 1280,
    height: 720,
};

/// What comes back of it.
fn trailer_of(codec: Codec) -> Trailer {
    let sound = Trailer {
        width: 0,
        height: 0,
        ..TRAILER
    };
    if codec == Codec::Opus { sound } else { TRAILER }
}

/// A frame of each codec, and how long its prefix is; of VP8 and AV1 a key frame and the one after it.
fn frames() -> [(Codec, Vec<u8>, usize); 7] {
    let body = |first: u8| [&[first], [0x5a; 60].as_slice()].concat();
    let av1 = |before: &[u8]| [before, &[0x32, 60], &[0x5a; 60]].concat();
    [
        (
            Codec::H264,
            [&[0, 0, 0, 1, 0x67, 9, 0, 0, 1], &body(0x65)[..]].concat(),
            11,
        ),
        (Codec::Av1, av1(&[0x0a, 3, 1, 2, 3]), 5),
        (Codec::Av1, av1(&[]), 0),
        (Codec::Vp8, body(0x10), 10),
        (Codec::Vp8, body(0x11), 3),
        (Codec::Vp9, body(0x82), 0),
        (Codec::Opus, body(0xf8), 1),
    ]
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/sframe.json")).unwrap()
}

/// Made by another implementation of the derivation and of layout 2, on another AES.
fn layout_vectors() -> Value {
    serde_json::from_str(include_str!("../../web/client/src/sealing/vectors/layout.json")).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn headers_are_those_of_the_standard() {
    let vectors = vectors();
    let headers = vectors["header"].as_array().unwrap();
    assert_eq!(headers.len(), 289);
    for vector in headers {
        let (kid, ctr) = (vector["kid"].as_u64().unwrap(), vector["ctr"].as_u64().unwrap());
        let written = Vec::from(&SframeHeader::new(kid, ctr));
        assert_eq!(written, hex(&vector["encoded"]), "{vector}");
        let read = SframeHeader::deserialize(&written).unwrap();
        assert_eq!((read.key_id(), read.counter()), (kid, ctr));
    }
}

#[test]
fn ciphertexts_are_those_of_the_standard() {
    let suites = [
        (4, CipherSuite::AesGcm128Sha256),
        (5, CipherSuite::AesGcm256Sha512),
    ];
    let vectors = vectors();
    for vector in vectors["sframe"].as_array().unwrap() {
        let number = vector["cipher_suite"].as_u64().unwrap();
        let (_, suite) = suites.iter().find(|(known, _)| *known == number).unwrap();
        let (kid, ctr) = (vector["kid"].as_u64().unwrap(), vector["ctr"].as_u64().unwrap());
        let key = EncryptionKey::derive_from(*suite, kid, hex(&vector["base_key"])).unwrap();
        let mut counter = MonotonicCounter::with_start_value(ctr, ctr);
        let (plain, metadata) = (hex(&vector["pt"]), hex(&vector["metadata"]));
        let view = MediaFrameView::try_with_meta_data(&mut counter, &plain, &metadata).unwrap();
        let sealed = view.encrypt(&key).unwrap();
        assert_eq!(
            sealed.as_ref(),
            [metadata, hex(&vector["ct"])].concat(),
            "{vector}"
        );
    }
    assert_eq!(vectors["sframe"].as_array().unwrap().len(), suites.len());
}

#[test]
fn sealed_frames_are_those_of_another_implementation() {
    let vectors = layout_vectors();
    let kid = Kid(vectors["kid"].as_u64().unwrap() as u32);
    let base = BaseKey::new(kid, hex(&vectors["base_key"]).try_into().unwrap());
    let number = |name: &str| vectors[name].as_u64().unwrap();
    let trailer = Trailer {
        capture_micros: number("capture_micros"),
        width: number("width") as u16,
        height: number("height") as u16,
    };
    for vector in vectors["frames"].as_array().unwrap() {
        let codec = Codec::deserialize(&vector["codec"]).unwrap();
        let mut sealer = Sealer::new(&base, vector["ctr"].as_u64().unwrap()).unwrap();
        let sealed = sealer.seal(codec, &hex(&vector["frame"]), &trailer).unwrap();
        assert_eq!(sealed, hex(&vector["sealed"]), "{vector}");
    }
}

#[test]
fn what_is_sealed_is_opened_and_its_prefix_stays_clear() {
    let (mut sealer, mut opener) = (sealer(), opener(KEY));
    for (codec, frame, prefix) in frames() {
        let sealed = sealer.seal(codec, &frame, &TRAILER).unwrap();
        assert_eq!(sealed[..prefix], frame[..prefix], "{codec:?}");
        // Suite 5 of sender 3: three bytes of KID, two of a counter from 300 on.
        let behind = layout::sealed(codec, &sealed[prefix..]).unwrap();
        let header = SframeHeader::deserialize(&behind).unwrap();
        assert_eq!((header.key_id(), header.len()), (0x30_0000, 1 + 3 + 2));
        assert_eq!(behind[0] & 0x80, 0x80, "X is set");
        assert!(
            !sealed[prefix..].windows(8).any(|window| window == [0x5a; 8]),
            "{codec:?}"
        );
        assert_eq!(kid_of(codec, &sealed), Some(KID));
        let trailer = trailer_of(codec);
        assert_eq!(
            opener.open(codec, &sealed).unwrap(),
            Opened {
                kid: KID,
                frame,
                trailer
            }
        );
    }
}

#[test]
fn another_key_opens_nothing() {
    let (mut sealer, mut opener) = (sealer(), opener(6));
    for (codec, frame, _) in frames() {
        let sealed = sealer.seal(codec, &frame, &TRAILER).unwrap();
        let refused = opener.open(codec, &sealed);
        assert!(matches!(refused, Err(SealError::Unauthentic(KID))), "{refused:?}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    for (codec, frame, _) in frames() {
        let sealed = sealer().seal(codec, &frame, &TRAILER).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x20;
            let refused = opener(KEY).open(codec, &changed);
            assert!(refused.is_err(), "{codec:?}, byte {at}");
        }
    }
}

#[test]
fn a_frame_is_opened_once() {
    let (mut sealer, mut opener) = (sealer(), opener(KEY));
    let first = sealer.seal(Codec::Vp9, b"first", &TRAILER).unwrap();
    let second = sealer.seal(Codec::Vp9, b"second", &TRAILER).unwrap();
    assert!(opener.open(Codec::Vp9, &second).is_ok());
    assert!(opener.open(Codec::Vp9, &first).is_ok(), "late, but new");
    for again in [first, second] {
        let refused = opener.open(Codec::Vp9, &again);
        assert!(matches!(refused, Err(SealError::Replayed(KID))), "{refused:?}");
    }
}

#[test]
fn frames_without_a_key_or_a_seal_are_told_apart() {
    let sealed = sealer().seal(Codec::Vp9, b"picture", &TRAILER).unwrap();
    let mut opener = Opener::default();
    assert!(matches!(
        opener.open(Codec::Vp9, &sealed),
        Err(SealError::NoKey(KID))
    ));
    for (codec, frame, _) in frames() {
        assert!(
            matches!(opener.open(codec, &frame), Err(SealError::Clear)),
            "{codec:?}"
        );
    }
}

#[test]
fn sounds_of_different_length_look_alike() {
    let mut sealer = sealer();
    let mut length = |payload: usize| {
        let frame = [&[0xf8], vec![1; payload].as_slice()].concat();
        sealer
            .seal(Codec::Opus, &frame, &TRAILER)
            .map(|sealed| sealed.len())
    };
    let around = 1 + 6 + TAG_BYTES;
    for (payload, plain) in [(0, 96), (2, 96), (86, 96), (87, 192), (182, 192), (1526, 1536)] {
        assert_eq!(length(payload).unwrap(), around + plain, "{payload}");
    }
    assert!(matches!(length(1527), Err(SealError::Layout)));
}

#[test]
fn sounds_that_are_padded_by_other_rules_are_refused() {
    let padded = |length: u16, total: usize, at: usize| {
        let mut plain = vec![0; total];
        plain[..2].copy_from_slice(&length.to_be_bytes());
        plain[at] = 1;
        layout::content(Codec::Opus, &plain).map(|(payload, _)| payload.len())
    };
    assert_eq!(padded(9, 96, 3), Some(9));
    assert_eq!(padded(86, 96, 87), Some(86), "full");
    assert_eq!(padded(9, 96, 11), None, "a byte where nothing is");
    assert_eq!(padded(9, 96, 87), None, "the last of them");
    assert_eq!(padded(9, 96, 88), Some(9), "the trailer");
    assert_eq!(padded(9, 192, 3), None, "a bucket too large");
    assert_eq!(padded(87, 96, 3), None, "more than there is");
    assert_eq!(padded(9, 95, 3), None, "no bucket");
}

#[test]
fn what_holds_nothing_is_not_sealed() {
    for (codec, frame) in [
        (Codec::Opus, &[][..]),
        (Codec::Vp8, &[0; 10]),
        (Codec::Vp8, &[1, 0]),
        (Codec::Vp9, &[]),
    ] {
        assert!(
            matches!(sealer().seal(codec, frame, &TRAILER), Err(SealError::Layout)),
            "{codec:?}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_frames_come_back(codec in prop_oneof![Just(Codec::Opus), Just(Codec::Vp8), Just(Codec::Vp9)],
                                  frame in proptest::collection::vec(any::<u8>(), 11..1200)) {
        let sealed = sealer().seal(codec, &frame, &TRAILER).unwrap();
        prop_assert_eq!(opener(KEY).open(codec, &sealed).unwrap().frame, frame);
    }

    #[test]
    fn arbitrary_bytes_open_nothing(codec in prop_oneof![Just(Codec::Opus), Just(Codec::Vp8), Just(Codec::Vp9)],
                                    bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(opener(KEY).open(codec, &bytes).is_err());
    }
}
