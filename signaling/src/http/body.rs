//! What a request brings: media types and a body of bounded size.
//!
//! Owns: the checks that come before a body is understood. Never does: understand it.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use tokio::time::timeout;

use crate::problem::{Kind, Problem};

/// How long a body may take: a quarter of a megabyte at the speed of a bad mobile link.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// 415 unless the body is of this media type.
pub(crate) fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| essence(value.to_str().ok()?));
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case(expected)) {
        return Ok(());
    }
    let detail = format!("the body has to be of the media type {expected}");
    Err(Problem::new(Kind::UnsupportedMediaType, detail).field("Content-Type"))
}

/// 406 unless the client takes this media type (RFC 9110 §12.5.1). Without the field it takes everything.
pub(crate) fn check_accept(headers: &HeaderMap, offered: &str) -> Result<(), Problem> {
    let mut ranges = values(headers, &ACCEPT).filter_map(essence).peekable();
    if ranges.peek().is_none() || ranges.any(|range| covers(range, offered)) {
        return Ok(());
    }
    let detail = format!("the answer would be of the media type {offered}");
    Err(Problem::new(Kind::NotAcceptable, detail).field("Accept"))
}

/// The body as text, within the bounds of size and time.
pub(crate) async fn read_text(request: Request) -> Result<String, Problem> {
    let body = timeout(BODY_DEADLINE, Bytes::from_request(request, &()));
    let late = |_| Problem::new(Kind::Timeout, "the body did not come in time");
    let bytes = body.await.map_err(late)?.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Kind::TooLarge, "the body is longer than this server reads")
        } else {
            Problem::new(Kind::Malformed, "the body broke off")
        }
    })?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::new(Kind::Malformed, "the body is not UTF-8"))
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
}

/// A media type or range without its parameters.
fn essence(value: &str) -> Option<&str> {
    let essence = value.split(';').next()?.trim();
    (!essence.is_empty()).then_some(essence)
}

fn covers(range: &str, offered: &str) -> bool {
    let family = offered.split('/').next().unwrap_or_default();
    range == "*/*"
        || range.eq_ignore_ascii_case(offered)
        || range
            .strip_suffix("/*")
            .is_some_and(|range| range.eq_ignore_ascii_case(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn parameters_and_case_of_a_media_type_do_not_matter() {
        for good in ["application/sdp", "Application/SDP; charset=utf-8"] {
            assert!(
                check_media_type(&headers(CONTENT_TYPE, good), "application/sdp").is_ok(),
                "{good}"
            );
        }
        for bad in ["", "text/plain", "application/sdpx", "application/json"] {
            assert!(
                check_media_type(&headers(CONTENT_TYPE, bad), "application/sdp").is_err(),
                "{bad}"
            );
        }
        assert!(check_media_type(&HeaderMap::new(), "application/sdp").is_err());
    }

    #[test]
    fn an_accept_field_is_a_list_of_ranges() {
        for good in ["", "*/*", "application/*", "text/html, application/sdp;q=0.9"] {
            assert!(
                check_accept(&headers(ACCEPT, good), "application/sdp").is_ok(),
                "{good}"
            );
        }
        for bad in ["text/html", "text/*", "application/json"] {
            assert!(
                check_accept(&headers(ACCEPT, bad), "application/sdp").is_err(),
                "{bad}"
            );
        }
    }
}
