//! What both databases must do alike; then what is one's own.
//!
//! PostgreSQL is tested where `TOLLGATE_TEST_POSTGRES` has the URL of a server whose user may
//! make databases; each test makes one of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

use super::*;

/// 2024-02-28T12:00:00Z.
const NOW_MS: i64 = 1_709_121_600_000;
const NOW_US: i64 = NOW_MS * 1000;
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Rig {
    store: Store,
    clock: Clock,
    settings: Settings,
    folder: TempDir,
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Rig {
    /// `None` where there is no server to test with.
    async fn new(kind: Kind) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let location = match kind {
            Kind::Sqlite => Location::Sqlite(folder.path().join("tollgate.db")),
            Kind::Postgres => Location::Postgres(database().await?),
        };
        let settings = Settings {
            location,
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: 7 * DAY,
        };
        let clock = Clock::manual(NOW_MS);
        let store = Store::open(&settings, &clock).await.unwrap();
        Some(Self { store, clock, settings, folder })
    }

    async fn put(&self, key: &str, label: Option<&str>, value: &str) -> KeyValue {
        item(self.store.write(put(key, label, value)).await)
    }

    async fn delete(&self, key: &str, label: Option<&str>) -> Written {
        let when = Condition::None;
        let write = Write::Delete { at: at(key, label), when, via: Via::Open };
        self.store.write(write).await.unwrap().written
    }

    async fn value(&self, key: &str, label: Option<&str>, moment: Moment) -> Option<String> {
        let found = self.store.get(at(key, label), moment, Sight::Open).await.unwrap();
        found.map(|item| String::from_utf8(item.content.value.unwrap().to_vec()).unwrap())
    }

    /// `key|label=value`, one after the other.
    async fn listed(&self, query: Query) -> Vec<String> {
        self.store.list(query).await.unwrap().items.iter().map(shown).collect()
    }

    fn tick(&self) -> i64 {
        self.clock.advance(Duration::from_millis(1));
        self.clock.epoch_ms() * 1000
    }
}

/// A new database on the server to test with.
async fn database() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests/all tells so where the server is")]
    let Ok(server) = std::env::var("TOLLGATE_TEST_POSTGRES") else {
        eprintln!("TOLLGATE_TEST_POSTGRES is not set: PostgreSQL is not tested");
        return None;
    };
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
    let text = format!("CREATE DATABASE {name} TEMPLATE template0");
    connection.execute(AssertSqlSafe(text)).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    Some(url.to_string())
}

