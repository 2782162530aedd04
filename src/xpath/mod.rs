//! XPath 1.0 over the trees of XML payloads.
//!
//! Source: XML Path Language (XPath) 1.0, W3C Recommendation of 16 November 1999; sections are
//! cited by their numbers. Variables have no values here, so `$x` does not compile. `id()`
//! finds nothing: only a document type could say which attributes are ids, and those are
//! refused. Every node looked at counts against [`STEPS_MAX`], so that each evaluation ends.

mod ast;
mod axis;
mod eval;
mod function;
mod lexer;
mod number;
#[cfg(test)]
mod oracle;
mod parser;
#[cfg(test)]
mod tests;
mod value;

use crate::xmltree::{Node, XmlTree};
use crate::xpath::ast::{Expr, Kind};

pub use value::Value;

/// How long an expression may be.
pub const EXPRESSION_BYTES_MAX: usize = 4096;
/// How deep parentheses, predicates and calls may nest.
pub const NESTING_MAX: usize = 40;
/// How many nodes one evaluation may look at; a long text counts as several.
pub const STEPS_MAX: u64 = 2_000_000;

/// An expression, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct XPath {
    expr: Expr,
}

/// Why a text is no expression: bytes `start..end` of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct XPathError {
    pub message: String,
    pub start: usize,
    pub end: usize,
}

/// Why an evaluation was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the XPath takes more than {STEPS_MAX} steps in this document")]
pub struct XPathTooCostly;

impl XPath {
    /// `namespaces` are pairs of prefix and URI. A name without prefix is in no namespace,
    /// whatever the document's default is (2.3); `xml` need not be declared.
    pub fn compile(text: &str, namespaces: &[(&str, &str)]) -> Result<Self, XPathError> {
        Ok(Self { expr: parser::parse(text, namespaces)? })
    }

    /// Whether the value is a set of nodes, whatever the document.
    pub fn returns_nodeset(&self) -> bool {
        self.expr.kind() == Kind::NodeSet
    }

    /// A set of nodes comes in document order.
    pub fn evaluate<'t>(
        &'t self,
        tree: &'t XmlTree,
        context: Node,
    ) -> Result<Value<'t>, XPathTooCostly> {
        eval::evaluate(&self.expr, tree, context)
    }
}
