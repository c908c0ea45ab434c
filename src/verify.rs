//! `rapport verify-client`: does a server send the pages of a release?
//!
//! Owns: what is asked for, and how it is judged. Never does: believe the server's own manifest.
//!
//! A server that knows that it is looked at can answer this command otherwise than a browser. What is found is
//! tampering with files, a proxy that changes them, and a mishap; the request looks like a browser's, so that to tell
//! one from the other takes some work.

mod manifest;
mod origin;

use std::fs;
use std::path::Path;

use rapport_signaling::{CONTENT_POLICY, built_page};

use crate::arguments::VerifyClient;
use crate::failure::Failure;
use manifest::{Entry, Manifest};
use origin::{Answer, Origin};

pub(crate) fn run(arguments: &VerifyClient) -> Result<(), Failure> {
    let manifest = read_manifest(arguments.manifest.as_deref())?;
    let origin = Origin::new(&arguments.url, arguments.ca.as_deref()).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::running)?;
    let findings = runtime
        .block_on(compare(&origin, &manifest))
        .map_err(Failure::running)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!(
            "{} sends the pages of this release: {} files, number {}",
            origin.url(),
            manifest.entries().len(),
            manifest.number()
        );
        return Ok(());
    }
    Err(Failure::running(format!(
        "{} does not send the pages of release {}. If nobody has updated it to another release, hold no session \
         there, and look into it",
        origin.url(),
        manifest.number()
    )))
}

fn read_manifest(file: Option<&Path>) -> Result<Manifest, Failure> {
    let text = match file {
        Some(path) => {
            fs::read(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?
        }
        None => built_page(MANIFEST)
            .ok_or_else(|| {
                Failure::usage("this program was built without pages: give the release's --manifest")
            })?
            .to_vec(),
    };
    Manifest::read(&text)
        .ok_or_else(|| Failure::usage("that is no manifest: each line is a SHA-256 and a name"))
}

/// One line for each thing that is not as in the release.
async fn compare(origin: &Origin, manifest: &Manifest) -> Result<Vec<String>, reqwest::Error> {
    let mut findings = Vec::new();
    for entry in manifest.entries().iter().filter(|entry| !entry.is_index()) {
        let answer = origin.get(&entry.address(), entry.coding()).await?;
        findings.extend(judge(entry, &entry.address(), &answer));
    }
    for entry in manifest.entries().iter().filter(|entry| entry.is_index()) {
        for address in PAGES {
            let answer = origin.get(address, entry.coding()).await?;
            findings.extend(judge(entry, address, &answer));
            findings.extend(judge_policy(address, &answer));
            findings.extend(strangers(manifest, address, &answer));
        }
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}

fn judge(entry: &Entry, address: &str, answer: &Answer) -> Option<String> {
    let form = entry
        .coding()
        .map_or(String::new(), |coding| format!(" ({coding})"));
    match answer {
        Answer::Refused(status) => Some(format!("missing    {address}{form}: status {status}")),
        Answer::TooLong => Some(format!(
            "differs    {address}{form}: longer than any file of a release"
        )),
        Answer::Body { coding, .. } if *coding != entry.coding().map(str::to_owned) => Some(format!(
            "differs    {address}{form}: sent as {}",
            coding.as_deref().unwrap_or("plain")
        )),
        Answer::Body { hash, .. } => (hash != entry.hash()).then(|| format!("differs    {address}{form}")),
    }
}

/// Without it, a page could load what no manifest names.
fn judge_policy(address: &str, answer: &Answer) -> Option<String> {
    let Answer::Body { policy, .. } = answer else {
        return None;
    };
    (policy.as_deref() != Some(CONTENT_POLICY))
        .then(|| format!("policy     {address}: Content-Security-Policy is not that of this program"))
}

/// What the page loads and the release has not.
fn strangers(manifest: &Manifest, address: &str, answer: &Answer) -> Vec<String> {
    let Answer::Body { text: Some(text), .. } = answer else {
        return Vec::new();
    };
    let loaded = ["src=\"", "href=\""].into_iter().flat_map(|attribute| {
        let rest = text.split(attribute).skip(1);
        rest.filter_map(|rest| rest.split('"').next())
    });
    let unknown = loaded.filter(|target| !manifest.has(target.trim_start_matches('/')));
    unknown
        .map(|target| format!("unknown    {address} loads {target}"))
        .collect()
}

/// In the release, and of every server.
const MANIFEST: &str = "manifest.sha256";

/// All addresses of people lead to one page; an invitation of zeros is as good as any.
const PAGES: [&str; 5] = ["/", "/j/AAAAAAAAAAAAAAAAAAAAAA", "/clinic", "/device", "/privacy"];
