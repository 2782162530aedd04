//! What of target servers and keystores is taken, and what is refused.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use crate::config::{Config, Overrides};
use crate::upstream::google::GoogleAccount;

/// A folder with `cert.pem` and `key.pem`, which belong together, and `other.pem`, which does not.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["backend".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    let other = KeyPair::generate().expect("a key");
    for (name, text) in [
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
        ("other.pem", other.serialize_pem()),
        ("empty.pem", String::new()),
    ] {
        std::fs::write(folder.path().join(name), text).expect("it is written");
    }
    folder
}

fn parse(folder: &Path, text: &str) -> Result<Config, String> {
    let file = folder.join("tollgate.toml");
    Config::parse(&file, text, &Overrides::default()).map_err(|error| {
        let root = format!("{}/", folder.display());
        error.to_string().replace(&root, "")
    })
}

#[test]
fn servers_and_stores_are_read() {
    let folder = folder();
    let text = r#"
        [[keystore]]
        name = "own"
        [[keystore.alias]]
        name = "gateway"
        certificate = "cert.pem"
        key = "key.pem"

        [[keystore]]
        name = "trust"
        alias = [{ name = "authority", certificate = "cert.pem" }]

        [[reference]]
        name = "trust-ref"
        refers = "trust"

        [[target_server]]
        name = "orders"
        host = "orders.example.com"
        port = 8443
        is_enabled = false
        protocol = "HTTP"
        [target_server.ssl_info]
        enabled = true
        enforce = true
        client_auth_enabled = true
        key_store = "own"
        key_alias = "gateway"
        trust_store = "ref://trust-ref"
        ignore_validation_errors = false
        protocols = ["TLSv1.3"]
        ciphers = ["TLS_AES_256_GCM_SHA384"]
        common_name = { value = "*.example.com", wildcard_match = true }

        [[target_server]]
        name = "plain"
        host = "[::1]"
        port = 80
    "#;
    let targets = parse(folder.path(), text).expect("it is taken").targets;
    let orders = targets.servers.get("orders").expect("it is defined");
    assert_eq!(
        (&*orders.host, orders.port, orders.is_enabled),
        ("orders.example.com", 8443, false)
    );
    let tls = orders.tls.as_ref().expect("it has ssl_info");
    assert!(tls.enabled && tls.settings.enforce && tls.settings.client_auth_enabled);
    assert_eq!(tls.settings.protocols, ["TLSv1.3"]);
    let plain = targets.servers.get("plain").expect("it is defined");
    assert_eq!((&*plain.host, plain.port, plain.is_enabled), ("::1", 80, true));
    assert_eq!(plain.tls, None);
    let trust = targets.stores.find("ref://trust-ref").expect("the reference leads to it");
    assert_eq!(trust.certificates().count(), 1);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let folder = folder();
    let alias =
        |rest: &str| format!("[[keystore]]\nname = 'a'\nalias = [{{ name = 'b', {rest} }}]");
    let server = |rest: &str| format!("[[target_server]]\nname = 'a'\nport = 1\n{rest}");
    let ssl = |rest: &str| server(&format!("host = 'h'\nssl_info = {{ enabled = true, {rest} }}"));
    for (text, expected) in [
        (
            alias("certificate = 'absent.pem'"),
            "tollgate.toml:3:38: cannot read absent.pem: No such file or directory (os error 2)",
        ),
        (
            alias("certificate = 'empty.pem'"),
            "tollgate.toml:3:38: alias `b` cannot be used: it holds no certificate in PEM",
        ),
        (
            alias("certificate = 'cert.pem', key = 'empty.pem'"),
            "tollgate.toml:3:38: alias `b` cannot be used: it holds no private key in PEM",
        ),
        (
            "[[reference]]\nname = 'a'\nrefers = 'b'".to_owned(),
            "tollgate.toml:3:10: there is no keystore `b`; define it as `[[keystore]]`",
        ),
        (
            "[[keystore]]\nname = 'a'\n[[keystore]]\nname = 'a'".to_owned(),
            "tollgate.toml:4:8: the keystore `a` is defined twice; rename or remove one",
        ),
        (
            "[[keystore]]\nname = 'a/b'".to_owned(),
            "tollgate.toml:2:8: `a/b` is no name; use 1 to 255 letters, digits, spaces, `.`, \
             `_`, `-`, `$` and `%`",
        ),
        (
            server("host = 'http://h'"),
            "tollgate.toml:4:8: `http://h` is no host; write a name or an IP address, without \
             scheme and port",
        ),
        (
            server("host = 'h'\nprotocol = 'GRPC'"),
            "tollgate.toml:5:12: target servers of protocol `GRPC` are not supported; write \
             `HTTP`",
        ),
        (
            ssl("trust_store = 'absent'"),
            "tollgate.toml:5:12: no call can be made: the environment has no keystore `absent`",
        ),
        (
            ssl("protocols = ['TLSv1.1']"),
            "tollgate.toml:5:12: no call can be made: none of the protocols TLSv1.1 is spoken \
             here, which are TLSv1.2 and TLSv1.3",
        ),
    ] {
        assert_eq!(parse(folder.path(), &text).expect_err("it is refused"), expected, "{text}");
    }
    let mixed = parse(folder.path(), &alias("certificate = 'cert.pem', key = 'other.pem'"));
    let mixed = mixed.expect_err("the key is another's");
    assert!(mixed.starts_with("tollgate.toml:3:38: alias `b` cannot be used: "), "{mixed}");
    for port in ["0", "65536"] {
        let text = format!("[[target_server]]\nname = 'a'\nhost = 'h'\nport = {port}");
        let refusal = parse(folder.path(), &text).expect_err("it is no port");
        let expected = format!("tollgate.toml:4:8: {port} is out of range; write 1 to 65535");
        assert_eq!(refusal, expected);
    }
}

#[test]
fn the_google_account_is_read() {
    let folder = folder();
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let file = serde_json::json!({
        "type": "service_account",
        "client_email": "gateway@acme.iam.gserviceaccount.com",
        "private_key": key.serialize_pem(),
    });
    std::fs::write(folder.path().join("account.json"), file.to_string()).expect("it is written");
    let account = |text: &str| parse(folder.path(), text).map(|config| config.targets.account);
    assert!(matches!(account("[google]\nkey_file = 'account.json'"), Ok(GoogleAccount::Key(_))));
    let metadata = |host: &str, port| GoogleAccount::Metadata { host: host.into(), port };
    assert_eq!(account("[google]\nmetadata_host = 'a:8042'"), Ok(metadata("a", 8042)));
    assert_eq!(account(""), Ok(metadata("metadata.google.internal", 80)));
    let given = Overrides { metadata_host: Some("b:1".to_owned()), ..Overrides::default() };
    let told = Config::parse(Path::new("tollgate.toml"), "", &given).expect("a configuration");
    assert_eq!(told.targets.account, metadata("b", 1));
    for (text, expected) in [
        ("key_file = 'none.json'", "tollgate.toml:2:12: cannot read none.json: No such file"),
        ("key_file = 'key.pem'", "tollgate.toml:2:12: the key cannot be used: it is no service"),
        ("metadata_host = 'http://a'", "tollgate.toml:2:17: `http://a` is no host"),
        (
            "key_file = 'account.json'\nmetadata_host = 'a'",
            "tollgate.toml:3:17: there is a `key_file`",
        ),
    ] {
        let error = account(&format!("[google]\n{text}")).expect_err("it is refused");
        assert!(error.starts_with(expected), "{error}");
    }
}
