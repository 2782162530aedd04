//! Texts cut, replaced, put into another case, or chosen.
//!
//! Source: Apigee docs, "Message templates". Unknown: indices beyond the text; they are moved to
//! its nearer end, and a range without a character is empty. Characters are counted as Java
//! counts them, in UTF-16 units, and one that an index would split is left out.

use crate::regex::Occurrences;
use crate::template::functions::kind::Arguments;
use crate::template::{UnresolvedVariable, write_view};

pub(super) fn to_upper_case(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let text = arguments.text(0)?;
    if text.is_ascii() {
        out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_uppercase())));
    } else {
        out.push_str(&text.to_uppercase());
    }
    Ok(())
}

pub(super) fn to_lower_case(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let text = arguments.text(0)?;
    if text.is_ascii() {
        out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        out.push_str(&text.to_lowercase());
    }
    Ok(())
}

/// The text, the index of the first character and that behind the last. An index that is no
/// number gives the empty text.
pub(super) fn substring(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let text = arguments.text(0)?;
    let start = arguments.integer(1)?;
    let end = if arguments.count() > 2 { arguments.integer(2)? } else { Some(i64::MAX) };
    if let (Some(start), Some(end)) = (start, end) {
        out.push_str(units(&text, start, end));
    }
    Ok(())
}

pub(super) fn replace_all(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    replace(arguments, Occurrences::All, out)
}

pub(super) fn replace_first(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    replace(arguments, Occurrences::First, out)
}

/// The left-most argument with a value, which may be the empty text.
pub(super) fn first_non_null(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    if let Some(value) = (0..arguments.count()).find_map(|nth| arguments.value(nth)) {
        write_view(value, out);
    }
    Ok(())
}

/// The text, the pattern and the replacement. What is no pattern, and a replacement that names
/// a group which is not there, gives the empty text.
fn replace(
    arguments: &Arguments<'_>,
    occurrences: Occurrences,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let text = arguments.text(0)?;
    let regex = arguments.pattern(1)?;
    let replacement = arguments.text(2)?;
    let before = out.len();
    let done = regex.and_then(|regex| regex.replace(&text, &replacement, occurrences, out));
    if done.is_none() {
        out.truncate(before);
    }
    Ok(())
}

/// From one index up to another, of which a negative one counts from the end.
fn units(text: &str, start: i64, end: i64) -> &str {
    let count = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    let place = |index: i64| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let from_start = if index < 0 { count.saturating_add(index) } else { index };
        usize::try_from(from_start.clamp(0, count)).unwrap_or(0)
    };
    let (start, end) = (place(start), place(end));
    if text.is_ascii() {
        return text.get(start..end).unwrap_or("");
    }
    let (mut unit, mut bytes) = (0, None);
    for (at, c) in text.char_indices() {
        let behind = unit + c.len_utf16();
        if unit >= start && behind <= end {
            let first = bytes.map_or(at, |(first, _)| first);
            bytes = Some((first, at + c.len_utf8()));
        }
        unit = behind;
    }
    bytes.and_then(|(first, last)| text.get(first..last)).unwrap_or("")
}
