//! What was, what is frozen, and what changed since.

use super::*;

contract! {
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
