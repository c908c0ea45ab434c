//! Whatever comes in.

use super::*;

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
pub(super) fn edited(text: &str, edits: &[(usize, u8, String)]) -> String {
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
