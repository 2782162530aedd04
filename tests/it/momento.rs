//! The official Momento SDKs, and HTTP, against a gateway that was started as a user starts it.
//!
//! `TOLLGATE_SDKS` names the folder where `tests/sdk/install` has put the SDKs. Without it only the
//! command, HTTP and the meeting of doors are tested. Over TLS the SDKs know a host name alone,
//! from which they make others, at port 443: the gateway and the SDK then run in namespaces of
//! their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::served::{BINARY, Served, setting, text};

/// What the SDKs are asked: the memory cache has no collections so far.
const PARTS: [&str; 3] = ["control", "scalars", "tokens"];

/// How the SDKs find the gateway over TLS.
const HOST: &str = "gw.test";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: String, case: Box<dyn Fn() -> Result<()> + Send>| {
        Trial::test(format!("momento::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    let mut trials = vec![
        trial("credentials_rotate_and_are_taken_back".to_owned(), Box::new(credentials)),
        trial("curl_reads_and_writes".to_owned(), Box::new(curl)),
        trial("caches_and_tokens_outlive_a_restart".to_owned(), Box::new(restart)),
    ];
    let Some(sdks) = setting("TOLLGATE_SDKS").map(|folder| PathBuf::from(folder).join("momento"))
    else {
        return trials;
    };
    for (sdk, run) in [("python", python as fn(&Path) -> Result<Command>), ("node", node)] {
        let folder = sdks.clone();
        let case = move || every_call(run(&folder)?, &["plaintext"]);
        trials.push(trial(format!("every_call_of_the_{sdk}_sdk"), Box::new(case)));
        let folder = sdks.clone();
        let case = move || every_call_over_tls(&run(&folder)?);
        trials.push(trial(format!("every_call_of_the_{sdk}_sdk_over_tls"), Box::new(case)));
    }
    let case = move || every_call(Command::new(sdks.join("rust/debug/momento-client")), &[]);
    trials.push(trial("every_call_of_the_rust_sdk".to_owned(), Box::new(case)));
    trials
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/momento").join(name)
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

fn every_call(mut sdk: Command, more: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, "")?;
    let credentials = gateway.credentials(&[])?.to_string();
    run(sdk.arg(credentials).args(more).args(PARTS))
}

fn every_call_over_tls(sdk: &Command) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let names: Vec<String> = ["", "cache.", "control.", "token.", "api.cache."]
        .map(|service| format!("{service}{HOST}"))
        .into();
    make_certificates(folder.path(), &names)?;
    fs::write(folder.path().join("hosts"), format!("127.0.0.1 localhost {}\n", names.join(" ")))?;
    fs::write(
        folder.path().join("tollgate.toml"),
        format!(
            "[listen]\napi = '127.0.0.1:0'\nadmin = '127.0.0.1:443'\nhosts = ['{HOST}']\n\
             [admin_tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n[runtime]\nthreads = 1\n"
        ),
    )?;
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "--net"])
        .arg(script("over_tls"))
        .args([Path::new(BINARY), folder.path()])
        .arg(sdk.get_program())
        .args(sdk.get_args())
        .env("MOMENTO_PARTS", PARTS.join(" "));
    run(&mut command)
}

/// A private authority, `ca.pem`, and a certificate of it for those names.
fn make_certificates(folder: &Path, names: &[String]) -> Result<()> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "a private authority");
    let authority_key = KeyPair::generate()?;
    fs::write(folder.join("ca.pem"), authority.self_signed(&authority_key)?.pem())?;
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    fs::write(folder.join("cert.pem"), certificate.pem())?;
    fs::write(folder.join("key.pem"), key.serialize_pem())?;
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?} runs"))?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// What curl said: the status and the body.
fn curled(arguments: &[&str]) -> Result<(String, Vec<u8>)> {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--write-out",
            "%{stderr}%{http_code}",
        ])
        .args(arguments)
        .output()
        .context("curl runs")?;
    let status = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "curl {arguments:?}: {status}");
    Ok((status, output.stdout))
}

fn check(arguments: &[&str], status: &str, body: &[u8]) -> Result<()> {
    let (said, found) = curled(arguments)?;
    let shown = String::from_utf8_lossy(&found);
    ensure!(said == status && found.starts_with(body), "curl {arguments:?}: {said} {shown}");
    Ok(())
}

