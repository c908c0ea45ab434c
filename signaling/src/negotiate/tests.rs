//! Offers of real clients answered, and what is refused.

mod edges;
mod hostile;
mod renegotiate;
mod trickle;

use proptest::prelude::*;
use rapport_sfu::codec::{Codec, H264Profile, MediaKind};
use rapport_sfu::id::{Mid, Pt, Rid, Ssrc};
use rapport_sfu::parameters::{EncodingParameters, Extension, ExtensionKind};

use super::sections::NOTHING_ACCEPTED;
use super::*;
use crate::sdp::tests::{OFFERS, offer};
use crate::sdp::{Fragment, MSection};

const EITHER: Permit = Permit {
    publish: true,
    subscribe: true,
};

fn ice() -> IceCredentials {
    IceCredentials {
        ufrag: "serverUfrag".to_owned(),
        pwd: "serverPasswordOf24Chars/".to_owned(),
    }
}

/// Answers with two addresses and a generator that counts.
fn answer(offer: &str, permit: Permit) -> Result<Negotiated, NegotiateError> {
    let ice = ice();
    let candidates = [
        "192.0.2.7:3478".parse().unwrap(),
        "[2001:db8::7]:3478".parse().unwrap(),
    ];
    let ours = Ours {
        session: 42,
        ice: &ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &candidates,
        video_bitrate: 1_500_000,
    };
    let mut last = 0x1000_0000;
    negotiate(offer, &ours, Terms::clear(permit), &mut || {
        last += 1;
        last
    })
}

fn published(name: &str) -> Negotiated {
    answer(
        offer(name),
        Permit {
            publish: true,
            subscribe: false,
        },
    )
    .unwrap()
}

fn played(name: &str) -> Negotiated {
    answer(
        offer(name),
        Permit {
            publish: false,
            subscribe: true,
        },
    )
    .unwrap()
}

fn refusal(offer: &str) -> String {
    answer(offer, EITHER).unwrap_err().to_string()
}

fn codecs(media: &rapport_sfu::parameters::MediaParameters) -> Vec<(u8, Codec, Option<u8>)> {
    media
        .payloads
        .iter()
        .map(|payload| (payload.pt.0, payload.codec, payload.rtx.map(|rtx| rtx.0)))
        .collect()
}

fn kinds(extensions: &[Extension]) -> Vec<(u8, ExtensionKind)> {
    extensions
        .iter()
        .map(|extension| (extension.id, extension.kind))
        .collect()
}

#[test]
fn every_offer_is_answered_section_by_section() {
    for (name, text) in OFFERS {
        let negotiated = answer(text, EITHER).unwrap();
        let (offered, answered) = (
            Offer::read(text).unwrap(),
            Offer::read(&negotiated.answer).unwrap(),
        );
        let shape = |offer: &Offer<'_>| {
            let section = |section: &MSection<'_>| (section.media.to_owned(), section.mid);
            offer.sections.iter().map(section).collect::<Vec<_>>()
        };
        assert_eq!(shape(&offered), shape(&answered), "{name}");
        assert_eq!(offered.bundle, answered.bundle, "{name}");
        let media = negotiated.publications.len() + negotiated.subscriptions.len();
        assert_eq!(
            media + usize::from(negotiated.transport.data_channel.is_some()),
            offered.sections.len(),
            "{name}"
        );
    }
}

#[test]
fn chromium_publishes_every_codec_it_offers_with_retransmissions() {
    let negotiated = published("chromium-publish");
    let [audio, video] = &negotiated.publications[..] else {
        panic!("sound and picture")
    };
    assert_eq!(codecs(&audio.media), [(111, Codec::Opus, None)]);
    let baseline = |packetization_mode| Codec::H264 {
        profile: H264Profile::Baseline,
        packetization_mode,
    };
    assert_eq!(
        codecs(&video.media)[..3],
        [
            (96, Codec::Vp8, Some(97)),
            (102, baseline(1), Some(103)),
            (104, baseline(0), Some(107))
        ]
    );
    let all = codecs(&video.media);
    assert!(all.contains(&(45, Codec::Av1 { profile: 0 }, Some(46))));
    assert!(all.contains(&(100, Codec::Vp9 { profile: 2 }, Some(101))));
    assert_eq!(all.len(), 10);
    let vp8 = video.media.payloads[0];
    assert!(vp8.nack && vp8.pli && vp8.fir && vp8.transport_cc);
    assert!(audio.media.payloads[0].transport_cc && !audio.media.payloads[0].nack);
    let [encoding] = video.encodings[..] else {
        panic!("one encoding")
    };
    assert!(encoding.ssrc.is_some() && encoding.rtx_ssrc.is_some());
    assert_eq!(kinds(&audio.media.extensions)[0], (1, ExtensionKind::AudioLevel));
}

#[test]
fn the_transport_is_lite_passive_and_one_for_all() {
    let negotiated = published("firefox-publish-datachannel");
    assert_eq!(negotiated.transport.local, ice());
    assert_eq!(
        negotiated.transport.data_channel.unwrap().max_message_bytes,
        1_073_741_823
    );
    let text = offer("firefox-publish-datachannel");
    let offered = Offer::read(text).unwrap();
    assert_eq!(
        Some(negotiated.transport.fingerprint),
        offered.transport.fingerprint
    );
    assert_eq!(
        Some(negotiated.transport.remote.ufrag.as_str()),
        offered.sections[0].transport.ufrag
    );
    let lines: Vec<_> = negotiated.answer.lines().collect();
    assert!(lines.contains(&"a=ice-lite") && lines.contains(&"a=ice-options:trickle"));
    assert_eq!(lines.iter().filter(|line| **line == "a=setup:passive").count(), 3);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("a=candidate:"))
            .count(),
        2
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| **line == "a=end-of-candidates")
            .count(),
        1
    );
}

