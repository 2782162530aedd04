//! Message templates: text with `{variable}` references and `{function(argument,...)}` calls.
//!
//! Source: Apigee docs, "Message templates". A brace that starts no reference is text, so
//! that JSON payloads survive. Diagnostics: GW121 (what reads as a call and is none), GW124 (an
//! argument that is not as documented).

mod call;
mod date_format;
mod functions;
mod parser;

pub use functions::page::{FUNCTION_SECTIONS, FunctionPage, FunctionSection};

use std::borrow::Cow;
use std::fmt::Write;

use crate::diag::{Diagnostics, Span};
use crate::message::{MessageContext, View};
use crate::template::call::Call;
use crate::variable::{Bind, Bindable, VarRef};
use crate::xml::{Element, FromXml};

/// A parsed template.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// No text is empty, and no two stand beside each other.
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Box<str>),
    Reference { variable: VarRef, default: Option<Box<str>> },
    Call(Box<Call>),
}

/// What a reference without value and without default becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The empty text.
    Empty,
    /// An error that names the variable.
    Fails,
}

/// The variable that had no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unresolved variable {name}")]
pub struct UnresolvedVariable {
    pub name: String,
}

/// A point in time by a pattern of `java.text.SimpleDateFormat`, in UTC. `None` for what is no
/// pattern.
pub fn format_time(pattern: &str, epoch_ms: i64) -> Option<String> {
    let mut text = String::new();
    date_format::write(pattern, epoch_ms, &mut text)?;
    Some(text)
}

/// The error is the reason why the pattern is none, in a clause.
pub fn check_time_pattern(pattern: &str) -> Result<(), String> {
    date_format::check(pattern)
}

/// The functions that a text calls, by name. A call that parses as none (GW121) counts.
pub fn functions_in(text: &str) -> impl Iterator<Item = &'static str> {
    memchr::memchr_iter(b'{', text.as_bytes()).filter_map(|at| {
        let inner = text.get(at + 1..)?;
        let name = inner.get(..inner.find(|c: char| !c.is_ascii_alphanumeric())?)?;
        let function = functions::find(name)?;
        let is_call = inner.as_bytes().get(name.len()) == Some(&b'(');
        is_call.then_some(function.name)
    })
}

impl Template {
    /// Braces as delimiters. `span` is the text's place, for findings.
    pub fn parse(text: &str, span: Span, diags: &mut Diagnostics) -> Self {
        Self::parse_with(text, "{", "}", span, diags)
    }

    /// Payloads may replace the braces by `variablePrefix` and `variableSuffix`; an empty one
    /// is not given.
    pub fn parse_with(
        text: &str,
        prefix: &str,
        suffix: &str,
        span: Span,
        diags: &mut Diagnostics,
    ) -> Self {
        let prefix = if prefix.is_empty() { "{" } else { prefix };
        let suffix = if suffix.is_empty() { "}" } else { suffix };
        parser::parse(text, prefix, suffix, span, diags)
    }

    pub fn literal(text: &str) -> Self {
        let mut template = Self::default();
        template.push_text(text);
        template
    }

    /// Borrowed from the template where it holds no reference, and from the context where it
    /// is one reference to a text; else one allocation, and what a function needs for its work.
    pub fn render<'a>(
        &'a self,
        cx: &'a MessageContext,
        unresolved: Unresolved,
    ) -> Result<Cow<'a, str>, UnresolvedVariable> {
        match self.pieces.as_slice() {
            [] => Ok(Cow::Borrowed("")),
            [Piece::Text(text)] => Ok(Cow::Borrowed(text)),
            [Piece::Reference { variable, default }] => {
                let value = resolve(variable, default.as_deref(), cx, unresolved)?;
                Ok(value.into_text())
            }
            pieces => {
                let mut rendered = String::with_capacity(self.length_guess());
                for piece in pieces {
                    piece.write(cx, unresolved, &mut rendered)?;
                }
                Ok(Cow::Owned(rendered))
            }
        }
    }

    /// The text, where it holds no reference.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            let mut longer = String::from(std::mem::take(last));
            longer.push_str(text);
            *last = longer.into_boxed_str();
        } else {
            self.pieces.push(Piece::Text(Box::from(text)));
        }
    }

    fn length_guess(&self) -> usize {
        const VALUE_BYTES: usize = 32;
        let length = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Reference { .. } | Piece::Call(_) => VALUE_BYTES,
        };
        self.pieces.iter().map(length).sum()
    }
}

impl Piece {
    fn write(
        &self,
        cx: &MessageContext,
        unresolved: Unresolved,
        out: &mut String,
    ) -> Result<(), UnresolvedVariable> {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Reference { variable, default } => {
                write_view(resolve(variable, default.as_deref(), cx, unresolved)?, out);
            }
            Self::Call(call) => call.write(cx, unresolved, out)?,
        }
        Ok(())
    }
}

fn resolve<'a>(
    variable: &'a VarRef,
    default: Option<&'a str>,
    cx: &'a MessageContext,
    unresolved: Unresolved,
) -> Result<View<'a>, UnresolvedVariable> {
    match (cx.get(variable), default, unresolved) {
        (Some(value), _, _) => Ok(value),
        (None, Some(default), _) => Ok(View::Text(Cow::Borrowed(default))),
        (None, None, Unresolved::Empty) => Ok(View::Text(Cow::Borrowed(""))),
        (None, None, Unresolved::Fails) => {
            Err(UnresolvedVariable { name: variable.name().to_owned() })
        }
    }
}

fn write_view(view: View<'_>, out: &mut String) {
    let written = match view {
        View::Integer(n) => write!(out, "{n}"),
        View::Long(n) => write!(out, "{n}"),
        other => {
            out.push_str(&other.into_text());
            Ok(())
        }
    };
    written.expect("a String takes all that is written");
}

impl Bindable for Template {
    fn bind(&mut self, binder: &mut dyn Bind) {
        for piece in &mut self.pieces {
            match piece {
                Piece::Text(_) => {}
                Piece::Reference { variable, .. } => variable.bind(binder),
                Piece::Call(call) => call.bind(binder),
            }
        }
    }
}

/// `<X ref="var">literal</X>`: the variable where it has a value, else the literal.
#[derive(Clone, Debug)]
pub struct RefOrText {
    pub variable: Option<VarRef>,
    pub text: Option<String>,
    pub span: Span,
}

impl RefOrText {
    /// The variable's value or the literal; the error is the name of the variable that has
    /// neither.
    pub fn resolve<'a>(
        &'a self,
        cx: &'a MessageContext,
    ) -> Result<Cow<'a, str>, UnresolvedVariable> {
        if let Some(variable) = &self.variable
            && let Some(value) = cx.text(variable)
        {
            return Ok(value);
        }
        match (&self.text, &self.variable) {
            (Some(text), _) => Ok(Cow::Borrowed(text)),
            (None, Some(variable)) => Err(UnresolvedVariable { name: variable.name().to_owned() }),
            (None, None) => Ok(Cow::Borrowed("")),
        }
    }
}

impl FromXml for RefOrText {
    fn from_xml(element: &Element, _diags: &mut Diagnostics) -> Option<Self> {
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let text = element.text();
        let text = text.trim();
        let text = (!text.is_empty()).then(|| text.to_owned());
        if variable.is_none() && text.is_none() {
            return None;
        }
        Some(Self { variable, text, span: element.span })
    }
}

impl Bindable for RefOrText {
    fn bind(&mut self, binder: &mut dyn Bind) {
        self.variable.bind(binder);
    }
}

#[cfg(test)]
mod tests;
