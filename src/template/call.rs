//! A call of a template function: its text to arguments, and its result.
//!
//! Source: Apigee docs, "Message templates": no spaces inside a call, texts in single quotes, no
//! call inside another. GW121 is what reads as a call and is none. Unknown: what the platform makes of the deviations that public bundles have: spaces
//! between arguments, double quotes, a path or a format without quotes. We read them as they are
//! meant, and say so (GW124, also for a text that its function cannot use).

use crate::diag::{Diagnostics, Span};
use crate::message::MessageContext;
use crate::regex::{Generator, JavaRegex, Reach};
use crate::template::functions::kind::{Argument, Arguments, Code, Function, Kind, Run};
use crate::template::{Unresolved, UnresolvedVariable, date_format, functions};
use crate::variable::{Bind, Bindable, NAME_BYTES_MAX, VarRef};

/// The text of a longer call is text.
const CALL_BYTES_MAX: usize = 8 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Call {
    code: Code,
    arguments: Box<[Argument]>,
}

/// What the text of a call becomes.
pub(super) enum Parsed {
    Call(Call),
    /// Its result, which never changes.
    Text(String),
    /// It stays as it is, and the reason was reported.
    Refused,
}

/// A call as it stands in the text.
pub(super) struct Written<'t> {
    pub(super) function: &'static Function,
    /// Where it ends, in bytes from where it starts.
    pub(super) length: usize,
    arguments: Vec<Word<'t>>,
    /// Whether spaces stand around an argument.
    spaced: bool,
}

struct Word<'t> {
    text: &'t str,
    quotes: Quotes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Single,
    Double,
    None,
}

/// A call of a known function at the start of the text. `None` where there is none, or where
/// what follows the name does not read as arguments.
pub(super) fn read(text: &str) -> Option<Written<'_>> {
    let name_bytes = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = text.split_at(name_bytes);
    let function = rest.starts_with('(').then(|| functions::find(name))??;
    let mut reader = Reader { text, at: name_bytes + 1, spaced: false };
    let mut arguments = Vec::new();
    reader.skip_spaces();
    if !reader.take(')') {
        loop {
            reader.skip_spaces();
            arguments.push(reader.word()?);
            reader.skip_spaces();
            if reader.take(')') {
                break;
            }
            let may_go_on = reader.take(',') && reader.at <= CALL_BYTES_MAX;
            may_go_on.then_some(())?;
        }
    }
    (reader.at <= CALL_BYTES_MAX).then_some(())?;
    Some(Written { function, length: reader.at, arguments, spaced: reader.spaced })
}

/// Reports what reads as a call and is none that [`read`] knows; it stays text.
pub(super) fn report_other(name: &str, span: Span, diags: &mut Diagnostics) {
    let what = match functions::find(name) {
        Some(_) => "is not called as documented",
        None => "is no message template function",
    };
    report_text(format!("`{name}` {what}"), span, diags);
}

fn report_text(reason: String, span: Span, diags: &mut Diagnostics) {
    diags.warning("GW121", span, format!("{reason}; the call stays text"));
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    spaced: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn skip_spaces(&mut self) {
        while self.take(' ') {
            self.spaced = true;
        }
    }

    fn word(&mut self) -> Option<Word<'t>> {
        for (mark, quotes) in [('\'', Quotes::Single), ('"', Quotes::Double)] {
            if self.take(mark) {
                let ends = |c: char| c == mark || matches!(c, '\n' | '\r');
                let text = self.taken(self.ahead().find(ends)?);
                return self.take(mark).then_some(Word { text, quotes });
            }
        }
        let mut depth = 0_usize;
        for (at, c) in self.ahead().char_indices() {
            match c {
                ',' | ')' if depth == 0 => return Some(self.bare(at)),
                ' ' if depth == 0 => return Some(self.bare(at)),
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                '\'' | '"' if depth == 0 => return None,
                '{' | '}' | '\n' | '\r' | '\t' => return None,
                _ => {}
            }
        }
        None
    }

    fn bare(&mut self, length: usize) -> Word<'t> {
        Word { text: self.taken(length), quotes: Quotes::None }
    }

    fn taken(&mut self, length: usize) -> &'t str {
        let text = self.rest().get(..length).unwrap_or("");
        self.at += text.len();
        text
    }

    /// What a word can be part of.
    fn ahead(&self) -> &'t str {
        let rest = self.rest();
        rest.get(..rest.floor_char_boundary(CALL_BYTES_MAX)).unwrap_or(rest)
    }
}

