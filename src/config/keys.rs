//! The keys of `tollgate.toml`, and the walk that finds those which nobody knows.

use toml::de::{DeTable, DeValue};

use crate::config::Problem;
use crate::xml::fields::nearest;

/// Every key that the gateway reads, with its tables before it. `docs/configuration.md` has a
/// row for each.
pub(super) const KEYS: &[&str] = &[
    "organization",
    "environment",
    "profile",
    "time_zone",
    "insecure",
    "listen.api",
    "listen.admin",
    "listen.momento",
    "listen.management",
    "listen.hosts",
    "admin_tls.certificate",
    "admin_tls.key",
    "runtime.threads",
    "deploy.folders",
    "deploy.watch",
    "deploy.unsupported",
    "flow_hooks.pre_proxy",
    "flow_hooks.pre_target",
    "flow_hooks.post_target",
    "flow_hooks.post_proxy",
    "lint.excluded",
    "lint.condition_terms_max",
    "lint.policy_count_max",
    "targets.allow_self",
    "limits.body_bytes_max",
    "limits.connections_max",
    "limits.drain_timeout_ms",
    "store.url",
    "store.key_file",
    "store.retention_days",
    "store.snapshot_bytes_max",
    "appconfig.requests_per_second",
    "momento.open",
    "momento.endpoint",
    "momento.requests_per_second",
    "momento.cors_origins",
    "caches.backend",
    "cache.name",
    "cache.description",
    "cache.expiry_settings.timeout_in_sec",
    "cache.expiry_settings.time_of_day",
    "cache.expiry_settings.expiry_date",
    "cache.expiry_settings.values_null",
    "cache.max_elements_in_memory",
    "cache.in_memory_size_in_kb",
    "cache.skip_cache_if_element_size_in_kb_exceeds",
    "cache.overflow_to_disk",
    "cache.persistent",
    "cache.distributed",
    "cache.disk_size_in_mb",
    "cache.max_elements_on_disk",
    "cache.compression.minimum_size_in_kb",
    "cache.doors",
    "target_server.name",
    "target_server.host",
    "target_server.port",
    "target_server.is_enabled",
    "target_server.protocol",
    "target_server.ssl_info.enabled",
    "target_server.ssl_info.enforce",
    "target_server.ssl_info.client_auth_enabled",
    "target_server.ssl_info.key_store",
    "target_server.ssl_info.key_alias",
    "target_server.ssl_info.trust_store",
    "target_server.ssl_info.ignore_validation_errors",
    "target_server.ssl_info.protocols",
    "target_server.ssl_info.ciphers",
    "target_server.ssl_info.common_name.value",
    "target_server.ssl_info.common_name.wildcard_match",
    "keystore.name",
    "keystore.alias.name",
    "keystore.alias.certificate",
    "keystore.alias.key",
    "reference.name",
    "reference.refers",
    "google.key_file",
    "google.metadata_host",
    "logging.folder",
    "demo.backend",
];

/// Keys and whole tables that are promised and that this version does not read.
pub(super) const NOT_YET: &[&str] = &["listen.appconfig", "listen.memcached_openapi"];

/// One problem for each key that is unknown or not read yet, in the order of the file.
pub(super) fn check_keys(document: &DeTable<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_table("", document, &mut problems);
    problems.sort_by_key(|problem| problem.at);
    problems
}

fn check_table(prefix: &str, table: &DeTable<'_>, problems: &mut Vec<Problem>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        let at = Some(key.span().start);
        if NOT_YET.contains(&path.as_str()) {
            let message = format!("`{path}` is not supported yet; remove it");
            problems.push(Problem { at, message });
        } else if is_table(&path) {
            let prefix = format!("{path}.");
            for table in tables(value.get_ref()) {
                check_table(&prefix, table, problems);
            }
        } else if !KEYS.contains(&path.as_str()) {
            problems.push(Problem { at, message: unknown(prefix, key.get_ref(), &path) });
        }
    }
}

fn is_table(path: &str) -> bool {
    KEYS.iter().any(|key| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The table that a value is, or those that it lists. A value of another type has none; its
/// type is refused when it is read.
fn tables<'a, 'i>(value: &'a DeValue<'i>) -> Vec<&'a DeTable<'i>> {
    match value {
        DeValue::Table(table) => vec![table],
        DeValue::Array(array) => {
            array.iter().filter_map(|item| item.get_ref().as_table()).collect()
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Vec::new(),
    }
}

/// Looks for what was meant in the same table first, then for the same key in another one.
fn unknown(prefix: &str, key: &str, path: &str) -> String {
    let here: Vec<&str> = KEYS
        .iter()
        .filter_map(|known| known.strip_prefix(prefix))
        .filter_map(|rest| rest.split('.').next())
        .collect();
    let elsewhere = || KEYS.iter().find(|known| known.rsplit('.').next() == Some(key));
    let meant = nearest(key, &here)
        .map(|near| format!("{prefix}{near}"))
        .or_else(|| elsewhere().map(|known| (*known).to_owned()))
        .or_else(|| nearest(path, KEYS).map(str::to_owned));
    match meant {
        Some(meant) => format!("unknown key `{path}`; did you mean `{meant}`?"),
        None => format!("unknown key `{path}`; docs/configuration.md lists every key"),
    }
}
