//! Messages of the key protocol, one of each small kind.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rapport_keys::{
    Answer, Beat, Bye, Device, Entry, Hello, Key, Knock, Message, Secret, Statement, Verdict,
};

use super::Named;

pub(super) fn messages() -> Vec<Named> {
    let device = Device::new(&Secret([7; 32]), [8; 32]);
    let hello = Message::Hello(Hello {
        room: "session-1".to_owned(),
        signing_key: device.keys().signing,
        agreement_key: device.keys().agreement,
        ephemeral_key: [9; 32],
        sender: 16,
        capabilities: 0,
        name: "Omar".to_owned(),
        certificate: Vec::new(),
    });
    let from = Hello::stay(&hello.body());
    let to = [2; 32];
    let entry = Entry {
        device: device.keys().id().0,
        stay: from,
        sender: 16,
        verdict: Verdict::Admitted,
        clock: 1,
    };
    let knock = Knock {
        from,
        to,
        commitment: [3; 32],
        link: Some(([4; 8], [5; 32])),
    };
    let answer = Answer {
        from,
        to,
        knock: [3; 32],
        nonce: [4; 32],
    };
    let key = Key {
        from,
        to,
        kid: 16 << 20,
        enc: [5; 32],
        ct: [6; 48],
    };
    let beat = Beat {
        from,
        counter: 1,
        membership: [3; 32],
        kid: 16 << 20,
        heard: Vec::new(),
    };
    let entries = vec![entry];
    [
        ("hello", hello),
        ("knock", Message::Knock(knock)),
        ("answer", Message::Answer(answer)),
        ("statement", Message::Statement(Statement { from, entries })),
        ("key", Message::Key(key)),
        ("beat", Message::Beat(beat)),
        ("bye", Message::Bye(Bye { from })),
    ]
    .map(|(name, message)| (name, bytes(&message.write(device.sign()))))
    .into()
}

/// The target spells them again.
fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}
