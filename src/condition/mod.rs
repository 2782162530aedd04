//! `<Condition>`: lexer, parser, evaluation.
//!
//! Source: Apigee docs, "Conditions reference": operators and their words, precedence
//! (`!`, relational, `&&`, `||`), types, the table of nulls, patterns. A text becomes an
//! [`ast::Expr`], which prints, and a [`program::Node`], which is evaluated: its literals are
//! adapted and its patterns compiled. Ranges are bytes of the text as it was handed in.

mod absurdity;
mod ast;
mod eval;
mod glob;
mod lexer;
mod operators;
mod parser;
mod program;
mod signature;
mod value;

use std::fmt;

use crate::message::MessageContext;
use crate::variable::{Bind, Bindable};

/// A longer text is refused.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Parentheses and `!` inside each other beyond this are refused.
pub const NESTING_MAX: usize = 200;

/// A parsed condition.
#[derive(Clone, Debug)]
pub struct Condition {
    expr: ast::Expr,
    program: program::Node,
    terms: usize,
    findings: Vec<ConditionFinding>,
}

/// Why a text is no condition: bytes `start..end` of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// The lint code: `CC005` for a string without end, else `CC007`.
    pub code: &'static str,
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
        let Some(parsed) = parser::parse(text)? else { return Ok(None) };
        let program = program::compile(&parsed.expr, &parsed.patterns);
        let parser::Parsed { expr, terms, findings, .. } = parsed;
        Ok(Some(Self { expr, program, terms, findings }))
    }

    /// Whether it is true of this request now. Never fails: what cannot be compared is false.
    pub fn holds(&self, cx: &MessageContext) -> bool {
        eval::holds(&self.program, cx)
    }

    /// How many operands, comparisons and words that join or negate them it is made of.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// Equal for conditions that say the same in another order, or by other words.
    pub fn signature(&self) -> String {
        signature::of(&self.expr)
    }

    /// Whether one of its comparisons asks if the variable has a value, whatever they are
    /// joined by.
    pub fn asks_for(&self, variable: &str) -> bool {
        self.expr.asks_for(variable)
    }

    /// What a linter says of it, by place.
    pub fn findings(&self) -> Vec<ConditionFinding> {
        self.findings.clone()
    }
}

impl Bindable for Condition {
    fn bind(&mut self, binder: &mut dyn Bind) {
        self.program.bind(binder);
    }
}

/// The canonical form: it parses to the same condition again.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

#[cfg(test)]
mod tests;
