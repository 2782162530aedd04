//! What `tollgate cache` can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::store::cache::TTL_MAX;

#[derive(Debug, Args)]
#[command(after_help = "KEY is what stands in the cache: where policies compose it, the prefix \
    and the fragments joined by __. Items are each gateway's own; where several share a store, \
    the one at --url is asked.")]
pub(in crate::cli) struct CacheArguments {
    #[command(subcommand)]
    pub(super) command: CacheCommand,
    /// How to print it
    #[arg(long, default_value = "text", global = true)]
    pub(super) format: CacheFormat,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) gateway: GatewayArguments,
}

/// Which gateway, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which gateway")]
pub(super) struct GatewayArguments {
    /// The configuration file of the gateway [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// The folder of the gateway's own files [default: state]
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) state: Option<PathBuf>,
    /// Where the management API is [default: as the configuration says]
    #[arg(long, global = true)]
    pub(super) url: Option<String>,
    /// Who asks [default: whom the store of the gateway knows]
    #[arg(long, value_name = "USER:PASSWORD", global = true)]
    pub(super) user: Option<String>,
    /// A file with the password of --user USER; - is standard input
    #[arg(long, value_name = "FILE", global = true, requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// A file of certificates in PEM: who may vouch for an https URL, in place of the public
    /// authorities
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) ca: Option<PathBuf>,
    /// The organization it serves [default: the configuration's]
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) organization: Option<String>,
    /// The environment it serves [default: the configuration's]
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) environment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// Show the caches, or the keys of one
    List {
        /// Whose keys to show [default: the caches themselves]
        cache: Option<String>,
        /// Only keys that begin so
        #[arg(long, requires = "cache")]
        prefix: Option<String>,
        /// At most so many keys
        #[arg(long, value_name = "N", requires = "cache")]
        limit: Option<usize>,
        /// PREFIX is base64, and so are the keys that are shown
        #[arg(long, requires = "cache")]
        base64_keys: bool,
    },
    /// Show what the caches hold and count, or one of them
    Stats {
        /// [default: every cache]
        cache: Option<String>,
    },
    /// Print the value under a key: text as it is, other bytes as base64
    Get {
        #[command(flatten)]
        place: Place,
        /// Write the value's bytes as they are, without a line's end
        #[arg(long)]
        raw: bool,
        /// Write the value's bytes to a file
        #[arg(long, value_name = "FILE", conflicts_with = "raw")]
        file: Option<PathBuf>,
    },
    /// Store a value under a key
    #[command(
        override_usage = "tollgate cache set [OPTIONS] <CACHE> <KEY> <VALUE|--file <FILE>|--base64 <TEXT>>"
    )]
    Set(SetArguments),
    /// Remove an entry
    Delete {
        #[command(flatten)]
        place: Place,
    },
    /// Remove every entry; the cache stays
    Clear {
        /// As `tollgate cache list` names it
        cache: String,
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove the entries whose keys begin with a prefix
    #[command(override_usage = "tollgate cache purge [OPTIONS] <CACHE> --prefix <PREFIX>")]
    Purge {
        /// As `tollgate cache list` names it
        cache: String,
        /// What the keys begin with, such as token__
        #[arg(long)]
        prefix: Option<String>,
        /// PREFIX is base64
        #[arg(long)]
        base64_keys: bool,
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// One entry.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// As `tollgate cache list` names it
    pub(super) cache: String,
    /// As it stands in the cache, such as token__alice
    pub(super) key: String,
    /// KEY is base64, for a key that is no text
    #[arg(long)]
    pub(super) base64_keys: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("given").required(true)))]
pub(super) struct SetArguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// The value; - reads it from standard input
    #[arg(group = "given", allow_hyphen_values = true)]
    pub(super) value: Option<String>,
    /// A file that holds the value, as it is
    #[arg(long, value_name = "FILE", group = "given")]
    pub(super) file: Option<PathBuf>,
    /// The value as base64
    #[arg(long, value_name = "TEXT", group = "given")]
    pub(super) base64: Option<String>,
    /// How long it lives, such as 90 (seconds), 10m, 2h or 1d [default: as the cache says]
    #[arg(long, value_name = "TIME", value_parser = ttl)]
    pub(super) ttl: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CacheFormat {
    /// For people
    Text,
    /// One object
    Json,
}

/// From a second to the longest time that an entry may live.
pub(super) fn ttl(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((end, 's')) => (text.get(..end), 1),
        Some((end, 'm')) => (text.get(..end), 60),
        Some((end, 'h')) => (text.get(..end), 60 * 60),
        Some((end, 'd')) => (text.get(..end), 24 * 60 * 60),
        _ => (Some(text), 1),
    };
    let is_number = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = digits.filter(is_number).and_then(|digits| digits.parse().ok());
    let ttl = number.and_then(|number| number.checked_mul(unit)).map(Duration::from_secs);
    let fits = |ttl: &Duration| !ttl.is_zero() && *ttl <= TTL_MAX;
    ttl.filter(fits).ok_or_else(|| "write 1s to 30d, as in 90, 10m, 2h or 1d".to_owned())
}
