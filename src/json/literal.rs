//! JSON text to a value whose numbers are the texts that they are written as.
//!
//! serde_json makes a double of `1.50` and of what does not fit into 64 bits, which is no longer
//! the same text.

use std::borrow::Cow;

use json_event_parser::{JsonEvent, JsonSyntaxError, SliceJsonParser};

use crate::json::{BYTES_MAX, JsonError, Members, NESTING_MAX, NODES_MAX, Value};

/// The one value that `text` holds, under the limits of [`read`](crate::json::read). A number is
/// a string, such as `"1.50"`.
pub fn read_literal(text: &[u8]) -> Result<Value<'_>, JsonError> {
    if text.len() > BYTES_MAX {
        return Err(JsonError::TooLong { bytes: text.len() });
    }
    let mut parser = SliceJsonParser::new(text);
    let mut reader = Reader { open: Vec::new(), nodes: 0, whole: None };
    loop {
        let event = parser.parse_next().map_err(|error| malformed(&error))?;
        match event {
            JsonEvent::String(text) | JsonEvent::Number(text) => {
                reader.value(Value::String(text))?;
            }
            JsonEvent::Boolean(value) => reader.value(Value::Bool(value))?,
            JsonEvent::Null => reader.value(Value::Null)?,
            JsonEvent::StartArray => reader.start(Open::Array(Vec::new()))?,
            JsonEvent::StartObject => {
                reader.start(Open::Object(Members::default(), Cow::default()))?
            }
            JsonEvent::ObjectKey(name) => {
                if let Some(Open::Object(_, key)) = reader.open.last_mut() {
                    *key = name;
                }
            }
            JsonEvent::EndArray | JsonEvent::EndObject => reader.end(),
            JsonEvent::Eof => break,
        }
    }
    // The parser ends only after a whole value.
    reader.whole.ok_or_else(|| JsonError::Malformed {
        reason: "there is no value".to_owned(),
        line: 1,
        column: 0,
    })
}

fn malformed(error: &JsonSyntaxError) -> JsonError {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
    let start = error.location().start;
    JsonError::Malformed {
        reason: error.message().to_owned(),
        line: place(start.line),
        column: place(start.column),
    }
}

struct Reader<'d> {
    /// The containers around this place, the innermost last.
    open: Vec<Open<'d>>,
    /// Values so far, containers among them.
    nodes: usize,
    whole: Option<Value<'d>>,
}

enum Open<'d> {
    Array(Vec<Value<'d>>),
    /// And the name whose value comes next.
    Object(Members<'d>, Cow<'d, str>),
}

impl<'d> Reader<'d> {
    fn value(&mut self, value: Value<'d>) -> Result<(), JsonError> {
        self.count()?;
        self.put(value);
        Ok(())
    }

    fn start(&mut self, container: Open<'d>) -> Result<(), JsonError> {
        self.count()?;
        if self.open.len() >= NESTING_MAX {
            return Err(JsonError::TooDeep);
        }
        self.open.push(container);
        Ok(())
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Array(items)) => self.put(Value::Array(items)),
            Some(Open::Object(members, _)) => self.put(Value::Object(members)),
            None => {}
        }
    }

    fn put(&mut self, value: Value<'d>) {
        match self.open.last_mut() {
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(members, name)) => {
                members.insert(std::mem::take(name), value);
            }
            None => self.whole = Some(value),
        }
    }

    fn count(&mut self) -> Result<(), JsonError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX { Err(JsonError::TooManyNodes) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use serde_json::json;

    use super::*;
    use crate::json::read;

    #[test]
    fn numbers_are_what_is_written() {
        for (text, expected) in [
            ("1.50", json!("1.50")),
            ("-0", json!("-0")),
            ("123456789012345678901234567890", json!("123456789012345678901234567890")),
            (
                r#"{"b":1e3,"a":{"c":[null,true,"x"]},"b":2}"#,
                json!({"b": "2", "a": {"c": [null, true, "x"]}}),
            ),
            (" [] ", json!([])),
        ] {
            assert_eq!(read_literal(text.as_bytes()), Ok(expected.into()), "{text}");
        }
    }

    #[test]
    fn malformed_texts_have_a_place() {
        for (text, line, column) in
            [("", 1, 1), ("[1,]", 1, 4), ("{\n\"a\" 1}", 2, 5), ("1 2", 1, 3)]
        {
            match read_literal(text.as_bytes()) {
                Err(JsonError::Malformed { line: l, column: c, .. }) => {
                    assert_eq!((l, c), (line, column), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read_literal(nested(NESTING_MAX).as_bytes()).is_ok());
        assert_eq!(read_literal(nested(NESTING_MAX + 1).as_bytes()), Err(JsonError::TooDeep));

        let items = |count: usize| format!("[0{}]", ",0".repeat(count - 1));
        assert!(read_literal(items(NODES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(read_literal(items(NODES_MAX).as_bytes()), Err(JsonError::TooManyNodes));

        let bytes = BYTES_MAX + 1;
        let padded = format!("0{}", " ".repeat(bytes - 1));
        assert_eq!(read_literal(padded.as_bytes()), Err(JsonError::TooLong { bytes }));
    }

    /// Numbers as their texts, as far as they have one.
    fn with_texts<'d>(value: &Value<'d>) -> Value<'d> {
        match value {
            Value::Number(number) => Value::from(number.to_string()),
            Value::Array(items) => Value::Array(items.iter().map(with_texts).collect()),
            Value::Object(members) => {
                let values = members.values().map(with_texts);
                Value::Object(members.names().cloned().zip(values).collect())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value_or_an_error(text in prop::collection::vec(any::<u8>(), 0..64)) {
            read_literal(&text).ok();
        }

        #[test]
        fn takes_what_serde_json_takes(text in r#"[\[\]{}:, \n"a0-]{0,12}"#) {
            let expected = read(text.as_bytes()).ok().as_ref().map(with_texts);
            // Its doubles have no texts of their own.
            if !text.contains("-0") {
                assert_eq!(read_literal(text.as_bytes()).ok(), expected, "{text}");
            }
        }
    }
}
