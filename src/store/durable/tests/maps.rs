//! Maps, sealed values, records.

use super::*;

contract! {
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

#[expect(clippy::disallowed_methods, reason = "a test reads what the store wrote")]
fn read_file(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
