//! The official Azure App Configuration SDKs against a gateway that was started as a user starts
//! it, on both stores.
//!
//! `TOLLGATE_SDKS` names the folder where `tests/sdk/install` has put them. Without it only the
//! command is tested.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;

use crate::served::{SETTINGS_BUNDLE, Served, new_database, setting, text};
use crate::support::{Client, PATIENCE, until, write_bundle};

/// Those that speak to a server; the others are about tokens of the cloud and the SDK's inside.
const AUTHORS_TESTS: [&str; 3] = [
    "test_azure_appconfiguration_client.py",
    "test_azure_appconfiguration_client_async.py",
    "test_consistency.py",
];

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
        let sdks = sdks.clone();
        let case = move || the_authors_own_tests(&sdks, server.as_deref());
        trials.push(trial(format!("the_sdk_authors_own_tests_on_{store}"), Box::new(case)));
    }
    trials
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

/// The tests that come with the Python SDK's source, as they are, but for where their server is.
/// They want a store of their own, which they leave empty.
fn the_authors_own_tests(sdks: &Path, server: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = server.map(new_database).transpose()?;
    let gateway = Served::start(folder.path(), database.as_deref(), "")?;
    let connection = text(&gateway.credentials(&[])?["appconfig"], "connection_string")?;
    let tests = sdks.join("authors/tests");
    ensure!(tests.is_dir(), "tests/sdk/install puts the authors' tests into the folder");
    let output = Command::new(sdks.join("venv/bin/python"))
        // Their own set-up waits for a cloud's rights.
        .args(["-m", "pytest", "--noconftest", "-p", "connection", "-p", "no:cacheprovider"])
        .args(["-o", "asyncio_mode=auto", "--disable-warnings", "-q"])
        .args(AUTHORS_TESTS)
        .env("TOLLGATE_CONNECTION", connection)
        .env("PYTHONPATH", script("authors"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(tests)
        .output()
        .context("pytest runs")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("122 passed"), "a test was left out:\n{said}");
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
