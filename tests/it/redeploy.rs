//! Redeploys while a load runs: no request is lost, and none is served by two generations.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use tollgate::clock::Clock;
use tollgate::deploy::watch::{Change, Entry};
use tollgate::deploy::{Deployer, Registry, Settings};
use tollgate::profile::Profile;
use tollgate::serve::data::{ConnectionLimits, DataRuntimes, Shared};
use tollgate::serve::listener::Listener;
use tollgate::store::cache::Caches;
use tollgate::upstream::PoolLimits;

use crate::support::{Client, echo_backend, revision_bundle, until};

const REDEPLOYS: u64 = 200;
const CLIENTS: usize = 4;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("redeploy::two_hundred_redeploys_lose_no_request", || {
        two_hundred_redeploys().map_err(|error| format!("{error:#}").into())
    })]
}

fn two_hundred_redeploys() -> Result<()> {
    let backend = echo_backend()?;
    let folder = tempfile::tempdir()?;
    let bundle = folder.path().join("load");
    let clock = Clock::system();
    let caches = Arc::new(Caches::new(Profile::Edge, Vec::new(), clock.clone())?);
    let registry = Arc::new(Registry::default());
    let settings = Settings {
        organization: "apifactory".into(),
        environment: "test".into(),
        profile: Profile::Edge,
        unsupported_faults: false,
        lint: Default::default(),
        limits: tollgate::bundle::Limits::default(),
        body_bytes_max: 1024 * 1024,
        demo_backend: None,
        zone: jiff::tz::TimeZone::UTC,
    };
    let mut deployer = Deployer::new(settings, caches, registry.clone());
    let mut deploy = |revision: u64| -> Result<()> {
        revision_bundle(&bundle, "load", "/load", backend, &revision.to_string())?;
        let reports = deployer.apply(&[Change::Changed(Entry::at(bundle.clone()))]);
        ensure!(reports.iter().all(|report| !report.diags.has_errors()), "{reports:?}");
        Ok(())
    };
    deploy(0)?;

    let shared = Shared {
        registry,
        clock,
        profile: Profile::Edge,
        connection_limits: ConnectionLimits::default(),
        pool_limits: PoolLimits::default(),
        refused_targets: Vec::new(),
    };
    let two = NonZeroUsize::MIN.saturating_add(1);
    let listener = Listener::bind("127.0.0.1:0".parse()?, two)?;
    let data = DataRuntimes::start(listener, &Arc::new(shared))?;
    let address = data.address();

    let done = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (done, served) = (done.clone(), served.clone());
            std::thread::spawn(move || -> Result<u64> {
                let mut client = Client::connect(address)?;
                let mut newest = 0;
                while !done.load(Ordering::Relaxed) {
                    let answer = client.get("/load/x?q=1")?;
                    ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
                    ensure!(answer.body == "/x?q=1", "the target saw {}", answer.body);
                    let begin = answer.headers.get("x-begin").context("x-begin")?;
                    let end = answer.headers.get("x-end").context("x-end")?;
                    ensure!(begin == end, "one request saw {begin} and then {end}");
                    let revision: u64 = begin.parse()?;
                    ensure!(revision >= newest, "{revision} was served after {newest}");
                    newest = revision;
                    served.fetch_add(1, Ordering::Relaxed);
                }
                Ok(newest)
            })
        })
        .collect();

    for revision in 1..=REDEPLOYS {
        let before = served.load(Ordering::Relaxed);
        deploy(revision)?;
        // The load goes on between any two redeploys, or a client has failed.
        until("a request between two redeploys", || {
            let progressed = served.load(Ordering::Relaxed) > before;
            Ok((progressed || clients.iter().any(|client| client.is_finished())).then_some(()))
        })?;
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    let last = Client::connect(address)?.get("/load")?;
    ensure!(last.headers.get("x-end") == Some(&REDEPLOYS.to_string()), "the last one is served");
    data.drain(std::time::Duration::from_secs(5));
    Ok(())
}
