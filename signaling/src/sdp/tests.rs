//! The reader against real offers and its oracle, the writer against the reader.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rapport_sfu::codec::{Codec, H264Profile, MediaKind};
use rapport_sfu::id::{Mid, Pt, Rid, Ssrc};
use rapport_sfu::parameters::{Extension, ExtensionKind, Fingerprint, IceCredentials, Payload};
use rtc_sdp::description::session::SessionDescription;

use super::*;

/// Every offer in `offers/`: true ones of Chromium 156, Firefox ESR 153, aiortc 1.16, GStreamer 1.22 and the
/// `webrtc` crate 0.21.1.
pub(crate) const OFFERS: [(&str, &str); 22] = [
    ("aiortc-play", include_str!("offers/aiortc-play.sdp")),
    ("aiortc-publish", include_str!("offers/aiortc-publish.sdp")),
    ("aiortc-session", include_str!("offers/aiortc-session.sdp")),
    ("chromium-call", include_str!("offers/chromium-call.sdp")),
    (
        "chromium-call-grown",
        include_str!("offers/chromium-call-grown.sdp"),
    ),
    ("chromium-play", include_str!("offers/chromium-play.sdp")),
    ("chromium-publish", include_str!("offers/chromium-publish.sdp")),
    (
        "chromium-publish-datachannel",
        include_str!("offers/chromium-publish-datachannel.sdp"),
    ),
    (
        "chromium-publish-preferences",
        include_str!("offers/chromium-publish-preferences.sdp"),
    ),
    (
        "chromium-publish-simulcast",
        include_str!("offers/chromium-publish-simulcast.sdp"),
    ),
    ("chromium-session", include_str!("offers/chromium-session.sdp")),
    ("firefox-call", include_str!("offers/firefox-call.sdp")),
    (
        "firefox-call-grown",
        include_str!("offers/firefox-call-grown.sdp"),
    ),
    ("firefox-play", include_str!("offers/firefox-play.sdp")),
    ("firefox-publish", include_str!("offers/firefox-publish.sdp")),
    (
        "firefox-publish-datachannel",
        include_str!("offers/firefox-publish-datachannel.sdp"),
    ),
    (
        "firefox-publish-preferences",
        include_str!("offers/firefox-publish-preferences.sdp"),
    ),
    (
        "firefox-publish-simulcast",
        include_str!("offers/firefox-publish-simulcast.sdp"),
    ),
    ("firefox-session", include_str!("offers/firefox-session.sdp")),
    ("gstreamer-publish", include_str!("offers/gstreamer-publish.sdp")),
    ("webrtc-play", include_str!("offers/webrtc-play.sdp")),
    ("webrtc-publish", include_str!("offers/webrtc-publish.sdp")),
];

/// The offer of this name.
pub(crate) fn offer(name: &str) -> &'static str {
    OFFERS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("an offer of that name")
        .1
}

/// What `rtc-sdp` makes of the sections: medium, mid, formats, number of header extensions.
fn oracle(text: &str) -> Vec<(String, Option<String>, Vec<String>, usize)> {
    let description = SessionDescription::unmarshal(&mut std::io::Cursor::new(text)).unwrap();
    let section = |media: &rtc_sdp::description::media::MediaDescription| {
        let mid = media.attribute("mid").flatten().map(str::to_owned);
        let extensions = media
            .attributes
            .iter()
            .filter(|attribute| attribute.key == "extmap")
            .count();
        (
            media.media_name.media.clone(),
            mid,
            media.media_name.formats.clone(),
            extensions,
        )
    };
    description.media_descriptions.iter().map(section).collect()
}

fn ours(text: &str) -> Vec<(String, Option<String>, Vec<String>, usize)> {
    let section = |section: &MSection<'_>| {
        let formats = section
            .formats
            .iter()
            .map(|format| (*format).to_owned())
            .collect();
        (
            section.media.to_owned(),
            section.mid.map(String::from),
            formats,
            section.extmaps.len(),
        )
    };
    Offer::read(text).unwrap().sections.iter().map(section).collect()
}

#[test]
fn every_offer_reads_as_the_oracle_reads_it() {
    for (name, text) in OFFERS {
        assert_eq!(ours(text), oracle(text), "{name}");
    }
}

#[test]
fn every_offer_reads_the_same_with_bare_newlines() {
    for (name, text) in OFFERS {
        let bare = text.replace("\r\n", "\n");
        assert_eq!(Offer::read(text), Offer::read(&bare), "{name}");
    }
}

