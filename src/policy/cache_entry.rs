//! The entry that a cache policy means: its cache (`CacheResource`) and its key.
//!
//! Sources: Apigee docs, "LookupCache policy"; "Cache policy variables and error codes"
//! (CacheNotFound). Faults: `steps.cache.CacheNotFound` (500).

pub(super) mod page;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytestring::ByteString;

use crate::message::{Fault, MessageContext, Value};
use crate::policy::cache_key::{CacheKey, KeyBuffer, ScopeNames};
use crate::policy::kind::{CacheAccess, CacheUse, Linker, Next, Run, Uses};
use crate::store::cache::registry::SHARED_NAME;
use crate::store::cache::{Answer, Item, NamedCache};
use crate::variable::Slot;
use crate::xml::{Fields, Text};

const CACHE_NOT_FOUND: &str = "steps.cache.CacheNotFound";

#[derive(Debug)]
pub(super) struct CacheEntry {
    /// `None`: the shared cache.
    resource: Option<Text>,
    pub(super) key: CacheKey,
}

impl CacheEntry {
    /// Reads `CacheResource`, `CacheKey` and `Scope`. `None` where there is no `CacheKey`.
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let resource = xml.optional("CacheResource");
        Some(Self { resource, key: CacheKey::read(xml)? })
    }

    pub(super) fn uses(&self, access: CacheAccess) -> Uses {
        let used = CacheUse {
            resource: self.resource.clone(),
            access,
            scope: self.key.scope_name(),
            key: self.key.as_written(),
            span: self.key.span,
        };
        Uses { caches: vec![used], ..Uses::default() }
    }

    /// `namespace` is what the policy's variables begin with, such as `lookupcache`.
    pub(super) fn link(self, namespace: &str, linker: &mut dyn Linker) -> LinkedEntry {
        let Self { resource, mut key } = self;
        linker.bind(&mut key);
        let policy = linker.policy().to_owned();
        let resource = resource.as_ref().map(|text| text.value.as_str());
        LinkedEntry {
            cache: linker.cache(resource),
            cache_name: ByteString::from(resource.unwrap_or(SHARED_NAME)),
            key,
            out_cachename: linker.output(&format!("{namespace}.{policy}.cachename")),
            out_cachekey: linker.output(&format!("{namespace}.{policy}.cachekey")),
            policy,
            too_long_logged: AtomicBool::new(false),
        }
    }
}

pub(super) struct LinkedEntry {
    cache: Option<Arc<NamedCache>>,
    cache_name: ByteString,
    pub(super) key: CacheKey,
    out_cachename: Option<Slot>,
    out_cachekey: Option<Slot>,
    policy: String,
    too_long_logged: AtomicBool,
}

impl LinkedEntry {
    /// The cache and the key of this request; sets `cachename` and `cachekey`.
    pub(super) fn find(&self, cx: &mut MessageContext) -> Result<(&NamedCache, KeyBuffer), Fault> {
        self.find_with(cx, |_, _| {})
    }

    /// As [`LinkedEntry::find`], with more behind the key's last fragment.
    pub(super) fn find_with(
        &self,
        cx: &mut MessageContext,
        more: impl FnOnce(&MessageContext, &mut KeyBuffer),
    ) -> Result<(&NamedCache, KeyBuffer), Fault> {
        let cache = self.cache(cx)?;
        let mut key = KeyBuffer::default();
        self.key.compose(cx, &mut key);
        more(cx, &mut key);
        self.show(cx, &key);
        Ok((cache, key))
    }

    /// As [`LinkedEntry::find`], with names that may be another proxy's.
    pub(super) fn find_in(
        &self,
        cx: &mut MessageContext,
        names: &ScopeNames<'_>,
    ) -> Result<(&NamedCache, KeyBuffer), Fault> {
        let cache = self.cache(cx)?;
        let mut key = KeyBuffer::default();
        self.key.compose_in(cx, names, &mut key);
        self.show(cx, &key);
        Ok((cache, key))
    }

    /// The largest value that the cache takes.
    pub(super) fn value_bytes_max(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.definition().limits().value_bytes_max)
    }

    /// Unknown: what the platform does with a key over the limit. A lookup misses, a write
    /// does nothing, and the log says so once for each policy.
    pub(super) fn log_too_long(&self) {
        if !self.too_long_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(policy = self.policy, "the cache key is too long; nothing is cached");
        }
    }

    pub(super) fn cache(&self, cx: &MessageContext) -> Result<&NamedCache, Fault> {
        self.cache.as_deref().ok_or_else(|| {
            let text = format!(
                "Cache : {}, not found in organization : {}__{}.",
                self.cache_name, cx.facts.organization, cx.facts.environment
            );
            Fault::new(CACHE_NOT_FOUND, text)
        })
    }

    fn show(&self, cx: &mut MessageContext, key: &KeyBuffer) {
        cx.set_output(self.out_cachename, || Value::from(self.cache_name.clone()));
        cx.set_output(self.out_cachekey, || key.to_value());
    }
}

/// Asks a cache, at once where it answers at once. `question` may be put twice: the first
/// answer is thrown away unpolled where it is one to wait for.
pub(super) fn ask<'a, T: 'a>(
    cx: &'a mut MessageContext,
    cache: &'a NamedCache,
    key: KeyBuffer,
    question: impl for<'k> Fn(&'k NamedCache, &'k [u8]) -> Answer<'k, T> + 'a,
    then: impl FnOnce(&mut MessageContext, &KeyBuffer, T) -> Result<Next, Fault> + 'a,
) -> Run<'a> {
    match question(cache, key.get().unwrap_or_default()) {
        Answer::Now(answer) => return Run::Done(then(cx, &key, answer)),
        Answer::Later(unpolled) => drop(unpolled),
    }
    Run::Wait(Box::pin(async move {
        let answer = match question(cache, key.get().unwrap_or_default()) {
            Answer::Now(answer) => answer,
            Answer::Later(answer) => answer.await,
        };
        then(cx, &key, answer)
    }))
}

/// The variable's value that an item was stored as. `None`: it was stored as no such thing.
/// What other doors write is bytes, whatever it means: where it is UTF-8 it is a string.
pub(super) fn item_to_value(item: Item) -> Option<Value> {
    Some(match item {
        Item::Bytes(bytes) => match ByteString::try_from(bytes.clone()) {
            Ok(text) => Value::String(text),
            Err(_) => Value::Bytes(bytes),
        },
        Item::String(text) => Value::String(text),
        Item::Integer(n) => Value::Integer(n),
        Item::Long(n) => Value::Long(n),
        Item::Float(n) => Value::Float(n),
        Item::Double(n) => Value::Double(n),
        Item::Boolean(flag) => Value::Boolean(flag),
        Item::Response(_) | Item::Collection(_) => return None,
    })
}

/// What can be stored of a value: no message objects and no collections.
pub(super) fn value_to_item(value: Value) -> Option<Item> {
    Some(match value {
        Value::Bytes(bytes) => Item::Bytes(bytes),
        Value::String(text) => Item::String(text),
        Value::Integer(n) => Item::Integer(n),
        Value::Long(n) => Item::Long(n),
        Value::Float(n) => Item::Float(n),
        Value::Double(n) => Item::Double(n),
        Value::Boolean(flag) => Item::Boolean(flag),
        Value::Collection(_) | Value::Message(_) => return None,
    })
}
