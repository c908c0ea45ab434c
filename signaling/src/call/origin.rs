//! Which pages may open a call's socket.
//!
//! Owns: the check of `Origin`. Never does: replace the token: it protects people's browsers from other pages,
//! to which the CORS protocol gives no answer, since WebSockets are not under it (RFC 6455 §10.2).

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use rapport_config::{Origin, Server};

use crate::problem::{Kind, Problem};

/// 403 for a page of another origin than ours, unless the configuration names it. What is no browser sends no
/// origin, and could send any.
pub(super) fn check(server: &Server, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match origin.to_str() {
        Ok(origin) if is_ours(server, origin, host) || is_named(server, origin) => Ok(()),
        _ => Err(Problem::new(Kind::Forbidden, "a page of this origin may not").field("Origin")),
    }
}

fn is_ours(server: &Server, origin: &str, host: Option<&str>) -> bool {
    let public = server.public_url.as_ref().map(|url| authority(url.as_str()));
    let own = authority(origin);
    // "null" has no authority, and is nobody's.
    own.is_some_and(|own| {
        [host, public.flatten()]
            .into_iter()
            .flatten()
            .any(|ours| ours.eq_ignore_ascii_case(own))
    })
}

fn is_named(server: &Server, origin: &str) -> bool {
    let named = |named: &Origin| named.is_any() || named.as_str() == origin;
    server.cors_origins.iter().any(named)
}

/// Host and port. Whoever stands in front may have taken TLS off, so that the scheme says nothing.
fn authority(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    rest.split('/').next()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(server: &Server, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())]);
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        check(server, &headers).is_ok()
    }

    #[test]
    fn pages_of_ours_may_and_what_is_no_page() {
        let plain = Server::default();
        assert!(allowed(&plain, "localhost:8080", None));
        assert!(allowed(&plain, "localhost:8080", Some("http://localhost:8080")));
        assert!(allowed(
            &plain,
            "Call.example.org",
            Some("https://call.example.org")
        ));
        for bad in [
            "http://localhost:8081",
            "http://localhost",
            "https://example.org",
            "null",
            "",
            "file://localhost:8080",
            "http://localhost:8080.example.org",
        ] {
            assert!(!allowed(&plain, "localhost:8080", Some(bad)), "{bad}");
        }
    }

    #[test]
    fn pages_that_the_configuration_names_may() {
        let named = Server {
            public_url: Some("https://call.example.org/rapport".to_owned().try_into().unwrap()),
            cors_origins: vec!["https://clinic.example.org".to_owned().try_into().unwrap()],
            ..Server::default()
        };
        assert!(allowed(&named, "inside:8080", Some("https://call.example.org")));
        assert!(allowed(&named, "inside:8080", Some("https://clinic.example.org")));
        assert!(!allowed(&named, "inside:8080", Some("http://clinic.example.org")));
        assert!(!allowed(&named, "inside:8080", Some("https://other.example.org")));
        let any = Server {
            cors_origins: vec!["*".to_owned().try_into().unwrap()],
            ..Server::default()
        };
        assert!(allowed(&any, "inside:8080", Some("null")));
    }
}
