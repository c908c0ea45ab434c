//! The server that is looked at.
//!
//! Owns: one request, bounded in time and length. Never does: follow where it is sent to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, USER_AGENT,
};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};
use ring::digest::{Context, SHA256};

/// See the module.
pub(super) struct Origin {
    url: Url,
    /// The path of the address that was given.
    page: String,
    client: Client,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Anything but 200.
    Refused(u16),
    /// No file of a release is as long.
    TooLong,
    Body {
        hash: String,
        coding: Option<String>,
        policy: Option<String>,
        /// A header by which a page loads or becomes another one.
        loads: Option<&'static str>,
        /// If it is one that is not compressed.
        text: Option<String>,
    },
}

impl Origin {
    /// `ca` is a PEM file with certificates that are trusted beside those of the system.
    pub(super) fn new(url: &str, ca: Option<&Path>) -> Result<Self, String> {
        let mut url = Url::parse(url).map_err(|error| format!("{url:?} is no address: {error}"))?;
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err(format!(
                "{url} is not https: on its way anybody could change what is looked at"
            ));
        }
        let page = url.path().to_owned();
        // of a link, what stands behind the # is for nobody here
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().redirect(Policy::none()).timeout(TIMEOUT);
        // what is on this machine is not asked for by way of another one
        let builder = if is_here { builder.no_proxy() } else { builder };
        let certificates = ca.map(read_certificates).transpose()?.unwrap_or_default();
        let builder = certificates
            .into_iter()
            .fold(builder, |builder, one| builder.add_root_certificate(one));
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { url, page, client })
    }

    pub(super) fn page(&self) -> &str {
        &self.page
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for a file as a browser does, by one of [`ENCODINGS`].
    pub(super) async fn get(&self, address: &str, encodings: &str) -> Result<Answer, reqwest::Error> {
        let mut url = self.url.clone();
        url.set_path(address);
        let wanted = Wanted::of(address);
        let request = self
            .client
            .get(url)
            .header(USER_AGENT, BROWSER)
            .header(ACCEPT, wanted.accept)
            .header(ACCEPT_LANGUAGE, "en-US,en;q=0.9")
            .header(ACCEPT_ENCODING, encodings)
            .header("sec-fetch-dest", wanted.destination)
            .header("sec-fetch-mode", wanted.mode)
            .header("sec-fetch-site", wanted.site);
        let response = request.send().await?;
        if response.status() != 200 {
            return Ok(Answer::Refused(response.status().as_u16()));
        }
        let field = |name| {
            let value = response.headers().get(name);
            value.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (coding, policy) = (field(CONTENT_ENCODING), field(CONTENT_SECURITY_POLICY));
        let loads = LOADING
            .into_iter()
            .find(|name| response.headers().contains_key(*name));
        let Some(body) = body(response).await? else {
            return Ok(Answer::TooLong);
        };
        let mut context = Context::new(&SHA256);
        context.update(&body);
        let hash = context
            .finish()
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = coding.is_none().then(|| String::from_utf8(body).ok()).flatten();
        Ok(Answer::Body {
            hash,
            coding,
            policy,
            loads,
            text,
        })
    }
}

/// How a browser asks for a kind of file.
struct Wanted {
    accept: &'static str,
    destination: &'static str,
    mode: &'static str,
    site: &'static str,
}

impl Wanted {
    fn of(address: &str) -> Self {
        let (accept, destination, mode, site) = match address.rsplit_once('.').map(|(_, kind)| kind) {
            Some("js") => ("*/*", "script", "cors", "same-origin"),
            Some("css") => ("text/css,*/*;q=0.1", "style", "no-cors", "same-origin"),
            Some(_) => (IMAGES, "image", "no-cors", "same-origin"),
            None => (DOCUMENTS, "document", "navigate", "none"),
        };
        Self {
            accept,
            destination,
            mode,
            site,
        }
    }
}

async fn body(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Certificate::from_pem_bundle(&pem).map_err(|error| format!("{}: {error}", path.display()))
}

/// What browsers take: Chromium and Firefox by HTTPS, the same by HTTP, and one that takes nothing compressed.
pub(super) const ENCODINGS: [&str; 3] = ["gzip, deflate, br, zstd", "gzip, deflate", "identity"];

/// By these a page would load what is in no file of it, or lead away.
const LOADING: [&str; 2] = ["link", "refresh"];

const DOCUMENTS: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const IMAGES: &str = "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8";

/// Of one file, with a slow line in mind.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes: ten times the largest file that there was.
const LONGEST: usize = 16 << 20;

/// A server that wants to tell this from a browser shall have to work for it.
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
