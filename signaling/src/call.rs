//! The call's WebSocket: `GET /api/v1/call`, whose messages are those of [`crate::protocol`].
//!
//! Owns: who may open one, how many there are, and which session lives in which task. Never does: decide for a
//! room; each is asked.
//!
//! A socket may be lost at any time. So its task only reads and writes ([`socket`]), and what a member is told
//! and has said is kept by the task of its [`session`], which lives from the join until the member is out of
//! the room. [`line`] lies between the two.

mod closing;
mod join;
mod line;
mod media;
mod message;
mod origin;
mod outbox;
mod pace;
mod presence;
mod reliable;
mod session;
mod socket;
mod strangers;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection as Rejection;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::response::Response;
use dashmap::DashMap;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};

use crate::http::App;
use crate::problem::{Body, Kind, Problem};
use crate::protocol::SUBPROTOCOL;
use crate::session::SessionId;
use line::Line;
use strangers::Strangers;

/// Sockets open at one time: what [`crate::listen`] leaves of the file descriptors. One more is told to come
/// back.
pub(crate) const MAX_SOCKETS: usize = 384;

/// What a socket reads at once. Messages are small but for offers, and there may be hundreds of sockets.
const READ_BUFFER_BYTES: usize = 8 << 10;

/// The open sockets and the sessions that can be resumed.
pub(crate) struct Calls {
    sockets: Arc<Semaphore>,
    strangers: Strangers,
    sessions: DashMap<SessionId, mpsc::Sender<Arrival>>,
}

/// A socket that wants to go on with a session.
pub(crate) struct Arrival {
    /// The number of the last body that arrived there.
    received: u64,
    line: Line,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            sockets: Arc::new(Semaphore::new(MAX_SOCKETS)),
            strangers: Strangers::default(),
            sessions: DashMap::new(),
        }
    }

    /// How many sockets are open.
    pub(crate) fn socket_count(&self) -> usize {
        MAX_SOCKETS - self.sockets.available_permits()
    }

    /// How many sessions there are, with a socket and without, those that have an end to tell included.
    pub(crate) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Returns when no socket is open.
    pub(crate) async fn closed(&self) {
        // Never closed, so this only waits.
        let _ = self.sockets.acquire_many(MAX_SOCKETS as u32).await;
    }

    fn add(&self, id: SessionId, arrivals: mpsc::Sender<Arrival>) {
        self.sessions.insert(id, arrivals);
    }

    fn remove(&self, id: &SessionId) {
        self.sessions.remove(id);
    }

    /// Brings an arrival to its session; gives it back when that is over.
    async fn resume(&self, id: &SessionId, arrival: Arrival) -> Result<(), Arrival> {
        let Some(session) = self.sessions.get(id).map(|session| session.clone()) else {
            return Err(arrival);
        };
        session.send(arrival).await.map_err(|refused| refused.0)
    }
}

/// Take part in a call.
///
/// A WebSocket with the subprotocol `rapport.v1`, whose messages PROTOCOL.md describes. The token travels in
/// the first message.
#[utoipa::path(
    get,
    path = "/api/v1/call",
    tag = "call",
    params(
        ("Upgrade" = String, Header, description = "websocket"),
        ("Sec-WebSocket-Protocol" = String, Header, description = "rapport.v1")
    ),
    responses(
        (status = 101, description = "The WebSocket is open"),
        (status = 400, description = "Not a handshake of RFC 6455, or another subprotocol", body = Body, content_type = "application/problem+json"),
        (status = 403, description = "A page of this origin may not", body = Body, content_type = "application/problem+json"),
        (status = 426, description = "Only a WebSocket is served here", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "No sockets now", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn upgrade(
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, Rejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| refused(&rejection))?;
    origin::check(&app.config.server, &headers)?;
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        let detail = format!("the subprotocol has to be {SUBPROTOCOL}");
        return Err(Problem::new(Kind::Malformed, detail).field(SEC_WEBSOCKET_PROTOCOL.as_str()));
    }
    let permit = Arc::clone(&app.calls.sockets).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::unavailable("there are as many sockets as there may be", 5))?;
    let stranger = app.calls.strangers.admit();
    // A message that is a little too long is read and refused with words; what is far too long is not read.
    let limit = app.config.server.max_body.as_len().saturating_mul(2);
    let upgrade = upgrade
        .max_message_size(limit)
        .max_frame_size(limit)
        .read_buffer_size(READ_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(async move |socket| {
        socket::serve(&app, socket, stranger).await;
        drop(permit);
    }))
}

fn refused(rejection: &Rejection) -> Problem {
    match rejection {
        Rejection::WebSocketKeyHeaderMissing(_) => {
            Problem::new(Kind::Malformed, "the handshake has no key").field("Sec-WebSocket-Key")
        }
        // RFC 6455 §4.2.2: "an appropriate HTTP error code (such as 426 Upgrade Required) and a
        // |Sec-WebSocket-Version| header field indicating the version(s) the server is capable of understanding".
        _ => Problem::new(Kind::UpgradeRequired, "a WebSocket is spoken here")
            .header(UPGRADE, HeaderValue::from_static("websocket"))
            .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
    }
}

fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("the protocol's types have no maps and no floats")
}
