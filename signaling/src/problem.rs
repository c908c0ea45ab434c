//! Answers that say no: problem details of RFC 9457.
//!
//! Owns: the kinds of problem, their status and their JSON. Never does: quote a request back.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::auth::{Refused, TokenError};
use crate::sdp;

/// What went wrong, as a machine tells it apart. Each has one URI, one title and one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 400: text that no standard allows.
    Malformed,
    /// 401: no token, or none that is good.
    Unauthenticated,
    /// 403: a good token that does not permit this.
    Forbidden,
    /// 403: a plugin said no.
    RefusedByPolicy,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 406: the client does not take what we would answer.
    NotAcceptable,
    /// 416.
    RangeNotSatisfiable,
    /// 408: the body did not come.
    Timeout,
    /// 410: an invitation whose time is over.
    Expired,
    /// 410: an invitation that was taken back.
    Revoked,
    /// 412: `If-Match` names another ICE session.
    PreconditionFailed,
    /// 413: a body above the bound.
    TooLarge,
    /// 415: another media type than the resource takes.
    UnsupportedMediaType,
    /// 422: well-formed, and nothing that we can serve.
    Unprocessable,
    /// 426: spoken here is something else than plain HTTP.
    UpgradeRequired,
    /// 428: `If-Match` is missing.
    PreconditionRequired,
    /// 429: a limit of the configuration.
    LimitReached,
    /// 500: our fault.
    Internal,
    /// 503: stopping, overloaded, or without a media worker.
    Unavailable,
}

impl Kind {
    /// The last part of its URI, which is also its label in metrics.
    pub const fn label(self) -> &'static str {
        self.parts().1
    }

    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "malformed", "The request is malformed"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "A valid token is required"),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "The token does not permit this"),
            Self::RefusedByPolicy => (S::FORBIDDEN, "refused-by-policy", "The join was refused"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The method is not allowed",
            ),
            Self::RangeNotSatisfiable => (
                S::RANGE_NOT_SATISFIABLE,
                "range-not-satisfiable",
                "There are no such bytes",
            ),
            Self::NotAcceptable => (S::NOT_ACCEPTABLE, "not-acceptable", "No acceptable media type"),
            Self::Timeout => (S::REQUEST_TIMEOUT, "timeout", "The request took too long"),
            Self::Expired => (S::GONE, "expired", "The invitation has expired"),
            Self::Revoked => (S::GONE, "revoked", "The invitation was taken back"),
            Self::PreconditionFailed => (
                S::PRECONDITION_FAILED,
                "precondition-failed",
                "Another ICE session",
            ),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The media type is not supported",
            ),
            Self::Unprocessable => (
                S::UNPROCESSABLE_ENTITY,
                "unprocessable",
                "The description can't be served",
            ),
            Self::UpgradeRequired => (
                S::UPGRADE_REQUIRED,
                "upgrade-required",
                "Another protocol is required",
            ),
            Self::PreconditionRequired => (
                S::PRECONDITION_REQUIRED,
                "precondition-required",
                "If-Match is required",
            ),
            Self::LimitReached => (S::TOO_MANY_REQUESTS, "limit-reached", "A limit is reached"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The server failed"),
            Self::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "The server takes no joins now",
            ),
        }
    }
}

/// One answer of `application/problem+json`.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    field: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// Of a kind, with what is particular to this case.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            field: None,
            headers: Vec::new(),
        }
    }

    /// Names the field at fault.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds a header field to the answer.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// 503 with the time after which another try makes sense.
    pub fn unavailable(detail: &str, retry_after_seconds: u64) -> Self {
        Self::new(Kind::Unavailable, detail).header(RETRY_AFTER, retry_after_seconds.into())
    }
}

/// The body. `type` is a URN: it names the kind, and there is no page behind it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// The kind of problem.
    #[schema(example = "urn:rapport:problem:forbidden")]
    r#type: String,
    /// The kind in words; always the same for one type.
    title: &'static str,
    /// The status code again.
    status: u16,
    /// What is particular to this case.
    detail: String,
    /// The header field, SDP line or parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title) = self.kind.parts();
        let body = Body {
            r#type: format!("urn:rapport:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            field: self.field,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        // RFC 6750 §3.1: a request without any token gets a challenge without an error code.
        let challenge = match error {
            TokenError::Missing => r#"Bearer realm="rapport""#,
            _ => r#"Bearer realm="rapport", error="invalid_token""#,
        };
        let problem = Self::new(Kind::Unauthenticated, error.to_string())
            .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        match error {
            TokenError::Claim(claim) => problem.field(claim),
            _ => problem.field("Authorization"),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let challenge = HeaderValue::from_static(r#"Bearer realm="rapport", error="insufficient_scope""#);
        Self::new(Kind::Forbidden, refused.to_string()).header(WWW_AUTHENTICATE, challenge)
    }
}

impl From<sdp::Error> for Problem {
    fn from(error: sdp::Error) -> Self {
        let kind = match error.fault {
            sdp::Fault::Malformed => Kind::Malformed,
            sdp::Fault::Unsupported => Kind::Unprocessable,
        };
        Self::new(kind, error.to_string()).field(error.field)
    }
}
