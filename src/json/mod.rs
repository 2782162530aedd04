//! JSON text to a value, under limits.
//!
//! Source: RFC 8259. Names keep their order; of a name that stands twice the last value counts,
//! as the platform's Java parser has it. Numbers are 64-bit integers or doubles, or with
//! [`read_literal`] the text that they are written as.
//!
//! The value is our own because serde_json's copies each text and hashes each name, which were 100
//! allocations for 1 KiB.

mod document;
mod literal;
mod value;

pub use document::Document;
pub use literal::read_literal;
pub use serde_json::Number;
pub use value::{Members, Value};

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How long a document may be.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// How many values one document may hold, containers among them.
pub const NODES_MAX: usize = 1_000_000;
/// How deep containers may nest.
pub const NESTING_MAX: usize = 100;

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// `line` and `column` count from 1; both are 0 for an empty text.
    #[error("{reason} at line {line} column {column}")]
    Malformed { reason: String, line: usize, column: usize },
    #[error("the JSON has {bytes} bytes; the limit is {BYTES_MAX}")]
    TooLong { bytes: usize },
    #[error("the JSON has more than {NODES_MAX} values")]
    TooManyNodes,
    #[error("the JSON nests deeper than {NESTING_MAX} levels")]
    TooDeep,
}

/// The one value that `text` holds.
pub fn read(text: &[u8]) -> Result<Value<'_>, JsonError> {
    if text.len() > BYTES_MAX {
        return Err(JsonError::TooLong { bytes: text.len() });
    }
    // Judged as a whole it is UTF-8 sooner than text by text.
    match std::str::from_utf8(text) {
        Ok(text) => read_from(serde_json::Deserializer::from_str(text)),
        Err(_) => read_from(serde_json::Deserializer::from_slice(text)),
    }
}

fn read_from<'d, R: serde_json::de::Read<'d>>(
    mut deserializer: serde_json::Deserializer<R>,
) -> Result<Value<'d>, JsonError> {
    let reading = Reading::default();
    let read = Node { reading: &reading, depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| match reading.broken.into_inner() {
        Some(broken) => broken,
        None => malformed(&error),
    })
}

fn malformed(error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    JsonError::Malformed { reason: reason.to_owned(), line, column }
}

#[derive(Default)]
struct Reading<'d> {
    /// Values so far.
    nodes: Cell<usize>,
    /// The limit that ended the reading; the deserializer's own error cannot carry it.
    broken: Cell<Option<JsonError>>,
    /// What the open containers hold, those of the innermost last: a container that is whole has
    /// room for its own and no more.
    items: RefCell<Vec<Value<'d>>>,
    members: RefCell<Vec<(Cow<'d, str>, Value<'d>)>>,
}

impl Reading<'_> {
    fn refuse<E: Error>(&self, limit: JsonError) -> E {
        let error = E::custom(&limit);
        self.broken.set(Some(limit));
        error
    }
}

/// A value below `depth` containers.
#[derive(Clone, Copy)]
struct Node<'r, 'd> {
    reading: &'r Reading<'d>,
    depth: usize,
}