#[test]
fn firefox_tells_its_transport_at_session_level_and_its_sources_in_pairs() {
    let offer = Offer::read(offer("firefox-publish-simulcast")).unwrap();
    assert!(offer.transport.fingerprint.is_some());
    let [audio, video] = &offer.sections[..] else {
        panic!("two sections")
    };
    assert!(audio.transport.fingerprint.is_none() && audio.transport.ufrag.is_some());
    assert_eq!(offer.direction_of(video), Direction::SendOnly);
    assert_eq!(video.sources.ssrcs.len(), 6);
    assert_eq!(video.sources.retransmitted.len(), 3);
    assert_eq!(
        video.simulcast_send,
        ["q", "h", "f"].map(|rid| Rid::new(rid).unwrap())
    );
    assert!(video.extmaps.contains(&ExtMap {
        id: 9,
        direction: Some(Direction::SendOnly),
        uri: ExtensionKind::Rid.uri(),
    }));
}

#[test]
fn feedback_of_an_absent_payload_type_is_passed_over_and_of_all_counts_for_each() {
    let text = "v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\na=rtcp-fb:120 nack\na=rtcp-fb:x nack\na=rtcp-fb\n\
                a=rtcp-fb:* ccm fir\na=rtcp-fb:97 nack pli\na=rtpmap:96 VP8/90000";
    let offer = Offer::read(text).unwrap();
    let section = &offer.sections[0];
    let [vp8, other] = &section.payloads[..] else {
        panic!("two payload types")
    };
    assert_eq!(
        section.feedback(vp8),
        Feedback {
            fir: true,
            ..Feedback::default()
        }
    );
    assert_eq!(
        section.feedback(other),
        Feedback {
            fir: true,
            pli: true,
            ..Feedback::default()
        }
    );
}

#[test]
fn a_payload_type_counts_once() {
    let offer = Offer::read("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96 97 96").unwrap();
    let numbers: Vec<_> = offer.sections[0]
        .payloads
        .iter()
        .map(|format| format.pt.0)
        .collect();
    assert_eq!(numbers, [96, 97]);
}

#[test]
fn a_direction_or_group_of_the_session_is_for_sections_that_say_none() {
    let text = "v=0\na=inactive\na=group:LS 0 1\na=group:BUNDLE 0\na=group:BUNDLE 1\n\
                m=audio 9 RTP/SAVPF 0\na=mid:0\nm=audio 9 RTP/SAVPF 0\na=mid:1\na=recvonly";
    let offer = Offer::read(text).unwrap();
    let directions: Vec<_> = offer
        .sections
        .iter()
        .map(|section| offer.direction_of(section))
        .collect();
    assert_eq!(directions, [Direction::Inactive, Direction::RecvOnly]);
    assert_eq!(offer.bundle, Some(vec![Mid::new("0").unwrap()]));
}

#[test]
fn simulcast_lists_take_the_first_alternative_and_ignore_pauses() {
    let text = "v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=simulcast: send 1,2;~3;b?d recv ~4";
    let offer = Offer::read(text).unwrap();
    assert_eq!(
        offer.sections[0].simulcast_send,
        ["1", "3"].map(|rid| Rid::new(rid).unwrap())
    );
    assert_eq!(
        offer.sections[0].simulcast_recv,
        ["4"].map(|rid| Rid::new(rid).unwrap())
    );
}

