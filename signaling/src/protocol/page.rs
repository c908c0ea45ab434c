//! `PROTOCOL.md` against the types.
//!
//! Owns: that the page can't rot. Never does: read it for anybody.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::{Config, TS};

use super::*;

const PAGE: &str = include_str!("../../PROTOCOL.md");

/// What stands behind the opening fence, and the text until the closing one.
fn examples() -> Vec<(&'static str, &'static str)> {
    let blocks = PAGE.split("```json ").skip(1);
    let block = |block: &'static str| {
        let (name, rest) = block.split_once('\n').unwrap();
        (name, rest.split("```").next().unwrap())
    };
    blocks.map(block).collect()
}

/// The example is of this type, whole: what is read is what stands there.
fn check<T: DeserializeOwned + Serialize>(text: &str) {
    let read: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let written = serde_json::to_value(read).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn every_example_is_a_message() {
    for (name, text) in examples() {
        match name {
            "Opening" => check::<Opening>(text),
            "Welcome" => check::<Welcome>(text),
            "Client" => check::<Frame<ClientBody>>(text),
            "ClientBody" => check::<ClientBody>(text),
            "ServerBody" => check::<ServerBody>(text),
            other => panic!("no such messages: {other}"),
        }
    }
}

#[test]
fn every_message_has_an_example() {
    let config = Config::new();
    for (name, declaration) in [
        ("Opening", Opening::inline(&config)),
        ("Welcome", Welcome::inline(&config)),
        ("ClientBody", ClientBody::inline(&config)),
        ("ServerBody", ServerBody::inline(&config)),
    ] {
        let types: Vec<_> = declaration.split("\"type\": ").skip(1).collect();
        assert!(types.len() >= 2, "{declaration}");
        for declared in types {
            let tag = declared.split('"').nth(1).unwrap();
            let shown = examples()
                .into_iter()
                .any(|(of, text)| of == name && text.contains(&format!("{{\"type\":\"{tag}\"")));
            assert!(shown, "an example of {tag} of {name}");
        }
    }
}

#[test]
fn every_reason_of_a_close_frame_is_listed_with_its_code() {
    let names = CloseReason::inline(&Config::new());
    for name in names.split(" | ") {
        let reason: CloseReason = serde_json::from_str(name).unwrap();
        let row = format!("| {} | `{}` |", reason.code(), reason.label());
        assert!(PAGE.contains(&row), "{row}");
    }
}
