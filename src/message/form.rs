//! Query strings and forms: `a=1&b=2`, percent-encoded, with `+` for a space in both.
//!
//! Source: WHATWG URL, "application/x-www-form-urlencoded". Pairs that a write does not
//! touch keep their bytes.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is: letters, digits, `*`, `-`, `.`, `_`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The decoded names and values, in order.
pub fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    raw_pairs(text).map(|(name, value)| (decode(name), decode(value)))
}

/// Replaces the Nth (from 1) value of `name`, or appends the pair where there is none.
pub fn set_pair(text: &str, name: &str, nth: usize, value: &str) -> String {
    let mut out = String::with_capacity(text.len() + name.len() + value.len() + 2);
    let mut seen = 0;
    let mut written = false;
    for (raw_name, raw_value) in raw_pairs(text) {
        separate(&mut out);
        out.push_str(raw_name);
        if decode(raw_name) == name {
            seen += 1;
            if seen == nth {
                out.push('=');
                out.extend(encode(value));
                written = true;
                continue;
            }
        }
        push_raw_value(&mut out, text, raw_name, raw_value);
    }
    if !written {
        push_pair(&mut out, name, value);
    }
    out
}

pub fn append_pair(text: &str, name: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len() + name.len() + value.len() + 2);
    out.push_str(text);
    push_pair(&mut out, name, value);
    out
}

/// Removes all values of `name`, or the Nth alone.
pub fn remove_pair(text: &str, name: &str, nth: Option<usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut seen = 0;
    for (raw_name, raw_value) in raw_pairs(text) {
        if decode(raw_name) == name {
            seen += 1;
            if nth.is_none_or(|nth| nth == seen) {
                continue;
            }
        }
        separate(&mut out);
        out.push_str(raw_name);
        push_raw_value(&mut out, text, raw_name, raw_value);
    }
    out
}

fn raw_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A pair written without `=` keeps that form.
fn push_raw_value(out: &mut String, text: &str, raw_name: &str, raw_value: &str) {
    let had_equals = {
        let end = raw_name.as_ptr() as usize - text.as_ptr() as usize + raw_name.len();
        text.as_bytes().get(end) == Some(&b'=')
    };
    if had_equals {
        out.push('=');
        out.push_str(raw_value);
    }
}

fn push_pair(out: &mut String, name: &str, value: &str) {
    separate(out);
    out.extend(encode(name));
    out.push('=');
    out.extend(encode(value));
}

fn separate(out: &mut String) {
    if !out.is_empty() {
        out.push('&');
    }
}

fn encode(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, ENCODED)
}

fn decode(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['%', '+']) {
        return Cow::Borrowed(raw);
    }
    let spaced = raw.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}
