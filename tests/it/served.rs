//! A gateway of its own process, started as a user starts it, and databases for it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sqlx::Connection;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_tollgate");

/// Answers what the entry `color` of the environment's map `settings` is.
pub(crate) const SETTINGS_BUNDLE: [(&str, &str); 4] = [
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

pub(crate) fn setting(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test's own settings")]
    std::env::var(name).ok()
}

pub(crate) fn text(value: &Value, member: &str) -> Result<String> {
    let text = value[member].as_str().with_context(|| format!("{value} has `{member}`"))?;
    Ok(text.to_owned())
}

/// A gateway of its own process, which ends with the value.
pub(crate) struct Served {
    process: Child,
    pub(crate) config: PathBuf,
    pub(crate) api: String,
    pub(crate) admin: String,
    /// Momento's own listener, where there is one.
    pub(crate) momento: Option<String>,
    /// The management API's own, where there is one.
    pub(crate) management: Option<String>,
}

impl Served {
    /// `database`: a URL; SQLite in the folder where there is none. `store`: more lines of the
    /// table.
    pub(crate) fn start(folder: &Path, database: Option<&str>, store: &str) -> Result<Self> {
        let url = database.map(|url| format!("url = {url:?}")).unwrap_or_default();
        Self::start_with(folder, "", &format!("[store]\n{url}\n{store}\n"))
    }

    /// `listen`: more lines of the table. `more`: more tables.
    pub(crate) fn start_with(folder: &Path, listen: &str, more: &str) -> Result<Self> {
        let config = folder.join("tollgate.toml");
        fs::write(
            &config,
            format!(
                "[listen]\napi = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n{listen}\
                 [runtime]\nthreads = 1\n{more}"
            ),
        )?;
        let mut process = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()?;
        let said = process.stderr.take().context("it is piped")?;
        let (api, admin) = (String::new(), String::new());
        let mut served = Self { process, config, api, admin, momento: None, management: None };
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
            } else if line.trim_start().starts_with("momento") {
                served.momento = Some(address(&line));
            } else if line.trim_start().starts_with("management") {
                served.management = Some(address(&line));
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

    pub(crate) fn credentials(&self, more: &[&str]) -> Result<Value> {
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
pub(crate) fn new_database(server: &str) -> Result<String> {
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
