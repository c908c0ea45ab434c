//! From an invitation to a token.
//!
//! Owns: the one request that does it. Never does: let anybody into a room; the token does.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

use super::{Device, Invitation, InvitationId, Standing};
use crate::auth::{Claims, KeyError, unix_now};
use crate::http::{App, check_media_type, read_text};
use crate::problem::{Body, Kind, Problem};

/// Turn an invitation into a token for its room.
///
/// The same device is the same person each time: whoever comes back replaces their former self.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/{invitation}",
    tag = "invitations",
    params(("invitation" = String, Path, description = "22 characters of base64url, out of a link")),
    request_body = Redemption,
    responses(
        (status = 200, description = "A token, and what it is for", body = Redeemed),
        (status = 400, description = "Not such a body", body = Body, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation", body = Body, content_type = "application/problem+json"),
        (status = 410, description = "Its time is over, or it was taken back", body = Body, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Body, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn redeem(
    State(app): State<App>,
    Path(invitation): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    app.check_open()?;
    check_media_type(request.headers(), "application/json")?;
    let device = device(&read_text(request).await?)?;
    let id = InvitationId::parse(&invitation).ok_or_else(unknown)?;
    let found = app.directory.plugins().redeem(&id).await;
    let silent = |_| Problem::unavailable("invitations can't be looked up now", 5);
    let invitation = found.map_err(silent)?.ok_or_else(unknown)?;
    let claims = claims(&invitation, id.identity(&device), app.keys.max_ttl())?;
    let token = app.keys.issue(claims).map_err(unsigned)?;
    let redeemed = Redeemed {
        token,
        room: invitation.room.as_str().to_owned(),
        standing: invitation.standing,
        title: invitation.title,
        expires: invitation.expires,
        demo: invitation.demo,
        av1: app.directory.offers_av1(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(redeemed)).into_response())
}

/// What a client says of itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redemption {
    /// 16 random bytes as 22 characters of base64url, made once a tab.
    device: String,
}

/// What an invitation opens, and the means.
#[derive(Serialize, ToSchema)]
pub(crate) struct Redeemed {
    /// Lives as long as the invitation, but no longer than `auth.max_ttl` from now.
    token: String,
    /// The room's name.
    room: String,
    /// What its holder may do.
    standing: Standing,
    /// What to call the session.
    title: String,
    /// The end of the invitation, in seconds since 1970.
    expires: u64,
    /// The server has seen the secret of the link.
    demo: bool,
    /// Offer AV1 first (`media.av1`).
    av1: bool,
}

fn device(body: &str) -> Result<Device, Problem> {
    let redemption: Option<Redemption> = serde_json::from_str(body).ok();
    let device = redemption.and_then(|redemption| Device::parse(&redemption.device));
    let detail = "the body has to be JSON such as {\"device\": \"…\"}, with 22 characters of base64url";
    device.ok_or_else(|| Problem::new(Kind::Malformed, detail).field("device"))
}

fn claims(invitation: &Invitation, identity: String, max_ttl: Duration) -> Result<Claims, Problem> {
    if invitation.revoked {
        return Err(Problem::new(Kind::Revoked, "the invitation was taken back"));
    }
    let now = unix_now();
    if invitation.expires <= now {
        return Err(Problem::new(Kind::Expired, "the invitation's time is over"));
    }
    let expires = invitation.expires.min(now.saturating_add(max_ttl.as_secs()));
    Ok(Claims {
        publish: true,
        subscribe: true,
        admin: invitation.standing == Standing::Host,
        ..Claims::new(invitation.room.as_str(), &identity, expires)
    })
}

pub(super) fn unknown() -> Problem {
    Problem::new(Kind::NotFound, "there is no such invitation").field("invitation")
}

fn unsigned(reason: KeyError) -> Problem {
    error!(%reason, "an invitation could not be turned into a token");
    Problem::unavailable("the server can't make tokens", 60)
}
