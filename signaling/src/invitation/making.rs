//! Invitations of a room, made and taken back by who leads it.
//!
//! Owns: the two requests that do it. Never does: see the secret of a link; the client that asks makes it, and puts it
//! behind the `#`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::InvitationId;
use crate::auth::RoomName;
use crate::http::{App, room_name};
use crate::plugin::Silent;
use crate::problem::{Body, Kind, Problem};

/// Make an invitation for a guest of a room.
///
/// It works until it expires or is taken back, also for a room that nobody is in yet.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/invitations",
    tag = "invitations",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name")),
    responses(
        (status = 201, description = "Made", body = Made),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not its administrator, or no plugin makes one", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "No room can have this name", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn make(
    State(app): State<App>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.check_open()?;
    let room = administered(&app, &room, &headers)?;
    let made = app.directory.plugins().invite(&room).await.map_err(silent)?;
    let refused = || Problem::new(Kind::Forbidden, "no plugin makes an invitation for this room");
    let (id, expires) = made.ok_or_else(refused)?;
    let made = Made {
        invitation: id.to_text(),
        expires,
    };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(made)).into_response())
}

/// Take an invitation back: nobody comes in by it any more.
///
/// Who is in the room stays there.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/invitations/{invitation}",
    tag = "invitations",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room's name"),
        ("invitation" = String, Path, description = "22 characters of base64url, out of a link")
    ),
    responses(
        (status = 204, description = "It is taken back"),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not the room's administrator", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation of this room", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take_back(
    State(app): State<App>,
    Path((room, invitation)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let room = administered(&app, &room, &headers)?;
    let id = InvitationId::parse(&invitation).ok_or_else(super::redemption::unknown)?;
    let known = app
        .directory
        .plugins()
        .take_back(&room, &id)
        .await
        .map_err(silent)?;
    known
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(super::redemption::unknown)
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    /// Of a link, the part that the server sees.
    invitation: String,
    /// The end of its life, in seconds since 1970.
    expires: u64,
}

/// The room need not be open.
fn administered(app: &App, room: &str, headers: &HeaderMap) -> Result<RoomName, Problem> {
    let grant = app.grant(headers)?;
    let name = room_name(room)?;
    grant.administers(&name)?;
    Ok(name)
}

fn silent(_: Silent) -> Problem {
    Problem::unavailable("invitations can't be changed now", 5)
}
