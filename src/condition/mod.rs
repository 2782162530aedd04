//! `<Condition>`: lexer, parser, evaluation.
//!
//! Source: Apigee docs, "Conditions reference": operators and their words, precedence
//! (`!`, relational, `&&`, `||`), types, the table of nulls, patterns.

use std::fmt;

use crate::message::MessageContext;
use crate::variable::{Bind, Bindable};

/// A parsed condition.
#[derive(Clone, Debug)]
pub struct Condition {}

/// Why a text is no condition: bytes `start..end` of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    pub message: String,
    pub start: usize,
    pub end: usize,
    pub help: Option<String>,
}

/// What deploys and is probably a mistake: bytes `start..end` of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionFinding {
    /// The lint code, such as `CC007`.
    pub code: &'static str,
    pub message: String,
    pub start: usize,
    pub end: usize,
    pub help: Option<String>,
}

impl Condition {
    /// An empty text is `Ok(None)`: as if the condition were absent.
    pub fn parse(text: &str) -> Result<Option<Self>, ConditionError> {
        let _ = text;
        Ok(None)
    }

    /// Whether it is true of this request now. Never fails: what cannot be compared is false.
    pub fn holds(&self, cx: &MessageContext) -> bool {
        let _ = cx;
        false
    }

    /// What a linter says of it.
    pub fn findings(&self) -> Vec<ConditionFinding> {
        Vec::new()
    }
}

impl Bindable for Condition {
    fn bind(&mut self, binder: &mut dyn Bind) {
        let _ = binder;
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("")
    }
}
