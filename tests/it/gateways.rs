//! Two gateways, each a process of its own, on one PostgreSQL: what one is told the other knows;
//! what happens while the database is away; and what is missed is caught up.
//!
//! `TOLLGATE_TEST_POSTGRES` names the server. The gateways reach it by a way that a test can cut.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use libtest_mimic::Trial;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgListener;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tempfile::TempDir;

use crate::served::{BINARY, SETTINGS_BUNDLE, Served, new_database, setting, text};
use crate::support::{Client, PATIENCE, until, write_bundle};

const COLOR: &str = "/kv/settings%2Fcolor?label=test&api-version=2023-11-01";
const LIST: &str = "/kv?key=settings%2F*&api-version=2023-11-01";

pub(crate) fn trials() -> Vec<Trial> {
    let Some(server) = setting("TOLLGATE_TEST_POSTGRES") else { return Vec::new() };
    let trial = |name: &str, case: fn(&str) -> Result<()>| {
        let server = server.clone();
        Trial::test(format!("gateways::{name}"), move || {
            case(&server).map_err(|error| format!("{error:#}").into())
        })
    };
    vec![
        trial("serve_on_while_the_database_is_away", serve_on_while_the_database_is_away),
        trial("catch_up_with_a_dropped_notification", catch_up_with_a_dropped_notification),
    ]
}

fn serve_on_while_the_database_is_away(server: &str) -> Result<()> {
    let gateways = Gateways::start(server, "")?;
    let (one, two) = (&gateways.one, &gateways.two);
    one.put("first")?;
    let delay = two.until_policy_says("first")?;
    eprintln!("seen by the other gateway's policy after {delay:?}");
    until("the second gateway's door", || {
        let found = two.ask("GET", COLOR, &[], "")?;
        Ok((found.status == 200 && found.body.contains("first")).then_some(()))
    })?;

    gateways.way.cut();
    ensure!(two.policy_says()? == "first", "policies read on");
    for gateway in [one, two] {
        let found = gateway.ask("GET", COLOR, &[], "")?;
        ensure!(found.status == 200 && found.body.contains("first"), "{found:?}");
        let found = gateway.ask("GET", LIST, &[], "")?;
        ensure!(found.status == 200 && found.body.contains("settings/color"), "{found:?}");
        for names in ["/keys?api-version=2023-11-01", "/labels?api-version=2023-11-01"] {
            let found = gateway.ask("GET", names, &[], "")?;
            ensure!(found.status == 200, "{names}: {found:?}");
        }
    }
    let etag = one.ask("HEAD", COLOR, &[], "")?.header("etag").to_owned();
    let unchanged = one.ask("GET", COLOR, &[("If-None-Match", &etag)], "")?;
    ensure!(unchanged.status == 304, "{unchanged:?}");
    let past = [("Accept-Datetime", "Fri, 27 Nov 2026 09:30:00 GMT")];
    for refused in [
        one.ask("PUT", COLOR, &[], r#"{"value":"lost"}"#)?,
        two.ask("DELETE", COLOR, &[], "")?,
        one.ask("GET", COLOR, &past, "")?,
        two.ask("GET", "/revisions?api-version=2023-11-01", &[], "")?,
        two.ask("GET", "/snapshots?api-version=2023-11-01", &[], "")?,
    ] {
        ensure!(refused.status == 503 && refused.header("retry-after") == "1", "{refused:?}");
    }
    for gateway in [one, two] {
        until("a degraded gateway", || {
            let found = gateway.ask("GET", "/readyz", &[], "")?;
            ensure!(found.status == 200, "it goes on: {found:?}");
            Ok(found.body.starts_with("degraded").then_some(()))
        })?;
    }
    ensure!(two.policy_says()? == "first", "policies read on");

    gateways.set_directly("missed")?;
    gateways.way.mend();
    one.until_policy_says("missed")?;
    two.until_policy_says("missed")?;
    for gateway in [one, two] {
        until("a gateway that is ready", || {
            let found = gateway.ask("GET", "/readyz", &[], "")?;
            Ok((found.body == "ok\n").then_some(()))
        })?;
    }
    until("both gateways listen again", || {
        let listening = "SELECT count(*) FROM pg_stat_activity \
                         WHERE datname = current_database() AND query ILIKE 'LISTEN%'";
        Ok((gateways.count(listening)? == 2).then_some(()))
    })?;
    one.put("after")?;
    let delay = two.until_policy_says("after")?;
    eprintln!("and when the database was back after {delay:?}");
    let found = two.ask("GET", "/revisions?api-version=2023-11-01", &[], "")?;
    ensure!(found.status == 200 && !found.body.contains("lost"), "{found:?}");
    Ok(())
}

/// The database's own function is hidden by one that tells nobody.
fn catch_up_with_a_dropped_notification(server: &str) -> Result<()> {
    let gateways = Gateways::start(
        server,
        "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS '';
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
             current_database()); END $$",
    )?;
    // A listener that goes away asks for a runtime.
    let _runtime = gateways.runtime.enter();
    let listener = gateways.runtime.block_on(async {
        let mut listener = PgListener::connect(&gateways.database).await?;
        listener.listen("tollgate_revision").await?;
        anyhow::Ok(listener)
    });
    let mut listener = listener?;
    for value in ["one", "two", "three", "four", "five"] {
        gateways.one.put(value)?;
        let delay = gateways.two.until_policy_says(value)?;
        eprintln!("without a notification seen after {delay:?}");
    }
    gateways.run("SELECT pg_catalog.pg_notify('tollgate_revision', 'marker')")?;
    let first = gateways.runtime.block_on(listener.recv())?;
    ensure!(first.payload() == "marker", "a notification was not dropped: {first:?}");
    Ok(())
}

