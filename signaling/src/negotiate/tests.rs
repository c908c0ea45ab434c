//! Offers of real clients answered, and what is refused.

use proptest::prelude::*;
use rapport_sfu::codec::{Codec, H264Profile, MediaKind};
use rapport_sfu::id::{Mid, Pt, Rid};
use rapport_sfu::parameters::{EncodingParameters, Extension, ExtensionKind};

use super::*;
use crate::sdp::Fragment;
use crate::sdp::tests::{OFFERS, offer};

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
    negotiate(offer, &ours, permit, &mut || {
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

#[test]
fn sections_of_the_wrong_direction_are_refused_singly() {
    let negotiated = published("chromium-session");
    assert_eq!(
        (negotiated.publications.len(), negotiated.subscriptions.len()),
        (4, 0)
    );
    let answered = Offer::read(&negotiated.answer).unwrap();
    let refused: Vec<_> = answered
        .sections
        .iter()
        .filter(|section| section.port == 0)
        .collect();
    assert_eq!(refused.len(), 4);
    let group = answered.bundle.unwrap();
    for section in refused {
        assert!(!group.contains(&section.mid.unwrap()));
    }
    assert_eq!(
        answer(
            offer("chromium-play"),
            Permit {
                publish: true,
                subscribe: false
            }
        ),
        Err(NOTHING_ACCEPTED)
    );
}

#[test]
fn gstreamer_bundles_a_section_with_port_0() {
    let negotiated = published("gstreamer-publish");
    let kinds: Vec<_> = negotiated
        .publications
        .iter()
        .map(|publication| publication.media.kind)
        .collect();
    assert_eq!(kinds, [MediaKind::Video, MediaKind::Audio]);
    assert_eq!(negotiated.publications[0].encodings[0].ssrc, Some(Ssrc(2)));
    assert!(negotiated.answer.contains("a=group:BUNDLE video0 audio1\r\n"));
}

#[test]
fn what_cannot_be_served_is_refused_by_section_and_field() {
    let text = offer("chromium-publish");
    for (there, instead, message) in [
        ("a=rtcp-mux\r\n", "", "m-section 0 (mid 0), a=rtcp-mux: missing"),
        (
            "a=setup:actpass",
            "a=setup:passive",
            "m-section 0 (mid 0), a=setup: the server is passive",
        ),
        (
            "a=setup:actpass",
            "a=setup:holdconn",
            "m-section 0 (mid 0), a=setup: the server is passive",
        ),
        (
            "a=fingerprint:sha-256",
            "a=fingerprint:sha-1",
            "a=fingerprint: none is by sha-256",
        ),
        ("a=fingerprint", "a=x", "a=fingerprint: missing"),
        (
            "a=ice-ufrag",
            "a=x",
            "m-section 0 (mid 0), a=ice-ufrag: missing beside a=ice-pwd",
        ),
        ("a=ice-", "a=x", "a=ice-ufrag: missing"),
        (
            "a=group:BUNDLE 0 1",
            "a=ice-lite",
            "a=ice-lite: both sides would wait",
        ),
        (
            "a=group:BUNDLE 0 1",
            "a=x",
            "a=group:BUNDLE: missing, and several",
        ),
        (
            "BUNDLE 0 1",
            "BUNDLE 0 1 2",
            "a=group:BUNDLE: names a mid that no",
        ),
        ("a=mid:1", "a=x", "a=group:BUNDLE: names a mid that no"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", "m=: no m-section has"),
        ("a=rtpmap", "a=x", "m=: no m-section has"),
        ("a=sendonly", "a=inactive", "m=: no m-section has"),
    ] {
        let said = refusal(&text.replace(there, instead));
        assert!(
            said.starts_with(message),
            "{said:?} does not begin with {message:?}"
        );
    }
}

#[test]
fn a_number_that_means_two_things_is_refused() {
    let text = offer("chromium-publish");
    let pt = text.replacen("111", "96", 2);
    assert!(
        refusal(&pt).starts_with("m-section 1 (mid 1), a=rtpmap: a payload type that means another codec")
    );
    let id = text.replacen("a=extmap:2 http", "a=extmap:5 http", 1);
    assert!(refusal(&id).starts_with("m-section 1 (mid 1), a=extmap: an id that means another extension"));
}

#[test]
fn a_section_outside_the_bundle_is_refused_singly() {
    let text = offer("chromium-publish").replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 1");
    let negotiated = answer(&text, EITHER).unwrap();
    assert_eq!(negotiated.publications.len(), 1);
    assert!(negotiated.answer.contains("m=audio 0 "));
    assert!(negotiated.answer.contains("a=group:BUNDLE 1\r\n"));
}

#[test]
fn one_section_needs_no_bundle() {
    let text = offer("chromium-publish").replace("a=group:BUNDLE 0 1\r\n", "");
    let (session, _) = text.split_once("m=video").unwrap();
    let negotiated = answer(session, EITHER).unwrap();
    assert_eq!(negotiated.publications.len(), 1);
    assert!(!negotiated.answer.contains("a=group"));
}

#[test]
fn duplicate_and_unusable_extensions_are_dropped() {
    let text = offer("firefox-publish").replace(
        "a=extmap:4 http",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:12 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:15 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n\
         a=extmap:4096 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\na=extmap:4 http",
    );
    let negotiated = answer(&text, EITHER).unwrap();
    let video = kinds(&negotiated.publications[1].media.extensions);
    assert_eq!(
        video,
        [
            (3, ExtensionKind::Mid),
            (4, ExtensionKind::AbsSendTime),
            (7, ExtensionKind::TransportCc)
        ]
    );
}

#[test]
fn an_extension_that_the_client_only_sends_is_no_use_to_it_as_a_player() {
    let text = offer("firefox-play").replace("a=extmap:4 http", "a=extmap:4/sendonly http");
    let video = kinds(&answer(&text, EITHER).unwrap().subscriptions[1].media.extensions);
    let expected = [
        (3, ExtensionKind::Mid),
        (6, ExtensionKind::PlayoutDelay),
        (7, ExtensionKind::TransportCc),
    ];
    assert_eq!(video, expected);
}

#[test]
fn sound_has_no_key_frames_to_ask_for() {
    let text = offer("chromium-publish").replace(
        "a=rtcp-fb:111 transport-cc",
        "a=rtcp-fb:* ccm fir\r\na=rtcp-fb:111 nack pli",
    );
    let opus = answer(&text, EITHER).unwrap().publications[0].media.payloads[0];
    assert_eq!((opus.pli, opus.fir), (false, false));
}

#[test]
fn transport_feedback_needs_its_extension() {
    let text = offer("chromium-publish").replace("draft-holmer", "draft-other");
    let negotiated = answer(&text, EITHER).unwrap();
    let payloads = negotiated
        .publications
        .iter()
        .flat_map(|publication| &publication.media.payloads);
    assert!(payloads.into_iter().all(|payload| !payload.transport_cc));
    assert!(!negotiated.answer.contains("transport-cc"));
}

#[test]
fn a_fourth_encoding_and_an_undeclared_one_are_not_taken() {
    let text = offer("chromium-publish-simulcast");
    for (list, taken) in [
        ("q;h;f;g", "a=simulcast:recv q;h;f\r\n"),
        ("x;q;q;f", "a=simulcast:recv q;f\r\n"),
    ] {
        let declared = text.replace("a=rid:q send", "a=rid:g send\r\na=rid:q send");
        let negotiated = answer(&declared.replace("send q;h;f", &format!("send {list}")), EITHER).unwrap();
        assert!(negotiated.answer.contains(taken), "{list}");
    }
}

#[test]
fn a_section_with_port_0_stays_refused() {
    let text = offer("chromium-publish");
    let (before, after) = text.split_once("m=video ").unwrap();
    let (_, after) = after.split_once(' ').unwrap();
    let negotiated = answer(&format!("{before}m=video 0 {after}"), EITHER).unwrap();
    assert_eq!(negotiated.publications.len(), 1);
    assert!(negotiated.answer.contains("m=video 0 "));
}

#[test]
fn the_transport_may_stand_in_the_section_that_the_group_names_first() {
    let text = offer("chromium-publish").replace("BUNDLE 0 1", "BUNDLE 1 0");
    let (before, after) = text.split_once("m=video").unwrap();
    let bare = format!(
        "{}m=video{after}",
        before.replace("a=ice-", "a=x-").replace("a=fingerprint", "a=x")
    );
    let negotiated = answer(
        &bare,
        Permit {
            publish: true,
            subscribe: false,
        },
    )
    .unwrap();
    assert_eq!(negotiated.transport, answer(&text, EITHER).unwrap().transport);
    let other = text.replacen("a=ice-ufrag:", "a=ice-ufrag:notThisOne", 1);
    assert_eq!(negotiated.transport, answer(&other, EITHER).unwrap().transport);
}

#[test]
fn of_the_ice_options_those_we_know_are_answered() {
    let text = offer("chromium-publish");
    for (offered, line) in [
        ("ice2 rtp+ecn trickle trickle", Some("a=ice-options:trickle ice2")),
        ("renomination", None),
    ] {
        let text = text.replace("a=ice-options:trickle", &format!("a=ice-options:{offered}"));
        let negotiated = answer(&text, EITHER).unwrap();
        assert_eq!(
            negotiated
                .answer
                .lines()
                .find(|known| known.starts_with("a=ice-options")),
            line
        );
    }
}

#[test]
fn a_publisher_is_asked_to_keep_its_video_below_the_limit() {
    let answer = published("chromium-publish").answer;
    let sections: Vec<_> = answer.split("\r\nm=").skip(1).collect();
    for section in sections {
        let limited = section.contains("\r\nb=TIAS:1500000\r\na=");
        assert_eq!(limited, section.starts_with("video"), "{section}");
    }
    assert!(!played("chromium-play").answer.contains("b=TIAS"));
}

#[test]
fn an_address_of_version_6_may_come_first() {
    let ice = ice();
    let candidates = ["[2001:db8::7]:3478".parse().unwrap()];
    let ours = Ours {
        session: 1,
        ice: &ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &candidates,
        video_bitrate: 1_500_000,
    };
    let negotiated = publish(offer("chromium-publish"), &ours).unwrap();
    assert!(
        negotiated
            .answer
            .contains("m=audio 3478 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP6 2001:db8::7\r\n")
    );
    assert!(
        negotiated
            .answer
            .contains("a=candidate:1 1 udp 2130706431 2001:db8::7 3478 typ host\r\n")
    );
}

#[test]
fn audio_nack_is_kept_where_it_is_offered() {
    let text = offer("chromium-publish").replace("a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 nack");
    let negotiated = answer(&text, EITHER).unwrap();
    let opus = negotiated.publications[0].media.payloads[0];
    assert_eq!((opus.pt, opus.nack, opus.transport_cc), (Pt(111), true, false));
    assert!(negotiated.answer.contains("a=rtcp-fb:111 nack\r\n"));
}

#[test]
fn a_data_channel_in_an_unknown_dress_is_refused_singly() {
    let text = offer("chromium-publish-datachannel");
    for bad in [
        text.replace("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000"),
        text.replace("sctp-port:5000", "sctp-port:5001"),
    ] {
        let negotiated = answer(&bad, EITHER).unwrap();
        assert_eq!(negotiated.transport.data_channel, None);
        assert!(negotiated.answer.contains("m=application 0 "));
    }
    let (_, section) = text.split_once("m=application").unwrap();
    let second =
        format!("{text}m=application{}", section.replace("mid:2", "mid:3")).replace("0 1 2", "0 1 2 3");
    assert!(
        answer(&second, EITHER)
            .unwrap()
            .answer
            .contains("a=group:BUNDLE 0 1 2\r\n")
    );
    for (said, bytes) in [
        ("max-message-size:0", u32::MAX),
        ("x:0", 65_536),
        ("max-message-size:9999999999", u32::MAX),
    ] {
        let negotiated = answer(&text.replace("max-message-size:262144", said), EITHER).unwrap();
        assert_eq!(
            negotiated.transport.data_channel.unwrap().max_message_bytes,
            bytes,
            "{said}"
        );
    }
}

#[test]
fn candidates_change_nothing_and_new_credentials_restart_ice() {
    let remote = IceCredentials {
        ufrag: "oldU".to_owned(),
        pwd: "oldPasswordOf22Letters".to_owned(),
    };
    let told = "a=ice-ufrag:oldU\r\na=ice-pwd:oldPasswordOf22Letters\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                a=candidate:1 1 udp 1 x.local 9 typ host\r\na=end-of-candidates\r\n";
    assert_eq!(trickle(told, &remote), Ok(Trickle::Candidates));
    assert_eq!(trickle("a=end-of-candidates\n", &remote), Ok(Trickle::Candidates));

    let restart = told.replace("oldU", "newU").replace("oldP", "newP");
    let Ok(Trickle::Restart(restart)) = trickle(&restart, &remote) else {
        panic!("a restart")
    };
    assert_eq!(restart.remote.ufrag, "newU");
    let reply = restart.answer(&ice(), &["192.0.2.7:3478".parse().unwrap()]);
    assert_eq!(
        reply,
        "a=ice-lite\r\na=ice-options:trickle ice2\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:serverUfrag\r\n\
         a=ice-pwd:serverPasswordOf24Chars/\r\na=candidate:1 1 udp 2130706431 192.0.2.7 3478 typ host\r\n\
         a=end-of-candidates\r\n"
    );
}

#[test]
fn a_fragment_that_makes_no_sense_is_refused_by_field() {
    let remote = IceCredentials {
        ufrag: "oldU".to_owned(),
        pwd: "oldPasswordOf22Letters".to_owned(),
    };
    for (text, field) in [
        ("a=ice-ufrag:oldU\na=ice-pwd:newPasswordOf22Letters", "a=ice-pwd"),
        (
            "a=ice-ufrag:newU\na=ice-pwd:oldPasswordOf22Letters",
            "a=ice-ufrag",
        ),
        ("a=ice-ufrag:newU", "a=ice-pwd"),
        ("a=candidate:nonsense", "a=candidate"),
        ("{}", "line"),
        ("m=audio", "m="),
    ] {
        assert_eq!(trickle(text, &remote).unwrap_err().field, field, "{text}");
    }
}

/// Whatever comes in: no panic, and an answer is one that our own reader takes, section for section.
fn survives(text: &str) {
    let remote = IceCredentials {
        ufrag: "oldU".to_owned(),
        pwd: "oldPasswordOf22Letters".to_owned(),
    };
    if let Ok(Trickle::Restart(restart)) = trickle(text, &remote) {
        assert_eq!(
            Fragment::read(&restart.answer(&ice(), &[]))
                .unwrap()
                .credentials(),
            Ok(Some(ice()))
        );
    }
    if let Ok(negotiated) = answer(text, EITHER) {
        let answered = Offer::read(&negotiated.answer).unwrap();
        assert_eq!(answered.sections.len(), Offer::read(text).unwrap().sections.len());
        let accepted = answered
            .sections
            .iter()
            .filter(|section| section.port != 0)
            .count();
        let channel = usize::from(negotiated.transport.data_channel.is_some());
        assert_eq!(
            accepted,
            negotiated.publications.len() + negotiated.subscriptions.len() + channel
        );
    }
}

/// One edit of the lines of an offer.
fn edited(text: &str, edits: &[(usize, u8, String)]) -> String {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for (at, kind, word) in edits {
        let at = at % lines.len().max(1);
        match kind % 4 {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at] = format!("{}{word}", lines[at]),
            _ => {
                let keep = lines[at]
                    .char_indices()
                    .nth(word.len())
                    .map_or(0, |(byte, _)| byte);
                lines[at].replace_range(keep.., word);
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn arbitrary_text_is_survived(text in any::<String>(), body in "(v=0\n)?([a-z]=[ -~é]{0,40}\n){0,20}") {
        survives(&text);
        survives(&body);
    }

    #[test]
    fn an_offer_with_arbitrary_edits_is_survived(
        which in 0..OFFERS.len(),
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), "[ -~]{0,12}|é|[0-9]{1,12}"), 1..8),
    ) {
        survives(&edited(OFFERS[which].1, &edits));
    }
}

#[test]
fn a_mid_of_any_legal_form_is_kept() {
    let text = offer("gstreamer-publish").replace("video0", "a:b;c,16-letters");
    let negotiated = answer(&text, EITHER).unwrap();
    assert_eq!(
        Some(negotiated.publications[0].media.mid),
        Mid::new("a:b;c,16-letters")
    );
}
