use std::time::Duration;

use tempfile::TempDir;

use crate::clock::Clock;
use crate::store::durable::{
    Condition, Content, Filter, KeyFile, Location, MapId, Settings, Via, Write,
};

use super::*;

/// 2024-01-02T03:04:05Z.
const NOW_MS: i64 = 1_704_164_645_000;

struct Kept {
    store: Store,
    mirror: Mirror,
    _folder: TempDir,
}

impl Kept {
    async fn new(bytes_max: usize) -> Self {
        Self::looking(bytes_max, SIZE_LOOK_EVERY).await
    }

    async fn looking(bytes_max: usize, look_every: Duration) -> Self {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(7 * 24 * 3600),
        };
        let store = Store::open(&settings, &Clock::manual(NOW_MS)).await.expect("a store");
        let mirror = Mirror::looking(store.clone(), bytes_max, look_every);
        Self { store, mirror, _folder: folder }
    }

    async fn put(&self, key: &str, label: Option<&str>, value: &str) -> i64 {
        let tags = [("size".to_owned(), Some(value.len().to_string()))].into();
        let content =
            Content { value: Some(Bytes::from(value.to_owned())), tags, ..Content::default() };
        let write =
            Write::Put { at: at(key, label), content, when: Condition::None, via: Via::Open };
        self.store.write(write).await.expect("it is written").revision
    }

    async fn delete(&self, key: &str, label: Option<&str>) {
        let write = Write::Delete { at: at(key, label), when: Condition::None, via: Via::Open };
        self.store.write(write).await.expect("it is removed");
    }

    /// Until memory shows what was written.
    async fn settle(&self) {
        self.mirror.settle().await;
        let newest = *self.store.watch().borrow();
        self.mirror.wait_for(newest).await;
    }

    /// Every page of memory beside every page of the database.
    async fn check(&self, query: Query) {
        let mut query = query;
        loop {
            let told = self.store.list(query.clone()).await.expect("the database answers");
            let held = self.mirror.scan(&query).await.expect("memory answers");
            let items: Vec<KeyValue> =
                held.items.iter().map(|item| KeyValue::clone(item)).collect();
            assert_eq!(items, told.items, "{query:?}");
            let places = |cursor: &Option<crate::store::durable::Cursor>| {
                cursor.as_ref().map(|cursor| cursor.at.clone())
            };
            assert_eq!(places(&held.next), places(&told.next), "{query:?}");
            query.after = told.next;
            if query.after.is_none() {
                return;
            }
        }
    }
}

fn at(key: &str, label: Option<&str>) -> Address {
    let label = label.map(|label| Bytes::from(label.to_owned()));
    Address { key: Bytes::from(key.to_owned()), label }
}

fn key_filters() -> Vec<KeyFilter> {
    let name = |name: &'static str| Bytes::from_static(name.as_bytes());
    vec![
        Filter::All,
        Filter::Prefix(name("a")),
        Filter::Prefix(name("zz")),
        Filter::Exactly(vec![name("c"), name("ab"), name("c"), name("none")]),
        Filter::Exactly(Vec::new()),
    ]
}

fn label_filters() -> Vec<LabelFilter> {
    let label = |label: &'static str| Some(Bytes::from_static(label.as_bytes()));
    vec![
        Filter::All,
        Filter::Exactly(vec![None]),
        Filter::Exactly(vec![label("test"), None, label("none")]),
        Filter::Prefix(Bytes::from_static(b"pr")),
    ]
}

