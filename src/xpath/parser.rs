//! Tokens to an expression.
//!
//! Source: XPath 1.0, sections 2 and 3. Binary operators of one rank make one list, so that a
//! long chain does not nest. `//x` looks at descendants at once where no predicate counts
//! positions.

use crate::xmltree::XML_NAMESPACE;
use crate::xpath::ast::{Arithmetic, Axis, Comparison, Expr, Path, Start, Step, Test};
use crate::xpath::lexer::{self, Kind, Token, error};
use crate::xpath::{EXPRESSION_BYTES_MAX, NESTING_MAX, XPathError, ast, function};

const AXES: &[(&str, Axis)] = &[
    ("ancestor", Axis::Ancestor),
    ("ancestor-or-self", Axis::AncestorOrSelf),
    ("attribute", Axis::Attribute),
    ("child", Axis::Child),
    ("descendant", Axis::Descendant),
    ("descendant-or-self", Axis::DescendantOrSelf),
    ("following", Axis::Following),
    ("following-sibling", Axis::FollowingSibling),
    ("namespace", Axis::Namespace),
    ("parent", Axis::Parent),
    ("preceding", Axis::Preceding),
    ("preceding-sibling", Axis::PrecedingSibling),
    ("self", Axis::Itself),
];

const NODE_TYPES: &[&str] = &["comment", "text", "processing-instruction", "node"];

pub(super) fn parse(text: &str, namespaces: &[(&str, &str)]) -> Result<Expr, XPathError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let bytes = text.len();
        let message =
            format!("the expression is {bytes} bytes long; the limit is {EXPRESSION_BYTES_MAX}");
        return Err(error(message, 0, bytes));
    }
    let tokens = lexer::tokens(text)?;
    if tokens.is_empty() {
        return Err(error("the expression is empty", 0, text.len()));
    }
    let end = tokens.last().map_or(0, |token| token.end);
    let mut parser = Parser { tokens, at: 0, text, end, namespaces };
    let expr = parser.or(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.stranger(token, "an operator")),
    }
}

struct Parser<'t, 'n> {
    tokens: Vec<Token<'t>>,
    at: usize,
    text: &'t str,
    /// Where the last token ends.
    end: usize,
    namespaces: &'n [(&'n str, &'n str)],
}

/// The ranks of the arithmetic operators.
const SUMS: &[Arithmetic] = &[Arithmetic::Add, Arithmetic::Subtract];
const PRODUCTS: &[Arithmetic] = &[Arithmetic::Multiply, Arithmetic::Divide, Arithmetic::Modulo];
const EQUALITIES: &[Comparison] = &[Comparison::Equal, Comparison::NotEqual];
const RELATIONS: &[Comparison] =
    &[Comparison::Less, Comparison::LessOrEqual, Comparison::Greater, Comparison::GreaterOrEqual];

