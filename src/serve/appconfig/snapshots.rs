//! Snapshots: frozen lists of key-values.
//!
//! Source: Microsoft's REST reference of App Configuration, "Snapshots". They are not of version
//! 1.0. A snapshot is made within its request, so that its operation has always succeeded.

use std::collections::BTreeMap;

use http::header::HeaderName;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::serve::appconfig::conditions::{Conditions, Read};
use crate::serve::appconfig::cursor::Last;
use crate::serve::appconfig::date;
use crate::serve::appconfig::filter::Filter;
use crate::serve::appconfig::item::{Select, check_name, moment};
use crate::serve::appconfig::lists::{PAGE_MAX, full, keys_of, labels_of, page, tags_of};
use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::query::{decode, encode};
use crate::serve::appconfig::reply::{Refusal, Reply, media};
use crate::serve::appconfig::version::Version;
use crate::serve::appconfig::{AppConfig, Ask, of_store};
use crate::store::durable::{
    Composition, LabelFilter, NewSnapshot, Snapshot, SnapshotFilter, SnapshotStatus, Write, Written,
};

const FILTERS_MAX: usize = 3;
const RETENTION_SECONDS_MIN: i64 = 3600;
/// Of an archived snapshot where nothing else is said: 30 days.
const RETENTION_SECONDS_DEFAULT: i64 = 2_592_000;
const RETENTION_SECONDS_MAX: i64 = 7_776_000;

const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");

