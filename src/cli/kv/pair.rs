//! A key-value of a file, and what a key-value must be to be written here.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::serve::appconfig;
use crate::store::durable::{Address, Content, KeyValue, VALUE_BYTES_MAX};

/// The content type of what was a list or an empty object.
pub(super) const JSON: &str = "application/json";

/// A key-value of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) label: Option<String>,
    pub(super) value: Option<String>,
    pub(super) beside: Beside,
}

/// What a file says beside the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing: what is there stays.
    Kept,
    /// The value is JSON; the rest stays.
    Json,
    All {
        content_type: Option<String>,
        tags: BTreeMap<String, Option<String>>,
        description: Option<String>,
    },
}

/// Why a key-value cannot be written, or not to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("{0}")]
    Name(String),
    #[error("the value has {bytes} bytes; the limit is {VALUE_BYTES_MAX}")]
    TooLarge { bytes: usize },
    #[error("it is no text, which a file cannot hold")]
    NoText,
    #[error("it stands in the file twice")]
    Twice,
}

impl Pair {
    /// `prefix`: what is taken off the key.
    pub(super) fn of(item: &KeyValue, prefix: &str) -> Result<Self, Unfit> {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).map_err(|_| Unfit::NoText);
        let key = text(&item.at.key)?;
        let content = &item.content;
        Ok(Self {
            key: key.strip_prefix(prefix).unwrap_or(&key).to_owned(),
            label: item.at.label.as_ref().map(text).transpose()?,
            value: content.value.as_ref().map(text).transpose()?,
            beside: Beside::All {
                content_type: content.content_type.clone(),
                tags: content.tags.clone(),
                description: content.description.clone(),
            },
        })
    }

    /// `label`: in place of its own.
    pub(super) fn address(&self, prefix: &str, label: Option<&Option<Bytes>>) -> Address {
        let own = || self.label.as_ref().map(|label| Bytes::copy_from_slice(label.as_bytes()));
        Address {
            key: Bytes::from([prefix.as_bytes(), self.key.as_bytes()].concat()),
            label: label.cloned().unwrap_or_else(own),
        }
    }

    /// What is to be written where `now` is.
    pub(super) fn content(&self, now: Option<&Content>) -> Content {
        let value = self.value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes()));
        let kept = || now.cloned().unwrap_or_default();
        match &self.beside {
            Beside::Kept => Content { value, ..kept() },
            Beside::Json => Content { value, content_type: Some(JSON.to_owned()), ..kept() },
            Beside::All { content_type, tags, description } => Content {
                value,
                content_type: content_type.clone(),
                tags: tags.clone(),
                description: description.clone(),
            },
        }
    }
}

/// Names are held to what App Configuration's door can name too; the value to the store's limit.
pub(super) fn check(at: &Address, content: &Content) -> Result<(), super::KvError> {
    check_address(at)?;
    let unfit = |reason| super::KvError::Unfit { name: super::name_of(at), reason };
    for (name, value) in &content.tags {
        appconfig::check_text("tags", name).map_err(|text| unfit(Unfit::Name(text)))?;
        let value = value.as_deref().unwrap_or_default();
        appconfig::check_text("tags", value).map_err(|text| unfit(Unfit::Name(text)))?;
    }
    if let Some(content_type) = &content.content_type {
        let checked = appconfig::check_text("content type", content_type);
        checked.map_err(|text| unfit(Unfit::Name(text)))?;
    }
    let bytes = content.value.as_ref().map_or(0, Bytes::len);
    if bytes > VALUE_BYTES_MAX {
        return Err(unfit(Unfit::TooLarge { bytes }));
    }
    Ok(())
}

pub(super) fn check_address(at: &Address) -> Result<(), super::KvError> {
    let unfit = |reason| super::KvError::Unfit { name: super::name_of(at), reason };
    let text = |bytes: &Bytes| std::str::from_utf8(bytes).map(str::to_owned);
    let key = text(&at.key).map_err(|_| unfit(Unfit::NoText))?;
    appconfig::check_key(&key).map_err(|text| unfit(Unfit::Name(text)))?;
    if let Some(label) = &at.label {
        let label = text(label).map_err(|_| unfit(Unfit::NoText))?;
        appconfig::check_text("label", &label).map_err(|text| unfit(Unfit::Name(text)))?;
    }
    Ok(())
}
