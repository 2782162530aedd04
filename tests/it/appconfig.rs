//! The official Azure App Configuration SDKs against a gateway that was started as a user starts
//! it, on both stores.
//!
//! `TOLLGATE_SDKS` names the folder where `tests/sdk/install` has put them. Without it only the
//! command is tested.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;
use sqlx::Connection;

use crate::support::{Client, PATIENCE, until, write_bundle};

const BINARY: &str = env!("CARGO_BIN_EXE_tollgate");

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: String, case: Box<dyn Fn() -> Result<()> + Send>| {
        Trial::test(format!("appconfig::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    let mut trials = vec![trial("credentials_rotate".to_owned(), Box::new(credentials_rotate))];
    let Some(sdks) = setting("TOLLGATE_SDKS").map(PathBuf::from) else { return trials };
    let mut stores = vec![("sqlite", None)];
    if let Some(server) = setting("TOLLGATE_TEST_POSTGRES") {
        stores.push(("postgres", Some(server.clone())));
        let sdks = sdks.clone();
        let case = move || a_write_reaches_the_other_gateway(&sdks, &server);
        trials.push(trial("a_write_reaches_the_other_gateway".to_owned(), Box::new(case)));
    }
    for (store, server) in stores {
        for (sdk, run) in [("python", python as fn(&Path) -> Result<Command>), ("node", node)] {
            let (sdks, server) = (sdks.clone(), server.clone());
            let case = move || every_call(run(&sdks)?, server.as_deref());
            trials.push(trial(format!("every_call_of_the_{sdk}_sdk_on_{store}"), Box::new(case)));
        }
    }
    trials
}

fn setting(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test's own settings")]
    std::env::var(name).ok()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/appconfig").join(name)
}

fn python(sdks: &Path) -> Result<Command> {
    let mut command = Command::new(sdks.join("venv/bin/python"));
    command.arg(script("client.py"));
    Ok(command)
}

/// A module finds its packages beside itself.
fn node(sdks: &Path) -> Result<Command> {
    let copy = sdks.join("node/client.mjs");
    fs::copy(script("client.mjs"), &copy).context("the script is copied")?;
    let mut command = Command::new("node");
    command.arg(copy);
    Ok(command)
}

fn every_call(mut sdk: Command, server: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = server.map(new_database).transpose()?;
    let gateway = Served::start(folder.path(), database.as_deref(), "")?;
    let door = &gateway.credentials(&[])?["appconfig"];
    let strings =
        [text(door, "connection_string")?, text(&door["read_only"], "connection_string")?];
    let output = sdk.args(strings).output().context("the SDK's script runs")?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Two gateways on one database: what one is told, the other's policies see.
fn a_write_reaches_the_other_gateway(sdks: &Path, server: &str) -> Result<()> {
    let root = tempfile::tempdir()?;
    let database = new_database(server)?;
    fs::create_dir(root.path().join("one"))?;
    fs::create_dir(root.path().join("two"))?;
    let key = root.path().join("shared.key");
    fs::write(&key, [7; 32])?;
    let shared = format!("key_file = {:?}", key.display().to_string());
    write_bundle(&root.path().join("two/proxies/settings"), &SETTINGS_BUNDLE)?;
    let one = Served::start(&root.path().join("one"), Some(&database), &shared)?;
    let two = Served::start(&root.path().join("two"), Some(&database), &shared)?;
    let connection = text(&one.credentials(&[])?["appconfig"], "connection_string")?;
    ensure!(
        connection
            == text(&two.credentials(&[])?["appconfig"], "connection_string")?
                .replace(&two.admin, &one.admin),
        "gateways that share a store share its credentials"
    );
    let shown =
        || -> Result<String> { Ok(Client::connect(two.api.parse()?)?.get("/settings")?.body) };
    ensure!(shown()? == "none", "nothing is set yet: {}", shown()?);
    for value in ["first", "second"] {
        let put = Command::new(sdks.join("venv/bin/python"))
            .arg(script("put.py"))
            .args([connection.as_str(), "settings/color", "test", value])
            .status()?;
        ensure!(put.success(), "the SDK writes through the first gateway");
        until(&format!("`{value}` at the second gateway"), || {
            Ok((shown()? == value).then_some(()))
        })?;
    }
    Ok(())
}

const SETTINGS_BUNDLE: [(&str, &str); 4] = [
    ("apiproxy/settings.xml", "<APIProxy name=\"settings\"/>"),
    (
        "apiproxy/policies/KV-Color.xml",
        "<KeyValueMapOperations name=\"KV-Color\" mapIdentifier=\"settings\">\
         <Get assignTo=\"color\"><Key><Parameter>color</Parameter></Key></Get>\
         <Scope>environment</Scope></KeyValueMapOperations>",
    ),
    (
        "apiproxy/policies/AM-Show.xml",
        "<AssignMessage name=\"AM-Show\"><Set>\
         <Payload contentType=\"text/plain\">{color:none}</Payload></Set></AssignMessage>",
    ),
    (
        "apiproxy/proxies/default.xml",
        "<ProxyEndpoint name=\"default\"><PreFlow><Response>\
         <Step><Name>KV-Color</Name></Step><Step><Name>AM-Show</Name></Step></Response></PreFlow>\
         <HTTPProxyConnection><BasePath>/settings</BasePath></HTTPProxyConnection>\
         <RouteRule name=\"nobody\"/></ProxyEndpoint>",
    ),
];

fn credentials_rotate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, "")?;
    let first = gateway.credentials(&[])?;
    ensure!(first == gateway.credentials(&[])?, "they stay");
    let endpoint = format!("http://{}", gateway.admin);
    ensure!(first["appconfig"]["endpoint"] == endpoint.as_str(), "{first}");
    let rotated = gateway.credentials(&["rotate", "appconfig"])?;
    ensure!(rotated["appconfig"]["secret"] != first["appconfig"]["secret"], "they are new ones");
    ensure!(rotated == gateway.credentials(&[])?, "and stay");
    let mut stranger = TcpStream::connect(&gateway.admin)?;
    stranger.set_read_timeout(Some(PATIENCE))?;
    write!(
        stranger,
        "GET /kv?api-version=1.0 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        gateway.admin
    )?;
    let mut answer = String::new();
    stranger.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 401 "), "nobody is let in without: {answer}");
    ensure!(answer.contains("www-authenticate: HMAC-SHA256, Bearer\r\n"), "{answer}");
    Ok(())
}

fn text(value: &Value, member: &str) -> Result<String> {
    let text = value[member].as_str().with_context(|| format!("{value} has `{member}`"))?;
    Ok(text.to_owned())
}

/// A gateway of its own process, which ends with the value.
struct Served {
    process: Child,
    config: PathBuf,
    api: String,
    admin: String,
}

impl Served {
    /// `database`: a URL; SQLite in the folder where there is none. `store`: more lines of the
    /// table.
    fn start(folder: &Path, database: Option<&str>, store: &str) -> Result<Self> {
        let config = folder.join("tollgate.toml");
        let url = database.map(|url| format!("url = {url:?}")).unwrap_or_default();
        fs::write(
            &config,
            format!(
                "[listen]\napi = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n[runtime]\nthreads = 1\n\
                 [store]\n{url}\n{store}\n"
            ),
        )?;
        let mut process = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()?;
        let said = process.stderr.take().context("it is piped")?;
        let mut served = Self { process, config, api: String::new(), admin: String::new() };
        let mut lines = BufReader::new(said).lines();
        let mut heard = String::new();
        while served.admin.is_empty() {
            let line = lines.next().with_context(|| format!("it did not start:\n{heard}"))??;
            let address = |line: &str| {
                let rest = line.split_once("http://").map_or("", |(_, rest)| rest);
                rest.split('/').next().unwrap_or_default().to_owned()
            };
            if line.trim_start().starts_with("API traffic") {
                served.api = address(&line);
            } else if line.trim_start().starts_with("admin") {
                served.admin = address(&line);
            }
            heard.push_str(&line);
            heard.push('\n');
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(served)
    }

    fn credentials(&self, more: &[&str]) -> Result<Value> {
        let output = Command::new(BINARY)
            .arg("credentials")
            .args(more)
            .args(["--format", "json", "--config"])
            .arg(&self.config)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        ended.map(drop).unwrap_or_default();
    }
}

/// The URL of an empty database on that server.
fn new_database(server: &str) -> Result<String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let name = format!("appconfig_{}_{number}", std::process::id());
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = sqlx::AnyConnection::connect(server).await?;
        let make = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut connection).await?;
        anyhow::Ok(())
    })?;
    Ok(server.replacen("/postgres?", &format!("/{name}?"), 1))
}