impl Written<'_> {
    /// Reports what is not as documented, at `span`.
    pub(super) fn parse(&self, span: Span, diags: &mut Diagnostics) -> Parsed {
        let function = self.function;
        let name = function.name;
        let code = match function.run {
            Run::Pure(code) | Run::Random(code) => code,
        };
        if !function.arity.contains(&self.arguments.len()) {
            report_text(format!("`{name}` takes {}", arity_text(function)), span, diags);
            return Parsed::Refused;
        }
        if self.spaced {
            diags
                .warning(
                    "GW124",
                    span,
                    format!("the arguments of `{name}` have spaces around them"),
                )
                .help("write the call without spaces");
        }
        let mut arguments = Vec::with_capacity(self.arguments.len());
        let mut is_usable = true;
        for (nth, word) in self.arguments.iter().enumerate() {
            let kind = function.kinds.get(nth).or(function.kinds.last());
            let kind = kind.copied().unwrap_or(Kind::Text);
            let argument = argument(word, kind, name, span, diags);
            is_usable &= argument.is_some();
            arguments.extend(argument);
        }
        if !is_usable {
            return Parsed::Text(String::new());
        }
        let arguments = arguments.into_boxed_slice();
        let is_fixed = |argument: &Argument| !matches!(argument, Argument::Variable { .. });
        if matches!(function.run, Run::Pure(_)) && arguments.iter().all(is_fixed) {
            let list = &*arguments;
            let literals = Arguments { list, cx: None, unresolved: Unresolved::Empty };
            let mut text = String::new();
            if code(&literals, &mut text).is_ok() {
                return Parsed::Text(text);
            }
        }
        Parsed::Call(Call { code, arguments })
    }
}

fn arity_text(function: &Function) -> String {
    let (least, most) = (*function.arity.start(), *function.arity.end());
    match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (_, usize::MAX) => format!("{least} or more arguments"),
        _ if least == most => format!("{least} arguments"),
        _ => format!("{least} to {most} arguments"),
    }
}

/// `None` for a literal that its kind cannot use: the call is then the empty text.
fn argument(
    word: &Word<'_>,
    kind: Kind,
    function: &str,
    span: Span,
    diags: &mut Diagnostics,
) -> Option<Argument> {
    let text = word.text;
    match word.quotes {
        Quotes::Single => {}
        Quotes::Double => {
            let message = format!("`\"{text}\"` in `{function}` is in double quotes");
            diags.warning("GW124", span, message).help("put it in single quotes");
        }
        Quotes::None => {
            if let Some(variable) = bare(text, kind) {
                return Some(variable);
            }
            if !needs_no_quotes(text, kind) {
                let message = format!(
                    "`{text}` in `{function}` is neither in quotes nor the name of a variable; it \
                     is taken as text"
                );
                diags.warning("GW124", span, message).help("put it in single quotes");
            }
        }
    }
    literal(text, kind, function, span, diags)
}

/// A word without quotes that is a variable.
fn bare(word: &str, kind: Kind) -> Option<Argument> {
    let reads_as_literal = match kind {
        Kind::Format => date_format::reads_as_format(word),
        Kind::Integer | Kind::Word(_) => needs_no_quotes(word, kind),
        Kind::Text | Kind::Pattern | Kind::Sample => false,
    };
    let (name, default) = match word.split_once(':') {
        Some((name, default)) => (name, Some(default)),
        None => (word, None),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !is_name || reads_as_literal {
        return None;
    }
    Some(Argument::Variable { variable: VarRef::parse(name), default: default.map(Box::from) })
}

fn needs_no_quotes(word: &str, kind: Kind) -> bool {
    match kind {
        Kind::Integer => word.parse::<i64>().is_ok(),
        Kind::Word(words) => words.iter().any(|found| found.eq_ignore_ascii_case(word)),
        Kind::Text | Kind::Pattern | Kind::Sample | Kind::Format => false,
    }
}

/// In the form that its kind is used in.
fn literal(
    text: &str,
    kind: Kind,
    function: &str,
    span: Span,
    diags: &mut Diagnostics,
) -> Option<Argument> {
    let as_text = || Argument::Literal(Box::from(text));
    let read = match kind {
        Kind::Text => Ok(as_text()),
        Kind::Integer | Kind::Word(_) if needs_no_quotes(text.trim(), kind) => Ok(as_text()),
        Kind::Integer => Err("no whole number".to_owned()),
        Kind::Word(words) => Err(format!("none of {}", words.join(", "))),
        Kind::Pattern => JavaRegex::compile(text, Reach::Part)
            .map(Argument::Pattern)
            .map_err(|reason| format!("no pattern: {reason}")),
        Kind::Sample => Generator::compile(text)
            .map(Argument::Sample)
            .map_err(|reason| format!("no pattern to generate from: {reason}")),
        Kind::Format => {
            let checked = date_format::check(text);
            checked.map(|()| as_text()).map_err(|reason| format!("no format: {reason}"))
        }
    };
    match read {
        Ok(argument) => Some(argument),
        Err(reason) => {
            let message = format!("`{text}` in `{function}` is {reason}");
            diags.warning("GW124", span, message).help("the call renders as the empty text");
            None
        }
    }
}

impl Call {
    pub(super) fn write(
        &self,
        cx: &MessageContext,
        unresolved: Unresolved,
        out: &mut String,
    ) -> Result<(), UnresolvedVariable> {
        (self.code)(&Arguments { list: &self.arguments, cx: Some(cx), unresolved }, out)
    }
}

impl Bindable for Call {
    fn bind(&mut self, binder: &mut dyn Bind) {
        for argument in &mut self.arguments {
            match argument {
                Argument::Variable { variable, .. } => variable.bind(binder),
                Argument::Literal(_) | Argument::Pattern(_) | Argument::Sample(_) => {}
            }
        }
    }
}
