//! From the tree to typed values, by serde, so that a key is one field of one struct.
//!
//! Owns: the deserializer over [`Node`]. Never does: read files, or word what it refuses (`fault` does).

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::error::{Error, Place};
use crate::fault::Fault;
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
    visitor.visit_str(text).map_err(|fault: Fault| {
        if fault.is_bare() {
            Fault::mismatch(Unexpected::Str(text), &expected.as_str())
        } else {
            fault
        }
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
