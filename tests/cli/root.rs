//! `rapport root`, by which a clinic makes its own key away from the server.

use std::io::Write;
use std::process::{Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rapport_keys::{Certificate, DeviceKeys, Kit, Request, Root};

use crate::support::{failure, rapport, stdout};

const REQUEST: Request = Request(DeviceKeys {
    signing: [1; 32],
    agreement: [2; 32],
});

#[test]
fn a_new_root_comes_back_out_of_its_words() {
    let made = rapport(&["root", "new"]).output().unwrap();
    let words = stdout(&made);
    assert_eq!(words.split_whitespace().count(), Kit::LENGTH);
    let number = said(&made)
        .lines()
        .find_map(|line| line.strip_prefix("Clinic  ").map(str::to_owned));
    let shown = with_words(&["root", "show"], words);
    assert_eq!(Some(stdout(&shown).trim().to_owned()), number);
    let second = rapport(&["root", "new"]).output().unwrap();
    assert_ne!(stdout(&second), words);
}

#[test]
fn a_device_is_certified_by_its_request_or_by_the_link_that_has_it() {
    let made = rapport(&["root", "new"]).output().unwrap();
    let words = stdout(&made);
    let link = format!("https://clinic.example/clinic#{}", REQUEST.text());
    for device in [REQUEST.text(), link] {
        let output = with_words(
            &["root", "certify", &device, "--name", "Dana", "--days", "30"],
            words,
        );
        assert!(said(&output).contains(&REQUEST.0.id().spelt()), "{output:?}");
        let bytes = URL_SAFE_NO_PAD.decode(stdout(&output).trim()).unwrap();
        let (certificate, root) = Certificate::read(&bytes, REQUEST.0.id()).unwrap();
        assert_eq!(root, Root::new(&Kit::seed(words).unwrap()).hash());
        assert_eq!(certificate.name, "Dana");
        assert_eq!(certificate.not_after - certificate.not_before, 30 * 86_400);
    }
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_made() {
    let made = rapport(&["root", "new"]).output().unwrap();
    let words = stdout(&made);
    let request = REQUEST.text();
    let certify = |device: &str, name: &str, typed: &str| {
        failure(
            &with_words(&["root", "certify", device, "--name", name], typed),
            2,
        )
    };
    assert!(certify(&request[1..], "Dana", words).contains("request"));
    assert!(certify(&request, "", words).contains("--name"));
    assert!(certify(&request, &"x".repeat(129), words).contains("--name"));
    assert!(certify(&request, "Dana", "abandon ability").contains("25 words"));
    let swapped: Vec<_> = words.split_whitespace().rev().collect();
    assert!(certify(&request, "Dana", &swapped.join(" ")).contains("do not belong together"));
}

fn with_words(arguments: &[&str], words: &str) -> Output {
    let mut command = rapport(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // who ends early has not read everything
    let _ = child.stdin.take().unwrap().write_all(words.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}
