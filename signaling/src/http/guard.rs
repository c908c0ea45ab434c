//! What requests pass first: the bound on how many there are, and the counter.
//!
//! Owns: both middlewares. Never does: look into a request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::problem::Problem;

/// Works on a bounded number of requests to rooms at a time.
pub(super) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.requests().try_acquire() else {
        return Problem::unavailable("the server works on as many requests as it can", 1).into_response();
    };
    next.run(request).await
}

/// Counts requests by the template of their route, never by their URL: that has names in it.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    app.metrics
        .count_request(&method, route, response.status(), started.elapsed());
    response
}
