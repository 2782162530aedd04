//! What a transcript cannot show: a store that is away.

use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use crate::policy::kind::{Run, Step};
use crate::policy::testing::{Rig, findings, text};
use crate::store::durable::{
    Condition, Content, KeyFile, Location, MapId, Settings, Store, Via, Write,
};
use crate::store::kvm::Maps;

/// Runs it on a runtime, since the store answers from another task.
fn run(rig: &Rig, step: &Step, key: &str) -> Result<Option<String>, (String, u16)> {
    let Step::Io(step) = step else { panic!("it may wait") };
    let mut cx = rig.context();
    let query = format!("/weather/today?q={key}");
    if let crate::message::Head::Request(head) = &mut cx.request.head {
        head.target = query.parse().unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = match step.run(&mut cx) {
        Run::Done(result) => result,
        Run::Wait(wait) => runtime.block_on(wait),
    };
    match result {
        Ok(_) => Ok(text(&cx, "found")),
        Err(fault) => Err((fault.code.to_string(), fault.status.as_u16())),
    }
}

const GET: &str = r#"<KeyValueMapOperations name="K" mapIdentifier="m">
    <Get assignTo="found"><Key><Parameter ref="request.queryparam.q"/></Key></Get>
    </KeyValueMapOperations>"#;

#[test]
fn a_store_that_is_away_is_a_fault() {
    let mut rig = Rig::new();
    rig.variable("found");
    let away = Err(("steps.keyvaluemapoperations.StoreUnavailable".to_owned(), 503));
    let step = rig.link(GET);
    assert_eq!(run(&rig, &step, "a"), away);
    let step = rig.link(
        r#"<KeyValueMapOperations name="K" mapIdentifier="m">
        <Put><Key><Parameter>k</Parameter></Key><Value>v</Value></Put>
        </KeyValueMapOperations>"#,
    );
    assert_eq!(run(&rig, &step, "a"), away);
    let step = rig.link(
        r#"<KeyValueMapOperations name="K" mapIdentifier="m">
        <Delete><Key><Parameter>k</Parameter></Key></Delete></KeyValueMapOperations>"#,
    );
    assert_eq!(run(&rig, &step, "a"), away);
}

/// Differs: the platform takes the time as how long a change may stay unseen.
#[test]
fn memory_answers_for_so_long_while_the_store_is_away() {
    let mut rig = Rig::new();
    rig.variable("found");
    rig.variable("request.queryparam.seconds");
    let folder = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = MapId { name: Bytes::from("m"), label: Some(Bytes::from("test")) };
    let held = runtime.block_on(async {
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("t.db")),
            key_file: KeyFile::Own(folder.path().join("k")),
            retention: Duration::from_secs(3600),
        };
        let store = Store::open(&settings, &rig.clock).await.unwrap();
        let content = Content { value: Some(Bytes::from("v")), ..Content::default() };
        let (at, when) = (id.entry(b"k"), Condition::None);
        store.write(Write::Put { at, content, when, via: Via::Map }).await.unwrap();
        rig.maps = Maps::open(store, rig.clock.clone(), "test", 1024 * 1024).await;
        let held = rig.maps.map(&id);
        rig.maps.settle().await;
        held
    });
    let step = |rig: &mut Rig, expiry: &str| {
        rig.link(&format!(
            r#"<KeyValueMapOperations name="K" mapIdentifier="m">{expiry}
            <Get assignTo="found"><Key><Parameter ref="request.queryparam.q"/></Key></Get>
            </KeyValueMapOperations>"#
        ))
    };
    let steps = [
        (step(&mut rig, ""), 300),
        (step(&mut rig, "<ExpiryTimeInSecs>0</ExpiryTimeInSecs>"), 300),
        (step(&mut rig, "<ExpiryTimeInSeconds>400</ExpiryTimeInSeconds>"), 400),
        (
            step(&mut rig, "<ExpiryTimeInSecs ref='request.queryparam.q'>500</ExpiryTimeInSecs>"),
            500,
        ),
        (step(&mut rig, "<ExpiryTimeInSecs>-1</ExpiryTimeInSecs>"), i64::MAX),
    ];
    // Nobody answers any more.
    drop(runtime);
    let found = Ok(Some("v".to_owned()));
    let away = Err(("steps.keyvaluemapoperations.StoreUnavailable".to_owned(), 503));
    for age in [0, 300, 301, 400, 401, 500, 501] {
        let behind = age - rig.maps.age_ms() / 1000;
        rig.clock.advance(Duration::from_secs(u64::try_from(behind).unwrap()));
        for (step, seconds) in &steps {
            let expected = if age <= *seconds { &found } else { &away };
            assert_eq!(run(&rig, step, "k"), *expected, "{age} of {seconds} seconds");
        }
    }
    drop(held);
}

#[test]
fn a_map_without_a_name_is_what_java_does_not_support() {
    let mut rig = Rig::new();
    let step = rig.link(&GET.replace("=\"m\"", "=\"\""));
    let Step::Io(step) = step else { panic!("it may wait") };
    let mut cx = rig.context();
    let Run::Done(Err(fault)) = step.run(&mut cx) else { panic!("it faults at once") };
    assert_eq!(fault.text, "java.lang.UnsupportedOperationException");
}

#[test]
fn a_policy_that_only_brings_entries_along_is_fine() {
    let text = r#"<KeyValueMapOperations name="K" mapIdentifier="m">
        <InitialEntries><Entry><Key><Parameter>k</Parameter></Key><Value/></Entry></InitialEntries>
        </KeyValueMapOperations>"#;
    assert_eq!(findings(text), "");
}
