//! What ExtractVariables, RegularExpressionProtection and DataCapture have in common: where they
//! read (`Source`), the parts of a message that they name, JSON paths and XPaths, and what the
//! platform says when it refuses them.
//!
//! Source: Apigee docs, the pages of the three policies and their deployment error pages.

mod field;
mod path_pattern;
mod pattern;
mod payload;
mod source;

use std::borrow::Cow;

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::xml::Element;

pub(super) use field::{Field, FieldKind};
pub(super) use path_pattern::PathPattern;
pub(super) use pattern::{Case, Parse, Pattern, PatternError};
pub(super) use payload::{
    Expression, JsonExpression, Namespaces, PathFault, read_json_path, read_xpath,
};
pub(super) use source::{Format, Origin, Source};

/// What a pattern may be long.
pub(super) const PATTERN_BYTES_MAX: usize = 4096;
/// How much of a value a fault shows.
const SHOWN_BYTES_MAX: usize = 1024;

/// The policy that is read, for what is said of it.
#[derive(Clone, Copy)]
pub(super) struct Owner<'e> {
    pub(super) kind: &'static str,
    /// Of what the platform refuses.
    pub(super) code: &'static str,
    /// What its sentences end in.
    pub(super) end: &'static str,
    pub(super) policy: &'e str,
}

impl<'e> Owner<'e> {
    pub(super) fn of(
        body: &'e Element,
        kind: &'static str,
        code: &'static str,
        end: &'static str,
    ) -> Self {
        let policy = body.attribute("name").map_or("", |name| name.value.as_str());
        Self { kind, code, end, policy }
    }

    /// The platform's sentence behind `{kind} {policy}: `.
    pub(super) fn refuse<'d>(
        &self,
        diags: &'d mut Diagnostics,
        span: Span,
        reason: &str,
    ) -> &'d mut Diagnostic {
        let text = format!("{} {}: {reason}{}", self.kind, self.policy, self.end);
        diags.error(self.code, span, text)
    }
}

/// As much of a value as a fault shows.
pub(super) fn shown(value: &str) -> Cow<'_, str> {
    if value.len() <= SHOWN_BYTES_MAX {
        return Cow::Borrowed(value);
    }
    let cut = value.get(..value.floor_char_boundary(SHOWN_BYTES_MAX)).unwrap_or_default();
    Cow::Owned(format!("{cut}..."))
}

#[cfg(test)]
mod tests;