#[test]
fn simulcast_is_taken_by_rid_and_answered_in_the_other_direction() {
    for name in ["chromium-publish-simulcast", "firefox-publish-simulcast"] {
        let negotiated = published(name);
        let encodings = ["q", "h", "f"].map(|rid| EncodingParameters {
            rid: Rid::new(rid),
            ..Default::default()
        });
        assert_eq!(negotiated.publications[1].encodings, encodings, "{name}");
        assert!(
            negotiated.answer.contains("\r\na=simulcast:recv q;h;f\r\n"),
            "{name}"
        );
        assert!(negotiated.answer.contains("\r\na=rid:h recv\r\n"), "{name}");
    }
    let firefox = published("firefox-publish-simulcast").answer;
    assert!(firefox.contains("a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"));
}

#[test]
fn simulcast_that_nobody_could_tell_apart_is_one_encoding() {
    let text = offer("chromium-publish-simulcast").replace("sdes:rtp-stream-id", "sdes:unknown");
    let negotiated = answer(&text, EITHER).unwrap();
    assert_eq!(negotiated.publications[1].encodings.len(), 1);
    assert!(!negotiated.answer.contains("simulcast"));
}

#[test]
fn stale_feedback_of_firefox_does_not_come_back() {
    let answer = published("firefox-publish-preferences").answer;
    for stale in [
        "a=rtcp-fb:121",
        "a=rtcp-fb:99",
        "a=rtcp-fb:123",
        "a=rtcp-fb:122",
        "goog-remb",
    ] {
        assert!(!answer.contains(stale), "{stale}");
    }
    assert!(answer.contains("a=rtcp-fb:120 nack pli\r\n"));
}

#[test]
fn what_we_do_not_forward_does_not_come_back() {
    for (name, text) in OFFERS {
        let answer = answer(text, EITHER).unwrap().answer.to_lowercase();
        for word in [
            "red/",
            "ulpfec",
            "flexfec",
            "cn/",
            "telephone-event",
            "pcmu",
            "g722",
            "video-orientation",
        ] {
            assert!(!answer.contains(word), "{word} in the answer to {name}");
        }
    }
}

#[test]
fn a_player_gets_ssrcs_of_ours_and_one_cname_for_sound_and_picture() {
    for name in ["chromium-play", "firefox-play", "aiortc-play"] {
        let negotiated = played(name);
        let [audio, video] = &negotiated.subscriptions[..] else {
            panic!("sound and picture")
        };
        assert_eq!(
            (audio.media.kind, video.media.kind),
            (MediaKind::Audio, MediaKind::Video)
        );
        assert_eq!(audio.cname, video.cname);
        assert_eq!((audio.rtx_ssrc, video.rtx_ssrc.is_some()), (None, true));
        let cname = &video.cname;
        for line in [
            format!("a=ssrc-group:FID {} {}", video.ssrc, video.rtx_ssrc.unwrap()),
            format!("a=ssrc:{} cname:{cname}", audio.ssrc),
            format!("a=msid:{cname} {cname}-{}", video.ssrc),
            "a=sendonly".to_owned(),
        ] {
            assert!(
                negotiated.answer.lines().any(|known| known == line),
                "{line} for {name}"
            );
        }
        assert!(
            !kinds(&video.media.extensions)
                .iter()
                .any(|(_, kind)| *kind == ExtensionKind::Rid),
            "{name}"
        );
    }
}

#[test]
fn each_pair_of_places_has_a_cname_and_every_ssrc_is_new() {
    let negotiated = answer(offer("chromium-session"), EITHER).unwrap();
    let [audio, video, other_audio, other_video] = &negotiated.subscriptions[..] else {
        panic!("two pairs")
    };
    assert_eq!(audio.cname, video.cname);
    assert_eq!(other_audio.cname, other_video.cname);
    assert_ne!(audio.cname, other_audio.cname);
    let ssrcs = negotiated
        .subscriptions
        .iter()
        .flat_map(|place| [Some(place.ssrc), place.rtx_ssrc])
        .flatten();
    let distinct: std::collections::HashSet<_> = ssrcs.collect();
    assert_eq!(distinct.len(), 6);
}

#[test]
fn an_ssrc_of_the_client_is_not_taken_again_even_from_a_generator_that_insists() {
    let text = offer("firefox-play");
    let theirs = Offer::read(text).unwrap().sections[0].sources.ssrcs[0].0;
    let ice = ice();
    let ours = Ours {
        session: 1,
        ice: &ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &[],
        video_bitrate: 1_500_000,
    };
    let negotiated = play(text, &ours, &mut || theirs.0).unwrap();
    assert!(negotiated.subscriptions.iter().all(|place| place.ssrc != theirs));
    assert_ne!(negotiated.subscriptions[0].ssrc, negotiated.subscriptions[1].ssrc);
    assert!(
        negotiated
            .answer
            .contains("m=audio 9 UDP/TLS/RTP/SAVPF 109\r\nc=IN IP4 0.0.0.0\r\n")
    );
    let negotiated = play(text, &ours, &mut || 0).unwrap();
    assert_eq!(negotiated.subscriptions[0].ssrc, Ssrc(1));
}
