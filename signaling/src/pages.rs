//! The pages: what a browser loads before there is a call.
//!
//! Owns: their routes, and what each may do in a browser. Never does: make a page; `web/app` is where they
//! are written, and `make pages` builds them.

mod built;
mod encoding;
mod resource;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::problem::{Kind, Problem};
use built::BUILT;
use resource::Resource;

/// The routes of the pages that were built.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    router(Pages::new(BUILT.files()))
}

/// A file of the pages that are part of this program, by its path.
pub fn built_page(name: &str) -> Option<Bytes> {
    let mut files = BUILT.files().into_iter();
    files.find_map(|(known, bytes)| (known == name).then_some(bytes))
}

/// Everything that can be asked for, by its name. What is not in the table does not exist, so no name leads
/// out of it.
struct Pages(HashMap<String, Resource>);

impl Pages {
    /// Of files by their path below the folder of the pages.
    fn new(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut files: HashMap<_, _> = files.into_iter().collect();
        let names: Vec<_> = files.keys().cloned().collect();
        let plain = names.into_iter().filter(|name| !encoding::is_variant(name));
        let resources: Vec<_> = plain
            .filter_map(|name| {
                let resource = Resource::take(&name, &mut files)?;
                Some((name, resource))
            })
            .collect();
        Self(resources.into_iter().collect())
    }

    fn answer(&self, name: &str, request: &HeaderMap) -> Option<Response> {
        Some(self.0.get(name)?.answer(request))
    }

    /// The page that all links lead to.
    fn index(&self, request: &HeaderMap) -> Response {
        self.answer(INDEX, request).unwrap_or_else(not_built)
    }

    /// Files beside the page, such as its icon.
    fn top_level(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| !name.contains('/') && *name != INDEX)
    }
}

fn router<S: Clone + Send + Sync + 'static>(pages: Pages) -> Router<S> {
    let pages = Arc::new(pages);
    let beside = pages.top_level().map(str::to_owned).collect::<Vec<_>>();
    let router = Router::new()
        .route("/", get(home))
        .route("/clinic", get(home))
        .route("/device", get(home))
        .route("/privacy", get(home))
        .route("/j/{invitation}", get(call))
        .route("/assets/{*name}", get(asset));
    let router = beside.iter().fold(router, |router, name| {
        router.route(&format!("/{name}"), get(file_beside))
    });
    router.layer(map_response(guard)).with_state(pages)
}

async fn home(pages: State<Arc<Pages>>, request: HeaderMap) -> Response {
    pages.index(&request)
}

/// The address has an invitation in it: no search engine should list it.
async fn call(pages: State<Arc<Pages>>, request: HeaderMap) -> Response {
    ([(ROBOTS, "noindex")], pages.index(&request)).into_response()
}

async fn asset(
    pages: State<Arc<Pages>>,
    Path(name): Path<String>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let found = pages.answer(&format!("{ASSETS}{name}"), &request);
    found.ok_or_else(no_such_file)
}

async fn file_beside(pages: State<Arc<Pages>>, uri: Uri, request: HeaderMap) -> Result<Response, Problem> {
    let found = pages.answer(uri.path().trim_start_matches('/'), &request);
    found.ok_or_else(no_such_file)
}

/// What a page may do in a browser, said with every answer: an image that is opened by itself is a page too.
async fn guard(mut response: Response) -> Response {
    let fields = GUARDS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(fields);
    response
}

fn no_such_file() -> Problem {
    Problem::new(Kind::NotFound, "the pages have no such file")
}

fn not_built() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    let text = "This server was built without its pages. Run `make pages`, then build and start it again.\n";
    (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
}

const INDEX: &str = "index.html";

/// Vite puts here what is named by its content.
const ASSETS: &str = "assets/";

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// What a page may load. `'self'` of connect-src covers the WebSocket of the same origin (CSP Level 3 §6.7.2.8).
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob: mediastream:; connect-src 'self'; font-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The devices of a call for the page itself; what a call never needs, for nobody.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), \
    accelerometer=(), gyroscope=(), magnetometer=(), geolocation=(), hid=(), idle-detection=(), midi=(), \
    payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

const GUARDS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    // The address of a call is an invitation.
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

#[cfg(test)]
mod tests;
