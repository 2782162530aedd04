//! The durable store: a KeyValueMapOperations Get from memory, a page of a hundred out of a
//! million key-values, sixteen writers beside a bare loop over SQLite, and how soon another
//! gateway's policies see a write.
//!
//! Figures of CPU are what the kernel says of this process's threads (`/proc/self/task`), so that
//! others on the machine count for little. `TOLLGATE_TEST_POSTGRES` names a server for the second
//! store.

#![expect(clippy::disallowed_methods, reason = "it measures, and has settings of its own")]
#![expect(clippy::print_stdout, reason = "its figures go there")]

mod support;

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, SqliteConnection};
use tempfile::TempDir;
use tollgate::clock::Clock;
use tollgate::policy::kind::{Run, Step};
use tollgate::serve::appconfig::{Access, AppConfig, Credential, Credentials};
use tollgate::store::durable::{
    Address, Condition, Content, KeyFile, Location, MapId, Settings, Store, Via, Write,
};
use tollgate::store::kvm::{Found, Maps};
use tollgate::store::mirror::Mirror;

use crate::support::Linking;

const MILLION: usize = 1_000_000;
const ROOM: usize = 2 * 1024 * 1024 * 1024;
/// That are measured together.
const PAGES: u32 = 20;
const WRITERS: usize = 16;
const WRITES: usize = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        policy_get().await;
        writers().await;
        delay("SQLite", Place::sqlite()).await;
        if let Ok(server) = std::env::var("TOLLGATE_TEST_POSTGRES") {
            delay("PostgreSQL", Place::postgres(&server).await).await;
        }
        pages().await;
    });
}

/// Where a store is.
struct Place {
    settings: Settings,
    folder: TempDir,
}

impl Place {
    fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let location = Location::Sqlite(folder.path().join("tollgate.db"));
        Self::of(folder, location)
    }

    async fn postgres(server: &str) -> Self {
        let name = format!("bench_{}", std::process::id());
        let mut connection = sqlx::PgConnection::connect(server).await.expect("a server");
        let make = format!("CREATE DATABASE {name} TEMPLATE template0");
        connection.execute(sqlx::AssertSqlSafe(make)).await.expect("a database");
        let mut url = url::Url::parse(server).expect("a URL");
        url.set_path(&name);
        Self::of(TempDir::new().expect("a folder"), Location::Postgres(url.to_string()))
    }

    fn of(folder: TempDir, location: Location) -> Self {
        let key_file = KeyFile::Own(folder.path().join("store.key"));
        let retention = Duration::from_secs(7 * 24 * 3600);
        Self { settings: Settings { location, key_file, retention }, folder }
    }

    async fn open(&self) -> Store {
        Store::open(&self.settings, &Clock::system()).await.expect("a store")
    }
}

fn put(key: String, label: Option<&str>, value: &str) -> Write {
    Write::Put {
        at: Address {
            key: Bytes::from(key),
            label: label.map(|label| Bytes::copy_from_slice(label.as_bytes())),
        },
        content: Content {
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            ..Content::default()
        },
        when: Condition::None,
        via: Via::Open,
    }
}

async fn policy_get() {
    const GETS: u32 = 1_000_000;
    let place = Place::sqlite();
    let store = place.open().await;
    for number in 0..1000 {
        store.write(put(format!("settings/{number}"), None, "EUR")).await.expect("written");
    }
    let maps = Maps::open(store, Clock::system(), "test", ROOM).await;
    let mut linking = Linking::new();
    linking.maps = maps.clone();
    let step = linking.link(
        r#"<KeyValueMapOperations name="P" mapIdentifier="settings"><Scope>organization</Scope>
           <Get assignTo="currency"><Key><Parameter>500</Parameter></Key></Get>
           </KeyValueMapOperations>"#,
    );
    linking.variable("currency");
    maps.settle().await;
    let mut cx = linking.context();
    let Step::Io(step) = step else { panic!("a policy that may wait") };
    let mut seen = Vec::new();
    for _ in 0..7 {
        let begin = thread_cpu();
        for _ in 0..GETS {
            match step.run(black_box(&mut cx)) {
                Run::Done(done) => assert!(done.is_ok(), "it is read"),
                Run::Wait(_) => panic!("memory answers at once"),
            }
        }
        seen.push((thread_cpu() - begin) / GETS);
    }
    report("KeyValueMapOperations Get, thread CPU", seen);
}

async fn writers() {
    let (mut ratios, mut together, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        let bare_rate = bare_loop().await;
        let place = Place::sqlite();
        let store = place.open().await;
        let begin = Instant::now();
        let writing = (0..WRITERS).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..WRITES {
                    let write = put(format!("key/{writer}/{number}"), Some("prod"), "a value");
                    store.write(write).await.expect("written");
                }
            })
        });
        for writer in writing.collect::<Vec<_>>() {
            writer.await.expect("a writer ends");
        }
        let rate = (WRITERS * WRITES) as f64 / begin.elapsed().as_secs_f64();
        ratios.push(rate / bare_rate);
        together.push(rate);
        bare.push(bare_rate);
    }
    for (what, mut seen) in
        [("16 writers, ratio", ratios), ("writes/s", together), ("bare loop, writes/s", bare)]
    {
        seen.sort_by(f64::total_cmp);
        let at = |place: usize| seen.get(place).copied().unwrap_or_default();
        println!("{what}: {:.2} ({:.2} to {:.2})", at(seen.len() / 2), at(0), at(seen.len() - 1));
    }
}

