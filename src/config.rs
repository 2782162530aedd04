//! `tollgate.toml`: what the operator says, checked, with every default filled in.
//!
//! Each key, its default, unit and range: `docs/configuration.md`. Paths in the file stand
//! relative to the file's folder. Nothing below this floor reads the file; what a module needs
//! is handed to it.

mod file;
mod keys;
mod targets;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use crate::config::file::{Address, File};
use crate::diag::{FileId, SourceMap};
use crate::lint::LintOptions;
use crate::plan::{FlowHook, Hooks};
use crate::profile::Profile;
use crate::serve::tls::CertificateFiles;
use crate::store::cache::definition::CacheDefinition;
use crate::store::durable::{self, KeyFile, Location};
use crate::upstream::target_server::Targets;

/// The file that is read where no other is named, if it is there.
pub const DEFAULT_FILE: &str = "tollgate.toml";
/// The folder of the gateway's own files, beside the configuration file.
pub const DEFAULT_STATE: &str = "state";
const STORE_FILE: &str = "tollgate.db";
const STORE_KEY: &str = "store.key";
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What holds for one gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub organization: String,
    pub environment: String,
    pub profile: Profile,
    /// Where `TimeOfDay` and `ExpiryDate` of a cache stand.
    pub time_zone: TimeZone,
    /// Lets a service door listen off loopback without TLS. Worth a log line at each start.
    pub insecure: bool,
    pub listen: Listen,
    /// What the service doors' listeners take TLS with.
    pub admin_tls: Option<CertificateFiles>,
    /// Data threads; 0 is one for each core.
    pub threads: usize,
    pub deploy: Deploy,
    /// The shared flows of the environment that run in every proxy.
    pub flow_hooks: Hooks<FlowHook>,
    pub lint: LintOptions,
    /// Lets a target be one of the gateway's own service listeners.
    pub allow_self: bool,
    pub limits: Limits,
    pub store: StoreConfig,
    /// What App Configuration's clients may ask together; `None` for no quota.
    pub appconfig_requests_per_second: Option<u32>,
    pub momento: MomentoConfig,
    pub cache_backend: CacheBackend,
    /// In the order of the file, no name twice.
    pub caches: Vec<CacheDefinition>,
    /// Target servers and keystores.
    pub targets: Targets,
    /// Where MessageLogging writes its files.
    pub log_folder: PathBuf,
    /// Where the samples' backend listens, on loopback. `None`: it does not run.
    pub demo_backend: Option<SocketAddr>,
}

/// How the file and the command line spell a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    Edge,
    X,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Edge => Self::Edge,
            ProfileName::X => Self::X,
        }
    }
}

/// Port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub api: SocketAddr,
    pub admin: SocketAddr,
    /// A listener of Momento's door alone, beside the admin listener.
    pub momento: Option<SocketAddr>,
    /// A listener of the management API alone, beside the admin listener.
    pub management: Option<SocketAddr>,
    /// Names by which clients reach the service doors, beside `localhost` and the addresses.
    pub hosts: Vec<String>,
}

impl Config {
    /// What Momento's libraries put `cache.` and the like before, where the door is at that port.
    pub fn momento_endpoint(&self, port: u16) -> String {
        if let Some(endpoint) = &self.momento.endpoint {
            return endpoint.clone();
        }
        let host = self.listen.hosts.first().map_or("localhost", String::as_str);
        match port {
            443 => host.to_owned(),
            _ => format!("{host}:{port}"),
        }
    }
}

/// Momento's door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MomentoConfig {
    /// Lets in who has no token at all, as Momento's local mode does.
    pub open: bool,
    /// What the clients' libraries put `cache.` and the like before, with a port where that is
    /// not 443; `None`: the first of the hosts.
    pub endpoint: Option<String>,
    /// What all clients may ask together; `None` for no limit.
    pub requests_per_second: Option<u32>,
    /// Web pages of these origins may call the HTTP API.
    pub cors_origins: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// Need not exist.
    pub folders: Vec<PathBuf>,
    pub watch: bool,
    pub unsupported: Unsupported,
}

/// What becomes of a bundle with a policy that the gateway cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsupported {
    Refuse,
    /// It is deployed, and faults where the policy is reached.
    Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body that a policy may read; larger ones pass through unread.
    pub body_bytes_max: usize,
    /// Client connections of the API listener, over all data threads.
    pub connections_max: usize,
    /// How long requests in flight may take to end when the gateway stops.
    pub drain_timeout_ms: u64,
}

/// The durable store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    pub location: Location,
    pub key_file: KeyFile,
    /// How long what was replaced or removed is kept.
    pub retention_days: u64,
    /// What policies read from memory may take; the rest they ask the database for.
    pub snapshot_bytes_max: usize,
}

