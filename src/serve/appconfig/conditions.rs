//! `If-Match` and `If-None-Match`.
//!
//! Source: Microsoft's REST reference of App Configuration, "Conditional requests"; its emulator
//! for reads with `If-Match`. Seen on the wire: all clients send `*` bare, and one lists with an
//! unquoted tag, which is taken for no condition.

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::store::durable::{Condition, Etag};

/// What must be so before anything happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) if_match: Option<Tag>,
    pub(super) if_none_match: Option<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// Whatever it is, it is there.
    Any,
    /// Without its quotes.
    Is(String),
}

/// How a read goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Answer,
    NotModified,
    PreconditionFailed,
}

impl Conditions {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self { if_match: tag(headers, &IF_MATCH), if_none_match: tag(headers, &IF_NONE_MATCH) }
    }

    /// Of a read of something that is there.
    pub(super) fn of_read(&self, etag: &str) -> Read {
        if self.if_match.as_ref().is_some_and(|tag| !tag.is_met_by(etag)) {
            Read::PreconditionFailed
        } else if self.if_none_match.as_ref().is_some_and(|tag| tag.is_met_by(etag)) {
            Read::NotModified
        } else {
            Read::Answer
        }
    }

    /// Of a write. The clients send one of the two; of both `If-Match` counts.
    pub(super) fn of_write(self) -> Condition {
        match (self.if_match, self.if_none_match) {
            (Some(tag), _) => Condition::IfMatch(tag.into()),
            (None, Some(tag)) => Condition::IfNoneMatch(tag.into()),
            (None, None) => Condition::None,
        }
    }
}

impl From<Tag> for Etag {
    fn from(tag: Tag) -> Self {
        match tag {
            Tag::Any => Self::Any,
            Tag::Is(etag) => Self::Is(etag),
        }
    }
}

impl Tag {
    fn is_met_by(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => wanted == etag,
        }
    }
}

fn tag(headers: &HeaderMap, name: &HeaderName) -> Option<Tag> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    if matches!(text, "*" | "\"*\"") {
        return Some(Tag::Any);
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"')).then(|| Tag::Is(inner.to_owned()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn conditions(if_match: &str, if_none_match: &str) -> Conditions {
        let mut headers = HeaderMap::new();
        for (name, text) in [(IF_MATCH, if_match), (IF_NONE_MATCH, if_none_match)] {
            if !text.is_empty() {
                headers.insert(name, HeaderValue::from_str(text).expect("a value"));
            }
        }
        Conditions::read(&headers)
    }

    #[test]
    fn reads_as_the_table_says() {
        for (if_match, if_none_match, expected) in [
            ("", "", Read::Answer),
            ("", "\"e\"", Read::NotModified),
            ("", "*", Read::NotModified),
            ("", "\"other\"", Read::Answer),
            ("\"e\"", "", Read::Answer),
            ("*", "", Read::Answer),
            ("\"other\"", "", Read::PreconditionFailed),
            ("unquoted", "", Read::Answer),
            ("", "e", Read::Answer),
        ] {
            let found = conditions(if_match, if_none_match).of_read("e");
            assert_eq!(found, expected, "{if_match} {if_none_match}");
        }
    }

    #[test]
    fn writes_as_the_table_says() {
        for (if_match, if_none_match, etag, expected) in [
            ("", "", None, true),
            ("", "", Some("e"), true),
            ("\"e\"", "", Some("e"), true),
            ("\"e\"", "", Some("other"), false),
            ("\"e\"", "", None, false),
            ("*", "", None, false),
            ("*", "", Some("e"), true),
            ("\"*\"", "", None, false),
            ("", "*", None, true),
            ("", "*", Some("e"), false),
            ("", "\"*\"", Some("e"), false),
            ("", "\"e\"", Some("e"), false),
            ("", "\"e\"", Some("other"), true),
            ("", "\"e\"", None, true),
            ("unquoted", "", None, true),
        ] {
            let found = conditions(if_match, if_none_match).of_write().holds(etag);
            assert_eq!(found, expected, "{if_match} {if_none_match} {etag:?}");
        }
    }
}
