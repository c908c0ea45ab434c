//! Offer and answer over HTTP: what WHIP (RFC 9725) and WHEP have in common.
//!
//! Owns: the order of checks of a join, and the life of a session URL. Never does: know which way media
//! flows; [`crate::whip`] and [`crate::whep`] say that.

mod resource;

use std::mem;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::auth::{Identity, Join, Role};
use crate::directory::{JoinError, Session};
use crate::entry;
use crate::http::{App, check_accept, check_media_type, in_time, read_text, room_name};
use crate::metrics::ADMITTED;
use crate::negotiate::{Negotiated, Permit, Terms};
use crate::problem::{Kind, Problem};
use crate::room::{Admission, Mailbox, Patched, Request as RoomRequest, RoomError};
use crate::session::{EntityTag, IfMatch, SessionId};

pub(crate) use resource::session_resource;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// One of the two protocols.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    /// The first segment of its URLs.
    pub(crate) prefix: &'static str,
    /// What its clients do.
    pub(crate) role: Role,
}

/// POST: somebody wants in.
pub(crate) async fn create(
    app: &App,
    protocol: Protocol,
    room: &str,
    only: Option<Identity>,
    request: Request,
) -> Result<Response, Problem> {
    let joined = join(app, protocol, room, only, request).await;
    app.metrics.count_join(
        protocol.role,
        joined
            .as_ref()
            .map_or_else(|problem| problem.kind().label(), |_| ADMITTED),
    );
    joined
}

async fn join(
    app: &App,
    protocol: Protocol,
    room: &str,
    only: Option<Identity>,
    request: Request,
) -> Result<Response, Problem> {
    app.check_open()?;
    let grant = app.grant(request.headers())?;
    let room = room_name(room)?;
    let join = grant.join(&room, protocol.role)?;
    check_media_type(request.headers(), SDP)?;
    check_accept(request.headers(), SDP)?;
    let offer = read_text(request).await?;
    authorise(app, &join).await?;
    let entered = app.directory.enter(&room, |endpoint| {
        let terms = terms(protocol.role);
        let negotiated = entry::answer(terms, &offer, endpoint, app.directory.limits())?;
        let (admission, created) = admit(app, &join, only.clone(), negotiated);
        let request = |reply| RoomRequest::Join(Box::new(admission), reply);
        Ok::<_, Problem>((request, created))
    });
    let entered = in_time(entered).await??;
    let Created { session, tag, answer } = entered.prepared;
    let location = format!("{}/{}/{room}/{}", base(app), protocol.prefix, session.as_str());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(SDP)),
        (ETAG, header_value(tag.as_str())?),
        (LOCATION, header_value(&location)?),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// What a 201 says.
struct Created {
    session: SessionId,
    tag: EntityTag,
    answer: String,
}

async fn authorise(app: &App, join: &Join) -> Result<(), Problem> {
    let verdict = app.directory.plugins().authorise(join).await;
    verdict.map_err(|refusal| Problem::new(Kind::RefusedByPolicy, refusal.0))
}

fn terms(role: Role) -> Terms {
    Terms::clear(Permit {
        publish: role == Role::Publisher,
        subscribe: role == Role::Subscriber,
    })
}

fn admit(app: &App, join: &Join, only: Option<Identity>, mut negotiated: Negotiated) -> (Admission, Created) {
    let answer = mem::take(&mut negotiated.answer);
    let admission = entry::admission(&app.directory, join, negotiated);
    let created = Created {
        session: admission.session.clone(),
        tag: admission.tag.clone(),
        answer,
    };
    (Admission { only, ..admission }, created)
}

