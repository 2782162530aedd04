//! Key-values as JSON, there and back.
//!
//! Source: Microsoft's REST reference of App Configuration, "Key-values"; the order of the fields
//! is its local emulator's. `locked` is a boolean as the clients' models have it, not the text of
//! the reference's sample.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::serve::appconfig::date;
use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::version::Version;
use crate::store::durable::{Content, KeyValue};

/// A whole item: key, label, value, content type, tags, description.
pub(super) const ITEM_BYTES_MAX: usize = 10 * 1024;
/// Of a key, a label, the name and the value of a tag.
pub(super) const NAME_CHARS_MAX: usize = 256;

/// Which fields are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Select {
    All,
    Fields(Vec<String>),
}

impl Select {
    /// A comma list; unknown names mean nothing.
    pub(super) fn parse(text: Option<&str>) -> Self {
        let names = text.unwrap_or_default().split(',').map(str::trim);
        let names: Vec<String> =
            names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect();
        if names.is_empty() || names.iter().any(|name| name == "*") {
            return Self::All;
        }
        Self::Fields(names)
    }

    pub(super) fn wants(&self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Fields(names) => names.iter().any(|name| name == field),
        }
    }

    pub(super) fn apply(&self, mut object: Map<String, Value>) -> Value {
        object.retain(|field, _| self.wants(field));
        Value::Object(object)
    }
}

/// Why a stored key-value is not one of this protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unshowable {
    #[error("The item has {bytes} bytes. Maximum supported is {ITEM_BYTES_MAX}")]
    TooLarge { bytes: usize },
    #[error("The value is no text")]
    NoText,
    #[error("The key or label is none of App Configuration's")]
    Name,
}

/// An item that was found fit to show.
pub(super) struct Shown<'a> {
    pub(super) item: &'a KeyValue,
    pub(super) key: &'a str,
    pub(super) label: Option<&'a str>,
    value: Option<&'a str>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(item: &'a KeyValue) -> Result<Self, Unshowable> {
        let text = |bytes: &'a Bytes| std::str::from_utf8(bytes);
        let key = text(&item.at.key).map_err(|_| Unshowable::Name)?;
        let label = item.at.label.as_ref().map(text).transpose().map_err(|_| Unshowable::Name)?;
        if check_key(key).is_err() || label.is_some_and(|label| check_name("label", label).is_err())
        {
            return Err(Unshowable::Name);
        }
        let value = item.content.value.as_ref().map(text).transpose();
        let value = value.map_err(|_| Unshowable::NoText)?;
        let bytes = size(key, label, &item.content);
        if bytes > ITEM_BYTES_MAX {
            return Err(Unshowable::TooLarge { bytes });
        }
        Ok(Self { item, key, label, value })
    }

    pub(super) fn json(&self, select: &Select, version: Version) -> Value {
        let Content { content_type, tags, description, .. } = &self.item.content;
        let mut fields = Map::new();
        fields.insert("etag".to_owned(), json!(self.item.etag));
        fields.insert("key".to_owned(), json!(self.key));
        fields.insert("label".to_owned(), json!(self.label));
        fields.insert("content_type".to_owned(), json!(content_type));
        fields.insert("value".to_owned(), json!(self.value));
        fields.insert("tags".to_owned(), json!(tags));
        fields.insert("locked".to_owned(), json!(self.item.is_locked));
        fields.insert("last_modified".to_owned(), json!(date::iso_8601(self.modified())));
        if version.has_descriptions() {
            fields.insert("description".to_owned(), json!(description));
        }
        select.apply(fields)
    }

    pub(super) fn modified(&self) -> Timestamp {
        moment(self.item.modified_us)
    }
}

/// Microseconds since the epoch; what no calendar has is its beginning.
pub(super) fn moment(epoch_us: i64) -> Timestamp {
    Timestamp::from_microsecond(epoch_us).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The body of a PUT. The address is the path's, whatever the body says of key and label.
#[derive(Debug, Default, Deserialize)]
struct PutBody {
    value: Option<String>,
    content_type: Option<String>,
    tags: Option<BTreeMap<String, Option<String>>>,
    description: Option<String>,
}

/// An empty body is an item without a value.
pub(super) fn read_content(
    key: &str,
    label: Option<&str>,
    body: &[u8],
    version: Version,
) -> Result<Content, Problem> {
    let read: PutBody = match body {
        [] => PutBody::default(),
        body => serde_json::from_slice(body)
            .map_err(|error| Problem::invalid_body(format!("The body is no key-value: {error}")))?,
    };
    let tags = read.tags.unwrap_or_default();
    for (name, value) in &tags {
        check_name("tags", name)?;
        check_name("tags", value.as_deref().unwrap_or_default())?;
    }
    if let Some(content_type) = &read.content_type {
        check_name("content_type", content_type)?;
    }
    let description = read.description.filter(|_| version.has_descriptions());
    let content = Content {
        value: read.value.map(Bytes::from),
        content_type: read.content_type,
        tags,
        description,
    };
    let bytes = size(key, label, &content);
    if bytes > ITEM_BYTES_MAX {
        return Err(Problem::too_large(&Unshowable::TooLarge { bytes }.to_string()));
    }
    Ok(content)
}

fn size(key: &str, label: Option<&str>, content: &Content) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let tag = |(name, value): (&String, &Option<String>)| name.len() + text(value);
    key.len()
        + label.map_or(0, str::len)
        + content.value.as_ref().map_or(0, Bytes::len)
        + text(&content.content_type)
        + text(&content.description)
        + content.tags.iter().map(tag).sum::<usize>()
}

