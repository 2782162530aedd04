//! An expression made ready to be evaluated: names to places, literals adapted, patterns
//! compiled.

use std::collections::VecDeque;

use http::Method;

use crate::condition::ast::{Expr, Operand, Relation};
use crate::condition::glob::Glob;
use crate::condition::value::{Datum, Number, boolean_text, number_of};
use crate::regex::{JavaRegex, Reach};
use crate::variable::{Bind, Bindable, Part, Place, Role, VarRef};

#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Always(bool),
    /// A variable alone.
    IsTrue(VarRef),
    /// A variable equals a text, or differs from it (`equal` false): what most conditions ask.
    Text {
        variable: VarRef,
        text: Box<str>,
        equal: bool,
    },
    /// The same of `request.verb`.
    Verb {
        method: Method,
        equal: bool,
    },
    IsNull {
        variable: VarRef,
        null: bool,
    },
    Compare(Box<(Side, Relation, Side)>),
    StartsWith(Box<(Side, Side)>),
    /// A variable and a pattern of MatchesPath.
    Path {
        variable: VarRef,
        pattern: Glob,
    },
    /// A pattern of the text; `negated` for `!~`.
    Pattern {
        left: Side,
        pattern: Box<Pattern>,
        negated: bool,
    },
    /// A pattern that a variable holds.
    Dynamic(Box<(Side, Relation, VarRef)>),
}

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Glob(Glob),
    Regex(JavaRegex),
}

#[derive(Clone, Debug)]
pub(super) enum Side {
    Variable(VarRef),
    Literal(Literal),
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    /// A text, and the number that it shows.
    Text(Box<str>, Option<Number>),
    Number(Box<str>, Number),
    Boolean(bool),
    Null,
}

/// `patterns` holds the compiled regular expressions in the order of the text.
pub(super) fn compile(expr: &Expr, patterns: &VecDeque<JavaRegex>) -> Node {
    Compiler { patterns: patterns.iter() }.node(expr)
}

struct Compiler<'p> {
    patterns: std::collections::vec_deque::Iter<'p, JavaRegex>,
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        match expr {
            Expr::Any(parts) => Node::Any(parts.iter().map(|part| self.node(part)).collect()),
            Expr::All(parts) => Node::All(parts.iter().map(|part| self.node(part)).collect()),
            Expr::Not(inner) => Node::Not(Box::new(self.node(inner))),
            Expr::Bare(Operand::Variable(name)) => Node::IsTrue(VarRef::parse(name)),
            Expr::Bare(Operand::Boolean(flag)) => Node::Always(*flag),
            Expr::Bare(Operand::Text(text)) => Node::Always(text == "true"),
            Expr::Bare(Operand::Number(_) | Operand::Null) => Node::Always(false),
            Expr::Compare(left, relation, right) => self.comparison(left, *relation, right),
        }
    }

    fn comparison(&mut self, left: &Operand, relation: Relation, right: &Operand) -> Node {
        match (left, relation, right) {
            (
                Operand::Variable(name),
                Relation::Equals | Relation::NotEquals,
                Operand::Text(literal),
            ) => text(VarRef::parse(name), literal, relation == Relation::Equals),
            (Operand::Variable(name), Relation::Equals | Relation::NotEquals, Operand::Null) => {
                Node::IsNull { variable: VarRef::parse(name), null: relation == Relation::Equals }
            }
            (
                _,
                Relation::Equals
                | Relation::NotEquals
                | Relation::EqualsCaseInsensitive
                | Relation::Greater
                | Relation::GreaterOrEquals
                | Relation::Lesser
                | Relation::LesserOrEquals,
                _,
            ) => Node::Compare(Box::new((side(left), relation, side(right)))),
            (_, Relation::StartsWith, _) => Node::StartsWith(Box::new((side(left), side(right)))),
            (
                _,
                Relation::JavaRegex
                | Relation::Matches
                | Relation::NotMatches
                | Relation::MatchesPath,
                _,
            ) => self.pattern(left, relation, right),
        }
    }

    fn pattern(&mut self, left: &Operand, relation: Relation, right: &Operand) -> Node {
        let text = match right {
            Operand::Variable(name) => {
                return Node::Dynamic(Box::new((side(left), relation, VarRef::parse(name))));
            }
            Operand::Null => return Node::Always(false),
            Operand::Text(text) => text.as_str(),
            Operand::Number(numeral) => &numeral.text,
            Operand::Boolean(flag) => boolean_text(*flag),
        };
        if let (Operand::Variable(name), Relation::MatchesPath) = (left, relation) {
            return Node::Path { variable: VarRef::parse(name), pattern: Glob::path(text) };
        }
        let pattern = match relation {
            Relation::JavaRegex => match right {
                Operand::Text(_) => self.patterns.next().cloned().map(Pattern::Regex),
                _ => JavaRegex::compile(text, Reach::Whole).ok().map(Pattern::Regex),
            },
            Relation::MatchesPath => Some(Pattern::Glob(Glob::path(text))),
            _ => Some(Pattern::Glob(Glob::text(text))),
        };
        match pattern {
            Some(pattern) => Node::Pattern {
                left: side(left),
                pattern: Box::new(pattern),
                negated: relation == Relation::NotMatches,
            },
            None => Node::Always(false),
        }
    }
}

fn text(variable: VarRef, text: &str, equal: bool) -> Node {
    if let Place::Message(Role::Request, Part::Verb) = variable.place()
        && let Ok(method) = Method::from_bytes(text.as_bytes())
    {
        return Node::Verb { method, equal };
    }
    Node::Text { variable, text: Box::from(text), equal }
}

fn side(operand: &Operand) -> Side {
    match operand {
        Operand::Variable(name) => Side::Variable(VarRef::parse(name)),
        Operand::Text(text) => {
            Side::Literal(Literal::Text(Box::from(text.as_str()), number_of(text)))
        }
        Operand::Number(numeral) => {
            Side::Literal(Literal::Number(Box::from(numeral.text.as_str()), numeral.value))
        }
        Operand::Boolean(flag) => Side::Literal(Literal::Boolean(*flag)),
        Operand::Null => Side::Literal(Literal::Null),
    }
}

impl Literal {
    pub(super) fn datum(&self) -> Datum<'_> {
        match self {
            Self::Text(text, Some(number)) => Datum::Numeral(text, *number),
            Self::Text(text, None) => Datum::Text(std::borrow::Cow::Borrowed(text)),
            Self::Number(_, number) => Datum::Number(*number),
            Self::Boolean(flag) => Datum::Boolean(*flag),
            Self::Null => Datum::Null,
        }
    }
}

impl Bindable for Node {
    fn bind(&mut self, binder: &mut dyn Bind) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.bind(binder);
                }
            }
            Self::Not(inner) => inner.bind(binder),
            Self::Always(_) | Self::Verb { .. } => {}
            Self::IsTrue(variable)
            | Self::Text { variable, .. }
            | Self::IsNull { variable, .. }
            | Self::Path { variable, .. } => variable.bind(binder),
            Self::Compare(compare) => {
                compare.0.bind(binder);
                compare.2.bind(binder);
            }
            Self::StartsWith(sides) => {
                sides.0.bind(binder);
                sides.1.bind(binder);
            }
            Self::Pattern { left, .. } => left.bind(binder),
            Self::Dynamic(dynamic) => {
                dynamic.0.bind(binder);
                dynamic.2.bind(binder);
            }
        }
    }
}

impl Bindable for Side {
    fn bind(&mut self, binder: &mut dyn Bind) {
        match self {
            Self::Variable(variable) => variable.bind(binder),
            Self::Literal(_) => {}
        }
    }
}