impl StoreConfig {
    /// As the store takes them.
    pub fn settings(&self) -> durable::Settings {
        durable::Settings {
            location: self.location.clone(),
            key_file: self.key_file.clone(),
            retention: Duration::from_secs(self.retention_days.saturating_mul(24 * 3600)),
        }
    }

    /// With its files in that folder.
    fn in_folder(state: &Path) -> Self {
        Self {
            location: Location::Sqlite(state.join(STORE_FILE)),
            key_file: KeyFile::Own(state.join(STORE_KEY)),
            retention_days: 7,
            snapshot_bytes_max: 64 * 1024 * 1024,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum CacheBackend {
    Memory,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            organization: "apifactory".to_owned(),
            environment: "test".to_owned(),
            profile: Profile::Edge,
            time_zone: TimeZone::UTC,
            insecure: false,
            listen: Listen {
                api: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
                admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
                momento: None,
                management: None,
                hosts: Vec::new(),
            },
            admin_tls: None,
            threads: 0,
            deploy: Deploy {
                folders: vec![PathBuf::from("proxies"), PathBuf::from("policies")],
                watch: true,
                unsupported: Unsupported::Refuse,
            },
            flow_hooks: Hooks::default(),
            lint: LintOptions::defaults(),
            allow_self: false,
            limits: Limits {
                body_bytes_max: 10 * 1024 * 1024,
                connections_max: 10_000,
                drain_timeout_ms: 30_000,
            },
            store: StoreConfig::in_folder(Path::new(DEFAULT_STATE)),
            appconfig_requests_per_second: None,
            momento: MomentoConfig::default(),
            cache_backend: CacheBackend::Memory,
            caches: Vec::new(),
            targets: Targets::default(),
            log_folder: PathBuf::from("state/logs"),
            demo_backend: None,
        }
    }
}

/// The variable by which Google's own libraries are told of a metadata server.
const METADATA_VARIABLE: &str = "GCE_METADATA_HOST";

/// The metadata server that the process was told of.
pub fn metadata_host() -> Option<String> {
    std::env::var_os(METADATA_VARIABLE)?.into_string().ok()
}

/// What the command line says instead of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub profile: Option<ProfileName>,
    pub api: Option<SocketAddr>,
    pub admin: Option<SocketAddr>,
    /// The folder of the gateway's own files, [`DEFAULT_STATE`] beside the file where it says
    /// none; what lies there by default lies in this one.
    pub state: Option<PathBuf>,
    /// Google's metadata server, where the file names no account.
    pub metadata_host: Option<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has more than {FILE_BYTES_MAX} bytes; is it the configuration file?", path.display())]
    TooLarge { path: PathBuf },
    /// One line a problem, each with its place.
    #[error("{}", places.join("\n"))]
    Refused { places: Vec<String> },
}

impl ConfigError {
    /// With the cause behind it.
    fn with_source(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("{self}: {source}"),
            Self::TooLarge { path } => {
                format!("{} has more than {FILE_BYTES_MAX} bytes; is it PEM?", path.display())
            }
            Self::Refused { .. } => self.to_string(),
        }
    }
}

/// What is wrong in the text, in one clause with what to do. `at` is a byte offset; `None` is
/// the command line.
#[derive(Debug)]
struct Problem {
    at: Option<usize>,
    message: String,
}