fn curl() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("value"), [0, 255, b'\n', 1])?;
    let gateway = Served::start(folder.path(), None, "[[cache]]\nname = 'tokens'\n")?;
    let door = gateway.credentials(&[])?["momento"].clone();
    let (endpoint, key) = (text(&door, "http_endpoint")?, text(&door, "api_key")?);
    let authorized = format!("Authorization: {key}");
    let authorized = ["--header", &authorized];
    let target = format!("{endpoint}/cache/tokens?key=a%20b");
    let put = format!("{target}&ttl_seconds=60");
    let value = format!("@{}", folder.path().join("value").display());
    let chunked = ["--header", "Transfer-Encoding: chunked"];
    let upload = ["--request", "PUT", "--data-binary", &value];
    check(&[&authorized[..], &upload, &chunked, &[&put]].concat(), "204", b"")?;
    check(&[&authorized[..], &[&target]].concat(), "200", &[0, 255, b'\n', 1])?;
    check(&[&authorized[..], &["--http2-prior-knowledge", &target]].concat(), "200", &[0])?;
    let in_query = format!("{target}&token={}", text(&door, "session_token")?);
    check(&[&in_query], "200", &[0])?;
    check(&[&target], "401", br#"{"code":"Unauthenticated""#)?;
    check(&[&authorized[..], &["--request", "DELETE", &target]].concat(), "204", b"")?;
    check(&[&authorized[..], &[&target]].concat(), "404", br#"{"code":"NotFound","message":"Key"#)?;
    let elsewhere = format!("{endpoint}/cache/none?key=a");
    let said = br#"{"code":"NotFound","message":"Cache"#;
    check(&[&authorized[..], &[&elsewhere]].concat(), "404", said)?;
    let foreign = ["--header", "Origin: https://evil.example", &target];
    check(&[&authorized[..], &foreign].concat(), "403", b"this origin")
}

fn credentials() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, "[[cache]]\nname = 'tokens'\n")?;
    let first = gateway.credentials(&[])?;
    ensure!(first == gateway.credentials(&[])?, "they stay");
    let door = &first["momento"];
    ensure!(door["grpc_endpoint"] == gateway.admin.as_str(), "{door}");
    let status = |token: &str| -> Result<String> {
        let target = format!("{}/cache/tokens?key=k", text(door, "http_endpoint")?);
        Ok(curled(&["--header", &format!("Authorization: {token}"), &target])?.0)
    };
    let (key, session) = (text(door, "api_key")?, text(door, "session_token")?);
    ensure!(status(&key)? == "404" && status(&session)? == "404", "both are let in");
    gateway.credentials(&["revoke", &key])?;
    crate::support::until("the key is refused", || Ok((status(&key)? == "401").then_some(())))?;
    ensure!(status(&session)? == "404", "the other is let in as before");
    let rotated = gateway.credentials(&["rotate", "momento"])?;
    ensure!(rotated["appconfig"] == first["appconfig"], "the other door's stay");
    crate::support::until("the session is refused", || {
        Ok((status(&session)? == "401").then_some(()))
    })?;
    ensure!(status(&text(&rotated["momento"], "api_key")?)? == "404", "the new one is let in");
    Ok(())
}

/// What a client made is there after a restart; the items are not.
fn restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, "[[cache]]\nname = 'tokens'\n")?;
    let first = gateway.credentials(&[])?;
    let kept = text(&first["momento"], "api_key")?;
    gateway.credentials(&["revoke", &text(&first["momento"], "session_token")?])?;
    drop(gateway);
    let gateway = Served::start(folder.path(), None, "[[cache]]\nname = 'tokens'\n")?;
    let door = gateway.credentials(&[])?["momento"].clone();
    let target = format!("{}/cache/tokens?key=k", text(&door, "http_endpoint")?);
    let status = |token: &str| -> Result<String> {
        Ok(curled(&["--header", &format!("Authorization: {token}"), &target])?.0)
    };
    ensure!(status(&kept)? == "404", "a key of before is let in");
    let revoked = text(&first["momento"], "session_token")?;
    ensure!(status(&revoked)? == "401", "what was taken back before is refused");
    Ok(())
}
