//! The URL of a session: GET, PATCH and DELETE.
//!
//! Owns: its handlers' signatures and their documentation. Never does: the work ([`super`] does).

/// The handlers of a session's URL, which both protocols have alike. A macro, because the OpenAPI description
/// wants a documented function for each path.
macro_rules! session_resource {
    ($protocol:ident, $path:tt, $tag:tt) => {
        /// Is the session there?
        #[utoipa::path(
            get,
            path = $path,
            tag = $tag,
            security(("token" = [])),
            params(
                ("room" = String, Path, description = "The room"),
                ("session" = String, Path, description = "The session")
            ),
            responses(
                (status = 204, description = "It is"),
                (status = 401, description = "No valid token", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 403, description = "Somebody else's", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 404, description = "It is not", body = crate::problem::Body, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn probe_session(
            axum::extract::State(app): axum::extract::State<crate::http::App>,
            axum::extract::Path((room, session)): axum::extract::Path<(String, String)>,
            headers: axum::http::HeaderMap,
        ) -> Result<axum::response::Response, crate::problem::Problem> {
            crate::exchange::probe_session(&app, $protocol, &room, &session, &headers)
        }

        /// Trickle candidates, or restart ICE.
        ///
        /// With `If-Match: *` and new credentials ICE restarts; with the session's entity-tag the body brings
        /// candidates.
        #[utoipa::path(
            patch,
            path = $path,
            tag = $tag,
            security(("token" = [])),
            params(
                ("room" = String, Path, description = "The room"),
                ("session" = String, Path, description = "The session"),
                ("If-Match" = String, Header, description = "The ETag of the ICE session, or *")
            ),
            request_body(content = String, content_type = "application/trickle-ice-sdpfrag", description = "An SDP fragment"),
            responses(
                (status = 200, description = "ICE restarted: the server's fragment", body = String,
                    content_type = "application/trickle-ice-sdpfrag",
                    headers(("ETag" = String, description = "The new ICE session"))),
                (status = 204, description = "Candidates taken"),
                (status = 400, description = "The fragment is malformed", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 401, description = "No valid token", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 403, description = "Somebody else's", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 404, description = "No such session", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 412, description = "Another ICE session", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 415, description = "Not a fragment", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 428, description = "If-Match is missing", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 503, description = "The room does not answer", body = crate::problem::Body, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn patch(
            axum::extract::State(app): axum::extract::State<crate::http::App>,
            axum::extract::Path((room, session)): axum::extract::Path<(String, String)>,
            request: axum::extract::Request,
        ) -> Result<axum::response::Response, crate::problem::Problem> {
            crate::exchange::patch(&app, $protocol, &room, &session, request).await
        }

        /// End the session.
        #[utoipa::path(
            delete,
            path = $path,
            tag = $tag,
            security(("token" = [])),
            params(
                ("room" = String, Path, description = "The room"),
                ("session" = String, Path, description = "The session")
            ),
            responses(
                (status = 200, description = "It has ended"),
                (status = 401, description = "No valid token", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 403, description = "Somebody else's", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 404, description = "No such session", body = crate::problem::Body, content_type = "application/problem+json"),
                (status = 503, description = "The room does not answer", body = crate::problem::Body, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn end(
            axum::extract::State(app): axum::extract::State<crate::http::App>,
            axum::extract::Path((room, session)): axum::extract::Path<(String, String)>,
            headers: axum::http::HeaderMap,
        ) -> Result<axum::response::Response, crate::problem::Problem> {
            crate::exchange::end(&app, $protocol, &room, &session, &headers).await
        }
    };
}
pub(crate) use session_resource;
