//! A Java pattern to one for the crates.

use std::iter::Peekable;
use std::str::Chars;

use crate::regex::NESTING_MAX;

pub(super) struct Translated {
    pub(super) text: String,
    /// Whether it needs more than the engine of linear time.
    pub(super) backtracks: bool,
}

pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 16),
        groups: Vec::new(),
        flags: Flags::default(),
        backtracks: false,
    };
    while let Some(c) = translator.rest.next() {
        translator.item(c)?;
    }
    if !translator.groups.is_empty() {
        return Err("a group is not closed".to_owned());
    }
    let Translator { mut out, flags, backtracks, .. } = translator;
    if flags.extended {
        // A comment at the end must not swallow what is put around the pattern.
        out.push('\n');
    }
    Ok(Translated { text: out, backtracks })
}

/// The flags that change how the pattern is read here.
#[derive(Clone, Copy, Default)]
struct Flags {
    dot_all: bool,
    extended: bool,
}

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
    /// The flags outside each open group.
    groups: Vec<Flags>,
    flags: Flags,
    backtracks: bool,
}

const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";
const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\x{85}\x{2028}\x{2029}";

impl Translator<'_> {
    fn item(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => self.escape(false),
            '[' => self.class(),
            '(' => self.group(),
            ')' => {
                self.flags = self.groups.pop().ok_or("a `)` closes no group")?;
                self.out.push(')');
                Ok(())
            }
            '.' if !self.flags.dot_all => {
                self.push_class("^", LINE_ENDS);
                Ok(())
            }
            '*' | '+' | '?' => {
                self.out.push(c);
                self.quantifier_mode();
                Ok(())
            }
            '{' => {
                self.out.push('{');
                for c in self.rest.by_ref() {
                    self.out.push(c);
                    if c == '}' {
                        self.quantifier_mode();
                        break;
                    }
                }
                Ok(())
            }
            '#' if self.flags.extended => {
                self.out.push('#');
                for c in self.rest.by_ref() {
                    self.out.push(c);
                    if c == '\n' {
                        break;
                    }
                }
                Ok(())
            }
            other => {
                self.out.push(other);
                Ok(())
            }
        }
    }

    /// What follows a quantifier: `?` lazy, `+` possessive.
    fn quantifier_mode(&mut self) {
        if let Some(mode) = self.rest.next_if(|c| matches!(c, '?' | '+')) {
            self.backtracks |= mode == '+';
            self.out.push(mode);
        }
    }

    fn group(&mut self) -> Result<(), String> {
        let outside = self.flags;
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            self.groups.push(outside);
            return Ok(());
        }
        match self.rest.peek() {
            Some('=' | '!' | '>') => {
                self.backtracks = true;
                self.out.push('?');
            }
            Some('<') => {
                self.rest.next();
                self.backtracks |= matches!(self.rest.peek(), Some('=' | '!'));
                self.out.push_str("?<");
            }
            _ => return self.flag_group(outside),
        }
        self.groups.push(outside);
        Ok(())
    }

    /// `(?i)`, `(?i-s:...)`. Java's `d`, `u` and `U` have no counterpart that matters here.
    fn flag_group(&mut self, outside: Flags) -> Result<(), String> {
        let (mut on, mut off) = (String::new(), String::new());
        let mut flags = outside;
        let mut set = true;
        loop {
            let c = self.rest.next().ok_or("a group is not closed")?;
            match c {
                '-' => set = false,
                'i' | 'm' | 's' | 'x' => {
                    match c {
                        's' => flags.dot_all = set,
                        'x' => flags.extended = set,
                        _ => {}
                    }
                    if set { on.push(c) } else { off.push(c) }
                }
                'd' | 'u' | 'U' => {}
                ')' | ':' => {
                    let minus = if off.is_empty() { "" } else { "-" };
                    let written = format!("?{on}{minus}{off}{c}");
                    if c == ':' {
                        self.groups.push(outside);
                        self.out.push_str(&written);
                    } else if written == "?)" {
                        self.out.push_str("?:)");
                    } else {
                        self.out.push_str(&written);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                other => return Err(format!("`{other}` is no flag of a group")),
            }
        }
    }

    /// A character class and those inside it, after its `[`.
    fn class(&mut self) -> Result<(), String> {
        let mut depth = 1_u32;
        self.open_class();
        while depth > 0 {
            let c = self.rest.next().ok_or("a character class is not closed")?;
            match c {
                '[' => {
                    depth += 1;
                    if depth > NESTING_MAX {
                        return Err("character classes nest too deeply".to_owned());
                    }
                    self.open_class();
                }
                ']' => {
                    depth -= 1;
                    self.out.push(']');
                }
                '\\' => self.escape(true)?,
                // Operators of the `regex` crate that Java does not have.
                '~' => self.out.push_str("\\~"),
                '-' if self.rest.next_if_eq(&'-').is_some() => self.out.push_str("-\\-"),
                other => self.out.push(other),
            }
        }
        Ok(())
    }

    fn open_class(&mut self) {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
    }

    /// What stands after a backslash. Java's classes are ASCII unless told otherwise.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let c = self.rest.next().ok_or("a `\\` escapes nothing")?;
        match c {
            'd' => self.push_class("", "0-9"),
            'D' => self.push_class("^", "0-9"),
            'w' => self.push_class("", "a-zA-Z_0-9"),
            'W' => self.push_class("^", "a-zA-Z_0-9"),
            's' => self.push_class("", r" \t\n\x0B\f\r"),
            'S' => self.push_class("^", r" \t\n\x0B\f\r"),
            'h' => self.push_class("", HORIZONTAL),
            'H' => self.push_class("^", HORIZONTAL),
            'v' => self.push_class("", VERTICAL),
            'V' => self.push_class("^", VERTICAL),
            'R' if !in_class => {
                self.out.push_str("(?:\\r\\n|[");
                self.out.push_str(VERTICAL);
                self.out.push_str("])");
            }
            't' | 'n' | 'r' | 'f' | 'a' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'b' | 'B' | 'A' | 'z' if !in_class => {
                self.out.push('\\');
                self.out.push(c);
            }
            'Z' if !in_class => {
                self.backtracks = true;
                self.out.push_str("(?=\\n?\\z)");
            }
            'G' if !in_class => self.out.push_str("\\A"),
            'e' => self.push_code(0x1B),
            'u' => {
                let code = self.hex(4)?;
                self.push_code(code);
            }
            'x' => {
                let code = if self.rest.next_if_eq(&'{').is_some() {
                    self.braced_hex()?
                } else {
                    self.hex(2)?
                };
                self.push_code(code);
            }
            '0' => {
                let code = self.octal()?;
                self.push_code(code);
            }
            'c' => {
                let control = self.rest.next().filter(char::is_ascii).ok_or("`\\c` names none")?;
                self.push_code(u32::from(control) ^ 0x40);
            }
            'Q' => self.quotation(),
            'E' => {}
            'p' | 'P' => self.property(c == 'P')?,
            'k' if !in_class => {
                self.backtracks = true;
                self.out.push_str("\\k");
            }
            '1'..='9' if !in_class => {
                self.backtracks = true;
                self.out.push('\\');
                self.out.push(c);
            }
            other if other.is_ascii_alphanumeric() => {
                return Err(format!("`\\{other}` escapes nothing"));
            }
            other => self.push_code(u32::from(other)),
        }
        Ok(())
    }

    /// Brackets also inside a class, where they are a union.
    fn push_class(&mut self, negation: &str, members: &str) {
        self.out.push('[');
        self.out.push_str(negation);
        self.out.push_str(members);
        self.out.push(']');
    }

    fn push_code(&mut self, code: u32) {
        self.out.push_str(&format!("\\x{{{code:X}}}"));
    }

    fn quotation(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.push_code(u32::from(c));
        }
    }

    fn hex(&mut self, digits: u32) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or("a hexadecimal digit is missing")?;
        }
        Ok(code)
    }

    fn braced_hex(&mut self) -> Result<u32, String> {
        let mut code: u32 = 0;
        loop {
            let c = self.rest.next().ok_or("`\\x{` is not closed")?;
            if c == '}' {
                return Ok(code);
            }
            let digit = c.to_digit(16).ok_or("a hexadecimal digit is missing")?;
            code = code.checked_mul(16).and_then(|code| code.checked_add(digit)).ok_or("`\\x`")?;
        }
    }

    /// One to three digits, not above `377`.
    fn octal(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for at in 0..3 {
            let fits = at < 2 || code < 0o40;
            let Some(c) = self.rest.next_if(|c| fits && ('0'..='7').contains(c)) else { break };
            code = code * 8 + c.to_digit(8).unwrap_or(0);
        }
        Ok(code)
    }

    fn property(&mut self, negated: bool) -> Result<(), String> {
        let mut name = String::new();
        match self.rest.next().ok_or("`\\p` names no property")? {
            '{' => loop {
                match self.rest.next().ok_or("`\\p{` is not closed")? {
                    '}' => break,
                    c => name.push(c),
                }
            },
            c => name.push(c),
        }
        let posix = match name.as_str() {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`{-\x7E",
            "Graph" => r"!-\x7E",
            "Print" => r"\x20-\x7E",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => r" \t\n\x0B\f\r",
            _ => {
                let name = match name.as_str() {
                    "javaLowerCase" => "Lowercase",
                    "javaUpperCase" => "Uppercase",
                    "javaWhitespace" => "White_Space",
                    "javaLetter" => "L",
                    "javaDigit" => "Nd",
                    other => other.strip_prefix("Is").unwrap_or(other),
                };
                let letter = if negated { 'P' } else { 'p' };
                self.out.push_str(&format!("\\{letter}{{{name}}}"));
                return Ok(());
            }
        };
        self.push_class(if negated { "^" } else { "" }, posix);
        Ok(())
    }
}
