use std::sync::Arc;

use expect_test::{Expect, expect};

use super::*;
use crate::policy::testing::{Rig, findings, ready, run, text};
use crate::profile::Profile;
use crate::store::cache::definition::CacheDefinition;
use crate::store::cache::expiry::Ttl;
use crate::store::cache::item::list::ListOperation;
use crate::store::cache::operation::{CollectionTtl, End};
use crate::store::cache::slow::Slow;
use crate::store::cache::{
    Answer, Caches, CollectionOperation, Item, KEY_BYTES_MAX, NamedCache, Operation, Outcome,
    WriteLimits,
};

const LOOKUP: &str = r#"
    <LookupCache name="L" continueOnError="false" enabled="true" async="false">
      <DisplayName>Look up</DisplayName>
      <Properties/>
      <CacheResource>tokens</CacheResource>
      <CacheKey><Prefix>p</Prefix><KeyFragment ref="id"/></CacheKey>
      <Scope>Exclusive</Scope>
      <AssignTo>found</AssignTo>
    </LookupCache>"#;

const OUTPUTS: [&str; 4] = [
    "lookupcache.L.cachename",
    "lookupcache.L.cachekey",
    "lookupcache.L.cachehit",
    "lookupcache.L.assignto",
];

#[track_caller]
fn store(cache: &NamedCache, key: &str, item: Item) {
    match cache.populate(key.as_bytes(), item, Ttl::For(Duration::from_secs(60))) {
        Answer::Now(stored) => stored.unwrap(),
        Answer::Later(wait) => ready(wait).unwrap(),
    }
}

fn outputs(cx: &MessageContext) -> Vec<Option<String>> {
    OUTPUTS.iter().map(|name| text(cx, name)).collect()
}

