use super::*;
use crate::codec::Codec;
use crate::publication::testing::{Packet, media, payload, publication};

const AUDIO: TrackId = TrackId(1);
const CAMERA: TrackId = TrackId(2);
const SCREEN: TrackId = TrackId(3);

/// Microphone in mid 0, camera in mid 1 with three encodings, screen in mid 2; both videos share payload types.
fn sources() -> Sources {
    let vp8 = || vec![payload(96, Codec::Vp8, Some(97))];
    let mut sources = Sources::default();
    sources.declare(
        AUDIO,
        &publication("0", vec![payload(111, Codec::Opus, None)], &[]),
    );
    sources.declare(CAMERA, &publication("1", vp8(), &["q", "h", "f"]));
    sources.declare(SCREEN, &publication("2", vp8(), &[]));
    sources
}

fn resolve(sources: &mut Sources, ssrc: u32, pt: u8, extensions: Extensions<'_>) -> Result<Source, Drop> {
    let packet = Packet {
        ssrc,
        pt,
        sequence: 1,
        timestamp: 1,
        extensions,
        payload: b"x",
    }
    .write();
    let header = Header::parse(&packet).unwrap();
    let extensions = Extensions::parse(&header, &packet, sources.extensions());
    sources.resolve(&header, &extensions)
}

fn named(mid: &str, rid: Option<&str>, repaired: Option<&str>) -> Extensions<'static> {
    Extensions {
        mid: Mid::new(mid),
        rid: rid.and_then(Rid::new),
        repaired_rid: repaired.and_then(Rid::new),
        ..Extensions::default()
    }
}

fn source(track: TrackId, encoding: u8, flow: Flow) -> Result<Source, Drop> {
    Ok(Source {
        track,
        encoding: EncodingIndex(encoding),
        flow,
    })
}

#[test]
fn mid_and_rid_name_an_encoding_and_its_ssrc_is_remembered() {
    let mut sources = sources();
    let half = source(CAMERA, 1, Flow::Media);
    assert_eq!(resolve(&mut sources, 10, 96, named("1", Some("h"), None)), half);
    assert_eq!(resolve(&mut sources, 10, 96, Extensions::default()), half);
    let repair = source(CAMERA, 2, Flow::Rtx);
    assert_eq!(resolve(&mut sources, 11, 97, named("1", None, Some("f"))), repair);
    assert_eq!(resolve(&mut sources, 11, 97, Extensions::default()), repair);
    assert_eq!(
        resolve(&mut sources, 12, 96, named("2", None, None)),
        source(SCREEN, 0, Flow::Media)
    );
}

#[test]
fn a_payload_type_is_enough_only_where_it_is_unique() {
    let mut sources = sources();
    assert_eq!(
        resolve(&mut sources, 1, 111, Extensions::default()),
        source(AUDIO, 0, Flow::Media)
    );
    let unknown = Err(Drop::UnknownSource);
    assert_eq!(resolve(&mut sources, 2, 96, Extensions::default()), unknown);
    assert_eq!(resolve(&mut sources, 2, 96, named("9", None, None)), unknown);
    assert_eq!(resolve(&mut sources, 2, 96, named("1", None, None)), unknown);
    assert_eq!(resolve(&mut sources, 2, 96, named("1", Some("z"), None)), unknown);
    let wrong = Err(Drop::UnknownPayloadType);
    assert_eq!(resolve(&mut sources, 2, 50, named("1", Some("h"), None)), wrong);
    sources.declare(
        TrackId(9),
        &publication("8", vec![payload(96, Codec::Vp8, None)], &[]),
    );
    sources.remove(CAMERA);
    assert_eq!(resolve(&mut sources, 2, 96, Extensions::default()), unknown);
    sources.remove(TrackId(9));
    assert_eq!(
        resolve(&mut sources, 2, 96, Extensions::default()),
        source(SCREEN, 0, Flow::Media)
    );
}

#[test]
fn a_changed_mid_moves_an_ssrc() {
    let mut sources = sources();
    let _ = resolve(&mut sources, 10, 96, named("1", Some("h"), None));
    let moved = source(SCREEN, 0, Flow::Media);
    assert_eq!(resolve(&mut sources, 10, 96, named("2", None, None)), moved);
    assert_eq!(resolve(&mut sources, 10, 96, Extensions::default()), moved);
}

#[test]
fn declared_sources_need_no_extension_and_are_never_evicted() {
    let mut sources = sources();
    let encodings = vec![EncodingParameters {
        rid: None,
        ssrc: Some(Ssrc(500)),
        rtx_ssrc: Some(Ssrc(501)),
    }];
    let media = media("3", vec![payload(96, Codec::Vp8, Some(97))]);
    sources.declare(
        TrackId(4),
        &PublicationParameters {
            media,
            encodings,
            sealed: None,
        },
    );
    for ssrc in 1000..1200 {
        let rid = ["q", "h", "f"][ssrc as usize % 3];
        assert!(resolve(&mut sources, ssrc, 96, named("1", Some(rid), None)).is_ok());
        assert!(sources.latches.len() <= MAX_SOURCES);
    }
    assert_eq!(
        resolve(&mut sources, 500, 96, Extensions::default()),
        source(TrackId(4), 0, Flow::Media)
    );
    assert_eq!(
        resolve(&mut sources, 501, 97, Extensions::default()),
        source(TrackId(4), 0, Flow::Rtx)
    );
}

#[test]
fn a_new_ssrc_takes_the_place_of_the_one_before_it() {
    let mut sources = sources();
    let rid = || named("1", Some("q"), None);
    assert!(resolve(&mut sources, 1, 96, rid()).is_ok() && resolve(&mut sources, 2, 96, rid()).is_ok());
    assert_eq!(
        resolve(&mut sources, 1, 96, Extensions::default()),
        Err(Drop::UnknownSource)
    );
    assert_eq!(
        resolve(&mut sources, 2, 96, Extensions::default()),
        source(CAMERA, 0, Flow::Media)
    );
}

#[test]
fn more_sources_than_a_transport_may_have_are_refused() {
    let mut sources = Sources::default();
    for track in 0..80u32 {
        let mut parameters = publication(&track.to_string(), vec![payload(96, Codec::Vp8, Some(97))], &[]);
        parameters.encodings[0].ssrc = Some(Ssrc(2 * track));
        parameters.encodings[0].rtx_ssrc = Some(Ssrc(2 * track + 1));
        sources.declare(TrackId(u64::from(track)), &parameters);
    }
    assert_eq!(
        resolve(&mut sources, 127, 97, Extensions::default()),
        source(TrackId(63), 0, Flow::Rtx)
    );
    assert_eq!(
        resolve(&mut sources, 158, 96, named("79", None, None)),
        Err(Drop::TooManySources)
    );
}