impl Config {
    /// Reads `path`; without one, [`DEFAULT_FILE`] of the current folder if it is there, else
    /// the defaults.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        match path {
            Some(path) => Self::parse(path, &read(path)?, overrides),
            None => match read(Path::new(DEFAULT_FILE)) {
                Ok(text) => Self::parse(Path::new(DEFAULT_FILE), &text, overrides),
                Err(ConfigError::Read { source, .. })
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    Self::parse(Path::new(DEFAULT_FILE), "", overrides)
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Takes the text of the file at `path`, which places and relative paths refer to.
    pub fn parse(path: &Path, text: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        check(path, text, overrides).map_err(|problems| {
            let mut sources = SourceMap::default();
            let file = sources.add(path.display().to_string(), Arc::from(text));
            let places = problems.iter().map(|problem| problem.line(file, &sources)).collect();
            ConfigError::Refused { places }
        })
    }
}

/// All unknown keys at once; else the first value that cannot be read; else what values say
/// against each other.
fn check(path: &Path, text: &str, overrides: &Overrides) -> Result<Config, Vec<Problem>> {
    let refuse = |error: toml::de::Error| {
        let at = Some(error.span().map_or(0, |span| span.start));
        vec![Problem { at, message: error.message().to_owned() }]
    };
    let document = DeTable::parse(text).map_err(refuse)?;
    let problems = keys::check_keys(document.get_ref());
    if !problems.is_empty() {
        return Err(problems);
    }
    let file: File = toml::from_str(text).map_err(refuse)?;
    let mut problems = Vec::new();
    let config = assemble(path, file, overrides, &mut problems);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn assemble(path: &Path, file: File, overrides: &Overrides, problems: &mut Vec<Problem>) -> Config {
    let default = Config::default();
    let root = path.parent().unwrap_or(Path::new(""));
    let insecure = file.insecure.unwrap_or(default.insecure);
    let admin = Listener::new(overrides.admin, file.listen.admin, default.listen.admin);
    let api = Listener::new(overrides.api, file.listen.api, default.listen.api);
    let own = |key: Option<Spanned<Address>>| {
        key.map(|key| Listener::new(None, Some(key), admin.address))
    };
    let (momento, management) = (own(file.listen.momento), own(file.listen.management));
    let is_safe = insecure || file.admin_tls.is_some();
    let doors = [("momento", momento.as_ref()), ("management", management.as_ref())];
    check_listeners(&api, &admin, doors, is_safe, problems);
    check_cache_names(&file.cache, problems);
    let text = |path: &Path| read(path).map_err(|error| error.with_source());
    let given = overrides.metadata_host.as_deref();
    let account = targets::read_account(root, file.google, given, text, problems);
    let (servers, stores) = (file.target_server, file.keystore);
    let targets = targets::read_targets(root, servers, stores, file.reference, text, problems);
    let targets = Targets { account, ..targets };
    Config {
        organization: file.organization.map_or(default.organization, |name| name.0),
        environment: file.environment.map_or(default.environment, |name| name.0),
        profile: overrides.profile.or(file.profile).map_or(default.profile, Profile::from),
        time_zone: file.time_zone.map_or(default.time_zone, |zone| zone.0),
        insecure,
        listen: Listen {
            api: api.address,
            admin: admin.address,
            momento: momento.map(|listener| listener.address),
            management: management.map(|listener| listener.address),
            hosts: file.listen.hosts.unwrap_or_default().into_iter().map(|host| host.0).collect(),
        },
        admin_tls: file.admin_tls.map(|files| CertificateFiles {
            certificate: root.join(files.certificate),
            key: root.join(files.key),
        }),
        threads: file.runtime.threads.map_or(default.threads, file::Number::size),
        deploy: Deploy {
            folders: match file.deploy.folders {
                Some(folders) => read_folders(root, &folders, problems),
                None => default.deploy.folders.iter().map(|folder| root.join(folder)).collect(),
            },
            watch: file.deploy.watch.unwrap_or(default.deploy.watch),
            unsupported: file.deploy.unsupported.unwrap_or(default.deploy.unsupported),
        },
        flow_hooks: file.flow_hooks.attached(),
        lint: LintOptions::from(file.lint).or(default.lint),
        allow_self: file.targets.allow_self.unwrap_or(default.allow_self),
        limits: file.limits.over(default.limits),
        store: read_store(root, file.store, overrides),
        appconfig_requests_per_second: per_second(file.appconfig.requests_per_second),
        momento: MomentoConfig {
            open: file.momento.open.unwrap_or(false),
            endpoint: file.momento.endpoint.map(|endpoint| endpoint.0),
            requests_per_second: per_second(file.momento.requests_per_second),
            cors_origins: file
                .momento
                .cors_origins
                .unwrap_or_default()
                .into_iter()
                .map(|origin| origin.0)
                .collect(),
        },
        cache_backend: file.caches.backend.unwrap_or(default.cache_backend),
        targets,
        caches: file.cache.into_iter().map(|record| record.into_inner().into()).collect(),
        log_folder: match (file.logging.folder, &overrides.state) {
            (Some(folder), _) => {
                let read = read_folders(root, &[folder], problems).pop();
                read.unwrap_or(default.log_folder)
            }
            (None, Some(state)) => state.join("logs"),
            (None, None) => root.join(default.log_folder),
        },
        demo_backend: file.demo.backend.and_then(|address| read_demo(&address, problems)),
    }
}

/// 0 is no limit.
fn per_second(key: Option<file::Number<0, 1_000_000>>) -> Option<u32> {
    key.and_then(|number| u32::try_from(number.0).ok()).filter(|number| *number > 0)
}

/// A key file of another place than the default is one that several gateways share, so that none
/// of them makes it.
fn read_store(root: &Path, keys: file::StoreKeys, overrides: &Overrides) -> StoreConfig {
    let state = overrides.state.clone().unwrap_or_else(|| root.join(DEFAULT_STATE));
    let default = StoreConfig::in_folder(&state);
    StoreConfig {
        location: match keys.url {
            Some(file::StoreUrl(Location::Sqlite(path))) => Location::Sqlite(root.join(path)),
            Some(file::StoreUrl(postgres)) => postgres,
            None => default.location,
        },
        key_file: match keys.key_file.map(|path| KeyFile::Given(root.join(path.get_ref()))) {
            Some(KeyFile::Given(path)) if KeyFile::Own(path.clone()) != default.key_file => {
                KeyFile::Given(path)
            }
            Some(_) | None => default.key_file,
        },
        retention_days: keys.retention_days.map_or(default.retention_days, |days| days.0),
        snapshot_bytes_max: keys
            .snapshot_bytes_max
            .map_or(default.snapshot_bytes_max, file::Number::size),
    }
}

/// An address and where it was said.
struct Listener {
    address: SocketAddr,
    at: Option<usize>,
}

impl Listener {
    fn new(flag: Option<SocketAddr>, key: Option<Spanned<Address>>, default: SocketAddr) -> Self {
        match (flag, key) {
            (Some(address), _) => Self { address, at: None },
            (None, Some(key)) => Self { address: key.get_ref().0, at: Some(key.span().start) },
            (None, None) => Self { address: default, at: None },
        }
    }
}

/// A service door off loopback would send its credentials in the clear. `is_safe`: it has TLS,
/// or the operator accepts that.
fn check_listeners(
    api: &Listener,
    admin: &Listener,
    [momento, management]: [(&'static str, Option<&Listener>); 2],
    is_safe: bool,
    problems: &mut Vec<Problem>,
) {
    let doors = [("admin", Some(admin)), momento, management];
    for (name, listener) in doors {
        let Some(Listener { address, at }) = listener else { continue };
        if !address.ip().is_loopback() && !is_safe {
            let message = format!(
                "the {name} listener {address} is off loopback and has no TLS; \
                 listen on 127.0.0.1, give a certificate in `[admin_tls]`, or set \
                 `insecure = true` to accept that"
            );
            problems.push(Problem { at: *at, message });
        }
    }
    let named: Vec<_> = [("API", Some(api))].into_iter().chain(doors).collect();
    for (index, (name, listener)) in named.iter().enumerate() {
        let Some(listener) = listener else { continue };
        for (earlier, other) in named.iter().take(index) {
            let Some(other) = other else { continue };
            if other.address == listener.address && listener.address.port() != 0 {
                let message = format!(
                    "the {earlier} and the {name} listener share {}; \
                     give one of them another port",
                    listener.address
                );
                problems.push(Problem { at: listener.at.or(other.at), message });
            }
        }
    }
}

fn check_cache_names(records: &[Spanned<file::CacheRecord>], problems: &mut Vec<Problem>) {
    for (index, record) in records.iter().enumerate() {
        let name = record.get_ref().name();
        if records.iter().take(index).any(|earlier| earlier.get_ref().name() == name) {
            let message = format!("the cache `{name}` is defined twice; rename or remove one");
            problems.push(Problem { at: Some(record.span().start), message });
        }
    }
}

fn read_folders(
    root: &Path,
    folders: &[Spanned<String>],
    problems: &mut Vec<Problem>,
) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::with_capacity(folders.len());
    for folder in folders {
        let path = root.join(folder.get_ref());
        let message = if folder.get_ref().is_empty() {
            "a folder needs a name; write `.` for the configuration file's own".to_owned()
        } else if paths.contains(&path) {
            format!("the folder `{}` is listed twice; remove one", folder.get_ref())
        } else {
            paths.push(path);
            continue;
        };
        problems.push(Problem { at: Some(folder.span().start), message });
    }
    paths
}

fn read_demo(address: &Spanned<Address>, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    let found = address.get_ref().0;
    if found.ip().is_loopback() {
        return Some(found);
    }
    let message = format!("the demo backend {found} is off loopback; write `127.0.0.1:0`");
    problems.push(Problem { at: Some(address.span().start), message });
    None
}

impl Problem {
    /// `file:line:column: message`.
    fn line(&self, file: FileId, sources: &SourceMap) -> String {
        let Some(at) = self.at else { return self.message.clone() };
        let position = sources.position(file, u32::try_from(at).unwrap_or(u32::MAX));
        let name = sources.name(file);
        format!("{name}:{}:{}: {}", position.line, position.column, self.message)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let size_bytes = path.metadata().map_err(failed)?.len();
    if size_bytes > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    #[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
    let text = std::fs::read_to_string(path);
    text.map_err(failed)
}
