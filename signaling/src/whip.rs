//! WHIP: publishing over HTTP (RFC 9725).
//!
//! Owns: the two WHIP resources. Never does: the exchange itself ([`crate::exchange`] does).

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::auth::Role;
use crate::exchange::{self, Protocol, session_resource};
use crate::http::App;
use crate::problem::{Body, Problem};

const WHIP: Protocol = Protocol {
    prefix: "whip",
    role: Role::Publisher,
};

/// Publish into a room.
///
/// The body is an SDP offer with the media to send; the answer names the session by `Location` and its ICE
/// session by `ETag`.
#[utoipa::path(
    post,
    path = "/whip/{room}",
    tag = "whip",
    security(("token" = [])),
    params(("room" = String, Path, description = "The room, as the token names it")),
    request_body(content = String, content_type = "application/sdp", description = "An SDP offer"),
    responses(
        (status = 201, description = "The SDP answer", body = String, content_type = "application/sdp",
            headers(("Location" = String, description = "The session"),
                    ("ETag" = String, description = "The ICE session"))),
        (status = 400, description = "The offer is malformed", body = Body, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Body, content_type = "application/problem+json"),
        (status = 413, description = "The offer is too long", body = Body, content_type = "application/problem+json"),
        (status = 415, description = "Not application/sdp", body = Body, content_type = "application/problem+json"),
        (status = 422, description = "The offer can't be served", body = Body, content_type = "application/problem+json"),
        (status = 429, description = "A limit is reached", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "No joins now", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    exchange::create(&app, WHIP, &room, None, request).await
}

/// Nothing to show, but it is there.
///
/// RFC 9725 §4.1: endpoints and sessions "MUST return a 2XX successful response with no content when a GET
/// request is received".
#[utoipa::path(
    get,
    path = "/whip/{room}",
    tag = "whip",
    params(("room" = String, Path, description = "The room")),
    responses((status = 204, description = "A WHIP endpoint"))
)]
pub(crate) async fn probe() -> StatusCode {
    StatusCode::NO_CONTENT
}

session_resource!(WHIP, "/whip/{room}/{session}", "whip");
