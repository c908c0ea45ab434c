//! Fragments that come after the offer.

use super::*;

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
