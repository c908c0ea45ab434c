//! The server's reader of the key protocol: messages of strangers, and who they let in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rapport_keys::{Gate, Parsed, To};

/// What is read is written the same way, and nobody is let in by bytes of strangers: each message of the script comes
/// once from a host and once from a guest, neither of whom has a key that a fuzzer knows.
pub fn keys(input: &[u8]) {
    let text = URL_SAFE_NO_PAD.encode(input);
    if let Some(parsed) = Parsed::read(&text) {
        assert_eq!(parsed.message.body(), parsed.body, "two spellings of one message");
    }
    let mut gate = Gate::new("session-1");
    gate.handle_join(HOST, true);
    gate.handle_join(GUEST, false);
    for (from, to) in [
        (HOST, To::Everyone),
        (GUEST, To::Members),
        (GUEST, To::Participant(HOST)),
    ] {
        let Ok(outcome) = gate.handle_message(from, to, &text) else {
            assert!(
                Parsed::read(&text).is_none(),
                "a message that is read is passed on"
            );
            continue;
        };
        assert!(
            outcome.changes.is_empty() && !gate.is_admitted(GUEST),
            "let in by noise"
        );
        assert!(!outcome.receivers.contains(&from), "an echo");
    }
}

const HOST: u64 = 1;
const GUEST: u64 = 2;
