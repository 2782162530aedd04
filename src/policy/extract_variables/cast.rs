//! What of a payload becomes a variable of which type.
//!
//! Source: Apigee docs, "ExtractVariables policy", `Variable@type`, and `UnableToCast` on its
//! runtime error page. Unknown: how a number becomes a whole one; it loses its fraction, as a
//! Java number does, where a text has to be spelt as one. Unknown: `null`; it sets nothing.

use std::borrow::Cow;
use std::fmt;

use crate::json::{self, Number};
use crate::jsonpath::Found;
use crate::message::Value;
use crate::xml::fields::parse_flag;
use crate::xmltree::XmlTree;
use crate::xpath;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Datatype {
    #[default]
    String,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    /// The part of the document as it is written.
    NodeSet,
}

#[derive(Clone, Debug)]
pub(super) enum Cast {
    Value(Value),
    Null,
    Impossible { value: String, datatype: Datatype },
    TooLong,
}

impl Datatype {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "string" => Self::String,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "nodeset" => Self::NodeSet,
            _ => return None,
        })
    }

    /// Of what was found; several values are one list.
    pub(super) fn of_json(self, found: &Found<'_>) -> Cast {
        let text = match found.text() {
            Ok(Some(text)) => text,
            Ok(None) => return Cast::Null,
            Err(_) => return Cast::TooLong,
        };
        let single = match found {
            Found::One(value) => Some(&**value),
            Found::Nothing | Found::Many(_) => None,
        };
        match (self, single) {
            (Self::String, _) => Cast::Value(Value::from(text.into_owned())),
            (Self::NodeSet, Some(value)) => Cast::Value(Value::from(value.to_json())),
            (Self::NodeSet, None) => Cast::Value(Value::from(text.into_owned())),
            (Self::Boolean, Some(json::Value::Bool(flag))) => Cast::Value(Value::from(*flag)),
            (
                Self::Integer | Self::Long | Self::Float | Self::Double,
                Some(json::Value::Number(number)),
            ) => self.of_number(number),
            (_, Some(json::Value::String(_))) => self.of_text(text),
            (_, _) => self.impossible(text),
        }
    }

    /// A set of nodes is not empty.
    pub(super) fn of_xml(self, found: xpath::Value<'_>, document: &XmlTree) -> Cast {
        match (self, found) {
            (Self::NodeSet, xpath::Value::NodeSet(nodes)) => {
                let text = document.to_fragments(nodes);
                text.map_or(Cast::TooLong, |text| Cast::Value(Value::from(text)))
            }
            (Self::Boolean, xpath::Value::Boolean(flag)) => Cast::Value(Value::from(flag)),
            (_, found) => self.of_text(found.into_string(document)),
        }
    }

    fn of_text(self, text: Cow<'_, str>) -> Cast {
        let spelt = text.trim();
        let value = match self {
            Self::String | Self::NodeSet => Some(Value::from(text.as_ref())),
            Self::Boolean => parse_flag(spelt).map(Value::from),
            Self::Integer => spelt.parse().ok().map(Value::Integer),
            Self::Long => spelt.parse().ok().map(Value::Long),
            Self::Float if is_decimal(spelt) => spelt.parse().ok().map(Value::Float),
            Self::Double if is_decimal(spelt) => spelt.parse().ok().map(Value::Double),
            Self::Float | Self::Double => None,
        };
        value.map_or_else(|| self.impossible(text), Cast::Value)
    }

    fn of_number(self, number: &Number) -> Cast {
        let whole = || number.as_i64().or_else(|| truncated(number.as_f64()?));
        let value = match self {
            Self::Integer => whole().and_then(|n| i32::try_from(n).ok()).map(Value::Integer),
            Self::Long => whole().map(Value::Long),
            Self::Float => number.to_string().parse().ok().map(Value::Float),
            Self::Double => number.as_f64().map(Value::Double),
            Self::String | Self::Boolean | Self::NodeSet => None,
        };
        value.map_or_else(|| self.impossible(Cow::Owned(number.to_string())), Cast::Value)
    }

    fn impossible(self, value: Cow<'_, str>) -> Cast {
        Cast::Impossible { value: value.into_owned(), datatype: self }
    }
}

/// Written as the platform's fault writes it.
impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "STRING",
            Self::Boolean => "BOOLEAN",
            Self::Integer => "INTEGER",
            Self::Long => "LONG",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::NodeSet => "NODESET",
        })
    }
}

/// Without the words for what is no number or endless.
fn is_decimal(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(is_part)
}

/// The whole part, where 64 bits hold it.
fn truncated(number: f64) -> Option<i64> {
    let whole = number.trunc();
    // Every whole double below 2^63 prints as an integer that parses.
    whole.is_finite().then(|| format!("{whole:.0}").parse().ok())?
}
