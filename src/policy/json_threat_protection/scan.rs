//! One pass over JSON text that counts and keeps nothing but a number for each open container.
//!
//! Source: RFC 8259. Unknown: the platform's words for text that is no JSON, but for a missing
//! colon; the others follow it.

/// Deeper JSON is refused whatever the policy says.
const DEPTH_MAX: usize = 10_000;

/// `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) array_elements: Option<u64>,
    pub(super) depth: Option<u64>,
    pub(super) object_entries: Option<u64>,
    pub(super) name_length: Option<u64>,
    pub(super) string_length: Option<u64>,
}

/// Why the text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threat {
    /// The limit that it does not keep.
    pub(super) exceeded: Option<&'static str>,
    /// What is wrong with the text where it keeps its limits.
    pub(super) syntax: &'static str,
    /// From 1.
    pub(super) line: usize,
}

/// Whether the text is JSON within its limits.
pub(super) fn scan(text: &[u8], limits: &Limits) -> Result<(), Threat> {
    let mut scanner = Scanner { text, at: 0, limits, open: Vec::new() };
    scanner.document().map_err(|found| {
        let read = text.get(..scanner.at).unwrap_or(text);
        let line = read.iter().filter(|b| **b == b'\n').count() + 1;
        match found {
            Found::Exceeded(what) => Threat { exceeded: Some(what), syntax: "", line },
            Found::Syntax(syntax) => Threat { exceeded: None, syntax, line },
        }
    })
}

enum Found {
    Exceeded(&'static str),
    Syntax(&'static str),
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    limits: &'t Limits,
    /// The containers around this place, the innermost last.
    open: Vec<Container>,
}

enum Container {
    Array { elements: u64 },
    Object { entries: u64 },
}

/// What may come next.
#[derive(Clone, Copy)]
enum Next {
    /// After `[`.
    ElementOrEnd,
    Value,
    /// After `{`.
    NameOrEnd,
    Name,
    /// After a value.
    CommaOrEnd,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Found> {
        if self.text.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        let mut next = Next::Value;
        loop {
            self.skip_space();
            next = match next {
                Next::ElementOrEnd if self.take(b']') => self.close(),
                Next::ElementOrEnd => {
                    self.count_element()?;
                    self.value()?
                }
                Next::Value => self.value()?,
                Next::NameOrEnd if self.take(b'}') => self.close(),
                Next::NameOrEnd | Next::Name => {
                    self.name()?;
                    Next::Value
                }
                Next::CommaOrEnd => match self.comma_or_end()? {
                    Some(next) => next,
                    None => return Ok(()),
                },
            };
        }
    }

    /// After a value: `None` at the end of the document.
    fn comma_or_end(&mut self) -> Result<Option<Next>, Found> {
        match self.open.last() {
            None if self.at >= self.text.len() => Ok(None),
            None => Err(Found::Syntax("Expecting EOF")),
            Some(Container::Array { .. }) => {
                if self.take(b',') {
                    self.skip_space();
                    self.count_element()?;
                    Ok(Some(Next::Value))
                } else if self.take(b']') {
                    Ok(Some(self.close()))
                } else {
                    Err(Found::Syntax("Expecting ,"))
                }
            }
            Some(Container::Object { .. }) => {
                if self.take(b',') {
                    Ok(Some(Next::Name))
                } else if self.take(b'}') {
                    Ok(Some(self.close()))
                } else {
                    Err(Found::Syntax("Expecting ,"))
                }
            }
        }
    }

    fn value(&mut self) -> Result<Next, Found> {
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                self.open(Container::Object { entries: 0 })?;
                return Ok(Next::NameOrEnd);
            }
            Some(b'[') => {
                self.at += 1;
                self.open(Container::Array { elements: 0 })?;
                return Ok(Next::ElementOrEnd);
            }
            Some(b'"') => {
                let length = self.string()?;
                exceeds(length, self.limits.string_length, "string value length")?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            Some(_) | None => return Err(Found::Syntax("Expecting value")),
        }
        Ok(Next::CommaOrEnd)
    }

    fn name(&mut self) -> Result<(), Found> {
        if self.peek() != Some(b'"') {
            return Err(Found::Syntax("Expecting string"));
        }
        if let Some(Container::Object { entries }) = self.open.last_mut() {
            *entries += 1;
            exceeds(*entries, self.limits.object_entries, "object entry count")?;
        }
        let length = self.string()?;
        exceeds(length, self.limits.name_length, "object entry name length")?;
        self.skip_space();
        if self.take(b':') { Ok(()) } else { Err(Found::Syntax("Expecting :")) }
    }

    fn open(&mut self, container: Container) -> Result<(), Found> {
        self.open.push(container);
        let depth = self.open.len() as u64;
        exceeds(depth, self.limits.depth, "container depth")?;
        exceeds(depth, Some(DEPTH_MAX as u64), "container depth")
    }

    fn close(&mut self) -> Next {
        self.open.pop();
        Next::CommaOrEnd
    }

    fn count_element(&mut self) -> Result<(), Found> {
        match self.open.last_mut() {
            Some(Container::Array { elements }) => {
                *elements += 1;
                exceeds(*elements, self.limits.array_elements, "array element count")
            }
            Some(Container::Object { .. }) | None => Ok(()),
        }
    }

    /// From quote to quote; its length in UTF-16 units.
    fn string(&mut self) -> Result<u64, Found> {
        self.at += 1;
        let mut length = 0;
        loop {
            let byte = self.peek().ok_or(Found::Syntax("Expecting \""))?;
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(length);
                }
                b'\\' => {
                    self.escape()?;
                    length += 1;
                    continue;
                }
                0..=0x1f => return Err(Found::Syntax("Control character in string")),
                // Within a character.
                0x80..=0xbf => {}
                // A character that takes two units.
                0xf0..=0xff => length += 2,
                _ => length += 1,
            }
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), Found> {
        let wrong = Found::Syntax("Invalid escape in string");
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.text.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(wrong);
                }
                self.at += 6;
            }
            Some(_) | None => return Err(wrong),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Found> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Found> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Found::Syntax("Expecting digit")) }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Found> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        Err(Found::Syntax("Expecting value"))
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

fn exceeds(count: u64, limit: Option<u64>, what: &'static str) -> Result<(), Found> {
    match limit {
        Some(limit) if count > limit => Err(Found::Exceeded(what)),
        Some(_) | None => Ok(()),
    }
}
