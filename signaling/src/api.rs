//! The room API: what an administrator sees and does.
//!
//! Owns: its handlers. Never does: show a room to somebody whose grant does not cover it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use rapport_sfu::id::{ParticipantId, TrackId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::RoomName;
use crate::http::{App, in_time, room_name};
use crate::problem::{Body, Kind, Problem};
use crate::protocol::CloseReason;
use crate::room::{Mailbox, Request as RoomRequest, RoomInfo, RoomSummary};

/// List the open rooms that the token covers.
#[utoipa::path(
    get,
    path = "/api/v1/rooms",
    tag = "rooms",
    security(("token" = [])),
    responses(
        (status = 200, description = "By name", body = Vec<RoomSummary>),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "The room does not answer", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_rooms(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<RoomSummary>>, Problem> {
    let grant = app.grant(&headers)?;
    grant.is_admin()?;
    let mut rooms = app.directory.rooms();
    rooms.retain(|(name, _)| grant.administers(name).is_ok());
    rooms.sort_by(|(a, _), (b, _)| a.cmp(b));
    in_time(summaries(rooms)).await.map(Json)
}

async fn summaries(rooms: Vec<(RoomName, Mailbox)>) -> Vec<RoomSummary> {
    let mut summaries = Vec::with_capacity(rooms.len());
    for (_, room) in rooms {
        // A room that closed in between is not listed.
        summaries.extend(room.ask(RoomRequest::Summary).await);
    }
    summaries
}

/// Show one room.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}",
    tag = "rooms",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "Its participants and their tracks", body = RoomInfo),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not its administrator", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "It is not open", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "The room does not answer", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_room(
    State(app): State<App>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Json<RoomInfo>, Problem> {
    let room = administered(&app, &room, &headers)?;
    let info = in_time(room.ask(RoomRequest::Info)).await?;
    info.map(Json).ok_or_else(no_room)
}

/// Close a room: everybody leaves.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}",
    tag = "rooms",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is closed"),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not its administrator", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "It is not open", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "The room does not answer", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn close_room(
    State(app): State<App>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let room = administered(&app, &room, &headers)?;
    let close = |reply| RoomRequest::Close(CloseReason::Ended, reply);
    in_time(room.ask(close)).await?.ok_or_else(no_room)??;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a participant away.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/participants/{participant}",
    tag = "rooms",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room's name"),
        ("participant" = u64, Path, description = "The participant's id")
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not the room's administrator", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "There is none", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "The room does not answer", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_participant(
    State(app): State<App>,
    Path((room, participant)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let room = administered(&app, &room, &headers)?;
    let participant = ParticipantId(id(&participant, "participant")?);
    let remove = |reply| RoomRequest::Remove(participant, reply);
    in_time(room.ask(remove)).await?.ok_or_else(no_room)??;
    Ok(StatusCode::NO_CONTENT)
}

/// Silence a track, or let it be heard again.
///
/// While it is muted it is forwarded to nobody, whatever its publisher does.
#[utoipa::path(
    put,
    path = "/api/v1/rooms/{room}/tracks/{track}/muted",
    tag = "rooms",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room's name"),
        ("track" = u64, Path, description = "The track's id")
    ),
    request_body = Muted,
    responses(
        (status = 204, description = "Done"),
        (status = 400, description = "Not such a body", body = Body, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "Not the room's administrator", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "No such track", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "The room does not answer", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn mute_track(
    State(app): State<App>,
    Path((room, track)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let room = administered(&app, &room, request.headers())?;
    let track = TrackId(id(&track, "track")?);
    let Json(Muted { muted }) = Json::from_request(request, &()).await.map_err(bad_body)?;
    let mute = |reply| RoomRequest::Mute(track, muted, reply);
    in_time(room.ask(mute)).await?.ok_or_else(no_room)??;
    Ok(StatusCode::NO_CONTENT)
}

/// The body of a PUT of `muted`.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Muted {
    /// On or off.
    muted: bool,
}

/// 401 and 403 come before 404: who may not administer a room does not learn whether it is open.
fn administered(app: &App, room: &str, headers: &HeaderMap) -> Result<Mailbox, Problem> {
    let grant = app.grant(headers)?;
    let name: RoomName = room_name(room)?;
    grant.administers(&name)?;
    app.directory.room(&name).ok_or_else(no_room)
}

fn id(segment: &str, field: &str) -> Result<u64, Problem> {
    let missing = |_| Problem::new(Kind::NotFound, "ids are numbers").field(field);
    segment.parse().map_err(missing)
}

fn bad_body(rejection: JsonRejection) -> Problem {
    let kind = match rejection {
        JsonRejection::MissingJsonContentType(_) => Kind::UnsupportedMediaType,
        _ => Kind::Malformed,
    };
    Problem::new(kind, "the body has to be JSON such as {\"muted\": true}").field("muted")
}

fn no_room() -> Problem {
    Problem::new(Kind::NotFound, "the room is not open")
}
