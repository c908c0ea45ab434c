//! What is refused, singly or as a whole, and the forms that few clients use.

use super::*;

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
