//! Key-values: conditions, locks, lists, lists of changes, sizes.

use super::*;

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
}
