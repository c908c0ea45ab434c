//! `rapport demo` as somebody meets it who has read nothing.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use rapport_keys::Link as Fragment;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Folder, failure, rapport};

/// A demonstration that runs, and what it has printed.
struct Demo {
    child: Child,
    text: String,
}

impl Demo {
    fn start(listen: &str, data: Option<&Path>) -> Self {
        let mut command = rapport(&["demo", "--listen", listen]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        for line in lines.map_while(Result::ok) {
            text += &format!("{line}\n");
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Self { child, text }
    }

    /// Both links: the therapist's and the client's.
    fn links(&self) -> [Link; 2] {
        let links: Vec<_> = self
            .text
            .split_whitespace()
            .filter(|word| word.contains("/j/"))
            .collect();
        let links: [&str; 2] = links.try_into().expect("two links");
        links.map(Link::of)
    }

    fn interrupt(mut self) -> Option<i32> {
        let kill = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Link {
    origin: String,
    invitation: String,
    secret: String,
}

impl Link {
    fn of(text: &str) -> Self {
        let (origin, rest) = text.split_once("/j/").unwrap();
        let (invitation, secret) = rest.split_once('#').unwrap();
        let [origin, invitation, secret] = [origin, invitation, secret].map(str::to_owned);
        Self {
            origin,
            invitation,
            secret,
        }
    }

    async fn redeem(&self) -> (StatusCode, Value) {
        let url = format!("{}/api/v1/invitations/{}", self.origin, self.invitation);
        let body = json!({ "device": "AAAAAAAAAAAAAAAAAAAAAA" });
        let response = browser().post(url).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }
}

/// Goes on past the warning of a certificate, as a person does.
fn browser() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    let browser = reqwest::Client::builder()
        .no_proxy()
        .danger_accept_invalid_certs(true);
    browser.build().unwrap()
}

#[tokio::test]
async fn two_links_lead_into_one_room() {
    let demo = Demo::start("127.0.0.1:0", None);
    let links = demo.links();
    let [therapist, client] = &links;
    assert!(therapist.origin.starts_with("http://localhost:"), "{therapist:?}");
    let [host, guest] = [therapist, client].map(|link| Fragment::read(&link.secret).unwrap());
    assert_eq!(host.handed_over(), guest);
    assert!(host.root_seed().is_some() && guest.root_seed().is_none());
    assert_ne!(therapist.invitation, client.invitation);
    for part in [&therapist.invitation, &client.invitation] {
        assert_eq!(part.len(), 22, "{part}");
    }
    let mut rooms = Vec::new();
    for (link, standing) in links.iter().zip(["host", "guest"]) {
        let (status, redeemed) = link.redeem().await;
        assert_eq!(status, StatusCode::OK, "{redeemed}");
        assert_eq!(redeemed["standing"], standing);
        assert_eq!(redeemed["demo"], true);
        rooms.push(redeemed["room"].clone());
    }
    assert_eq!(rooms[0], rooms[1]);
    assert_eq!(demo.interrupt(), Some(0));
}

#[tokio::test]
async fn an_invitation_of_somebody_elses_demo_is_unknown() {
    let [ours, theirs] = [(); 2].map(|()| Demo::start("127.0.0.1:0", None));
    let [mut link, _] = theirs.links();
    link.origin = ours.links()[0].origin.clone();
    assert_eq!(link.redeem().await.0, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_printed_says_who_the_links_are_for_and_who_has_seen_them() {
    let demo = Demo::start("127.0.0.1:0", None);
    for words in [
        "Therapist",
        "Client",
        "12 hours",
        "this server has seen it",
        "Ctrl-C",
    ] {
        assert!(demo.text.contains(words), "{words}: {}", demo.text);
    }
    assert!(!demo.text.contains("certificate"), "{}", demo.text);
}

#[test]
fn links_that_are_kept_survive_a_restart() {
    let folder = Folder::with("");
    let data = folder.path().join("new/data");
    let first = Demo::start("127.0.0.1:0", Some(&data));
    let before = first.links();
    assert_eq!(first.interrupt(), Some(0));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut names: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["demo.toml", "recordings"], "no draft is left behind");
    assert_eq!(mode(&data.join("demo.toml")), 0o600);
    assert_eq!(mode(&data), 0o700);
    let after = Demo::start("127.0.0.1:0", Some(&data)).links();
    for (before, after) in before.iter().zip(after) {
        assert_eq!(
            (&before.invitation, &before.secret),
            (&after.invitation, &after.secret)
        );
    }
    let fresh = Demo::start("127.0.0.1:0", None).links();
    assert_ne!(fresh[0].secret, before[0].secret);
}

#[test]
fn a_folder_that_others_can_read_or_that_holds_something_else_is_named() {
    let folder = Folder::with("");
    let kept = folder.path().join("demo.toml");
    let start = || {
        let data = folder.path().to_str().unwrap();
        failure(
            &rapport(&["demo", "--listen", "127.0.0.1:0", "--data", data])
                .output()
                .unwrap(),
            2,
        )
    };
    fs::write(&kept, "link = 1").unwrap();
    fs::set_permissions(&kept, Permissions::from_mode(0o600)).unwrap();
    let line = start();
    assert!(line.contains("demo.toml") && line.contains("Remove it"), "{line}");
    fs::set_permissions(&kept, Permissions::from_mode(0o640)).unwrap();
    let line = start();
    assert!(line.contains("demo.toml") && line.contains("chmod 600"), "{line}");
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    fs::set_permissions(&kept, Permissions::from_mode(0o700)).unwrap();
    assert!(start().contains("demo.toml"));
}

#[test]
fn a_port_that_is_taken_comes_with_a_way_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = failure(&rapport(&["demo", "--listen", &address]).output().unwrap(), 3);
    assert!(line.contains(&address) && line.contains("--listen"), "{line}");
}

#[test]
fn an_address_of_another_machine_comes_with_a_way_on() {
    // Of a range that no machine has (RFC 5737).
    let line = failure(
        &rapport(&["demo", "--listen", "203.0.113.5:8080"])
            .output()
            .unwrap(),
        3,
    );
    assert!(
        line.contains("203.0.113.5") && line.contains("--listen"),
        "{line}"
    );
}

#[test]
fn an_address_without_a_port_is_answered_with_an_example() {
    let output = rapport(&["demo", "--listen", "0.0.0.0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("0.0.0.0:8080"));
}

#[tokio::test]
async fn other_machines_are_served_by_https_and_warned() {
    let demo = Demo::start("0.0.0.0:0", None);
    let [mut therapist, _] = demo.links();
    assert!(therapist.origin.starts_with("https://"), "{therapist:?}");
    assert!(demo.text.contains("certificate"), "{}", demo.text);
    let (_, port) = therapist.origin.rsplit_once(':').unwrap();
    therapist.origin = format!("https://127.0.0.1:{port}");
    assert_eq!(therapist.redeem().await.0, StatusCode::OK);
}
