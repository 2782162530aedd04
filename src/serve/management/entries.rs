//! Entries: clearing, which the platform's API has, and keys and single values, which it lacks.
//!
//! Source: Apigee Edge docs, "Clear all cache entries" (all, or those of a prefix) and "Clear a
//! cache entry". `Unknown:` whether `prefix` ends at the `__` between a key's parts; every key
//! that begins so is meant. `Unknown:` what an empty `prefix` or `key` does; it is refused,
//! since the other reading clears the cache.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::display::Base64Display;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;

use crate::serve::management::answer::{Answer, Refusal};
use crate::serve::management::parameters::Parameters;
use crate::serve::management::{Door, VALUE_BYTES_MAX};
use crate::store::cache::definition::Door as CacheDoor;
use crate::store::cache::expiry::Ttl;
use crate::store::cache::operation::{Condition, KeyCursor, Put, TtlOperation};
use crate::store::cache::{
    CacheError, Item, ItemKind, NamedCache, Operation, Outcome, TTL_MAX, WriteLimits,
};

/// Keys on one page, unless the client says how many.
const PAGE_KEYS: u64 = 100;
const PAGE_KEYS_MAX: u64 = 1000;
/// Keys that a dry run shows.
const KEYS_SHOWN: usize = 10;
/// Keys that are looked at before others have their turn.
const STEPS: usize = 4096;
/// Looks at the cache for one page, each at as many keys as the page has room for; what is left is
/// for the next page.
pub(super) const PAGE_LOOKS_MAX: usize = 256;

/// The longest key that any door takes.
const KEY_BYTES_MAX: usize = 64 * 1024;
/// What it takes on a page: each of its bytes may be written as six.
pub const KEY_JSON_BYTES_MAX: usize = 6 * KEY_BYTES_MAX + 16;

impl Door {
    /// `action=clear`: everything, what begins with `prefix`, or one `key`. With `dryRun=true`, an
    /// extension, says what would go.
    pub(super) async fn clear(&self, name: &str, form: &Parameters) -> Result<Answer, Refusal> {
        let cache = self.cache(name)?;
        is_clear(form)?;
        form.only(&["action", "prefix", "key", "dryRun"])?;
        let dry_run = form.flag("dryRun")?;
        let told = |which: &str| {
            Refusal::bad_request(format!(
                "the parameter `{which}` is empty; leave it out to clear the whole cache"
            ))
        };
        let (prefix, key) = (form.one("prefix")?, form.one("key")?);
        if prefix.is_some_and(<[u8]>::is_empty) {
            return Err(told("prefix"));
        }
        if key.is_some_and(<[u8]>::is_empty) {
            return Err(told("key"));
        }
        let cleared = match (prefix, key, dry_run) {
            (Some(_), Some(_), _) => {
                let what = "the parameters `prefix` and `key` exclude each other";
                return Err(Refusal::bad_request(what.to_owned()));
            }
            (prefix, None, true) => return meant(&cache, prefix.unwrap_or_default()).await,
            (None, Some(key), true) => return meant_entry(&cache, key).await,
            (Some(prefix), None, false) => cache.remove_prefix(prefix).settled().await?,
            (None, Some(key), false) => usize::from(cache.remove(key).settled().await?),
            (None, None, false) => {
                let flushed = self.caches.flush(name, CacheDoor::Management).await;
                flushed.map_err(|error| self.refusal(error))?
            }
        };
        Ok(Answer::ok(&json!({ "name": name, "cleared": cleared })))
    }

    /// The platform's own way to remove one entry. One that is not there is as good as removed.
    pub(super) async fn clear_entry(
        &self,
        name: &str,
        key: &[u8],
        form: &Parameters,
    ) -> Result<Answer, Refusal> {
        let cache = self.cache(name)?;
        is_clear(form)?;
        form.only(&["action", "dryRun"])?;
        if form.flag("dryRun")? {
            return meant_entry(&cache, key).await;
        }
        let cleared = usize::from(cache.remove(key).settled().await?);
        Ok(Answer::ok(&json!({ "name": name, "cleared": cleared })))
    }

