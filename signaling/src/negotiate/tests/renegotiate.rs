//! Further offers, held against what was established.

use super::hostile::edited;
use super::*;

/// Sealed and either way, as a member of a call has it.
const CALL: Terms = Terms {
    permit: EITHER,
    sealed: true,
};

/// What a page offered in turn: microphone, simulcast camera and two pairs of places; then a screen and a pair
/// more; then nothing in mids 1 and 3; then both again, with new ICE credentials.
const CALLS: [[&str; 4]; 2] = [
    [
        include_str!("../../sdp/offers/chromium-call.sdp"),
        include_str!("../../sdp/offers/chromium-call-grown.sdp"),
        include_str!("../../sdp/offers/chromium-call-silent.sdp"),
        include_str!("../../sdp/offers/chromium-call-restarted.sdp"),
    ],
    [
        include_str!("../../sdp/offers/firefox-call.sdp"),
        include_str!("../../sdp/offers/firefox-call-grown.sdp"),
        include_str!("../../sdp/offers/firefox-call-silent.sdp"),
        include_str!("../../sdp/offers/firefox-call-restarted.sdp"),
    ],
];

fn first(offer: &str, terms: Terms) -> Result<Negotiated, NegotiateError> {
    let ice = ice();
    negotiate(offer, &ours(&ice), terms, &mut counter(0x1000_0000))
}

fn called(offer: &str) -> Negotiated {
    first(offer, CALL).unwrap()
}

fn further(offer: &str, established: &Established) -> Result<Renegotiated, NegotiateError> {
    let ice = fresh_ice();
    renegotiate(offer, established, &ours(&ice), &mut counter(0x1000_0004))
}

fn fresh_ice() -> IceCredentials {
    IceCredentials {
        ufrag: "restartedUfrag".to_owned(),
        pwd: "restartedPasswordOf24Chars".to_owned(),
    }
}

fn ours(ice: &IceCredentials) -> Ours<'_> {
    Ours {
        session: 42,
        ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &[],
        video_bitrate: 1_500_000,
    }
}

/// The second one soon draws what the first has drawn: an SSRC has to stand back for those that are there.
fn counter(mut last: u32) -> impl FnMut() -> u32 {
    move || {
        last += 1;
        last
    }
}

/// The m-sections of an answer as text, without what is the transport's or says how to write.
fn sections(answer: &str) -> Vec<String> {
    const PASSING: [&str; 6] = [
        "a=ice-",
        "a=candidate",
        "a=end-of-candidates",
        "a=fingerprint",
        "a=rtcp-rsize",
        "a=extmap-allow-mixed",
    ];
    let is_own = |line: &&str| !PASSING.iter().any(|passing| line.starts_with(passing));
    let section = |text: &str| text.lines().filter(is_own).collect::<Vec<_>>().join("\n");
    answer.split("\r\nm=").skip(1).map(section).collect()
}

#[test]
fn the_same_offer_again_is_answered_the_same_under_the_next_version() {
    for (name, text) in OFFERS {
        let negotiated = first(text, Terms::clear(EITHER)).unwrap();
        let again = further(text, &negotiated.established).unwrap();
        let expected = negotiated.answer.replace("o=- 42 1 ", "o=- 42 2 ");
        assert_eq!(again.answer, expected, "{name}");
        assert!(again.publications.is_empty() && again.subscriptions.is_empty());
        assert_eq!(again.restart, None);
    }
}

