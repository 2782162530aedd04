//! Tokens to an expression, and what a linter says of it.
//!
//! Source: Apigee docs, "Conditions reference"; the apigeelint rules CC001 to CC007, whose own
//! grammar gives `and` and `or` one rank: Java's is followed here, where `and` binds tighter.
//! `!` and `not` take a whole comparison, as that grammar has it. Findings: CC001, CC003,
//! CC006, CC007, GW122 (a path pattern that no path can match), GW123 (`?` in one).

use std::collections::VecDeque;

use crate::condition::absurdity::{self, Absurdity};
use crate::condition::ast::{Expr, Numeral, Operand, Relation};
use crate::condition::lexer::{self, Kind, Token, error};
use crate::condition::operators::{self, Operator};
use crate::condition::value::{Number, number_of};
use crate::condition::{ConditionError, ConditionFinding, NESTING_MAX, TEXT_BYTES_MAX};
use crate::regex::{JavaRegex, Reach};
use crate::variable::{Part, Place, VarId, VarRef};

const LENGTH_CHARS_MAX: usize = 256;

pub(super) struct Parsed {
    pub(super) expr: Expr,
    /// Operands, relations and what joins and negates them.
    pub(super) terms: usize,
    pub(super) findings: Vec<ConditionFinding>,
    /// The regular expressions of the literals, in the order of the text.
    pub(super) patterns: VecDeque<JavaRegex>,
}

pub(super) fn parse(text: &str) -> Result<Option<Parsed>, ConditionError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > TEXT_BYTES_MAX {
        let message =
            format!("the condition is {} bytes long; the limit is {TEXT_BYTES_MAX}", text.len());
        return Err(error(message, 0, text.len()));
    }
    let mut parser = Parser {
        tokens: lexer::tokens(text)?,
        at: 0,
        end: text.trim_end().len(),
        text,
        terms: 0,
        findings: Vec::new(),
        patterns: VecDeque::new(),
    };
    let expr = parser.or(0)?;
    if let Some(token) = parser.peek() {
        return Err(parser.unexpected(token));
    }
    parser.measure();
    parser.weigh(&expr);
    let mut findings = parser.findings;
    findings.sort_by_key(|finding| (finding.start, finding.code));
    Ok(Some(Parsed { expr, terms: parser.terms, findings, patterns: parser.patterns }))
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    /// Where the text ends, white space left out.
    end: usize,
    text: &'t str,
    /// As in [`Parsed`].
    terms: usize,
    findings: Vec<ConditionFinding>,
    patterns: VecDeque<JavaRegex>,
}