/// Two gateways that share a database, and the way by which they reach it.
struct Gateways {
    one: Gateway,
    two: Gateway,
    way: Way,
    /// Not by the way.
    database: String,
    runtime: tokio::runtime::Runtime,
    root: TempDir,
}

impl Gateways {
    /// `first`: done in the database before anybody uses it.
    fn start(server: &str, first: &str) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let database = new_database(server)?;
        run(&runtime, &database, first)?;
        let way = Way::to(&database)?;
        fs::write(root.path().join("shared.key"), [7; 32])?;
        let gateway = |name: &str| Gateway::start(root.path(), name, &way.url);
        Ok(Self { one: gateway("one")?, two: gateway("two")?, way, database, runtime, root })
    }

    fn run(&self, sql: &str) -> Result<()> {
        run(&self.runtime, &self.database, sql)
    }

    fn count(&self, sql: &'static str) -> Result<i64> {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.database).await?;
            Ok(sqlx::query(sql).fetch_one(&mut connection).await?.try_get(0)?)
        })
    }

    /// As somebody does whose way to the database is another one.
    fn set_directly(&self, value: &str) -> Result<()> {
        let config = self.root.path().join("direct.toml");
        let key = self.root.path().join("shared.key");
        let store = format!("[store]\nurl = {:?}\nkey_file = {key:?}\n", self.database);
        fs::write(&config, store)?;
        let output = Command::new(BINARY)
            .args(["kv", "set", "settings/color", value, "--label", "test", "--config"])
            .arg(&config)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

fn run(runtime: &tokio::runtime::Runtime, database: &str, sql: &str) -> Result<()> {
    runtime.block_on(async {
        let mut connection = PgConnection::connect(database).await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
        Ok(())
    })
}

struct Gateway {
    served: Served,
    id: String,
    secret: Vec<u8>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

impl Gateway {
    fn start(root: &Path, name: &str, url: &str) -> Result<Self> {
        let folder = root.join(name);
        write_bundle(&folder.join("proxies/settings"), &SETTINGS_BUNDLE)?;
        let key = format!("key_file = {:?}", root.join("shared.key"));
        let served = Served::start(&folder, Some(url), &key)?;
        let door = &served.credentials(&[])?["appconfig"];
        let secret = BASE64_STANDARD.decode(text(door, "secret")?)?;
        Ok(Self { id: text(door, "id")?, secret, served })
    }

    fn put(&self, value: &str) -> Result<()> {
        let body = serde_json::json!({ "value": value }).to_string();
        let answer = self.ask("PUT", COLOR, &[], &body)?;
        ensure!(answer.status == 200, "{answer:?}");
        let stored: Value = serde_json::from_str(&answer.body)?;
        ensure!(stored["value"] == value, "{stored}");
        Ok(())
    }

    fn policy_says(&self) -> Result<String> {
        Ok(Client::connect(self.served.api.parse()?)?.get("/settings")?.body)
    }

    fn until_policy_says(&self, value: &str) -> Result<std::time::Duration> {
        let begin = Instant::now();
        let mut client = Client::connect(self.served.api.parse()?)?;
        until(&format!("`{value}` in a policy"), || {
            Ok((client.get("/settings")?.body == value).then_some(()))
        })?;
        Ok(begin.elapsed())
    }

    /// A signed request to the admin listener.
    fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let admin = &self.served.admin;
        let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let hash = BASE64_STANDARD.encode(Sha256::digest(body));
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)?;
        mac.update(format!("{method}\n{target}\n{date};{admin};{hash}").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let more: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut stream = TcpStream::connect(admin)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\
             x-ms-date: {date}\r\nx-ms-content-sha256: {hash}\r\n\
             Authorization: HMAC-SHA256 Credential={}&\
             SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n{body}",
            self.id,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer has a head")?;
        let status = head.split(' ').nth(1).context("a status line")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }
}

/// A port that leads to the server's socket, until it is cut.
struct Way {
    url: String,
    state: Arc<WayState>,
}

struct WayState {
    socket: PathBuf,
    is_open: AtomicBool,
    streams: Mutex<Vec<(TcpStream, UnixStream)>>,
}

impl Way {
    fn to(database: &str) -> Result<Self> {
        let url = url::Url::parse(database)?;
        let folder = url.query_pairs().find(|(name, _)| name == "host");
        let (_, folder) = folder.context("the tests' server listens on a socket")?;
        let state = Arc::new(WayState {
            socket: Path::new(&*folder).join(".s.PGSQL.5432"),
            is_open: AtomicBool::new(true),
            streams: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address: SocketAddr = listener.local_addr()?;
        let accepting = state.clone();
        // Ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Where it is cut the stream ends here.
                drop(accepting.lead(stream));
            }
        });
        Ok(Self { url: format!("postgres://postgres@{address}{}", url.path()), state })
    }

    fn cut(&self) {
        let mut streams = self.state.streams.lock().unwrap();
        self.state.is_open.store(false, Ordering::SeqCst);
        for (one, other) in streams.drain(..) {
            // One that has ended is cut already.
            drop((one.shutdown(Shutdown::Both), other.shutdown(Shutdown::Both)));
        }
    }

    fn mend(&self) {
        self.state.is_open.store(true, Ordering::SeqCst);
    }
}

impl WayState {
    fn lead(&self, near: TcpStream) -> Result<()> {
        let mut streams = self.streams.lock().unwrap();
        if !self.is_open.load(Ordering::SeqCst) {
            return Ok(());
        }
        let far = UnixStream::connect(&self.socket)?;
        streams.push((near.try_clone()?, far.try_clone()?));
        let (mut from_near, mut to_near) = (near.try_clone()?, near);
        let (mut from_far, mut to_far) = (far.try_clone()?, far);
        std::thread::spawn(move || {
            drop(std::io::copy(&mut from_near, &mut to_far));
            drop(to_far.shutdown(Shutdown::Both));
        });
        std::thread::spawn(move || {
            drop(std::io::copy(&mut from_far, &mut to_near));
            drop(to_near.shutdown(Shutdown::Both));
        });
        Ok(())
    }
}
