//! The command line: arguments, one file per command, exit codes.
//!
//! Data goes to standard output, talk to standard error. Exit codes: 0 fine, 1 findings or a
//! refused operation, 2 wrong usage, 3 internal error.

mod bundles;
mod cache;
mod check;
mod credentials;
mod explain;
mod fix;
mod kv;
mod lint;
mod serve;
mod state;
mod terminal;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use cache::CacheCommandError;
pub use kv::KvError;
pub use state::{StateDir, StateError};

use crate::bundle::RewriteError;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, DEFAULT_STATE, Overrides, ProfileName};
use crate::gateway::StartError;
use crate::lint::is_code;
use crate::store::durable::{KeyFile, Location, Store, StoreError};

/// The exit code of a command that did what it was asked.
pub const FINE: u8 = 0;
/// There are findings, or the operation was refused.
pub const REFUSED: u8 = 1;
/// The arguments or the configuration are wrong.
pub const USAGE: u8 = 2;
/// The mistake is Tollgate's own.
pub const INTERNAL: u8 = 3;

/// An API gateway that runs Apigee proxy bundles as they are.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Without a command, Tollgate serves.",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve API traffic with the bundles of the watched folders
    Serve(ServeArguments),
    /// Say what is wrong with bundles, with file, line and column
    Lint(LintArguments),
    /// Say what of bundles is supported, and what they need of their environment
    Check(CheckArguments),
    /// Say what a finding's code, a fault, a policy type, a function or a variable means
    Explain(ExplainArguments),
    /// Say what clients of the service doors need to connect
    Credentials(CredentialsArguments),
    /// Read, write and clear the named caches of a gateway that runs
    Cache(cache::CacheArguments),
    /// Read, write, import, export and restore the key-values of the environment
    Kv(kv::KvArguments),
}

#[derive(Debug, Args)]
struct ServeArguments {
    /// The configuration file [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the gateway's own files [default: state]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where API traffic arrives, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDR", value_parser = address)]
    api: Option<SocketAddr>,
    /// Where the service doors are, such as 127.0.0.1:8081
    #[arg(long, value_name = "ADDR", value_parser = address)]
    admin: Option<SocketAddr>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write IP and port, such as 127.0.0.1:8080".to_owned())
}

#[derive(Debug, Args)]
struct LintArguments {
    /// A bundle's folder or zip, a folder with bundles anywhere below it, or a policy XML
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The configuration file [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The platform to judge by [default: the configuration's]
    #[arg(long)]
    profile: Option<ProfileName>,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: Format,
    /// End with exit code 1 on warnings too
    #[arg(long)]
    warnings_as_errors: bool,
    /// Codes whose warnings and notes are not told, such as BN005,TD002
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = lint_code)]
    excluded: Option<Vec<String>>,
    /// End with exit code 1 where a bundle has more warnings
    #[arg(long, value_name = "N")]
    max_warnings: Option<usize>,
    /// Pass over an .apigeelintrc beside a bundle
    #[arg(long)]
    no_rc: bool,
    /// Mend what can be mended without a change of what the bundle does, and lint what is left
    #[arg(long)]
    fix: bool,
    /// With --fix: write nothing, and print what would change as a unified diff
    #[arg(long, requires = "fix", conflicts_with = "format")]
    diff: bool,
}

