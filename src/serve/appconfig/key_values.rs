//! One key-value, and its lock.
//!
//! Source: Microsoft's REST reference of App Configuration, "Key-values", "Locks". A condition is
//! tested before the lock; 404, 412 and 304 have no body.

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::serve::appconfig::conditions::{Conditions, Read};
use crate::serve::appconfig::filter::TagFilter;
use crate::serve::appconfig::item::{
    NAME_CHARS_MAX, Select, Shown, check_key, check_name, read_content,
};
use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::query::decode;
use crate::serve::appconfig::reply::{Refusal, Reply, media};
use crate::serve::appconfig::{AppConfig, Ask, of_store};
use crate::store::durable::{Address, KeyValue, Via, Write, Written};
use crate::store::mirror::Wrote;

/// The label that says "none".
const NO_LABEL: &str = "\0";

/// A path's key and a query's label, as text and as the store has them.
struct Place {
    key: String,
    label: Option<String>,
    at: Address,
}

impl Place {
    fn read(ask: &Ask<'_>, key: &str) -> Result<Self, Refusal> {
        let key = decode(key).ok_or_else(|| Problem::invalid_parameter("key", ""))?;
        check_key(&key)?;
        let label = ask.query.get("label").filter(|label| !label.is_empty() && *label != NO_LABEL);
        check_name("label", label.unwrap_or_default())?;
        let at = Address {
            key: Bytes::copy_from_slice(key.as_bytes()),
            label: label.map(|label| Bytes::copy_from_slice(label.as_bytes())),
        };
        Ok(Self { label: label.map(str::to_owned), key, at })
    }
}

impl AppConfig {
    pub(super) async fn key_value(&self, ask: &Ask<'_>, key: &str) -> Result<Reply, Refusal> {
        match *ask.method {
            Method::GET | Method::HEAD if is_overlong(key) => {
                Ok(Reply::empty(StatusCode::NOT_FOUND))
            }
            Method::GET | Method::HEAD => self.get(ask, &Place::read(ask, key)?).await,
            Method::PUT => self.put(ask, Place::read(ask, key)?).await,
            Method::DELETE if is_overlong(key) => {
                ask.may_write()?;
                match Conditions::read(ask.headers).of_write().holds(None) {
                    true => Ok(Reply::empty(StatusCode::NO_CONTENT)),
                    false => Err(Refusal::Bare(StatusCode::PRECONDITION_FAILED)),
                }
            }
            Method::DELETE => self.delete(ask, Place::read(ask, key)?).await,
            _ => Err(Refusal::Method("GET, HEAD, PUT, DELETE")),
        }
    }

    async fn get(&self, ask: &Ask<'_>, place: &Place) -> Result<Reply, Refusal> {
        let found = self.mirror.get(&place.at, ask.moment(), ask.seen()).await;
        let found = found.map_err(of_store(&place.key))?;
        let Some(item) = found.filter(|item| has_tags(ask, item)) else {
            return Ok(ask.of_then(Reply::empty(StatusCode::NOT_FOUND)));
        };
        let shown = shown(&item)?;
        let reply = match Conditions::read(ask.headers).of_read(&item.etag) {
            Read::PreconditionFailed => {
                return Err(Refusal::Bare(StatusCode::PRECONDITION_FAILED));
            }
            Read::NotModified => Reply::empty(StatusCode::NOT_MODIFIED),
            Read::Answer => {
                let select = Select::parse(ask.query.get("$select"));
                Reply::json(StatusCode::OK, media::ITEM, &shown.json(&select, ask.version))
            }
        };
        Ok(ask.of_then(reply.etag(&item.etag).last_modified(shown.modified())))
    }

    async fn put(&self, ask: &Ask<'_>, place: Place) -> Result<Reply, Refusal> {
        ask.may_write()?;
        let content = read_content(&place.key, place.label.as_deref(), &ask.body, ask.version)?;
        let when = Conditions::read(ask.headers).of_write();
        let write = Write::Put { at: place.at, content, when, via: Via::Open };
        self.written(ask, write, &place.key).await
    }

    async fn delete(&self, ask: &Ask<'_>, place: Place) -> Result<Reply, Refusal> {
        ask.may_write()?;
        let when = Conditions::read(ask.headers).of_write();
        let write = Write::Delete { at: place.at, when, via: Via::Open };
        self.written(ask, write, &place.key).await
    }

    /// PUT locks, DELETE unlocks.
    pub(super) async fn lock(&self, ask: &Ask<'_>, key: &str) -> Result<Reply, Refusal> {
        ask.only(&[Method::PUT, Method::DELETE], "PUT, DELETE")?;
        ask.may_write()?;
        let place = Place::read(ask, key)?;
        let when = Conditions::read(ask.headers).of_write();
        let write = Write::Lock { at: place.at, locked: *ask.method == Method::PUT, when };
        self.written(ask, write, &place.key).await
    }

    async fn written(&self, ask: &Ask<'_>, write: Write, key: &str) -> Result<Reply, Refusal> {
        let is_removal = matches!(write, Write::Delete { .. });
        let what = if is_removal { Wrote::Removed } else { Wrote::Put };
        let receipt = self.store.write(write).await.map_err(of_store(key))?;
        self.mirror.wrote(&receipt, what).await;
        match receipt.written {
            Written::Item(item) | Written::Unchanged(item) => {
                let shown = shown(&item)?;
                let json = shown.json(&Select::All, ask.version);
                let reply = Reply::json(StatusCode::OK, media::ITEM, &json);
                Ok(reply.etag(&item.etag).last_modified(shown.modified()))
            }
            Written::Nothing | Written::Snapshot(_) | Written::Done => {
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
        }
    }
}

/// Whether a path's key is longer than that of any item here. There is none of that name, which
/// the SDK authors' own tests count on: one deletes by a text of 370 characters.
fn is_overlong(key: &str) -> bool {
    decode(key).is_some_and(|key| key.chars().count() > NAME_CHARS_MAX)
}

/// What is there and no item of this protocol is refused with its reason.
fn shown(item: &KeyValue) -> Result<Shown<'_>, Refusal> {
    Shown::new(item).map_err(|reason| {
        let key = String::from_utf8_lossy(&item.at.key);
        Problem::unshowable(&key, &reason.to_string()).into()
    })
}

/// Whether the item has the tags that the request names, where its version knows of them.
fn has_tags(ask: &Ask<'_>, item: &KeyValue) -> bool {
    !ask.version.filters_items_by_tags()
        || ask.query.all("tags").all(|text| {
            TagFilter::parse(text)
                .is_ok_and(|tag| item.content.tags.get(&tag.name) == Some(&tag.value))
        })
}
