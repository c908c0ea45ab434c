//! From the tree to typed values, by serde, so that a key is one field of one struct.
//!
//! Owns: the deserializer over [`Node`] and the wording of what it refuses. Never does: read files, or
//! repeat a value that stands below `auth`.

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::error::{Error, Place};
use crate::source::{Node, Value};

/// Reads a whole tree.
pub(crate) fn read<T: de::DeserializeOwned>(root: &Node) -> Result<T, Error> {
    T::deserialize(At {
        node: root,
        key: String::new(),
    })
    .map_err(|fault| fault.into_error(root))
}

/// One node and its dotted path: what serde asks for a value.
struct At<'a> {
    node: &'a Node,
    key: String,
}

impl At<'_> {
    /// Hands a value to the visitor; what it refuses, it refuses here.
    fn visit<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        visit: impl FnOnce(&Self, V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        visit(&self, visitor).map_err(|fault| fault.at(&self.node.place, &self.key))
    }

    fn visit_any<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Text(text) | Value::Variable(text) => visit_text(text, visitor),
            Value::Date => Err(de::Error::invalid_type(Unexpected::Other("a date"), &visitor)),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Array(nodes) => visitor.visit_seq(Items {
                nodes: nodes.iter().enumerate(),
                key: &self.key,
            }),
            Value::Table(table) => visitor.visit_map(Entries {
                entries: table.iter(),
                value: None,
                key: &self.key,
            }),
        }
    }

    /// A variable's text as the TOML that the key wants, written in one line.
    fn variable(&self, text: &str) -> Result<Node, Fault> {
        Node::parse_variable(&self.node.place, text).map_err(Fault::text)
    }

    fn again<'de, V: Visitor<'de>>(&self, node: &Node, visitor: V) -> Result<V::Value, Fault> {
        let key = self.key.clone();
        At { node, key }.visit_any(visitor)
    }
}

/// What a visitor says about a text that it can't parse names neither the text nor the format: it is
/// replaced by what was found and what the visitor expects.
fn visit_text<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Fault> {
    let expected = (&visitor as &dyn Expected).to_string();
    visitor
        .visit_str(text)
        .map_err(|fault: Fault| match fault.problem {
            Problem::Text(_) if fault.at.is_none() => {
                Fault::mismatch(Unexpected::Str(text), &expected.as_str())
            }
            _ => fault,
        })
}

macro_rules! from_variable {
    ($($method:ident $parse:ty => $visit:ident,)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.visit(visitor, |at, visitor| match &at.node.value {
                Value::Variable(text) => match text.parse::<$parse>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(de::Error::invalid_type(Unexpected::Str(text), &visitor)),
                },
                _ => at.visit_any(visitor),
            })
        }
    )+};
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit(visitor, |at, visitor| at.visit_any(visitor))
    }

    from_variable! {
        deserialize_bool bool => visit_bool,
        deserialize_u8 i64 => visit_i64,
        deserialize_u16 i64 => visit_i64,
        deserialize_u32 i64 => visit_i64,
        deserialize_u64 i64 => visit_i64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.visit(visitor, |at, visitor| match &at.node.value {
            Value::Text(text) | Value::Variable(text) => {
                visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(text.as_str()))
            }
            _ => at.visit_any(visitor),
        })
    }

    /// `[a, b]` or `a, b`.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit(visitor, |at, visitor| match &at.node.value {
            Value::Variable(text) if text.starts_with('[') => at.again(&at.variable(text)?, visitor),
            Value::Variable(text) => at.again(&comma_separated(&at.node.place, text), visitor),
            _ => at.visit_any(visitor),
        })
    }

    /// `{ key = value }`.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.visit(visitor, |at, visitor| match &at.node.value {
            Value::Variable(text) if text.starts_with('{') => at.again(&at.variable(text)?, visitor),
            _ => at.visit_any(visitor),
        })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

fn comma_separated(place: &Place, text: &str) -> Node {
    let item = |text: &str| Node {
        place: place.clone(),
        value: Value::Variable(text.to_owned()),
    };
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Node {
        place: place.clone(),
        value: Value::Array(items.map(item).collect()),
    }
}

struct Items<'a, I> {
    nodes: I,
    key: &'a str,
}

impl<'de, 'a, I: Iterator<Item = (usize, &'a Node)>> de::SeqAccess<'de> for Items<'_, I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.nodes.next() else {
            return Ok(None);
        };
        let key = format!("{}[{index}]", self.key);
        let value = seed.deserialize(At {
            node,
            key: key.clone(),
        });
        value.map(Some).map_err(|fault| fault.at(&node.place, &key))
    }
}

struct Entries<'a, I> {
    entries: I,
    value: Option<(String, &'a Node)>,
    key: &'a str,
}

impl<'de, 'a, I: Iterator<Item = (&'a String, &'a (Place, Node))>> de::MapAccess<'de> for Entries<'a, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((name, (place, node))) = self.entries.next() else {
            return Ok(None);
        };
        let key = if self.key.is_empty() {
            name.clone()
        } else {
            format!("{}.{name}", self.key)
        };
        let name = StrDeserializer::new(name.as_str());
        let found = seed
            .deserialize(name)
            .map_err(|fault: Fault| fault.at(place, &key))?;
        self.value = Some((key, node));
        Ok(Some(found))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = self
            .value
            .take()
            .ok_or_else(|| Fault::text("a value before its key"))?;
        let value = seed.deserialize(At {
            node,
            key: key.clone(),
        });
        value.map_err(|fault| fault.at(&node.place, &key))
    }
}

/// Why serde refused something; where, as soon as that is known.
#[derive(Debug)]
struct Fault {
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
    fn text(problem: impl Into<String>) -> Self {
        Self {
            at: None,
            problem: Problem::Text(problem.into()),
        }
    }

    fn mismatch(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
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

    /// The innermost place is the first to be told; it stays.
    fn at(mut self, place: &Place, key: &str) -> Self {
        self.at
            .get_or_insert_with(|| Box::new((place.clone(), key.to_owned())));
        self
    }

    fn into_error(self, root: &Node) -> Error {
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