/// The body of a creation.
#[derive(Debug, Deserialize)]
struct PutBody {
    filters: Vec<FilterBody>,
    composition_type: Option<String>,
    retention_period: Option<i64>,
    tags: Option<BTreeMap<String, Option<String>>>,
    description: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct FilterBody {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct PatchBody {
    status: Option<String>,
}

impl AppConfig {
    pub(super) async fn snapshot(&self, ask: &Ask<'_>, name: &str) -> Result<Reply, Refusal> {
        known_here(ask.version)?;
        let name = decode(name).ok_or_else(|| Problem::invalid_parameter("name", ""))?;
        check_name("name", &name)?;
        match *ask.method {
            Method::GET | Method::HEAD => self.get_snapshot(ask, &name).await,
            Method::PUT => self.create_snapshot(ask, name).await,
            Method::PATCH => self.set_snapshot_status(ask, name).await,
            _ => Err(Refusal::Method("GET, HEAD, PUT, PATCH")),
        }
    }

    async fn get_snapshot(&self, ask: &Ask<'_>, name: &str) -> Result<Reply, Refusal> {
        let found = self.store.snapshot(name.to_owned()).await.map_err(of_store(name))?;
        let Some(snapshot) = found else { return Err(Refusal::Bare(StatusCode::NOT_FOUND)) };
        match Conditions::read(ask.headers).of_read(&snapshot.etag) {
            Read::PreconditionFailed => Err(Refusal::Bare(StatusCode::PRECONDITION_FAILED)),
            Read::NotModified => Ok(Reply::empty(StatusCode::NOT_MODIFIED).etag(&snapshot.etag)),
            Read::Answer => Ok(one(ask, StatusCode::OK, &snapshot)),
        }
    }

    async fn create_snapshot(&self, ask: &Ask<'_>, name: String) -> Result<Reply, Refusal> {
        ask.may_write()?;
        let new = read_new(&ask.body, name.clone(), ask.version)?;
        let write = Write::CreateSnapshot(new);
        let receipt = self.store.write(write).await.map_err(of_store(&name))?;
        let reply = of_written(ask, StatusCode::CREATED, receipt.written);
        let version = ask.query.get("api-version").unwrap_or_default();
        let (host, name) = (ask.host(), encode(&name));
        let operation = format!("http://{host}/operations?snapshot={name}&api-version={version}");
        Ok(reply.header(OPERATION_LOCATION, &operation))
    }

    async fn set_snapshot_status(&self, ask: &Ask<'_>, name: String) -> Result<Reply, Refusal> {
        ask.may_write()?;
        let body: PatchBody = serde_json::from_slice(&ask.body)
            .map_err(|error| Problem::invalid_body(format!("The body is no change: {error}")))?;
        let status = match body.status.as_deref() {
            Some("ready") => SnapshotStatus::Ready,
            Some("archived") => SnapshotStatus::Archived,
            _ => {
                let detail = "A snapshot's status becomes ready or archived";
                return Err(Problem::invalid_parameter("status", detail).into());
            }
        };
        let when = Conditions::read(ask.headers).of_write();
        let write = Write::SetSnapshotStatus { name: name.clone(), status, when };
        let receipt = self.store.write(write).await.map_err(of_store(&name))?;
        Ok(of_written(ask, StatusCode::OK, receipt.written))
    }

    pub(super) async fn list_snapshots(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        known_here(ask.version)?;
        ask.only(&[Method::GET, Method::HEAD], "GET, HEAD")?;
        let names = Filter::parse(ask.query.get("name"), "name")?;
        let statuses = statuses(ask.query.get("status"))?;
        let select = Select::parse(ask.query.get("$select"));
        let mut after = ask.after()?.and_then(|last| String::from_utf8(last.name).ok());
        let mut wanted: Vec<Snapshot> = Vec::new();
        loop {
            let found =
                self.store.snapshots(after, PAGE_MAX).await.map_err(of_store("snapshots"))?;
            after = full(&found).map(|last| last.name.clone());
            let room = PAGE_MAX - wanted.len();
            let fits = |snapshot: &Snapshot| {
                names.matches(Some(&snapshot.name)) && statuses.contains(&snapshot.status)
            };
            wanted.extend(found.into_iter().filter(fits).take(room));
            if after.is_none() || wanted.len() >= PAGE_MAX {
                break;
            }
        }
        let next = full(&wanted).map(|last| Last {
            name: last.name.clone().into_bytes(),
            label: None,
            revision: 0,
        });
        let shown = wanted.iter().map(|snapshot| select.apply(fields(snapshot, ask.version)));
        Ok(page(ask, media::SNAPSHOTS, shown.collect(), next))
    }

    /// What became of a creation: it has succeeded where the snapshot is there.
    pub(super) async fn operation(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        known_here(ask.version)?;
        ask.only(&[Method::GET, Method::HEAD], "GET, HEAD")?;
        let name = ask.query.get("snapshot").unwrap_or_default();
        let found = self.store.snapshot(name.to_owned()).await.map_err(of_store(name))?;
        if found.is_none() {
            return Err(Refusal::Bare(StatusCode::NOT_FOUND));
        }
        let body = json!({ "id": name, "status": "Succeeded", "error": null });
        Ok(Reply::json(StatusCode::OK, media::OPERATION, &body))
    }
}

fn known_here(version: Version) -> Result<(), Refusal> {
    if version.has_snapshots() { Ok(()) } else { Err(Refusal::Bare(StatusCode::NOT_FOUND)) }
}

fn read_new(body: &[u8], name: String, version: Version) -> Result<NewSnapshot, Problem> {
    let body: PutBody = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid_body(format!("The body is no snapshot: {error}")))?;
    if name.is_empty() {
        return Err(Problem::invalid_parameter("name", ""));
    }
    if !(1..=FILTERS_MAX).contains(&body.filters.len()) {
        let detail = format!("A snapshot has 1 to {FILTERS_MAX} filters");
        return Err(Problem::invalid_parameter("filters", &detail));
    }
    let composition = match body.composition_type.as_deref() {
        None | Some("key") => Composition::Key,
        Some("key_label") => Composition::KeyLabel,
        Some(_) => {
            let detail = "A composition is key or key_label";
            return Err(Problem::invalid_parameter("composition_type", detail));
        }
    };
    let retention_seconds = body.retention_period.unwrap_or(RETENTION_SECONDS_DEFAULT);
    if !(RETENTION_SECONDS_MIN..=RETENTION_SECONDS_MAX).contains(&retention_seconds) {
        let detail = format!(
            "A retention period is {RETENTION_SECONDS_MIN} to {RETENTION_SECONDS_MAX} seconds"
        );
        return Err(Problem::invalid_parameter("retention_period", &detail));
    }
    let tags = body.tags.unwrap_or_default();
    for (tag, value) in &tags {
        check_name("tags", tag)?;
        check_name("tags", value.as_deref().unwrap_or_default())?;
    }
    let mut filters = Vec::new();
    for (index, filter) in body.filters.iter().enumerate() {
        filters.push(filter.read(index, composition, version)?);
    }
    Ok(NewSnapshot {
        name,
        filters,
        filters_text: serde_json::to_string(&body.filters).unwrap_or_default(),
        composition,
        retention_seconds,
        tags,
        description: body.description.filter(|_| version.has_descriptions()),
    })
}

impl FilterBody {
    fn read(
        &self,
        index: usize,
        composition: Composition,
        version: Version,
    ) -> Result<SnapshotFilter, Problem> {
        let named = |part: &str| format!("filters[{index}].{part}");
        if self.key.is_empty() {
            return Err(Problem::invalid_parameter(&named("key"), ""));
        }
        let labels = match self.label.as_deref() {
            None | Some("") => LabelFilter::Exactly(vec![None]),
            // One item for each key: several labels would leave open which.
            Some(text) if composition == Composition::Key && is_open(text) => {
                return Err(Problem::invalid_parameter(&named("label"), ""));
            }
            Some(text) => labels_of(Some(text))
                .map_err(|_| Problem::invalid_parameter(&named("label"), ""))?,
        };
        let tags = self.tags.iter().flatten().map(String::as_str);
        let tags = if version.filters_lists_by_tags() { tags_of(tags)? } else { Vec::new() };
        Ok(SnapshotFilter { keys: keys_of(Some(&self.key), &named("key"))?, labels, tags })
    }
}

/// Whether a label filter can mean several labels.
fn is_open(text: &str) -> bool {
    !matches!(Filter::parse(Some(text), "label"), Ok(Filter::OneOf(values)) if values.len() == 1)
}

fn statuses(text: Option<&str>) -> Result<Vec<SnapshotStatus>, Problem> {
    let all = vec![SnapshotStatus::Ready, SnapshotStatus::Archived];
    let Some(text) = text.filter(|text| !text.is_empty() && *text != "*") else { return Ok(all) };
    let mut wanted = Vec::new();
    for name in text.split(',').map(str::trim) {
        match name {
            "ready" => wanted.push(SnapshotStatus::Ready),
            "archived" => wanted.push(SnapshotStatus::Archived),
            // No snapshot is ever in these.
            "provisioning" | "failed" => {}
            _ => return Err(Problem::invalid_parameter("status", "")),
        }
    }
    Ok(wanted)
}

fn of_written(ask: &Ask<'_>, status: StatusCode, written: Written) -> Reply {
    match written {
        Written::Snapshot(snapshot) => one(ask, status, &snapshot),
        Written::Item(_) | Written::Unchanged(_) | Written::Nothing | Written::Done => {
            Reply::empty(status)
        }
    }
}

fn one(ask: &Ask<'_>, status: StatusCode, snapshot: &Snapshot) -> Reply {
    let select = Select::parse(ask.query.get("$select"));
    let body = select.apply(fields(snapshot, ask.version));
    let version = ask.query.get("api-version").unwrap_or_default();
    let items = format!("/kv?snapshot={}&api-version={version}", encode(&snapshot.name));
    Reply::json(status, media::SNAPSHOT, &body)
        .etag(&snapshot.etag)
        .last_modified(moment(snapshot.created_us))
        .link(&items, "items")
}

fn fields(snapshot: &Snapshot, version: Version) -> Map<String, Value> {
    let status = match snapshot.status {
        SnapshotStatus::Ready => "ready",
        SnapshotStatus::Archived => "archived",
    };
    let composition = match snapshot.composition {
        Composition::Key => "key",
        Composition::KeyLabel => "key_label",
    };
    let filters: Value = serde_json::from_str(&snapshot.filters_text).unwrap_or_default();
    let expires = snapshot.expires_us.map(|at| date::iso_8601(moment(at)));
    let mut fields = Map::new();
    fields.insert("etag".to_owned(), json!(snapshot.etag));
    fields.insert("name".to_owned(), json!(snapshot.name));
    fields.insert("status".to_owned(), json!(status));
    fields.insert("filters".to_owned(), filters);
    fields.insert("composition_type".to_owned(), json!(composition));
    fields.insert("created".to_owned(), json!(date::iso_8601(moment(snapshot.created_us))));
    fields.insert("expires".to_owned(), json!(expires));
    fields.insert("retention_period".to_owned(), json!(snapshot.retention_seconds));
    fields.insert("size".to_owned(), json!(snapshot.size_bytes));
    fields.insert("items_count".to_owned(), json!(snapshot.items_count));
    fields.insert("tags".to_owned(), json!(snapshot.tags));
    if version.has_descriptions() {
        fields.insert("description".to_owned(), json!(snapshot.description));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_whole_body() {
        let body = br#"{"filters":[{"key":"app/*"},{"key":"b","label":"prod","tags":["a=b"]}],
                        "composition_type":"key_label","retention_period":3600,"tags":{"t":null}}"#;
        let new = read_new(body, "s".to_owned(), Version::V2024_09).expect("a snapshot");
        assert_eq!(new.composition, Composition::KeyLabel);
        assert_eq!(new.retention_seconds, 3600);
        assert_eq!(
            new.filters_text,
            r#"[{"key":"app/*"},{"key":"b","label":"prod","tags":["a=b"]}]"#
        );
        assert_eq!(new.filters[0].labels, LabelFilter::Exactly(vec![None]));
        assert_eq!(new.filters[1].tags, [("a".to_owned(), Some("b".to_owned()))]);
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, name) in [
            (r#"{"filters":[]}"#, "filters"),
            (r#"{"filters":[{"key":"a"},{"key":"a"},{"key":"a"},{"key":"a"}]}"#, "filters"),
            (r#"{"filters":[{"key":""}]}"#, "filters[0].key"),
            (r#"{"filters":[{"key":"a"},{"key":"a*b"}]}"#, "filters[1].key"),
            (r#"{"filters":[{"key":"a","label":"*"}]}"#, "filters[0].label"),
            (r#"{"filters":[{"key":"a"}],"composition_type":"x"}"#, "composition_type"),
            (r#"{"filters":[{"key":"a"}],"retention_period":3599}"#, "retention_period"),
            (r#"{"filters":[{"key":"a"}],"retention_period":7776001}"#, "retention_period"),
        ] {
            let refusal = read_new(body.as_bytes(), "s".to_owned(), Version::V2024_09);
            let text = refusal.expect_err(body).body();
            assert!(text.contains(&format!(r#""name":"{name}""#)), "{text}");
        }
        assert!(read_new(b"{}", "s".to_owned(), Version::V2024_09).is_err());
        assert!(statuses(Some("ready,gone")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(text in ".{0,120}") {
            drop(read_new(text.as_bytes(), "s".to_owned(), Version::V2024_09));
        }
    }
}