#[test]
fn a_call_grows_and_nothing_that_was_there_changes() {
    for [offer, grown, ..] in CALLS {
        let negotiated = called(offer);
        assert_eq!(
            (negotiated.publications.len(), negotiated.subscriptions.len()),
            (2, 4)
        );
        let more = further(grown, &negotiated.established).unwrap();
        assert_eq!(sections(&more.answer)[..6], sections(&negotiated.answer)[..]);
        assert!(more.answer.starts_with("v=0\r\no=- 42 2 "));
        assert!(more.answer.contains(&format!("a=ice-ufrag:{}\r\n", ice().ufrag)));
        let [screen] = &more.publications[..] else {
            panic!("a screen")
        };
        assert_eq!(
            (screen.media.kind, screen.media.mid.as_str()),
            (MediaKind::Video, "6")
        );
        let [audio, video] = &more.subscriptions[..] else {
            panic!("a pair")
        };
        assert_eq!(
            (audio.media.kind, video.media.kind),
            (MediaKind::Audio, MediaKind::Video)
        );
        assert_eq!(audio.cname, video.cname);
        let all = || negotiated.subscriptions.iter().chain(&more.subscriptions);
        assert_eq!(all().filter(|place| place.cname == audio.cname).count(), 2);
        let ssrcs = all()
            .flat_map(|place| [Some(place.ssrc), place.rtx_ssrc])
            .flatten();
        assert_eq!(ssrcs.collect::<std::collections::HashSet<_>>().len(), 9);
    }
}

#[test]
fn what_falls_silent_comes_back_as_it_was() {
    for [offer, grown, silent, restarted] in CALLS {
        let grown = further(grown, &called(offer).established).unwrap();
        let silent = further(silent, &grown.established).unwrap();
        assert!(silent.publications.is_empty() && silent.subscriptions.is_empty());
        let (before, now) = (sections(&grown.answer), sections(&silent.answer));
        for at in 0..9 {
            let is_silent = at == 1 || at == 3;
            assert_eq!(now[at] == before[at], !is_silent, "{at}");
            assert_eq!(now[at].contains("a=inactive"), is_silent, "{at}");
            assert!(!is_silent || !now[at].contains("a=ssrc"), "{at}");
        }
        let back = further(restarted, &silent.established).unwrap();
        assert_eq!(sections(&back.answer), before);
    }
}

#[test]
fn new_credentials_begin_ice_anew_and_change_nothing_else() {
    for [offer, grown, _, restarted] in CALLS {
        let grown = further(grown, &called(offer).established).unwrap();
        let theirs = &Offer::read(restarted).unwrap().sections[0].transport;
        let theirs = theirs.credentials().unwrap().unwrap();
        let anew = further(restarted, &grown.established).unwrap();
        assert_eq!(anew.restart, Some((fresh_ice(), theirs)));
        assert_eq!(sections(&anew.answer), sections(&grown.answer));
        let told = anew.answer.matches("a=ice-ufrag:restartedUfrag\r\n").count();
        assert_eq!(told, 9);
        assert_eq!(further(restarted, &anew.established).unwrap().restart, None);
        for field in ["a=ice-ufrag", "a=ice-pwd"] {
            let text = restarted
                .replace(field, &format!("{field}:x"))
                .replace(":x:", ":x");
            let refused = further(&text, &anew.established).unwrap_err();
            assert_eq!(refused.field, field, "{refused}");
        }
    }
}

#[test]
fn a_sealed_call_tells_no_levels() {
    for text in [
        offer("chromium-session"),
        offer("firefox-session"),
        CALLS[0][0],
        CALLS[1][0],
    ] {
        let clear = first(text, Terms::clear(EITHER)).unwrap();
        assert!(clear.answer.contains("ssrc-audio-level"));
        let sealed = called(text);
        assert!(!sealed.answer.contains("ssrc-audio-level"));
        let media = sealed.publications.iter().map(|publication| &publication.media);
        for media in media.chain(sealed.subscriptions.iter().map(|place| &place.media)) {
            let is_level = |known: &Extension| known.kind == ExtensionKind::AudioLevel;
            assert!(!media.extensions.iter().any(is_level));
        }
    }
}

#[test]
fn a_sealed_call_has_no_data_channel_at_first_nor_later() {
    for text in [offer("chromium-session"), offer("firefox-session")] {
        assert!(
            first(text, Terms::clear(EITHER))
                .unwrap()
                .transport
                .data_channel
                .is_some()
        );
        let sealed = called(text);
        assert_eq!(sealed.transport.data_channel, None);
        assert!(sealed.answer.contains("m=application 0 "), "{}", sealed.answer);
        let again = further(text, &sealed.established).unwrap();
        assert!(again.answer.contains("m=application 0 "), "{}", again.answer);
    }
}