fn lint_code(code: &str) -> Result<String, String> {
    if is_code(code) {
        return Ok(code.to_owned());
    }
    Err("write two capitals and three digits, as BN005".to_owned())
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// A bundle's folder or zip, a folder with bundles anywhere below it, or a policy XML
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The configuration file [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The platform to judge by [default: the configuration's]
    #[arg(long)]
    profile: Option<ProfileName>,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: CheckFormat,
}

#[derive(Debug, Args)]
struct CredentialsArguments {
    #[command(subcommand)]
    command: Option<CredentialsCommand>,
    /// The configuration file [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The folder of the gateway's own files [default: state]
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
    /// How to print it
    #[arg(long, default_value = "text", global = true)]
    format: CredentialsFormat,
}

#[derive(Clone, Debug, Subcommand)]
enum CredentialsCommand {
    /// Make new ones; those before are refused within seconds
    Rotate {
        /// Whose clients need new ones
        door: Door,
    },
    /// Take back a token of Momento's door; it is refused within seconds
    Revoke {
        /// As the client has it, or as `tollgate credentials` printed it
        token: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Door {
    /// Azure App Configuration's REST API
    Appconfig,
    /// Momento's HTTP and gRPC APIs: every token there is
    Momento,
    /// The management API, and `tollgate cache` with it
    Management,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CredentialsFormat {
    /// For people
    Text,
    /// One object with a member for each door
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// A table for each bundle
    Text,
    /// One object for all bundles
    Json,
}

#[derive(Debug, Args)]
struct ExplainArguments {
    /// Such as BN005, QuotaViolation, LookupCache, toUpperCase or proxy.pathsuffix
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source line, for people
    Text,
    /// One line a finding
    Short,
    /// One object for all bundles
    Json,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
    /// A JUnit report, for build servers
    Junit,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Clap's own text, which also answers `--help` and `--version`.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is no bundle, and no folder of bundles; \
             name a folder or a zip that holds apiproxy/ or sharedflowbundle/, or a policy XML",
            path.display())]
    NoBundle { path: PathBuf },
    #[error("{} has more than {max} folders below it; name those that hold bundles", path.display())]
    TooManyFolders { path: PathBuf, max: usize },
    #[error("nothing is called `{name}`: no code, fault, policy type, function or variable{}",
            nearest.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    NoTopic { name: String, nearest: Option<String> },
    #[error(transparent)]
    Fix(#[from] RewriteError),
    #[error("cannot write to standard output")]
    Write(#[source] io::Error),
    #[error("cannot {what}")]
    Serve { what: &'static str, source: io::Error },
    #[error(transparent)]
    Start(StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no store at {place}; name the gateway's --config or --state, or start it")]
    NoStore { place: String },
    #[error(transparent)]
    Kv(#[from] KvError),
    #[error(transparent)]
    Cache(#[from] CacheCommandError),
    #[error("this is no token of this gateway's Momento door, or its key was rotated away")]
    NoToken,
    #[error("a token cannot be signed")]
    Sign { source: jsonwebtoken::errors::Error },
    #[error(
        "the admin listener's port is chosen when the gateway starts, and none runs here; \
             start it, or set `listen.admin`"
    )]
    NotServing,
}

impl CliError {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(error) => u8::try_from(error.exit_code()).unwrap_or(USAGE),
            Self::Config(_)
            | Self::Read { .. }
            | Self::NoBundle { .. }
            | Self::TooManyFolders { .. }
            | Self::NoTopic { .. } => USAGE,
            Self::Kv(error) if error.is_usage() => USAGE,
            Self::Cache(error) if error.is_usage() => USAGE,
            Self::Kv(_)
            | Self::Cache(_)
            | Self::State(_)
            | Self::Fix(_)
            | Self::Write(_)
            | Self::Serve { .. }
            | Self::Start(_)
            | Self::Store(_)
            | Self::NoStore { .. }
            | Self::NoToken
            | Self::Sign { .. }
            | Self::NotServing => REFUSED,
        }
    }
}

/// Runs the command that the arguments name, and says how the process ends. The first
/// argument is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<u8, CliError> {
    let arguments = Arguments::try_parse_from(arguments)?;
    match arguments.command {
        None => serve::serve(arguments.serve),
        Some(Command::Serve(arguments)) => serve::serve(arguments),
        Some(Command::Lint(arguments)) => lint::lint(arguments),
        Some(Command::Check(arguments)) => check::check(arguments),
        Some(Command::Credentials(arguments)) => credentials::credentials(arguments),
        Some(Command::Cache(arguments)) => cache::cache(arguments),
        Some(Command::Kv(arguments)) => kv::kv(arguments),
        Some(Command::Explain(arguments)) => explain::explain(&arguments),
    }
}

fn load(config: Option<PathBuf>, overrides: &Overrides) -> Result<Config, CliError> {
    Ok(Config::load(config.as_deref(), overrides)?)
}

/// The configuration of a command that works on the store, whether the gateway runs or not, and
/// the state folder. The default folder is beside the configuration file.
fn load_with_state(
    config: Option<PathBuf>,
    state: Option<PathBuf>,
) -> Result<(Config, PathBuf), CliError> {
    let state = state.unwrap_or_else(|| {
        let beside = config.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        beside.join(DEFAULT_STATE)
    });
    let overrides = Overrides { state: Some(state.clone()), ..Overrides::default() };
    let config = load(config, &overrides)?;
    Ok((config, state))
}

/// What a command does to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoreUse {
    /// It has to be there: a misspelt folder has nothing to show, and nothing to remove.
    Existing,
    /// It is made where the gateway never ran.
    Made,
}

/// The store, whether the gateway runs or not; where it runs now, the folder is its own.
async fn open_store(
    config: &Config,
    state: &Path,
    store_use: StoreUse,
    clock: &Clock,
) -> Result<Store, CliError> {
    let mut settings = config.store.settings();
    if store_use == StoreUse::Existing {
        if !Store::is_there(&settings).await? {
            return Err(CliError::NoStore { place: place_of(&settings.location) });
        }
        // Nor is its key made.
        let (KeyFile::Own(path) | KeyFile::Given(path)) = settings.key_file;
        settings.key_file = KeyFile::Given(path);
    }
    if store_use == StoreUse::Made || state.exists() {
        match StateDir::open(state) {
            Ok(_) | Err(StateError::Taken { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Store::open(&settings, clock).await?)
}

/// Without a password.
fn place_of(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(_) => "the database of `store.url`".to_owned(),
    }
}

/// Where the doors are: where the gateway that runs on that state folder has them, else where the
/// configuration puts them.
fn admin_address(config: &Config, state: &Path) -> Result<SocketAddr, CliError> {
    let configured = Some(config.listen.admin).filter(|address| address.port() != 0);
    let told = StateDir::admin_address(state);
    let found = match StateDir::is_taken(state) {
        true => told.or(configured),
        false => configured.or(told),
    };
    found.ok_or(CliError::NotServing)
}

/// Does the work on this thread.
fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::Serve { what: "start a runtime", source })?;
    runtime.block_on(work)
}

/// Whoever reads may stop early, as `head` does; the exit code stays that of the findings.
fn ignore_closed_pipe(error: io::Error) -> Result<(), CliError> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(CliError::Write(error)) }
}

/// All of a file, or of standard input where it is `-`.
fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let limit = bytes_max.saturating_add(1);
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = OpenOptions::new().read(true).open(path).map_err(failed)?;
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        let source = io::Error::other(format!("it has more than {bytes_max} bytes"));
        return Err(failed(source));
    }
    Ok(bytes)
}
