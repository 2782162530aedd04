//! Lists: key-values, revisions, keys, labels.
//!
//! Source: Microsoft's REST reference of App Configuration, "Filtering", "Pagination", "Revisions";
//! its emulator and the clients' suites for this: a full page always has a next link, and from
//! version `2023-10-01` on a page of items has an etag of its own.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_RANGE, RANGE};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::serve::appconfig::conditions::{Conditions, Read};
use crate::serve::appconfig::cursor::Last;
use crate::serve::appconfig::filter::{Filter, TagFilter};
use crate::serve::appconfig::item::{Select, Shown, check_name};
use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::reply::{Refusal, Reply, media};
use crate::serve::appconfig::{AppConfig, Ask, of_store};
use crate::store::durable::{
    self, Address, Cursor, KeyFilter, KeyValue, LabelFilter, Page, Sight, TagFilter as Tags,
};

/// Entries of a page.
pub(super) const PAGE_MAX: usize = 100;

/// Revisions that are counted for a `Content-Range`; of more the count is left open.
const COUNTED_MAX: usize = 10_000;

/// Tags that one list may be filtered by.
const TAGS_MAX: usize = 5;

const READS: &[Method] = &[Method::GET, Method::HEAD];
const READS_TEXT: &str = "GET, HEAD";

impl AppConfig {
    pub(super) async fn list_key_values(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        ask.only(READS, READS_TEXT)?;
        let after = ask.after()?.map(cursor);
        let page = match ask.query.get("snapshot").filter(|_| ask.version.has_snapshots()) {
            Some(name) => {
                let query = durable::Query { after, ..durable::Query::all(PAGE_MAX) };
                let items = self.store.snapshot_items(name.to_owned(), query);
                shared(items.await.map_err(of_store(name))?)
            }
            None => {
                let query = items_query(ask, after)?;
                self.mirror.list(&query, ask.seen()).await.map_err(of_store("kv"))?
            }
        };
        Ok(items(ask, &page))
    }

    pub(super) async fn list_revisions(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        ask.only(READS, READS_TEXT)?;
        let range = ask.headers.get(RANGE).and_then(|value| value.to_str().ok());
        if let Some(range) = range.filter(|_| ask.version.has_ranges()) {
            return self.range_of_revisions(ask, range).await;
        }
        let query = items_query(ask, ask.after()?.map(cursor))?;
        let page = self.store.revisions(query).await.map_err(of_store("revisions"))?;
        Ok(items(ask, &shared(page)))
    }

    /// `Range: items=0-2`.
    async fn range_of_revisions(&self, ask: &Ask<'_>, range: &str) -> Result<Reply, Refusal> {
        let out = || Refusal::Bare(StatusCode::RANGE_NOT_SATISFIABLE);
        let (first, last) = range
            .strip_prefix("items=")
            .and_then(|range| range.split_once('-'))
            .and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse().ok()?)))
            .filter(|(first, last): &(usize, usize)| first <= last)
            .ok_or_else(out)?;
        let (mut wanted, mut counted, mut after) = (Vec::new(), 0_usize, None);
        loop {
            let query = items_query(ask, after)?;
            let page = self.store.revisions(query).await.map_err(of_store("revisions"))?;
            for item in page.items {
                if (first..=last).contains(&counted) && wanted.len() < PAGE_MAX {
                    wanted.push(Arc::new(item));
                }
                counted = counted.saturating_add(1);
            }
            after = page.next;
            if after.is_none() || counted >= COUNTED_MAX {
                break;
            }
        }
        let last = first.saturating_add(wanted.len()).checked_sub(1);
        let Some(last) = last.filter(|_| !wanted.is_empty()) else { return Err(out()) };
        let total = if after.is_none() { counted.to_string() } else { "*".to_owned() };
        let mut reply = items(ask, &Page { items: wanted, next: None });
        reply.status = StatusCode::PARTIAL_CONTENT;
        Ok(reply.header(CONTENT_RANGE, &format!("items {first}-{last}/{total}")))
    }

    pub(super) async fn list_keys(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        ask.only(READS, READS_TEXT)?;
        let names = keys(ask, "name")?;
        let after = ask.after()?.map(|last| last.name());
        let found = self.mirror.keys(&names, ask.moment(), after, PAGE_MAX, ask.seen());
        let found = found.await.map_err(of_store("keys"))?;
        let next = full(&found).map(|key| Last { name: key.to_vec(), label: None, revision: 0 });
        // A key that is no text belongs to a map of the gateway's own.
        let names = found.iter().filter_map(|key| std::str::from_utf8(key).ok());
        Ok(page(ask, media::KEYS, names.map(|name| json!({ "name": name })).collect(), next))
    }

    pub(super) async fn list_labels(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        ask.only(READS, READS_TEXT)?;
        // The clients' suites expect refusals to name `label`.
        let names = labels_of(ask.query.get("name"))?;
        let after = ask.after()?.map(|last| last.label());
        let found = self.mirror.labels(&names, ask.moment(), after, PAGE_MAX, ask.seen());
        let found = found.await.map_err(of_store("labels"))?;
        let next = full(&found).map(|label| Last {
            name: Vec::new(),
            label: label.as_ref().map(|label| label.to_vec()),
            revision: 0,
        });
        let names = found.iter().filter_map(|label| match label {
            Some(label) => std::str::from_utf8(label).ok().map(Some),
            None => Some(None),
        });
        Ok(page(ask, media::LABELS, names.map(|name| json!({ "name": name })).collect(), next))
    }
}

