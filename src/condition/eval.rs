//! A condition's answer for one request.
//!
//! `and` and `or` stop at the first part that settles them, so that a variable that is costly
//! to read is read only where it matters.

use std::borrow::Cow;

use crate::condition::ast::Relation;
use crate::condition::glob::Glob;
use crate::condition::program::{Literal, Node, Pattern, Side};
use crate::condition::value::{self, Datum};
use crate::message::{Glance, MessageContext, View};
use crate::regex::{JavaRegex, Reach};
use crate::variable::VarRef;

/// A longer pattern in a variable matches nothing: it would cost its length times the text's.
const VARIABLE_PATTERN_BYTES_MAX: usize = 4096;

/// Small, so that the terms that most conditions are made of cost little more than their
/// comparison; what needs a value of any type stands in functions of its own.
pub(super) fn holds(node: &Node, cx: &MessageContext) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| part_holds(part, cx)),
        Node::Any(parts) => parts.iter().any(|part| part_holds(part, cx)),
        Node::Not(inner) => !holds(inner, cx),
        Node::Always(flag) => *flag,
        Node::IsTrue(variable) => is_true(variable, cx),
        Node::Text { variable, text, equal } => equals_text(variable, text, *equal, cx),
        Node::IsNull { variable, null } => match cx.glance(variable) {
            Glance::Text(_) => !*null,
            Glance::Null => *null,
            Glance::Unknown => is_null(variable, cx) == *null,
        },
        Node::Verb { method, equal } => (cx.request.method() == Some(method)) == *equal,
        Node::Path { variable, pattern } => matches_path(variable, pattern, cx),
        Node::Compare(compare) => compares(&compare.0, compare.1, &compare.2, cx),
        Node::StartsWith(sides) => starts_with(&sides.0, &sides.1, cx),
        Node::Pattern { left, pattern, negated } => matches(left, pattern, *negated, cx),
        Node::Dynamic(dynamic) => matches_variable(&dynamic.0, dynamic.1, &dynamic.2, cx),
    }
}

/// Spares the commonest parts a call.
#[inline(always)]
fn part_holds(node: &Node, cx: &MessageContext) -> bool {
    match node {
        Node::Verb { method, equal } => (cx.request.method() == Some(method)) == *equal,
        Node::Text { variable, text, equal } => equals_text(variable, text, *equal, cx),
        Node::Path { variable, pattern } => matches_path(variable, pattern, cx),
        other => holds(other, cx),
    }
}

#[inline(always)]
fn equals_text(variable: &VarRef, text: &str, equal: bool, cx: &MessageContext) -> bool {
    match cx.glance(variable) {
        Glance::Text(found) => value::same_bytes(found.as_bytes(), text.as_bytes()) == equal,
        Glance::Null => !equal,
        Glance::Unknown => value_equals_text(variable, text, equal, cx),
    }
}

/// Unknown: what a variable alone means; we take the boolean true and the text `true`.
#[inline(never)]
fn is_true(variable: &VarRef, cx: &MessageContext) -> bool {
    match cx.get(variable) {
        Some(View::Boolean(flag)) => flag,
        Some(View::Text(text)) => text == "true",
        Some(View::Shared(text)) => &**text == "true",
        Some(
            View::Integer(_)
            | View::Long(_)
            | View::Float(_)
            | View::Double(_)
            | View::Bytes(_)
            | View::Collection(_)
            | View::Message,
        )
        | None => false,
    }
}

#[inline(never)]
fn value_equals_text(variable: &VarRef, text: &str, equal: bool, cx: &MessageContext) -> bool {
    let relation = if equal { Relation::Equals } else { Relation::NotEquals };
    value::compare(relation, &Datum::from(cx.get(variable)), &Datum::Text(Cow::Borrowed(text)))
}

#[inline(never)]
fn is_null(variable: &VarRef, cx: &MessageContext) -> bool {
    cx.get(variable).is_none()
}

#[inline(never)]
fn matches_path(variable: &VarRef, pattern: &Glob, cx: &MessageContext) -> bool {
    match cx.glance(variable) {
        Glance::Text(text) => return pattern.matches(text),
        Glance::Null => return false,
        Glance::Unknown => {}
    }
    match show(cx.get(variable)) {
        Shown::Text(text) => pattern.matches(&text),
        Shown::Null | Shown::Object => false,
    }
}

#[inline(never)]
fn compares(left: &Side, relation: Relation, right: &Side, cx: &MessageContext) -> bool {
    value::compare(relation, &datum(left, cx), &datum(right, cx))
}

#[inline(never)]
fn starts_with(text: &Side, prefix: &Side, cx: &MessageContext) -> bool {
    match (shown(text, cx), shown(prefix, cx)) {
        (Shown::Text(text), Shown::Text(prefix)) => text.starts_with(&*prefix),
        (Shown::Null | Shown::Object | Shown::Text(_), _) => false,
    }
}

#[inline(never)]
fn matches(left: &Side, pattern: &Pattern, negated: bool, cx: &MessageContext) -> bool {
    match shown(left, cx) {
        Shown::Text(text) => pattern.matches(&text) != negated,
        Shown::Null => negated,
        Shown::Object => false,
    }
}

#[inline(never)]
fn matches_variable(left: &Side, relation: Relation, right: &VarRef, cx: &MessageContext) -> bool {
    let (left, right) = (shown(left, cx), show(cx.get(right)));
    let (left_null, right_null) = (matches!(left, Shown::Null), matches!(right, Shown::Null));
    if left_null || right_null {
        return value::with_null(relation, left_null, right_null);
    }
    let (Shown::Text(text), Shown::Text(pattern)) = (left, right) else { return false };
    if pattern.len() > VARIABLE_PATTERN_BYTES_MAX {
        return relation == Relation::NotMatches;
    }
    match relation {
        Relation::JavaRegex => {
            JavaRegex::kept(&pattern, Reach::Whole).is_some_and(|regex| regex.matches(&text))
        }
        Relation::MatchesPath => Glob::path(&pattern).matches(&text),
        Relation::NotMatches => !Glob::text(&pattern).matches(&text),
        _ => Glob::text(&pattern).matches(&text),
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.matches(text),
            Self::Regex(regex) => regex.matches(text),
        }
    }
}

fn datum<'a>(side: &'a Side, cx: &'a MessageContext) -> Datum<'a> {
    match side {
        Side::Variable(variable) => Datum::from(cx.get(variable)),
        Side::Literal(literal) => literal.datum(),
    }
}

/// A side as the text that patterns and prefixes see.
enum Shown<'a> {
    Null,
    Object,
    Text(Cow<'a, str>),
}

fn shown<'a>(side: &'a Side, cx: &'a MessageContext) -> Shown<'a> {
    match side {
        Side::Variable(variable) => show(cx.get(variable)),
        Side::Literal(Literal::Text(text, _) | Literal::Number(text, _)) => {
            Shown::Text(Cow::Borrowed(text))
        }
        Side::Literal(Literal::Boolean(flag)) => {
            Shown::Text(Cow::Borrowed(value::boolean_text(*flag)))
        }
        Side::Literal(Literal::Null) => Shown::Null,
    }
}

fn show(view: Option<View<'_>>) -> Shown<'_> {
    match view {
        None => Shown::Null,
        Some(View::Collection(_) | View::Message) => Shown::Object,
        Some(View::Text(text)) => Shown::Text(text),
        Some(View::Shared(text)) => Shown::Text(Cow::Borrowed(text)),
        Some(other) => Shown::Text(other.into_text()),
    }
}
