//! Why serde refused something, in an operator's words.
//!
//! Owns: the wording of what was found and what was expected, and the guess of what was meant. Never
//! does: repeat a value that stands below `auth`.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use crate::error::{Error, Place};
use crate::source::Node;

/// Why serde refused something; where, as soon as that is known.
#[derive(Debug)]
pub(crate) struct Fault {
    at: Option<Box<(Place, String)>>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Mismatch {
        found: String,
        kind: &'static str,
        expected: String,
    },
    Text(String),
}

impl Fault {
    pub(crate) fn text(problem: impl Into<String>) -> Self {
        Self {
            at: None,
            problem: Problem::Text(problem.into()),
        }
    }

    pub(crate) fn mismatch(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (found, kind) = describe(found);
        let expected = plain(&expected.to_string());
        Self {
            at: None,
            problem: Problem::Mismatch {
                found,
                kind,
                expected,
            },
        }
    }

    /// A visitor's own words, without a place.
    pub(crate) fn is_bare(&self) -> bool {
        self.at.is_none() && matches!(self.problem, Problem::Text(_))
    }

    /// The innermost place is the first to be told; it stays.
    pub(crate) fn at(mut self, place: &Place, key: &str) -> Self {
        self.at
            .get_or_insert_with(|| Box::new((place.clone(), key.to_owned())));
        self
    }

    pub(crate) fn into_error(self, root: &Node) -> Error {
        let at = self
            .at
            .unwrap_or_else(|| Box::new((root.place.clone(), String::new())));
        let (place, key) = *at;
        let problem = match self.problem {
            Problem::Text(text) => text,
            // A secret must not reach a terminal or a log because its key was misspelt or of a wrong type.
            Problem::Mismatch { kind, expected, .. } if key.starts_with("auth") => {
                format!("found {kind}, expected {expected}")
            }
            Problem::Mismatch { found, expected, .. } => format!("found {found}, expected {expected}"),
        };
        Error::Invalid { place, key, problem }
    }
}

fn describe(found: Unexpected<'_>) -> (String, &'static str) {
    match found {
        Unexpected::Str(text) => (format!("{text:?}"), "a text"),
        Unexpected::Signed(number) => (number.to_string(), "a number"),
        Unexpected::Unsigned(number) => (number.to_string(), "a number"),
        Unexpected::Float(number) => (number.to_string(), "a number"),
        Unexpected::Bool(value) => (value.to_string(), "a boolean"),
        Unexpected::Seq => ("a list".to_owned(), "a list"),
        Unexpected::Map => ("a table".to_owned(), "a table"),
        other => (other.to_string(), "something of another type"),
    }
}

/// serde and its visitors speak of Rust's types; an operator need not know them.
fn plain(expected: &str) -> String {
    let plain = match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a boolean" => "true or false",
        "a string" => "a text",
        "path string" => "the path of a file",
        "a sequence" => "a list",
        "socket address" => "an IP address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        "IP address" => "an IP address such as \"192.0.2.1\" or \"2001:db8::1\"",
        _ if expected.starts_with("struct ") => "a table",
        _ if expected.starts_with("enum ") => "a text",
        _ => expected,
    };
    plain.to_owned()
}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::text(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let choices = format!("one of {}", quoted(expected, '"'));
        Self::mismatch(Unexpected::Str(found), &choices.as_str())
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        let near = expected.iter().find(|known| is_near(found, known));
        let hint = near.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        Self::text(format!(
            "unknown key, expected one of {}{hint}",
            quoted(expected, '`')
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::text(format!("`{field}` is missing"))
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.problem)
    }
}

impl std::error::Error for Fault {}

fn quoted(names: &[&str], quote: char) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
    quoted.join(", ")
}

/// One slip in a short word, two in a longer one.
fn is_near(found: &str, known: &str) -> bool {
    distance(found, known) <= if known.len() < 6 { 1 } else { 2 }
}

/// Levenshtein's: insertions, deletions and substitutions that make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (y, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], y + 1);
        for (x, b) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[x + 1];
            row[x + 1] = replaced.min(row[x] + 1).min(diagonal + 1);
        }
    }
    row[other.chars().count()]
}
