//! The core function library.
//!
//! Source: XPath 1.0, section 4: one row for each function.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::xml::scan::is_white_space;
use crate::xmltree::{Node, XML_NAMESPACE};
use crate::xpath::ast::{Expr, Kind};
use crate::xpath::eval::{Context, Evaluation, position};
use crate::xpath::{EXPRESSION_BYTES_MAX, Value, XPathTooCostly, number};

const LETTERS_PER_STEP: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Last,
    Position,
    Count,
    Id,
    LocalName,
    NamespaceUri,
    Name,
    String,
    Concat,
    StartsWith,
    Contains,
    SubstringBefore,
    SubstringAfter,
    Substring,
    StringLength,
    NormalizeSpace,
    Translate,
    Boolean,
    Not,
    True,
    False,
    Lang,
    Number,
    Sum,
    Floor,
    Ceiling,
    Round,
}

pub(super) struct Signature {
    name: &'static str,
    pub(super) function: Function,
    pub(super) arguments: RangeInclusive<usize>,
    /// Whether its argument must give nodes.
    pub(super) takes_nodes: bool,
    result: Kind,
}

const fn row(
    name: &'static str,
    function: Function,
    arguments: RangeInclusive<usize>,
    result: Kind,
) -> Signature {
    let takes_nodes = matches!(
        function,
        Function::Count
            | Function::Sum
            | Function::LocalName
            | Function::NamespaceUri
            | Function::Name
    );
    Signature { name, function, arguments, takes_nodes, result }
}

static FUNCTIONS: &[Signature] = &[
    row("last", Function::Last, 0..=0, Kind::Number),
    row("position", Function::Position, 0..=0, Kind::Number),
    row("count", Function::Count, 1..=1, Kind::Number),
    row("id", Function::Id, 1..=1, Kind::NodeSet),
    row("local-name", Function::LocalName, 0..=1, Kind::String),
    row("namespace-uri", Function::NamespaceUri, 0..=1, Kind::String),
    row("name", Function::Name, 0..=1, Kind::String),
    row("string", Function::String, 0..=1, Kind::String),
    row("concat", Function::Concat, 2..=EXPRESSION_BYTES_MAX, Kind::String),
    row("starts-with", Function::StartsWith, 2..=2, Kind::Boolean),
    row("contains", Function::Contains, 2..=2, Kind::Boolean),
    row("substring-before", Function::SubstringBefore, 2..=2, Kind::String),
    row("substring-after", Function::SubstringAfter, 2..=2, Kind::String),
    row("substring", Function::Substring, 2..=3, Kind::String),
    row("string-length", Function::StringLength, 0..=1, Kind::Number),
    row("normalize-space", Function::NormalizeSpace, 0..=1, Kind::String),
    row("translate", Function::Translate, 3..=3, Kind::String),
    row("boolean", Function::Boolean, 1..=1, Kind::Boolean),
    row("not", Function::Not, 1..=1, Kind::Boolean),
    row("true", Function::True, 0..=0, Kind::Boolean),
    row("false", Function::False, 0..=0, Kind::Boolean),
    row("lang", Function::Lang, 1..=1, Kind::Boolean),
    row("number", Function::Number, 0..=1, Kind::Number),
    row("sum", Function::Sum, 1..=1, Kind::Number),
    row("floor", Function::Floor, 1..=1, Kind::Number),
    row("ceiling", Function::Ceiling, 1..=1, Kind::Number),
    row("round", Function::Round, 1..=1, Kind::Number),
];

pub(super) fn find(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|signature| signature.name == name)
}

pub(super) fn result(function: Function) -> Kind {
    let signature = FUNCTIONS.iter().find(|signature| signature.function == function);
    signature.expect("each function has a row").result
}

/// The arguments are as many as the function's row says.
pub(super) fn apply<'t>(
    evaluation: &mut Evaluation<'t>,
    function: Function,
    arguments: &'t [Expr],
    cx: Context,
) -> Result<Value<'t>, XPathTooCostly> {
    let mut call = Call { evaluation, arguments, cx };
    Ok(match function {
        Function::Last => Value::Number(position(cx.size)),
        Function::Position => Value::Number(position(cx.position)),
        Function::Count => {
            let nodes = call.nodes()?;
            Value::Number(position(nodes.len()))
        }
        Function::Id => {
            call.string(0)?;
            Value::NodeSet(Vec::new())
        }
        Function::LocalName => call.of_node(|call, node| call.evaluation.tree.local_name(node))?,
        Function::NamespaceUri => {
            call.of_node(|call, node| call.evaluation.tree.namespace_uri(node))?
        }
        Function::Name => call.of_node(|call, node| call.evaluation.tree.name(node))?,
        Function::String => Value::String(call.string(0)?),
        Function::Concat => {
            let mut text = String::new();
            for index in 0..arguments.len() {
                text.push_str(&call.string(index)?);
            }
            Value::String(Cow::Owned(text))
        }
        Function::StartsWith => Value::Boolean(call.string(0)?.starts_with(&*call.string(1)?)),
        Function::Contains => Value::Boolean(call.string(0)?.contains(&*call.string(1)?)),
        Function::SubstringBefore => {
            let part = call.string(1)?;
            call.cut(|text| text.find(&*part).map(|at| 0..at))?
        }
        Function::SubstringAfter => {
            let part = call.string(1)?;
            call.cut(|text| text.find(&*part).map(|at| at + part.len()..text.len()))?
        }
        Function::Substring => {
            let start = number::round(call.number(1)?);
            let end = match arguments.len() {
                3 => start + number::round(call.number(2)?),
                _ => f64::INFINITY,
            };
            call.cut(|text| Some(between(text, start, end)))?
        }
        Function::StringLength => Value::Number(position(call.letters(0)?.chars().count())),
        Function::NormalizeSpace => {
            let text = call.letters(0)?;
            let words = text.split(is_white_space).filter(|word| !word.is_empty());
            let mut normal = String::with_capacity(text.len());
            for word in words {
                if !normal.is_empty() {
                    normal.push(' ');
                }
                normal.push_str(word);
            }
            Value::String(Cow::Owned(normal))
        }
        Function::Translate => {
            let (text, from, to) = (call.letters(0)?, call.letters(1)?, call.letters(2)?);
            Value::String(Cow::Owned(translate(&text, &from, &to)))
        }
        Function::Boolean => Value::Boolean(call.boolean()?),
        Function::Not => Value::Boolean(!call.boolean()?),
        Function::True => Value::Boolean(true),
        Function::False => Value::Boolean(false),
        Function::Lang => {
            let wanted = call.string(0)?;
            Value::Boolean(call.has_language(&wanted)?)
        }
        Function::Number => Value::Number(call.number(0)?),
        Function::Sum => {
            let mut sum = 0.0;
            for node in call.nodes()? {
                let text = call.evaluation.tree.string_value(node);
                call.evaluation.budget.spend_on(text)?;
                sum += number::parse(text);
            }
            Value::Number(sum)
        }
        Function::Floor => Value::Number(call.number(0)?.floor()),
        Function::Ceiling => Value::Number(call.number(0)?.ceil()),
        Function::Round => Value::Number(number::round(call.number(0)?)),
    })
}

