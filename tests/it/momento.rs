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
use crate::support::{Client, missing, until, write_bundle};

/// What the SDKs are asked.
const PARTS: [&str; 4] = ["control", "scalars", "collections", "tokens"];

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
        trial("a_listener_of_its_own".to_owned(), Box::new(own_listener)),
    ];
    let sdks = setting("TOLLGATE_SDKS").map(PathBuf::from);
    let with = sdks.clone();
    let case = move || policies_and_services_meet(with.as_deref());
    trials.push(trial("policies_and_services_meet".to_owned(), Box::new(case)));
    let Some(sdks) = sdks.map(|folder| folder.join("momento")) else { return trials };
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
pub(crate) fn make_certificates(folder: &Path, names: &[String]) -> Result<()> {
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
    let output = command.output().with_context(|| {
        let program = command.get_program().to_string_lossy().into_owned();
        match program.contains('/') {
            true => format!("{program} does not run; tests/sdk/install puts it there"),
            false => missing(&program),
        }
    })?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// What curl said: the status and the body.
pub(crate) fn curled(arguments: &[&str]) -> Result<(String, Vec<u8>)> {
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
        .with_context(|| missing("curl"))?;
    let status = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "curl {arguments:?}: {status}");
    Ok((status, output.stdout))
}

pub(crate) fn check(arguments: &[&str], status: &str, body: &[u8]) -> Result<()> {
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

/// What one door writes the others see, and miss when a third has removed it.
fn policies_and_services_meet(sdks: Option<&Path>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    write_bundle(&folder.path().join("proxies/tokens"), &TOKENS_BUNDLE)?;
    let gateway = Served::start(folder.path(), None, "[[cache]]\nname = 'tokens'\n")?;
    let credentials = gateway.credentials(&[])?;
    let door = &credentials["momento"];
    let authorized = format!("Authorization: {}", text(door, "api_key")?);
    let endpoint = text(door, "http_endpoint")?;
    let by_policy = |method: &str, value: &str| -> Result<String> {
        let path = format!("/tokens?id=7&value={value}");
        Ok(Client::connect(gateway.api.parse()?)?.send(method, &path, "")?.body)
    };
    let by_http = |more: &[&str], query: &str| -> Result<(String, Vec<u8>)> {
        let target = format!("{endpoint}/cache/tokens?key=token__7{query}");
        curled(&[&["--header", &authorized], more, &[&target]].concat())
    };
    // With the SDK where there is one, else by HTTP again.
    let read = || -> Result<String> {
        let Some(sdks) = sdks else {
            let (status, body) = by_http(&[], "")?;
            let body = String::from_utf8(body)?;
            return Ok(if status == "200" { body } else { "miss".to_owned() });
        };
        let output = touch(sdks, &credentials.to_string(), &[])?;
        Ok(output.trim().to_owned())
    };
    ensure!(by_policy("GET", "")? == "miss" && read()? == "miss", "nothing is there");

    by_policy("PUT", "one")?;
    ensure!(read()? == "one", "a client reads what a policy wrote: {}", read()?);
    ensure!(by_http(&["--request", "DELETE"], "")?.0 == "204", "a client deletes it");
    ensure!(by_policy("GET", "")? == "miss", "and the policy misses");

    by_http(&["--request", "PUT", "--data", "two"], "&ttl_seconds=300")?;
    ensure!(by_policy("GET", "")? == "two", "a policy reads what a client wrote");
    by_policy("DELETE", "")?;
    ensure!(read()? == "miss" && by_http(&[], "")?.0 == "404", "and a client misses");

    if let Some(sdks) = sdks {
        touch(sdks, &credentials.to_string(), &["three"])?;
        ensure!(by_policy("GET", "")? == "three", "a policy reads what an SDK wrote");
        ensure!(by_http(&[], "")? == ("200".to_owned(), b"three".to_vec()), "so does HTTP");
    }
    by_http(&["--request", "PUT", "--data", "short"], "&ttl_seconds=1")?;
    until("a client's TTL to end at the policy", || {
        Ok((by_policy("GET", "")? == "miss").then_some(()))
    })?;
    by_policy("POST", "short")?;
    until("a policy's expiry to end at the client", || Ok((read()? == "miss").then_some(())))
}

/// Reads, writes (for 300 seconds by PUT, for one by POST) and removes the token of an id.
const TOKENS_BUNDLE: [(&str, &str); 7] = [
    ("apiproxy/tokens.xml", "<APIProxy name=\"tokens\"/>"),
    (
        "apiproxy/policies/LC-Token.xml",
        "<LookupCache name=\"LC-Token\"><CacheResource>tokens</CacheResource><CacheKey>\
         <Prefix>token</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         <AssignTo>found</AssignTo></LookupCache>",
    ),
    (
        "apiproxy/policies/PC-Token.xml",
        "<PopulateCache name=\"PC-Token\"><CacheResource>tokens</CacheResource><CacheKey>\
         <Prefix>token</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         <ExpirySettings><TimeoutInSeconds>300</TimeoutInSeconds></ExpirySettings>\
         <Source>request.queryparam.value</Source></PopulateCache>",
    ),
    (
        "apiproxy/policies/PC-Brief.xml",
        "<PopulateCache name=\"PC-Brief\"><CacheResource>tokens</CacheResource><CacheKey>\
         <Prefix>token</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         <ExpirySettings><TimeoutInSeconds>1</TimeoutInSeconds></ExpirySettings>\
         <Source>request.queryparam.value</Source></PopulateCache>",
    ),
    (
        "apiproxy/policies/IC-Token.xml",
        "<InvalidateCache name=\"IC-Token\"><CacheResource>tokens</CacheResource><CacheKey>\
         <Prefix>token</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         </InvalidateCache>",
    ),
    (
        "apiproxy/policies/AM-Show.xml",
        "<AssignMessage name=\"AM-Show\"><Set>\
         <Payload contentType=\"text/plain\">{found:miss}</Payload></Set></AssignMessage>",
    ),
    (
        "apiproxy/proxies/default.xml",
        "<ProxyEndpoint name=\"default\"><PreFlow><Response>\
         <Step><Name>PC-Token</Name><Condition>request.verb = \"PUT\"</Condition></Step>\
         <Step><Name>PC-Brief</Name><Condition>request.verb = \"POST\"</Condition></Step>\
         <Step><Name>IC-Token</Name><Condition>request.verb = \"DELETE\"</Condition></Step>\
         <Step><Name>LC-Token</Name><Condition>request.verb = \"GET\"</Condition></Step>\
         <Step><Name>AM-Show</Name></Step></Response></PreFlow>\
         <HTTPProxyConnection><BasePath>/tokens</BasePath></HTTPProxyConnection>\
         <RouteRule name=\"nobody\"/></ProxyEndpoint>",
    ),
];

/// What the SDK's script said of `token__7`.
fn touch(sdks: &Path, credentials: &str, value: &[&str]) -> Result<String> {
    let output = Command::new(sdks.join("momento/venv/bin/python"))
        .arg(script("touch.py"))
        .args([credentials, "tokens", "token__7"])
        .args(value)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The door's own listener, beside the admin's.
fn own_listener() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let more = "[[cache]]\nname = 'tokens'\n[momento]\nopen = true\n";
    let gateway = Served::start_with(folder.path(), "momento = '127.0.0.1:0'\n", more)?;
    let own = gateway.momento.as_deref().context("it says where")?;
    let target = format!("http://{own}/cache/tokens?key=k");
    check(&[&target], "404", br#"{"code":"NotFound","message":"Key"#)?;
    check(&[&format!("http://{own}/kv")], "404", b"not found")?;
    check(&[&format!("http://{}/cache/tokens?key=k", gateway.admin)], "404", b"{")
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
    until("the key is refused", || Ok((status(&key)? == "401").then_some(())))?;
    ensure!(status(&session)? == "404", "the other is let in as before");
    let rotated = gateway.credentials(&["rotate", "momento"])?;
    ensure!(rotated["appconfig"] == first["appconfig"], "the other door's stay");
    until("the session is refused", || Ok((status(&session)? == "401").then_some(())))?;
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
