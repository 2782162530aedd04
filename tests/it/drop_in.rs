//! Bundles dropped into a watched folder of a running gateway, over real sockets.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use tollgate::config::Config;
use tollgate::deploy::Outcome;
use tollgate::gateway::Gateway;

use crate::support::{Client, echo_backend, keep_store_in, revision_bundle, until};

pub(crate) fn trials() -> Vec<Trial> {
    type Check = fn() -> Result<()>;
    let checks: [(&str, Check); 4] = [
        ("a_bundle_is_served_replaced_and_gone", a_bundle_is_served_replaced_and_gone),
        ("a_broken_bundle_leaves_what_runs_alone", a_broken_bundle_leaves_what_runs_alone),
        ("a_zip_that_is_half_there_is_waited_for", a_zip_that_is_half_there_is_waited_for),
        ("a_target_that_is_the_gateway_ends", a_target_that_is_the_gateway_ends),
    ];
    let trial = |(name, check): (&str, Check)| {
        Trial::test(format!("drop_in::{name}"), move || {
            check().map_err(|error| format!("{error:#}").into())
        })
    };
    checks.into_iter().map(trial).collect()
}

/// A gateway that watches `proxies` and `policies` below a folder.
fn gateway(folder: &Path) -> Result<Gateway> {
    let mut config = Config::default();
    config.listen.api = "127.0.0.1:0".parse()?;
    config.listen.admin = "127.0.0.1:0".parse()?;
    config.deploy.folders = vec![folder.join("proxies"), folder.join("policies")];
    config.threads = 1;
    keep_store_in(folder, &mut config);
    Ok(Gateway::start(&config, |_| {})?)
}

/// The revision that serves `/app`; `None` while nobody does.
fn serving(address: SocketAddr) -> Result<Option<String>> {
    let answer = Client::connect(address)?.get("/app/x")?;
    match answer.status {
        200 => Ok(answer.headers.get("x-end").map(str::to_owned)),
        404 => Ok(None),
        status => anyhow::bail!("{status}: {}", answer.body),
    }
}

fn until_serving(address: SocketAddr, revision: Option<&str>) -> Result<()> {
    until(&format!("serving {revision:?}"), || {
        Ok((serving(address)?.as_deref() == revision).then_some(()))
    })
}

fn a_bundle_is_served_replaced_and_gone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let backend = echo_backend()?;
    let bundle = folder.path().join("proxies/app");
    revision_bundle(&bundle, "app", "/app", backend, "1")?;
    let gateway = gateway(folder.path())?;
    let address = gateway.api_address();
    ensure!(serving(address)?.as_deref() == Some("1"), "what is there at start is served at once");
    revision_bundle(&bundle, "app", "/app", backend, "2")?;
    until_serving(address, Some("2"))?;
    fs::remove_dir_all(&bundle)?;
    until_serving(address, None)?;
    revision_bundle(&bundle, "app", "/app", backend, "3")?;
    until_serving(address, Some("3"))?;
    gateway.stop();
    Ok(())
}

fn a_broken_bundle_leaves_what_runs_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let backend = echo_backend()?;
    let bundle = folder.path().join("proxies/app");
    revision_bundle(&bundle, "app", "/app", backend, "1")?;
    let mut config = Config::default();
    config.listen.api = "127.0.0.1:0".parse()?;
    config.listen.admin = "127.0.0.1:0".parse()?;
    config.deploy.folders = vec![folder.path().join("proxies")];
    keep_store_in(folder.path(), &mut config);
    let (refused, heard) = std::sync::mpsc::channel();
    let gateway = Gateway::start(&config, move |report| {
        // The test may have ended.
        refused.send((report.outcome.clone(), report.diags.has_errors())).ok();
    })?;
    fs::write(bundle.join("apiproxy/policies/End.xml"), "<AssignMessage name='End'>")?;
    let (outcome, has_errors) = loop {
        let told = heard.recv_timeout(crate::support::PATIENCE)?;
        if !matches!(told.0, Outcome::Deployed { .. }) {
            break told;
        }
    };
    ensure!(outcome == Outcome::Refused { runs_on: true }, "{outcome:?}");
    ensure!(has_errors, "the findings say why");
    ensure!(serving(gateway.api_address())?.as_deref() == Some("1"), "what ran runs on");
    gateway.stop();
    Ok(())
}

fn a_zip_that_is_half_there_is_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let backend = echo_backend()?;
    let made = revision_bundle(&folder.path().join("made"), "app", "/app", backend, "1")?;
    let zipped = zip_of(&made)?;
    fs::create_dir(folder.path().join("proxies"))?;
    let gateway = gateway(folder.path())?;
    let address = gateway.api_address();
    let path = folder.path().join("proxies/app.zip");
    let half = zipped.len() / 2;
    fs::write(&path, &zipped[..half])?;
    ensure!(serving(address)?.is_none(), "half a zip serves nothing");
    let mut rest = fs::OpenOptions::new().append(true).open(&path)?;
    std::io::Write::write_all(&mut rest, &zipped[half..])?;
    drop(rest);
    until_serving(address, Some("1"))?;
    gateway.stop();
    Ok(())
}

/// A proxy that calls itself answers a fault, and not after having called itself for ever.
fn a_target_that_is_the_gateway_ends() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = gateway(folder.path())?;
    let address = gateway.api_address();
    revision_bundle(&folder.path().join("proxies/app"), "app", "/", address, "1")?;
    let body = until("the proxy's fault", || {
        let answer = Client::connect(address)?.get("/x")?;
        ensure!(answer.status == 404 || answer.status == 503, "{}", answer.status);
        Ok((answer.status == 503).then_some(answer.body))
    })?;
    ensure!(body.contains("messaging.adaptors.http.flow.ServiceUnavailable"), "{body}");
    gateway.stop();
    Ok(())
}

fn zip_of(folder: &Path) -> Result<Vec<u8>> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            out.start_file(name, zip::write::SimpleFileOptions::default())?;
            std::io::Write::write_all(&mut out, &fs::read(&path)?)?;
        }
    }
    Ok(out.finish()?.into_inner())
}
