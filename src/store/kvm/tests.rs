use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::store::durable::{KeyFile, Location, Receipt, Settings};

const NOW_MS: i64 = 1_709_121_600_000;
const ROOM: usize = 1024 * 1024;

struct Rig {
    store: Store,
    maps: Maps,
    clock: Clock,
    _folder: TempDir,
}

impl Rig {
    async fn new(snapshot_bytes_max: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(3600),
        };
        let clock = Clock::manual(NOW_MS);
        let store = Store::open(&settings, &clock).await.unwrap();
        let maps = Maps::open(store.clone(), clock.clone(), "test", snapshot_bytes_max).await;
        Self { store, maps, clock, _folder: folder }
    }

    async fn write(&self, write: Write) -> Receipt {
        let receipt = self.store.write(write).await.unwrap();
        self.maps.wait_for(receipt.revision).await;
        receipt
    }

    async fn put(&self, key: &str, value: &str) {
        let at = Address { key: bytes(key), label: Some(bytes("test")) };
        let content = Content { value: Some(bytes(value)), ..Content::default() };
        self.write(Write::Put { at, content, when: Condition::None, via: Via::Map }).await;
    }

    /// Loaded before it is handed out.
    async fn map(&self, name: &str) -> Arc<Handle> {
        let handle = self.maps.map(&id(name));
        self.maps.settle().await;
        handle
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn id(name: &str) -> MapId {
    MapId { name: bytes(name), label: Some(bytes("test")) }
}

fn text(value: &str) -> Values {
    Values::Text(value.into())
}

fn entry(value: &str) -> Found {
    Found::Entry(Entry { values: text(value), is_sealed: false })
}

#[tokio::test]
async fn a_map_is_in_memory_and_follows() {
    let rig = Rig::new(ROOM).await;
    rig.put("m/a", "1").await;
    rig.put("m/deep/er", "2").await;
    rig.put("mm/a", "another map's").await;
    let map = rig.map("m").await;
    assert_eq!(map.get(b"a"), entry("1"));
    assert_eq!(map.get(b"deep/er"), entry("2"));
    assert_eq!(map.get(b"b"), Found::Missing);
    rig.put("m/a", "3").await;
    rig.put("m/b", "4").await;
    assert_eq!((map.get(b"a"), map.get(b"b")), (entry("3"), entry("4")));
    let at = id("m").entry(b"a");
    rig.write(Write::Delete { at, when: Condition::None, via: Via::Open }).await;
    assert_eq!(map.get(b"a"), Found::Missing);
    rig.write(Write::DeleteMap { map: id("m") }).await;
    assert_eq!(map.get(b"b"), Found::Missing);
}

#[tokio::test]
async fn a_write_is_seen_by_who_waited_for_it() {
    let rig = Rig::new(ROOM).await;
    let map = rig.map("m").await;
    for number in 0..50 {
        let value = number.to_string();
        rig.maps.put(map.clone(), bytes("n"), text(&value), Override::Yes).await.unwrap();
        assert_eq!(map.get(b"n"), entry(&value));
    }
    rig.maps.put(map.clone(), bytes("n"), text("other"), Override::No).await.unwrap();
    assert_eq!(map.get(b"n"), entry("49"));
    rig.maps.delete(map.clone(), bytes("n")).await.unwrap();
    assert_eq!(map.get(b"n"), Found::Missing);
    rig.maps.delete(map.clone(), bytes("n")).await.unwrap();
}

#[tokio::test]
async fn a_large_map_is_divided_and_stays_whole() {
    let rig = Rig::new(64 * ROOM).await;
    let map = rig.map("m").await;
    let count = 5000;
    for chunk in (0..count).collect::<Vec<_>>().chunks(1000) {
        let put = |number: &i32| Write::Put {
            at: id("m").entry(number.to_string().as_bytes()),
            content: Content { value: Some(bytes(&number.to_string())), ..Content::default() },
            when: Condition::None,
            via: Via::Map,
        };
        rig.write(Write::All(chunk.iter().map(put).collect())).await;
    }
    for number in 0..count {
        let name = number.to_string();
        assert_eq!(map.get(name.as_bytes()), entry(&name));
    }
    assert_eq!(map.get(b"-1"), Found::Missing);
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for() {
    let rig = Rig::new(2000).await;
    rig.put("small/a", "1").await;
    rig.put("large/a", &"x".repeat(3000)).await;
    let (small, large) = (rig.map("small").await, rig.map("large").await);
    assert_eq!(small.get(b"a"), entry("1"));
    assert_eq!(large.get(b"a"), Found::Elsewhere);
    let asked = rig.maps.ask(large, bytes("a")).await.unwrap().unwrap();
    assert_eq!(asked.values, text(&"x".repeat(3000)));
    // It grew out of its place.
    rig.put("small/b", &"x".repeat(2000)).await;
    assert_eq!(small.get(b"a"), Found::Elsewhere);
    assert_eq!(rig.maps.ask(small, bytes("none")).await.unwrap(), None);
}

#[tokio::test]
async fn both_sides_of_the_room_in_memory() {
    let alone = Entry { values: text("1"), is_sealed: false }.bytes(b"a");
    // Property sets that are empty take no room.
    for (room, expected) in [(alone, entry("1")), (alone - 1, Found::Elsewhere)] {
        let rig = Rig::new(room).await;
        rig.put("m/a", "1").await;
        assert_eq!(rig.map("m").await.get(b"a"), expected);
    }
}

#[tokio::test]
async fn seeds_are_written_where_the_map_lacks_them() {
    let rig = Rig::new(ROOM).await;
    rig.put("m/kept", "older").await;
    let map = rig.maps.map(&id("m"));
    let seed = |name: &str| (bytes(name), text("seed").to_content());
    rig.maps.seed(&map, vec![seed("kept"), seed("new")]);
    // Whoever asks at once waits for them.
    let asked = rig.maps.ask(map.clone(), bytes("new")).await.unwrap();
    assert_eq!(asked.map(|entry| entry.values), Some(text("seed")));
    rig.maps.settle().await;
    assert_eq!((map.get(b"kept"), map.get(b"new")), (entry("older"), entry("seed")));
}

#[tokio::test]
async fn several_values_are_told_from_a_json_array() {
    let rig = Rig::new(ROOM).await;
    let map = rig.map("m").await;
    let many = Values::Many(["a", "b"].map(Into::into).to_vec().into());
    rig.maps.put(map.clone(), bytes("many"), many.clone(), Override::Yes).await.unwrap();
    let sealed = false;
    assert_eq!(map.get(b"many"), Found::Entry(Entry { values: many, is_sealed: sealed }));
    rig.put("m/json", r#"["a","b"]"#).await;
    assert_eq!(map.get(b"json"), entry(r#"["a","b"]"#));
    let binary = Values::Bytes(Bytes::from_static(b"\xff\0"));
    rig.maps.put(map.clone(), bytes("binary"), binary.clone(), Override::Yes).await.unwrap();
    assert_eq!(map.get(b"binary"), Found::Entry(Entry { values: binary, is_sealed: sealed }));
}

#[tokio::test]
async fn an_encrypted_entry_says_so() {
    let rig = Rig::new(ROOM).await;
    rig.write(Write::CreateMap { map: id("m"), encrypted: true }).await;
    rig.put("m/a", "secret").await;
    let map = rig.map("m").await;
    let found = Found::Entry(Entry { values: text("secret"), is_sealed: true });
    assert_eq!(map.get(b"a"), found);
    assert!(!format!("{found:?}").contains("secret"));
}

#[tokio::test]
async fn property_sets_have_the_variables_names() {
    let rig = Rig::new(ROOM).await;
    rig.put("propertyset.shop.color", "blue").await;
    let [environment, organization] = rig.maps.properties();
    assert_eq!(environment.get(b"shop.color"), entry("blue"));
    assert_eq!(organization.get(b"shop.color"), Found::Missing);
    rig.put("propertyset.shop.color", "red").await;
    assert_eq!(environment.get(b"shop.color"), entry("red"));
}

#[tokio::test]
async fn requests_name_a_bounded_number_of_maps() {
    let rig = Rig::new(ROOM).await;
    for number in 0..DYNAMIC_MAPS_MAX + 10 {
        rig.maps.find(&id(&number.to_string()));
    }
    assert_eq!(rig.maps.0.known.load().len(), DYNAMIC_MAPS_MAX);
    rig.put("late/a", "1").await;
    let late = rig.maps.find(&id("late"));
    assert_eq!(late.get(b"a"), Found::Elsewhere);
    let asked = rig.maps.ask(late, bytes("a")).await.unwrap();
    assert_eq!(asked.map(|entry| entry.values), Some(text("1")));
    // What a plan names has its place.
    let held = rig.map("held").await;
    assert_eq!(held.get(b"a"), Found::Missing);
    rig.maps.0.drop_unused();
    rig.maps.0.drop_unused();
    assert_eq!(rig.maps.0.known.load().len(), 3, "and the property sets");
    drop(held);
}

#[tokio::test]
async fn without_a_store_nothing_is_there() {
    let maps = Maps::none();
    let map = maps.map(&id("m"));
    assert_eq!(map.get(b"a"), Found::Elsewhere);
    let error = maps.ask(map.clone(), bytes("a")).await.unwrap_err();
    assert!(error.is_away());
    assert!(maps.put(map, bytes("a"), text("1"), Override::Yes).await.is_err());
    maps.settle().await;
    assert_eq!(maps.age_ms(), i64::MAX);
}

#[tokio::test]
async fn memory_knows_its_age() {
    let rig = Rig::new(ROOM).await;
    assert_eq!(rig.maps.age_ms(), 0);
    rig.clock.advance(Duration::from_millis(1500));
    // The store may have been looked at meanwhile.
    assert!([0, 1500].contains(&rig.maps.age_ms()));
}
