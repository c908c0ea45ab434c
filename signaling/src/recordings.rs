//! Recordings of a room, for its hosts: sealed as they are kept.
//!
//! Owns: the list, and the files one by one. Never does: open a recording, or show one of another room.

use std::io::SeekFrom;
use std::path::PathBuf;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rapport_recorder::{RecordingId, Summary, is_kept_file, list, summary};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use crate::auth::RoomName;
use crate::http::{App, in_time, room_name};
use crate::problem::{Body as ProblemBody, Kind, Problem};

/// List the recordings of a room, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/recordings",
    tag = "recordings",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name; it need not be open")),
    responses(
        (status = 200, description = "What is kept", body = Vec<Kept>),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not its administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The disk does not answer", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_room(
    State(app): State<App>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = administered(&app, &room, &headers)?;
    let Some(folder) = app.config.recorder.folder.clone() else {
        return Ok(Json(Vec::<Kept>::new()).into_response());
    };
    let listing = tokio::task::spawn_blocking(move || list(&folder));
    let found = in_time(listing).await?;
    let found = found.ok().and_then(Result::ok).ok_or_else(disk)?;
    let own = found.iter().rev().filter(|one| is_of(one, &room)).map(Kept::of);
    Ok(([(CACHE_CONTROL, "no-store")], Json(own.collect::<Vec<_>>())).into_response())
}

/// Get a file of a recording.
///
/// `manifest.json`, `journal.log`, `consent.jsonl`, `keys.jsonl`, and those that the list names. A single range of bytes
/// is answered with 206 (RFC 9110 §14).
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/recordings/{recording}/{file}",
    tag = "recordings",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room's name"),
        ("recording" = String, Path, description = "32 hexadecimal digits"),
        ("file" = String, Path, description = "Its name")
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "A part of it", content_type = "application/octet-stream"),
        (status = 401, description = "No valid token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not the room's administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such file of a recording of this room", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "No such range", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The disk does not answer", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn file(
    State(app): State<App>,
    Path((room, recording, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = administered(&app, &room, &headers)?;
    let path = path_of(&app, &room, &recording, &file)
        .await?
        .ok_or_else(unknown)?;
    let mut opened = tokio::fs::File::open(path).await.map_err(|_| unknown())?;
    let whole = opened.metadata().await.map_err(|_| disk())?.len();
    let (from, to) = match headers.get(RANGE) {
        None => (0, whole),
        Some(range) => {
            let range = range.to_str().ok().and_then(|text| span(text, whole));
            range.ok_or_else(|| {
                Problem::new(Kind::RangeNotSatisfiable, format!("the file has {whole} bytes"))
            })?
        }
    };
    opened.seek(SeekFrom::Start(from)).await.map_err(|_| disk())?;
    let body = Body::from_stream(ReaderStream::new(opened.take(to - from)));
    let mut response = (
        [
            (CONTENT_TYPE, "application/octet-stream".to_owned()),
            (ACCEPT_RANGES, "bytes".to_owned()),
            (CACHE_CONTROL, "no-store".to_owned()),
            (CONTENT_LENGTH, (to - from).to_string()),
        ],
        body,
    )
        .into_response();
    if headers.contains_key(RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let part = format!("bytes {from}-{}/{whole}", to - 1);
        response
            .headers_mut()
            .insert(CONTENT_RANGE, part.parse().map_err(|_| disk())?);
    }
    Ok(response)
}

/// A recording, as its folder is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Kept {
    /// 32 hexadecimal digits.
    id: String,
    /// When it began, in milliseconds since 1970.
    begun: u64,
    /// What it was agreed to be for.
    purpose: Option<String>,
    /// When it is to be destroyed, in seconds since 1970.
    expires: Option<u64>,
    /// How much of it is safe, in milliseconds.
    safe_ms: u64,
    /// It is complete.
    ended: bool,
    /// Its keys were destroyed.
    shredded: bool,
    /// It is kept beyond its time, until somebody says otherwise.
    held: bool,
    /// Those with media, in their order.
    files: Vec<String>,
}

impl Kept {
    fn of(summary: &Summary) -> Self {
        Self {
            id: summary.id.to_string(),
            begun: summary.begun,
            purpose: summary.purpose.clone(),
            expires: summary.expires,
            safe_ms: summary.safe_micros / 1000,
            ended: summary.is_ended,
            shredded: summary.is_shredded,
            held: summary.is_held,
            files: summary.files.clone(),
        }
    }
}

/// 401 and 403 come before 404.
fn administered(app: &App, room: &str, headers: &HeaderMap) -> Result<RoomName, Problem> {
    let grant = app.grant(headers)?;
    let name = room_name(room)?;
    grant.administers(&name)?;
    Ok(name)
}

fn is_of(summary: &Summary, room: &RoomName) -> bool {
    summary.room.as_deref() == Some(room.as_str())
}

/// Names out of a URL become a path only if they are names of ours.
async fn path_of(
    app: &App,
    room: &RoomName,
    recording: &str,
    file: &str,
) -> Result<Option<PathBuf>, Problem> {
    let id: Option<RecordingId> = recording.parse().ok();
    let folder = app.config.recorder.folder.as_ref().zip(id);
    let Some(folder) = folder.map(|(folder, id)| folder.join(id.to_string())) else {
        return Ok(None);
    };
    if !is_kept_file(file) {
        return Ok(None);
    }
    let looked = folder.clone();
    let looking = tokio::task::spawn_blocking(move || summary(&looked));
    let found = in_time(looking).await?.map_err(|_| disk())?;
    let is_own = found.is_some_and(|summary| is_of(&summary, room));
    Ok(is_own.then(|| folder.join(file)))
}

/// RFC 9110 §14.1.2, of one range: first byte and the one after the last.
fn span(text: &str, whole: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        text.bytes()
            .all(|one| one.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    let span = match (first, last) {
        ("", "") => return None,
        ("", last) => (whole.saturating_sub(number(last)?), whole),
        (first, "") => (number(first)?, whole),
        (first, last) => (number(first)?, number(last)?.checked_add(1)?.min(whole)),
    };
    (span.0 < span.1).then_some(span)
}

fn unknown() -> Problem {
    Problem::new(
        Kind::NotFound,
        "there is no such file of a recording of this room",
    )
}

fn disk() -> Problem {
    Problem::unavailable("the disk of the recordings does not answer", 5)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn one_range_of_bytes_is_understood() {
        for (text, expected) in [
            ("bytes=0-", Some((0, 100))),
            ("bytes=10-19", Some((10, 20))),
            ("bytes=90-500", Some((90, 100))),
            ("bytes=-10", Some((90, 100))),
            ("bytes=-500", Some((0, 100))),
            ("bytes=100-", None),
            ("bytes=20-10", None),
            ("bytes=-", None),
            ("bytes=-0", None),
            ("bytes=1-2,4-5", None),
            ("bytes=+1-2", None),
            ("bytes=0-18446744073709551615", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(span(text, 100), expected, "{text}");
        }
    }
}