#[test]
fn an_error_names_the_section_and_the_field() {
    for (text, message) in [
        ("", "v=: a description begins with v=0"),
        ("o=- 1 1 IN IP4 0.0.0.0\nv=0", "v=: a description begins with v=0"),
        (
            "v=0\nm=audio x RTP/SAVPF 0",
            "m-section 0, m=: a medium, a port, a protocol and at least one format",
        ),
        (
            "v=0\nm=audio 9 RTP/SAVPF",
            "m-section 0, m=: a medium, a port, a protocol and at least one format",
        ),
        (
            "v=0\nm=audio 9 RTP/SAVPF 128",
            "m-section 0, m=: a payload type is a number from 0 to 127",
        ),
        (
            "v=0\nm=audio 9 RTP/SAVPF 0\na=mid:a\nm=video 9 RTP/SAVPF 96\na=mid:b\na=ice-pwd:short",
            "m-section 1 (mid b), a=ice-pwd: 22 to 256 letters, digits, '+' or '/'",
        ),
        (
            "v=0\nm=audio 9 RTP/SAVPF 0\na=mid:a\nm=video 9 RTP/SAVPF 96\na=mid:a",
            "m-section 1 (mid a), a=mid: another m-section has it already",
        ),
    ] {
        assert_eq!(Offer::read(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn a_description_without_end_is_refused() {
    let many = format!("v=0\n{}", "m=audio 9 RTP/SAVPF 0\n".repeat(MAX_SECTIONS + 1));
    assert_eq!(Offer::read(&many).unwrap_err().field, "m=");
    let long = format!("v=0\n{}", "a=x\n".repeat(MAX_BYTES / 4));
    assert_eq!(Offer::read(&long).unwrap_err().field, "body");
}

#[test]
fn the_trickle_fragment_of_gstreamer_reads() {
    let fragment = Fragment::read(include_str!("offers/gstreamer-trickle.sdpfrag")).unwrap();
    assert_eq!((fragment.candidates, fragment.end_of_candidates), (9, true));
    assert_eq!(
        fragment.credentials().unwrap().unwrap().ufrag,
        "eCYO1mCiprTX3nlht5qq7hAc8sWJIgFs"
    );
    assert_eq!(fragment.sections[0].mid, Mid::new("video0"));
}

fn codec() -> impl Strategy<Value = Codec> {
    let h264 = (
        select(vec![
            H264Profile::ConstrainedBaseline,
            H264Profile::Baseline,
            H264Profile::Main,
            H264Profile::ConstrainedHigh,
            H264Profile::High,
        ]),
        0..2u8,
    );
    prop_oneof![
        Just(Codec::Vp8),
        (0..4u8).prop_map(|profile| Codec::Vp9 { profile }),
        (0..3u8).prop_map(|profile| Codec::Av1 { profile }),
        h264.prop_map(|(profile, packetization_mode)| Codec::H264 {
            profile,
            packetization_mode
        }),
    ]
}

/// What a client would have offered to get this codec.
fn parameters(codec: Codec) -> String {
    match codec {
        Codec::Vp9 { profile } => format!("profile-id={profile}"),
        Codec::Av1 { profile } => format!("profile={profile}"),
        Codec::H264 {
            profile,
            packetization_mode,
        } => {
            let level = match profile {
                H264Profile::ConstrainedBaseline => "42e01f",
                H264Profile::Baseline => "42001f",
                H264Profile::Main => "4d001f",
                H264Profile::ConstrainedHigh => "640c1f",
                H264Profile::High => "64001f",
            };
            format!("packetization-mode={packetization_mode};profile-level-id={level}")
        }
        _ => String::new(),
    }
}

prop_compose! {
    /// Payload types 96 and on, each with its retransmissions or without.
    fn payloads()(codecs in vec((codec(), any::<[bool; 5]>()), 1..6)) -> Vec<AnsweredPayload> {
        let numbered = (96..).step_by(2).zip(codecs);
        let payload = |(pt, (codec, [has_rtx, nack, pli, fir, transport_cc])): (u8, (Codec, [bool; 5]))| AnsweredPayload {
            payload: Payload { pt: Pt(pt), codec, rtx: has_rtx.then_some(Pt(pt + 1)), nack, pli, fir, transport_cc },
            parameters: parameters(codec),
        };
        numbered.map(payload).collect()
    }
}

prop_compose! {
    fn media(mid: String)(
        payloads in payloads(),
        kinds in proptest::sample::subsequence(ExtensionKind::ALL.to_vec(), 0..=9),
        directed: bool,
        [rtcp_rsize, extmap_allow_mixed, has_rtx]: [bool; 3],
        encodings in 0..4usize,
        ssrc: u32,
    ) -> AnsweredMedia {
        let sends = ssrc % 2 == 0;
        let direction = if sends { Direction::SendOnly } else { Direction::RecvOnly };
        let extension = |(id, kind)| AnsweredExtension {
            extension: Extension { id, kind },
            direction: directed.then_some(direction),
        };
        AnsweredMedia {
            kind: MediaKind::Video,
            mid: Mid::new(&mid).unwrap(),
            protocol: "UDP/TLS/RTP/SAVPF",
            direction,
            bandwidth: (!sends).then_some(u64::from(ssrc)),
            rtcp_rsize,
            extmap_allow_mixed,
            payloads,
            extensions: (1..).zip(kinds).map(extension).collect(),
            rids: ["q", "h", "f"].iter().take(encodings).filter(|_| !sends).filter_map(|rid| Rid::new(rid)).collect(),
            source: sends.then(|| AnsweredSource {
                ssrc: Ssrc(ssrc),
                rtx_ssrc: has_rtx.then_some(Ssrc(ssrc ^ 1)),
                cname: "c".to_owned(),
            }),
        }
    }
}

fn assert_reads_back(written: &AnsweredMedia, read: &MSection<'_>) {
    assert_eq!(
        (read.mid, read.direction, read.rtcp_mux),
        (Some(written.mid), Some(written.direction), true)
    );
    assert_eq!(
        (read.rtcp_rsize, read.extmap_allow_mixed),
        (written.rtcp_rsize, written.extmap_allow_mixed)
    );
    let media: Vec<_> = read
        .payloads
        .iter()
        .filter(|format| format.codec().is_some())
        .collect();
    assert_eq!(media.len(), written.payloads.len());
    for (format, AnsweredPayload { payload, .. }) in media.into_iter().zip(&written.payloads) {
        assert_eq!((format.pt, format.codec()), (payload.pt, Some(payload.codec)));
        let Payload {
            nack,
            pli,
            fir,
            transport_cc,
            ..
        } = *payload;
        assert_eq!(
            format.feedback,
            Feedback {
                nack,
                pli,
                fir,
                transport_cc
            }
        );
        let rtx = read
            .payloads
            .iter()
            .find(|format| format.retransmits() == Some(payload.pt));
        assert_eq!(rtx.map(|format| format.pt), payload.rtx);
    }
    let extension = |written: &AnsweredExtension| ExtMap {
        id: written.extension.id.into(),
        direction: written.direction,
        uri: written.extension.kind.uri(),
    };
    assert_eq!(
        read.extmaps,
        written.extensions.iter().map(extension).collect::<Vec<_>>()
    );
    assert_eq!(read.simulcast_recv, written.rids);
    assert_eq!(
        read.rids,
        written.rids.iter().map(|rid| (*rid, false)).collect::<Vec<_>>()
    );
    assert_source_reads_back(written.source.as_ref(), read);
}

fn assert_source_reads_back(written: Option<&AnsweredSource>, read: &MSection<'_>) {
    let ssrcs = written
        .into_iter()
        .flat_map(|source| [Some(source.ssrc), source.rtx_ssrc])
        .flatten();
    assert_eq!(
        read.sources.ssrcs,
        ssrcs.map(|ssrc| (ssrc, Some("c"))).collect::<Vec<_>>()
    );
    let group = written.and_then(|source| Some((source.ssrc, source.rtx_ssrc?)));
    assert_eq!(read.sources.retransmitted, Vec::from_iter(group));
    assert_eq!(read.msid.is_some(), written.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_reads_back(
        first in media("first".to_owned()),
        second in media("second".to_owned()),
        fingerprint: [u8; 32],
        has_channel: bool,
        session: u32,
    ) {
        let ice = IceCredentials { ufrag: "ufrag".to_owned(), pwd: "p".repeat(22) };
        let candidates = ["192.0.2.7:3478".parse().unwrap(), "[2001:db8::7]:3478".parse().unwrap()];
        let channel = AnsweredDataChannel {
            mid: Mid::new("channel").unwrap(),
            protocol: "UDP/DTLS/SCTP",
            max_message_bytes: 65_536,
        };
        let mut sections = vec![AnsweredSection::Media(first.clone()), AnsweredSection::Media(second.clone())];
        sections.extend(has_channel.then_some(AnsweredSection::DataChannel(channel)));
        let text = Answer {
            session: session.into(),
            version: 1,
            ice: &ice,
            fingerprint: Fingerprint(fingerprint),
            candidates: &candidates,
            ice_options: "trickle".to_owned(),
            bundle: true,
            sections,
        }
        .to_string();

        let read = Offer::read(&text).unwrap();
        let mids: Vec<_> = read.sections.iter().map(|section| section.mid.unwrap()).collect();
        prop_assert_eq!(read.bundle.as_ref(), Some(&mids));
        prop_assert!(read.ice_lite);
        for section in &read.sections {
            prop_assert_eq!(section.transport.fingerprint, Some(Fingerprint(fingerprint)));
            prop_assert_eq!(section.transport.credentials().unwrap(), Some(ice.clone()));
            prop_assert_eq!(section.transport.setup, Some(Setup::Passive));
            prop_assert_eq!(section.port, 3478);
        }
        assert_reads_back(&first, &read.sections[0]);
        assert_reads_back(&second, &read.sections[1]);
        let channel = read.sections.get(2).map(|section| (section.sctp_port, section.max_message_size));
        prop_assert_eq!(channel, has_channel.then_some((Some(5000), Some(65_536))));
        prop_assert_eq!(ours(&text), oracle(&text));
    }
}
