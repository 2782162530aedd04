//! An expression's text to tokens.
//!
//! Source: XPath 1.0, section 3.7, with its two rules for what `*` and a name mean behind an
//! operand.

use crate::xml::scan::{continues_name, is_white_space, starts_name};
use crate::xpath::XPathError;
use crate::xpath::ast::{Arithmetic, Comparison};

/// A token and its bytes `start..end` of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) token: Kind<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'t> {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Dot,
    DotDot,
    At,
    Comma,
    ColonColon,
    Slash,
    SlashSlash,
    Pipe,
    And,
    Or,
    Comparison(Comparison),
    /// `+`, `-`, and behind an operand `*`, `div`, `mod`.
    Arithmetic(Arithmetic),
    /// `*` as a test.
    Star,
    /// `prefix:*`
    PrefixStar(&'t str),
    /// The prefix is empty where there is none.
    Name {
        prefix: &'t str,
        local: &'t str,
    },
    Literal(&'t str),
    Number(f64),
    Variable,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, XPathError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    loop {
        let rest = lexer.rest().trim_start_matches(is_white_space);
        lexer.at = text.len() - rest.len();
        let start = lexer.at;
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let behind_operand = tokens.last().is_some_and(|before| ends_operand(before.token));
        let token = lexer.token(first, behind_operand)?;
        tokens.push(Token { token, start, end: lexer.at });
    }
}

fn ends_operand(token: Kind<'_>) -> bool {
    match token {
        Kind::Close
        | Kind::CloseBracket
        | Kind::Dot
        | Kind::DotDot
        | Kind::Star
        | Kind::PrefixStar(_)
        | Kind::Name { .. }
        | Kind::Literal(_)
        | Kind::Number(_)
        | Kind::Variable => true,
        Kind::Open
        | Kind::OpenBracket
        | Kind::At
        | Kind::Comma
        | Kind::ColonColon
        | Kind::Slash
        | Kind::SlashSlash
        | Kind::Pipe
        | Kind::And
        | Kind::Or
        | Kind::Comparison(_)
        | Kind::Arithmetic(_) => false,
    }
}

/// Longer ones before those that they begin with.
const SYMBOLS: &[(&str, Kind<'static>)] = &[
    ("(", Kind::Open),
    (")", Kind::Close),
    ("[", Kind::OpenBracket),
    ("]", Kind::CloseBracket),
    ("..", Kind::DotDot),
    ("@", Kind::At),
    (",", Kind::Comma),
    ("::", Kind::ColonColon),
    ("//", Kind::SlashSlash),
    ("/", Kind::Slash),
    ("|", Kind::Pipe),
    ("+", Kind::Arithmetic(Arithmetic::Add)),
    ("-", Kind::Arithmetic(Arithmetic::Subtract)),
    ("=", Kind::Comparison(Comparison::Equal)),
    ("!=", Kind::Comparison(Comparison::NotEqual)),
    ("<=", Kind::Comparison(Comparison::LessOrEqual)),
    ("<", Kind::Comparison(Comparison::Less)),
    (">=", Kind::Comparison(Comparison::GreaterOrEqual)),
    (">", Kind::Comparison(Comparison::Greater)),
];

const WORDS: &[(&str, Kind<'static>)] = &[
    ("and", Kind::And),
    ("or", Kind::Or),
    ("div", Kind::Arithmetic(Arithmetic::Divide)),
    ("mod", Kind::Arithmetic(Arithmetic::Modulo)),
];

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self, first: char, behind_operand: bool) -> Result<Kind<'t>, XPathError> {
        let start = self.at;
        let rest = self.rest();
        let second = rest.chars().nth(1);
        if matches!(first, '"' | '\'') {
            return self.literal(first);
        }
        if first.is_ascii_digit() || first == '.' && second.is_some_and(|c| c.is_ascii_digit()) {
            return Ok(self.number());
        }
        if first == '*' {
            self.at += 1;
            let times = Kind::Arithmetic(Arithmetic::Multiply);
            return Ok(if behind_operand { times } else { Kind::Star });
        }
        if first == '$' {
            self.at += 1;
            self.name();
            self.at += usize::from(self.rest().starts_with(':'));
            self.name();
            return Ok(Kind::Variable);
        }
        for (symbol, token) in SYMBOLS {
            if rest.starts_with(symbol) {
                self.at += symbol.len();
                return Ok(*token);
            }
        }
        if first == '.' {
            self.at += 1;
            return Ok(Kind::Dot);
        }
        if !starts_name(first) {
            let message = format!("`{first}` does not belong into an expression");
            return Err(error(message, start, start + first.len_utf8()));
        }
        if !behind_operand {
            return Ok(self.qualified());
        }
        let word = self.name();
        let operator = WORDS.iter().find(|(known, _)| *known == word);
        operator.map(|(_, token)| *token).ok_or_else(|| {
            error(format!("`{word}` where an operator should stand"), start, self.at)
        })
    }

    fn literal(&mut self, quote: char) -> Result<Kind<'t>, XPathError> {
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some((literal, _)) = inside.split_once(quote) else {
            return Err(error("this quote is never closed", self.at, self.text.len()));
        };
        self.at += literal.len() + 2;
        Ok(Kind::Literal(literal))
    }

    /// Digits, a dot, digits; no sign, no exponent (3.5).
    fn number(&mut self) -> Kind<'t> {
        let rest = self.rest();
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let mut length = digits(rest);
        if let Some(fraction) = rest.get(length..).and_then(|rest| rest.strip_prefix('.')) {
            length += 1 + digits(fraction);
        }
        self.at += length;
        let spelt = rest.get(..length).unwrap_or_default();
        Kind::Number(spelt.parse().unwrap_or(f64::NAN))
    }

    fn qualified(&mut self) -> Kind<'t> {
        let first = self.name();
        let after = self.rest().strip_prefix(':').and_then(|rest| rest.chars().next());
        match after {
            Some('*') => {
                self.at += 2;
                Kind::PrefixStar(first)
            }
            Some(c) if starts_name(c) => {
                self.at += 1;
                Kind::Name { prefix: first, local: self.name() }
            }
            _ => Kind::Name { prefix: "", local: first },
        }
    }

    /// Without a colon; it may be empty.
    fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

pub(super) fn error(message: impl Into<String>, start: usize, end: usize) -> XPathError {
    XPathError { message: message.into(), start, end }
}
