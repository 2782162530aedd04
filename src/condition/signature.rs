//! A text that conditions share which are true of the same requests.
//!
//! Source: apigeelint CC008, which carries negations down to the comparisons, and sorts what `and` and
//! `or` join. Names of headers do not differ by case.

use crate::condition::ast::{Expr, Operand, Relation};

pub(super) fn of(expr: &Expr) -> String {
    shape(expr, false).into_text()
}

/// What remains when every negation stands at a comparison.
enum Shape {
    All(Vec<String>),
    Any(Vec<String>),
    One(String),
}

impl Shape {
    fn into_text(self) -> String {
        match self {
            Self::All(parts) => joined("and", parts),
            Self::Any(parts) => joined("or", parts),
            Self::One(text) => text,
        }
    }
}

fn joined(word: &str, mut parts: Vec<String>) -> String {
    parts.sort();
    parts.dedup();
    match parts.as_slice() {
        [only] => only.clone(),
        _ => format!("{word}({})", parts.join(",")),
    }
}

fn shape(expr: &Expr, is_negated: bool) -> Shape {
    match (expr, is_negated) {
        (Expr::Not(inner), _) => shape(inner, !is_negated),
        (Expr::All(parts), false) | (Expr::Any(parts), true) => {
            let parts = parts.iter().map(|part| shape(part, is_negated));
            Shape::All(
                parts
                    .flat_map(|part| match part {
                        Shape::All(inner) => inner,
                        other @ (Shape::Any(_) | Shape::One(_)) => vec![other.into_text()],
                    })
                    .collect(),
            )
        }
        (Expr::Any(parts), false) | (Expr::All(parts), true) => {
            let parts = parts.iter().map(|part| shape(part, is_negated));
            Shape::Any(
                parts
                    .flat_map(|part| match part {
                        Shape::Any(inner) => inner,
                        other @ (Shape::All(_) | Shape::One(_)) => vec![other.into_text()],
                    })
                    .collect(),
            )
        }
        (Expr::Bare(operand), _) => Shape::One(format!("{}{}", sign(is_negated), name(operand))),
        (Expr::Compare(left, relation, right), _) => {
            let (relation, is_turned) = match relation {
                Relation::NotEquals => (Relation::Equals, true),
                Relation::NotMatches => (Relation::Matches, true),
                Relation::Equals
                | Relation::EqualsCaseInsensitive
                | Relation::Greater
                | Relation::GreaterOrEquals
                | Relation::Lesser
                | Relation::LesserOrEquals
                | Relation::JavaRegex
                | Relation::Matches
                | Relation::MatchesPath
                | Relation::StartsWith => (*relation, false),
            };
            let (sign, relation) = (sign(is_negated != is_turned), relation.name());
            Shape::One(format!("{sign}{} {relation} {}", name(left), name(right)))
        }
    }
}

fn sign(is_negated: bool) -> &'static str {
    if is_negated { "!" } else { "" }
}

fn name(operand: &Operand) -> String {
    let text = operand.to_string();
    match operand {
        Operand::Variable(variable) if variable.contains(".header.") => text.to_ascii_lowercase(),
        Operand::Variable(_)
        | Operand::Text(_)
        | Operand::Number(_)
        | Operand::Boolean(_)
        | Operand::Null => text,
    }
}
