use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use jiff::civil::Time;

use super::*;

const PAGE: &str = include_str!("../../docs/configuration.md");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("conf/tollgate.toml"), text, &Overrides::default())
}

#[track_caller]
fn check_refused(text: &str, expected: Expect) {
    expected.assert_eq(&parse(text).expect_err("the text is refused").to_string());
}

#[test]
fn an_empty_file_has_the_defaults() {
    let config = Config::parse(Path::new(DEFAULT_FILE), "", &Overrides::default());
    assert_eq!(config.expect("it is taken"), Config::default());
}

#[test]
fn paths_stand_relative_to_the_file() {
    let config = parse("deploy.folders = ['here', '/there']").expect("it is taken");
    assert_eq!(config.deploy.folders, [Path::new("conf/here"), Path::new("/there")]);
    let config = parse("").expect("it is taken");
    assert_eq!(config.deploy.folders, [Path::new("conf/proxies"), Path::new("conf/policies")]);
    assert_eq!(config.log_folder, Path::new("conf/state/logs"));
    let config = parse("logging.folder = 'logs'").expect("it is taken");
    assert_eq!(config.log_folder, Path::new("conf/logs"));
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        profile: Some(ProfileName::X),
        api: Some("127.0.0.1:1".parse().expect("an address")),
        admin: Some("127.0.0.1:2".parse().expect("an address")),
        state: Some(PathBuf::from("/elsewhere")),
        metadata_host: None,
    };
    let text = "profile = 'edge'\nlisten = { api = '127.0.0.1:3', admin = '0.0.0.0:4' }";
    let config = Config::parse(Path::new(DEFAULT_FILE), text, &overrides).expect("it is taken");
    assert_eq!(config.profile, Profile::X);
    assert_eq!(config.listen.api.port(), 1);
    assert_eq!(config.listen.admin.port(), 2);
    assert_eq!(config.log_folder, Path::new("/elsewhere/logs"));
    let text = "logging.folder = 'mine'";
    let config = Config::parse(Path::new(DEFAULT_FILE), text, &overrides).expect("it is taken");
    assert_eq!(config.log_folder, Path::new("mine"));
}

#[test]
fn the_loopback_rule_binds_flags_too() {
    let admin = Some("0.0.0.0:8081".parse().expect("an address"));
    let overrides = Overrides { admin, ..Overrides::default() };
    let parse = |text| Config::parse(Path::new(DEFAULT_FILE), text, &overrides);
    expect!["the admin listener 0.0.0.0:8081 is off loopback and has no TLS; listen on 127.0.0.1, give a certificate in `[admin_tls]`, or set `insecure = true` to accept that"]
        .assert_eq(&parse("").expect_err("it is refused").to_string());
    assert!(parse("insecure = true").is_ok());
    assert!(parse("admin_tls = { certificate = 'cert.pem', key = 'key.pem' }").is_ok());
}

