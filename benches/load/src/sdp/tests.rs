//! Against descriptions that the servers wrote: `captured/` holds those of Janus 1.1.2, Pion 3.1.56 and Rapport.

use proptest::prelude::*;
use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Pt, Rid, Ssrc};
use rapport_sfu::parameters::{ExtensionKind, Fingerprint, IceCredentials, MediaParameters};

use super::*;
use crate::session::{Encoding, Local, Publish, Source, Subscribe};

const ANSWERS_TO_PUBLISHERS: [&str; 5] = [
    include_str!("captured/rapport-publish.sdp"),
    include_str!("captured/janus-publish.sdp"),
    include_str!("captured/janus-publish-simulcast.sdp"),
    include_str!("captured/pion-publish.sdp"),
    include_str!("captured/pion-publish-simulcast.sdp"),
];

const ANSWERS_TO_PLAYERS: [&str; 2] = [
    include_str!("captured/rapport-play.sdp"),
    include_str!("captured/pion-play.sdp"),
];

const JANUS_OFFER: &str = include_str!("captured/janus-offer.sdp");

fn local() -> Local {
    Local {
        ice: IceCredentials {
            ufrag: "clientUfrag".to_owned(),
            pwd: "clientPasswordOf24Chars+".to_owned(),
        },
        fingerprint: Fingerprint([7; 32]),
    }
}

fn publish(picture: Codec, rids: &[&str]) -> Publish {
    let encoding = |rid: Option<&str>, ssrc, rtx_ssrc: Option<u32>| Encoding {
        rid: rid.and_then(Rid::new),
        ssrc: Ssrc(ssrc),
        rtx_ssrc: rtx_ssrc.map(Ssrc),
    };
    let encodings = match rids {
        [] => vec![encoding(None, 200, Some(201))],
        rids => (200..)
            .zip(rids)
            .map(|(ssrc, rid)| encoding(Some(rid), ssrc, None))
            .collect(),
    };
    let source = |codec, encodings| Source { codec, encodings };
    Publish {
        room: "room".to_owned(),
        identity: "anna".to_owned(),
        local: local(),
        sources: vec![
            source(Codec::Opus, vec![encoding(None, 100, None)]),
            source(picture, encodings),
        ],
    }
}

fn subscribe(from: &[&str]) -> Subscribe {
    Subscribe {
        room: "room".to_owned(),
        identity: "ben".to_owned(),
        local: local(),
        from: from.iter().map(|&from| from.to_owned()).collect(),
        codecs: vec![Codec::Opus, Codec::Vp8],
    }
}

fn numbers(media: &[MediaParameters]) -> Vec<(MediaKind, Pt, Option<Pt>)> {
    let first = |media: &MediaParameters| (media.kind, media.payloads[0].pt, media.payloads[0].rtx);
    media.iter().map(first).collect()
}

const SOUND_AND_PICTURE: [(MediaKind, Pt, Option<Pt>); 2] = [
    (MediaKind::Audio, Pt(111), None),
    (MediaKind::Video, Pt(96), Some(Pt(97))),
];

#[test]
fn a_publisher_is_taken_by_each_server() {
    let wanted = publish(Codec::Vp8, &[]);
    let offer = ClientDescription::offer_to_publish(&wanted, Setup::Active).unwrap();
    for answer in ANSWERS_TO_PUBLISHERS {
        let answer = ServerDescription::read(answer).unwrap();
        assert!(answer.candidate.ip().is_loopback());
        let media = offer.agree(&answer).unwrap();
        assert_eq!(numbers(&media), SOUND_AND_PICTURE);
        assert!(media[1].payloads[0].nack && media[1].payloads[0].pli);
        let has = |kind| media[1].extensions.iter().any(|extension| extension.kind == kind);
        assert!(has(ExtensionKind::TransportCc));
    }
}

#[test]
fn a_player_has_a_place_for_each_track() {
    let wanted = subscribe(&["anna"]);
    let offer = ClientDescription::offer_to_subscribe(&wanted, Setup::ActPass).unwrap();
    for answer in ANSWERS_TO_PLAYERS {
        let media = offer.agree(&ServerDescription::read(answer).unwrap()).unwrap();
        assert_eq!(numbers(&media), SOUND_AND_PICTURE);
    }
    let wanted = subscribe(&["anna", "carl", "dora"]);
    let offer = ClientDescription::offer_to_subscribe(&wanted, Setup::ActPass)
        .unwrap()
        .to_string();
    assert_eq!(offer.matches("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").count(), 3);
    assert_eq!(offer.matches("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n").count(), 3);
}

