//! Pages of other origins (the Fetch standard's CORS protocol).
//!
//! Owns: what browsers are told about who may call. Never does: replace a token; the protocol protects
//! users of browsers, not this server.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LINK, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use rapport_config::Origin;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Two hours, the most that Chromium keeps a preflight for.
const PREFLIGHT_AGE: Duration = Duration::from_secs(7_200);

/// The layer for the origins of the configuration; none of them means that no other origin may.
pub(super) fn layer(origins: &[Origin]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(allowed(origins))
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PATCH,
            Method::PUT,
            Method::DELETE,
        ])
        .allow_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH])
        // Without this a page can't read where its session is, nor restart ICE.
        .expose_headers([LOCATION, ETAG, LINK, RETRY_AFTER, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_AGE)
}

fn allowed(origins: &[Origin]) -> AllowOrigin {
    if origins.iter().any(Origin::is_any) {
        return AllowOrigin::any();
    }
    let values = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    AllowOrigin::list(values)
}

/// RFC 9725 §4.2: the answer to OPTIONS "SHOULD include an Accept-Post header with a media type value of
/// application/sdp".
pub(super) async fn advertise(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let endpoint = path.starts_with("/whip/") || path.starts_with("/whep/");
    let asks = request.method() == Method::OPTIONS && endpoint;
    let mut response = next.run(request).await;
    if asks {
        let headers = response.headers_mut();
        headers.insert(ACCEPT_POST, HeaderValue::from_static("application/sdp"));
    }
    response
}

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
