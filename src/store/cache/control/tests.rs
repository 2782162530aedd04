use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::profile::Profile;
use crate::store::cache::contract::{settle, text};
use crate::store::cache::expiry::Ttl;
use crate::store::cache::{Item, Lookup};
use crate::store::durable::{KeyFile, Location, Settings};

/// A store that gateways share.
struct Rig {
    store: Store,
    folder: TempDir,
}

impl Rig {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open_store(folder.path().into()).await;
        Self { store, folder }
    }

    /// Another gateway on the store.
    async fn gateway(&self, profile: Profile, of_file: &[&str]) -> CacheControl {
        control(self.store.clone(), profile, of_file).await
    }
}

async fn open_store(folder: PathBuf) -> Store {
    let settings = Settings {
        location: Location::Sqlite(folder.join("tollgate.db")),
        key_file: KeyFile::Own(folder.join("store.key")),
        retention: Duration::from_secs(1),
    };
    Store::open(&settings, &Clock::system()).await.unwrap()
}

async fn control(store: Store, profile: Profile, of_file: &[&str]) -> CacheControl {
    let of_file: Vec<_> = of_file.iter().map(|name| CacheDefinition::named(name)).collect();
    let caches = Caches::new(profile, of_file.clone(), Clock::manual(0)).unwrap();
    CacheControl::open(Arc::new(caches), store, "test", of_file).await.unwrap()
}

fn named(name: &str) -> CacheDefinition {
    CacheDefinition::named(name)
}

fn names(control: &CacheControl, door: Door) -> Vec<String> {
    let page = control.list(door, None, usize::MAX);
    page.caches.iter().map(|cache| cache.definition().name.clone()).collect()
}

fn populate(control: &CacheControl, name: &str) -> Arc<NamedCache> {
    let cache = control.get(name, Door::Management).unwrap();
    settle(cache.populate(b"key", text("value"), Ttl::For(Duration::from_secs(60)))).unwrap();
    cache
}

fn holds_the_key(cache: &NamedCache) -> bool {
    matches!(settle(cache.lookup(b"key", Duration::ZERO)), Lookup::Hit(Item::String(_)))
}

/// Waits until a gateway has seen what another did; the test's runner bounds the wait.
async fn seen(control: &CacheControl, is_so: impl Fn() -> bool) {
    let mut changes = control.changes();
    while !is_so() {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_cache_is_created_listed_and_deleted() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &[]).await;
    for name in ["b", "a/ö", "c"] {
        control.create(named(name)).await.unwrap();
    }
    let twice = control.create(named("b")).await;
    assert!(matches!(twice, Err(ControlError::AlreadyExists { name }) if name == "b"));
    let refused = control.create(named("a\n")).await;
    assert!(matches!(refused, Err(ControlError::Name(NameError::Character { .. }))));
    assert_eq!(names(&control, Door::Momento), ["a/ö", "b", "c"]);
    assert_eq!(control.owner("b"), Some(Owner::Store));

    let first = control.list(Door::Momento, None, 2);
    assert_eq!((first.caches.len(), first.next.as_deref()), (2, Some("b")));
    let last = control.list(Door::Momento, Some("b"), 2);
    assert_eq!((last.caches.len(), last.next), (1, None));
    assert_eq!(control.list(Door::Momento, None, 3).next, None);

    let held = populate(&control, "b");
    control.delete("b", Door::Momento).await.unwrap();
    assert!(!holds_the_key(&held), "its items go with it");
    assert_eq!(names(&control, Door::Momento), ["a/ö", "c"]);
    let gone = control.delete("b", Door::Momento).await;
    assert!(matches!(gone, Err(ControlError::NotFound { name }) if name == "b"));
    control.create(named("b")).await.unwrap();
    assert!(!holds_the_key(&control.get("b", Door::Momento).unwrap()));
}

#[tokio::test]
async fn a_flush_keeps_the_cache() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &["file"]).await;
    control.create(named("made")).await.unwrap();
    for name in ["file", "made"] {
        let cache = populate(&control, name);
        assert_eq!(control.flush(name, Door::Momento).await.unwrap(), 1, "{name}");
        assert!(!holds_the_key(&cache));
        assert!(control.get(name, Door::Momento).is_some());
    }
    let none = control.flush("none", Door::Momento).await;
    assert!(matches!(none, Err(ControlError::NotFound { .. })));
}