impl Node<'_, '_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth >= NESTING_MAX {
            return Err(self.reading.refuse(JsonError::TooDeep));
        }
        Ok(Self { reading: self.reading, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, 'de> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        let nodes = self.reading.nodes.get() + 1;
        self.reading.nodes.set(nodes);
        if nodes > NODES_MAX {
            return Err(self.reading.refuse(JsonError::TooManyNodes));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, 'de> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::from(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::from(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value<'de>, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let inside = self.inside()?;
        let open = &self.reading.items;
        let start = open.borrow().len();
        while let Some(item) = items.next_element_seed(inside)? {
            open.borrow_mut().push(item);
        }
        Ok(Value::Array(taken(&mut open.borrow_mut(), start)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let inside = self.inside()?;
        let open = &self.reading.members;
        let start = open.borrow().len();
        while let Some(name) = members.next_key_seed(Name)? {
            let value = members.next_value_seed(inside)?;
            open.borrow_mut().push((name, value));
        }
        Ok(Value::Object(Members::from(taken(&mut open.borrow_mut(), start))))
    }
}

/// What a container holds that is whole. `split_off` is a copy in one go, but where it takes all
/// it gives the room away too.
#[expect(clippy::drain_collect, reason = "its room is for the containers to come")]
fn taken<T>(open: &mut Vec<T>, start: usize) -> Vec<T> {
    if start == 0 { open.drain(..).collect() } else { open.split_off(start) }
}

/// Of a member. What serde makes of a `Cow` is a copy.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::*;

    #[test]
    fn values_are_what_serde_json_reads() {
        for text in [
            "null",
            " true ",
            "-0",
            "1e3",
            "18446744073709551615",
            "123456789012345678901234567890",
            r#""a\u00e9\n\ud83d\ude00""#,
            "[]",
            "[1,[2,{}]]",
            r#"{"b":1,"a":{"c":[null]},"b":2}"#,
        ] {
            let expected: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text.as_bytes()), Ok(expected.into()), "{text}");
        }
    }

    #[test]
    fn texts_are_copied_only_for_an_escape() {
        let text = br#"{"a":"b","\u0061b":"\n","c":["d"]}"#;
        let document = read(text).unwrap();
        let slices = |value: &Value<'_>| matches!(value, Value::String(Cow::Borrowed(_)));
        let members = document.as_object().unwrap();
        let borrowed: Vec<bool> =
            members.names().map(|name| matches!(name, Cow::Borrowed(_))).collect();
        assert_eq!(borrowed, [true, false, true]);
        assert!(slices(document.get("a").unwrap()) && !slices(document.get("ab").unwrap()));
        assert!(slices(&document.get("c").unwrap().as_array().unwrap()[0]));
    }

    #[test]
    fn malformed_texts_have_a_place() {
        for (text, line, column) in [
            ("", 1, 0),
            ("[1,]", 1, 4),
            ("{\n\"a\" 1}", 2, 5),
            ("1 2", 1, 3),
            ("'a'", 1, 1),
            ("[NaN]", 1, 2),
            ("\u{FEFF}1", 1, 1),
        ] {
            match read(text.as_bytes()) {
                Err(JsonError::Malformed { line: l, column: c, reason }) => {
                    assert_eq!((l, c), (line, column), "{text}");
                    assert!(!reason.contains("line"), "{reason}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(read(b"\"\xff\""), Err(JsonError::Malformed { .. })));
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(NESTING_MAX).as_bytes()).is_ok());
        assert_eq!(read(nested(NESTING_MAX + 1).as_bytes()), Err(JsonError::TooDeep));

        let items = |count: usize| format!("[0{}]", ",0".repeat(count - 1));
        assert!(read(items(NODES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(read(items(NODES_MAX).as_bytes()), Err(JsonError::TooManyNodes));

        let padded = |bytes: usize| format!("0{}", " ".repeat(bytes - 1));
        assert!(read(padded(BYTES_MAX).as_bytes()).is_ok());
        let bytes = BYTES_MAX + 1;
        assert_eq!(read(padded(bytes).as_bytes()), Err(JsonError::TooLong { bytes }));
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value_or_an_error(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let expected: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
            assert_eq!(read(&text).ok(), expected.map(Value::from));
        }

        #[test]
        fn documents_are_what_serde_json_reads(text in r#"[\[\]{}:, "ab\\nu0-]{0,24}"#) {
            let expected: Option<serde_json::Value> = serde_json::from_str(&text).ok();
            let read = read(text.as_bytes()).ok();
            assert_eq!(read.as_ref().map(Value::to_json), expected.as_ref().map(ToString::to_string));
            assert_eq!(read, expected.map(Value::from));
        }
    }
}