/// PATCH: candidates, or an ICE restart (RFC 9725 §4.3).
pub(crate) async fn patch(
    app: &App,
    protocol: Protocol,
    room: &str,
    session: &str,
    request: Request,
) -> Result<Response, Problem> {
    let (session, mailbox) = find(app, protocol, room, session, request.headers())?;
    check_media_type(request.headers(), FRAGMENT)?;
    let condition = condition(request.headers())?;
    let fragment = read_text(request).await?;
    let patch = |reply| RoomRequest::Patch(session.participant, condition, fragment, reply);
    match in_time(mailbox.ask(patch)).await?.ok_or_else(gone)?? {
        // RFC 9725 §4.3.2: "MUST return a 204 No Content response without a body and MUST NOT include an
        // ETag header".
        Patched::Trickled => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { body, tag } => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(FRAGMENT)),
                (ETAG, header_value(tag.as_str())?),
            ];
            Ok((StatusCode::OK, headers, body).into_response())
        }
    }
}

/// DELETE: the client leaves. Entity-tags are ignored here (RFC 9725 §4.3.1).
pub(crate) async fn end(
    app: &App,
    protocol: Protocol,
    room: &str,
    session: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (session, mailbox) = find(app, protocol, room, session, headers)?;
    let leave = |reply| RoomRequest::Leave(session.participant, reply);
    in_time(mailbox.ask(leave)).await?.ok_or_else(gone)??;
    Ok(StatusCode::OK.into_response())
}

/// GET of a session: nothing to show, but it is there.
pub(crate) fn probe_session(
    app: &App,
    protocol: Protocol,
    room: &str,
    session: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    find(app, protocol, room, session, headers)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The session of a URL, if the request's token is its owner's.
fn find(
    app: &App,
    protocol: Protocol,
    room: &str,
    session: &str,
    headers: &HeaderMap,
) -> Result<(Session, Mailbox), Problem> {
    let grant = app.grant(headers)?;
    let room = room_name(room)?;
    let id = SessionId::parse(session).ok_or_else(gone)?;
    let found = app.directory.session(&id).ok_or_else(gone)?;
    if found.room != room || found.role != protocol.role {
        return Err(gone());
    }
    grant.owns(&room, &found.identity)?;
    let mailbox = app.directory.room(&room).ok_or_else(gone)?;
    Ok((found, mailbox))
}

fn condition(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    let missing = || {
        let detail = "send the ETag of the ICE session, or * to restart ICE";
        Problem::new(Kind::PreconditionRequired, detail).field("If-Match")
    };
    let value = headers.get(IF_MATCH).ok_or_else(missing)?;
    let text = value.to_str();
    text.map(IfMatch::parse)
        .map_err(|_| Problem::new(Kind::Malformed, "the field is not text").field("If-Match"))
}

fn base(app: &App) -> &str {
    app.config
        .server
        .public_url
        .as_ref()
        .map_or("", |url| url.as_str())
}

fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text)
        .map_err(|_| Problem::new(Kind::Internal, "a header field could not be written"))
}

fn gone() -> Problem {
    Problem::new(Kind::NotFound, "there is no such session, or not any more")
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::TooManyRooms => Self::new(Kind::LimitReached, error.to_string()),
            JoinError::NoWorker => Self::unavailable("no media worker is running", 5),
            JoinError::Room(error) => error.into(),
        }
    }
}

impl From<RoomError> for Problem {
    fn from(error: RoomError) -> Self {
        let detail = error.to_string();
        match error {
            // Members of calls alone are counted; a few seconds are enough for one more.
            RoomError::TooOften => Self::unavailable("too many joins of the same person", 5),
            RoomError::Full | RoomError::NoSenderIndex => Self::new(Kind::LimitReached, detail),
            RoomError::NoParticipant | RoomError::NoTrack => Self::new(Kind::NotFound, detail),
            RoomError::Locked
            | RoomError::OtherKind(_)
            | RoomError::ClearRefused
            | RoomError::NoConsent(_)
            | RoomError::Capsule(_)
            | RoomError::NotPermitted => Self::new(Kind::RefusedByPolicy, detail),
            RoomError::KeyMessage(_) => Self::new(Kind::Unprocessable, detail),
            RoomError::OtherIceSession => Self::new(Kind::PreconditionFailed, detail).field("If-Match"),
            RoomError::RestartWithoutStar => Self::new(Kind::Unprocessable, detail).field("If-Match"),
            RoomError::Fragment(error) => error.into(),
        }
    }
}
