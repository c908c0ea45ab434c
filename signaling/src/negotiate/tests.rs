use super::*;

const CHROMIUM_PUBLISH: &str = include_str!("../sdp/offers/chromium-publish.sdp");

#[test]
fn chromium_publishes_sound_and_picture() {
    let ice = IceCredentials {
        ufrag: "abcdefgh".into(),
        pwd: "0123456789012345678901".into(),
    };
    let candidates = ["192.0.2.7:3478".parse().unwrap()];
    let ours = Ours {
        session: 1,
        ice: &ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &candidates,
    };
    let negotiated = publish(CHROMIUM_PUBLISH, &ours).unwrap();
    assert_eq!(negotiated.publications.len(), 2);
    assert_eq!(negotiated.transport.remote.ufrag.len(), 4);
    assert!(negotiated.answer.contains("a=group:BUNDLE 0 1\r\n"));
}