impl Ask<'_> {
    /// What tells this list from others: its resource and filters.
    fn list_of(&self) -> String {
        let mut text = self.path.trim_end_matches('/').to_owned();
        for name in ["key", "label", "name", "tags", "status", "snapshot"] {
            for value in self.query.all(name) {
                text.push('\n');
                text.push_str(name);
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }

    /// Where the page before ended.
    pub(super) fn after(&self) -> Result<Option<Last>, Problem> {
        Last::parse(self.query.get("after"), &self.list_of())
    }

    fn next_link(&self, last: &Last) -> String {
        let token = last.token(&self.list_of());
        format!("{}?{}", self.path, self.query.with("after", &token))
    }
}

fn cursor(last: Last) -> Cursor {
    let at = Address { key: last.name(), label: last.label() };
    Cursor { at, revision: last.revision }
}

/// The last entry of a page that is full: there may be more.
pub(super) fn full<T>(found: &[T]) -> Option<&T> {
    found.last().filter(|_| found.len() >= PAGE_MAX)
}

fn items_query(ask: &Ask<'_>, after: Option<Cursor>) -> Result<durable::Query, Problem> {
    Ok(durable::Query {
        keys: keys(ask, "key")?,
        labels: labels_of(ask.query.get("label"))?,
        tags: tags(ask)?,
        moment: ask.moment(),
        sight: Sight::Open,
        after,
        limit: PAGE_MAX,
    })
}

fn keys(ask: &Ask<'_>, parameter: &str) -> Result<KeyFilter, Problem> {
    keys_of(ask.query.get(parameter), "key")
}

/// A filter of keys, or of names of snapshots. "No label" is no key.
pub(super) fn keys_of(text: Option<&str>, name: &str) -> Result<KeyFilter, Problem> {
    Ok(match checked(text, name)? {
        Filter::Any => KeyFilter::All,
        Filter::StartsWith(start) => KeyFilter::Prefix(Bytes::from(start)),
        Filter::OneOf(values) => {
            KeyFilter::Exactly(values.into_iter().flatten().map(Bytes::from).collect())
        }
    })
}

pub(super) fn labels_of(text: Option<&str>) -> Result<LabelFilter, Problem> {
    Ok(match checked(text, "label")? {
        Filter::Any => LabelFilter::All,
        Filter::StartsWith(start) => LabelFilter::Prefix(Bytes::from(start)),
        Filter::OneOf(values) => {
            let label = |value: Option<String>| value.map(Bytes::from);
            LabelFilter::Exactly(values.into_iter().map(label).collect())
        }
    })
}

fn checked(text: Option<&str>, name: &str) -> Result<Filter, Problem> {
    let filter = Filter::parse(text, name)?;
    let texts: Vec<&str> = match &filter {
        Filter::Any => Vec::new(),
        Filter::StartsWith(start) => vec![start],
        Filter::OneOf(values) => values.iter().flatten().map(String::as_str).collect(),
    };
    for text in texts {
        check_name(name, text)?;
    }
    Ok(filter)
}

fn tags(ask: &Ask<'_>) -> Result<Tags, Problem> {
    if !ask.version.filters_lists_by_tags() {
        return Ok(Vec::new());
    }
    tags_of(ask.query.all("tags"))
}

pub(super) fn tags_of<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Tags, Problem> {
    let mut tags = Vec::new();
    for text in texts {
        let tag = TagFilter::parse(text)?;
        tags.push((tag.name, tag.value));
        if tags.len() > TAGS_MAX {
            let detail = format!("Too many values. Maximum supported is {TAGS_MAX}");
            return Err(Problem::invalid_parameter("tags", &detail));
        }
    }
    Ok(tags)
}

fn shared(page: Page<KeyValue>) -> Page<Arc<KeyValue>> {
    Page { items: page.items.into_iter().map(Arc::new).collect(), next: page.next }
}

/// A page of items or revisions. What this protocol cannot show is left out.
fn items(ask: &Ask<'_>, page: &Page<Arc<KeyValue>>) -> Reply {
    let select = Select::parse(ask.query.get("$select"));
    let shown: Vec<Shown<'_>> =
        page.items.iter().filter_map(|item| Shown::new(item).ok()).collect();
    let next = page.next.as_ref().map(|next| {
        ask.next_link(&Last {
            name: next.at.key.to_vec(),
            label: next.at.label.as_ref().map(|label| label.to_vec()),
            revision: next.revision,
        })
    });
    let etag = ask.version.has_page_etags().then(|| page_etag(&shown, next.as_deref()));
    let read =
        etag.as_ref().map_or(Read::Answer, |etag| Conditions::read(ask.headers).of_read(etag));
    let reply = match read {
        Read::PreconditionFailed => return Reply::empty(StatusCode::PRECONDITION_FAILED),
        Read::NotModified => Reply::empty(StatusCode::NOT_MODIFIED),
        Read::Answer => {
            let items: Vec<Value> =
                shown.iter().map(|item| item.json(&select, ask.version)).collect();
            let mut body = json!({ "items": items });
            if let Some(etag) = &etag {
                body["etag"] = json!(etag);
            }
            if let Some(next) = &next {
                body["@nextLink"] = json!(next);
            }
            Reply::json(StatusCode::OK, media::ITEMS, &body)
        }
    };
    let reply = match &etag {
        Some(etag) => reply.etag(etag),
        None => reply,
    };
    ask.of_then(linked(reply, next.as_deref()))
}

/// A page of names or snapshots.
pub(super) fn page(
    ask: &Ask<'_>,
    media: &'static str,
    items: Vec<Value>,
    next: Option<Last>,
) -> Reply {
    let next = next.map(|last| ask.next_link(&last));
    let mut body = json!({ "items": items });
    if let Some(next) = &next {
        body["@nextLink"] = json!(next);
    }
    ask.of_then(linked(Reply::json(StatusCode::OK, media, &body), next.as_deref()))
}

fn linked(reply: Reply, next: Option<&str>) -> Reply {
    match next {
        Some(next) => reply.link(next, "next"),
        None => reply,
    }
}

/// Changes with any item of the page, and with whether another follows.
fn page_etag(items: &[Shown<'_>], next: Option<&str>) -> String {
    let mut digest = Sha256::new();
    for shown in items {
        digest.update(shown.item.etag.as_bytes());
        digest.update([0]);
    }
    digest.update(next.unwrap_or_default());
    BASE64_URL_SAFE_NO_PAD.encode(digest.finalize())
}
