use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{Method, Request};
use tower::ServiceExt;

use super::*;

const SCRIPT: &str = "/assets/index-Bx3.js";

/// What a build of the pages leaves behind.
fn built() -> Router {
    let files = [
        ("index.html", "<!doctype html>"),
        ("index.html.br", "html as br"),
        ("icon.svg", "<svg/>"),
        ("assets/index-Bx3.js", "let script"),
        ("assets/index-Bx3.js.br", "js as br"),
        ("assets/index-Bx3.js.gz", "js as gzip"),
        ("assets/index-Cq9.css", "body {}"),
        ("assets/inter-Da1.woff2", "a font"),
        ("assets/deep/worker-E0.js", "a worker"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), Bytes::from_static(text.as_bytes())));
    router(Pages::new(files))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: &Router, method: Method, path: &str, fields: &[(HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.into()).unwrap();
    Answer {
        status,
        headers,
        text,
    }
}

async fn get(path: &str, fields: &[(HeaderName, &str)]) -> Answer {
    ask(&built(), Method::GET, path, fields).await
}

#[tokio::test]
async fn one_page_answers_for_all_links() {
    for path in ["/", "/j/AAAAAAAAAAAAAAAAAAAAAA", "/j/anything"] {
        let answer = get(path, &[]).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, "<!doctype html>")
        );
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn only_the_address_of_a_call_is_kept_from_search_engines() {
    assert_eq!(get("/j/anything", &[]).await.header("x-robots-tag"), "noindex");
    assert_eq!(get("/", &[]).await.header("x-robots-tag"), "");
}

#[tokio::test]
async fn what_is_named_by_its_content_is_kept_for_a_year() {
    let types = [
        (SCRIPT, "text/javascript; charset=utf-8"),
        ("/assets/index-Cq9.css", "text/css; charset=utf-8"),
        ("/assets/inter-Da1.woff2", "font/woff2"),
        ("/assets/deep/worker-E0.js", "text/javascript; charset=utf-8"),
    ];
    for (path, media_type) in types {
        let answer = get(path, &[]).await;
        assert_eq!(answer.header("content-type"), media_type);
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
    }
    let icon = get("/icon.svg", &[]).await;
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert_eq!(
        icon.header("cache-control"),
        "no-cache",
        "its name stays when it changes"
    );
}

#[tokio::test]
async fn a_page_that_the_browser_has_is_not_sent_again() {
    let first = get("/", &[]).await;
    let tag = first.header("etag");
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    for known in [
        tag.to_owned(),
        format!("\"other\", {tag}"),
        format!("W/{tag}"),
        "*".to_owned(),
    ] {
        let again = get("/", &[(IF_NONE_MATCH, &known)]).await;
        assert_eq!(
            (again.status, again.text.as_str()),
            (StatusCode::NOT_MODIFIED, ""),
            "{known}"
        );
        assert_eq!(again.header("etag"), tag);
        assert_eq!(again.header("cache-control"), "no-cache");
        assert_eq!(again.headers.get(CONTENT_TYPE), None);
    }
    assert_eq!(
        get("/", &[(IF_NONE_MATCH, "\"other\"")]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_smallest_form_that_the_client_takes_is_sent() {
    let forms = [
        ("gzip, br", "br", "js as br"),
        ("gzip", "gzip", "js as gzip"),
        ("identity", "", "let script"),
    ];
    let mut tags = Vec::new();
    for (accepted, encoding, text) in forms {
        let answer = get(SCRIPT, &[(ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(answer.text, text);
        assert_eq!(answer.header(CONTENT_ENCODING.as_str()), encoding);
        assert_eq!(answer.header(VARY.as_str()), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert!(
            !tags.contains(&answer.headers[ETAG]),
            "a strong tag names one form"
        );
        tags.push(answer.headers[ETAG].clone());
    }
    assert_eq!(
        get("/icon.svg", &[]).await.headers.get(VARY),
        None,
        "it has one form"
    );
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let answer = ask(&built(), Method::HEAD, SCRIPT, &[(ACCEPT_ENCODING, "br")]).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(answer.headers[CONTENT_LENGTH], "js as br".len().to_string());
    assert_eq!(answer.headers[CONTENT_ENCODING], "br");
}

#[tokio::test]
async fn what_is_not_a_file_of_the_pages_is_not_found() {
    for path in [
        "/assets/none.js",
        "/assets/",
        "/assets/index-Bx3.js.br",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%2f..%2f..%2fCargo.toml",
        "/assets//etc/passwd",
        "/icon.svg/more",
        "/index.html.br",
        "/j/",
        "/j/a/b",
    ] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text.contains("doctype"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_says_what_a_page_may_do() {
    let known = get("/", &[]).await.header("etag").to_owned();
    let fields = [(IF_NONE_MATCH, known.as_str())];
    for (path, fields) in [
        ("/", [].as_slice()),
        ("/", &fields),
        ("/j/x", &[]),
        (SCRIPT, &[]),
        ("/assets/no", &[]),
    ] {
        let answer = get(path, fields).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none';",
            "script-src 'self';",
            "style-src 'self';",
            "connect-src 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let permissions = answer.header("permissions-policy");
        for part in [
            "camera=(self)",
            "microphone=(self)",
            "display-capture=(self)",
            "geolocation=()",
        ] {
            assert!(permissions.contains(part), "{path}: {part} in {permissions}");
        }
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn without_pages_the_server_says_how_to_get_them() {
    let bare = router(Pages::new([]));
    for path in ["/", "/j/anything"] {
        let answer = ask(&bare, Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text.contains("make pages"), "{}", answer.text);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