#[test]
fn a_sealed_call_has_sections_of_one_way() {
    let [offer, ..] = CALLS[0];
    let message = "m-section 1 (mid 1), a=sendrecv: a sealed call has sections of one way";
    for line in ["a=sendrecv", "a=x"] {
        let both = in_section(offer, 1, "a=sendonly", line);
        let refused = first(&both, CALL).unwrap_err().to_string();
        assert!(refused.starts_with(message), "{refused}");
        let refused = further(&both, &called(offer).established)
            .unwrap_err()
            .to_string();
        assert!(refused.starts_with(message), "{refused}");
        assert!(first(&both, Terms::clear(EITHER)).is_ok());
    }
}

#[test]
fn what_was_agreed_on_is_not_negotiable() {
    let [offer, grown, ..] = CALLS[0];
    let established = further(grown, &called(offer).established).unwrap().established;
    let (session, last) = grown.rsplit_once("m=video").unwrap();
    let without_last = session.replace(" 8\r\na=extmap-allow", "\r\na=extmap-allow");
    let swapped = grown
        .replace("a=mid:7", "a=mid:x")
        .replace("a=mid:2", "a=mid:7")
        .replace("a=mid:x", "a=mid:2");
    for (text, message) in [
        (without_last, "m=: fewer m-sections"),
        (
            swapped,
            "m-section 2 (mid 7), a=mid: an m-section of the offer before has another place",
        ),
        (
            grown.replace("a=mid:8", "a=mid:9").replace("7 8", "7 9"),
            "m-section 8 (mid 9), a=mid: another one",
        ),
        (
            format!("{session}m=audio{last}"),
            "m-section 8 (mid 8), m=: another medium",
        ),
        (
            in_section(grown, 0, "a=sendonly", "a=recvonly"),
            "m-section 0 (mid 0), a=recvonly: the client sent",
        ),
        (
            in_section(grown, 2, "a=recvonly", "a=sendonly"),
            "m-section 2 (mid 2), a=sendonly: the client received",
        ),
        (
            in_section(grown, 0, "opus/48000", "speex/48000"),
            "m-section 0 (mid 0), a=rtpmap: a payload type that was",
        ),
        (
            in_section(grown, 1, "VP8/90000", "VP7/90000"),
            "m-section 1 (mid 1), a=rtpmap: a payload type that was",
        ),
        (
            in_section(grown, 1, "apt=96", "apt=98"),
            "m-section 1 (mid 1), a=rtpmap: a payload type that was",
        ),
        (
            in_section(grown, 1, "a=rtcp-fb:96 nack pli", "a=x"),
            "m-section 1 (mid 1), a=rtcp-fb: other feedback",
        ),
        (
            in_section(grown, 1, "a=extmap:2 ", "a=extmap:6 "),
            "m-section 1 (mid 1), a=extmap: a header extension",
        ),
        (
            in_section(grown, 1, "a=extmap:4 ", "a=x:4 "),
            "m-section 1 (mid 1), a=extmap: a header extension",
        ),
        (
            in_section(grown, 1, "a=simulcast:send q;h;f", "a=simulcast:send q;f"),
            "m-section 1 (mid 1), a=simulcast",
        ),
        (
            grown.replace("a=rtcp-mux\r\n", ""),
            "m-section 0 (mid 0), a=rtcp-mux: missing",
        ),
    ] {
        let said = further(&text, &established).unwrap_err().to_string();
        assert!(
            said.starts_with(message),
            "{said:?} does not begin with {message:?}"
        );
    }
    let refused = further(CALLS[1][1], &established).unwrap_err().to_string();
    assert!(
        refused.starts_with("a=fingerprint: another certificate"),
        "{refused}"
    );
    assert!(further(grown, &established).is_ok());
}

