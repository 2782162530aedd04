//! A condition's text to tokens.
//!
//! Source: Apigee docs, "Conditions reference"; `&gt;` and its kin also occur escaped twice in
//! public bundles, so that they stand in the text after XML was read.

use crate::condition::ConditionError;
use crate::condition::operators::{self, Operator};

/// A token and its bytes `start..end` of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'t> {
    Open,
    Close,
    Operator(Operator),
    /// A name that is no operator.
    Name(&'t str),
    /// A name that stood in single quotes.
    QuotedName(&'t str),
    /// A text that stood in double quotes.
    Text(&'t str),
    Number(&'t str),
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Option<Token<'t>>, ConditionError> {
        let rest = self.rest().trim_start();
        self.at = self.text.len() - rest.len();
        let start = self.at;
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let kind = match first {
            '(' => self.take(1, Kind::Open),
            ')' => self.take(1, Kind::Close),
            '"' => Kind::Text(self.quoted('"')?),
            '\'' => Kind::QuotedName(self.quoted_name()?),
            'a'..='z' | 'A'..='Z' => self.word(),
            '0'..='9' => self.number()?,
            '-' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            _ if operator_char(rest).is_some() => self.operator()?,
            _ => return Err(stranger(first, start)),
        };
        Ok(Some(Token { kind, start, end: self.at }))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, bytes: usize, kind: Kind<'t>) -> Kind<'t> {
        self.at += bytes;
        kind
    }

    /// What stands between this quote and the next one; there is no escape.
    fn quoted(&mut self, quote: char) -> Result<&'t str, ConditionError> {
        let start = self.at;
        let inner = self.rest().get(1..).unwrap_or("");
        let Some(length) = inner.find(quote) else {
            return Err(ConditionError {
                code: "CC005",
                message: format!("the string that starts here has no closing `{quote}`"),
                start,
                end: self.text.trim_end().len(),
                help: Some(format!("close it with `{quote}`")),
            });
        };
        self.at += length + 2;
        Ok(&inner[..length])
    }

    fn quoted_name(&mut self) -> Result<&'t str, ConditionError> {
        let start = self.at;
        let name = self.quoted('\'')?;
        if name.trim().is_empty() {
            let message = "the variable name between the quotes is empty";
            return Err(error(message.to_owned(), start, self.at)
                .with_help("write an empty text as `\"\"`".to_owned()));
        }
        Ok(name)
    }

    fn word(&mut self) -> Kind<'t> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| operators::is_name_byte(*byte)).count();
        let word = &rest[..length];
        self.at += length;
        match operators::word(word) {
            Some(operator) => Kind::Operator(operator),
            None => Kind::Name(word),
        }
    }

    /// `-?digits[.digits][f|F|d|D|l|L]`
    fn number(&mut self) -> Result<Kind<'t>, ConditionError> {
        let rest = self.rest();
        let digits = |from: usize| rest.bytes().skip(from).take_while(u8::is_ascii_digit).count();
        let mut length = usize::from(rest.starts_with('-'));
        length += digits(length);
        let fraction = match rest.as_bytes().get(length) {
            Some(b'.') => digits(length + 1),
            _ => 0,
        };
        let whole = fraction == 0;
        if !whole {
            length += 1 + fraction;
        }
        match rest.as_bytes().get(length) {
            Some(b'f' | b'F' | b'd' | b'D') => length += 1,
            Some(b'l' | b'L') if whole => length += 1,
            _ => {}
        }
        let run = rest.bytes().take_while(|byte| operators::is_name_byte(*byte)).count();
        if run > length {
            let message = format!("`{}` is no number", &rest[..run]);
            return Err(error(message, self.at, self.at + run).with_help(
                "a number is digits, a fraction and one of the suffixes l, f, d; \
                 put a text in double quotes"
                    .to_owned(),
            ));
        }
        self.at += length;
        Ok(Kind::Number(&rest[..length]))
    }

    fn operator(&mut self) -> Result<Kind<'t>, ConditionError> {
        // A symbol has two characters at most, and the one behind it decides with it.
        let head: String = operator_run(self.rest()).take(3).map(|(c, _)| c).collect();
        // All symbols are ASCII: their bytes count their characters.
        let found = operators::symbol(&head).filter(|(operator, chars)| {
            let next = head.as_bytes().get(*chars);
            match operator {
                Operator::Not => true,
                Operator::And | Operator::Or => matches!(next, None | Some(b'!')),
                Operator::Relation(_) | Operator::True | Operator::False | Operator::Null => {
                    next.is_none()
                }
            }
        });
        let Some((operator, chars)) = found else {
            let (run, widths): (String, Vec<usize>) = operator_run(self.rest()).unzip();
            let end = self.at + widths.iter().sum::<usize>();
            return Err(error(format!("`{run}` is no operator"), self.at, end)
                .with_help(operators::help_for_symbol(&run)));
        };
        let widths = operator_run(self.rest()).take(chars).map(|(_, bytes)| bytes);
        self.at += widths.sum::<usize>();
        Ok(Kind::Operator(operator))
    }
}

/// The operator characters that the text starts with, and the bytes that each takes.
fn operator_run(text: &str) -> impl Iterator<Item = (char, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (c, bytes) = operator_char(rest)?;
        rest = &rest[bytes..];
        Some((c, bytes))
    })
}

fn operator_char(text: &str) -> Option<(char, usize)> {
    for (entity, c) in [("&gt;", '>'), ("&lt;", '<'), ("&amp;", '&')] {
        if text.starts_with(entity) {
            return Some((c, entity.len()));
        }
    }
    let c = text.chars().next()?;
    matches!(c, '=' | '!' | '<' | '>' | '~' | '/' | '|' | '&' | ':').then_some((c, 1))
}

fn stranger(c: char, start: usize) -> ConditionError {
    let help = match c {
        '+' | '-' | '*' | '%' | '^' => "a condition does not calculate; let a policy do it before",
        '{' | '}' | '$' => "a condition names a variable as it is, without braces",
        '“' | '”' | '„' | '«' | '»' => "put texts in straight double quotes",
        '‘' | '’' | '`' => "put variable names in straight single quotes",
        _ => "put a variable name with such a character in single quotes",
    };
    error(format!("`{c}` means nothing in a condition"), start, start + c.len_utf8())
        .with_help(help.to_owned())
}

pub(super) fn error(message: String, start: usize, end: usize) -> ConditionError {
    ConditionError { code: "CC007", message, start, end, help: None }
}

impl ConditionError {
    pub(super) fn with_help(mut self, help: String) -> Self {
        self.help = Some(help);
        self
    }
}
