//! A condition as it is written, and its canonical text.
//!
//! Source: Apigee docs, "Conditions reference", operators and their symbols.

use std::fmt;

use crate::condition::operators;
use crate::condition::value::Number;

/// `All` and `Any` have two parts or more, none of which is of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Any(Vec<Expr>),
    All(Vec<Expr>),
    Not(Box<Expr>),
    /// An operand alone.
    Bare(Operand),
    Compare(Operand, Relation, Operand),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Variable(String),
    Text(String),
    Number(Numeral),
    Boolean(bool),
    Null,
}

/// A number as written, suffix included, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numeral {
    pub(super) text: String,
    pub(super) value: Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    NotEquals,
    EqualsCaseInsensitive,
    Greater,
    GreaterOrEquals,
    Lesser,
    LesserOrEquals,
    JavaRegex,
    Matches,
    NotMatches,
    MatchesPath,
    StartsWith,
}

impl Relation {
    /// As the canonical text has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
            Self::EqualsCaseInsensitive => ":=",
            Self::Greater => ">",
            Self::GreaterOrEquals => ">=",
            Self::Lesser => "<",
            Self::LesserOrEquals => "<=",
            Self::JavaRegex => "JavaRegex",
            Self::Matches => "Matches",
            Self::NotMatches => "!~",
            Self::MatchesPath => "MatchesPath",
            Self::StartsWith => "StartsWith",
        }
    }
}

impl Expr {
    /// The parts joined by `or`; parts that are such joins themselves are taken in.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::only_or(flat, Self::Any)
    }

    /// The parts joined by `and`; parts that are such joins themselves are taken in.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::only_or(flat, Self::All)
    }

    /// Whether one of the comparisons asks if the variable has a value.
    pub(super) fn asks_for(&self, variable: &str) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().any(|part| part.asks_for(variable)),
            Self::Not(inner) => match &**inner {
                Self::Compare(left, Relation::Equals, right) => {
                    left.is_against_nothing(right, variable)
                }
                inner => inner.asks_for(variable),
            },
            Self::Compare(left, Relation::NotEquals, right) => {
                left.is_against_nothing(right, variable)
            }
            Self::Bare(_) | Self::Compare(..) => false,
        }
    }

    fn only_or(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                join(parts)
            }
            None => join(parts),
        }
    }
}

impl Operand {
    /// Whether one of the two is the variable, and the other null or the empty text.
    fn is_against_nothing(&self, other: &Self, variable: &str) -> bool {
        let is_variable =
            |operand: &Self| matches!(operand, Self::Variable(name) if name == variable);
        let is_nothing = |operand: &Self| match operand {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Variable(_) | Self::Number(_) | Self::Boolean(_) => false,
        };
        (is_variable(self) && is_nothing(other)) || (is_nothing(self) && is_variable(other))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(parts) => join(f, parts, " or "),
            Self::All(parts) => join(f, parts, " and "),
            Self::Not(inner) => match &**inner {
                Self::Not(_) | Self::Bare(_) => write!(f, "!{inner}"),
                Self::Any(_) | Self::All(_) | Self::Compare(..) => write!(f, "!({inner})"),
            },
            Self::Bare(operand) => write!(f, "{operand}"),
            Self::Compare(left, relation, right) => {
                write!(f, "{left} {} {right}", relation.name())
            }
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        match part {
            Expr::Any(_) | Expr::All(_) => write!(f, "({part})")?,
            Expr::Not(_) | Expr::Bare(_) | Expr::Compare(..) => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) if operators::is_plain_name(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "'{name}'"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Number(numeral) => f.write_str(&numeral.text),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::Null => f.write_str("null"),
        }
    }
}