    /// An extension: keys in no order, by pages. A page may have less than `limit`, and more may
    /// follow: `nextPageToken` says so.
    pub(super) async fn keys(&self, name: &str, query: &Parameters) -> Result<Answer, Refusal> {
        let cache = self.cache(name)?;
        let prefix = query.one("prefix")?.unwrap_or_default();
        let limit = query.number("limit", 1, PAGE_KEYS_MAX)?.unwrap_or(PAGE_KEYS);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut from = match query.text("pageToken")?.filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => {
                let bytes = BASE64_URL_SAFE_NO_PAD.decode(token);
                Some(KeyCursor(Bytes::from(bytes.map_err(|_| CacheError::NoSuchCursor)?)))
            }
        };
        let mut keys = Vec::new();
        for _ in 0..PAGE_LOOKS_MAX {
            // So many steps find so many keys at most.
            let page = cache.keys(prefix, from, limit - keys.len()).settled().await?;
            keys.extend(page.keys.into_iter().map(Key));
            from = page.next;
            if keys.len() >= limit || from.is_none() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let next_page_token = from.map(|KeyCursor(cursor)| BASE64_URL_SAFE_NO_PAD.encode(cursor));
        Ok(Answer::ok(&Keys { keys, next_page_token }))
    }

    /// An extension. Counts as a lookup. A stored response or a collection shows its kind alone.
    pub(super) async fn get(&self, name: &str, key: &[u8]) -> Result<Answer, Refusal> {
        let cache = self.cache(name)?;
        let limits = WriteLimits::default();
        match cache.apply(key, Operation::Get, limits).settled().await {
            Ok(Outcome::Scalar(scalar)) => {
                let value = scalar.item.as_bytes().unwrap_or_default();
                let entry = Entry::new(key, ItemKind::Scalar, scalar.remaining);
                Ok(Answer::ok(&Entry { bytes: Some(value.len()), ..entry.with_value(&value) }))
            }
            Err(CacheError::WrongType { found }) => {
                let ask = Operation::Ttl(TtlOperation::Remaining);
                match cache.apply(key, ask, limits).settled().await? {
                    Outcome::Remaining(remaining) => {
                        Ok(Answer::ok(&Entry::new(key, found, remaining)))
                    }
                    _ => Err(no_entry(name)),
                }
            }
            Ok(_) => Err(no_entry(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// An extension: the body is the value. It lives for `ttlInSec`, else as the cache says.
    pub(super) async fn put(
        &self,
        cache: &NamedCache,
        key: &[u8],
        value: Bytes,
        query: &Parameters,
    ) -> Result<Answer, Refusal> {
        let definition = cache.definition();
        let lifetime = match query.number("ttlInSec", 1, TTL_MAX.as_secs())? {
            Some(seconds) => Duration::from_secs(seconds),
            None => match definition.default_ttl(self.clock.epoch_ms(), &self.zone) {
                Ttl::For(ttl) => ttl,
                Ttl::DoNotStore => {
                    let what = "the cache's own expiry is over already; say how long the entry \
                                lives with `ttlInSec`";
                    return Err(Refusal::bad_request(what.to_owned()));
                }
            },
        };
        let limits = WriteLimits {
            key_bytes_max: KEY_BYTES_MAX,
            // The platform's limit is for policies; what the cache itself says is for everybody.
            value_bytes_max: match definition.skip_if_element_size_kb_exceeds {
                Some(kb) if kb > 0 => definition.limits().value_bytes_max,
                Some(_) | None => VALUE_BYTES_MAX,
            },
            ..WriteLimits::default()
        };
        let bytes = value.len();
        let put = Operation::Put(Put {
            item: Item::Bytes(value),
            flags: 0,
            lifetime: Some(lifetime),
            condition: Condition::Always,
        });
        cache.apply(key, put, limits).settled().await?;
        let entry = Entry::new(key, ItemKind::Scalar, Some(lifetime));
        Ok(Answer::ok(&Entry { bytes: Some(bytes), ..entry }))
    }

    /// An extension.
    pub(super) async fn remove(&self, name: &str, key: &[u8]) -> Result<Answer, Refusal> {
        if !self.cache(name)?.remove(key).settled().await? {
            return Err(no_entry(name));
        }
        Ok(Answer::ok(&Key(key)))
    }
}

/// A page of keys.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    keys: Vec<Key<Bytes>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// An object with a key alone, as text where it is that.
struct Key<K>(K);

impl<K: AsRef<[u8]>> Serialize for Key<K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let key = self.0.as_ref();
        let mut object = to.serialize_map(Some(1))?;
        match std::str::from_utf8(key) {
            Ok(text) => object.serialize_entry("key", text)?,
            Err(_) => object.serialize_entry("keyBase64", &Base64(key))?,
        }
        object.end()
    }
}

/// One entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(flatten)]
    key: Key<&'a [u8]>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<Base64<'a>>,
    /// `None`: never.
    expires_in_sec: Option<f64>,
}

impl<'a> Entry<'a> {
    fn new(key: &'a [u8], kind: ItemKind, remaining: Option<Duration>) -> Self {
        let (key, kind, expires_in_sec) = (Key(key), kind_name(kind), remaining.map(seconds));
        Self { key, kind, bytes: None, value: None, value_base64: None, expires_in_sec }
    }