#[test]
fn a_section_may_stop_and_its_place_stays() {
    let [offer, ..] = CALLS[0];
    let negotiated = called(offer);
    let stopped = offer.replacen("BUNDLE 0 1 2", "BUNDLE 0 2", 1);
    let stopped = further(&stopped, &negotiated.established).unwrap();
    assert!(stopped.answer.contains("m=video 0 ") && stopped.answer.contains("a=group:BUNDLE 0 2 "));
    assert!(stopped.publications.is_empty());
    let back = further(offer, &stopped.established).unwrap();
    assert_eq!(sections(&back.answer), sections(&negotiated.answer));
    assert!(back.answer.starts_with("v=0\r\no=- 42 3 ") && back.publications.is_empty());
}

#[test]
fn the_place_of_what_was_refused_may_be_offered_anew() {
    let [offer, ..] = CALLS[0];
    let negotiated = called(&in_section(offer, 1, "a=sendonly", "a=inactive"));
    assert_eq!(negotiated.publications.len(), 1);
    let anew = offer
        .replace("a=mid:1\r", "a=mid:anew\r")
        .replace("BUNDLE 0 1 ", "BUNDLE 0 anew ");
    let more = further(&anew, &negotiated.established).unwrap();
    let mids: Vec<_> = more
        .publications
        .iter()
        .map(|publication| publication.media.mid.to_string())
        .collect();
    assert_eq!(mids, ["anew"]);
}

#[test]
fn a_data_channel_is_there_from_the_beginning_or_not_at_all() {
    let with = offer("chromium-publish-datachannel");
    let (media, channel) = with.split_once("m=application").unwrap();
    let without = media.replace("BUNDLE 0 1 2", "BUNDLE 0 1");
    let clear = |text: &str| first(text, Terms::clear(EITHER)).unwrap().established;
    let late = further(with, &clear(&without)).unwrap();
    assert!(late.answer.contains("m=application 0 "));
    let early = clear(with);
    assert!(further(with, &early).unwrap().answer.contains("m=application 9 "));
    let other = format!(
        "{media}m=application{}",
        channel.replace("sctp-port:5000", "sctp-port:5001")
    );
    let refused = further(&other, &early).unwrap_err().to_string();
    assert!(
        refused.starts_with("m-section 2 (mid 2), m=: the data channel"),
        "{refused}"
    );
}

/// Replaces in one m-section alone.
fn in_section(offer: &str, index: usize, there: &str, instead: &str) -> String {
    let mut parts: Vec<_> = offer.split("\r\nm=").map(str::to_owned).collect();
    let section = &mut parts[index + 1];
    assert!(section.contains(there), "{there}");
    *section = section.replace(there, instead);
    parts.join("\r\nm=")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn whatever_is_offered_next_changes_nothing_that_was_there(
        browser in 0..2usize,
        next in 0..4usize,
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), "[ -~]{0,12}|é|[0-9]{1,3}"), 0..6),
    ) {
        let [offer, ..] = CALLS[browser];
        let before = called(offer);
        let text = edited(CALLS[browser][next], &edits);
        let Ok(after) = further(&text, &before.established) else { return Ok(()) };
        let (kept, answered) = (sections(&before.answer), sections(&after.answer));
        prop_assert_eq!(answered.len(), Offer::read(&text).unwrap().sections.len());
        for (kept, answered) in kept.iter().zip(&answered) {
            let is_off = answered.contains("a=inactive");
            prop_assert!(is_off || answered == kept, "{} was {}", answered, kept);
        }
        // Whatever became of the sections, the first offer would bring all of them back.
        prop_assume!(after.restart.is_none());
        let mids = |offer: &Offer<'_>| offer.sections.iter().map(|section| section.mid).collect::<Vec<_>>();
        let grown = after.established.places.len();
        if grown == before.established.places.len() {
            let back = further(offer, &after.established).unwrap();
            prop_assert_eq!(sections(&back.answer), kept);
            prop_assert_eq!(mids(&Offer::read(&back.answer).unwrap()), mids(&Offer::read(offer).unwrap()));
        } else {
            prop_assert!(grown > before.established.places.len() && further(offer, &after.established).is_err());
        }
    }

    #[test]
    fn arbitrary_text_is_survived_as_a_further_offer(text in "(v=0\n)?([a-z]=[ -~é]{0,40}\n){0,20}") {
        let established = called(CALLS[0][0]).established;
        prop_assert!(further(&text, &established).is_err());
    }
}
