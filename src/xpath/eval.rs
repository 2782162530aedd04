//! An expression's value in a document.
//!
//! Source: XPath 1.0, sections 2.4 (predicates), 3.3 to 3.5.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::xmltree::{Node, XmlTree};
use crate::xpath::ast::{Arithmetic, Comparison, Expr, Path, Start, Step};
use crate::xpath::{STEPS_MAX, Value, XPathTooCostly, axis, function, number};

/// How many bytes of text count as one step.
const BYTES_PER_STEP: usize = 64;

pub(super) fn evaluate<'t>(
    expr: &'t Expr,
    tree: &'t XmlTree,
    node: Node,
) -> Result<Value<'t>, XPathTooCostly> {
    let mut evaluation = Evaluation { tree, budget: Budget { steps_left: STEPS_MAX } };
    evaluation.value(expr, Context { node, position: 1, size: 1 })
}

pub(super) struct Budget {
    steps_left: u64,
}

impl Budget {
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), XPathTooCostly> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(XPathTooCostly)?;
        Ok(())
    }

    pub(super) fn spend_on(&mut self, text: &str) -> Result<(), XPathTooCostly> {
        self.spend(1 + text.len() / BYTES_PER_STEP)
    }
}

/// What an expression may ask of the place that it is evaluated for (1).
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) node: Node,
    pub(super) position: usize,
    pub(super) size: usize,
}

pub(super) struct Evaluation<'t> {
    pub(super) tree: &'t XmlTree,
    pub(super) budget: Budget,
}