/// One test for each database.
macro_rules! contract {
    ($(async fn $name:ident($rig:ident: Rig) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn holds($rig: Rig) $body

            #[tokio::test]
            async fn sqlite() {
                holds(Rig::new(Kind::Sqlite).await.unwrap()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(rig) = Rig::new(Kind::Postgres).await {
                    holds(rig).await;
                }
            }
        })*
    };
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn at(key: &str, label: Option<&str>) -> Address {
    Address { key: bytes(key), label: label.map(bytes) }
}

fn content(value: &str) -> Content {
    Content { value: Some(bytes(value)), ..Content::default() }
}

fn put(key: &str, label: Option<&str>, value: &str) -> Write {
    let (at, when) = (at(key, label), Condition::None);
    Write::Put { at, content: content(value), when, via: Via::Open }
}

fn put_when(key: &str, value: &str, when: Condition) -> Write {
    Write::Put { at: at(key, None), content: content(value), when, via: Via::Open }
}

#[track_caller]
fn item(result: Result<Receipt, StoreError>) -> KeyValue {
    match result.unwrap().written {
        Written::Item(item) | Written::Unchanged(item) => item,
        other => panic!("no item: {other:?}"),
    }
}

fn shown(item: &KeyValue) -> String {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let label = item.at.label.as_ref().map(|label| format!("|{}", text(label)));
    let value = item.content.value.as_ref().map(text).unwrap_or_default();
    format!("{}{}={value}", text(&item.at.key), label.unwrap_or_default())
}

/// What no index can compress.
fn noise(count: usize) -> Bytes {
    std::iter::repeat_with(rand::random::<u8>).take(count).collect()
}

fn map(name: &str) -> MapId {
    MapId { name: bytes(name), label: Some(bytes("test")) }
}

fn entry(map: &MapId, name: &str, value: &str) -> Write {
    let (at, when) = (map.entry(name.as_bytes()), Condition::None);
    Write::Put { at, content: content(value), when, via: Via::Map }
}

contract! {
    async fn an_item_is_kept_as_it_was_written(rig: Rig) {
        let odd = Bytes::from_static(b"\0\xff/%*,\\");
        let at = Address { key: odd.clone(), label: Some(odd.clone()) };
        let content = Content {
            value: Some(odd),
            content_type: Some("text/\0plain".to_owned()),
            tags: BTreeMap::from([
                ("none".to_owned(), None),
                ("nul".to_owned(), Some("\0".to_owned())),
            ]),
            description: Some("\u{1f6a6}".to_owned()),
        };
        let write = Write::Put {
            at: at.clone(),
            content: content.clone(),
            when: Condition::None,
            via: Via::Open,
        };
        let receipt = rig.store.write(write.clone()).await.unwrap();
        assert_eq!(receipt.revision, 1);
        let written = item(Ok(receipt));
        assert_eq!(written.content, content);
        assert_eq!((written.modified_us, written.is_locked), (NOW_US, false));
        let found = rig.store.get(at, Moment::Now, Sight::Open).await.unwrap();
        assert_eq!(found, Some(written.clone()));
        // The same content is no change.
        let again = rig.store.write(write).await.unwrap();
        assert_eq!(again, Receipt { written: Written::Unchanged(written), revision: 1 });
    }

    async fn no_value_is_not_an_empty_one(rig: Rig) {
        let write = Write::Put {
            at: at("k", None),
            content: Content::default(),
            when: Condition::None,
            via: Via::Open,
        };
        assert_eq!(item(rig.store.write(write).await).content.value, None);
        assert_eq!(rig.put("k", None, "").await.content.value, Some(Bytes::new()));
    }

    async fn no_label_is_a_place_of_its_own(rig: Rig) {
        for label in [None, Some(""), Some("\u{1}"), Some("test")] {
            rig.put("k", label, label.unwrap_or("none")).await;
        }
        rig.put("k", None, "none again").await;
        assert_eq!(rig.listed(Query::all(10)).await, [
            "k=none again", "k|=", "k|\u{1}=\u{1}", "k|test=test",
        ]);
        let labels = LabelFilter::Exactly(vec![None]);
        assert_eq!(rig.listed(Query { labels, ..Query::all(10) }).await, ["k=none again"]);
    }

    async fn conditions_are_looked_at_before_anything_is_written(rig: Rig) {
        use Condition::{IfMatch, IfNoneMatch};
        let missing = [
            (IfMatch(Etag::Any), false),
            (IfMatch(Etag::Is("e".to_owned())), false),
            (IfNoneMatch(Etag::Is("e".to_owned())), true),
            (IfNoneMatch(Etag::Any), true),
        ];
        for (at, (when, done)) in missing.into_iter().enumerate() {
            let result = rig.store.write(put_when(&format!("k{at}"), "v", when)).await;
            assert_eq!(result.is_ok(), done, "{at}: {result:?}");
        }
        let first = rig.put("k", None, "1").await;
        let other = Etag::Is("other".to_owned());
        for when in [
            IfMatch(other.clone()),
            IfNoneMatch(Etag::Any),
            IfNoneMatch(Etag::Is(first.etag.clone())),
        ] {
            let error = rig.store.write(put_when("k", "2", when.clone())).await.unwrap_err();
            assert!(matches!(error, StoreError::PreconditionFailed), "{error}");
            let delete = Write::Delete { at: at("k", None), when, via: Via::Open };
            assert!(rig.store.write(delete).await.is_err());
        }
        let second = item(rig.store.write(put_when("k", "2", IfMatch(Etag::Is(first.etag)))).await);
        let third = item(rig.store.write(put_when("k", "3", IfMatch(Etag::Any))).await);
        let fourth = item(rig.store.write(put_when("k", "4", IfNoneMatch(other))).await);
        assert!(second.revision < third.revision && third.revision < fourth.revision);
        let when = IfMatch(Etag::Is(fourth.etag.clone()));
        let delete = Write::Delete { at: at("k", None), when, via: Via::Open };
        assert_eq!(item(rig.store.write(delete.clone()).await), fourth);
        assert!(matches!(rig.store.write(delete).await, Err(StoreError::PreconditionFailed)));
        assert_eq!(rig.delete("k", None).await, Written::Nothing);
    }

    async fn a_locked_item_stays_as_it_is(rig: Rig) {
        let first = rig.put("k", None, "1").await;
        let lock = |locked, when| Write::Lock { at: at("k", None), locked, when };
        let locked = item(rig.store.write(lock(true, Condition::None)).await);
        assert!(locked.is_locked && locked.etag != first.etag);
        let again = rig.store.write(lock(true, Condition::None)).await.unwrap();
        assert_eq!(again.written, Written::Unchanged(locked.clone()));
        assert!(matches!(rig.store.write(put("k", None, "2")).await, Err(StoreError::Locked)));
        let delete = Write::Delete { at: at("k", None), when: Condition::None, via: Via::Open };
        assert!(matches!(rig.store.write(delete).await, Err(StoreError::Locked)));
        // A wrong etag is told first.
        let wrong = Condition::IfMatch(Etag::Is("wrong".to_owned()));
        let error = rig.store.write(put_when("k", "2", wrong.clone())).await.unwrap_err();
        assert!(matches!(error, StoreError::PreconditionFailed));
        assert!(rig.store.write(lock(false, wrong)).await.is_err());
        assert!(!item(rig.store.write(lock(false, Condition::None)).await).is_locked);
        rig.put("k", None, "2").await;
        let missing = Write::Lock { at: at("m", None), locked: true, when: Condition::None };
        assert!(matches!(rig.store.write(missing).await, Err(StoreError::NotFound)));
    }

    async fn lists_are_filtered_and_ordered_by_bytes(rig: Rig) {
        for (key, label) in [
            ("b", Some("test")), ("a", Some("test")), ("a", None), ("app/x", Some("prod")),
            ("app/y", Some("test")), ("app0", None), ("App", None),
        ] {
            rig.put(key, label, "v").await;
        }
        let all = Query::all(10);
        assert_eq!(rig.listed(all.clone()).await, [
            "App=v", "a=v", "a|test=v", "app/x|prod=v", "app/y|test=v", "app0=v", "b|test=v",
        ]);
        let keys = KeyFilter::Prefix(bytes("app/"));
        assert_eq!(rig.listed(Query { keys, ..all.clone() }).await, ["app/x|prod=v", "app/y|test=v"]);
        let keys = KeyFilter::Exactly(vec![bytes("b"), bytes("App"), bytes("none")]);
        assert_eq!(rig.listed(Query { keys, ..all.clone() }).await, ["App=v", "b|test=v"]);
        let labels = LabelFilter::Prefix(bytes("te"));
        assert_eq!(rig.listed(Query { labels, ..all.clone() }).await, [
            "a|test=v", "app/y|test=v", "b|test=v",
        ]);
        let labels = LabelFilter::Exactly(vec![None, Some(bytes("prod"))]);
        assert_eq!(rig.listed(Query { labels, ..all.clone() }).await, [
            "App=v", "a=v", "app/x|prod=v", "app0=v",
        ]);
        let keys = KeyFilter::Exactly(Vec::new());
        assert!(rig.listed(Query { keys, ..all }).await.is_empty());
        let keys = rig.store.keys(Filter::All, Moment::Now, Some(bytes("a")), 2).await.unwrap();
        assert_eq!(keys, [bytes("app/x"), bytes("app/y")]);
        let labels = rig.store.labels(Filter::All, Moment::Now, None, 9).await.unwrap();
        assert_eq!(labels, [None, Some(bytes("prod")), Some(bytes("test"))]);
        let labels = rig.store.labels(Filter::All, Moment::Now, Some(None), 1).await.unwrap();
        assert_eq!(labels, [Some(bytes("prod"))]);
    }

    async fn a_prefix_may_end_with_the_last_byte(rig: Rig) {
        for key in [&b"a\xff"[..], b"a\xff\xff", b"b", b"\xff\xff"] {
            let at = Address { key: Bytes::copy_from_slice(key), label: None };
            let (content, when) = (content("v"), Condition::None);
            rig.store.write(Write::Put { at, content, when, via: Via::Open }).await.unwrap();
        }
        for (prefix, expected) in [(&b"a\xff"[..], 2), (b"\xff", 1), (b"", 4)] {
            let keys = KeyFilter::Prefix(Bytes::copy_from_slice(prefix));
            let page = rig.store.list(Query { keys, ..Query::all(10) }).await.unwrap();
            assert_eq!(page.items.len(), expected, "{prefix:?}");
        }
    }

    async fn pages_follow_a_cursor_while_items_go_away(rig: Rig) {
        for number in 0..7 {
            rig.put(&format!("k{}", number / 2), Some(&format!("l{number}")), "v").await;
        }
        let mut query = Query::all(3);
        let mut seen = Vec::new();
        loop {
            let page = rig.store.list(query.clone()).await.unwrap();
            for item in &page.items {
                seen.push(shown(item));
                let when = Condition::None;
                let write = Write::Delete { at: item.at.clone(), when, via: Via::Open };
                rig.store.write(write).await.unwrap();
            }
            // A full page has a next one.
            assert_eq!(page.next.is_some(), page.items.len() == 3);
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted());
    }

    async fn tags_must_all_be_there(rig: Rig) {
        for number in 0..9 {
            let tag = |is_there: bool, name: &str, value: Option<&str>| {
                is_there.then(|| (name.to_owned(), value.map(str::to_owned)))
            };
            let tags = [
                tag(number % 2 == 0, "even", None),
                tag(number % 3 == 0, "three", Some("yes")),
            ];
            let content = Content { tags: tags.into_iter().flatten().collect(), ..content("v") };
            let (at, when) = (at(&format!("k{number}"), None), Condition::None);
            rig.store.write(Write::Put { at, content, when, via: Via::Open }).await.unwrap();
        }
        let even = ("even".to_owned(), None);
        let three = ("three".to_owned(), Some("yes".to_owned()));
        let no = ("three".to_owned(), Some("no".to_owned()));
        for (tags, expected) in [
            (vec![even.clone()], vec!["k0=v", "k2=v", "k4=v", "k6=v", "k8=v"]),
            (vec![even.clone(), three.clone()], vec!["k0=v", "k6=v"]),
            (vec![three, no], vec![]),
        ] {
            assert_eq!(rig.listed(Query { tags, ..Query::all(10) }).await, expected);
        }
        let query = Query { tags: vec![even], ..Query::all(2) };
        let page = rig.store.list(query.clone()).await.unwrap();
        assert_eq!(page.items.len(), 2);
        let page = rig.store.list(Query { after: page.next, ..query }).await.unwrap();
        assert_eq!(page.items.iter().map(shown).collect::<Vec<_>>(), ["k4=v", "k6=v"]);
    }

    async fn what_was_can_be_read(rig: Rig) {
        let before = NOW_US - 1;
        rig.put("k", None, "1").await;
        let second = rig.tick();
        rig.put("k", None, "2").await;
        rig.put("other", None, "o").await;
        let third = rig.tick();
        rig.delete("k", None).await;
        let fourth = rig.tick();
        rig.put("k", None, "4").await;
        for (time, expected) in [
            (before, None), (NOW_US, Some("1")), (second - 1, Some("1")), (second, Some("2")),
            (third, None), (fourth, Some("4")), (fourth + 1, Some("4")),
        ] {
            let found = rig.value("k", None, Moment::At(time)).await;
            assert_eq!(found.as_deref(), expected, "{time}");
        }
        let moment = Moment::At(second);
        assert_eq!(rig.listed(Query { moment, ..Query::all(9) }).await, ["k=2", "other=o"]);
        let moment = Moment::At(third);
        assert_eq!(rig.listed(Query { moment, ..Query::all(9) }).await, ["other=o"]);
        let keys = rig.store.keys(Filter::All, Moment::At(NOW_US), None, 9).await.unwrap();
        assert_eq!(keys, [bytes("k")]);
        // The newest first; removals are not shown.
        let page = rig.store.revisions(Query::all(2)).await.unwrap();
        assert_eq!(page.items.iter().map(shown).collect::<Vec<_>>(), ["k=4", "k=2"]);
        let query = Query { after: page.next, ..Query::all(2) };
        let page = rig.store.revisions(query).await.unwrap();
        assert_eq!(page.items.iter().map(shown).collect::<Vec<_>>(), ["k=1", "other=o"]);
        let moment = Moment::At(second);
        let page = rig.store.revisions(Query { moment, ..Query::all(9) }).await.unwrap();
        assert_eq!(page.items.iter().map(shown).collect::<Vec<_>>(), ["k=2", "k=1", "other=o"]);
    }

    async fn old_history_goes_away_and_what_is_stays(rig: Rig) {
        rig.put("kept", None, "old").await;
        rig.put("changed", None, "1").await;
        rig.put("frozen", None, "1").await;
        rig.put("removed", None, "1").await;
        let snapshot = NewSnapshot {
            name: "s".to_owned(),
            filters: vec![SnapshotFilter {
                keys: KeyFilter::Exactly(vec![bytes("frozen")]),
                labels: LabelFilter::Exactly(vec![None]),
                tags: Vec::new(),
            }],
            filters_text: "[]".to_owned(),
            composition: Composition::Key,
            retention_seconds: 3600,
            tags: BTreeMap::new(),
            description: None,
        };
        rig.store.write(Write::CreateSnapshot(snapshot)).await.unwrap();
        let first = *rig.store.watch().borrow();
        rig.tick();
        rig.put("changed", None, "2").await;
        rig.put("frozen", None, "2").await;
        rig.delete("removed", None).await;
        let all = async || rig.store.revisions(Query::all(99)).await.unwrap().items.len();
        assert!(!rig.store.prune().await.unwrap());
        assert_eq!(all().await, 6);
        rig.clock.advance(7 * DAY + Duration::from_millis(1));
        assert!(!rig.store.prune().await.unwrap());
        assert_eq!(all().await, 4, "kept, changed and both of frozen");
        assert_eq!(rig.listed(Query::all(9)).await, ["changed=2", "frozen=2", "kept=old"]);
        let items = rig.store.snapshot_items("s".to_owned(), Query::all(9)).await.unwrap().items;
        assert_eq!(items.iter().map(shown).collect::<Vec<_>>(), ["frozen=1"]);
        // The removal is forgotten: who has not heard of it reads anew.
        let changes = rig.store.changes_since(first, 9).await.unwrap();
        assert!(matches!(changes, Changes::Reload { .. }), "{changes:?}");
        let newest = *rig.store.watch().borrow();
        let changes = rig.store.changes_since(newest, 9).await.unwrap();
        assert!(matches!(changes, Changes::Since { ref items, .. } if items.is_empty()));
        // An archived snapshot lets go of what it held.
        let (status, when) = (SnapshotStatus::Archived, Condition::None);
        let archive = Write::SetSnapshotStatus { name: "s".to_owned(), status, when };
        rig.store.write(archive).await.unwrap();
        rig.clock.advance(Duration::from_secs(3600));
        rig.store.prune().await.unwrap();
        assert_eq!(rig.store.snapshot("s".to_owned()).await.unwrap(), None);
        assert_eq!(all().await, 3);
    }

    async fn pruning_takes_a_bounded_step(rig: Rig) {
        for round in 0..3 {
            let writes = (0..500).map(|number| put(&format!("k{number}"), None, &round.to_string()));
            rig.store.write(Write::All(writes.collect())).await.unwrap();
            rig.tick();
        }
        rig.clock.advance(8 * DAY);
        assert!(rig.store.prune().await.unwrap(), "a thousand rows are one step");
        assert!(!rig.store.prune().await.unwrap());
        assert_eq!(rig.store.revisions(Query::all(9999)).await.unwrap().items.len(), 500);
    }

    async fn who_catches_up_misses_nothing(rig: Rig) {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let store = rig.store.clone();
            writers.spawn(async move {
                for number in 0..20 {
                    let key = format!("k{}", number % 5);
                    let value = format!("{writer}.{number}");
                    store.write(put(&key, Some(&writer.to_string()), &value)).await.unwrap();
                    if number % 7 == 5 {
                        let at = at(&key, Some(&writer.to_string()));
                        let when = Condition::None;
                        store.write(Write::Delete { at, when, via: Via::Open }).await.unwrap();
                    }
                }
            });
        }
        let mut seen: BTreeMap<Address, String> = BTreeMap::new();
        let (mut since, mut is_last) = (0, false);
        loop {
            is_last |= writers.is_empty();
            match rig.store.changes_since(since, 7).await.unwrap() {
                Changes::Reload { .. } => panic!("nothing was forgotten"),
                Changes::Since { items, revision, more } => {
                    assert!(items.iter().all(|change| change.revision > since));
                    assert!(items.is_sorted_by_key(|change| change.revision));
                    for change in items {
                        match change.item {
                            Some(item) => seen.insert(change.at, shown(&item)),
                            None => seen.remove(&change.at),
                        };
                    }
                    assert!(revision >= since);
                    since = revision;
                    if is_last && !more {
                        break;
                    }
                }
            }
            while writers.try_join_next().is_some() {}
        }
        let listed = rig.listed(Query::all(99)).await;
        assert_eq!(seen.into_values().collect::<Vec<_>>(), listed);
        assert_eq!(listed.len(), 8 * 4, "each writer removed its last key");
    }

    async fn no_update_is_lost(rig: Rig) {
        rig.put("n", None, "0").await;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let store = rig.store.clone();
            writers.spawn(async move {
                let mut done = 0;
                while done < 10 {
                    let found = store.get(at("n", None), Moment::Now, Sight::Open).await.unwrap();
                    let found = found.unwrap();
                    let text = String::from_utf8(found.content.value.unwrap().to_vec()).unwrap();
                    let next = (text.parse::<u32>().unwrap() + 1).to_string();
                    let when = Condition::IfMatch(Etag::Is(found.etag));
                    match store.write(put_when("n", &next, when)).await {
                        Ok(_) => done += 1,
                        Err(StoreError::PreconditionFailed) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        assert_eq!(rig.value("n", None, Moment::Now).await.as_deref(), Some("60"));
    }

    async fn a_list_of_changes_is_done_or_not(rig: Rig) {
        let refused = put_when("b", "2", Condition::IfMatch(Etag::Any));
        let list = Write::All(vec![put("a", None, "1"), refused]);
        // All of them wait at once, so that they share a transaction.
        let (first, listed, last) = tokio::join!(
            rig.store.write(put("x", None, "1")),
            rig.store.write(list),
            rig.store.write(put("y", None, "1")),
        );
        assert!(matches!(listed, Err(StoreError::PreconditionFailed)), "{listed:?}");
        assert_eq!((first.unwrap().revision, last.unwrap().revision), (1, 2));
        assert_eq!(rig.listed(Query::all(9)).await, ["x=1", "y=1"]);
        let list = Write::All(vec![put("a", None, "1"), put("b", None, "2")]);
        assert_eq!(rig.store.write(list).await.unwrap().revision, 4);
        assert_eq!(rig.listed(Query::all(9)).await, ["a=1", "b=2", "x=1", "y=1"]);
    }

    async fn an_encrypted_map_is_seen_by_its_own_door_alone(rig: Rig) {
        let secrets = map("secrets");
        let create = |encrypted| Write::CreateMap { map: secrets.clone(), encrypted };
        rig.store.write(create(true)).await.unwrap();
        assert!(matches!(rig.store.write(create(true)).await, Err(StoreError::AlreadyExists)));
        rig.store.write(entry(&secrets, "token", "opensesame")).await.unwrap();
        rig.store.write(entry(&secrets, "token", "opensesame2")).await.unwrap();
        let token = secrets.entry(b"token");
        let get = |sight| rig.store.get(token.clone(), Moment::Now, sight);
        assert_eq!(get(Sight::Open).await.unwrap(), None);
        let found = get(Sight::All).await.unwrap().unwrap();
        assert!(found.is_sealed);
        assert_eq!(found.content.value, Some(bytes("opensesame2")));
        assert!(rig.listed(Query::all(9)).await.is_empty());
        assert!(rig.store.revisions(Query::all(9)).await.unwrap().items.is_empty());
        assert!(rig.store.keys(Filter::All, Moment::Now, None, 9).await.unwrap().is_empty());
        for write in [
            put("secrets/token", Some("test"), "x"),
            put("secrets/new", Some("test"), "x"),
            Write::Delete { at: token.clone(), when: Condition::None, via: Via::Open },
            Write::Lock { at: token.clone(), locked: true, when: Condition::None },
        ] {
            let error = rig.store.write(write).await.unwrap_err();
            assert!(matches!(error, StoreError::Encrypted), "{error}");
        }
        // Another label's map of that name is another map.
        rig.put("secrets/token", Some("prod"), "x").await;
        let all = Query { sight: Sight::All, ..Query::all(9) };
        assert_eq!(rig.listed(all).await, ["secrets/token|prod=x", "secrets/token|test=opensesame2"]);
        let delete = Write::DeleteMap { map: secrets.clone() };
        rig.store.write(delete.clone()).await.unwrap();
        assert!(matches!(rig.store.write(delete).await, Err(StoreError::NotFound)));
        assert_eq!(get(Sight::All).await.unwrap(), None);
    }

    async fn a_map_comes_into_being_with_its_first_entry(rig: Rig) {
        let plain = map("plain");
        rig.store.write(entry(&plain, "a/b", "1")).await.unwrap();
        let found = rig.store.map(plain.clone()).await.unwrap().unwrap();
        assert!(!found.is_encrypted);
        assert_eq!(rig.listed(Query::all(9)).await, ["plain/a/b|test=1"]);
        // What lies there open cannot be hidden by a name.
        rig.put("open/a", Some("test"), "1").await;
        let create = Write::CreateMap { map: map("open"), encrypted: true };
        assert!(matches!(rig.store.write(create).await, Err(StoreError::AlreadyExists)));
        let create = Write::CreateMap { map: map("a/b"), encrypted: false };
        assert!(matches!(rig.store.write(create).await, Err(StoreError::InvalidState)));
        let seeds = ["a/b", "new"].map(|name| (bytes(name), content("seed"))).to_vec();
        let seed = Write::Seed { map: plain.clone(), entries: seeds };
        rig.store.write(seed).await.unwrap();
        let keys = KeyFilter::Prefix(bytes("plain/"));
        let query = Query { keys, ..Query::all(9) };
        assert_eq!(rig.listed(query).await, ["plain/a/b|test=1", "plain/new|test=seed"]);
        let maps = rig.store.maps(Some(bytes("test"))).await.unwrap();
        assert_eq!(maps.into_iter().map(|map| map.id).collect::<Vec<_>>(), [plain]);
    }

    async fn records_are_kept_by_kind_and_scope(rig: Rig) {
        for kind in [
            RecordKind::CacheDefinition, RecordKind::TargetServer, RecordKind::Credential,
            RecordKind::ImportedRevision,
        ] {
            let id = |scope: &str, name: &str| {
                RecordId { kind, scope: scope.to_owned(), name: name.to_owned() }
            };
            let put = |at, body: &str| Write::PutRecord { at, body: bytes(body) };
            rig.store.write(put(id("test", "b"), "1")).await.unwrap();
            rig.store.write(put(id("test", "a"), "2")).await.unwrap();
            rig.store.write(put(id("prod", "a"), "3")).await.unwrap();
            rig.store.write(put(id("test", "b"), "4")).await.unwrap();
            let add = Write::AddRecord { at: id("test", "a"), body: bytes("5") };
            assert!(matches!(rig.store.write(add).await, Err(StoreError::AlreadyExists)));
            let records = rig.store.records(kind, "test".to_owned()).await.unwrap();
            let shown: Vec<_> =
                records.iter().map(|record| (record.at.name.as_str(), &record.body[..])).collect();
            assert_eq!(shown, [("a", &b"2"[..]), ("b", b"4")], "{kind:?}");
            let delete = Write::DeleteRecord { at: id("test", "a") };
            rig.store.write(delete.clone()).await.unwrap();
            assert!(matches!(rig.store.write(delete).await, Err(StoreError::NotFound)));
            assert_eq!(rig.store.record(id("test", "a")).await.unwrap(), None);
            let found = rig.store.record(id("prod", "a")).await.unwrap().unwrap();
            assert_eq!(found.body, bytes("3"));
        }
    }

    async fn a_snapshot_is_frozen(rig: Rig) {
        rig.put("a", None, "1").await;
        rig.put("a", Some("test"), "2").await;
        rig.put("b", Some("test"), "3").await;
        let filter = |labels| SnapshotFilter {
            keys: Filter::All,
            labels: LabelFilter::Exactly(vec![labels]),
            tags: Vec::new(),
        };
        let new = |name: &str, composition| NewSnapshot {
            name: name.to_owned(),
            filters: vec![filter(None), filter(Some(bytes("test")))],
            filters_text: "[]".to_owned(),
            composition,
            retention_seconds: 3600,
            tags: BTreeMap::from([("t".to_owned(), None)]),
            description: None,
        };
        for (name, composition) in [("k", Composition::Key), ("kl", Composition::KeyLabel)] {
            let write = Write::CreateSnapshot(new(name, composition));
            rig.store.write(write.clone()).await.unwrap();
            assert!(matches!(rig.store.write(write).await, Err(StoreError::AlreadyExists)));
        }
        rig.put("a", Some("test"), "changed").await;
        rig.delete("b", Some("test")).await;
        let items = async |name: &str| {
            let page = rig.store.snapshot_items(name.to_owned(), Query::all(9)).await.unwrap();
            page.items.iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(items("k").await, ["a|test=2", "b|test=3"]);
        assert_eq!(items("kl").await, ["a=1", "a|test=2", "b|test=3"]);
        assert!(items("none").await.is_empty());
        let found = rig.store.snapshot("kl".to_owned()).await.unwrap().unwrap();
        assert_eq!((found.items_count, found.status), (3, SnapshotStatus::Ready));
        let names = rig.store.snapshots(Some("k".to_owned()), 9).await.unwrap();
        assert_eq!(names, std::slice::from_ref(&found));
        let set = |status, when| {
            rig.store.write(Write::SetSnapshotStatus { name: "k".to_owned(), status, when })
        };
        let wrong = Condition::IfMatch(Etag::Is(found.etag));
        assert!(matches!(
            set(SnapshotStatus::Archived, wrong).await,
            Err(StoreError::PreconditionFailed)
        ));
        assert!(matches!(
            set(SnapshotStatus::Ready, Condition::None).await,
            Err(StoreError::InvalidState)
        ));
        set(SnapshotStatus::Archived, Condition::None).await.unwrap();
        let found = rig.store.snapshot("k".to_owned()).await.unwrap().unwrap();
        assert_eq!(found.expires_us, Some(NOW_US + 3_600_000_000));
        set(SnapshotStatus::Ready, Condition::None).await.unwrap();
    }

    async fn sizes_have_bounds(rig: Rig) {
        let of = |key: usize, label: usize, value: usize, tag: usize| Write::Put {
            at: Address {
                key: noise(key),
                label: Some(noise(label)),
            },
            content: Content {
                value: Some(Bytes::from(vec![b'v'; value])),
                tags: BTreeMap::from([("t".repeat(tag), None)]),
                ..Content::default()
            },
            when: Condition::None,
            via: Via::Open,
        };
        let (key, label, value) = (KEY_BYTES_MAX, LABEL_BYTES_MAX, VALUE_BYTES_MAX);
        rig.store.write(of(key, label, value, value)).await.unwrap();
        for (write, what) in [
            (of(key + 1, 1, 1, 1), "a key"),
            (of(1, label + 1, 1, 1), "a label"),
            (of(1, 1, value + 1, 1), "a value"),
            (of(1, 1, 1, value + 1), "what stands beside a value"),
        ] {
            let error = rig.store.write(write).await.unwrap_err();
            assert!(matches!(error, StoreError::TooLarge { what: found, .. } if found == what));
        }
        let at = RecordId {
            kind: RecordKind::TargetServer,
            scope: String::new(),
            name: "n".to_owned(),
        };
        let record = |bytes| Write::PutRecord {
            at: at.clone(),
            body: Bytes::from(vec![0; bytes]),
        };
        rig.store.write(record(RECORD_BYTES_MAX)).await.unwrap();
        assert!(rig.store.write(record(RECORD_BYTES_MAX + 1)).await.is_err());
    }

    async fn what_was_written_is_there_after_a_restart(rig: Rig) {
        let first = rig.put("k", None, "1").await;
        drop(rig.store);
        let store = Store::open(&rig.settings, &rig.clock).await.unwrap();
        assert_eq!(*store.watch().borrow(), first.revision);
        let found = store.get(at("k", None), Moment::Now, Sight::Open).await.unwrap();
        assert_eq!(found, Some(first));
        let second = item(store.write(put("k", None, "2")).await);
        assert_eq!(second.revision, 2);
    }

    async fn another_key_is_refused(rig: Rig) {
        let other = rig.folder.path().join("other.key");
        let settings = Settings { key_file: KeyFile::Own(other.clone()), ..rig.settings.clone() };
        let error = Store::open(&settings, &rig.clock).await.unwrap_err();
        assert!(matches!(&error, StoreError::WrongKey { path } if *path == other), "{error}");
    }

    async fn a_newer_schema_is_refused_with_words(rig: Rig) {
        let mut connection = connect_to(&rig.settings.location).unwrap().connect().await.unwrap();
        let text = "INSERT INTO _sqlx_migrations \
            (version, description, success, checksum, execution_time) \
            VALUES (9, 'from the future', true, $1, 0)";
        Sql::new(text).with(vec![0_u8; 48]).unwrap().run(&mut connection).await.unwrap();
        let error = Store::open(&rig.settings, &rig.clock).await.unwrap_err();
        let known = Dialect::schema_version();
        assert_eq!(
            error.to_string(),
            format!(
                "the store was written by a newer Tollgate: it has migration 9, and this one knows \
                 {known}; start the newer one, or name another database in `store.url`"
            )
        );
    }

    async fn changed_tables_are_refused(rig: Rig) {
        let mut connection = connect_to(&rig.settings.location).unwrap().connect().await.unwrap();
        let text = "UPDATE _sqlx_migrations SET checksum = $1";
        Sql::new(text).with(vec![0_u8; 48]).unwrap().run(&mut connection).await.unwrap();
        let error = Store::open(&rig.settings, &rig.clock).await.unwrap_err();
        assert!(matches!(error, StoreError::SchemaForeign { version: 1 }), "{error}");
    }

    async fn writes_are_heard_of(rig: Rig) {
        let mut watch = rig.store.watch();
        rig.put("k", None, "1").await;
        assert_eq!(*watch.wait_for(|newest| *newest > 0).await.unwrap(), 1);
        assert_eq!(rig.store.checked_ms(), NOW_MS);
    }
}

/// One gateway's write reaches another one.
#[tokio::test]
async fn gateways_hear_of_each_other() {
    let Some(rig) = Rig::new(Kind::Postgres).await else { return };
    let other = Store::open(&rig.settings, &rig.clock).await.unwrap();
    let mut watch = other.watch();
    let written = rig.put("k", None, "1").await;
    watch.wait_for(|newest| *newest >= written.revision).await.unwrap();
    let found = other.get(at("k", None), Moment::Now, Sight::Open).await.unwrap();
    assert_eq!(found, Some(written));
    // Turns are taken across gateways.
    let (mine, theirs) =
        tokio::join!(rig.store.write(put("a", None, "1")), other.write(put("b", None, "1")),);
    let mut revisions = [mine.unwrap().revision, theirs.unwrap().revision];
    revisions.sort_unstable();
    assert_eq!(revisions, [2, 3]);
}

#[tokio::test]
async fn a_sealed_value_is_nowhere_in_the_file() {
    let rig = Rig::new(Kind::Sqlite).await.unwrap();
    let secrets = map("secrets");
    let create = Write::CreateMap { map: secrets.clone(), encrypted: true };
    rig.store.write(create).await.unwrap();
    rig.store.write(entry(&secrets, "token", "opensesame")).await.unwrap();
    let at =
        RecordId { kind: RecordKind::Credential, scope: String::new(), name: "momento".to_owned() };
    rig.store.write(Write::PutRecord { at, body: bytes("opensesame") }).await.unwrap();
    rig.put("plain", None, "readable").await;
    let mut has_plain = false;
    for name in ["tollgate.db", "tollgate.db-wal"] {
        let path = rig.folder.path().join(name);
        let bytes = read_file(&path);
        assert!(memchr::memmem::find(&bytes, b"opensesame").is_none(), "{name}");
        has_plain |= memchr::memmem::find(&bytes, b"readable").is_some();
    }
    assert!(has_plain, "the files are those of the store");
    for name in ["tollgate.db", "store.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(rig.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_sealed_value_opens_in_its_place_alone() {
    let rig = Rig::new(Kind::Sqlite).await.unwrap();
    let secrets = map("secrets");
    let create = Write::CreateMap { map: secrets.clone(), encrypted: true };
    rig.store.write(create).await.unwrap();
    rig.store.write(entry(&secrets, "a", "1")).await.unwrap();
    rig.store.write(entry(&secrets, "b", "2")).await.unwrap();
    let mut connection = connect_to(&rig.settings.location).unwrap().connect().await.unwrap();
    let swap = "UPDATE revisions SET value = (SELECT value FROM revisions WHERE revision = 2) \
        WHERE revision = 3";
    Sql::new(swap).run(&mut connection).await.unwrap();
    let found = rig.store.get(secrets.entry(b"b"), Moment::Now, Sight::All).await;
    assert!(matches!(found, Err(StoreError::Unsealable)), "{found:?}");
    let found = rig.store.get(secrets.entry(b"a"), Moment::Now, Sight::All).await.unwrap();
    assert_eq!(found.unwrap().content.value, Some(bytes("1")));
}

#[tokio::test]
async fn what_hinders_an_opening_is_told() {
    let folder = TempDir::new().unwrap();
    let settings =
        |location: Location, key_file: KeyFile| Settings { location, key_file, retention: DAY };
    let clock = Clock::manual(NOW_MS);
    let file = |name: &str| folder.path().join(name);
    let sqlite = || Location::Sqlite(file("t.db"));
    let own = || KeyFile::Own(file("k"));

    let given = KeyFile::Given(file("missing"));
    let error = Store::open(&settings(sqlite(), given), &clock).await.unwrap_err();
    assert!(matches!(error, StoreError::KeyFile { .. }), "{error}");
    for bytes in [31, 33] {
        std::fs::write(file("short"), vec![0; bytes]).unwrap();
        let error = Store::open(&settings(sqlite(), KeyFile::Given(file("short"))), &clock).await;
        assert!(matches!(error, Err(StoreError::KeyLength { .. })));
    }
    let location = Location::Sqlite(file("none/t.db"));
    let error = Store::open(&settings(location, own()), &clock).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    std::fs::write(file("text"), "this is no database, and it is long enough to tell".repeat(99))
        .unwrap();
    let location = Location::Sqlite(file("text"));
    let error = Store::open(&settings(location, own()), &clock).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    // Nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let location = Location::Postgres(format!("postgres://u:secret@127.0.0.1:{port}/d"));
    assert!(!format!("{location:?}").contains("secret"));
    let error = Store::open(&settings(location, own()), &clock).await.unwrap_err();
    assert!(error.is_away(), "{error}");
    assert!(!format!("{error:?} {error}").contains("secret"));
    let location = Location::Postgres("nonsense".to_owned());
    let error = Store::open(&settings(location, own()), &clock).await.unwrap_err();
    assert!(matches!(error, StoreError::Url), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_told() {
    let rig = Rig::new(Kind::Sqlite).await.unwrap();
    let mut connection = connect_to(&rig.settings.location).unwrap().connect().await.unwrap();
    connection.execute("PRAGMA max_page_count = 40").await.unwrap();
    let insert =
        || Sql::new("UPDATE counter SET key_check = $1").with(vec![1_u8; 1024 * 1024]).unwrap();
    let error = insert().run(&mut connection).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
}

#[test]
fn off_loopback_the_server_must_prove_who_it_is() {
    for (url, expected) in [
        ("postgres://u@db.example/t", "postgres://u@db.example/t?sslmode=verify-full"),
        ("postgres://u@192.0.2.1/t?x=1", "postgres://u@192.0.2.1/t?x=1&sslmode=verify-full"),
        ("postgres://u@db.example/t?sslmode=disable", "postgres://u@db.example/t?sslmode=disable"),
        ("postgres://u@localhost/t", "postgres://u@localhost/t"),
        ("postgres://u@127.0.0.1:5433/t", "postgres://u@127.0.0.1:5433/t"),
        ("postgres://u@[::1]/t", "postgres://u@[::1]/t"),
        ("postgres:///t?host=/run/postgresql", "postgres:///t?host=/run/postgresql"),
    ] {
        assert_eq!(postgres_url(url).unwrap().as_str(), expected);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Put(u8, u8),
    Delete(u8),
    Lock(u8, bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..4_u8, 0..9_u8).prop_map(|(key, value)| Op::Put(key, value)),
        (0..4_u8).prop_map(Op::Delete),
        (0..4_u8, any::<bool>()).prop_map(|(key, locked)| Op::Lock(key, locked)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// What is and what was agree with a map that was copied after each change.
    #[test]
    fn the_store_agrees_with_a_map(ops in prop::collection::vec(op(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rig = Rig::new(Kind::Sqlite).await.unwrap();
            let mut model: BTreeMap<u8, (u8, bool)> = BTreeMap::new();
            let mut past = Vec::new();
            for op in ops {
                let now = rig.tick();
                let name = |key: u8| format!("k{key}");
                match op {
                    Op::Put(key, value) => {
                        let write = put(&name(key), None, &value.to_string());
                        let done = rig.store.write(write).await.is_ok();
                        let is_locked = model.get(&key).is_some_and(|(_, locked)| *locked);
                        assert_eq!(done, !is_locked);
                        if done {
                            model.insert(key, (value, false));
                        }
                    }
                    Op::Delete(key) => {
                        let (at, when) = (at(&name(key), None), Condition::None);
                        let write = Write::Delete { at, when, via: Via::Open };
                        let done = rig.store.write(write).await.is_ok();
                        let is_locked = model.get(&key).is_some_and(|(_, locked)| *locked);
                        assert_eq!(done, !is_locked);
                        if done {
                            model.remove(&key);
                        }
                    }
                    Op::Lock(key, locked) => {
                        let (at, when) = (at(&name(key), None), Condition::None);
                        let done = rig.store.write(Write::Lock { at, locked, when }).await.is_ok();
                        assert_eq!(done, model.contains_key(&key));
                        if let Some(found) = model.get_mut(&key) {
                            found.1 = locked;
                        }
                    }
                }
                past.push((now, model.clone()));
            }
            for (time, model) in past {
                let moment = Moment::At(time);
                let found = rig.store.list(Query { moment, ..Query::all(9) }).await.unwrap();
                let found: Vec<_> =
                    found.items.iter().map(|item| (shown(item), item.is_locked)).collect();
                let expected: Vec<_> = model
                    .iter()
                    .map(|(key, (value, locked))| (format!("k{key}={value}"), *locked))
                    .collect();
                assert_eq!(found, expected);
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads what the store wrote")]
fn read_file(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
