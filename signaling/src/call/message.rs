//! Text of a client, read.
//!
//! Owns: what is said of text that is no message: the field, never its content. Never does: judge a number or
//! a person.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::closing::Closing;
use crate::protocol::{ClientBody, Frame, Opening};

/// The first message of a socket.
pub(crate) fn opening(text: &str) -> Result<Opening, Closing> {
    read(text, "opening")
}

/// Every other message.
pub(crate) fn frame(text: &str) -> Result<Frame<ClientBody>, Closing> {
    // A second look at what is no frame tells whether the frame or what it carries is at fault.
    serde_json::from_str(text).or_else(|_| {
        let frame: Frame<Value> = read(text, "frame")?;
        let body = serde_json::from_value::<ClientBody>(frame.body.unwrap_or_default());
        Err(body.map_or_else(|error| fault("body", &error), |_| Closing::malformed("body")))
    })
}

fn read<T: DeserializeOwned>(text: &str, whole: &str) -> Result<T, Closing> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => fault(whole, &error),
        _ => Closing::malformed("json"),
    })
}

/// serde names a missing field between backticks, and an unknown one, which is the client's own word: only
/// names of ours come back.
fn fault(whole: &str, error: &serde_json::Error) -> Closing {
    let error = error.to_string();
    let missing = error
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    let known = FIELDS.into_iter().find(|field| Some(*field) == missing);
    known.map_or_else(
        || Closing::malformed(whole),
        |field| Closing::malformed(&format!("{whole}.{field}")),
    )
}

/// What a client's messages are made of.
const FIELDS: [&str; 28] = [
    "type",
    "seq",
    "ack",
    "body",
    "session",
    "received",
    "recording",
    "token",
    "name",
    "sealing",
    "layout",
    "suite",
    "media",
    "microphone",
    "camera",
    "screen",
    "offer",
    "sources",
    "mid",
    "source",
    "sdp",
    "speaking",
    "raised",
    "line",
    "participant",
    "to",
    "message",
    "locked",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ts_rs::{Config, TS};

    use super::*;
    use crate::protocol::{CloseReason, Joining, MediaState, Sealing, SourceSection};

    /// The names of a type's fields: what stands before the colons of its declaration.
    fn fields_of<T: TS>() -> BTreeSet<String> {
        let declaration = T::inline(&Config::new());
        let uncommented = declaration.split("/**").map(|text| match text.split_once("*/") {
            Some((_, code)) => code,
            None => text,
        });
        let code: String = uncommented.collect();
        let mut parts: Vec<_> = code.split(':').collect();
        parts.pop();
        let name = |part: &&str| {
            let part = part.trim_end_matches(['?', '"', ' ']);
            let start = part.rfind(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            part[start.map_or(0, |at| at + 1)..].to_owned()
        };
        parts.iter().map(name).collect()
    }

    #[test]
    fn every_field_of_a_clients_messages_is_known_by_its_name() {
        let mut named = fields_of::<Frame<ts_rs::Dummy>>();
        named.extend(fields_of::<Opening>());
        named.extend(fields_of::<Joining>());
        named.extend(fields_of::<Sealing>());
        named.extend(fields_of::<SourceSection>());
        named.extend(fields_of::<MediaState>());
        named.extend(fields_of::<ClientBody>());
        let known: BTreeSet<_> = FIELDS.map(str::to_owned).into();
        assert_eq!(known, named);
    }

    #[test]
    fn a_message_is_read() {
        let frame = frame(r#"{"seq":1,"ack":0,"body":{"type":"leave"}}"#).unwrap();
        assert_eq!((frame.seq, frame.body), (Some(1), Some(ClientBody::Leave)));
        let resume = opening(r#"{"type":"resume","session":"ab","received":3}"#).unwrap();
        assert!(matches!(resume, Opening::Resume { received: 3, .. }));
    }

    #[test]
    fn what_is_no_message_is_told_by_the_field_and_never_by_its_content() {
        for (text, field) in [
            ("", "json"),
            ("secret", "json"),
            ("[]", "frame"),
            (r#"{"seq":1}"#, "frame.ack"),
            (r#"{"ack":0,"secret":1}"#, "frame"),
            (r#"{"ack":-1}"#, "frame"),
            (r#"{"ack":"secret"}"#, "frame"),
            (r#"{"seq":1,"ack":0,"body":{}}"#, "body.type"),
            (r#"{"seq":1,"ack":0,"body":7}"#, "body"),
            (r#"{"seq":1,"ack":0,"body":{"type":"secret"}}"#, "body"),
            (r#"{"seq":1,"ack":0,"body":{"type":"hand"}}"#, "body.raised"),
            (
                r#"{"seq":1,"ack":0,"body":{"type":"hand","raised":"secret"}}"#,
                "body",
            ),
            (
                r#"{"seq":1,"ack":0,"body":{"type":"hand","raised":true,"secret":1}}"#,
                "body",
            ),
            (
                r#"{"seq":1,"ack":0,"body":{"type":"offer","sdp":"","sources":[{"mid":"0"}]}}"#,
                "body.source",
            ),
        ] {
            assert_eq!(frame(text), Err(Closing::malformed(field)), "{text}");
        }
        for (text, field) in [
            ("{}", "opening.type"),
            (r#"{"type":"join"}"#, "opening.token"),
            (r#"{"type":"join","token":"secret"}"#, "opening.name"),
            (r#"{"type":"resume","session":"secret"}"#, "opening.received"),
            (r#"{"ack":0}"#, "opening.type"),
        ] {
            assert_eq!(opening(text), Err(Closing::malformed(field)), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let text = format!(r#"{{"ack":0,"body":{}"#, "[".repeat(100_000));
        assert_eq!(frame(&text).unwrap_err().reason(), CloseReason::Malformed);
    }
}