impl<'t> Evaluation<'t> {
    pub(super) fn value(
        &mut self,
        expr: &'t Expr,
        cx: Context,
    ) -> Result<Value<'t>, XPathTooCostly> {
        self.budget.spend(1)?;
        match expr {
            Expr::Or(parts) => {
                for part in parts {
                    if self.value(part, cx)?.to_boolean() {
                        return Ok(Value::Boolean(true));
                    }
                }
                Ok(Value::Boolean(false))
            }
            Expr::And(parts) => {
                for part in parts {
                    if !self.value(part, cx)?.to_boolean() {
                        return Ok(Value::Boolean(false));
                    }
                }
                Ok(Value::Boolean(true))
            }
            Expr::Compare(first, rest) => {
                let mut value = self.value(first, cx)?;
                for (comparison, right) in rest {
                    let right = self.value(right, cx)?;
                    value = Value::Boolean(self.compare(value, *comparison, right)?);
                }
                Ok(value)
            }
            Expr::Arithmetic(first, rest) => {
                let mut number = self.number(first, cx)?;
                for (operator, right) in rest {
                    number = calculate(number, *operator, self.number(right, cx)?);
                }
                Ok(Value::Number(number))
            }
            Expr::Negate(inner) => Ok(Value::Number(-self.number(inner, cx)?)),
            Expr::Union(parts) => {
                let mut nodes = Vec::new();
                for part in parts {
                    nodes.extend(self.nodes(part, cx)?);
                }
                self.order(&mut nodes)?;
                Ok(Value::NodeSet(nodes))
            }
            Expr::Path(path) => Ok(Value::NodeSet(self.path(path, cx)?)),
            Expr::Literal(text) => Ok(Value::String(Cow::Borrowed(text))),
            Expr::Number(number) => Ok(Value::Number(*number)),
            Expr::Call(function, arguments) => function::apply(self, *function, arguments, cx),
        }
    }

    pub(super) fn number(&mut self, expr: &'t Expr, cx: Context) -> Result<f64, XPathTooCostly> {
        let value = self.value(expr, cx)?;
        match &value {
            Value::NodeSet(nodes) => {
                let text = nodes.first().map_or("", |node| self.tree.string_value(*node));
                self.budget.spend_on(text)?;
            }
            Value::String(text) => self.budget.spend_on(text)?,
            Value::Number(_) | Value::Boolean(_) => {}
        }
        Ok(value.to_number(self.tree))
    }

    pub(super) fn string(
        &mut self,
        expr: &'t Expr,
        cx: Context,
    ) -> Result<Cow<'t, str>, XPathTooCostly> {
        let text = self.value(expr, cx)?.into_string(self.tree);
        self.budget.spend_on(&text)?;
        Ok(text)
    }

    /// The parser lets only an expression that gives nodes come here.
    pub(super) fn nodes(
        &mut self,
        expr: &'t Expr,
        cx: Context,
    ) -> Result<Vec<Node>, XPathTooCostly> {
        Ok(match self.value(expr, cx)? {
            Value::NodeSet(nodes) => nodes,
            Value::Number(_) | Value::String(_) | Value::Boolean(_) => Vec::new(),
        })
    }

    fn path(&mut self, path: &'t Path, cx: Context) -> Result<Vec<Node>, XPathTooCostly> {
        let mut nodes = match &path.start {
            Start::Root => vec![self.tree.root()],
            Start::Context => vec![cx.node],
            Start::Filter(expr, predicates) => {
                let mut nodes = self.nodes(expr, cx)?;
                for predicate in predicates {
                    nodes = self.keep(predicate, nodes)?;
                }
                nodes
            }
        };
        for step in &path.steps {
            nodes = self.step(step, &nodes)?;
        }
        Ok(nodes)
    }

    fn step(&mut self, step: &'t Step, from: &[Node]) -> Result<Vec<Node>, XPathTooCostly> {
        let mut found = Vec::new();
        for node in from {
            if step.predicates.is_empty() {
                axis::select(self.tree, step, *node, &mut self.budget, &mut found)?;
                continue;
            }
            let mut selected = Vec::new();
            axis::select(self.tree, step, *node, &mut self.budget, &mut selected)?;
            for predicate in &step.predicates {
                selected = self.keep(predicate, selected)?;
            }
            found.extend(selected);
        }
        self.order(&mut found)?;
        Ok(found)
    }

    /// Those of `nodes` for which the predicate is true; a number is true of its position.
    fn keep(
        &mut self,
        predicate: &'t Expr,
        mut nodes: Vec<Node>,
    ) -> Result<Vec<Node>, XPathTooCostly> {
        let size = nodes.len();
        if let Expr::Number(wanted) = predicate {
            let mut kept = nodes.into_iter().enumerate();
            let found = kept.find(|(index, _)| position(index + 1) == *wanted);
            return Ok(found.map(|(_, node)| node).into_iter().collect());
        }
        let mut kept = 0;
        for index in 0..size {
            let Some(node) = nodes.get(index).copied() else { break };
            let cx = Context { node, position: index + 1, size };
            let holds = match self.value(predicate, cx)? {
                Value::Number(wanted) => position(index + 1) == wanted,
                other => other.to_boolean(),
            };
            if holds {
                nodes.swap(kept, index);
                kept += 1;
            }
        }
        nodes.truncate(kept);
        Ok(nodes)
    }

    /// Brings nodes into document order, each once.
    fn order(&mut self, nodes: &mut Vec<Node>) -> Result<(), XPathTooCostly> {
        if !nodes.is_sorted_by(|before, after| before < after) {
            self.budget.spend(nodes.len())?;
            nodes.sort_unstable();
            nodes.dedup();
        }
        Ok(())
    }

    /// Section 3.4: a set compares as any of its nodes does.
    fn compare(
        &mut self,
        left: Value<'t>,
        comparison: Comparison,
        right: Value<'t>,
    ) -> Result<bool, XPathTooCostly> {
        match (&left, &right) {
            (Value::NodeSet(lefts), Value::NodeSet(rights)) => {
                self.compare_sets(lefts, comparison, rights)
            }
            (Value::NodeSet(_), Value::Boolean(_)) | (Value::Boolean(_), Value::NodeSet(_)) => {
                let (left, right) = (left.to_boolean(), right.to_boolean());
                Ok(compare_single(
                    &Value::Boolean(left),
                    comparison,
                    &Value::Boolean(right),
                    self.tree,
                ))
            }
            (Value::NodeSet(nodes), single) => self.any(nodes, |text, tree| {
                compare_single(&Value::String(Cow::Borrowed(text)), comparison, single, tree)
            }),
            (single, Value::NodeSet(nodes)) => self.any(nodes, |text, tree| {
                compare_single(single, comparison, &Value::String(Cow::Borrowed(text)), tree)
            }),
            (left, right) => {
                for value in [left, right] {
                    if let Value::String(text) = value {
                        self.budget.spend_on(text)?;
                    }
                }
                Ok(compare_single(left, comparison, right, self.tree))
            }
        }
    }

    fn any(
        &mut self,
        nodes: &[Node],
        holds: impl Fn(&'t str, &XmlTree) -> bool,
    ) -> Result<bool, XPathTooCostly> {
        for node in nodes {
            let text = self.tree.string_value(*node);
            self.budget.spend_on(text)?;
            if holds(text, self.tree) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare_sets(
        &mut self,
        lefts: &[Node],
        comparison: Comparison,
        rights: &[Node],
    ) -> Result<bool, XPathTooCostly> {
        match comparison {
            Comparison::Equal => {
                let known = self.texts(lefts)?;
                self.any(rights, |text, _| known.contains(text))
            }
            Comparison::NotEqual => {
                let lefts = self.texts(lefts)?;
                let rights = self.texts(rights)?;
                // Two sets differ nowhere only where both hold the same single text.
                let is_same_text = lefts.len() == 1 && lefts == rights;
                Ok(!(lefts.is_empty() || rights.is_empty() || is_same_text))
            }
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => {
                let (left_min, left_max) = self.bounds(lefts)?;
                let (right_min, right_max) = self.bounds(rights)?;
                Ok(match comparison {
                    Comparison::Less => left_min < right_max,
                    Comparison::LessOrEqual => left_min <= right_max,
                    Comparison::Greater => left_max > right_min,
                    _ => left_max >= right_min,
                })
            }
        }
    }

    fn texts(&mut self, nodes: &[Node]) -> Result<HashSet<&'t str>, XPathTooCostly> {
        let mut texts = HashSet::with_capacity(nodes.len());
        for node in nodes {
            let text = self.tree.string_value(*node);
            self.budget.spend_on(text)?;
            texts.insert(text);
        }
        Ok(texts)
    }

    /// The least and the greatest number among nodes; NaN, which compares with nothing, where
    /// there is none.
    fn bounds(&mut self, nodes: &[Node]) -> Result<(f64, f64), XPathTooCostly> {
        let mut bounds = (f64::NAN, f64::NAN);
        for node in nodes {
            let text = self.tree.string_value(*node);
            self.budget.spend_on(text)?;
            let number = number::parse(text);
            bounds = (bounds.0.min(number), bounds.1.max(number));
        }
        Ok(bounds)
    }
}

/// Neither side is a set. `=` and `!=` compare as booleans where one side is one, else as
/// numbers, else as texts; the others always compare numbers.
fn compare_single(
    left: &Value<'_>,
    comparison: Comparison,
    right: &Value<'_>,
    tree: &XmlTree,
) -> bool {
    let numbers = || (left.to_number(tree), right.to_number(tree));
    match comparison {
        Comparison::Equal => match (left, right) {
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) => {
                left.to_boolean() == right.to_boolean()
            }
            (Value::String(left), Value::String(right)) => left == right,
            _ => numbers().0 == numbers().1,
        },
        Comparison::NotEqual => !compare_single(left, Comparison::Equal, right, tree),
        Comparison::Less => numbers().0 < numbers().1,
        Comparison::LessOrEqual => numbers().0 <= numbers().1,
        Comparison::Greater => numbers().0 > numbers().1,
        Comparison::GreaterOrEqual => numbers().0 >= numbers().1,
    }
}

fn calculate(left: f64, operator: Arithmetic, right: f64) -> f64 {
    match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        // With the sign of the left side, as `%` has it in Java and here.
        Arithmetic::Modulo => left % right,
    }
}

/// Counts stay far below 2^53.
pub(super) fn position(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
