//! What was written, and where: the tree that a file and the environment make together.
//!
//! Owns: [`Node`], the overlay of `RAPPORT_SECTION__KEY` variables over a TOML file, the places of both.
//! Never does: know which keys exist; `reader` and the sections do.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Place};

/// A value with the place where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// Text of an environment variable: its type is what the key wants.
    Variable(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// TOML has dates; no key wants one.
    Date,
    Array(Vec<Node>),
    Table(Table),
}

/// Keys in alphabetical order, each with the place of the key itself.
pub(crate) type Table = BTreeMap<String, (Place, Node)>;

/// Variables are named `RAPPORT_SECTION__KEY`. One without the double underscore belongs to the command
/// line (`RAPPORT_CONFIG`) and is none of ours.
const PREFIX: &str = "RAPPORT_";
const SEPARATOR: &str = "__";

impl Node {
    /// Reads a TOML document.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let places = Places { path, text };
        let document = DeTable::parse(text).map_err(|error| Error::Syntax {
            place: places.at(error.span().unwrap_or_default()),
            reason: one_line(error.message()),
        })?;
        let value = Value::Table(table(document.into_inner(), &|span| places.at(span)));
        let place = Place::Absent(path.to_owned());
        Ok(Self { place, value })
    }

    /// Reads the TOML of one variable: `[…]` or `{…}`. Everything in it stands at `place`.
    pub(crate) fn parse_variable(place: &Place, text: &str) -> Result<Self, String> {
        let value = DeValue::parse(text).map_err(|error| one_line(error.message()))?;
        Ok(node(value, &|_| place.clone()))
    }

    /// Lays the environment over this document. Variables come sorted, so that the first error is always
    /// the same one.
    pub(crate) fn overlay(
        &mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), Error> {
        let ours: BTreeMap<_, _> = environment.into_iter().filter_map(ours).collect();
        ours.into_iter()
            .try_for_each(|(name, value)| self.set(&name, value))
    }

    fn set(&mut self, name: &str, value: OsString) -> Result<(), Error> {
        let place = Place::Variable(name.to_owned());
        let key = name[PREFIX.len()..].to_lowercase();
        let invalid = |key: String, problem: &str| Error::Invalid {
            place: place.clone(),
            key,
            problem: problem.to_owned(),
        };
        let text = value.into_string().map_err(|_| {
            invalid(
                key.replace(SEPARATOR, "."),
                "found bytes that are not UTF-8, expected text",
            )
        })?;
        let mut at = self;
        let mut path = String::new();
        for step in key.split(SEPARATOR) {
            let Value::Table(table) = &mut at.value else {
                return Err(invalid(
                    path,
                    "this variable sets a key of it, but it is not a table",
                ));
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(step);
            at = &mut table
                .entry(step.to_owned())
                .or_insert_with(|| (place.clone(), Self::empty(&place)))
                .1;
        }
        *at = Self {
            place,
            value: Value::Variable(text),
        };
        Ok(())
    }

    fn empty(place: &Place) -> Self {
        Self {
            place: place.clone(),
            value: Value::Table(Table::new()),
        }
    }

    /// The place of the longest part of a dotted key path that was written at all.
    pub(crate) fn place_of(&self, key: &str) -> &Place {
        let mut at = self;
        for step in key.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let next = match &at.value {
                Value::Table(table) => table.get(step).map(|(_, node)| node),
                Value::Array(nodes) => step.parse().ok().and_then(|index: usize| nodes.get(index)),
                _ => None,
            };
            let Some(next) = next else { break };
            at = next;
        }
        &at.place
    }
}

fn ours((name, value): (OsString, OsString)) -> Option<(String, OsString)> {
    let name = name.into_string().ok()?;
    let rest = name.strip_prefix(PREFIX)?;
    rest.contains(SEPARATOR).then_some((name, value))
}

fn node(value: Spanned<DeValue<'_>>, place: &dyn Fn(Range<usize>) -> Place) -> Node {
    Node {
        place: place(value.span()),
        value: match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => integer(number.as_str(), number.radix()),
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::Array(items.into_iter().map(|item| node(item, place)).collect()),
            DeValue::Table(items) => Value::Table(table(items, place)),
        },
    }
}

fn table(table: DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Table {
    let entry = |(key, value): (Spanned<_>, _)| (place(key.span()), key.into_inner(), node(value, place));
    table
        .into_iter()
        .map(entry)
        .map(|(place, key, node): (_, std::borrow::Cow<'_, str>, _)| (key.into_owned(), (place, node)))
        .collect()
}

/// TOML promises 64 bits. What is longer fits no key that wants an integer, and is refused there.
fn integer(digits: &str, radix: u32) -> Value {
    i64::from_str_radix(digits, radix).map_or(Value::Float(f64::INFINITY), Value::Integer)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

struct Places<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Places<'_> {
    fn at(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
