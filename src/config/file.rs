//! The records of `tollgate.toml` as serde reads them, and the types that check one value.
//!
//! A refusal's text says what is wrong and what to write; its place is the value's, which the
//! TOML reader adds. Cache fields: Apigee docs, "Create a cache in an environment".

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use url::Url;

use crate::config::targets::{GoogleKeys, KeyStoreRecord, ReferenceRecord, TargetServerRecord};
use crate::config::{CacheBackend, Limits, ProfileName, Unsupported};
use crate::lint::{self, LintOptions};
use crate::plan::{FlowHook, Hooks};
use crate::store::cache::definition::{CacheDefinition, Door, DoorError, check_name};
use crate::store::cache::expiry::{Expiry, ExpirySettings};
use crate::store::durable::Location;

/// The whole document. What is left out is `None`, and the default of [`super::Config`] holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) organization: Option<Name>,
    pub(super) environment: Option<Name>,
    pub(super) profile: Option<ProfileName>,
    pub(super) time_zone: Option<Zone>,
    pub(super) insecure: Option<bool>,
    #[serde(default)]
    pub(super) listen: Listen,
    pub(super) admin_tls: Option<AdminTls>,
    #[serde(default)]
    pub(super) runtime: Runtime,
    #[serde(default)]
    pub(super) deploy: Deploy,
    #[serde(default)]
    pub(super) flow_hooks: FlowHooks,
    #[serde(default)]
    pub(super) lint: Lint,
    #[serde(default)]
    pub(super) targets: Targets,
    #[serde(default)]
    pub(super) limits: LimitKeys,
    #[serde(default)]
    pub(super) store: StoreKeys,
    #[serde(default)]
    pub(super) caches: Caches,
    #[serde(default)]
    pub(super) cache: Vec<Spanned<CacheRecord>>,
    #[serde(default)]
    pub(super) target_server: Vec<TargetServerRecord>,
    #[serde(default)]
    pub(super) keystore: Vec<KeyStoreRecord>,
    #[serde(default)]
    pub(super) reference: Vec<ReferenceRecord>,
    #[serde(default)]
    pub(super) google: GoogleKeys,
    #[serde(default)]
    pub(super) appconfig: AppConfigKeys,
    #[serde(default)]
    pub(super) momento: MomentoKeys,
    #[serde(default)]
    pub(super) logging: Logging,
    #[serde(default)]
    pub(super) demo: Demo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) api: Option<Spanned<Address>>,
    pub(super) admin: Option<Spanned<Address>>,
    pub(super) momento: Option<Spanned<Address>>,
    pub(super) management: Option<Spanned<Address>>,
    pub(super) hosts: Option<Vec<HostName>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdminTls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runtime {
    pub(super) threads: Option<Number<0, 1024>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deploy {
    pub(super) folders: Option<Vec<Spanned<String>>>,
    pub(super) watch: Option<bool>,
    pub(super) unsupported: Option<Unsupported>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowHooks {
    pre_proxy: Option<HookRecord>,
    pre_target: Option<HookRecord>,
    post_target: Option<HookRecord>,
    post_proxy: Option<HookRecord>,
}

impl FlowHooks {
    pub(super) fn attached(self) -> Hooks<FlowHook> {
        Hooks {
            pre_proxy: self.pre_proxy.map(FlowHook::from),
            pre_target: self.pre_target.map(FlowHook::from),
            post_target: self.post_target.map(FlowHook::from),
            post_proxy: self.post_proxy.map(FlowHook::from),
        }
    }
}

/// What is attached to a hook: a shared flow's name, or a table with the name in it.
#[derive(Debug)]
struct HookRecord(HookTable);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookTable {
    shared_flow: Name,
    continue_on_error: Option<bool>,
}

impl From<HookRecord> for FlowHook {
    fn from(record: HookRecord) -> Self {
        Self {
            shared_flow: record.0.shared_flow.0,
            // The default of the platform's flow hook resource.
            continue_on_error: record.0.continue_on_error.unwrap_or(true),
        }
    }
}

impl<'de> Deserialize<'de> for HookRecord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = HookRecord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shared flow's name, or a table with `shared_flow`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HookRecord, E> {
                let shared_flow = Name::try_from(text.to_owned()).map_err(E::custom)?;
                Ok(HookRecord(HookTable { shared_flow, continue_on_error: None }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HookRecord, A::Error> {
                HookTable::deserialize(MapAccessDeserializer::new(map)).map(HookRecord)
            }
        }

        from.deserialize_any(NameOrTable)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lint {
    excluded: Option<Vec<LintCode>>,
    condition_terms_max: Option<Number<1, 1_000_000>>,
    policy_count_max: Option<Number<1, 1_000_000>>,
}

impl From<Lint> for LintOptions {
    fn from(lint: Lint) -> Self {
        Self {
            excluded: lint.excluded.map(|codes| codes.into_iter().map(|code| code.0).collect()),
            condition_terms_max: lint.condition_terms_max.map(Number::size),
            policy_count_max: lint.policy_count_max.map(Number::size),
            ..Self::default()
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Targets {
    pub(super) allow_self: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitKeys {
    body_bytes_max: Option<Number<1, 1_073_741_824>>,
    connections_max: Option<Number<1, 1_000_000>>,
    drain_timeout_ms: Option<Number<0, 3_600_000>>,
}

impl LimitKeys {
    pub(super) fn over(self, default: Limits) -> Limits {
        Limits {
            body_bytes_max: self.body_bytes_max.map_or(default.body_bytes_max, Number::size),
            connections_max: self.connections_max.map_or(default.connections_max, Number::size),
            drain_timeout_ms: self.drain_timeout_ms.map_or(default.drain_timeout_ms, |ms| ms.0),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreKeys {
    pub(super) url: Option<StoreUrl>,
    pub(super) key_file: Option<Spanned<String>>,
    pub(super) retention_days: Option<Number<1, 3650>>,
    pub(super) snapshot_bytes_max: Option<Number<0, 68_719_476_736>>,
}

/// `sqlite:FILE` or PostgreSQL's own URL, which may hold a password.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct StoreUrl(pub(super) Location);

impl std::fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreUrl")
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = String;

    /// No message repeats what may hold a password.
    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match Url::parse(&text) {
                Ok(_) => Ok(Self(Location::Postgres(text))),
                Err(error) => Err(format!("this is no URL of PostgreSQL: {error}")),
            };
        }
        let path = text.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() && !path.starts_with(':') => {
                Ok(Self(Location::Sqlite(PathBuf::from(path))))
            }
            Some(_) | None => {
                Err("this is no database; write `sqlite:FILE` or `postgres://USER@HOST/DATABASE`"
                    .to_owned())
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Caches {
    pub(super) backend: Option<CacheBackend>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppConfigKeys {
    pub(super) requests_per_second: Option<Number<0, 1_000_000>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MomentoKeys {
    pub(super) open: Option<bool>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) requests_per_second: Option<Number<0, 1_000_000>>,
    pub(super) cors_origins: Option<Vec<Origin>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logging {
    pub(super) folder: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Demo {
    pub(super) backend: Option<Spanned<Address>>,
}

/// One `[[cache]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CacheRecord {
    name: CacheName,
    description: Option<String>,
    #[serde(default)]
    expiry_settings: ExpiryRecord,
    max_elements_in_memory: Option<Count>,
    in_memory_size_in_kb: Option<Count>,
    skip_cache_if_element_size_in_kb_exceeds: Option<Count>,
    overflow_to_disk: Option<bool>,
    persistent: Option<bool>,
    distributed: Option<bool>,
    disk_size_in_mb: Option<Count>,
    max_elements_on_disk: Option<Count>,
    compression: Option<CompressionRecord>,
    doors: Option<Vec<DoorName>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct DoorName(Door);

impl TryFrom<String> for DoorName {
    type Error = DoorError;

    fn try_from(text: String) -> Result<Self, DoorError> {
        Door::closable(&text).map(Self)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpiryRecord {
    timeout_in_sec: Option<Count>,
    time_of_day: Option<TimeOfDay>,
    expiry_date: Option<ExpiryDate>,
    values_null: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompressionRecord {
    minimum_size_in_kb: Count,
}

impl CacheRecord {
    pub(super) fn name(&self) -> &str {
        &self.name.0
    }
}

impl From<CacheRecord> for CacheDefinition {
    fn from(record: CacheRecord) -> Self {
        let default = Self::named(&record.name.0);
        let count = |number: Option<Count>| number.map(|number| number.0);
        let expiry = record.expiry_settings;
        Self {
            name: record.name.0,
            description: record.description,
            expiry: ExpirySettings {
                timeout_in_seconds: expiry
                    .timeout_in_sec
                    .map(|seconds| i64::try_from(seconds.0).unwrap_or(i64::MAX)),
                time_of_day: expiry.time_of_day.map(|time| time.0),
                expiry_date: expiry.expiry_date.map(|date| date.0),
            },
            values_null: expiry.values_null.unwrap_or(default.values_null),
            max_elements_in_memory: count(record.max_elements_in_memory),
            in_memory_size_kb: count(record.in_memory_size_in_kb),
            skip_if_element_size_kb_exceeds: count(record.skip_cache_if_element_size_in_kb_exceeds),
            overflow_to_disk: record.overflow_to_disk.unwrap_or(default.overflow_to_disk),
            persistent: record.persistent.unwrap_or(default.persistent),
            distributed: record.distributed.unwrap_or(default.distributed),
            disk_size_mb: count(record.disk_size_in_mb).unwrap_or(default.disk_size_mb),
            max_elements_on_disk: count(record.max_elements_on_disk),
            compression_minimum_size_kb: record
                .compression
                .map(|compression| compression.minimum_size_in_kb.0),
            doors: record.doors.map(|doors| doors.into_iter().map(|door| door.0).collect()),
        }
    }
}

/// The longest name of an organization or environment, in characters.
const NAME_CHARS_MAX: usize = 255;

/// The name of an organization or environment. It stands in the paths of the management API,
/// and its environment in labels, so it has no character that either would have to escape.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub(super) String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts && name.len() <= NAME_CHARS_MAX && name.chars().all(is_allowed) {
            return Ok(Self(name));
        }
        Err(format!(
            "`{name}` is no name; use 1 to {NAME_CHARS_MAX} letters, digits, `-`, `_` and `.`, \
             beginning with a letter or digit"
        ))
    }
}

/// A code of the form that lint's have; one that this gateway does not have is taken too, so that
/// a list for apigeelint can be copied.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct LintCode(String);

impl TryFrom<String> for LintCode {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        if lint::is_code(&code) {
            return Ok(Self(code));
        }
        Err(format!("`{code}` is no code of lint; write two capitals and three digits, as `BN005`"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct CacheName(String);

impl TryFrom<String> for CacheName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match check_name(&name) {
            Ok(()) => Ok(Self(name)),
            Err(error) => Err(format!(
                "{error}; use 1 to 255 letters, digits, spaces, `.`, `_`, `-`, `$` and `%`"
            )),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Address(pub(super) SocketAddr);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| {
            format!("`{text}` is no address; write IP and port, such as `127.0.0.1:8080`")
        })
    }
}

/// A name that a `Host` field may have, without a port.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct HostName(pub(super) String);

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_host(&text) {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is no host name; write a name without scheme and port, as `gw.example`"
        ))
    }
}

/// A host name, with or without a port.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Endpoint(pub(super) String);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (host, port) = text.split_once(':').unwrap_or((&text, "443"));
        if is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is no endpoint; write a host name, as `gw.example` or `gw.example:8443`"
        ))
    }
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    text.len() <= NAME_CHARS_MAX && text.split('.').all(is_label)
}

/// What a browser sends in `Origin`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Origin(pub(super) String);

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_origin = Url::parse(&text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
        });
        if is_origin {
            return Ok(Self(text));
        }
        Err(format!("`{text}` is no origin; write scheme and host, as `https://app.example`"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Zone(pub(super) TimeZone);

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = TimeZone::get(&name).map(Self);
        found.map_err(|_| {
            format!(
                "the time zone `{name}` is unknown here; write a name such as `Europe/Berlin`, \
                 and see that the system's time zone data is installed, or use `UTC`"
            )
        })
    }
}

impl TryFrom<String> for CacheBackend {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        // A URL may hold a password, which no message repeats.
        if text.starts_with("redis://") || text.starts_with("rediss://") {
            return Err("a redis backend is not supported yet; write `memory`".to_owned());
        }
        Err("this is no cache backend; write `memory`".to_owned())
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct TimeOfDay(Time);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = Expiry::parse_time_of_day(&text);
        time.map(Self).map_err(|_| format!("`{text}` is no time of day; write hh:mm:ss"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct ExpiryDate(Date);

impl TryFrom<String> for ExpiryDate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let date = Expiry::parse_expiry_date(&text);
        date.map(Self).map_err(|_| format!("`{text}` is no day; write mm-dd-yyyy"))
    }
}

/// A whole number from `MIN` to `MAX`, both allowed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Number<const MIN: u64, const MAX: u64>(pub(super) u64);

/// As many as the platform's own type for it holds.
type Count = Number<0, { i64::MAX as u64 }>;

impl<const MIN: u64, const MAX: u64> Number<MIN, MAX> {
    pub(super) fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<i64> for Number<MIN, MAX> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let fits = u64::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        fits.map(Self).ok_or_else(|| format!("{number} is out of range; write {MIN} to {MAX}"))
    }
}
