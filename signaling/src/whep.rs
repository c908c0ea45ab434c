//! WHEP: playing over HTTP (draft-ietf-wish-whep-03).
//!
//! Owns: the two WHEP resources. Never does: the exchange itself ([`crate::exchange`] does).

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::auth::{Identity, Role};
use crate::exchange::{self, Protocol, session_resource};
use crate::http::App;
use crate::problem::{Body, Kind, Problem};

const WHEP: Protocol = Protocol {
    prefix: "whep",
    role: Role::Subscriber,
};

/// Play a room.
///
/// The body is an SDP offer with places to receive in. They are filled in the order in which tracks are
/// published, freed when tracks go, and filled again, without another offer. A room that nobody publishes in
/// yet can be played all the same. Of a sealed call nothing comes unless the token administers the room; then
/// it comes sealed.
#[utoipa::path(
    post,
    path = "/whep/{room}",
    tag = "whep",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room, as the token names it"),
        ("participant" = Option<String>, Query, description = "Play what this identity publishes, and no other")
    ),
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
    query: Result<Query<Selection>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let only = query
        .ok()
        .map(|Query(selection)| selection.only())
        .ok_or_else(bad_query)??;
    exchange::create(&app, WHEP, &room, only, request).await
}

/// Which tracks are wanted.
#[derive(Deserialize)]
pub(crate) struct Selection {
    participant: Option<String>,
}

impl Selection {
    fn only(self) -> Result<Option<Identity>, Problem> {
        let identity = |text: String| Identity::new(&text).ok_or_else(bad_query);
        self.participant.map(identity).transpose()
    }
}

fn bad_query() -> Problem {
    Problem::new(Kind::Malformed, "not an identity").field("participant")
}

/// Nothing to show, but it is there.
///
/// The draft's §4.1 asks for "a 2XX successful response with no content".
#[utoipa::path(
    get,
    path = "/whep/{room}",
    tag = "whep",
    params(("room" = String, Path, description = "The room")),
    responses((status = 204, description = "A WHEP endpoint"))
)]
pub(crate) async fn probe() -> StatusCode {
    StatusCode::NO_CONTENT
}

session_resource!(WHEP, "/whep/{room}/{session}", "whep");
