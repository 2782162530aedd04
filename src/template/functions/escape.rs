//! Texts made safe inside JSON, XML and HTML.
//!
//! Source: Apigee docs, "Message templates"; RFC 8259 section 7; XML 1.0 and 1.1 section 2.2.
//! Unknown: what becomes of characters that XML does not have; as the documentation of Commons
//! Text says of its functions, they are left out, and controls that XML does have are numbers.
//! Unknown: the form of the apostrophe in HTML; it is a number, as HTML 4 has no name for it.

use std::fmt::Write;

use crate::template::UnresolvedVariable;
use crate::template::functions::kind::Arguments;

/// What a character becomes.
enum Escaped {
    AsItIs,
    Text(&'static str),
    /// `&#`, the number, `;`.
    Number,
    /// `\u` and four digits.
    Hex,
    Nothing,
}

pub(super) fn json(arguments: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    push(&arguments.text(0)?, out, |c| match c {
        '"' => Escaped::Text("\\\""),
        '\\' => Escaped::Text("\\\\"),
        '\n' => Escaped::Text("\\n"),
        '\r' => Escaped::Text("\\r"),
        '\t' => Escaped::Text("\\t"),
        '\u{8}' => Escaped::Text("\\b"),
        '\u{C}' => Escaped::Text("\\f"),
        '\0'..=' ' if c != ' ' => Escaped::Hex,
        _ => Escaped::AsItIs,
    });
    Ok(())
}

pub(super) fn xml_10(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    push(&arguments.text(0)?, out, |c| match c {
        '\t' | '\n' | '\r' => Escaped::AsItIs,
        '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => Escaped::Nothing,
        '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}' => Escaped::Number,
        other => markup(other),
    });
    Ok(())
}

pub(super) fn xml_11(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    push(&arguments.text(0)?, out, |c| match c {
        '\t' | '\n' | '\r' => Escaped::AsItIs,
        '\0' | '\u{FFFE}' | '\u{FFFF}' => Escaped::Nothing,
        '\u{1}'..='\u{1F}' | '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}' => Escaped::Number,
        other => markup(other),
    });
    Ok(())
}

pub(super) fn html(arguments: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    push(&arguments.text(0)?, out, |c| match c {
        '\'' => Escaped::Text("&#39;"),
        other => markup(other),
    });
    Ok(())
}

fn markup(c: char) -> Escaped {
    match c {
        '&' => Escaped::Text("&amp;"),
        '<' => Escaped::Text("&lt;"),
        '>' => Escaped::Text("&gt;"),
        '"' => Escaped::Text("&quot;"),
        '\'' => Escaped::Text("&apos;"),
        _ => Escaped::AsItIs,
    }
}

fn push(text: &str, out: &mut String, escape: impl Fn(char) -> Escaped) {
    out.reserve(text.len());
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        let escaped = escape(c);
        if matches!(escaped, Escaped::AsItIs) {
            continue;
        }
        out.push_str(text.get(copied..at).unwrap_or(""));
        copied = at + c.len_utf8();
        let code = u32::from(c);
        let written = match escaped {
            Escaped::Text(text) => {
                out.push_str(text);
                Ok(())
            }
            Escaped::Number => write!(out, "&#{code};"),
            Escaped::Hex => write!(out, "\\u{code:04x}"),
            Escaped::AsItIs | Escaped::Nothing => Ok(()),
        };
        written.expect("a String takes all that is written");
    }
    out.push_str(text.get(copied..).unwrap_or(""));
}