impl<'t> Parser<'t, '_> {
    fn or(&mut self, depth: usize) -> Result<Expr, XPathError> {
        if depth > NESTING_MAX {
            let at = self.peek().map_or(self.end, |token| token.start);
            let message = format!("the expression nests deeper than {NESTING_MAX} levels");
            return Err(error(message, at, at));
        }
        let mut parts = vec![self.and(depth)?];
        while self.accept(Kind::Or) {
            parts.push(self.and(depth)?);
        }
        Ok(single(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let mut parts = vec![self.equality(depth)?];
        while self.accept(Kind::And) {
            parts.push(self.equality(depth)?);
        }
        Ok(single(parts, Expr::And))
    }

    fn equality(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let first = self.relation(depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.comparison(EQUALITIES) {
            rest.push((operator, self.relation(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Compare(Box::new(first), rest) })
    }

    fn relation(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let first = self.sum(depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.comparison(RELATIONS) {
            rest.push((operator, self.sum(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Compare(Box::new(first), rest) })
    }

    fn sum(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let first = self.product(depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.arithmetic(SUMS) {
            rest.push((operator, self.product(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Arithmetic(Box::new(first), rest) })
    }

    fn product(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let first = self.negation(depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.arithmetic(PRODUCTS) {
            rest.push((operator, self.negation(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Arithmetic(Box::new(first), rest) })
    }

    fn negation(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let mut signs = 0_usize;
        while self.accept(Kind::Arithmetic(Arithmetic::Subtract)) {
            signs += 1;
        }
        let mut expr = self.union(depth)?;
        // Two signs still make a number; more of them change nothing.
        let kept = if signs > 2 { 2 - signs % 2 } else { signs };
        for _ in 0..kept {
            expr = Expr::Negate(Box::new(expr));
        }
        Ok(expr)
    }

    fn union(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let mut start = self.at;
        let first = self.path(depth)?;
        if self.peek_kind() != Some(Kind::Pipe) {
            return Ok(first);
        }
        self.check_nodes(&first, start)?;
        let mut parts = vec![first];
        while self.accept(Kind::Pipe) {
            start = self.at;
            let part = self.path(depth)?;
            self.check_nodes(&part, start)?;
            parts.push(part);
        }
        Ok(Expr::Union(parts))
    }

    fn path(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let mut steps = Vec::new();
        let start = match self.peek_kind() {
            Some(Kind::Slash) => {
                self.at += 1;
                if self.starts_step() {
                    self.relative(&mut steps, depth)?;
                }
                Start::Root
            }
            Some(Kind::SlashSlash) => {
                self.at += 1;
                steps.push(any_below());
                self.relative(&mut steps, depth)?;
                Start::Root
            }
            _ if self.starts_step() => {
                self.relative(&mut steps, depth)?;
                Start::Context
            }
            _ => {
                let from = self.at;
                let primary = self.primary(depth)?;
                let has_path = matches!(
                    self.peek_kind(),
                    Some(Kind::OpenBracket | Kind::Slash | Kind::SlashSlash)
                );
                if !has_path {
                    return Ok(primary);
                }
                self.check_nodes(&primary, from)?;
                let predicates = self.predicates(depth)?;
                match self.peek_kind() {
                    Some(Kind::Slash) => {
                        self.at += 1;
                        self.relative(&mut steps, depth)?;
                    }
                    Some(Kind::SlashSlash) => {
                        self.at += 1;
                        steps.push(any_below());
                        self.relative(&mut steps, depth)?;
                    }
                    _ => {}
                }
                Start::Filter(Box::new(primary), predicates)
            }
        };
        Ok(Expr::Path(Path { start, steps: merged(steps) }))
    }

    /// Whether a location step comes next, rather than some other expression.
    fn starts_step(&self) -> bool {
        match self.peek_kind() {
            Some(Kind::Dot | Kind::DotDot | Kind::At | Kind::Star | Kind::PrefixStar(_)) => true,
            Some(Kind::Name { prefix, local }) => {
                let is_call = self.kind_at(self.at + 1) == Some(Kind::Open);
                !is_call || prefix.is_empty() && NODE_TYPES.contains(&local)
            }
            _ => false,
        }
    }

    fn relative(&mut self, steps: &mut Vec<Step>, depth: usize) -> Result<(), XPathError> {
        loop {
            steps.push(self.step(depth)?);
            if self.accept(Kind::SlashSlash) {
                steps.push(any_below());
            } else if !self.accept(Kind::Slash) {
                return Ok(());
            }
        }
    }

    fn step(&mut self, depth: usize) -> Result<Step, XPathError> {
        let whole = |axis| Step { axis, test: Test::Node, predicates: Vec::new() };
        if self.accept(Kind::Dot) {
            return Ok(whole(Axis::Itself));
        }
        if self.accept(Kind::DotDot) {
            return Ok(whole(Axis::Parent));
        }
        let axis = if self.accept(Kind::At) {
            Axis::Attribute
        } else if self.kind_at(self.at + 1) == Some(Kind::ColonColon) {
            self.axis()?
        } else {
            Axis::Child
        };
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates(depth)? })
    }

    fn axis(&mut self) -> Result<Axis, XPathError> {
        let Some(token) = self.peek() else { return Err(self.missing("an axis")) };
        self.at += 2;
        let Kind::Name { prefix: "", local } = token.token else {
            return Err(self.stranger(token, "an axis"));
        };
        AXES.iter()
            .find(|(name, _)| *name == local)
            .map(|(_, axis)| *axis)
            .ok_or_else(|| error(format!("`{local}` is no axis"), token.start, token.end))
    }

    fn test(&mut self) -> Result<Test, XPathError> {
        let Some(token) = self.peek() else { return Err(self.missing("a name")) };
        self.at += 1;
        match token.token {
            Kind::Star => Ok(Test::AnyName),
            Kind::PrefixStar(prefix) => Ok(Test::InNamespace(self.uri(prefix, token)?.into())),
            Kind::Name { prefix: "", local } if self.peek_kind() == Some(Kind::Open) => {
                self.node_type(local, token)
            }
            Kind::Name { prefix, local } => {
                let uri = if prefix.is_empty() { "" } else { self.uri(prefix, token)? };
                Ok(Test::Name { uri: uri.into(), local: local.into() })
            }
            _ => Err(self.stranger(token, "a name")),
        }
    }

    /// From the `(` behind its name on.
    fn node_type(&mut self, name: &str, token: Token<'t>) -> Result<Test, XPathError> {
        self.at += 1;
        let test = match name {
            "node" => Test::Node,
            "text" => Test::Text,
            "comment" => Test::Comment,
            "processing-instruction" => match self.peek_kind() {
                Some(Kind::Literal(target)) => {
                    self.at += 1;
                    Test::Instruction(Some(target.into()))
                }
                _ => Test::Instruction(None),
            },
            _ => {
                let message = format!("`{name}` is no kind of node");
                return Err(error(message, token.start, token.end));
            }
        };
        self.expect(Kind::Close, "`)`")?;
        Ok(test)
    }

    fn uri(&self, prefix: &str, token: Token<'t>) -> Result<&str, XPathError> {
        if prefix == "xml" {
            return Ok(XML_NAMESPACE);
        }
        let found = self.namespaces.iter().find(|(known, _)| *known == prefix);
        found.map(|(_, uri)| *uri).ok_or_else(|| {
            error(format!("prefix `{prefix}` is not declared"), token.start, token.end)
        })
    }

    fn predicates(&mut self, depth: usize) -> Result<Vec<Expr>, XPathError> {
        let mut predicates = Vec::new();
        while self.accept(Kind::OpenBracket) {
            predicates.push(self.or(depth + 1)?);
            self.expect(Kind::CloseBracket, "`]`")?;
        }
        Ok(predicates)
    }

    fn primary(&mut self, depth: usize) -> Result<Expr, XPathError> {
        let Some(token) = self.peek() else { return Err(self.missing("a value")) };
        self.at += 1;
        match token.token {
            Kind::Literal(text) => Ok(Expr::Literal(text.into())),
            Kind::Number(number) => Ok(Expr::Number(number)),
            Kind::Open => {
                let inner = self.or(depth + 1)?;
                if self.peek().is_none() {
                    return Err(error("this `(` is never closed", token.start, token.end));
                }
                self.expect(Kind::Close, "`)`")?;
                Ok(inner)
            }
            Kind::Name { prefix: "", local } => self.call(local, token, depth),
            Kind::Name { .. } => {
                let name = self.text.get(token.start..token.end).unwrap_or_default();
                Err(error(format!("`{name}` is no function"), token.start, token.end))
            }
            Kind::Variable => Err(error("variables have no values here", token.start, token.end)),
            _ => Err(self.stranger(token, "a value")),
        }
    }

    /// From the `(` behind its name on.
    fn call(&mut self, name: &str, token: Token<'t>, depth: usize) -> Result<Expr, XPathError> {
        let Some(signature) = function::find(name) else {
            return Err(error(format!("`{name}` is no function"), token.start, token.end));
        };
        self.expect(Kind::Open, "`(`")?;
        let mut arguments = Vec::new();
        if self.peek_kind() != Some(Kind::Close) {
            loop {
                let start = self.at;
                let argument = self.or(depth + 1)?;
                if signature.takes_nodes {
                    self.check_nodes(&argument, start)?;
                }
                arguments.push(argument);
                if !self.accept(Kind::Comma) {
                    break;
                }
            }
        }
        if self.peek().is_none() {
            return Err(error(format!("`{name}(` is never closed"), token.start, token.end));
        }
        self.expect(Kind::Close, "`)`")?;
        if !signature.arguments.contains(&arguments.len()) {
            let count = arguments.len();
            let message = format!("`{name}` does not take {count} arguments");
            return Err(error(message, token.start, token.end));
        }
        Ok(Expr::Call(signature.function, arguments))
    }

    /// Refuses what gives no nodes; it starts at the token numbered `from`.
    fn check_nodes(&self, expr: &Expr, from: usize) -> Result<(), XPathError> {
        if expr.kind() == ast::Kind::NodeSet {
            return Ok(());
        }
        let start = self.tokens.get(from).map_or(0, |token| token.start);
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        Err(error("this gives no nodes", start, end.map_or(self.end, |token| token.end)))
    }

    fn comparison(&mut self, rank: &[Comparison]) -> Option<Comparison> {
        match self.peek_kind() {
            Some(Kind::Comparison(operator)) if rank.contains(&operator) => {
                self.at += 1;
                Some(operator)
            }
            _ => None,
        }
    }

    fn arithmetic(&mut self, rank: &[Arithmetic]) -> Option<Arithmetic> {
        match self.peek_kind() {
            Some(Kind::Arithmetic(operator)) if rank.contains(&operator) => {
                self.at += 1;
                Some(operator)
            }
            _ => None,
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn peek_kind(&self) -> Option<Kind<'t>> {
        self.kind_at(self.at)
    }

    fn kind_at(&self, at: usize) -> Option<Kind<'t>> {
        self.tokens.get(at).map(|token| token.token)
    }

    fn accept(&mut self, kind: Kind<'_>) -> bool {
        let found = self.peek_kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: Kind<'_>, name: &str) -> Result<(), XPathError> {
        if self.accept(kind) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => self.stranger(token, name),
            None => self.missing(name),
        })
    }

    fn stranger(&self, token: Token<'_>, expected: &str) -> XPathError {
        let found = self.text.get(token.start..token.end).unwrap_or_default();
        error(format!("`{found}` where {expected} should stand"), token.start, token.end)
    }

    fn missing(&self, expected: &str) -> XPathError {
        error(format!("{expected} is missing"), self.end, self.end)
    }
}

fn single(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

/// What `//` stands for (2.5).
fn any_below() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() }
}

/// Makes `descendant-or-self::node()/child::x` one step where positions do not matter.
fn merged(steps: Vec<Step>) -> Vec<Step> {
    let mut merged: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        let follows_any = merged.last().is_some_and(|before| {
            before.axis == Axis::DescendantOrSelf
                && matches!(before.test, Test::Node)
                && before.predicates.is_empty()
        });
        let counts = step.predicates.iter().any(Expr::is_positional);
        if follows_any && !counts && step.axis == Axis::Child {
            merged.pop();
            merged.push(Step { axis: Axis::Descendant, ..step });
        } else {
            merged.push(step);
        }
    }
    merged
}
