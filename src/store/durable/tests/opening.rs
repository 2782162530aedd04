//! What a store needs to be opened, and what it refuses.

use super::*;

contract! {
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

    async fn a_store_is_known_by_its_identity(rig: Rig) {
        let other = Store::open(&rig.settings, &rig.clock).await.unwrap();
        assert_eq!(other.identity(), rig.store.identity());
        let is_word = |letter: char| letter.is_ascii_digit() || letter.is_ascii_lowercase();
        assert!(rig.store.identity().len() == 16 && rig.store.identity().chars().all(is_word));
    }

    async fn the_size_is_that_of_what_is_open_and_there(rig: Rig) {
        assert_eq!(rig.store.size().await.unwrap(), Size::default());
        rig.put("gone", None, "123").await;
        let delete =
            Write::Delete { at: at("gone", None), when: Condition::None, via: Via::Open };
        rig.store.write(delete).await.unwrap();
        rig.put("k", None, "12345").await;
        let first = rig.put("k", None, "1234").await;
        let size = rig.store.size().await.unwrap();
        let texts = "k".len() + "1234".len() + first.etag.len() + "{}".len();
        assert_eq!(size, Size { items: 1, bytes: texts });
        rig.put("é", Some("a"), "").await;
        let size = rig.store.size().await.unwrap();
        // A label has a byte in front.
        let texts = texts + "é".len() + 2 + first.etag.len() + "{}".len();
        assert_eq!(size, Size { items: 2, bytes: texts });
    }

    async fn a_store_is_there_or_not(rig: Rig) {
        assert!(Store::is_there(&rig.settings).await.unwrap());
        let mut connection = connect_to(&rig.settings.location).unwrap().connect().await.unwrap();
        Sql::new("ALTER TABLE counter RENAME TO others").run(&mut connection).await.unwrap();
        assert!(!Store::is_there(&rig.settings).await.unwrap());
        let location = Location::Sqlite(rig.folder.path().join("typo.db"));
        let settings = Settings { location, ..rig.settings.clone() };
        assert!(!Store::is_there(&settings).await.unwrap());
        assert!(!rig.folder.path().join("typo.db").exists());
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
