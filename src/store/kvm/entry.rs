//! An entry of a map between its key-value and its variable.
//!
//! A single value is the key-value's value as it stands, so that every door sees it. Several
//! values are a JSON array of texts under a content type of their own, so that a JSON array that
//! somebody else wrote stays a text.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::store::durable::{Content, KeyValue};

/// The content type of an entry with several values.
pub const VALUES: &str = "application/vnd.tollgate.values+json";

/// What an entry costs in memory beside its name and values.
const OVERHEAD_BYTES: usize = 128;

/// The values of an entry. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    Text(ByteString),
    /// Not UTF-8.
    Bytes(Bytes),
    Many(Arc<[ByteString]>),
}

/// An entry as policies read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub values: Values,
    /// Of an encrypted map.
    pub is_sealed: bool,
}

/// Values may be secrets.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("is_sealed", &self.is_sealed).finish_non_exhaustive()
    }
}

impl Values {
    /// The value of that number, from 1.
    pub fn nth(&self, number: usize) -> Option<Self> {
        match self {
            Self::Text(_) | Self::Bytes(_) => (number == 1).then(|| self.clone()),
            Self::Many(values) => values.get(number.checked_sub(1)?).cloned().map(Self::Text),
        }
    }

    pub fn to_content(&self) -> Content {
        match self {
            Self::Text(text) => {
                Content { value: Some(text.clone().into_bytes()), ..Content::default() }
            }
            Self::Bytes(bytes) => Content { value: Some(bytes.clone()), ..Content::default() },
            Self::Many(values) => {
                let values: Vec<&str> = values.iter().map(|value| &**value).collect();
                let text = serde_json::Value::from(values).to_string();
                Content {
                    value: Some(Bytes::from(text)),
                    content_type: Some(VALUES.to_owned()),
                    ..Content::default()
                }
            }
        }
    }
}

impl Entry {
    /// `None` where the key-value has no value.
    pub(super) fn of(item: &KeyValue) -> Option<Self> {
        let bytes = item.content.value.clone()?;
        let is_list = item.content.content_type.as_deref() == Some(VALUES);
        let list: Option<Vec<String>> =
            is_list.then(|| serde_json::from_slice(&bytes).ok()).flatten();
        let values = match list {
            Some(list) => Values::Many(list.into_iter().map(ByteString::from).collect()),
            None => match ByteString::try_from(bytes.clone()) {
                Ok(text) => Values::Text(text),
                Err(_) => Values::Bytes(bytes),
            },
        };
        Some(Self { values, is_sealed: item.is_sealed })
    }

    pub(super) fn bytes(&self, name: &[u8]) -> usize {
        let values = match &self.values {
            Values::Text(text) => text.len(),
            Values::Bytes(bytes) => bytes.len(),
            Values::Many(values) => {
                values.iter().map(|value| value.len() + size_of::<ByteString>()).sum()
            }
        };
        OVERHEAD_BYTES + name.len() + values
    }
}
