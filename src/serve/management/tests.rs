//! The door in memory: requests as clients send them, without a socket.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::entries::PAGE_LOOKS_MAX;
use super::*;
use crate::profile::Profile;
use crate::store::cache::definition::{CacheDefinition, Door as CacheDoor};
use crate::store::cache::operation::{Condition, Put};
use crate::store::cache::{CacheControl, Caches, Item, Operation, WriteLimits};
use crate::store::credentials::{Kept, ManagementLogin};
use crate::store::durable::{KeyFile, Location, Settings, Store};

const NOW_MS: i64 = 1_800_000_000_000;
const CACHES: &str = "/v1/o/org/e/test/caches";

/// A door over a cache of the configuration file, `owned`, and a store; the clock stands.
struct Rig {
    door: Management,
    caches: CacheControl,
    clock: Clock,
    authorization: String,
    _folder: TempDir,
}

/// What came of a request.
struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answered {
    fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn message(&self) -> String {
        let body = self.json();
        assert_eq!(body["contexts"], json!([]), "{body}");
        body["message"].as_str().expect("a message").to_owned()
    }
}

impl Rig {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(1),
        };
        let clock = Clock::manual(NOW_MS);
        let store = Store::open(&settings, &clock).await.expect("a store");
        let of_file = vec![CacheDefinition::named("owned")];
        let caches =
            Arc::new(Caches::new(Profile::X, of_file.clone(), clock.clone()).expect("caches"));
        caches.get_or_create("used").expect("a policy's");
        let caches = CacheControl::open(caches, store.clone(), "test", of_file).await;
        let caches = caches.expect("control");
        let login = ManagementLogin::of(&store, "test").await.expect("a login");
        let authorization = BASE64_STANDARD.encode(format!("{}:{}", login.user, login.password));
        let door = Management::new(Door {
            caches: caches.clone(),
            organization: "org".to_owned(),
            environment: "test".to_owned(),
            clock: clock.clone(),
            zone: TimeZone::UTC,
            credential: Arc::new(ArcSwap::from_pointee(Credential::from(&login))),
        });
        let authorization = format!("Basic {authorization}");
        Self { door, caches, clock, authorization, _folder: folder }
    }

    async fn ask(&self, method: &str, target: &str, body: &[u8]) -> Answered {
        self.send(method, target, &[("authorization", &self.authorization)], body).await
    }

    async fn send(
        &self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("well-formed");
        assert!(Management::takes(request.uri().path()), "{target}");
        let (parts, body) = self.door.answer(request).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answered { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asks for what is refused.
    #[track_caller]
    fn check_refused(answer: &Answered, status: u16, says: &str) {
        let message = answer.message();
        assert_eq!(answer.status, status, "{message}");
        assert!(message.contains(says), "{message}");
    }

    async fn put(&self, key: &[u8], value: &'static [u8]) {
        let cache = self.caches.get("owned", CacheDoor::Management).expect("it is there");
        let put = Operation::Put(Put {
            item: Item::Bytes(Bytes::from_static(value)),
            flags: 0,
            lifetime: None,
            condition: Condition::Always,
        });
        cache.apply(key, put, WriteLimits::default()).settled().await.expect("it is stored");
    }
}

#[tokio::test]
async fn a_cache_is_made_changed_and_deleted() {
    let rig = Rig::new().await;
    let body =
        br#"{"name":"c1","description":"d","expirySettings":{"timeoutInSec":{"value":"60"}}}"#;
    let made = rig.ask("POST", CACHES, body).await;
    assert_eq!((made.status, &made.json()["name"]), (201, &json!("c1")));
    let long = "/v1/organizations/org/environments/test/caches/c1/";
    let shown = rig.ask("GET", long, b"").await;
    assert_eq!((shown.status, shown.json()), (200, made.json()));
    assert_eq!(shown.json()["expirySettings"]["timeoutInSec"], json!({"value": "60"}));
    let again = rig.ask("POST", CACHES, body).await;
    Rig::check_refused(&again, 409, "has a cache `c1` already");
    // The old form, with an empty body.
    let made = rig.ask("POST", &format!("{CACHES}?name=c%202"), b"").await;
    assert_eq!((made.status, &made.json()["name"]), (201, &json!("c 2")));
    let listed = rig.ask("GET", CACHES, b"").await;
    assert_eq!(listed.json(), json!(["c 2", "c1", "owned", "used"]));
    // What the body leaves out is as nobody set it.
    let c1 = format!("{CACHES}/c1");
    let changed = rig.ask("PUT", &c1, br#"{"maxElementsInMemory":"7","name":"c1"}"#).await;
    assert_eq!(changed.status, 200);
    let shown = rig.ask("GET", &c1, b"").await.json();
    assert_eq!((&shown["maxElementsInMemory"], shown.get("description")), (&json!(7), None));
    let definition = rig.caches.get("c1", CacheDoor::Momento).expect("it is one of all doors");
    assert_eq!(definition.definition().max_elements_in_memory, Some(7));
    let gone = rig.ask("DELETE", &c1, b"").await;
    assert_eq!((gone.status, gone.json()), (200, shown));
    Rig::check_refused(&rig.ask("GET", &c1, b"").await, 404, "Cache c1 does not exist");
    let gone = rig.ask("DELETE", &c1, b"").await;
    assert_eq!(gone.json()["code"], "messaging.config.beans.CacheDoesNotExist");
}

#[tokio::test]
async fn what_the_file_owns_stays() {
    let rig = Rig::new().await;
    let owned = format!("{CACHES}/owned");
    for (method, body) in [("PUT", &b"{}"[..]), ("DELETE", b"")] {
        let refused = rig.ask(method, &owned, body).await;
        Rig::check_refused(&refused, 409, "the configuration file owns the cache `owned`");
    }
    let made = rig.ask("POST", CACHES, br#"{"name":"owned"}"#).await;
    Rig::check_refused(&made, 409, "already");
    // Who writes down what a policy made takes it over.
    assert_eq!(rig.ask("PUT", &format!("{CACHES}/used"), b"{}").await.status, 200);
    let listed = rig.ask("GET", &format!("{CACHES}?expand=true"), b"").await.json();
    assert_eq!((&listed[0]["owner"], &listed[1]["owner"]), (&json!("file"), &json!("store")));
    assert_eq!(listed[0]["stats"]["entries"], 0);
}

#[tokio::test]
async fn only_the_operator_is_let_in() {
    let rig = Rig::new().await;
    let wrong = format!("Basic {}", BASE64_STANDARD.encode("admin:wrong"));
    for fields in [&[][..], &[("authorization", wrong.as_str())], &[("authorization", "Bearer x")]]
    {
        for target in [CACHES, "/v1/o/other", "/v1/o/org/e/test/caches/none/entries/k"] {
            let refused = rig.send("DELETE", target, fields, b"").await;
            Rig::check_refused(&refused, 401, "tollgate credentials");
            assert_eq!(
                refused.headers["www-authenticate"],
                "Basic realm=\"tollgate\", charset=\"UTF-8\""
            );
        }
    }
}

#[tokio::test]
async fn says_what_is_not_there() {
    let rig = Rig::new().await;
    let ask = async |method, target: &str| rig.ask(method, target, b"").await;
    let refused = ask("GET", "/v1/o/other/e/test/caches").await;
    Rig::check_refused(&refused, 404, "Organization other does not exist; this gateway serves org");
    let refused = ask("POST", "/v1/o/org/e/prod/caches").await;
    Rig::check_refused(&refused, 404, "Environment prod does not exist; this gateway serves test");
    assert_eq!(refused.json()["code"], "messaging.config.beans.EnvironmentDoesNotExist");
    Rig::check_refused(
        &ask("POST", "/v1/o/org/apis").await,
        404,
        "serves caches here, and no apis",
    );
    Rig::check_refused(&ask("GET", &format!("{CACHES}/owned/x")).await, 404, "nothing is at");
    for target in ["", "/stats", "/entries", "/entries/k"] {
        let refused = ask("GET", &format!("{CACHES}/none{target}")).await;
        Rig::check_refused(&refused, 404, "Cache none does not exist in environment test");
    }
    Rig::check_refused(
        &ask("GET", &format!("{CACHES}/owned/entries/k")).await,
        404,
        "no such entry",
    );
    let organization = ask("GET", "/v1/o/org").await.json();
    assert_eq!(organization, json!({"name": "org", "environments": ["test"]}));
    assert_eq!(ask("GET", "/v1/o/org/e").await.json(), json!(["test"]));
    assert_eq!(ask("GET", "/v1/o/org/environments/test").await.json()["name"], "test");
}

#[tokio::test]
async fn methods_are_those_of_the_resource() {
    let rig = Rig::new().await;
    let head = rig.ask("HEAD", CACHES, b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.headers["content-type"], "application/json");
    let head = rig.ask("HEAD", &format!("{CACHES}/none"), b"").await;
    assert_eq!((head.status, head.body.len()), (404, 0));
    let options = rig.ask("OPTIONS", CACHES, b"").await;
    assert_eq!((options.status, options.body.len()), (200, 0));
    assert_eq!(options.headers["allow"], "GET, HEAD, POST, OPTIONS");
    for (method, target) in [("PUT", ""), ("PATCH", "/owned"), ("POST", "/owned/stats")] {
        let refused = rig.ask(method, &format!("{CACHES}{target}"), b"").await;
        Rig::check_refused(&refused, 405, "is not allowed here");
        assert!(refused.headers.contains_key("allow"));
    }
}

#[tokio::test]
async fn bodies_and_names_have_limits() {
    let rig = Rig::new().await;
    let create = async |body: &[u8]| rig.ask("POST", CACHES, body).await;
    Rig::check_refused(&create(b"{").await, 400, "the body is no cache");
    Rig::check_refused(&create(b"{}").await, 400, "a cache needs a name");
    Rig::check_refused(&create(br#"{"name":"a/b"}"#).await, 400, "has the character '/'");
    let named = |letters: usize| format!(r#"{{"name":"{}"}}"#, "n".repeat(letters)).into_bytes();
    assert_eq!(create(&named(255)).await.status, 201);
    Rig::check_refused(&create(&named(256)).await, 400, "has 256 characters");
    let spaced = |bytes: usize| [named(3), vec![b' '; bytes - named(3).len()]].concat();
    assert_eq!(create(&spaced(BODY_BYTES_MAX)).await.status, 201);
    Rig::check_refused(&create(&spaced(BODY_BYTES_MAX + 1)).await, 413, "the limit is 65536");
    Rig::check_refused(&create(b"<Cache/>").await, 415, "application/json");
    let xml = [("authorization", rig.authorization.as_str()), ("content-type", "text/xml")];
    Rig::check_refused(&rig.send("POST", CACHES, &xml, b"").await, 415, "application/json");
    let two = format!("{CACHES}?name=a&name=b");
    Rig::check_refused(&rig.ask("POST", &two, b"").await, 400, "`name` stands there twice");
    let other = format!("{CACHES}?name=a");
    let refused = rig.ask("POST", &other, br#"{"name":"b"}"#).await;
    Rig::check_refused(&refused, 400, "names the cache `b` and the path `a`");
    for number in 0..96 {
        assert_eq!(create(format!(r#"{{"name":"c{number}"}}"#).as_bytes()).await.status, 201);
    }
    Rig::check_refused(&create(br#"{"name":"over"}"#).await, 400, "at most 100 caches");
}

#[tokio::test]
async fn entries_are_cleared_all_by_prefix_or_by_key() {
    let rig = Rig::new().await;
    let keys: [&[u8]; 6] = [b"user__1", b"user__2", b"username", b"a/b", b"\xff", b"z"];
    for key in keys {
        rig.put(key, b"v").await;
    }
    let entries = format!("{CACHES}/owned/entries");
    let clear =
        async |query: &str| rig.ask("POST", &format!("{entries}?action=clear{query}"), b"").await;
    let told = clear("&prefix=user__&dryRun=true").await.json();
    let shown = json!([{"key": "user__1"}, {"key": "user__2"}]);
    assert_eq!(told, json!({"name": "owned", "wouldClear": 2, "keys": shown}));
    assert_eq!(clear("&key=z&dryRun=true").await.json()["wouldClear"], 1);
    assert_eq!(clear("&key=y&dryRun=true").await.json()["wouldClear"], 0);
    assert_eq!(clear("&dryRun=true").await.json()["wouldClear"], 6);
    assert_eq!(clear("&prefix=user__").await.json(), json!({"name": "owned", "cleared": 2}));
    assert_eq!(clear("&key=z").await.json()["cleared"], 1);
    assert_eq!(clear("&key=z").await.json()["cleared"], 0);
    // What was meant narrower, and was lost on the way, clears nothing.
    for (target, body, says) in [
        (format!("{entries}/?action=clear"), &b""[..], "no key behind `entries/`"),
        (format!("{entries}/?action=clear&dryRun=true"), b"", "no key behind `entries/`"),
        (format!("{entries}/a%2Fb?action=clear&key=z"), b"", "`key` is not known here"),
        (format!("{entries}?action=clear"), b"prefix=user", "the body is no form"),
    ] {
        Rig::check_refused(&rig.ask("POST", &target, body).await, 400, says);
    }
    let told = rig.ask("POST", &format!("{entries}/a%2Fb?action=clear&dryRun=true"), b"").await;
    let shown = json!([{"key": "a/b"}]);
    assert_eq!(told.json(), json!({"name": "owned", "wouldClear": 1, "keys": shown}));
    let one = rig.ask("POST", &format!("{entries}/a%2Fb?action=clear"), b"").await;
    assert_eq!(one.json()["cleared"], 1);
    // As a form, which is how other clients say it.
    let media = "application/x-www-form-urlencoded";
    let form = [("authorization", rig.authorization.as_str()), ("content-type", media)];
    let by_form = rig.send("POST", &entries, &form, b"action=clear&prefix=%FF").await;
    assert_eq!(by_form.json()["cleared"], 1);
    for (query, says) in [
        ("&prefix=", "the parameter `prefix` is empty"),
        ("&key=", "the parameter `key` is empty"),
        ("&prefix=a&key=b", "exclude each other"),
        ("&dryRun=1", "write true or false"),
        ("&dryrun=true", "the parameter `dryrun` is not known here"),
        ("&Prefix=user", "the parameter `Prefix` is not known here"),
    ] {
        Rig::check_refused(&clear(query).await, 400, says);
    }
    for target in [entries.clone(), format!("{entries}?action=purge"), format!("{entries}/k")] {
        Rig::check_refused(&rig.ask("POST", &target, b"").await, 400, "write action=clear");
    }
    assert_eq!(clear("").await.json()["cleared"], 1);
    assert_eq!(rig.ask("GET", &entries, b"").await.json(), json!({"keys": []}));
}

#[tokio::test]
async fn single_entries_are_read_and_written() {
    let rig = Rig::new().await;
    let entry = format!("{CACHES}/owned/entries/a%2Fb");
    let put = rig.ask("PUT", &format!("{entry}?ttlInSec=60"), b"one").await;
    let expected = json!({"key": "a/b", "kind": "scalar", "bytes": 3, "expiresInSec": 60.0});
    assert_eq!((put.status, put.json()), (200, expected));
    rig.clock.advance(Duration::from_millis(1500));
    let got = rig.ask("GET", &entry, b"").await.json();
    let expected = json!({
        "key": "a/b", "kind": "scalar", "bytes": 3, "value": "one", "expiresInSec": 58.5,
    });
    assert_eq!(got, expected);
    // Without a lifetime it is the cache's own.
    let other = format!("{CACHES}/owned/entries/%FF");
    let put = rig.ask("PUT", &other, b"\xff").await.json();
    assert_eq!(
        put,
        json!({"keyBase64": "/w==", "kind": "scalar", "bytes": 1, "expiresInSec": 300.0})
    );
    assert_eq!(rig.ask("GET", &other, b"").await.json()["valueBase64"], "/w==");
    rig.put(b"kept", b"").await;
    let kept = rig.ask("GET", &format!("{CACHES}/owned/entries/kept"), b"").await.json();
    assert_eq!((&kept["value"], &kept["expiresInSec"]), (&json!(""), &Value::Null));
    let stats = rig.ask("GET", &format!("{CACHES}/owned/stats"), b"").await.json();
    assert_eq!(
        (&stats["entries"], &stats["hits"], &stats["stores"]),
        (&json!(3), &json!(3), &json!(3))
    );
    assert_eq!(rig.ask("DELETE", &entry, b"").await.json(), json!({"key": "a/b"}));
    Rig::check_refused(&rig.ask("DELETE", &entry, b"").await, 404, "cache owned has no such entry");
    for (query, says) in [
        ("?ttlInSec=0", "a number from 1 to 2592000"),
        ("?ttlInSec=2592001", "a number from 1"),
        ("?ttlInSec=soon", "a number from 1"),
    ] {
        Rig::check_refused(&rig.ask("PUT", &format!("{entry}{query}"), b"x").await, 400, says);
    }
}

#[tokio::test]
async fn values_have_the_limit_of_their_cache() {
    let rig = Rig::new().await;
    let large = vec![b'x'; VALUE_BYTES_MAX + 1];
    let entry = format!("{CACHES}/owned/entries/k");
    let fits = &large[..VALUE_BYTES_MAX];
    assert_eq!(rig.ask("PUT", &entry, fits).await.status, 200);
    Rig::check_refused(&rig.ask("PUT", &entry, &large).await, 413, "the limit is 5242880");
    let body = br#"{"name":"small","skipCacheIfElementSizeInKBExceeds":1}"#;
    assert_eq!(rig.ask("POST", CACHES, body).await.status, 201);
    let entry = format!("{CACHES}/small/entries/k");
    assert_eq!(rig.ask("PUT", &entry, &large[..1024]).await.status, 200);
    Rig::check_refused(&rig.ask("PUT", &entry, &large[..1025]).await, 413, "the limit is 1024");
    let over = format!("{CACHES}/small/entries/{}", "k".repeat(64 * 1024 - 40));
    let key_over = rig.ask("PUT", &over, b"x").await;
    assert_eq!(key_over.status, 200, "a key of any door");
    let body = br#"{"name":"over","expirySettings":{"expiryDate":{"value":"01-01-2020"}}}"#;
    assert_eq!(rig.ask("POST", CACHES, body).await.status, 201);
    let entry = format!("{CACHES}/over/entries/k");
    Rig::check_refused(&rig.ask("PUT", &entry, b"x").await, 400, "expiry is over already");
}

/// What it takes is known before.
#[tokio::test]
async fn the_longest_key_has_its_room_on_a_page() {
    let rig = Rig::new().await;
    let entries = format!("{CACHES}/owned/entries?limit=2");
    let around = rig.ask("GET", &entries, b"").await.body.len();
    for (key, expected) in [
        // Each byte is an escape of six.
        (vec![1; 64 * 1024], KEY_JSON_BYTES_MAX - 6),
        (vec![255; 64 * 1024], 4 * (64 * 1024_usize).div_ceil(3) + "{'keyBase64':''}".len()),
    ] {
        let cache = rig.caches.get("owned", CacheDoor::Management).expect("it is there");
        let put = Operation::Put(Put {
            item: Item::Bytes(Bytes::from_static(b"v")),
            flags: 0,
            lifetime: None,
            condition: Condition::Always,
        });
        let limits = WriteLimits { key_bytes_max: key.len(), ..WriteLimits::default() };
        cache.apply(&key, put, limits).settled().await.expect("it is stored");
        let page = rig.ask("GET", &entries, b"").await;
        assert_eq!(page.json()["keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(page.body.len() - around, expected);
        assert!(cache.remove(&key).settled().await.expect("it is removed"));
    }
}

#[tokio::test]
async fn who_is_let_in_is_proven_to_anybody() {
    let rig = Rig::new().await;
    let ask = async |method: &str, query: &str| {
        rig.send(method, &format!("{PROOF_PATH}{query}"), &[], b"").await
    };
    let challenge: Challenge = [7; 32];
    let query = format!("?challenge={}", BASE64_URL_SAFE_NO_PAD.encode(challenge));
    let said = ask("GET", &query).await;
    let proof = said.json()["proof"].as_str().expect("a proof").to_owned();
    let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).expect("base64");
    assert!(rig.door.0.credential.load().is_proven_by(&proof, &challenge, 0));
    for query in ["", "?challenge=", "?challenge=Bwc", "?challenge=*", &format!("{query}A")] {
        Rig::check_refused(&ask("GET", query).await, 400, "32 bytes in URL-safe base64");
    }
    let twice = format!("{query}&{}", &query[1..]);
    Rig::check_refused(&ask("GET", &twice).await, 400, "stands there twice");
    let refused = ask("POST", &query).await;
    assert_eq!(
        (refused.status, &refused.headers["allow"]),
        (405, &"GET, HEAD".parse().expect("it"))
    );
}

#[tokio::test]
async fn keys_are_listed_by_pages() {
    let rig = Rig::new().await;
    for number in 0..250 {
        rig.put(format!("k{number:03}").as_bytes(), b"v").await;
    }
    rig.put(b"other", b"v").await;
    let entries = format!("{CACHES}/owned/entries");
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let target = format!("{entries}?prefix=k&limit=100&pageToken={token}");
        let page = rig.ask("GET", &target, b"").await.json();
        let keys = page["keys"].as_array().expect("keys");
        assert!(keys.len() <= 100);
        found.extend(keys.iter().map(|key| key["key"].as_str().expect("text").to_owned()));
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    found.sort();
    let expected: Vec<String> = (0..250).map(|number| format!("k{number:03}")).collect();
    assert_eq!(found, expected);
    // A page that looked long enough ends, whatever it found.
    for number in 0..2 * PAGE_LOOKS_MAX {
        rig.put(format!("z{number}").as_bytes(), b"v").await;
    }
    let page = rig.ask("GET", &format!("{entries}?prefix=none&limit=1"), b"").await.json();
    assert_eq!(page["keys"], json!([]));
    assert!(page["nextPageToken"].is_string(), "{page}");
    for (query, says) in [
        ("limit=0", "a number from 1 to 1000"),
        ("limit=1001", "a number from 1 to 1000"),
        ("pageToken=*", "cursor"),
        ("pageToken=AAAA", "cursor"),
    ] {
        Rig::check_refused(&rig.ask("GET", &format!("{entries}?{query}"), b"").await, 400, says);
    }
}

/// A body that stops, or breaks off.
struct Stopping(Option<std::io::ErrorKind>);

impl http_body::Body for Stopping {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        match self.0 {
            None => std::task::Poll::Pending,
            Some(kind) => std::task::Poll::Ready(Some(Err(kind.into()))),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_has_to_arrive() {
    let slow = super::read(Stopping(None), 1).await;
    assert!(matches!(slow, Err(Refusal::TooSlow)), "{slow:?}");
    let broken = super::read(Stopping(Some(std::io::ErrorKind::ConnectionReset)), 1).await;
    assert!(matches!(broken, Err(Refusal::BadRequest { .. })), "{broken:?}");
}
