//! One file of the pages, in all its forms.
//!
//! Owns: its media type, its tag, how long it may be kept. Never does: read a disk.

use std::collections::HashMap;
use std::fmt::Write;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};

use super::ASSETS;
use super::encoding::{ENCODINGS, accepts};

/// What stands behind one name.
pub(super) struct Resource {
    media_type: &'static str,
    caching: &'static str,
    plain: Form,
    /// By content coding, the one to be preferred first.
    compressed: Vec<(&'static str, Form)>,
}

/// Bytes as they go over the wire, and the tag that names exactly them.
struct Form {
    bytes: Bytes,
    tag: String,
}

impl Resource {
    /// Takes a file and its compressed forms out of all files.
    pub(super) fn take(name: &str, files: &mut HashMap<String, Bytes>) -> Option<Self> {
        let plain = Form::new(files.remove(name)?);
        let compressed = ENCODINGS.iter().filter_map(|encoding| {
            let bytes = files.remove(&format!("{name}{}", encoding.suffix))?;
            Some((encoding.name, Form::new(bytes)))
        });
        Some(Self {
            media_type: media_type(name),
            caching: caching(name),
            plain,
            compressed: compressed.collect(),
        })
    }

    /// The form that the client takes, unless it has it.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let chosen = self.compressed.iter().find(|(name, _)| accepts(request, name));
        let form = chosen.map_or(&self.plain, |(_, form)| form);
        let mut response = if form.is_known(request) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.media_type)], form.bytes.clone()).into_response()
        };
        let modified = response.status() != StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        // RFC 9110 §15.4.5: a 304 has the fields that a cache updates, as the 200 would have had them.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.caching));
        headers.extend(HeaderValue::from_str(&form.tag).map(|tag| (ETAG, tag)));
        if !self.compressed.is_empty() {
            headers.insert(VARY, ACCEPT_ENCODING.into());
        }
        if let (Some((name, _)), true) = (chosen, modified) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }
}

impl Form {
    fn new(bytes: Bytes) -> Self {
        let mut tag = String::from("\"");
        for byte in &digest(&SHA256, &bytes).as_ref()[..TAG_BYTES] {
            // Writing into a text can't fail.
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push('"');
        Self { bytes, tag }
    }

    /// RFC 9110 §13.1.2: "A recipient MUST use the weak comparison function when comparing entity tags for
    /// If-None-Match".
    fn is_known(&self, request: &HeaderMap) -> bool {
        let fields = request.get_all(IF_NONE_MATCH).into_iter();
        let tags = fields
            .filter_map(|field| field.to_str().ok())
            .flat_map(|field| field.split(','));
        tags.map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
    }
}

/// A name that comes from the content always means the same; any other is asked about each time, which a 304
/// answers.
fn caching(name: &str) -> &'static str {
    if name.starts_with(ASSETS) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" | "sha256" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        _ => "application/octet-stream",
    }
}

/// 128 bits of the hash: two different forms never have the same.
const TAG_BYTES: usize = 16;
