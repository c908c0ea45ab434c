//! The HTTP interface as a whole: its state, its routes and what every request passes.
//!
//! Owns: the table of routes and the layers around it. Never does: answer a request itself.

mod body;
mod cors;
mod deadline;
mod guard;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, post, put};
use rapport_config::Config;
use tokio::sync::{Semaphore, watch};

use crate::auth::{Bearer, Grant, Keys, RoomName};
use crate::call::{self, Calls};
use crate::directory::Directory;
use crate::metrics::Metrics;
use crate::plugin::{Context, Taps};
use crate::problem::{Kind, Problem};
use crate::{api, health, invitation, metrics, openapi, pages, recordings, whep, whip};

pub(crate) use body::{check_accept, check_media_type, read_text};
pub(crate) use deadline::in_time;

/// Requests to rooms worked on at the same time; those to plugins have limits of their own. Each holds one body and waits for at most one room, so this bounds
/// memory at some tens of megabytes; more are told to come back.
const MAX_REQUESTS: usize = 256;

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

/// See [`App`].
pub(crate) struct Inner {
    /// The configuration.
    pub config: Config,
    /// The keys of tokens.
    pub keys: Keys,
    /// Rooms and sessions.
    pub directory: Arc<Directory>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What plugins listen to.
    pub taps: Arc<Taps>,
    /// The sockets of calls.
    pub calls: Calls,
    /// True from the moment when the server is told to stop.
    pub draining: watch::Sender<bool>,
    requests: Semaphore,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        config: Config,
        keys: Keys,
        directory: Arc<Directory>,
        metrics: Arc<Metrics>,
        taps: Arc<Taps>,
    ) -> Self {
        Self(Arc::new(Inner {
            config,
            keys,
            directory,
            metrics,
            taps,
            calls: Calls::new(),
            draining: watch::Sender::new(false),
            requests: Semaphore::new(MAX_REQUESTS),
        }))
    }

    /// What the request's token permits.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> Result<Grant, Problem> {
        Ok(self.keys.verify(Bearer::from_headers(headers)?)?)
    }

    /// 503 while the server stops.
    pub(crate) fn check_open(&self) -> Result<(), Problem> {
        if *self.draining.borrow() {
            // Whoever stands in front will have noticed by then, or the next process answers.
            return Err(Problem::unavailable("the server is stopping", 5));
        }
        Ok(())
    }
}

/// A room's name out of a URL.
pub(crate) fn room_name(segment: &str) -> Result<RoomName, Problem> {
    let name = RoomName::new(segment);
    name.ok_or_else(|| Problem::new(Kind::NotFound, "no room can have this name").field("room"))
}

/// The routes that work on rooms, by template. The OpenAPI description is held against these tables.
fn room_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/whip/{room}", post(whip::create).get(whip::probe)),
        (
            "/whip/{room}/{session}",
            get(whip::probe_session).patch(whip::patch).delete(whip::end),
        ),
        ("/whep/{room}", post(whep::create).get(whep::probe)),
        (
            "/whep/{room}/{session}",
            get(whep::probe_session).patch(whep::patch).delete(whep::end),
        ),
        ("/api/v1/call", get(call::upgrade)),
        (
            "/api/v1/invitations/{invitation}",
            post(invitation::redemption::redeem),
        ),
        ("/api/v1/rooms/{room}/invitations", post(invitation::making::make)),
        (
            "/api/v1/rooms/{room}/invitations/{invitation}",
            delete(invitation::making::take_back),
        ),
        ("/api/v1/rooms/{room}/recordings", get(recordings::of_room)),
        (
            "/api/v1/rooms/{room}/recordings/{recording}/{file}",
            get(recordings::file),
        ),
        ("/api/v1/rooms", get(api::list_rooms)),
        (
            "/api/v1/rooms/{room}",
            get(api::show_room).delete(api::close_room),
        ),
        (
            "/api/v1/rooms/{room}/participants/{participant}",
            delete(api::remove_participant),
        ),
        ("/api/v1/rooms/{room}/tracks/{track}/muted", put(api::mute_track)),
    ]
}

/// What operators' tools ask. An overload is when they need their answer most.
fn operation_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/metrics", get(metrics::serve)),
        ("/openapi.json", get(openapi::serve)),
    ]
}

/// The whole interface, plugins included.
pub(crate) fn router(app: &App, context: &Context) -> Router {
    let cors = cors::layer(&app.config.server.cors_origins);
    let limited = table(room_routes()).layer(from_fn_with_state(app.clone(), guard::limit));
    limited
        .merge(table(operation_routes()))
        .with_state(app.clone())
        .merge(pages::routes())
        .merge(app.directory.plugins().routes(context))
        .fallback(|| async { Problem::new(Kind::NotFound, "no such resource") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "see the Allow field for what is")
        })
        .layer(DefaultBodyLimit::max(app.config.server.max_body.as_len()))
        .layer(cors)
        .layer(from_fn(cors::advertise))
        .layer(from_fn_with_state(app.clone(), guard::count))
}

fn table(routes: Vec<(&'static str, MethodRouter<App>)>) -> Router<App> {
    let routes = routes.into_iter();
    routes.fold(Router::new(), |router, (path, methods)| {
        router.route(path, methods)
    })
}

impl Inner {
    pub(crate) fn requests(&self) -> &Semaphore {
        &self.requests
    }
}
