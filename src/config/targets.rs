//! `[[target_server]]`, `[[keystore]]`, `[[reference]]` and `[google]`: what calls of targets go by.
//!
//! Source: Apigee docs, the resources of these names of the management API; a target server's
//! fields in snake case. Certificates and keys are PEM files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytestring::ByteString;
use serde::Deserialize;
use toml::Spanned;

use crate::config::Problem;
use crate::config::file::Number;
use crate::upstream::google::{GoogleAccount, ServiceAccountKey};
use crate::upstream::keystore::{KeyEntry, KeyStore, KeyStores};
use crate::upstream::target_server::{ServerTls, TargetServer, Targets};
use crate::upstream::tls::{self, CommonName, TlsSettings};

/// The longest name of these things, in characters.
const NAME_CHARS_MAX: usize = 255;
/// The longest name of a host.
const HOST_CHARS_MAX: usize = 253;

/// One `[[target_server]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetServerRecord {
    name: Spanned<ResourceName>,
    host: Host,
    port: Number<1, 65_535>,
    is_enabled: Option<bool>,
    #[serde(rename = "protocol")]
    _protocol: Option<Protocol>,
    ssl_info: Option<Spanned<SslRecord>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SslRecord {
    enabled: Option<bool>,
    enforce: Option<bool>,
    client_auth_enabled: Option<bool>,
    key_store: Option<String>,
    key_alias: Option<String>,
    trust_store: Option<String>,
    ignore_validation_errors: Option<bool>,
    #[serde(default)]
    protocols: Vec<String>,
    #[serde(default)]
    ciphers: Vec<String>,
    common_name: Option<CommonNameRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonNameRecord {
    value: String,
    wildcard_match: Option<bool>,
}

/// One `[[keystore]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyStoreRecord {
    name: Spanned<ResourceName>,
    #[serde(default)]
    alias: Vec<AliasRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasRecord {
    name: Spanned<ResourceName>,
    certificate: Spanned<String>,
    key: Option<Spanned<String>>,
}

/// One `[[reference]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceRecord {
    name: Spanned<ResourceName>,
    refers: Spanned<ResourceName>,
}

/// `[google]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoogleKeys {
    key_file: Option<Spanned<String>>,
    metadata_host: Option<Spanned<String>>,
}

