//! Message templates: text with `{variable}` references.
//!
//! Source: Apigee docs, "Message templates". A brace that starts no reference is text, so
//! that JSON payloads survive.

use std::borrow::Cow;

use crate::diag::{Diagnostics, Span};
use crate::message::MessageContext;
use crate::variable::{Bind, Bindable, VarRef};
use crate::xml::{Element, FromXml};

/// A parsed template.
#[derive(Clone, Debug, Default)]
pub struct Template {}

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

impl Template {
    /// Braces as delimiters. `span` is the text's place, for findings.
    pub fn parse(text: &str, span: Span, diags: &mut Diagnostics) -> Self {
        let _ = (text, span, diags);
        Self::default()
    }

    /// Payloads may replace the braces by `variablePrefix` and `variableSuffix`.
    pub fn parse_with(
        text: &str,
        prefix: &str,
        suffix: &str,
        span: Span,
        diags: &mut Diagnostics,
    ) -> Self {
        let _ = (text, prefix, suffix, span, diags);
        Self::default()
    }

    pub fn literal(text: &str) -> Self {
        let _ = text;
        Self::default()
    }

    /// Borrowed from the template where it holds no reference.
    pub fn render<'a>(
        &'a self,
        cx: &'a MessageContext,
        unresolved: Unresolved,
    ) -> Result<Cow<'a, str>, UnresolvedVariable> {
        let _ = (cx, unresolved);
        Ok(Cow::Borrowed(""))
    }

    /// The text, where it holds no reference.
    pub fn as_literal(&self) -> Option<&str> {
        None
    }
}

impl Bindable for Template {
    fn bind(&mut self, binder: &mut dyn Bind) {
        let _ = binder;
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
