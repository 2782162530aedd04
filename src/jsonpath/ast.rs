//! What a path is made of.

use crate::json::Value;
use crate::jsonpath::pattern::Pattern;

#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) origin: Origin,
    pub(super) steps: Vec<Step>,
    /// Ends the path.
    pub(super) function: Option<Call>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `$`
    Document,
    /// `@`, the value that a filter judges.
    Current,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Behind `..`: taken from every container at or below the place.
    pub(super) deep: bool,
    pub(super) selector: Selector,
}

#[derive(Clone, Debug)]
pub(super) enum Selector {
    Name(Box<str>),
    Names(Vec<Box<str>>),
    /// Below 0 it counts from the end.
    Index(i64),
    Indexes(Vec<i64>),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Wildcard,
    Filter(Filter),
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Operand>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Min,
    Max,
    Avg,
    Stddev,
    Sum,
    Length,
    Keys,
    First,
    Last,
    Index,
    Concat,
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Path),
    Compare { left: Operand, relation: Relation, right: Operand },
    Matches { text: Operand, pattern: Pattern },
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value<'static>),
    Path(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    StrictlyEqual,
    StrictlyNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Contains,
    Size,
    Empty,
}
