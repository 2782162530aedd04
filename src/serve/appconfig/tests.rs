//! The door over a real store: signed requests in, answers out.

use http::header::{AUTHORIZATION, HOST};
use tempfile::TempDir;

use crate::serve::appconfig::reply::media;
use crate::store::durable::{KeyFile, Location, Settings};

use super::*;

/// 2024-01-02T03:04:05Z.
const NOW_MS: i64 = 1_704_164_645_000;

struct Door {
    door: AppConfig,
    clock: Clock,
    _folder: TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn keys(&self) -> Vec<String> {
        let items = self.json()["items"].as_array().expect("a list").clone();
        items.iter().map(|item| format!("{}|{}", item["key"], item["label"])).collect()
    }
}

impl Door {
    async fn new() -> Self {
        Self::with_quota(None).await
    }

    async fn with_quota(quota: Option<u32>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(7 * 24 * 3600),
        };
        let clock = Clock::manual(NOW_MS);
        let store = Store::open(&settings, &clock).await.expect("a store");
        let credential = |id: &str, access| Credential {
            id: id.to_owned(),
            secret: id.as_bytes().to_vec(),
            access,
        };
        let credentials =
            vec![credential("writer", Access::ReadWrite), credential("reader", Access::ReadOnly)];
        let credentials = Arc::new(ArcSwap::from_pointee(Credentials(credentials)));
        let mirror = Mirror::open(store.clone(), 1024 * 1024);
        let door = AppConfig::new(store, mirror, clock.clone(), credentials, quota);
        Self { door, clock, _folder: folder }
    }

    async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.ask_as("writer", method, target, headers, body).await
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], "").await
    }

    async fn put(&self, target: &str, body: &str) -> Answer {
        let answer = self.ask("PUT", target, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    async fn ask_as(
        &self,
        id: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let date = date::http_date(item::moment(self.clock.epoch_ms() * 1000));
        let (hash, signature) = auth::sign(id.as_bytes(), method, target, &date, "localhost", body);
        let credential = format!(
            "HMAC-SHA256 Credential={id}&SignedHeaders=x-ms-date;host;x-ms-content-sha256\
             &Signature={signature}"
        );
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, "localhost")
            .header("x-ms-date", date)
            .header("x-ms-content-sha256", hash)
            .header(AUTHORIZATION, credential);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        let (parts, body) = self.door.answer(request.expect("a request")).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("a text"),
        }
    }
}

fn with_version(target: &str) -> String {
    let mark = if target.contains('?') { '&' } else { '?' };
    format!("{target}{mark}api-version=2026-04-01")
}