fn some(texts: [&str; 4]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn a_hit_sets_the_variable_and_a_miss_leaves_it() {
    let mut rig = Rig::new();
    let step = rig.link(LOOKUP);
    OUTPUTS.iter().for_each(|name| drop(rig.variable(name)));
    let (id, found) = (rig.variable("id"), rig.variable("found"));
    store(&rig.caches.get("tokens").unwrap(), "p__1", Item::String("token".into()));
    store(&rig.caches.shared(), "p__2", Item::String("of another cache".into()));

    let mut cx = rig.context();
    cx.set(&id, Value::from("1")).unwrap();
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
    assert_eq!(text(&cx, "found").as_deref(), Some("token"));
    assert_eq!(outputs(&cx), some(["tokens", "p__1", "true", "found"]));

    cx.set(&id, Value::from("2")).unwrap();
    cx.set(&found, Value::from("before")).unwrap();
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
    assert_eq!(text(&cx, "found").as_deref(), Some("before"));
    assert_eq!(outputs(&cx), some(["tokens", "p__2", "false", "found"]));
    assert!(matches!(
        cx.get_value(&VarRef::parse("lookupcache.L.cachehit")),
        Some(Value::Boolean(false))
    ));
}

#[test]
fn values_keep_their_types() {
    for item in [
        Item::String("7".into()),
        Item::Integer(7),
        Item::Long(7),
        Item::Float(7.5),
        Item::Double(7.5),
        Item::Boolean(true),
        Item::Bytes(bytes::Bytes::from_static(b"\xff")),
    ] {
        let mut rig = Rig::new();
        let step = rig.link(LOOKUP);
        let found = rig.variable("found");
        store(&rig.caches.get("tokens").unwrap(), "p__", item.clone());
        let mut cx = rig.context();
        run(&step, &mut cx).unwrap();
        let value = cx.get_value(&found).expect("a hit");
        assert_eq!(crate::policy::cache_entry::value_to_item(value), Some(item));
    }
}

#[test]
fn bytes_of_another_door_are_a_string_where_they_are_utf_8() {
    for (bytes, is_text) in
        [(&b"{\"a\": 1}"[..], true), ("é".as_bytes(), true), (b"", true), (b"\xc3", false)]
    {
        let mut rig = Rig::new();
        let step = rig.link(LOOKUP);
        let found = rig.variable("found");
        let stored = Item::Bytes(bytes::Bytes::from_static(bytes));
        store(&rig.caches.get("tokens").unwrap(), "p__", stored);
        let mut cx = rig.context();
        run(&step, &mut cx).unwrap();
        match cx.get_value(&found) {
            Some(Value::String(text)) => assert!(is_text && text.as_bytes() == bytes),
            Some(Value::Bytes(value)) => assert!(!is_text && value == bytes),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_collection_is_a_miss_and_stays() {
    let mut rig = Rig::new();
    let step = rig.link(LOOKUP);
    let found = rig.variable("found");
    let cache = rig.caches.get("tokens").unwrap();
    let push = || {
        let (end, truncate_to) = (End::Back, None);
        let ttl = CollectionTtl { lifetime: None, refresh: false };
        let push = ListOperation::Push { end, values: vec![b"a"[..].into()], truncate_to, ttl };
        let operation = Operation::Collection(CollectionOperation::List(push));
        match cache.apply(b"p__", operation, WriteLimits::default()) {
            Answer::Now(outcome) => outcome.unwrap(),
            Answer::Later(wait) => ready(wait).unwrap(),
        }
    };
    assert_eq!(push(), Outcome::Length(1));
    let mut cx = rig.context();
    cx.set(&found, Value::from("before")).unwrap();
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
    assert_eq!(text(&cx, "found").as_deref(), Some("before"));
    assert_eq!(push(), Outcome::Length(2));
}

#[test]
fn an_expired_entry_is_a_miss() {
    let mut rig = Rig::new();
    let step = rig.link(LOOKUP);
    let hit = rig.variable("lookupcache.L.cachehit");
    store(&rig.caches.get("tokens").unwrap(), "p__", Item::Integer(1));
    for (after, expected) in [(59_999, "true"), (1, "false")] {
        rig.clock.advance(Duration::from_millis(after));
        let mut cx = rig.context();
        run(&step, &mut cx).unwrap();
        assert_eq!(cx.text(&hit).as_deref(), Some(expected));
    }
}

#[test]
fn no_resource_is_the_shared_cache() {
    let mut rig = Rig::new();
    let step =
        rig.link(&LOOKUP.replace("<CacheResource>tokens</CacheResource>", "<CacheResource/>"));
    rig.variable("lookupcache.L.cachename");
    rig.variable("found");
    store(&rig.caches.shared(), "p__", Item::Boolean(true));
    let mut cx = rig.context();
    run(&step, &mut cx).unwrap();
    assert_eq!(text(&cx, "found").as_deref(), Some("true"));
    assert_eq!(text(&cx, "lookupcache.L.cachename").as_deref(), Some("default"));
}

#[test]
fn a_cache_that_is_not_there_is_a_fault() {
    let mut rig = Rig::new();
    let step = rig.link(&LOOKUP.replace("tokens", "nowhere"));
    let fault = run(&step, &mut rig.context()).unwrap_err();
    assert_eq!(fault.code, "steps.cache.CacheNotFound");
    assert_eq!(fault.text, "Cache : nowhere, not found in organization : apifactory__test.");
    assert_eq!(fault.status.as_u16(), 500);
}

#[test]
fn a_key_over_the_limit_misses() {
    let mut rig = Rig::new();
    let step = rig.link(LOOKUP);
    OUTPUTS.iter().for_each(|name| drop(rig.variable(name)));
    let id = rig.variable("id");
    let longest = "x".repeat(KEY_BYTES_MAX - 3);
    store(&rig.caches.get("tokens").unwrap(), &format!("p__{longest}"), Item::Integer(1));
    for (value, expected) in [(longest.clone(), "true"), (longest + "x", "false")] {
        let mut cx = rig.context();
        cx.set(&id, Value::from(value)).unwrap();
        run(&step, &mut cx).unwrap();
        assert_eq!(text(&cx, "lookupcache.L.cachehit").as_deref(), Some(expected));
    }
}

#[test]
fn outputs_that_nobody_reads_are_not_made() {
    let mut rig = Rig::new();
    let step = rig.link(LOOKUP);
    let mut cx = rig.context();
    run(&step, &mut cx).unwrap();
    assert_eq!(outputs(&cx), [None, None, None, None]);
}

#[test]
fn a_value_that_its_variable_does_not_take_is_lost() {
    let mut rig = Rig::new();
    let step = rig.link(&LOOKUP.replace("found", "response.content"));
    let hit = rig.variable("lookupcache.L.cachehit");
    store(&rig.caches.get("tokens").unwrap(), "p__", Item::Integer(1));
    let mut cx = rig.context();
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
    assert_eq!(cx.text(&hit).as_deref(), Some("true"));
}

#[track_caller]
fn check_slow(timeout: &str, delay_ms: u64, expected: &str) {
    let mut rig = Rig::new();
    let takes = Duration::from_millis(delay_ms);
    let answer = Ok(Lookup::Hit(Item::Integer(1)));
    rig.caches = Caches::with_backends(
        Profile::Edge,
        vec![CacheDefinition::named("tokens")],
        Arc::new(move |_| Arc::new(Slow { takes, answer: answer.clone() })),
    )
    .unwrap();
    let step = rig.link(&LOOKUP.replace("<AssignTo>", &format!("{timeout}<AssignTo>")));
    let hit = rig.variable("lookupcache.L.cachehit");
    rig.variable("found");
    let mut cx = rig.context();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let Step::Io(step) = &step else { panic!("a step that may wait") };
    runtime
        .block_on(async {
            match step.run(&mut cx) {
                Run::Done(result) => result,
                Run::Wait(wait) => wait.await,
            }
        })
        .unwrap();
    assert_eq!(cx.text(&hit).as_deref(), Some(expected), "{timeout} {delay_ms}");
    assert_eq!(text(&cx, "found").is_some(), expected == "true");
}

#[test]
fn a_lookup_waits_no_longer_than_its_timeout() {
    const SECONDS: &str = "CacheLookupTimeoutInSeconds";
    for (timeout, delay_ms, expected) in [
        (String::new(), 29_999, "true"),
        (String::new(), 30_001, "false"),
        (format!("<{SECONDS}/>"), 29_999, "true"),
        (format!("<{SECONDS}>2</{SECONDS}>"), 1_999, "true"),
        (format!("<{SECONDS}>2</{SECONDS}>"), 2_001, "false"),
        (format!("<{SECONDS}>0</{SECONDS}>"), 1, "false"),
    ] {
        check_slow(&timeout, delay_ms, expected);
    }
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let xml = format!(
        "<LookupCache name=\"L\">\n<CacheKey><KeyFragment>a</KeyFragment></CacheKey>\n{children}\n\
         </LookupCache>"
    );
    expected.assert_eq(&findings(&xml));
}

#[test]
fn findings_name_their_places() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW101]: `LookupCache` has no `AssignTo`
    "#]],
    );
    check_findings(
        "<AssignTo> </AssignTo>",
        expect![[r#"
        p.xml:3:1: error[GW101]: `AssignTo` in `LookupCache` is empty
    "#]],
    );
    check_findings(
        "<AssignTo>system.time</AssignTo>",
        expect![[r#"
            p.xml:3:11: warning[GW306]: `system.time` is read-only, so that the value is lost
        "#]],
    );
    for_timeout(
        "-1",
        expect![[r#"
        p.xml:4:30: error[GW304]: CacheLookupTimeoutInSeconds -1 value should be greater than zero.
    "#]],
    );
    for_timeout(
        "0",
        expect![[r#"
        p.xml:4:30: warning[GW305]: CacheLookupTimeoutInSeconds is 0
    "#]],
    );
    for_timeout("1", expect![""]);
    for_timeout(
        "soon",
        expect![[r#"
        p.xml:4:30: error[GW104]: `soon` in CacheLookupTimeoutInSeconds is not an integer
    "#]],
    );
}

#[track_caller]
fn for_timeout(seconds: &str, expected: Expect) {
    check_findings(
        &format!(
            "<AssignTo>v</AssignTo>\n<CacheLookupTimeoutInSeconds>{seconds}\
             </CacheLookupTimeoutInSeconds>"
        ),
        expected,
    );
}
