//! What a plugin's routes may cost.
//!
//! Owns: the bound on requests to one plugin, and their deadline. Never does: take from what requests to
//! rooms have; those have a bound of their own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::problem::Problem;

/// Requests that one plugin works on at the same time: an eighth of the connections that the server takes,
/// so that a plugin that hangs leaves room for everybody else.
const MAX_REQUESTS: usize = 64;

/// From a request's head to its answer's head. Longer than two tries of a data base; whoever waits longer
/// has gone.
const DEADLINE: Duration = Duration::from_secs(5);

/// The routes of one plugin, with limits of their own.
pub(super) fn bound(routes: Router) -> Router {
    let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
    routes.layer(from_fn_with_state(permits, limit))
}

async fn limit(State(permits): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_permit) = permits.try_acquire() else {
        return Problem::unavailable("the plugin works on as many requests as it may", 1).into_response();
    };
    let answer = timeout(DEADLINE, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::unavailable("the plugin did not answer in time", 5).into_response())
}
