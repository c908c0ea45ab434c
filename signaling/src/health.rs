//! Is it up, and does it want work?
//!
//! Owns: the two answers that process managers and balancers ask for. Never does: measure.

use axum::extract::State;

use crate::http::App;
use crate::media::Lane;
use crate::problem::{Body, Problem};

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, description = "It does", body = String))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// The server takes joins: its media workers run and it is not stopping.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "It does", body = String),
        (status = 503, description = "It does not", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.check_open()?;
    let lanes = app.directory.lanes();
    if lanes.is_empty() || !lanes.iter().all(Lane::is_alive) {
        return Err(Problem::unavailable("a media worker is not running", 5));
    }
    Ok("ready\n")
}
