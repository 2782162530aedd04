//! The text of a property set, `resources/properties/{set}.properties`: names and values.
//! Source: Java's documentation of `Properties.load`, whose form the platform takes: a line is a
//! name, `=`, `:` or blanks, and a value; `#` and `!` begin comments; a backslash at the end
//! continues a line, and else escapes.

use std::iter::Peekable;
use std::str::Chars;

use crate::diag::{Diagnostics, FileId, Span};

/// A `\u` without four hexadecimal digits, for which Java refuses the file.
const BAD_ESCAPE: &str = "GW390";

/// All pairs in the order of the text. Never fails: what is malformed is reported and taken as it
/// stands.
pub fn parse(text: &str, file: FileId, diags: &mut Diagnostics) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (start, line) in logical_lines(text) {
        let mut letters = line.chars().peekable();
        let mut is_malformed = false;
        let name = take(&mut letters, Until::Separator, &mut is_malformed);
        skip_separator(&mut letters);
        let value = take(&mut letters, Until::End, &mut is_malformed);
        if is_malformed {
            let end =
                start + text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
            let message = format!("`\\u` in the property `{name}` has no four hexadecimal digits");
            diags.warning(BAD_ESCAPE, Span::new(file, start, end), message);
        }
        pairs.push((name, value));
    }
    pairs
}

/// Lines without comments and leading blanks, joined where one ends with a backslash, each with
/// the place of its beginning.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_continued = false;
    let mut at = 0;
    for raw in text.split_inclusive(['\n', '\r']) {
        let start = at;
        at += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let line = line.trim_start_matches([' ', '\t', '\u{c}']);
        let is_comment = line.is_empty() || line.starts_with(['#', '!']);
        // An empty line after a continuation ends it; a comment there is text.
        if !is_continued && is_comment {
            continue;
        }
        // The `\n` of a `\r\n` stands alone here.
        if is_continued && raw == "\n" && text.as_bytes().get(start.wrapping_sub(1)) == Some(&b'\r')
        {
            continue;
        }
        let goes_on = line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let part = if goes_on { line.strip_suffix('\\').unwrap_or(line) } else { line };
        match lines.last_mut() {
            Some((_, last)) if is_continued => last.push_str(part),
            Some(_) | None => lines.push((start, part.to_owned())),
        }
        is_continued = goes_on;
    }
    lines
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Separator,
    End,
}

fn take(letters: &mut Peekable<Chars<'_>>, until: Until, is_malformed: &mut bool) -> String {
    let mut taken = String::new();
    while let Some(letter) = letters.peek().copied() {
        if until == Until::Separator && matches!(letter, '=' | ':' | ' ' | '\t' | '\u{c}') {
            break;
        }
        letters.next();
        if letter != '\\' {
            taken.push(letter);
            continue;
        }
        match letters.next() {
            Some('t') => taken.push('\t'),
            Some('n') => taken.push('\n'),
            Some('r') => taken.push('\r'),
            Some('f') => taken.push('\u{c}'),
            Some('u') => match unit(letters) {
                Some(unit) => taken.push(join(unit, letters)),
                None => {
                    *is_malformed = true;
                    taken.push_str("\\u");
                }
            },
            Some(other) => taken.push(other),
            None => {}
        }
    }
    taken
}

/// Four hexadecimal digits; nothing is taken where there are fewer.
fn unit(letters: &mut Peekable<Chars<'_>>) -> Option<u32> {
    let mut ahead = letters.clone();
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + ahead.next()?.to_digit(16)?;
    }
    *letters = ahead;
    Some(unit)
}

/// Two escapes may be the halves of one character.
fn join(first: u32, letters: &mut Peekable<Chars<'_>>) -> char {
    if (0xd800..0xdc00).contains(&first) {
        let mut ahead = letters.clone();
        if ahead.next() == Some('\\')
            && ahead.next() == Some('u')
            && let Some(second) = unit(&mut ahead)
            && (0xdc00..0xe000).contains(&second)
        {
            *letters = ahead;
            let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn skip_separator(letters: &mut Peekable<Chars<'_>>) {
    let mut was_there = false;
    while let Some(letter) = letters.peek() {
        match letter {
            ' ' | '\t' | '\u{c}' => {}
            '=' | ':' if !was_there => was_there = true,
            _ => return,
        }
        letters.next();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::diag::{SourceMap, render_short};

    fn read(text: &str) -> (Vec<(String, String)>, String) {
        let mut sources = SourceMap::default();
        let file = sources.add("s.properties", Arc::from(text));
        let mut diags = Diagnostics::default();
        let pairs = parse(text, file, &mut diags);
        (pairs, render_short("", &diags, &sources))
    }

    #[test]
    fn lines_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("a=1", vec![("a", "1")]),
            ("a = 1\r\nb: 2\rc 3\n", vec![("a", "1"), ("b", "2"), ("c", "3")]),
            ("# c\n ! c\n\n  a=1  ", vec![("a", "1  ")]),
            ("a", vec![("a", "")]),
            ("a==b", vec![("a", "=b")]),
            ("a = b=c:d", vec![("a", "b=c:d")]),
            ("=v", vec![("", "v")]),
            (r"a\ b\=c=d\te\nf\\g\q", vec![("a b=c", "d\te\nf\\gq")]),
            ("a=1,\\\n   2,\\\r\n   3\nb=4", vec![("a", "1,2,3"), ("b", "4")]),
            ("a=1\\\\\nb=2", vec![("a", "1\\"), ("b", "2")]),
            ("a=1\\\n# no comment\n", vec![("a", "1# no comment")]),
            ("a=1\\\n\nb=2", vec![("a", "1"), ("b", "2")]),
            ("a=\\u00e9\\uD83D\\udea6\\ud83d", vec![("a", "\u{e9}\u{1f6a6}\u{fffd}")]),
            ("a=1\\", vec![("a", "1")]),
        ] {
            let (pairs, findings) = read(text);
            let pairs: Vec<_> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(pairs, expected, "{text:?}");
            assert_eq!(findings, "");
        }
    }

    #[test]
    fn a_broken_escape_is_told() {
        let (pairs, findings) = read("a=1\nbad=\\u12g4\n");
        assert_eq!(pairs[1], ("bad".to_owned(), "\\u12g4".to_owned()));
        assert_eq!(
            findings,
            "s.properties:2:1: warning[GW390]: `\\u` in the property `bad` has no four \
             hexadecimal digits\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a\\\\u0-9=: \n\r#!\u{1f6a6}]{0,60}") {
            read(&text);
        }

        #[test]
        fn what_is_escaped_is_read_back(value in any::<String>()) {
            let escaped: String = value
                .encode_utf16()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect();
            let (pairs, _) = read(&format!("name={escaped}"));
            prop_assert_eq!(&pairs[0].1, &value);
        }
    }
}
