//! This protocol's filters, names and dates, for whoever else takes them. A refusal is a clause
//! for people.

use jiff::Timestamp;

use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::{date, item, lists};
use crate::store::durable::{KeyFilter, LabelFilter, TagFilter};

/// Such as `app/*`.
pub fn key_filter(text: Option<&str>) -> Result<KeyFilter, String> {
    lists::keys_of(text, "key").map_err(|problem| reason(&problem))
}

/// `\0` is no label.
pub fn label_filter(text: Option<&str>) -> Result<LabelFilter, String> {
    lists::labels_of(text).map_err(|problem| reason(&problem))
}

/// Each is `NAME=VALUE`; the value `\0` is null.
pub fn tag_filter<'t>(texts: impl Iterator<Item = &'t str>) -> Result<TagFilter, String> {
    lists::tags_of(texts).map_err(|problem| reason(&problem))
}

/// Whether clients can name a key.
pub fn check_key(key: &str) -> Result<(), String> {
    item::check_key(key).map_err(|problem| reason(&problem))
}

/// A label, a content type, or a tag's name or value.
pub fn check_text(what: &str, text: &str) -> Result<(), String> {
    item::check_name(what, text).map_err(|problem| reason(&problem))
}

/// A time in any of the forms that clients send.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    date::timestamp(text)
}

fn reason(problem: &Problem) -> String {
    match problem.detail() {
        Some(detail) if !detail.is_empty() => detail.to_owned(),
        Some(_) | None => {
            format!("it has control characters, or more than {} characters", item::NAME_CHARS_MAX)
        }
    }
}