#[tokio::test]
async fn an_update_keeps_the_items_where_the_budgets_stay() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &[]).await;
    let none = control.update(named("c"), Door::Management).await;
    assert!(matches!(none, Err(ControlError::NotFound { .. })));
    control.create(named("c")).await.unwrap();
    populate(&control, "c");
    let described = CacheDefinition { description: Some("two".into()), ..named("c") };
    control.update(described.clone(), Door::Management).await.unwrap();
    let cache = control.get("c", Door::Management).unwrap();
    assert_eq!(*cache.definition(), described);
    assert!(holds_the_key(&cache));
    let resized = CacheDefinition { max_elements_in_memory: Some(1), ..described };
    control.update(resized, Door::Management).await.unwrap();
    assert!(!holds_the_key(&control.get("c", Door::Management).unwrap()));
}

#[tokio::test]
async fn what_the_file_defines_the_file_owns() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &["tokens"]).await;
    assert_eq!(control.owner("tokens"), Some(Owner::File));
    let refused = control.delete("tokens", Door::Management).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the configuration file owns the cache `tokens`; change or remove its `[[cache]]` there"
    );
    let refused = control.update(named("tokens"), Door::Management).await;
    assert!(matches!(refused, Err(ControlError::OwnedByFile { .. })));
    let refused = control.create(named("tokens")).await;
    assert!(matches!(refused, Err(ControlError::AlreadyExists { .. })));

    // A gateway whose file says nothing of it may: the file goes on to count where there is one.
    let other = rig.gateway(Profile::Edge, &[]).await;
    let closed = CacheDefinition { doors: Some([].into()), ..named("tokens") };
    other.create(closed).await.unwrap();
    other.create(named("later")).await.unwrap();
    seen(&control, || control.get("later", Door::Momento).is_some()).await;
    assert!(control.get("tokens", Door::Momento).is_some());
    assert!(other.get("tokens", Door::Momento).is_none());
}

#[tokio::test]
async fn a_closed_cache_is_not_there_for_the_door() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &[]).await;
    let definition = CacheDefinition { doors: Some([Door::Memcached].into()), ..named("c") };
    control.create(definition).await.unwrap();
    assert_eq!(names(&control, Door::Management), ["c"]);
    assert_eq!(names(&control, Door::Memcached), ["c"]);
    assert!(names(&control, Door::Momento).is_empty());
    for refused in [
        control.delete("c", Door::Momento).await,
        control.update(named("c"), Door::Momento).await,
        control.flush("c", Door::Momento).await.map(drop),
    ] {
        assert!(matches!(refused, Err(ControlError::NotFound { .. })));
    }
    let taken = control.create(named("c")).await;
    assert!(matches!(taken, Err(ControlError::AlreadyExists { .. })));
}

#[tokio::test]
async fn definitions_survive_and_belong_to_their_environment() {
    let rig = Rig::new().await;
    let definition = CacheDefinition { in_memory_size_kb: Some(64), ..named("c") };
    let control = rig.gateway(Profile::Edge, &[]).await;
    control.create(definition.clone()).await.unwrap();
    let caches = Arc::new(Caches::new(Profile::Edge, Vec::new(), Clock::manual(0)).unwrap());
    let prod = CacheControl::open(caches, rig.store.clone(), "prod", Vec::new()).await.unwrap();
    assert!(prod.get("c", Door::Management).is_none());
    drop((control, prod));

    let Rig { store, folder } = rig;
    drop(store);
    let control = control_again(folder.path().into()).await;
    let cache = control.get("c", Door::Management).unwrap();
    assert_eq!(*cache.definition(), definition);
    assert_eq!(control.owner("c"), Some(Owner::Store));
}

async fn control_again(folder: PathBuf) -> CacheControl {
    control(open_store(folder).await, Profile::Edge, &[]).await
}

