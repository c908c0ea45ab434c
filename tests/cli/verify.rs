//! `rapport verify-client`, on servers that send a release, and on others.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::thread;

use rapport_signaling::CONTENT_POLICY;
use ring::digest::{SHA256, digest};

use crate::support::{Folder, failure, rapport, stdout};

const INDEX: &str =
    r#"<!doctype html><link rel="icon" href="/icon.svg"><script src="/assets/main.js"></script>"#;

/// What a server sends: by address and content coding, status and body; to all pages, a policy and other headers.
#[derive(Clone)]
struct Pages {
    files: HashMap<(&'static str, &'static str), (u16, Vec<u8>)>,
    headers: String,
}

impl Pages {
    fn release() -> Self {
        let files = [
            (("/assets/main.js", ""), &b"main"[..]),
            (("/assets/main.js", "br"), b"compressed main"),
            (("/icon.svg", ""), b"icon"),
            (("/", ""), INDEX.as_bytes()),
            (("/", "gzip"), b"compressed page"),
        ];
        let own = manifest_text();
        Self {
            files: files
                .into_iter()
                .chain([(("/manifest.sha256", ""), own.as_bytes())])
                .map(|(name, body)| (name, (200, body.to_vec())))
                .collect(),
            headers: format!("content-security-policy: {CONTENT_POLICY}\r\n"),
        }
    }

    fn with(mut self, address: &'static str, coding: &'static str, status: u16, body: &[u8]) -> Self {
        self.files.insert((address, coding), (status, body.to_vec()));
        self
    }

    /// Serves until the test is over; the address.
    fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // who has what they came for may be gone
                let _ = self.answer(stream);
            }
        });
        address
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let lines: Vec<_> = BufReader::new(stream.try_clone()?)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let path = lines[0].split(' ').nth(1).unwrap_or_default();
        let accepted = lines
            .iter()
            .find_map(|line| line.strip_prefix("accept-encoding: "))
            .unwrap_or("");
        // every address of people that is not set apart leads to one page
        let is_page = !path.contains('.');
        let known = |coding: &'static str| {
            self.files
                .iter()
                .find(|((name, form), _)| *name == path && *form == coding)
        };
        let shared = |coding: &'static str| {
            self.files
                .iter()
                .find(|((name, form), _)| is_page && *name == "/" && *form == coding)
        };
        let set_apart = self.files.keys().any(|(name, _)| *name == path);
        let codings = ["br", "gzip", ""]
            .into_iter()
            .filter(|coding| accepted.contains(coding));
        let mut found =
            codings.filter_map(|coding| known(coding).or_else(|| shared(coding).filter(|_| !set_apart)));
        let (coding, (status, body)) = match found.next() {
            Some(((_, coding), answer)) => (*coding, answer.clone()),
            None => ("", (404, Vec::new())),
        };
        let encoding = if coding.is_empty() {
            String::new()
        } else {
            format!("content-encoding: {coding}\r\n")
        };
        write!(
            stream,
            "HTTP/1.1 {status} .\r\ncontent-length: {}\r\nconnection: close\r\n{encoding}{}\r\n",
            body.len(),
            self.headers
        )?;
        stream.write_all(&body)
    }
}

fn verify(pages: Pages) -> Output {
    verify_at(pages, "")
}

fn verify_at(pages: Pages, path: &str) -> Output {
    let folder = Folder::with("");
    let manifest = folder.path().join("manifest.sha256");
    std::fs::write(&manifest, manifest_text()).unwrap();
    let mut command = rapport(&["verify-client", &format!("{}{path}", pages.serve()), "--manifest"]);
    command.arg(manifest).output().unwrap()
}

/// Of the release.
fn manifest_text() -> String {
    let hash = |bytes: &[u8]| -> String {
        let digest = digest(&SHA256, bytes);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let lines = [
        (&b"main"[..], "assets/main.js"),
        (b"compressed main", "assets/main.js.br"),
        (b"icon", "icon.svg"),
        (INDEX.as_bytes(), "index.html"),
        (b"compressed page", "index.html.gz"),
    ];
    let lines = lines
        .iter()
        .map(|(body, name)| format!("{}  {name}\n", hash(body)));
    lines.collect()
}

/// What is found, after checking the exit code.
fn findings(pages: Pages) -> String {
    let output = verify(pages);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stdout(&output).to_owned()
}

#[test]
fn the_pages_of_a_release_pass() {
    let output = verify(Pages::release());
    assert!(output.status.success(), "{output:?}");
    assert!(stdout(&output).contains("6 files"), "{}", stdout(&output));
}

#[test]
fn a_file_that_differs_is_named_in_whichever_form() {
    let release = Pages::release;
    let plain = findings(release().with("/assets/main.js", "", 200, b"mein"));
    assert_eq!(plain, "differs    /assets/main.js\n");
    let compressed = findings(release().with("/assets/main.js", "br", 200, b"compressed mein"));
    assert_eq!(compressed, "differs    /assets/main.js (br)\n");
    let missing = findings(release().with("/icon.svg", "", 404, b""));
    assert_eq!(missing, "missing    /icon.svg: status 404\n");
    let elsewhere = findings(release().with("/icon.svg", "", 302, b""));
    assert_eq!(elsewhere, "missing    /icon.svg: status 302\n");
    let long = findings(release().with("/icon.svg", "", 200, &vec![0; 17 << 20]));
    assert!(long.contains("longer than any file"), "{long}");
}

#[test]
fn one_address_with_another_page_is_found_and_what_it_loads_is_named() {
    let evil = format!(
        "{INDEX}<script src=\"/assets/evil.js\"></script><script src=\"//elsewhere.example/x.js\"></script>"
    );
    let address = "/j/JfqnU0gl9gyGlqcLQgTt4g";
    let pages = Pages::release().with(address, "", 200, evil.as_bytes());
    // an address that nobody is told of is not found by chance
    assert!(verify(pages.clone()).status.success());
    let output = verify_at(pages, &format!("{address}#secret"));
    assert_eq!(
        stdout(&output),
        format!(
            "differs    {address}\nunknown    {address} loads //elsewhere.example/x.js\n\
             unknown    {address} loads /assets/evil.js\n"
        )
    );
}

#[test]
fn another_content_policy_and_headers_that_load_are_found() {
    let mut pages = Pages::release();
    pages.headers = "content-security-policy: default-src *\r\nlink: </x.css>;rel=stylesheet\r\n".to_owned();
    let found = findings(pages);
    let count = |word: &str| found.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((count("policy"), count("unknown")), (5, 5), "{found}");
}

#[test]
fn what_cannot_be_looked_at_is_told() {
    let refused = |arguments: &[&str]| {
        let output = rapport(&[&["verify-client"], arguments].concat())
            .output()
            .unwrap();
        failure(&output, 2)
    };
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let folder = Folder::with("");
    let good = folder.path().join("manifest.sha256");
    std::fs::write(&good, format!("{}  index.html\n", "0".repeat(64))).unwrap();
    let good = good.to_str().unwrap();
    assert!(refused(&["http://clinic.example", "--manifest", good]).contains("not https"));
    assert!(refused(&["clinic", "--manifest", good]).contains("no address"));
    assert!(refused(&["http://localhost:1", "--manifest", manifest]).contains("no manifest"));
    assert!(refused(&["http://localhost:1", "--manifest", "/nowhere"]).contains("/nowhere"));
    let gone = rapport(&["verify-client", "http://localhost:1", "--manifest", good])
        .output()
        .unwrap();
    assert!(failure(&gone, 1).contains("http://localhost:1"));
}
