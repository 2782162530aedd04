//! What an expression is worth, and the conversions between the four kinds.
//!
//! Source: XPath 1.0, sections 4.2 (`string`), 4.3 (`boolean`) and 4.4 (`number`).

use std::borrow::Cow;

use crate::xmltree::{Node, XmlTree};
use crate::xpath::number;

/// The value of an expression; borrowed texts are those of the tree or of the expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'t> {
    /// In document order, each once.
    NodeSet(Vec<Node>),
    Number(f64),
    String(Cow<'t, str>),
    Boolean(bool),
}

impl<'t> Value<'t> {
    /// Of a set the string-value of its first node, empty where it has none.
    pub fn into_string(self, tree: &'t XmlTree) -> Cow<'t, str> {
        match self {
            Self::NodeSet(nodes) => {
                Cow::Borrowed(nodes.first().map_or("", |node| tree.string_value(*node)))
            }
            Self::Number(value) => Cow::Owned(number::format(value)),
            Self::String(text) => text,
            Self::Boolean(true) => Cow::Borrowed("true"),
            Self::Boolean(false) => Cow::Borrowed("false"),
        }
    }

    pub fn to_number(&self, tree: &XmlTree) -> f64 {
        match self {
            Self::NodeSet(nodes) => {
                number::parse(nodes.first().map_or("", |node| tree.string_value(*node)))
            }
            Self::Number(value) => *value,
            Self::String(text) => number::parse(text),
            Self::Boolean(value) => f64::from(u8::from(*value)),
        }
    }

    /// Whether a set or a text has anything in it, a number is neither zero nor NaN.
    pub fn to_boolean(&self) -> bool {
        match self {
            Self::NodeSet(nodes) => !nodes.is_empty(),
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Boolean(value) => *value,
        }
    }
}