    fn with_value(self, value: &'a [u8]) -> Self {
        match std::str::from_utf8(value) {
            Ok(text) => Self { value: Some(text), ..self },
            Err(_) => Self { value_base64: Some(Base64(value)), ..self },
        }
    }
}

/// Bytes that are no text.
struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Base64Display::new(self.0, &BASE64_STANDARD))
    }
}

fn is_clear(form: &Parameters) -> Result<(), Refusal> {
    match form.text("action")? {
        Some("clear") => Ok(()),
        Some(_) | None => {
            let what = "the parameter `action` says what to do; write action=clear";
            Err(Refusal::bad_request(what.to_owned()))
        }
    }
}

/// Counts what begins so, without a stop of the cache; the lowest keys are shown.
async fn meant(cache: &NamedCache, prefix: &[u8]) -> Result<Answer, Refusal> {
    let (mut count, mut lowest) = (0_usize, BTreeSet::new());
    let mut from = None;
    loop {
        let page = cache.keys(prefix, from, STEPS).settled().await?;
        count = count.saturating_add(page.keys.len());
        for key in page.keys {
            lowest.insert(key);
            if lowest.len() > KEYS_SHOWN {
                lowest.pop_last();
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let lowest: Vec<&[u8]> = lowest.iter().map(|key| &**key).collect();
    Ok(would_clear(&cache.definition().name, count, &lowest))
}

async fn meant_entry(cache: &NamedCache, key: &[u8]) -> Result<Answer, Refusal> {
    let is_there = kind(cache, key).await?.is_some();
    let keys = if is_there { &[key][..] } else { &[] };
    Ok(would_clear(&cache.definition().name, keys.len(), keys))
}

/// What a dry run says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meant<'a> {
    name: &'a str,
    would_clear: usize,
    keys: Vec<Key<&'a [u8]>>,
}

fn would_clear(name: &str, would_clear: usize, keys: &[&[u8]]) -> Answer {
    let keys = keys.iter().map(|key| Key(*key)).collect();
    Answer::ok(&Meant { name, would_clear, keys })
}

async fn kind(cache: &NamedCache, key: &[u8]) -> Result<Option<ItemKind>, CacheError> {
    match cache.apply(key, Operation::Kind, WriteLimits::default()).settled().await? {
        Outcome::Kind(kind) => Ok(Some(kind)),
        _ => Ok(None),
    }
}

fn kind_name(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Scalar => "scalar",
        ItemKind::Dictionary => "dictionary",
        ItemKind::Set => "set",
        ItemKind::List => "list",
        ItemKind::SortedSet => "sortedSet",
        ItemKind::Response => "response",
    }
}

/// With three digits behind the point.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

fn no_entry(cache: &str) -> Refusal {
    Refusal::NoEntry { cache: cache.to_owned() }
}
