//! The command as an operator meets it: what it prints, and how it ends.

mod demo;
mod load;
mod opening;
mod recording;
mod root;
mod support;
mod verify;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::{Folder, failure, rapport, stdout};

const SECRET: &str = "[[auth.secrets]]\nid = \"main\"\nsecret = \"an HS256 secret of 32 bytes, yes\"\n";
/// Ports that the system chooses, so that tests can run side by side.
const PORTS: &str = "server.listen = \"127.0.0.1:0\"\nmedia.listen = [\"127.0.0.1:0\"]\n";

#[test]
fn help_says_what_there_is_and_how_it_ends() {
    let help = rapport(&["--help"]).output().unwrap();
    assert!(help.status.success());
    for word in [
        "rapport demo",
        "serve",
        "check-config",
        "token",
        "key",
        "Exit codes",
    ] {
        assert!(stdout(&help).contains(word), "{word}");
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    assert_eq!(rapport(&["sevre"]).output().unwrap().status.code(), Some(2));
    assert_eq!(rapport(&["token"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_good_configuration_is_summed_up() {
    let folder = Folder::with(SECRET);
    let output = folder.run(&["check-config"]);
    assert!(output.status.success());
    assert!(
        stdout(&output).starts_with("OK: http://127.0.0.1:8080"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let folder = Folder::with(&format!("[server]\nlisten_on = \"127.0.0.1:0\"\n{SECRET}"));
    for command in ["check-config", "serve"] {
        let line = failure(&folder.run(&[command]), 2);
        assert!(
            line.contains("rapport.toml:2") && line.contains("listen_on"),
            "{line}"
        );
    }
}

#[test]
fn a_missing_configuration_is_named() {
    let output = rapport(&["serve", "--config", "/nowhere/rapport.toml"])
        .output()
        .unwrap();
    assert!(failure(&output, 2).contains("/nowhere/rapport.toml"));
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = Folder::with(SECRET);
    let mut command = rapport(&["check-config"]);
    command
        .env("RAPPORT_CONFIG", folder.config())
        .env("RAPPORT_SERVER__LISTEN", "127.0.0.1:9000");
    let output = command.output().unwrap();
    assert!(stdout(&output).contains("http://127.0.0.1:9000"), "{output:?}");
}

#[test]
fn a_port_that_is_taken_ends_with_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let media = "media.listen = [\"127.0.0.1:0\"]";
    let folder = Folder::with(&format!("server.listen = \"{address}\"\n{media}\n{SECRET}"));
    assert!(failure(&folder.run(&["serve"]), 3).contains(&address.to_string()));
}

#[test]
fn a_missing_certificate_ends_with_4() {
    let tls = "[server.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n";
    let folder = Folder::with(&format!("{PORTS}{tls}{SECRET}"));
    for command in ["check-config", "serve"] {
        assert!(
            failure(&folder.run(&[command]), 4).contains("cert.pem"),
            "{command}"
        );
    }
}

#[test]
fn a_token_is_printed_alone() {
    let folder = Folder::with(SECRET);
    let output = folder.run(&[
        "token",
        "--room",
        "one",
        "--identity",
        "anna",
        "--publish",
        "--ttl",
        "30min",
    ]);
    assert!(output.status.success());
    assert_eq!(stdout(&output).trim_end().split('.').count(), 3);
}

#[test]
fn a_token_that_the_server_would_refuse_is_not_made() {
    let folder = Folder::with(SECRET);
    let token = |room: &str, rest: &[&str]| {
        let arguments = [&["token", "--identity", "anna", "--room", room], rest].concat();
        failure(&folder.run(&arguments), 2)
    };
    assert!(token("one", &["--ttl", "48h"]).contains("auth.max_ttl"));
    assert!(token("a/b", &[]).contains("room"));
    assert!(
        token("*", &["--publish"]).contains("room"),
        "the star is for administrators"
    );
}

#[test]
fn a_new_key_signs_tokens_and_its_public_half_does_not() {
    let output = rapport(&["key", "--id", "clinic"]).output().unwrap();
    let snippet = stdout(&output);
    let folder = Folder::with(snippet);
    let arguments = ["token", "--room", "one", "--identity", "anna"];
    assert!(folder.run(&arguments).status.success(), "{snippet}");
    let (public, _) = snippet.split_once("# Only").unwrap();
    let folder = Folder::with(public);
    assert!(failure(&folder.run(&arguments), 2).contains("private key"));
}

/// A server that runs, and the address that it logged.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(config: &Path) -> Self {
        let mut command = rapport(&["serve", "--config"]);
        let mut child = command.arg(config).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let line = lines
            .find(|line| line.contains("serving HTTP"))
            .expect("the line that names the address");
        let address = line.rsplit("127.0.0.1:").next().unwrap();
        let port: String = address.chars().take_while(char::is_ascii_digit).collect();
        // The rest of the log has to be read, or the server would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address: format!("127.0.0.1:{port}"),
        }
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status line that answers a GET.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: rapport\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).unwrap();
    status
}

#[test]
fn a_server_that_is_told_to_stop_ends_with_0() {
    for signal in ["-TERM", "-INT"] {
        let folder = Folder::with(&format!("{PORTS}{SECRET}"));
        let mut serving = Serving::start(&folder.config());
        assert!(get(&serving.address, "/readyz").starts_with("HTTP/1.1 200"));
        serving.signal(signal);
        assert_eq!(serving.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}