struct Call<'e, 't> {
    evaluation: &'e mut Evaluation<'t>,
    arguments: &'t [Expr],
    cx: Context,
}

impl<'t> Call<'_, 't> {
    /// Of the context node where the argument is left out.
    fn string(&mut self, index: usize) -> Result<Cow<'t, str>, XPathTooCostly> {
        match self.arguments.get(index) {
            Some(argument) => self.evaluation.string(argument, self.cx),
            None => {
                let text = self.evaluation.tree.string_value(self.cx.node);
                self.evaluation.budget.spend_on(text)?;
                Ok(Cow::Borrowed(text))
            }
        }
    }

    /// A text whose characters are looked at one by one, which costs more than its bytes.
    fn letters(&mut self, index: usize) -> Result<Cow<'t, str>, XPathTooCostly> {
        let text = self.string(index)?;
        self.evaluation.budget.spend(text.len() / LETTERS_PER_STEP)?;
        Ok(text)
    }

    fn number(&mut self, index: usize) -> Result<f64, XPathTooCostly> {
        match self.arguments.get(index) {
            Some(argument) => self.evaluation.number(argument, self.cx),
            None => Ok(number::parse(&self.string(index)?)),
        }
    }

    fn boolean(&mut self) -> Result<bool, XPathTooCostly> {
        match self.arguments.first() {
            Some(argument) => Ok(self.evaluation.value(argument, self.cx)?.to_boolean()),
            None => Ok(false),
        }
    }

    /// The context node where the argument is left out.
    fn nodes(&mut self) -> Result<Vec<Node>, XPathTooCostly> {
        match self.arguments.first() {
            Some(argument) => self.evaluation.nodes(argument, self.cx),
            None => Ok(vec![self.cx.node]),
        }
    }

    /// Of the first node, empty where there is none.
    fn of_node(
        &mut self,
        text: impl Fn(&Self, Node) -> &'t str,
    ) -> Result<Value<'t>, XPathTooCostly> {
        let first = self.nodes()?.first().copied();
        Ok(Value::String(Cow::Borrowed(first.map_or("", |node| text(self, node)))))
    }

    /// A piece of the first argument; empty where `range` finds none.
    fn cut(
        &mut self,
        range: impl FnOnce(&str) -> Option<std::ops::Range<usize>>,
    ) -> Result<Value<'t>, XPathTooCostly> {
        let text = self.letters(0)?;
        let Some(range) = range(&text) else { return Ok(Value::String(Cow::Borrowed(""))) };
        Ok(Value::String(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
        }))
    }

    /// Section 4.3: the nearest `xml:lang` is the language or a part of it.
    fn has_language(&mut self, wanted: &str) -> Result<bool, XPathTooCostly> {
        let tree = self.evaluation.tree;
        let mut next = Some(self.cx.node);
        while let Some(node) = next {
            for attribute in tree.attributes(node) {
                self.evaluation.budget.spend(1)?;
                if tree.local_name(attribute) == "lang"
                    && tree.namespace_uri(attribute) == XML_NAMESPACE
                {
                    let language = tree.string_value(attribute);
                    let head = language.get(..wanted.len());
                    let rest = language.get(wanted.len()..).unwrap_or_default();
                    return Ok(head.is_some_and(|head| head.eq_ignore_ascii_case(wanted))
                        && (rest.is_empty() || rest.starts_with('-')));
                }
            }
            next = tree.parent(node);
        }
        Ok(false)
    }
}

/// The bytes of the characters at positions from `start` up to before `end`, counted from 1; a
/// bound that is NaN holds for none.
fn between(text: &str, start: f64, end: f64) -> std::ops::Range<usize> {
    let mut range = text.len()..text.len();
    for (index, (at, _)) in text.char_indices().enumerate() {
        let place = position(index + 1);
        let is_inside = place >= start && place < end;
        if is_inside && range.start == text.len() {
            range.start = at;
        }
        if !is_inside && range.start < text.len() {
            range.end = at;
            break;
        }
    }
    range
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let mut replacements: HashMap<char, Option<char>> = HashMap::new();
    let mut to = to.chars();
    for c in from.chars() {
        let replacement = to.next();
        replacements.entry(c).or_insert(replacement);
    }
    text.chars().filter_map(|c| replacements.get(&c).copied().unwrap_or(Some(c))).collect()
}