#[test]
fn janus_is_answered_with_its_own_numbers() {
    let offer = ServerDescription::read(JANUS_OFFER).unwrap();
    assert_eq!(offer.setup, Setup::ActPass);
    let local = local();
    let answer = ClientDescription::answer(&local, &offer);
    let media = answer.taken().unwrap();
    assert_eq!(numbers(&media), SOUND_AND_PICTURE);
    // Janus did not offer it in sound.
    assert!(!media[0].payloads[0].nack);
    let text = answer.to_string();
    assert_eq!(text.matches("a=setup:active\r\n").count(), 2);
    assert_eq!(text.matches("a=recvonly\r\n").count(), 2);
}

#[test]
fn what_is_of_no_use_is_refused_and_told() {
    let other = JANUS_OFFER.replace("opus/48000/2", "PCMU/8000");
    let offer = ServerDescription::read(&other).unwrap();
    let local = local();
    let answer = ClientDescription::answer(&local, &offer);
    assert_eq!(answer.taken(), Err(SdpError::NotTaken(0)));
    let text = answer.to_string();
    assert!(text.contains("a=group:BUNDLE 1\r\n"));
    assert!(text.contains("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"));
}

#[test]
fn encodings_are_named_by_rid_or_by_ssrc() {
    let wanted = publish(Codec::Vp9 { profile: 0 }, &["q", "h", "f"]);
    let text = ClientDescription::offer_to_publish(&wanted, Setup::Active)
        .unwrap()
        .to_string();
    assert!(text.contains("a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f\r\n"));
    assert!(text.contains("m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n"));
    assert!(!text.contains("a=ssrc:200"));
    let wanted = publish(Codec::Vp8, &[]);
    let text = ClientDescription::offer_to_publish(&wanted, Setup::Active)
        .unwrap()
        .to_string();
    assert!(text.contains("a=ssrc-group:FID 200 201\r\na=ssrc:200 cname:clientUfrag\r\n"));
    assert!(text.contains("a=ssrc:201 cname:clientUfrag\r\n"));
}

#[test]
fn an_answer_that_would_not_do_is_an_error() {
    let wanted = publish(Codec::Vp8, &[]);
    let offer = ClientDescription::offer_to_publish(&wanted, Setup::Active).unwrap();
    let good = ANSWERS_TO_PUBLISHERS[1];
    let agree = |text: &str| offer.agree(&ServerDescription::read(text)?);
    let second_port = good.replace("m=video 9", "m=video 0");
    assert_eq!(agree(&second_port), Err(SdpError::NotTaken(1)));
    let wrong_way = good.replace("a=recvonly", "a=inactive");
    assert_eq!(agree(&wrong_way), Err(SdpError::NotTaken(0)));
    let active = good.replace("a=setup:passive", "a=setup:active");
    assert_eq!(agree(&active), Err(SdpError::Setup("active")));
    let undecided = good.replace("a=setup:passive", "a=setup:actpass");
    assert_eq!(agree(&undecided), Err(SdpError::Setup("actpass")));
    let nowhere = good.replace(" udp ", " tcp ");
    assert_eq!(agree(&nowhere), Err(SdpError::Missing("UDP candidate")));
    let (sections, _) = good.split_once("m=video").unwrap();
    let counts = SdpError::Sections {
        offered: 2,
        answered: 1,
    };
    assert_eq!(agree(sections), Err(counts));
    let h264 = H264;
    let wanted = publish(h264, &[]);
    let offered = ClientDescription::offer_to_publish(&wanted, Setup::Active);
    assert_eq!(offered.map(drop), Err(SdpError::Codec(h264)));
}

const H264: Codec = Codec::H264 {
    profile: rapport_sfu::codec::H264Profile::ConstrainedBaseline,
    packetization_mode: 1,
};

/// Lines that a reader looks at, with anything behind them.
fn line() -> impl Strategy<Value = String> {
    let names = [
        "m=audio ",
        "m=video 9 ",
        "m=",
        "a=mid:",
        "a=rtpmap:96 ",
        "a=rtpmap:",
        "a=fmtp:97 ",
        "a=rtcp-fb:",
        "a=extmap:",
        "a=candidate:",
        "a=setup:",
        "a=ice-ufrag:",
        "a=ice-pwd:",
        "a=sendonly",
        "a=",
        "",
    ];
    (prop::sample::select(names.to_vec()), "[ -~]{0,40}|\\PC{0,12}")
        .prop_map(|(name, rest)| name.to_owned() + &rest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_is_a_panic(before in prop::collection::vec(line(), 0..20), after in prop::collection::vec(line(), 0..20)) {
        let local = local();
        for text in [before.join("\n"), [&before.join("\r\n"), "\r\n", JANUS_OFFER, &after.join("\r\n")].concat()] {
            if let Ok(offer) = ServerDescription::read(&text) {
                let answer = ClientDescription::answer(&local, &offer);
                let _ = (answer.to_string(), answer.taken());
            }
        }
    }
}
