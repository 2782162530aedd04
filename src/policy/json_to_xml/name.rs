//! Names of JSON as names of XML.
//!
//! Source: Namespaces in XML 1.0; Apigee docs, "JSON to XML policy": what cannot stand in a name
//! becomes `InvalidCharsReplacement`, so `First%%%Name` is `First_Name`.

use crate::xml::scan::{continues_name, starts_name};

/// What goes before a name that begins as none may.
const START: char = '_';

/// Each run of characters that no name has is one `replacement`, which is itself made of those
/// that a name has. Unknown: what the platform makes of a digit at the beginning; it is kept
/// behind the replacement.
pub(super) fn safe_name(name: &str, replacement: &str) -> String {
    let mut safe = String::with_capacity(name.len() + replacement.len());
    let mut rest = name;
    while let Some(at) = rest.find(|c| !continues_name(c)) {
        let (good, tail) = rest.split_at(at);
        safe.push_str(good);
        safe.push_str(replacement);
        rest = tail.trim_start_matches(|c| !continues_name(c));
    }
    safe.push_str(rest);
    if safe.starts_with(starts_name) {
        return safe;
    }
    let start = if replacement.starts_with(starts_name) { replacement } else { "" };
    let mut longer = String::from(start);
    if start.is_empty() {
        longer.push(START);
    }
    longer.push_str(&safe);
    longer
}

pub(super) fn is_local_name(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}
