//! What an expression is made of. Without variables the kind of every value is known.

use crate::xpath::function::{self, Function};

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    /// From left to right.
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Arithmetic(Box<Expr>, Vec<(Arithmetic, Expr)>),
    Negate(Box<Expr>),
    Union(Vec<Expr>),
    Path(Path),
    Literal(Box<str>),
    Number(f64),
    Call(Function, Vec<Expr>),
}

/// The four kinds of values (1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NodeSet,
    Number,
    String,
    Boolean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Start {
    Root,
    Context,
    /// An expression that gives nodes, and predicates on all of them.
    Filter(Box<Expr>, Vec<Expr>),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// `*`: every node of the axis's principal kind.
    AnyName,
    InNamespace(Box<str>),
    /// The namespace is empty where the name has no prefix.
    Name {
        uri: Box<str>,
        local: Box<str>,
    },
    Node,
    Text,
    Comment,
    Instruction(Option<Box<str>>),
}

impl Expr {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Or(_) | Self::And(_) | Self::Compare(..) => Kind::Boolean,
            Self::Arithmetic(..) | Self::Negate(_) | Self::Number(_) => Kind::Number,
            Self::Union(_) | Self::Path(_) => Kind::NodeSet,
            Self::Literal(_) => Kind::String,
            Self::Call(function, _) => function::result(*function),
        }
    }

    /// Whether as a predicate it depends on the node's position among the others.
    pub(super) fn is_positional(&self) -> bool {
        self.kind() == Kind::Number || self.asks_position()
    }

    fn asks_position(&self) -> bool {
        match self {
            Self::Or(parts) | Self::And(parts) | Self::Union(parts) => {
                parts.iter().any(Self::asks_position)
            }
            Self::Compare(first, rest) => {
                first.asks_position() || rest.iter().any(|(_, part)| part.asks_position())
            }
            Self::Arithmetic(first, rest) => {
                first.asks_position() || rest.iter().any(|(_, part)| part.asks_position())
            }
            Self::Negate(inner) => inner.asks_position(),
            // Its steps and predicates have positions of their own.
            Self::Path(path) => match &path.start {
                Start::Filter(inner, _) => inner.asks_position(),
                Start::Root | Start::Context => false,
            },
            Self::Literal(_) | Self::Number(_) => false,
            Self::Call(function, arguments) => {
                matches!(function, Function::Position | Function::Last)
                    || arguments.iter().any(Self::asks_position)
            }
        }
    }
}