/// Any text but `.`, `..` and what holds `%` or control characters.
pub(super) fn check_key(key: &str) -> Result<(), Problem> {
    if key.is_empty() || key == "." || key == ".." {
        return Err(Problem::invalid_parameter("key", "A key is neither empty nor `.` nor `..`"));
    }
    if let Some(position) = key.chars().position(|letter| letter == '%') {
        return Err(Problem::invalid_character("key", position));
    }
    check_name("key", key)
}

/// At most 256 characters, none of control.
pub(super) fn check_name(name: &str, text: &str) -> Result<(), Problem> {
    if text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Problem::invalid_parameter(name, ""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::store::durable::Address;

    use super::*;

    fn item(key: &str, label: Option<&str>, value: &[u8]) -> KeyValue {
        let tags = [("env".to_owned(), Some("prod".to_owned())), ("none".to_owned(), None)];
        KeyValue {
            at: Address {
                key: Bytes::copy_from_slice(key.as_bytes()),
                label: label.map(|label| Bytes::copy_from_slice(label.as_bytes())),
            },
            content: Content {
                value: Some(Bytes::copy_from_slice(value)),
                content_type: Some("text/plain".to_owned()),
                tags: tags.into(),
                description: None,
            },
            etag: "e1".to_owned(),
            is_locked: false,
            is_sealed: false,
            modified_us: 1_700_000_000_000_001,
            revision: 7,
        }
    }

    #[test]
    fn shows_every_field_in_order() {
        let item = item("app/color", None, b"blue");
        let shown = Shown::new(&item).expect("it can be shown");
        let text =
            |select: Option<&str>, version| shown.json(&Select::parse(select), version).to_string();
        assert_eq!(
            text(None, Version::V1_0),
            r#"{"etag":"e1","key":"app/color","label":null,"content_type":"text/plain","value":"blue","tags":{"env":"prod","none":null},"locked":false,"last_modified":"2023-11-14T22:13:20.000001+00:00"}"#
        );
        assert!(text(None, Version::V2026_04).ends_with(r#","description":null}"#));
        let some = text(Some("value, Key,nonsense"), Version::V1_0);
        assert_eq!(some, r#"{"key":"app/color","value":"blue"}"#);
        assert_eq!(text(Some("key,*"), Version::V1_0), text(None, Version::V1_0));
    }

    #[test]
    fn shows_no_item_of_another_world() {
        let reason = |item: &KeyValue| Shown::new(item).err();
        assert_eq!(reason(&item("a", None, b"\xff")), Some(Unshowable::NoText));
        assert_eq!(reason(&item("a%b", None, b"")), Some(Unshowable::Name));
        assert_eq!(reason(&item("a", Some("l\n"), b"")), Some(Unshowable::Name));
        // Key, content type and tags have 22 bytes.
        assert_eq!(reason(&item("a", None, &[b'x'; ITEM_BYTES_MAX - 22])), None);
        let too_large = Some(Unshowable::TooLarge { bytes: ITEM_BYTES_MAX + 1 });
        assert_eq!(reason(&item("a", None, &[b'x'; ITEM_BYTES_MAX - 21])), too_large);
    }

    #[test]
    fn reads_a_body_leniently_where_the_clients_are() {
        let body = br#"{"key":"other","label":"other","value":"v","tags":{"a":null},"new":1}"#;
        let content = read_content("k", None, body, Version::V1_0).expect("a body");
        assert_eq!(content.value.as_deref(), Some(&b"v"[..]));
        assert_eq!(content.tags, BTreeMap::from([("a".to_owned(), None)]));
        let described = br#"{"description":"d","tags":null,"value":null}"#;
        let old = read_content("k", None, described, Version::V1_0).expect("a body");
        assert_eq!(old, Content::default());
        let new = read_content("k", None, described, Version::V2026_04).expect("a body");
        assert_eq!(new.description.as_deref(), Some("d"));
        assert_eq!(read_content("k", None, b"", Version::V1_0), Ok(Content::default()));
    }

    #[test]
    fn refuses_what_is_no_item() {
        for (body, expected) in [
            (r#"{"value":1}"#.to_owned(), "Invalid request body"),
            ("not json".to_owned(), "Invalid request body"),
            ("[]".to_owned(), "Invalid request body"),
            (r#"{"tags":{"a":{}}}"#.to_owned(), "Invalid request body"),
            (format!(r#"{{"content_type":"{}"}}"#, "x".repeat(257)), "parameter 'content_type'"),
            (format!(r#"{{"tags":{{"{}":"v"}}}}"#, "x".repeat(257)), "parameter 'tags'"),
            (format!(r#"{{"value":"{}"}}"#, "x".repeat(ITEM_BYTES_MAX)), "The item is too large."),
        ] {
            let refusal = read_content("k", None, body.as_bytes(), Version::V1_0);
            let text = refusal.expect_err(&body).body();
            assert!(text.contains(expected), "{text}");
        }
        let value = "x".repeat(ITEM_BYTES_MAX - 1);
        let fits = format!(r#"{{"value":"{value}"}}"#);
        assert!(read_content("k", None, fits.as_bytes(), Version::V1_0).is_ok());
    }

    #[test]
    fn takes_any_key_but_a_few() {
        for key in ["a", "a/b", "é*,\\", ".a", "a b", &"x".repeat(NAME_CHARS_MAX)] {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
        for key in ["", ".", "..", "a%b", "a\0", "a\u{7f}", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            drop(read_content("k", None, &body, Version::V1_0));
        }
    }
}
