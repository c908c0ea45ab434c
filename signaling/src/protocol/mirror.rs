//! The protocol's types in TypeScript: `web/client/src/signaling/protocol.ts`.
//!
//! Owns: the text of that file. Never does: write it unless asked: a test compares, and
//! `RAPPORT_WRITE=1 cargo test -p rapport-signaling protocol` rewrites.

use std::fmt::Write;
use std::path::Path;

use ts_rs::{Config, TS};

use super::*;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../web/client/src/signaling/protocol.ts"
);

const HEADER: &str = "\
// Written from signaling/src/protocol by a test; don't edit:
// RAPPORT_WRITE=1 cargo test -p rapport-signaling protocol
";

#[test]
fn the_mirror_for_browsers_is_what_the_types_say() {
    let text = mirror();
    if std::env::var_os("RAPPORT_WRITE").is_some() {
        std::fs::create_dir_all(Path::new(FILE).parent().unwrap()).unwrap();
        std::fs::write(FILE, &text).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert_eq!(committed, text, "{HEADER}");
}

fn mirror() -> String {
    let mut text = HEADER.to_owned();
    let subprotocol = "`Sec-WebSocket-Protocol` of this version.";
    write!(
        text,
        "\n/** {subprotocol} */\nexport const SUBPROTOCOL = \"{SUBPROTOCOL}\";\n"
    )
    .unwrap();
    declare::<Frame<ts_rs::Dummy>>(&mut text);
    declare::<Opening>(&mut text);
    declare::<Joining>(&mut text);
    declare::<Sealing>(&mut text);
    declare::<SourceSection>(&mut text);
    declare::<MediaState>(&mut text);
    declare::<ClientBody>(&mut text);
    declare::<Audience>(&mut text);
    declare::<Welcome>(&mut text);
    declare::<Snapshot>(&mut text);
    declare::<ServerBody>(&mut text);
    declare::<FailureCode>(&mut text);
    declare::<Member>(&mut text);
    declare::<Standing>(&mut text);
    declare::<Line>(&mut text);
    declare::<Connection>(&mut text);
    declare::<Source>(&mut text);
    declare::<Slot>(&mut text);
    declare::<SlotTrack>(&mut text);
    declare::<RoomState>(&mut text);
    declare::<Recording>(&mut text);
    declare::<RecordingPhase>(&mut text);
    declare::<RecordingEnd>(&mut text);
    declare::<CloseReason>(&mut text);
    close_codes(&mut text);
    text
}

fn declare<T: TS>(text: &mut String) {
    let config = Config::new();
    let docs = T::docs().unwrap_or_default();
    let declaration = format!("{docs}export {}", T::decl(&config));
    text.push('\n');
    tidy(&declaration, text);
}

/// Comments stand in as few lines as they need, and their links are names.
fn tidy(declaration: &str, text: &mut String) {
    let declaration = declaration
        .replace("/**\n * ", "/** ")
        .replace("\n */", " */")
        .replace("[`super::", "`")
        .replace("`]", "`")
        .replace("} | {", "}\n| {");
    for line in declaration.lines() {
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
}

/// The names come out of the type, so that none can be forgotten.
fn close_codes(text: &mut String) {
    let names = CloseReason::inline(&Config::new());
    text.push_str("\n/** The codes of close frames, by reason. */\nexport const CLOSE_CODES = {\n");
    for name in names.split(" | ") {
        let reason: CloseReason = serde_json::from_str(name).unwrap();
        assert_eq!(name.trim_matches('"'), reason.label());
        writeln!(text, "  {}: {},", reason.label(), reason.code()).unwrap();
    }
    text.push_str("} as const satisfies Record<CloseReason, number>;\n");
}