/// Whose Google tokens are shown. `given`: the metadata server that the process was told of.
pub(super) fn read_account(
    root: &Path,
    keys: GoogleKeys,
    given: Option<&str>,
    read: impl Fn(&Path) -> Result<String, String>,
    problems: &mut Vec<Problem>,
) -> GoogleAccount {
    let (at, account) = match (keys.key_file, keys.metadata_host) {
        (Some(file), host) => {
            if let Some(host) = host {
                let message = "there is a `key_file`, which needs no metadata server; remove one \
                               of the two"
                    .to_owned();
                problems.push(Problem { at: Some(host.span().start), message });
            }
            let key = read(&root.join(file.get_ref())).and_then(|text| {
                ServiceAccountKey::parse(&text)
                    .map_err(|error| format!("the key cannot be used: {error}"))
            });
            (Some(file.span().start), key.map(|key| GoogleAccount::Key(Arc::new(key))))
        }
        (None, Some(host)) => {
            let account =
                GoogleAccount::metadata(host.get_ref()).map_err(|error| error.to_string());
            (Some(host.span().start), account)
        }
        (None, None) => {
            let given = given.filter(|host| !host.trim().is_empty());
            let account = given.map(GoogleAccount::metadata).transpose();
            (None, account.map(Option::unwrap_or_default).map_err(|error| error.to_string()))
        }
    };
    account.unwrap_or_else(|message| {
        problems.push(Problem { at, message });
        GoogleAccount::default()
    })
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct ResourceName(String);

impl TryFrom<String> for ResourceName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_. $%".contains(c);
        if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_allowed) {
            return Ok(Self(name));
        }
        Err(format!(
            "`{name}` is no name; use 1 to {NAME_CHARS_MAX} letters, digits, spaces, `.`, `_`, \
             `-`, `$` and `%`"
        ))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Host(String);

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(host: String) -> Result<Self, String> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_address = bare.parse::<std::net::IpAddr>().is_ok();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = (1..=HOST_CHARS_MAX).contains(&host.len()) && host.chars().all(is_allowed);
        if is_address || is_name {
            return Ok(Self(bare.to_owned()));
        }
        Err(format!("`{host}` is no host; write a name or an IP address, without scheme and port"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Protocol;

impl TryFrom<String> for Protocol {
    type Error = String;

    fn try_from(protocol: String) -> Result<Self, String> {
        if protocol.eq_ignore_ascii_case("http") {
            return Ok(Self);
        }
        Err(format!("target servers of protocol `{protocol}` are not supported; write `HTTP`"))
    }
}

/// `read` takes a path below `root` to the file's bytes.
pub(super) fn read_targets(
    root: &Path,
    servers: Vec<TargetServerRecord>,
    stores: Vec<KeyStoreRecord>,
    references: Vec<ReferenceRecord>,
    read: impl Fn(&Path) -> Result<String, String>,
    problems: &mut Vec<Problem>,
) -> Targets {
    let mut found = KeyStores::default();
    for record in stores {
        let mut store = KeyStore::default();
        for alias in record.alias {
            let entry = read_entry(root, &alias, &read, problems);
            add(&mut store.aliases, &alias.name, "alias", entry, problems);
        }
        add(&mut found.stores, &record.name, "keystore", Some(store), problems);
    }
    for record in references {
        let refers = &record.refers.get_ref().0;
        if !found.stores.contains_key(refers) {
            let message = format!("there is no keystore `{refers}`; define it as `[[keystore]]`");
            problems.push(Problem { at: Some(record.refers.span().start), message });
        }
        let refers = Some(refers.clone());
        add(&mut found.references, &record.name, "reference", refers, problems);
    }
    let mut named = BTreeMap::new();
    for record in servers {
        let tls = record.ssl_info.map(|info| read_tls(info, &found, problems));
        let server = TargetServer {
            host: ByteString::from(record.host.0),
            port: u16::try_from(record.port.0).unwrap_or(u16::MAX),
            is_enabled: record.is_enabled.unwrap_or(true),
            tls,
        };
        add(&mut named, &record.name, "target server", Some(server), problems);
    }
    Targets { servers: named, stores: Arc::new(found), account: GoogleAccount::default() }
}

fn add<T>(
    all: &mut BTreeMap<String, T>,
    name: &Spanned<ResourceName>,
    what: &str,
    value: Option<T>,
    problems: &mut Vec<Problem>,
) {
    let text = &name.get_ref().0;
    if all.contains_key(text) {
        let message = format!("the {what} `{text}` is defined twice; rename or remove one");
        problems.push(Problem { at: Some(name.span().start), message });
    } else if let Some(value) = value {
        all.insert(text.clone(), value);
    }
}

fn read_entry(
    root: &Path,
    alias: &AliasRecord,
    read: impl Fn(&Path) -> Result<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<KeyEntry> {
    let mut text = |path: &Spanned<String>| match read(&root.join(path.get_ref())) {
        Ok(text) => Some(text),
        Err(message) => {
            problems.push(Problem { at: Some(path.span().start), message });
            None
        }
    };
    let certificate = text(&alias.certificate)?;
    let key = match &alias.key {
        Some(path) => Some(text(path)?),
        None => None,
    };
    let entry = KeyEntry::from_pem(certificate.as_bytes(), key.as_deref().map(str::as_bytes))
        .map_err(|error| error.to_string())
        .and_then(|entry| tls::check_entry(&entry).map(|()| entry));
    match entry {
        Ok(entry) => Some(entry),
        Err(reason) => {
            let name = &alias.name.get_ref().0;
            let message = format!("alias `{name}` cannot be used: {reason}");
            problems.push(Problem { at: Some(alias.certificate.span().start), message });
            None
        }
    }
}

/// Settings that no call could be made with are refused.
fn read_tls(
    record: Spanned<SslRecord>,
    stores: &KeyStores,
    problems: &mut Vec<Problem>,
) -> ServerTls {
    let at = record.span().start;
    let record = record.into_inner();
    let settings = TlsSettings {
        enforce: record.enforce.unwrap_or(false),
        ignore_validation_errors: record.ignore_validation_errors.unwrap_or(false),
        client_auth_enabled: record.client_auth_enabled.unwrap_or(false),
        key_store: record.key_store.unwrap_or_default(),
        key_alias: record.key_alias.unwrap_or_default(),
        trust_store: record.trust_store.unwrap_or_default(),
        protocols: record.protocols,
        ciphers: record.ciphers,
        common_name: record.common_name.map(|name| CommonName {
            value: ByteString::from(name.value),
            wildcard_match: name.wildcard_match.unwrap_or(false),
        }),
        resumption: true,
    };
    let enabled = record.enabled.unwrap_or(false);
    if enabled && let Err(error) = tls::Tls::new(&settings, stores) {
        problems.push(Problem { at: Some(at), message: format!("no call can be made: {error}") });
    }
    ServerTls { enabled, settings }
}

#[cfg(test)]
mod tests;
