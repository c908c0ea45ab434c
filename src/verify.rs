//! `rapport verify-client`: does a server send the pages of a release?
//!
//! Owns: what is asked for, and how it is judged. Never does: believe the server's own manifest.
//!
//! A server that knows that it is looked at can answer this command otherwise than a browser: the headers are those of a
//! browser, but not their order, nor what is below HTTP. What is found is tampering with files, a proxy that changes
//! them, and a mishap.

mod manifest;
mod origin;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rapport_signaling::invitation::InvitationId;
use rapport_signaling::{CONTENT_POLICY, built_page};

use crate::arguments::VerifyClient;
use crate::failure::Failure;
use manifest::{Manifest, OWN_NAME};
use origin::{Answer, ENCODINGS, Origin};

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
        None => built_page(OWN_NAME)
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
    let files = manifest
        .entries()
        .iter()
        .filter(|entry| entry.coding().is_none() && !entry.is_index());
    let files = files.map(|entry| (entry.name().to_owned(), entry.address()));
    let pages = pages(origin)
        .into_iter()
        .map(|address| (INDEX.to_owned(), address));
    let mut findings = BTreeSet::new();
    // a server that is not there at all is another matter than one that does not answer for a file
    origin.get("/", ENCODINGS[0]).await?;
    for (name, address) in files.chain(pages) {
        for encodings in ENCODINGS {
            let answer = match origin.get(&address, encodings).await {
                Ok(answer) => answer,
                Err(error) => {
                    findings.insert(format!("missing    {address}: {error}"));
                    continue;
                }
            };
            findings.extend(judge(manifest, &name, &address, &answer));
            if name == INDEX {
                findings.extend(judge_headers(&address, &answer));
                findings.extend(strangers(manifest, &address, &answer));
            }
        }
    }
    Ok(findings.into_iter().collect())
}

/// All addresses of people lead to one page. The invitation is another one each time, and the given one: a server could
/// send another page to those whom it means.
fn pages(origin: &Origin) -> BTreeSet<String> {
    let invitation = format!("/j/{}", InvitationId::random().to_text());
    let own = ["/clinic", "/device", "/privacy"].map(str::to_owned);
    own.into_iter()
        .chain([invitation, origin.page().to_owned()])
        .chain(["/".to_owned()])
        .collect()
}

/// Against the form of the file that was sent.
fn judge(manifest: &Manifest, name: &str, address: &str, answer: &Answer) -> Option<String> {
    let (hash, coding) = match answer {
        Answer::Refused(status) => return Some(format!("missing    {address}: status {status}")),
        Answer::TooLong => return Some(format!("differs    {address}: longer than any file of a release")),
        Answer::Body { hash, coding, .. } => (hash, coding.as_deref()),
    };
    let form = coding.map_or(String::new(), |coding| format!(" ({coding})"));
    let known = manifest.find(name, coding);
    (known != Some(hash)).then(|| format!("differs    {address}{form}"))
}

/// Without the policy a page could load scripts from elsewhere; by some headers it could all the same, or lead away.
fn judge_headers(address: &str, answer: &Answer) -> Vec<String> {
    let Answer::Body { policy, loads, .. } = answer else {
        return Vec::new();
    };
    let other = policy.as_deref() != Some(CONTENT_POLICY);
    let policy =
        other.then(|| format!("policy     {address}: Content-Security-Policy is not that of this program"));
    let loads = loads.map(|name| format!("unknown    {address} has a header {name}, which no release sends"));
    policy.into_iter().chain(loads).collect()
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
    let unknown = loaded.filter(|target| !target.strip_prefix('/').is_some_and(|name| manifest.has(name)));
    unknown
        .map(|target| format!("unknown    {address} loads {target}"))
        .collect()
}

const INDEX: &str = "index.html";