impl<'t> Parser<'t> {
    fn or(&mut self, depth: usize) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.and(depth)?];
        while self.accept(Operator::Or) {
            self.terms += 1;
            parts.push(self.and(depth)?);
        }
        Ok(Expr::any(parts))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.unary(depth)?];
        while self.accept(Operator::And) {
            self.terms += 1;
            parts.push(self.unary(depth)?);
        }
        Ok(Expr::all(parts))
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, ConditionError> {
        let Some(token) = self.peek() else { return Err(self.missing_operand()) };
        if depth >= NESTING_MAX {
            let message = format!("the condition nests deeper than {NESTING_MAX} levels");
            return Err(error(message, token.start, token.end));
        }
        match token.kind {
            Kind::Operator(Operator::Not) => {
                self.at += 1;
                self.terms += 1;
                // `!(` is one level, so that the canonical text nests no deeper than its source.
                let inner = match self.peek() {
                    Some(open @ Token { kind: Kind::Open, .. }) => self.group(open, depth)?,
                    _ => self.unary(depth + 1)?,
                };
                Ok(Expr::Not(Box::new(inner)))
            }
            Kind::Open => self.group(token, depth),
            Kind::Close
            | Kind::Operator(_)
            | Kind::Name(_)
            | Kind::QuotedName(_)
            | Kind::Text(_)
            | Kind::Number(_) => self.comparison(),
        }
    }

    fn group(&mut self, open: Token<'t>, depth: usize) -> Result<Expr, ConditionError> {
        self.at += 1;
        let inner = self.or(depth + 1)?;
        match self.peek() {
            Some(Token { kind: Kind::Close, .. }) => self.at += 1,
            Some(other) => return Err(self.unexpected(other)),
            None => {
                let message = "this `(` is never closed".to_owned();
                return Err(error(message, open.start, open.end));
            }
        }
        Ok(inner)
    }

    /// An operand alone, or two and their relation.
    fn comparison(&mut self) -> Result<Expr, ConditionError> {
        let (left, left_token) = self.operand()?;
        let negated = self.accept(Operator::Not);
        let Some(Token { kind: Kind::Operator(Operator::Relation(relation)), start, end }) =
            self.peek()
        else {
            if negated {
                let (start, end) = self.previous();
                let message = "`not` after an operand needs a comparison behind it".to_owned();
                return Err(error(message, start, end));
            }
            if let Some(token) = self.peek()
                && let Kind::Name(word) = token.kind
            {
                let message = format!("`{word}` is no operator");
                return Err(error(message, token.start, token.end)
                    .with_help(operators::help_for_word(word)));
            }
            self.check_bare(&left, left_token);
            return Ok(Expr::Bare(left));
        };
        self.at += 1;
        let is_word = self.text.get(start..end).is_some_and(|text| text.eq_ignore_ascii_case("is"));
        let relation = match relation {
            Relation::Equals if is_word && self.accept(Operator::Not) => Relation::NotEquals,
            other => other,
        };
        self.terms += 1;
        let (right, right_token) = self.operand()?;
        self.check_right(relation, &left, &right, right_token)?;
        if left.is_literal() && right.is_literal() {
            self.find("CC001", left_token.start, right_token.end, "both sides are literals", None);
        }
        let compare = Expr::Compare(left, relation, right);
        Ok(if negated { Expr::Not(Box::new(compare)) } else { compare })
    }

    fn operand(&mut self) -> Result<(Operand, Token<'t>), ConditionError> {
        let Some(token) = self.peek() else { return Err(self.missing_operand()) };
        let operand = match token.kind {
            Kind::Name(name) | Kind::QuotedName(name) => Operand::Variable(name.to_owned()),
            Kind::Text(text) => Operand::Text(text.to_owned()),
            Kind::Number(text) => Operand::Number(numeral(text)),
            Kind::Operator(Operator::True) => Operand::Boolean(true),
            Kind::Operator(Operator::False) => Operand::Boolean(false),
            Kind::Operator(Operator::Null) => Operand::Null,
            Kind::Operator(
                Operator::Not | Operator::And | Operator::Or | Operator::Relation(_),
            )
            | Kind::Open
            | Kind::Close => return Err(self.no_operand(token)),
        };
        self.at += 1;
        self.terms += 1;
        Ok((operand, token))
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn accept(&mut self, operator: Operator) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == Kind::Operator(operator));
        self.at += usize::from(found);
        found
    }

    /// The place of the token before this one.
    fn previous(&self) -> (usize, usize) {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or((0, self.end), |token| (token.start, token.end))
    }

    fn source(&self, token: Token<'t>) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    fn missing_operand(&self) -> ConditionError {
        let (start, end) = self.previous();
        let last = self.text.get(start..end).unwrap_or("");
        error(format!("nothing follows `{last}`"), start, end)
            .with_help("a variable, a text in double quotes or a number belongs here".to_owned())
    }

    /// The token stands where an operand must.
    fn no_operand(&self, token: Token<'t>) -> ConditionError {
        let source = self.source(token);
        let fault = error(
            format!("`{source}` stands where a variable or a literal is expected"),
            token.start,
            token.end,
        );
        match token.kind {
            Kind::Operator(_) if operators::word(source).is_some() => fault.with_help(format!(
                "`{source}` is an operator; a variable of that name needs single quotes"
            )),
            Kind::Operator(_) => fault.with_help("an operand is missing before it".to_owned()),
            Kind::Open => {
                fault.with_help("parentheses go around comparisons, not operands".to_owned())
            }
            _ => fault,
        }
    }

    /// The token stands behind a whole part of the condition and continues nothing.
    fn unexpected(&self, token: Token<'t>) -> ConditionError {
        let source = self.source(token);
        let (message, help) = match token.kind {
            Kind::Close => ("this `)` closes nothing".to_owned(), None),
            Kind::Operator(Operator::Relation(_)) => (
                format!("`{source}` has no operand of its own before it"),
                Some("compare two operands at a time, and join comparisons with `and` or `or`"),
            ),
            Kind::Number(text) if text.starts_with('-') => (
                format!("no operator stands before `{source}`"),
                Some("a condition does not calculate; let a policy do it before"),
            ),
            _ => (
                format!("no operator stands before `{source}`"),
                Some("join comparisons with `and` or `or`"),
            ),
        };
        let fault = error(message, token.start, token.end);
        match help {
            Some(help) => fault.with_help(help.to_owned()),
            None => fault,
        }
    }

    fn check_bare(&mut self, operand: &Operand, token: Token<'t>) {
        if operand.is_literal() {
            let message = format!("the literal `{}` is a term of its own", self.source(token));
            self.find("CC001", token.start, token.end, message, None);
        }
    }

    /// Compiles a regular expression and reports what is odd about a right side.
    fn check_right(
        &mut self,
        relation: Relation,
        left: &Operand,
        right: &Operand,
        token: Token<'t>,
    ) -> Result<(), ConditionError> {
        let wants_literal = match relation {
            Relation::JavaRegex
            | Relation::Matches
            | Relation::NotMatches
            | Relation::MatchesPath
            | Relation::EqualsCaseInsensitive => true,
            Relation::Equals
            | Relation::NotEquals
            | Relation::Greater
            | Relation::GreaterOrEquals
            | Relation::Lesser
            | Relation::LesserOrEquals
            | Relation::StartsWith => false,
        };
        match right {
            Operand::Variable(name) => {
                let quoted = matches!(token.kind, Kind::QuotedName(_));
                if quoted && matches!(VarRef::parse(name).place(), Place::Named) {
                    let message = format!("'{name}' is a variable, not a text");
                    let help = format!("write \"{name}\" if the text is meant");
                    self.find("CC007", token.start, token.end, message, Some(help));
                } else if wants_literal {
                    let name = relation.name();
                    let message = format!("the right side of `{name}` is a variable");
                    let help = "put a text in double quotes; the variable's value is taken";
                    self.find("CC007", token.start, token.end, message, Some(help.to_owned()));
                }
            }
            Operand::Text(pattern) if relation == Relation::JavaRegex => {
                self.patterns.push_back(JavaRegex::compile(pattern, Reach::Whole).map_err(
                    |reason| {
                        let message = format!("`{pattern}` is no regular expression: {reason}");
                        error(message, token.start, token.end)
                    },
                )?);
            }
            Operand::Text(pattern) if relation == Relation::MatchesPath => {
                self.check_path_pattern(left, pattern, token);
            }
            Operand::Number(_) | Operand::Boolean(_) | Operand::Null
                if wants_literal && relation != Relation::EqualsCaseInsensitive =>
            {
                let message = format!("`{}` takes a text on its right", relation.name());
                self.find("CC007", token.start, token.end, message, None);
            }
            Operand::Text(_) | Operand::Number(_) | Operand::Boolean(_) | Operand::Null => {}
        }
        Ok(())
    }

    fn check_path_pattern(&mut self, left: &Operand, pattern: &str, token: Token<'t>) {
        let Operand::Variable(name) = left else { return };
        let is_path = matches!(
            VarRef::parse(name).place(),
            Place::Fixed(VarId::ProxyPathsuffix | VarId::ProxyBasepath)
                | Place::Message(_, Part::Path | Part::Uri)
        );
        if is_path && !pattern.starts_with('/') {
            let message = format!("the pattern has no leading slash and never matches `{name}`");
            let help = format!("write \"/{pattern}\"");
            self.find("GW122", token.start, token.end, message, Some(help));
        }
        if is_path && pattern.contains('?') && !name.ends_with(".uri") {
            let message = format!("the pattern has a `?`, which `{name}` never holds");
            let help = "compare query parameters by `request.queryparam.NAME`";
            self.find("GW123", token.start, token.end, message, Some(help.to_owned()));
        }
    }

    /// Findings about the condition as a whole.
    fn measure(&mut self) {
        let trimmed = self.text.trim();
        let start = self.text.len() - self.text.trim_start().len();
        let chars = trimmed.chars().count();
        if chars > LENGTH_CHARS_MAX {
            let message =
                format!("the condition has {chars} characters, more than {LENGTH_CHARS_MAX}");
            self.find("CC003", start, self.end, message, None);
        }
    }

    /// What the parts say together.
    fn weigh(&mut self, expr: &Expr) {
        let start = self.text.len() - self.text.trim_start().len();
        let message = match absurdity::of(expr) {
            Some(Absurdity::NeverHolds) => "the condition never holds, whatever the request",
            Some(Absurdity::AlwaysHolds) => "the condition always holds, whatever the request",
            None => return,
        };
        self.find("CC006", start, self.end, message, None);
    }

    fn find(
        &mut self,
        code: &'static str,
        start: usize,
        end: usize,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.findings.push(ConditionFinding { code, message: message.into(), start, end, help });
    }
}

impl Operand {
    fn is_literal(&self) -> bool {
        match self {
            Self::Variable(_) => false,
            Self::Text(_) | Self::Number(_) | Self::Boolean(_) | Self::Null => true,
        }
    }
}

/// The lexer has seen to its form. A whole number past 64 bits is a Double.
fn numeral(text: &str) -> Numeral {
    let digits = text.trim_end_matches(['f', 'F', 'd', 'D', 'l', 'L']);
    let double = || Number::Double(digits.parse().unwrap_or(f64::INFINITY));
    let value = match text.as_bytes().last() {
        Some(b'f' | b'F') => Number::Float(digits.parse().unwrap_or(f32::INFINITY)),
        Some(b'd' | b'D') => double(),
        _ => number_of(digits).unwrap_or_else(double),
    };
    Numeral { text: text.to_owned(), value }
}