#[tokio::test]
async fn puts_gets_and_deletes() {
    let door = Door::new().await;
    let target = "/kv/app%2Fcolor?label=prod&api-version=1.0";
    let put = door.put(target, r#"{"value":"blue","tags":{"a":null}}"#).await;
    let etag = put.json()["etag"].as_str().expect("an etag").to_owned();
    assert_eq!(put.header("etag"), format!("\"{etag}\""));
    assert_eq!(put.header("content-type"), media::ITEM);
    let get = door.get("/kv/app/color?label=prod&api-version=1.0").await;
    assert_eq!((get.status, &get.body), (200, &put.body));
    assert_eq!(get.header("last-modified"), "Tue, 02 Jan 2024 03:04:05 GMT");
    let head = door.ask("HEAD", target, &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(door.get("/kv/app/color?api-version=1.0").await.status, 404);
    let removed = door.ask("DELETE", target, &[], "").await;
    assert_eq!((removed.status, &removed.body), (200, &put.body));
    assert_eq!(door.ask("DELETE", target, &[], "").await.status, 204);
    // No item can have this key, which is no reason to pass over a condition.
    let overlong = format!("/kv/{}?api-version=1.0", "x".repeat(257));
    for (condition, status) in [("if-match", 412), ("if-none-match", 204)] {
        let deleted = door.ask("DELETE", &overlong, &[(condition, "*")], "").await;
        assert_eq!(deleted.status, status, "{condition}");
    }
}

#[tokio::test]
async fn a_write_of_the_same_changes_nothing() {
    let door = Door::new().await;
    let target = with_version("/kv/a");
    let first = door.put(&target, r#"{"value":"1"}"#).await;
    let token = first.header("sync-token").to_owned();
    let again = door.put(&target, r#"{"value":"1"}"#).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("sync-token"), token);
    let changed = door.put(&target, r#"{"value":"2"}"#).await;
    assert_ne!(changed.header("sync-token"), token);
    let number = |token: &str| token.rsplit('=').next().and_then(|sn| sn.parse::<i64>().ok());
    assert!(number(changed.header("sync-token")) > number(&token), "{token}");
}

/// A client that spoke to another gateway keeps what it heard there.
#[tokio::test]
async fn a_token_is_of_one_store() {
    let (door, other) = (Door::new().await, Door::new().await);
    let target = with_version("/kv/a");
    let id = |answer: &Answer| {
        let token = answer.header("sync-token").to_owned();
        token.split('=').next().map(str::to_owned).expect("an id")
    };
    let own = id(&door.put(&target, r#"{"value":"1"}"#).await);
    assert_eq!(id(&door.get(&target).await), own);
    assert_ne!(id(&other.get(&target).await), own);
    let far = BASE64_STANDARD.encode(i64::MAX.to_string());
    for token in [format!("{own}={far};sn=9"), format!("{own}=,x,{own}=*;sn=1")] {
        let found = door.ask("GET", &target, &[("sync-token", &token)], "").await;
        assert_eq!((found.status, &found.json()["value"]), (200, &"1".into()), "{token}");
    }
}

#[test]
fn a_token_of_another_store_says_nothing() {
    let token = |id: &str, value: &str| {
        let text = format!(" {id}={};sn=1", BASE64_STANDARD.encode(value));
        revision_of(&text, "ab")
    };
    assert_eq!(token("ab", "7"), Some(7));
    assert_eq!(token("ac", "7"), None);
    assert_eq!(token("abc", "7"), None);
    assert_eq!(token("ab", "99999999999999999999"), None);
    assert_eq!(token("ab", "x"), None);
    assert_eq!(revision_of("", "ab"), None);
}

#[tokio::test]
async fn conditions_and_locks_hold_in_their_order() {
    let door = Door::new().await;
    let target = with_version("/kv/a");
    let put = door.put(&target, r#"{"value":"1"}"#).await;
    let etag = put.header("etag").to_owned();
    let lock = door.ask("PUT", &with_version("/locks/a"), &[], "").await;
    assert_eq!((lock.status, lock.json()["locked"].clone()), (200, true.into()));
    let locked = door.ask("PUT", &target, &[], r#"{"value":"2"}"#).await;
    assert_eq!((locked.status, locked.header("content-type")), (409, problem::MEDIA_TYPE));
    assert!(locked.body.contains("Modifing key 'a' is not allowed"), "{}", locked.body);
    // The tag is the one from before the lock.
    let stale = door.ask("PUT", &target, &[("if-match", &etag)], r#"{"value":"2"}"#).await;
    assert_eq!((stale.status, stale.body.as_str()), (412, ""));
    assert_eq!(door.ask("DELETE", &with_version("/locks/a"), &[], "").await.status, 200);
    assert_eq!(door.ask("PUT", &with_version("/locks/b"), &[], "").await.status, 404);
    let there = door.ask("PUT", &target, &[("if-none-match", "*")], "{}").await;
    assert_eq!(there.status, 412);
    let now = door.get(&target).await.header("etag").to_owned();
    assert_eq!(door.ask("GET", &target, &[("if-none-match", &now)], "").await.status, 304);
    assert_eq!(door.ask("GET", &target, &[("if-match", &etag)], "").await.status, 412);
    assert_eq!(door.get(&target).await.json()["value"], "1");
}

#[tokio::test]
async fn lists_page_by_page() {
    let door = Door::new().await;
    for index in 0..200 {
        door.put(&with_version(&format!("/kv/k{index:03}")), "{}").await;
    }
    door.put(&with_version("/kv/other?label=l"), "{}").await;
    let first = door.get(&with_version("/kv?key=k*")).await;
    assert_eq!(first.keys().len(), 100);
    let next = first.json()["@nextLink"].as_str().expect("a link").to_owned();
    assert_eq!(first.header("link"), format!("<{next}>; rel=\"next\""));
    // What was removed meanwhile moves nothing.
    door.ask("DELETE", &with_version("/kv/k000"), &[], "").await;
    let second = door.get(&next).await;
    assert_eq!(second.keys().first().map(String::as_str), Some("\"k100\"|null"));
    let third = door.get(second.json()["@nextLink"].as_str().expect("a full page")).await;
    assert_eq!((third.keys().len(), third.header("link")), (0, ""));
    let elsewhere = door.get(&next.replace("key=k%2A", "key=o%2A")).await;
    assert_eq!((elsewhere.status, elsewhere.json()["name"].clone()), (400, "after".into()));
    let anew = door.get(&with_version("/kv?key=k*&after=nonsense")).await;
    assert_eq!(anew.keys().first().map(String::as_str), Some("\"k001\"|null"));
    let etag = anew.header("etag").to_owned();
    let same = door.ask("GET", &with_version("/kv?key=k*"), &[("if-none-match", &etag)], "").await;
    assert_eq!((same.status, same.header("etag")), (304, etag.as_str()));
    let old = door.get("/kv?key=k*&api-version=1.0").await;
    assert_eq!((old.header("etag"), old.json().get("etag")), ("", None));
}

#[tokio::test]
async fn filters_as_the_reference_says() {
    let door = Door::new().await;
    for (target, body) in [
        ("/kv/a", r#"{"tags":{"env":"prod"}}"#),
        ("/kv/a?label=l", r#"{"tags":{"env":null}}"#),
        ("/kv/a%2Cb", "{}"),
        ("/kv/ab", "{}"),
    ] {
        door.put(&with_version(target), body).await;
    }
    for (target, expected) in [
        ("/kv", &["\"a\"|null", "\"a\"|\"l\"", "\"a,b\"|null", "\"ab\"|null"][..]),
        ("/kv?key=a", &["\"a\"|null", "\"a\"|\"l\""]),
        ("/kv?key=a&label=%00", &["\"a\"|null"]),
        ("/kv?key=a%5C%2Cb", &["\"a,b\"|null"]),
        ("/kv?key=ab,a&label=%00,l", &["\"a\"|null", "\"a\"|\"l\"", "\"ab\"|null"]),
        ("/kv?tags=env%3Dprod", &["\"a\"|null"]),
        ("/kv?tags=env%3D%00", &["\"a\"|\"l\""]),
        ("/kv?label=l*", &["\"a\"|\"l\""]),
    ] {
        assert_eq!(door.get(&with_version(target)).await.keys(), expected, "{target}");
    }
    let names = |answer: Answer| answer.json()["items"].to_string();
    let keys = door.get(&with_version("/keys?name=a*")).await;
    assert_eq!(names(keys), r#"[{"name":"a"},{"name":"a,b"},{"name":"ab"}]"#);
    let labels = door.get(&with_version("/labels")).await;
    assert_eq!(names(labels), r#"[{"name":null},{"name":"l"}]"#);
    let bad = door.get(&with_version("/kv?label=label1*,label2")).await;
    assert_eq!(
        bad.body,
        r#"{"type":"https://azconfig.io/errors/invalid-argument","title":"Invalid request parameter 'label'","name":"label","detail":"label(6): Invalid character","status":400}"#
    );
}

#[tokio::test]
async fn travels_in_time() {
    let door = Door::new().await;
    let target = with_version("/kv/a");
    door.put(&target, r#"{"value":"old"}"#).await;
    door.clock.advance(Duration::from_secs(60));
    door.put(&target, r#"{"value":"new"}"#).await;
    let then = [("accept-datetime", "Tue, 02 Jan 2024 03:04:35 GMT")];
    let old = door.ask("GET", &target, &then, "").await;
    assert_eq!(old.json()["value"], "old");
    assert_eq!(old.header("memento-datetime"), "Tue, 02 Jan 2024 03:04:35 GMT");
    assert_eq!(old.header("link"), format!("<{target}>; rel=\"original\""));
    let before = [("accept-datetime", "2024-01-02 03:00:00+00:00")];
    let none = door.ask("GET", &target, &before, "").await;
    assert_eq!((none.status, none.header("link").is_empty()), (404, false));
    let list = door.ask("GET", &with_version("/kv"), &then, "").await;
    assert_eq!(list.json()["items"][0]["value"], "old");
    let revisions = door.get(&with_version("/revisions?key=a")).await;
    let values: Vec<_> = revisions.json()["items"].as_array().expect("a list").clone();
    assert_eq!(values.iter().map(|item| &item["value"]).collect::<Vec<_>>(), ["new", "old"]);
    let range = [("range", "items=1-5")];
    let part = door.ask("GET", "/revisions?key=a&api-version=1.0", &range, "").await;
    assert_eq!((part.status, part.header("content-range")), (206, "items 1-1/2"));
    assert_eq!(part.json()["items"][0]["value"], "old");
    let range = [("range", "items=2-5")];
    let beyond = door.ask("GET", "/revisions?key=a&api-version=1.0", &range, "").await;
    assert_eq!(beyond.status, 416);
}

#[tokio::test]
async fn snapshots_stay_as_they_were() {
    let door = Door::new().await;
    door.put(&with_version("/kv/a"), r#"{"value":"1"}"#).await;
    door.put(&with_version("/kv/b?label=l"), r#"{"value":"2"}"#).await;
    let body = r#"{"filters":[{"key":"*"},{"key":"b","label":"l"}]}"#;
    let made = door.ask("PUT", &with_version("/snapshots/s"), &[], body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        made.header("operation-location"),
        "http://localhost/operations?snapshot=s&api-version=2026-04-01"
    );
    assert_eq!(made.json()["items_count"], 2);
    door.put(&with_version("/kv/a"), r#"{"value":"later"}"#).await;
    let items = door.get(&with_version("/kv?snapshot=s")).await;
    assert_eq!(items.json()["items"][0]["value"], "1");
    assert_eq!(door.get(&with_version("/kv?snapshot=none")).await.keys().len(), 0);
    let operation = door.get(&with_version("/operations?snapshot=s")).await;
    assert_eq!(operation.json()["status"], "Succeeded");
    let twice = door.ask("PUT", &with_version("/snapshots/s"), &[], body).await;
    assert_eq!(
        (twice.status, twice.json()["title"].clone()),
        (409, "The resource already exists.".into())
    );
    let patch = |body: &'static str| async {
        door.ask("PATCH", &with_version("/snapshots/s"), &[], body).await
    };
    let archived = patch(r#"{"status":"archived"}"#).await;
    assert_eq!(archived.json()["status"], "archived");
    assert!(archived.json()["expires"].is_string());
    assert_eq!(patch(r#"{"status":"gone"}"#).await.status, 400);
    let listed = door.get(&with_version("/snapshots?status=ready")).await;
    assert_eq!(listed.json()["items"], serde_json::json!([]));
    assert_eq!(door.get("/snapshots/s?api-version=1.0").await.status, 404);
}

#[tokio::test]
async fn refuses_and_changes_nothing() {
    let door = Door::new().await;
    door.put(&with_version("/kv/a"), r#"{"value":"1"}"#).await;
    for (method, target, body, status) in [
        ("PUT", "/kv", "{}", 405),
        ("POST", "/kv/a", "{}", 405),
        ("PATCH", "/kv/a", "{}", 405),
        ("DELETE", "/keys", "", 405),
        ("POST", "/labels", "", 405),
        ("PUT", "/revisions", "", 405),
        ("GET", "/locks/a", "", 405),
        ("DELETE", "/snapshots/s", "", 405),
        ("PUT", "/kv/a%25b", "{}", 400),
        ("PUT", "/kv/..", "{}", 400),
        ("PUT", "/kv/a", "not json", 400),
        ("PUT", "/kv/a", r#"{"value":1}"#, 400),
        ("GET", "/kv/a/b/c", "", 404),
        ("GET", "/operations?snapshot=none", "", 404),
        ("GET", &format!("/kv/{}", "x".repeat(256)), "", 404),
        ("GET", &format!("/kv/{}", "x".repeat(257)), "", 404),
        ("DELETE", &format!("/kv/{}", "x".repeat(257)), "", 204),
        ("PUT", &format!("/kv/{}", "x".repeat(257)), "{}", 400),
    ] {
        let answer = door.ask(method, &with_version(target), &[], body).await;
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.body);
        let text = answer.header("content-type");
        assert_eq!(answer.body.is_empty(), text.is_empty(), "{method} {target}");
    }
    let unversioned = door.get("/kv/a").await;
    assert_eq!(unversioned.json()["title"], "API version is not specified");
    let value = "x".repeat(10_240);
    let large = format!(r#"{{"value":"{value}"}}"#);
    assert_eq!(door.ask("PUT", &with_version("/kv/a"), &[], &large).await.status, 413);
    let huge = "x".repeat(BODY_BYTES_MAX + 1);
    assert_eq!(door.ask("PUT", &with_version("/kv/a"), &[], &huge).await.status, 413);
    let reader = door.ask_as("reader", "PUT", &with_version("/kv/a"), &[], "{}").await;
    assert_eq!((reader.status, reader.body.as_str()), (403, ""));
    let reader = door.ask_as("reader", "PUT", &with_version("/locks/a"), &[], "").await;
    assert_eq!(reader.status, 403);
    let stranger = door.ask_as("nobody", "GET", &with_version("/kv/a"), &[], "").await;
    assert_eq!(stranger.status, 401);
    assert!(stranger.header("www-authenticate").contains("Invalid Credential"));
    let unchanged = door.ask_as("reader", "GET", &with_version("/kv/a"), &[], "").await;
    assert_eq!(unchanged.json()["value"], "1");
}

#[tokio::test]
async fn echoes_the_request_id_when_asked_to() {
    let door = Door::new().await;
    let id = ("x-ms-client-request-id", "abc");
    let silent = door.ask("GET", &with_version("/kv"), &[id], "").await;
    assert_eq!(silent.header("x-ms-client-request-id"), "");
    assert_ne!(silent.header("x-ms-request-id"), "");
    let asked = [id, ("x-ms-return-client-request-id", "true")];
    let told = door.ask("GET", &with_version("/kv"), &asked, "").await;
    assert_eq!(told.header("x-ms-client-request-id"), "abc");
}

#[tokio::test]
async fn slows_clients_over_the_quota() {
    let door = Door::with_quota(Some(1)).await;
    assert_eq!(door.get(&with_version("/kv")).await.status, 200);
    let refused = door.get(&with_version("/kv")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.header("retry-after-ms"), "1000");
    door.clock.advance(Duration::from_secs(1));
    assert_eq!(door.get(&with_version("/kv")).await.status, 200);
}