#[test]
fn unknown_keys_are_refused_all_at_once() {
    check_refused(
        "organisation = 'a'\n[lisen]\napi = '127.0.0.1:1'\n[listen]\n  amin = 1\ninsecure = true\n\
         [caches]\nbodybytes_max = 1\n[[cache]]\nname = 'a'\nexpiry_settings.timeout = 1\nzzz = 1\n",
        expect![[r#"
            conf/tollgate.toml:1:1: unknown key `organisation`; did you mean `organization`?
            conf/tollgate.toml:2:2: unknown key `lisen`; did you mean `listen`?
            conf/tollgate.toml:5:3: unknown key `listen.amin`; did you mean `listen.admin`?
            conf/tollgate.toml:6:1: unknown key `listen.insecure`; did you mean `insecure`?
            conf/tollgate.toml:8:1: unknown key `caches.bodybytes_max`; did you mean `limits.body_bytes_max`?
            conf/tollgate.toml:11:17: unknown key `cache.expiry_settings.timeout`; did you mean `cache.expiry_settings.time_of_day`?
            conf/tollgate.toml:12:1: unknown key `cache.zzz`; docs/configuration.md lists every key"#]],
    );
}

#[test]
fn keys_of_later_versions_are_refused() {
    check_refused(
        "[listen]\nappconfig = '127.0.0.1:1'\nmemcached_openapi = '127.0.0.1:2'",
        expect![[r#"
            conf/tollgate.toml:2:1: `listen.appconfig` is not supported yet; remove it
            conf/tollgate.toml:3:1: `listen.memcached_openapi` is not supported yet; remove it"#]],
    );
}

#[test]
fn values_are_refused_with_their_place() {
    let cases = [
        (
            "organization = 'a/b'",
            expect![
                "conf/tollgate.toml:1:16: `a/b` is no name; use 1 to 255 letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
            ],
        ),
        (
            "environment = ''",
            expect![
                "conf/tollgate.toml:1:15: `` is no name; use 1 to 255 letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
            ],
        ),
        (
            "environment = 5",
            expect!["conf/tollgate.toml:1:15: invalid type: integer `5`, expected a string"],
        ),
        (
            "profile = 'cloud'",
            expect!["conf/tollgate.toml:1:11: unknown variant `cloud`, expected `edge` or `x`"],
        ),
        (
            "time_zone = 'Mars/Olympus'",
            expect![
                "conf/tollgate.toml:1:13: the time zone `Mars/Olympus` is unknown here; write a name such as `Europe/Berlin`, and see that the system's time zone data is installed, or use `UTC`"
            ],
        ),
        (
            "listen.api = 'localhost'",
            expect![
                "conf/tollgate.toml:1:14: `localhost` is no address; write IP and port, such as `127.0.0.1:8080`"
            ],
        ),
        (
            "listen.admin = '0.0.0.0:8081'",
            expect![
                "conf/tollgate.toml:1:16: the admin listener 0.0.0.0:8081 is off loopback and has no TLS; listen on 127.0.0.1, give a certificate in `[admin_tls]`, or set `insecure = true` to accept that"
            ],
        ),
        (
            "listen.admin = '127.0.0.1:8080'",
            expect![
                "conf/tollgate.toml:1:16: the API and the admin listener share 127.0.0.1:8080; give one of them another port"
            ],
        ),
        (
            "[runtime]\nthreads = 1025",
            expect!["conf/tollgate.toml:2:11: 1025 is out of range; write 0 to 1024"],
        ),
        (
            "[runtime]\nthreads = -1",
            expect!["conf/tollgate.toml:2:11: -1 is out of range; write 0 to 1024"],
        ),
        (
            "deploy.folders = ['']",
            expect![
                "conf/tollgate.toml:1:19: a folder needs a name; write `.` for the configuration file's own"
            ],
        ),
        (
            "deploy.folders = ['a', 'a']",
            expect!["conf/tollgate.toml:1:24: the folder `a` is listed twice; remove one"],
        ),
        (
            "deploy.unsupported = 'ignore'",
            expect![
                "conf/tollgate.toml:1:22: unknown variant `ignore`, expected `refuse` or `fault`"
            ],
        ),
        (
            "lint.excluded = ['BN005', 'EX-AB123', 'bn5']",
            expect![
                "conf/tollgate.toml:1:17: `bn5` is no code of lint; write two capitals and three digits, as `BN005`"
            ],
        ),
        (
            "limits.body_bytes_max = 0",
            expect!["conf/tollgate.toml:1:25: 0 is out of range; write 1 to 1073741824"],
        ),
        (
            "caches.backend = 'redis://:secret@host'",
            expect![
                "conf/tollgate.toml:1:18: a redis backend is not supported yet; write `memory`"
            ],
        ),
        (
            "caches.backend = 'disk'",
            expect!["conf/tollgate.toml:1:18: this is no cache backend; write `memory`"],
        ),
        (
            "[[cache]]\nname = 'a/b'",
            expect![
                "conf/tollgate.toml:2:8: the cache's name `a/b` has the character '/'; use 1 to 255 letters, digits, spaces, `.`, `_`, `-`, `$` and `%`"
            ],
        ),
        (
            "[[cache]]\ndescription = 'no name'",
            expect!["conf/tollgate.toml:1:1: missing field `name`"],
        ),
        (
            "[[cache]]\nname = 'a'\n[[cache]]\nname = 'a'",
            expect!["conf/tollgate.toml:3:1: the cache `a` is defined twice; rename or remove one"],
        ),
        (
            "[[cache]]\nname = 'a'\nexpiry_settings.time_of_day = '24:00:00'",
            expect!["conf/tollgate.toml:3:31: `24:00:00` is no time of day; write hh:mm:ss"],
        ),
        (
            "[[cache]]\nname = 'a'\nexpiry_settings.expiry_date = '2027-01-01'",
            expect!["conf/tollgate.toml:3:31: `2027-01-01` is no day; write mm-dd-yyyy"],
        ),
        (
            "cache = 5",
            expect!["conf/tollgate.toml:1:9: invalid type: integer `5`, expected a sequence"],
        ),
        (
            "listen.momento = '0.0.0.0:8082'",
            expect![
                "conf/tollgate.toml:1:18: the momento listener 0.0.0.0:8082 is off loopback and has no TLS; listen on 127.0.0.1, give a certificate in `[admin_tls]`, or set `insecure = true` to accept that"
            ],
        ),
        (
            "listen.momento = '127.0.0.1:8081'",
            expect![
                "conf/tollgate.toml:1:18: the admin and the momento listener share 127.0.0.1:8081; give one of them another port"
            ],
        ),
        (
            "listen.hosts = ['https://gw.example']",
            expect![
                "conf/tollgate.toml:1:16: `https://gw.example` is no host name; write a name without scheme and port, as `gw.example`"
            ],
        ),
        (
            "listen.hosts = ['gw..example']",
            expect![
                "conf/tollgate.toml:1:16: `gw..example` is no host name; write a name without scheme and port, as `gw.example`"
            ],
        ),
        (
            "admin_tls.certificate = 'cert.pem'",
            expect!["conf/tollgate.toml:1:1: missing field `key`"],
        ),
        (
            "momento.endpoint = 'gw.example:0'",
            expect![
                "conf/tollgate.toml:1:20: `gw.example:0` is no endpoint; write a host name, as `gw.example` or `gw.example:8443`"
            ],
        ),
        (
            "momento.cors_origins = ['app.example']",
            expect![
                "conf/tollgate.toml:1:24: `app.example` is no origin; write scheme and host, as `https://app.example`"
            ],
        ),
        (
            "momento.cors_origins = ['https://app.example/']",
            expect![
                "conf/tollgate.toml:1:24: `https://app.example/` is no origin; write scheme and host, as `https://app.example`"
            ],
        ),
        (
            "demo.backend = '0.0.0.0:0'",
            expect![
                "conf/tollgate.toml:1:16: the demo backend 0.0.0.0:0 is off loopback; write `127.0.0.1:0`"
            ],
        ),
        (
            "profile = ",
            expect![
                "conf/tollgate.toml:1:11: string values must be quoted, expected literal string"
            ],
        ),
    ];
    for (text, expected) in cases {
        check_refused(text, expected);
    }
}

#[test]
fn bounds_are_inclusive() {
    for (text, is_taken) in [
        ("runtime.threads = 1024", true),
        ("runtime.threads = 1025", false),
        ("limits.body_bytes_max = 1", true),
        ("limits.body_bytes_max = 0", false),
        ("limits.body_bytes_max = 1073741824", true),
        ("limits.body_bytes_max = 1073741825", false),
        ("limits.connections_max = 1000000", true),
        ("limits.connections_max = 1000001", false),
        ("limits.drain_timeout_ms = 3600000", true),
        ("limits.drain_timeout_ms = 3600001", false),
    ] {
        assert_eq!(parse(text).is_ok(), is_taken, "{text}");
    }
    for (chars, is_taken) in [(255, true), (256, false)] {
        let text = format!("organization = '{}'", "a".repeat(chars));
        assert_eq!(parse(&text).is_ok(), is_taken, "{chars} characters");
    }
}

#[test]
fn the_store_stands_in_the_state_folder() {
    let store = |text: &str, state: Option<&str>| {
        let overrides = Overrides { state: state.map(PathBuf::from), ..Overrides::default() };
        Config::parse(Path::new("conf/tollgate.toml"), text, &overrides).map(|config| config.store)
    };
    let found = store("", None).expect("it is taken");
    assert_eq!(found.location, Location::Sqlite("conf/state/tollgate.db".into()));
    assert_eq!(found.key_file, KeyFile::Own("conf/state/store.key".into()));
    let found = store("", Some("/var/s")).expect("it is taken");
    assert_eq!(found.location, Location::Sqlite("/var/s/tollgate.db".into()));
    assert_eq!(found.key_file, KeyFile::Own("/var/s/store.key".into()));
    let text = "store = { url = 'sqlite:x/y.db', key_file = 'shared.key', retention_days = 1, \
                snapshot_bytes_max = 0 }";
    let expected = StoreConfig {
        location: Location::Sqlite("conf/x/y.db".into()),
        key_file: KeyFile::Given("conf/shared.key".into()),
        retention_days: 1,
        snapshot_bytes_max: 0,
    };
    assert_eq!(store(text, None).expect("it is taken"), expected);
    for (url, expected) in [
        ("sqlite:///abs.db", Location::Sqlite("/abs.db".into())),
        ("postgres://u:p@h/d", Location::Postgres("postgres://u:p@h/d".to_owned())),
        ("postgresql://h/d", Location::Postgres("postgresql://h/d".to_owned())),
    ] {
        let found = store(&format!("store.url = '{url}'"), None).expect("it is taken");
        assert_eq!(found.location, expected);
    }
    for url in ["sqlite:", "sqlite::memory:", "mysql://u:secret@h/d", "postgres://u:secret@h:x/d"] {
        let error = store(&format!("store.url = '{url}'"), None).expect_err("it is refused");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for (text, is_taken) in [
        ("store.retention_days = 0", false),
        ("store.retention_days = 3650", true),
        ("store.retention_days = 3651", false),
        ("store.snapshot_bytes_max = 68719476736", true),
        ("store.snapshot_bytes_max = 68719476737", false),
    ] {
        assert_eq!(parse(text).is_ok(), is_taken, "{text}");
    }
}

#[test]
fn a_flow_hook_is_a_name_or_a_table() {
    let config = parse(
        "[flow_hooks]\npre_proxy = 'security'\npre_target = { shared_flow = 'a.b' }\n\
         post_proxy = { shared_flow = 'log', continue_on_error = false }",
    );
    let hook = |shared_flow: &str, continue_on_error| {
        Some(FlowHook { shared_flow: shared_flow.to_owned(), continue_on_error })
    };
    let expected = Hooks {
        pre_proxy: hook("security", true),
        pre_target: hook("a.b", true),
        post_target: None,
        post_proxy: hook("log", false),
    };
    assert_eq!(config.expect("it is taken").flow_hooks, expected);
    for (text, expected) in [
        (
            "[flow_hooks]\npre_proxy = 5",
            expect![
                "conf/tollgate.toml:2:13: invalid type: integer `5`, expected a shared flow's name, or a table with `shared_flow`"
            ],
        ),
        (
            "[flow_hooks]\npre_proxy = 'a/b'",
            expect![
                "conf/tollgate.toml:2:13: `a/b` is no name; use 1 to 255 letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
            ],
        ),
        (
            "[flow_hooks]\npre_proxy = { continue_on_error = true }",
            expect!["conf/tollgate.toml:2:13: missing field `shared_flow`"],
        ),
        (
            "[flow_hooks]\npre_proxy = { shared_flow = 'a', when = 1 }",
            expect![
                "conf/tollgate.toml:2:34: unknown field `when`, expected `shared_flow` or `continue_on_error`"
            ],
        ),
        (
            "[[cache]]\nname = 'a'\ndoors = ['management']",
            expect![
                "conf/tollgate.toml:3:9: `management` is no door of a cache; write `momento` or `memcached`"
            ],
        ),
        (
            "[flow_hooks]\nbefore = 'a'",
            expect![
                "conf/tollgate.toml:2:1: unknown key `flow_hooks.before`; docs/configuration.md lists every key"
            ],
        ),
    ] {
        check_refused(text, expected);
    }
}

#[test]
fn a_cache_has_the_fields_of_the_resource() {
    let config = parse(
        "[[cache]]\nname = 'all'\ndescription = 'text'\noverflow_to_disk = true\npersistent = true\n\
         distributed = false\nmax_elements_in_memory = 1\nin_memory_size_in_kb = 2\n\
         skip_cache_if_element_size_in_kb_exceeds = 3\ndisk_size_in_mb = 4\nmax_elements_on_disk = 5\n\
         compression = { minimum_size_in_kb = 6 }\ndoors = ['memcached']\n\
         expiry_settings = { timeout_in_sec = 7, time_of_day = '08:09:10', values_null = true }",
    );
    let caches = config.expect("it is taken").caches;
    let expected = CacheDefinition {
        description: Some("text".to_owned()),
        values_null: true,
        max_elements_in_memory: Some(1),
        in_memory_size_kb: Some(2),
        skip_if_element_size_kb_exceeds: Some(3),
        overflow_to_disk: true,
        persistent: true,
        distributed: false,
        disk_size_mb: 4,
        max_elements_on_disk: Some(5),
        compression_minimum_size_kb: Some(6),
        doors: Some([crate::store::cache::definition::Door::Memcached].into()),
        expiry: crate::store::cache::expiry::ExpirySettings {
            timeout_in_seconds: Some(7),
            time_of_day: Some(Time::constant(8, 9, 10, 0)),
            expiry_date: None,
        },
        ..CacheDefinition::named("all")
    };
    assert_eq!(caches, [expected]);
    let plain = parse("[[cache]]\nname = 'plain'").expect("it is taken").caches;
    assert_eq!(plain, [CacheDefinition::named("plain")]);
}

#[test]
fn the_page_has_every_key_and_no_other() {
    let rows: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split('`').next())
        .collect();
    assert_eq!(rows, keys::KEYS.iter().copied().collect());
    for key in keys::NOT_YET {
        let is_named = PAGE.contains(&format!("`{key}`")) || PAGE.contains(&format!("`[{key}]`"));
        assert!(is_named, "`{key}` is on the page");
    }
}

#[test]
fn the_samples_of_the_page_are_taken() {
    let samples: Vec<&str> =
        PAGE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [defaults, rest] = samples[..] else { panic!("the page has two samples") };
    let overrides = Overrides::default();
    let config = Config::parse(Path::new(DEFAULT_FILE), defaults, &overrides);
    assert_eq!(config.expect("it is taken"), Config::default());
    assert_eq!(parse(rest).expect("it is taken").caches.len(), 2);
    let without_default = [
        "cache.",
        "demo.",
        "flow_hooks.",
        "admin_tls.",
        "listen.management",
        "listen.momento",
        "momento.endpoint",
        "keystore.",
        "reference.",
        "target_server.",
        "google.",
    ];
    for key in keys::KEYS {
        if without_default.iter().any(|table| key.starts_with(table)) {
            continue;
        }
        let last = key.rsplit('.').next().expect("a key has a name");
        let is_set = defaults.lines().any(|line| line.starts_with(&format!("{last} = ")));
        assert!(is_set, "`{key}` is in the sample");
    }
}

/// What the walk knows, the records must take too.
#[test]
fn every_key_is_read() {
    for key in keys::KEYS {
        let text = match key.strip_prefix("cache.") {
            Some(field) => format!("[[cache]]\n{field} = [[]]"),
            None => format!("{key} = [[]]"),
        };
        let error = parse(&text).expect_err("no key takes a list in a list").to_string();
        assert!(!error.contains("unknown"), "{key}: {error}");
    }
}