#[tokio::test]
async fn other_gateways_follow() {
    let rig = Rig::new().await;
    let one = rig.gateway(Profile::Edge, &[]).await;
    let two = rig.gateway(Profile::Edge, &[]).await;
    one.create(named("c")).await.unwrap();
    seen(&two, || two.get("c", Door::Management).is_some()).await;
    let held = populate(&two, "c");
    let described = CacheDefinition { description: Some("two".into()), ..named("c") };
    one.update(described.clone(), Door::Management).await.unwrap();
    seen(&two, || *two.get("c", Door::Management).unwrap().definition() == described).await;
    assert!(holds_the_key(&held));
    one.delete("c", Door::Management).await.unwrap();
    seen(&two, || two.get("c", Door::Management).is_none()).await;
    two.create(named("c")).await.unwrap();
    let twice = one.create(named("c")).await;
    assert!(matches!(twice, Err(ControlError::AlreadyExists { .. })));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_leaves_the_others() {
    let rig = Rig::new().await;
    let newer = r#"{"doors": ["a door of tomorrow"]}"#;
    for (name, body) in [("bad", "{"), ("newer", newer), ("future", r#"{"new": 1}"#)] {
        let at =
            RecordId { kind: RecordKind::CacheDefinition, scope: "test".into(), name: name.into() };
        let body = Bytes::from_static(body.as_bytes());
        rig.store.write(Write::PutRecord { at, body }).await.unwrap();
    }
    let control = rig.gateway(Profile::Edge, &["tokens"]).await;
    assert_eq!(names(&control, Door::Management), ["future", "tokens"]);
    for name in ["bad", "newer"] {
        let of_name = |error: Result<(), ControlError>| matches!(error, Err(ControlError::Unreadable { name: of }) if of == name);
        let of_none = |error| matches!(error, Err(ControlError::NotFound { .. }));
        assert!(of_name(control.create(named(name)).await), "{name}");
        assert!(of_name(control.update(named(name), Door::Management).await), "{name}");
        assert!(of_none(control.update(named(name), Door::Momento).await), "{name}");
        assert!(of_none(control.delete(name, Door::Momento).await), "{name}");
        control.delete(name, Door::Management).await.unwrap();
        assert!(of_none(control.delete(name, Door::Management).await), "{name}");
        control.create(named(name)).await.unwrap();
    }
    assert_eq!(names(&control, Door::Management), ["bad", "future", "newer", "tokens"]);
}

#[tokio::test]
async fn an_environment_has_a_hundred_caches() {
    let rig = Rig::new().await;
    let of_file: Vec<String> = (2..CACHES_MAX).map(|number| format!("f{number}")).collect();
    let of_file: Vec<&str> = of_file.iter().map(String::as_str).collect();
    let control = rig.gateway(Profile::Edge, &of_file).await;
    let (one, two, three) = tokio::join!(
        control.create(named("one")),
        control.create(named("two")),
        control.create(named("three")),
    );
    let refused: Vec<_> = [one, two, three].into_iter().filter_map(Result::err).collect();
    assert!(matches!(refused[..], [ControlError::TooMany]), "{refused:?}");
    let last = names(&control, Door::Management).pop().unwrap();
    control.delete(&last, Door::Management).await.unwrap();
    control.create(named("three")).await.unwrap();
}

#[tokio::test]
async fn one_that_a_policy_made_is_taken_over_or_deleted() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::X, &[]).await;
    for name in ["kept", "gone"] {
        control.0.caches.get_or_create(name).unwrap();
        populate(&control, name);
        assert_eq!(control.owner(name), Some(Owner::Policy));
    }
    control.create(named("kept")).await.unwrap();
    assert_eq!(control.owner("kept"), Some(Owner::Store));
    assert!(holds_the_key(&control.get("kept", Door::Momento).unwrap()));
    control.delete("gone", Door::Momento).await.unwrap();
    assert_eq!(names(&control, Door::Momento), ["kept"]);
}

#[tokio::test]
async fn who_changes_a_cache_waits_for_the_plans() {
    let rig = Rig::new().await;
    let control = rig.gateway(Profile::Edge, &[]).await;
    let mut changes = control.changes();
    control.linked(*changes.borrow_and_update());
    let linking = async {
        changes.changed().await.unwrap();
        assert!(control.get("c", Door::Management).is_some(), "plans find it");
        control.linked(*changes.borrow_and_update());
    };
    let (created, ()) = tokio::join!(control.create(named("c")), linking);
    created.unwrap();
    assert_eq!(*control.0.linked.borrow(), Some(*control.changes().borrow()));
}

/// What a door may ask, of one of three names.
#[derive(Clone, Debug)]
enum Ask {
    Create,
    Update,
    Delete,
    Flush,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Two gateways on one store agree with a set of names.
    #[test]
    fn agrees_with_a_set(
        asks in prop::collection::vec(
            (
                prop::sample::select(vec![Ask::Create, Ask::Update, Ask::Delete, Ask::Flush]),
                0..3usize,
                0..2usize,
            ),
            0..24,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rig = Rig::new().await;
            let gateways =
                [rig.gateway(Profile::Edge, &[]).await, rig.gateway(Profile::Edge, &[]).await];
            let mut model = std::collections::BTreeSet::new();
            for (ask, name, gateway) in asks {
                let name = ["a", "b", "c"][name];
                let control = &gateways[gateway];
                let door = Door::Momento;
                let (done, expected) = match ask {
                    Ask::Create => (control.create(named(name)).await, model.insert(name)),
                    Ask::Update => (control.update(named(name), door).await, model.contains(name)),
                    Ask::Delete => (control.delete(name, door).await, model.remove(name)),
                    Ask::Flush => {
                        (control.flush(name, door).await.map(drop), model.contains(name))
                    }
                };
                assert_eq!(done.is_ok(), expected, "{ask:?} of {name}: {done:?}");
                for control in &gateways {
                    seen(control, || names(control, door).iter().eq(&model)).await;
                }
            }
        });
    }
}