#[tokio::test]
async fn answers_as_the_database_does() {
    let kept = Kept::new(1024 * 1024).await;
    let labels = [None, Some("prod"), Some("preview"), Some("test")];
    for (number, key) in ["a", "ab", "abc", "b", "c", "é", "a/b"].into_iter().enumerate() {
        for (place, label) in labels.into_iter().enumerate() {
            if (number + place) % 3 != 0 {
                kept.put(key, label, &"x".repeat(1 + place % 2)).await;
            }
        }
    }
    kept.settle().await;
    kept.put("ab", Some("prod"), "changed").await;
    kept.delete("c", Some("test")).await;
    kept.delete("b", None).await;
    let secrets = MapId { name: Bytes::from_static(b"secrets"), label: None };
    let create = Write::CreateMap { map: secrets.clone(), encrypted: true };
    kept.store.write(create).await.expect("a map");
    let content = Content { value: Some(Bytes::from_static(b"hidden")), ..Content::default() };
    let (at, when, via) = (secrets.entry(b"one"), Condition::None, Via::Map);
    kept.store.write(Write::Put { at, content, when, via }).await.expect("an entry");
    kept.settle().await;

    for keys in key_filters() {
        for labels in label_filters() {
            for tags in [Vec::new(), vec![("size".to_owned(), Some("2".to_owned()))]] {
                for limit in [3, 100] {
                    let (keys, labels, tags) = (keys.clone(), labels.clone(), tags.clone());
                    kept.check(Query { keys, labels, tags, ..Query::all(limit) }).await;
                }
            }
        }
        let mut after = None;
        loop {
            let told = kept.store.keys(keys.clone(), Moment::Now, after.clone(), 2).await;
            let told = told.expect("the database answers");
            let held = kept.mirror.inside(|items| items.keys(&keys, after.as_ref(), 2));
            assert_eq!(held.as_ref(), Some(&told), "{keys:?} after {after:?}");
            after = told.last().cloned();
            if after.is_none() {
                break;
            }
        }
    }
    for names in label_filters() {
        let mut after = None;
        loop {
            let told = kept.store.labels(names.clone(), Moment::Now, after.clone(), 2).await;
            let told = told.expect("the database answers");
            let held = kept.mirror.inside(|items| items.labels(&names, after.as_ref(), 2));
            assert_eq!(held.as_ref(), Some(&told), "{names:?} after {after:?}");
            after = told.last().cloned();
            if after.is_none() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn whoever_has_written_reads_it() {
    let kept = Kept::new(1024 * 1024).await;
    for number in 0..50 {
        let written = number.to_string();
        let revision = kept.put("a", None, &written).await;
        let found = kept.mirror.get(&at("a", None), Moment::Now, revision).await;
        let found = found.expect("an answer").expect("an item");
        assert_eq!(found.content.value.as_deref(), Some(written.as_bytes()));
    }
}

#[tokio::test]
async fn what_does_not_fit_is_read_from_the_database() {
    for (value_bytes, fits) in [(100, true), (4096, false)] {
        let kept = Kept::new(4096).await;
        kept.put("a", None, "1").await;
        kept.settle().await;
        let long = "x".repeat(value_bytes);
        kept.put("b", None, &long).await;
        kept.settle().await;
        assert_eq!(kept.mirror.inside(|_| ()).is_some(), fits, "{value_bytes}");
        let found = kept.mirror.get(&at("b", None), Moment::Now, 0).await.expect("an answer");
        assert_eq!(found.and_then(|item| item.content.value.clone()), Some(Bytes::from(long)));
        let page = kept.mirror.list(&Query::all(10), 0).await.expect("an answer");
        assert_eq!(page.items.len(), 2);
    }
}

#[tokio::test]
async fn what_fits_again_is_in_memory_again() {
    let kept = Kept::looking(4096, Duration::ZERO).await;
    kept.put("a", None, "1").await;
    kept.put("b", None, &"x".repeat(4096)).await;
    kept.mirror.settle().await;
    let mut shown = kept.mirror.0.shown.subscribe();
    let mut until = async |is_outside: bool| {
        let is_so = |shown: &Option<i64>| (*shown == Some(i64::MAX)) == is_outside;
        let waited = timeout(Duration::from_secs(20), shown.wait_for(is_so)).await;
        waited.expect("it comes about").map(drop).expect("the mirror is there");
    };
    until(true).await;
    kept.delete("b", None).await;
    until(false).await;
    assert!(kept.mirror.inside(|items| items.get(&at("a", None))).flatten().is_some());
    kept.put("c", None, "1").await;
    kept.settle().await;
    kept.check(Query::all(10)).await;
}

/// What takes nearly all that there is would soon be outside again.
#[tokio::test]
async fn what_hardly_fits_stays_outside() {
    let kept = Kept::new(4096).await;
    kept.settle().await;
    for (value_bytes, fits) in [(3072 - 480, true), (3072 - 380, false), (4096, false)] {
        kept.put("a", None, &"x".repeat(value_bytes)).await;
        let mirror = Mirror::still(kept.store.clone(), 4096, Held::Outside);
        follow::come_back(&mirror.0, &kept.store).await.expect("the database answers");
        assert_eq!(mirror.inside(|_| ()).is_some(), fits, "{value_bytes}");
    }
    let size = kept.store.size().await.expect("the database answers");
    let held = "a{'size':'4096'}".len() + 4096;
    assert!(size.items == 1 && (held..held + 100).contains(&size.bytes), "{size:?}");
}

/// The database has not got that far: it is another one, or an older copy, or nobody saw it.
#[tokio::test]
async fn nobody_waits_for_what_is_not_there() {
    let kept = Kept::new(1024 * 1024).await;
    let revision = kept.put("a", None, "1").await;
    kept.settle().await;
    assert_eq!(kept.mirror.credible(i64::MAX).await, revision);
    assert!(kept.mirror.is_asked_first(Moment::Now, i64::MAX).await);
    // What is there is waited for.
    let late = Mirror::still(kept.store.clone(), 1024 * 1024, Held::Inside(Items::default()));
    assert!(!late.is_asked_first(Moment::Now, revision).await);
}

/// As where the database takes long to say what changed.
#[tokio::test]
async fn own_writes_are_shown_at_once() {
    let kept = Kept::new(1024 * 1024).await;
    let late = Mirror::still(kept.store.clone(), 1024 * 1024, Held::Inside(Items::default()));
    let value = |key: &str| {
        let found = late.inside(|items| items.get(&at(key, None))).flatten();
        found.and_then(|item| item.content.value.clone())
    };
    let write = async |write: Write| kept.store.write(write).await.expect("it is written");
    let put = |value: &'static str| {
        let content =
            Content { value: Some(Bytes::from_static(value.as_bytes())), ..Content::default() };
        Write::Put { at: at("a", None), content, when: Condition::None, via: Via::Open }
    };
    let delete = || Write::Delete { at: at("a", None), when: Condition::None, via: Via::Open };
    let take = |receipt: &Receipt, what| {
        let (Written::Item(item), Held::Inside(items)) =
            (&receipt.written, &mut *late.0.held.write())
        else {
            panic!("{receipt:?}")
        };
        items.wrote(item, what, receipt.revision);
    };
    let first = write(put("1")).await;
    late.wrote(&first, Wrote::Put).await;
    assert_eq!(value("a").as_deref(), Some(&b"1"[..]));
    // They may be told in another order than they were done.
    let (removed, again) = (write(delete()).await, write(put("2")).await);
    take(&again, Wrote::Put);
    take(&removed, Wrote::Removed);
    take(&first, Wrote::Put);
    assert_eq!(value("a").as_deref(), Some(&b"2"[..]));
    let last = write(delete()).await;
    take(&last, Wrote::Removed);
    take(&again, Wrote::Put);
    assert_eq!(value("a"), None);
    // What changed before they did comes late, and what changed since wins.
    let (Written::Item(old), Written::Item(new)) =
        (first.written.clone(), write(put("3")).await.written)
    else {
        panic!("they are items")
    };
    let change = |item: &KeyValue| {
        let (at, revision) = (item.at.clone(), item.revision);
        vec![crate::store::durable::Change { at, revision, item: Some(item.clone()) }]
    };
    follow::show(&late.0, change(&old), first.revision);
    assert_eq!(value("a"), None);
    follow::show(&late.0, change(&new), new.revision);
    assert_eq!(value("a").as_deref(), Some(&b"3"[..]));
    take(&last, Wrote::Removed);
    assert_eq!(value("a").as_deref(), Some(&b"3"[..]), "it is shown already");
}

#[tokio::test]
async fn the_past_is_the_databases() {
    let kept = Kept::new(1024 * 1024).await;
    kept.put("a", None, "1").await;
    kept.settle().await;
    let before = Moment::At(NOW_MS * 1000 - 1);
    assert_eq!(kept.mirror.get(&at("a", None), before, 0).await.expect("an answer"), None);
    let query = Query { moment: before, ..Query::all(10) };
    assert_eq!(kept.mirror.list(&query, 0).await.expect("an answer").items, []);
}