/// One writer, one row and one transaction at a time, as durable.
async fn bare_loop() -> f64 {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("bare.db").display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a database");
    for text in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE items (key BLOB NOT NULL PRIMARY KEY, value BLOB)",
    ] {
        connection.execute(text).await.expect("done");
    }
    let count = WRITES * 4;
    let begin = Instant::now();
    for number in 0..count {
        let insert = sqlx::query("INSERT INTO items (key, value) VALUES ($1, $2)")
            .bind(format!("key/{number}").into_bytes())
            .bind(&b"a value"[..]);
        insert.execute(&mut connection).await.expect("written");
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

/// From before a write at one gateway, and from its answer, until another's map shows it.
async fn delay(name: &str, place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let maps = Maps::open(two, Clock::system(), "test", ROOM).await;
    let map = maps.map(&MapId { name: Bytes::from_static(b"settings"), label: None });
    maps.settle().await;
    let (mut since_begin, mut since_answer) = (Vec::new(), Vec::new());
    for number in 0..200 {
        // Not in step with any clock of the store's.
        tokio::time::sleep(Duration::from_micros(7_300 + number * 131 % 25_000)).await;
        let value = number.to_string();
        let begin = Instant::now();
        one.write(put("settings/color".to_owned(), None, &value)).await.expect("written");
        let answered = Instant::now();
        let shows = || match map.get(b"color") {
            Found::Entry(entry) => {
                entry.values.to_content().value.as_deref() == Some(value.as_bytes())
            }
            Found::Missing | Found::Elsewhere => false,
        };
        while !shows() {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        since_begin.push(begin.elapsed());
        since_answer.push(answered.elapsed());
    }
    report(&format!("{name}: another gateway sees a write, from its begin"), since_begin);
    report(&format!("{name}: from its answer"), since_answer);
}

async fn pages() {
    let place = Place::sqlite();
    drop(place.open().await);
    fill(&place.folder.path().join("tollgate.db")).await;
    let store = place.open().await;
    let credential =
        Credential { id: "bench".to_owned(), secret: b"secret".to_vec(), access: Access::ReadOnly };
    let credentials = Arc::new(ArcSwap::from_pointee(Credentials(vec![credential])));
    let clock = Clock::system();
    for (name, room) in [("from the database", 0), ("from memory", ROOM)] {
        let mirror = Mirror::open(store.clone(), room);
        mirror.settle().await;
        let door = AppConfig::new(store.clone(), mirror, clock.clone(), credentials.clone(), None);
        let mut seen = Vec::new();
        let mut target = "/kv?api-version=2023-11-01&key=app%2F5*".to_owned();
        for _ in 0..9 {
            let begin = process_cpu();
            let mut bodies = Vec::new();
            for _ in 0..PAGES {
                let (parts, body) = door.answer(signed(&target)).await.into_parts();
                assert_eq!(parts.status, StatusCode::OK);
                bodies.push(body.collect().await.expect("a body").to_bytes());
            }
            seen.push((process_cpu() - begin) / PAGES);
            for body in bodies {
                let page: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
                target = page["@nextLink"].as_str().expect("another page").to_owned();
            }
        }
        report(&format!("a page of 100 of a million, {name}, CPU of all threads"), seen);
    }
}

async fn fill(database: &Path) {
    let url = format!("sqlite:{}", database.display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a database");
    let fill = format!(
        "INSERT INTO revisions (revision, key_name, label, deleted, sealed, locked, value, tags, \
             etag, modified_us)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MILLION})
         SELECT i, CAST('app/' || i AS BLOB), CAST(x'01' || 'prod' AS BLOB), 0, 0, 0,
             CAST('value ' || i AS BLOB), '{{}}', 'etag' || i, 1700000000000000 FROM n;
         UPDATE counter SET revision = {MILLION}"
    );
    let filled = sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut connection).await;
    filled.expect("a million key-values");
}

fn signed(target: &str) -> Request<Full<Bytes>> {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let hash = BASE64_STANDARD.encode(Sha256::digest(b""));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("a key");
    mac.update(format!("GET\n{target}\n{date};localhost;{hash}").as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    Request::get(target)
        .header("host", "localhost")
        .header("x-ms-date", date)
        .header("x-ms-content-sha256", hash)
        .header(
            "authorization",
            format!(
                "HMAC-SHA256 Credential=bench&SignedHeaders=x-ms-date;host;x-ms-content-sha256\
                 &Signature={signature}"
            ),
        )
        .body(Full::default())
        .expect("a request")
}

fn report(what: &str, mut seen: Vec<Duration>) {
    seen.sort();
    let at = |place: usize| seen.get(place).copied().unwrap_or_default();
    println!("{what}: {:?} ({:?} to {:?})", at(seen.len() / 2), at(0), at(seen.len() - 1));
}

fn thread_cpu() -> Duration {
    on_cpu(Path::new("/proc/thread-self"))
}

fn process_cpu() -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("threads");
    threads.flatten().map(|thread| on_cpu(&thread.path())).sum()
}

/// What the scheduler counted of a thread; a thread that has ended counts nothing.
fn on_cpu(thread: &Path) -> Duration {
    let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let first = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(first.unwrap_or(0))
}
