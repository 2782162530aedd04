//! A condition's answer for one request.
//!
//! `and` and `or` stop at the first part that settles them, so that a variable that is costly
//! to read is read only where it matters.

use std::borrow::Cow;

use crate::condition::ast::Relation;
use crate::condition::glob::Glob;
use crate::condition::java_regex;
use crate::condition::program::{Literal, Node, Pattern, Side};
use crate::condition::value::{self, Datum};
use crate::message::{MessageContext, View};

/// A longer pattern in a variable matches nothing: it would cost its length times the text's.
const VARIABLE_PATTERN_BYTES_MAX: usize = 4096;

pub(super) fn holds(node: &Node, cx: &MessageContext) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, cx)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, cx)),
        Node::Not(inner) => !holds(inner, cx),
        Node::Always(flag) => *flag,
        Node::IsTrue(variable) => is_true(cx.get(variable)),
        Node::Text { variable, text, equal } => match cx.get(variable) {
            Some(View::Text(found)) => (*found == **text) == *equal,
            Some(View::Shared(found)) => (**found == **text) == *equal,
            other => other_than_text(other, text, *equal),
        },
        Node::IsNull { variable, null } => cx.get(variable).is_none() == *null,
        Node::Compare(compare) => {
            let (left, relation, right) = &**compare;
            value::compare(*relation, &datum(left, cx), &datum(right, cx))
        }
        Node::StartsWith(sides) => match (shown(&sides.0, cx), shown(&sides.1, cx)) {
            (Shown::Text(text), Shown::Text(prefix)) => text.starts_with(&*prefix),
            (Shown::Null | Shown::Object | Shown::Text(_), _) => false,
        },
        Node::Pattern { left, pattern, negated } => match shown(left, cx) {
            Shown::Text(text) => pattern.matches(&text) != *negated,
            Shown::Null => *negated,
            Shown::Object => false,
        },
        Node::Dynamic(dynamic) => {
            let (left, relation, right) = &**dynamic;
            let pattern = show(cx.get(right));
            matches_variable(shown(left, cx), *relation, &pattern)
        }
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

/// Unknown: what a variable alone means; we take the boolean true and the text `true`.
fn is_true(value: Option<View<'_>>) -> bool {
    match value {
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

#[cold]
fn other_than_text(value: Option<View<'_>>, text: &str, equal: bool) -> bool {
    let relation = if equal { Relation::Equals } else { Relation::NotEquals };
    value::compare(relation, &Datum::from(value), &Datum::Text(Cow::Borrowed(text)))
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

fn matches_variable(left: Shown<'_>, relation: Relation, right: &Shown<'_>) -> bool {
    let left_null = matches!(left, Shown::Null);
    let right_null = matches!(right, Shown::Null);
    if left_null || right_null {
        return value::with_null(relation, left_null, right_null);
    }
    let (Shown::Text(text), Shown::Text(pattern)) = (left, right) else { return false };
    if pattern.len() > VARIABLE_PATTERN_BYTES_MAX {
        return relation == Relation::NotMatches;
    }
    match relation {
        Relation::JavaRegex => java_regex::matches_variable(pattern, &text),
        Relation::MatchesPath => Glob::path(pattern).matches(&text),
        Relation::NotMatches => !Glob::text(pattern).matches(&text),
        _ => Glob::text(pattern).matches(&text),
    }
}
