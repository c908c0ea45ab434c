//! `rapport load`, from its start to what it leaves.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, failure, rapport, stdout};

const SECRET: &str = "[[auth.secrets]]\nid = \"main\"\nsecret = \"an HS256 secret of 32 bytes, yes\"\n";

#[test]
fn a_machine_is_loaded_by_one_command() {
    let folder = Folder::with("");
    let file = folder.path().join("load.json");
    let mut command = rapport(&["load", "--size", "2", "--seconds", "5", "--settle", "0"]);
    let output = command.arg("--json").arg(&file).output().unwrap();
    let told = stdout(&output);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("transports 8 of 8 up"), "{told}");
    assert!(told.contains("streams 8 of 8 flow"), "{told}");
    let report: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(report["unreadable"], 0);
    let (received, due) = (
        report["received"].as_f64().unwrap(),
        report["due"].as_f64().unwrap(),
    );
    // Two rooms of two, each with 50 packets of sound and a picture a second, for five seconds.
    assert!(due > 1_000.0, "{told}");
    assert!((0.5..1.5).contains(&(received / due)), "{told}");
    assert!(report["server"]["resident"].as_u64().unwrap() > 1 << 20);
}

#[test]
fn a_server_that_allows_no_clear_room_is_not_loaded() {
    let line = failure(&Folder::with(SECRET).run(&["load"]), 2);
    assert!(line.contains("clear_rooms"), "{line}");
}

#[test]
fn load_has_an_end() {
    let refused = rapport(&["load", "--seconds", "601"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let refused = rapport(&["load", "--size", "100000", "--settle", "0"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
