//! A path's text to its steps.
//!
//! Source: Jayway JsonPath 2.9, `PathCompiler` and `FilterCompiler`. A text that does not start
//! with `$` or `@` is read as if `$.` stood before it, so that `.a` means `$..a`.

use crate::json::Value;
use crate::jsonpath::ast::{
    Call, Filter, Function, Operand, Origin, Path, Relation, Selector, Step,
};
use crate::jsonpath::pattern::Pattern;
use crate::jsonpath::{JsonPathError, NESTING_MAX, PATH_BYTES_MAX};

const IMPLIED: &str = "$.";

const FUNCTIONS: &[(&str, Function)] = &[
    ("min", Function::Min),
    ("max", Function::Max),
    ("avg", Function::Avg),
    ("stddev", Function::Stddev),
    ("sum", Function::Sum),
    ("length", Function::Length),
    ("size", Function::Length),
    ("keys", Function::Keys),
    ("first", Function::First),
    ("last", Function::Last),
    ("index", Function::Index),
    ("concat", Function::Concat),
];

/// Longer ones before those that they begin with.
const SYMBOLS: &[(&str, Relation)] = &[
    ("===", Relation::StrictlyEqual),
    ("!==", Relation::StrictlyNotEqual),
    ("==", Relation::Equal),
    ("!=", Relation::NotEqual),
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("<", Relation::Less),
    (">", Relation::Greater),
];

const WORDS: &[(&str, Relation)] = &[
    ("in", Relation::In),
    ("nin", Relation::NotIn),
    ("subsetof", Relation::SubsetOf),
    ("anyof", Relation::AnyOf),
    ("noneof", Relation::NoneOf),
    ("all", Relation::All),
    ("contains", Relation::Contains),
    ("size", Relation::Size),
    ("empty", Relation::Empty),
];

pub(super) fn parse(text: &str) -> Result<Path, JsonPathError> {
    let refuse = |message: String| JsonPathError { message, start: 0, end: text.len() };
    if text.len() > PATH_BYTES_MAX {
        let message =
            format!("the path is {} bytes long; the limit is {PATH_BYTES_MAX}", text.len());
        return Err(refuse(message));
    }
    let lead = text.len() - text.trim_start().len();
    let path = text.trim();
    if path.is_empty() {
        return Err(refuse("the path is empty".to_owned()));
    }
    if path.starts_with(['$', '@']) {
        return Parser { text: path, at: 0 }.whole().map_err(|error| moved(error, lead, 0, text));
    }
    let whole = format!("{IMPLIED}{path}");
    Parser { text: &whole, at: 0 }.whole().map_err(|error| moved(error, lead, IMPLIED.len(), text))
}

/// An error's place in the text as it was written.
fn moved(error: JsonPathError, lead: usize, implied: usize, text: &str) -> JsonPathError {
    let place = |at: usize| (at.saturating_sub(implied) + lead).min(text.len());
    JsonPathError { message: error.message, start: place(error.start), end: place(error.end) }
}

