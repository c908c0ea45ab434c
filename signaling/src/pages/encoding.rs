//! Which of a file's compressed forms a client takes.
//!
//! Owns: the names of the forms and the choice among them (RFC 9110 §12.5.3). Never does: compress; the
//! build of the pages has done it.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// A form, and how a file is named that holds it.
pub(super) struct Encoding {
    /// The content coding.
    pub(super) name: &'static str,
    /// Added to the name of the plain file.
    pub(super) suffix: &'static str,
}

/// The smaller one first.
pub(super) const ENCODINGS: [Encoding; 2] = [
    Encoding {
        name: "br",
        suffix: ".br",
    },
    Encoding {
        name: "gzip",
        suffix: ".gz",
    },
];

/// A compressed form is not a file of its own.
pub(super) fn is_variant(name: &str) -> bool {
    ENCODINGS.iter().any(|encoding| name.ends_with(encoding.suffix))
}

/// A client that sends no such field is given the plain file: it may be a tool that decodes nothing.
pub(super) fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let fields = request.get_all(ACCEPT_ENCODING).into_iter();
    let members: Vec<_> = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .map(member)
        .collect();
    let weight = |name: &str| {
        let mut named = members
            .iter()
            .filter(|(coding, _)| coding.eq_ignore_ascii_case(name));
        named.next().map(|(_, weight)| *weight)
    };
    weight(encoding)
        .or_else(|| weight("*"))
        .is_some_and(|weight| weight > 0.0)
}

/// `gzip;q=0.5` as its coding and its weight; a weight that is none is taken for a no.
fn member(text: &str) -> (&str, f32) {
    let (coding, parameter) = text.split_once(';').unwrap_or((text, "q=1"));
    let weight = parameter.trim().strip_prefix(['q', 'Q']);
    let weight = weight.and_then(|rest| rest.trim_start().strip_prefix('=')?.trim().parse().ok());
    (coding.trim(), weight.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(field: &str) -> Vec<&'static str> {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, field.parse().unwrap())]);
        let names = ENCODINGS.iter().map(|encoding| encoding.name);
        names.filter(|name| accepts(&headers, name)).collect()
    }

    #[test]
    fn a_form_is_taken_when_it_is_named_or_the_star_is() {
        assert_eq!(taken("gzip, deflate, br, zstd"), ["br", "gzip"]);
        assert_eq!(taken("GZIP"), ["gzip"]);
        assert_eq!(taken("gzip;q=0.5, br;q=0"), ["gzip"]);
        assert_eq!(taken("*"), ["br", "gzip"]);
        assert_eq!(taken("*, br; q=0.0"), ["gzip"]);
        assert_eq!(taken("*;q=0, br"), ["br"]);
    }

    #[test]
    fn no_form_is_taken_when_none_is_named() {
        for field in ["", "identity", "brotli", "br;q=much", "br;level=1", ";;,,"] {
            assert!(taken(field).is_empty(), "{field:?}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
