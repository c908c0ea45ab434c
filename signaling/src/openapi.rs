//! The description of the HTTP interface (OpenAPI 3.1).
//!
//! Owns: the document. Never does: describe plugins' routes; they do.

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{api, call, health, invitation, metrics, recordings, whep, whip};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rapport",
        description = "Take part in sealed calls, to which invitations open the way; publish by WHIP, play by \
                       WHEP; administer rooms. Problems are those of RFC 9457.",
    ),
    paths(
        whip::create, whip::probe, whip::probe_session, whip::patch, whip::end,
        whep::create, whep::probe, whep::probe_session, whep::patch, whep::end,
        call::upgrade,
        invitation::redemption::redeem, invitation::making::make, invitation::making::take_back,
        recordings::of_room, recordings::file,
        api::list_rooms, api::show_room, api::close_room, api::remove_participant, api::mute_track,
        health::healthz, health::readyz, metrics::serve, serve,
    ),
    modifiers(&Bearer),
    tags(
        (name = "whip", description = "Publishing (RFC 9725)"),
        (name = "whep", description = "Playing (draft-ietf-wish-whep)"),
        (name = "call", description = "Taking part, over a WebSocket"),
        (name = "invitations", description = "From a link to a token; new ones"),
        (name = "recordings", description = "What is kept of a room, sealed"),
        (name = "rooms", description = "Administration"),
        (name = "operation", description = "For operators' tools"),
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".into());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    responses((status = 200, description = "An OpenAPI document"))
)]
pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
