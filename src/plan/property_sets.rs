//! Where the variables of property sets have their values: the bundle's own sets, those of the
//! shared flows that it calls, the environment's, the organization's.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;

use crate::message::Properties;
use crate::store::kvm::{Found, Handle, Values};

#[derive(Debug, Default)]
pub(super) struct PropertySets {
    /// By `{set}.{key}`.
    pub(super) own: BTreeMap<String, ByteString>,
    /// The environment's, then the organization's.
    pub(super) shared: Vec<Arc<Handle>>,
}

impl PropertySets {
    /// What is there already goes before.
    pub(super) fn add(&mut self, properties: &BTreeMap<String, ByteString>) {
        for (name, value) in properties {
            self.own.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

impl Properties for PropertySets {
    fn property(&self, name: &str) -> Option<ByteString> {
        if let Some(value) = self.own.get(name) {
            return Some(value.clone());
        }
        self.shared.iter().find_map(|shared| match shared.get(name.as_bytes()) {
            Found::Entry(entry) => match entry.values {
                Values::Text(text) => Some(text),
                Values::Bytes(_) | Values::Many(_) => None,
            },
            Found::Missing | Found::Elsewhere => None,
        })
    }
}