/// Where a path stands decides what ends a name in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Filter,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Result<Path, JsonPathError> {
        let path = self.path(Place::Alone, 0)?;
        match self.rest().chars().next() {
            None => Ok(path),
            Some(_) if path.function.is_some() => {
                let end = self.text.len();
                Err(error("a function ends the path", self.at, end))
            }
            Some(c) => Err(self.stranger(c, "`.` or `[`")),
        }
    }

    /// From its `$` or `@` on.
    fn path(&mut self, place: Place, depth: usize) -> Result<Path, JsonPathError> {
        if depth > NESTING_MAX {
            let message = format!("the path nests deeper than {NESTING_MAX} levels");
            return Err(error(message, self.at, self.at));
        }
        let origin = if self.rest().starts_with('@') { Origin::Current } else { Origin::Document };
        self.at += 1;
        let mut path = Path { origin, steps: Vec::new(), function: None };
        loop {
            let start = self.at;
            let deep = self.accept("..");
            let dotted = deep || self.accept(".");
            if self.accept("[") {
                let selector = self.bracket(start, depth)?;
                path.steps.push(Step { deep, selector });
            } else if !dotted {
                return Ok(path);
            } else if self.accept("*") {
                path.steps.push(Step { deep, selector: Selector::Wildcard });
            } else {
                let name = self.name(place)?;
                if !self.rest().starts_with('(') {
                    path.steps.push(Step { deep, selector: Selector::Name(name.into()) });
                    continue;
                }
                if deep {
                    return Err(error("a function cannot follow `..`", start, self.at));
                }
                path.function = Some(self.call(name, depth)?);
                return Ok(path);
            }
        }
    }

    fn name(&mut self, place: Place) -> Result<&'t str, JsonPathError> {
        let ends = |c: char| match place {
            Place::Alone => matches!(c, '.' | '[' | '(') || c.is_whitespace(),
            Place::Filter => {
                c.is_whitespace()
                    || matches!(
                        c,
                        '.' | '['
                            | ']'
                            | '('
                            | ')'
                            | '<'
                            | '>'
                            | '='
                            | '~'
                            | '!'
                            | '&'
                            | '|'
                            | ','
                            | '\''
                            | '"'
                    )
            }
        };
        let rest = self.rest();
        let (name, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        if name.is_empty() {
            return Err(match after.chars().next() {
                None => error("the path ends in a dot", self.at.saturating_sub(1), self.at),
                Some(c) => self.stranger(c, "a name"),
            });
        }
        self.at += name.len();
        let white_space = after.chars().next().filter(|c| c.is_whitespace());
        if let Some(c) = white_space.filter(|_| place == Place::Alone) {
            let message = "a name with white space must stand in brackets and quotes";
            return Err(error(message, self.at, self.at + c.len_utf8()));
        }
        Ok(name)
    }

    /// From the `(` behind the function's name on.
    fn call(&mut self, name: &str, depth: usize) -> Result<Call, JsonPathError> {
        let start = self.at - name.len();
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            return Err(error(format!("`{name}` is no function"), start, self.at));
        };
        self.at += 1;
        let mut arguments = Vec::new();
        self.skip_white_space();
        while !self.accept(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.operand(depth)?);
            self.skip_white_space();
        }
        Ok(Call { function: *function, arguments })
    }

    /// What stands behind `[`, and its `]`.
    fn bracket(&mut self, start: usize, depth: usize) -> Result<Selector, JsonPathError> {
        self.skip_white_space();
        let selector = match self.rest().chars().next() {
            Some('\'' | '"') => self.names()?,
            Some('*') => {
                self.at += 1;
                Selector::Wildcard
            }
            Some('?') => {
                self.at += 1;
                Selector::Filter(self.any(depth + 1)?)
            }
            Some('(') => self.counted_from_end()?,
            Some('0'..='9' | '-' | ':') => self.indexes()?,
            Some(c) => return Err(self.stranger(c, "a quote, a number, `*` or `?`")),
            None => return Err(error("this `[` is never closed", start, self.at)),
        };
        self.skip_white_space();
        if self.rest().is_empty() {
            return Err(error("this `[` is never closed", start, self.at));
        }
        self.expect("]")?;
        Ok(selector)
    }

    fn names(&mut self) -> Result<Selector, JsonPathError> {
        let mut names: Vec<Box<str>> = Vec::new();
        loop {
            self.skip_white_space();
            let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '\'' | '"')) else {
                return Err(error("a name in quotes is missing", self.at, self.at));
            };
            names.push(self.quoted(quote)?.into());
            self.skip_white_space();
            if !self.accept(",") {
                break;
            }
        }
        Ok(match <[Box<str>; 1]>::try_from(names) {
            Ok([name]) => Selector::Name(name),
            Err(names) => Selector::Names(names),
        })
    }

    /// `(@.length-1)`, an index that counts from the end.
    fn counted_from_end(&mut self) -> Result<Selector, JsonPathError> {
        let start = self.at;
        let rest = self.rest();
        let inner = rest.get(1..).and_then(|rest| rest.split(']').next()).unwrap_or_default();
        let compact: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
        let back = compact
            .strip_suffix(')')
            .and_then(|text| text.strip_prefix("@.length"))
            .map(|text| text.strip_prefix("()").unwrap_or(text))
            .and_then(|text| text.strip_prefix('-'))
            .and_then(|text| text.parse::<u32>().ok())
            .filter(|back| *back > 0);
        self.at += 1 + inner.len();
        match back {
            Some(back) => Ok(Selector::Index(-i64::from(back))),
            None => Err(error("an index is a number or `(@.length-1)`", start, self.at)),
        }
    }

    fn indexes(&mut self) -> Result<Selector, JsonPathError> {
        let start = self.at;
        let rest = self.rest();
        let inner = rest.split(']').next().unwrap_or_default();
        self.at += inner.len();
        let number = |text: &str| {
            let text = text.trim();
            text.parse::<i32>().map(i64::from).map_err(|_| {
                let message = format!("`{text}` is no index");
                error(message, start, start + inner.trim_end().len())
            })
        };
        if !inner.contains(':') {
            let indexes = inner.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
            return Ok(match indexes.as_slice() {
                [index] => Selector::Index(*index),
                _ => Selector::Indexes(indexes),
            });
        }
        let mut bounds = [None; 3];
        let mut parts = inner.split(':');
        for (bound, part) in bounds.iter_mut().zip(parts.by_ref()) {
            if !part.trim().is_empty() {
                *bound = Some(number(part)?);
            }
        }
        if parts.next().is_some() {
            let message = "a slice has a start, an end and a step";
            return Err(error(message, start, self.at));
        }
        let [first, end, step] = bounds;
        Ok(Selector::Slice { start: first, end, step: step.unwrap_or(1) })
    }

    fn any(&mut self, depth: usize) -> Result<Filter, JsonPathError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.accept_spaced("||") {
            parts.push(self.all(depth)?);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, JsonPathError> {
        let first = self.term(depth)?;
        let mut parts = vec![first];
        while self.accept_spaced("&&") {
            parts.push(self.term(depth)?);
        }
        Ok(single(parts, Filter::All))
    }

    fn term(&mut self, depth: usize) -> Result<Filter, JsonPathError> {
        self.skip_white_space();
        let start = self.at;
        if depth > NESTING_MAX {
            let message = format!("the path nests deeper than {NESTING_MAX} levels");
            return Err(error(message, start, start));
        }
        if self.accept("!") {
            return Ok(Filter::Not(Box::new(self.term(depth + 1)?)));
        }
        if !self.accept("(") {
            return self.comparison(depth);
        }
        let inner = self.any(depth + 1)?;
        self.skip_white_space();
        if !self.accept(")") {
            return Err(match self.rest().chars().next() {
                None => error("this `(` is never closed", start, start + 1),
                Some(c) => self.stranger(c, "an operator or `)`"),
            });
        }
        Ok(inner)
    }

    fn comparison(&mut self, depth: usize) -> Result<Filter, JsonPathError> {
        let start = self.at;
        let left = self.operand(depth)?;
        let end = self.at;
        self.skip_white_space();
        let rest = self.rest();
        if rest.is_empty() || rest.starts_with([')', ']', '&', '|']) {
            return match left {
                Operand::Path(path) => Ok(Filter::Exists(path)),
                Operand::Literal(_) => Err(error("a value alone is no condition", start, end)),
            };
        }
        if self.accept("=~") {
            return Ok(Filter::Matches { text: left, pattern: self.pattern()? });
        }
        let relation = self.relation()?;
        let right = self.operand(depth)?;
        Ok(Filter::Compare { left, relation, right })
    }

    fn relation(&mut self) -> Result<Relation, JsonPathError> {
        for (symbol, relation) in SYMBOLS {
            if self.accept(symbol) {
                return Ok(*relation);
            }
        }
        let rest = self.rest();
        let word_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = rest.get(..word_end).unwrap_or_default();
        let known = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        let Some((_, relation)) = known else {
            let shown = rest.chars().next().map_or(0, char::len_utf8).max(word.len());
            return Err(error("an operator is missing", self.at, self.at + shown));
        };
        self.at += word.len();
        Ok(*relation)
    }

    fn pattern(&mut self) -> Result<Pattern, JsonPathError> {
        self.skip_white_space();
        let start = self.at;
        self.expect("/")?;
        let rest = self.rest();
        let mut escaped = false;
        let closing = rest.char_indices().find(|(_, c)| {
            let closes = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((length, _)) = closing else {
            return Err(error("this pattern is never closed", start, self.text.len()));
        };
        let (body, after) = rest.split_at(length);
        let after = after.get(1..).unwrap_or_default();
        let flags_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let flags = after.get(..flags_end).unwrap_or_default();
        self.at += length + 1 + flags.len();
        // A slash that ends no pattern is written `\/`, which the engine does not know.
        Pattern::compile(&body.replace("\\/", "/"), flags)
            .map_err(|reason| error(format!("no pattern: {reason}"), start, self.at))
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, JsonPathError> {
        self.skip_white_space();
        if self.rest().starts_with(['$', '@']) {
            return Ok(Operand::Path(self.path(Place::Filter, depth + 1)?));
        }
        Ok(Operand::Literal(self.literal(depth)?))
    }

    fn literal(&mut self, depth: usize) -> Result<Value<'static>, JsonPathError> {
        self.skip_white_space();
        let start = self.at;
        if depth > NESTING_MAX {
            let message = format!("the path nests deeper than {NESTING_MAX} levels");
            return Err(error(message, start, start));
        }
        match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => Ok(Value::from(self.quoted(quote)?)),
            Some('[') => self.list(depth),
            Some('{') => self.object(),
            _ => self.word(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'static>, JsonPathError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_white_space();
        while !self.accept("]") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.literal(depth + 1)?);
            self.skip_white_space();
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self) -> Result<Value<'static>, JsonPathError> {
        let mut values =
            serde_json::Deserializer::from_str(self.rest()).into_iter::<serde_json::Value>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(Value::from(value))
            }
            _ => Err(error("this is no JSON object", self.at, self.text.len())),
        }
    }

    /// A number, `true`, `false`, `null`, or a text that was left without quotes.
    fn word(&mut self) -> Result<Value<'static>, JsonPathError> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, ')' | ']' | ',' | '&' | '|' | '(' | '[' | '=' | '<' | '>')
            })
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        if word.is_empty() {
            return Err(match rest.chars().next() {
                None => error("a value is missing", self.at, self.at),
                Some(c) => self.stranger(c, "a value"),
            });
        }
        self.at += length;
        Ok(match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => number(word).unwrap_or_else(|| Value::from(word.to_owned())),
        })
    }

    /// From the opening quote to behind the closing one, escapes resolved.
    fn quoted(&mut self, quote: char) -> Result<String, JsonPathError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 1;
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().map(|(_, escaped)| escaped) {
                None => break,
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('b') => text.push('\u{8}'),
                Some('f') => text.push('\u{C}'),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
                    let code = u32::from_str_radix(&digits, 16).ok();
                    let Some(c) = code.and_then(char::from_u32).filter(|_| digits.len() == 4)
                    else {
                        let end = (start + at + 2 + digits.len()).min(self.text.len());
                        return Err(error("`\\u` names no character", start + at, end));
                    };
                    text.push(c);
                }
                Some(other) => text.push(other),
            }
        }
        Err(error("this quote is never closed", start, self.text.len()))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_white_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn accept_spaced(&mut self, symbol: &str) -> bool {
        self.skip_white_space();
        self.accept(symbol)
    }

    fn expect(&mut self, symbol: &str) -> Result<(), JsonPathError> {
        if self.accept(symbol) {
            return Ok(());
        }
        Err(match self.rest().chars().next() {
            None => error(format!("a `{symbol}` is missing"), self.at, self.at),
            Some(c) => self.stranger(c, &format!("`{symbol}`")),
        })
    }

    fn stranger(&self, c: char, expected: &str) -> JsonPathError {
        let message = format!("`{c}` where {expected} should stand");
        error(message, self.at, self.at + c.len_utf8())
    }
}

fn number(word: &str) -> Option<Value<'static>> {
    if !word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) {
        return None;
    }
    if let Ok(integer) = word.parse::<i64>() {
        return Some(Value::from(integer));
    }
    word.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

fn single(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

fn error(message: impl Into<String>, start: usize, end: usize) -> JsonPathError {
    JsonPathError { message: message.into(), start, end }
}
