//! Sends one request through a bundle, twice: no socket, no port, a backend of your own.
//!
//! ```text
//! cargo run --example try_request -- proxies/weather /weather/oslo
//! ```
//!
//! This is the whole of the library in one function: lint, link, deploy, route, run. The same
//! parts serve real traffic, with `upstream::HttpUpstream` in place of the backend below.

use std::cell::Cell;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};
use tollgate::bundle::Limits;
use tollgate::clock::Clock;
use tollgate::deploy::watch::{Change, Entry};
use tollgate::deploy::{Deployer, Registry, Settings};
use tollgate::diag::{Style, render_text};
use tollgate::engine::{self, Env};
use tollgate::message::{Body, Client, Message, MessageContext};
use tollgate::profile::Profile;
use tollgate::store::cache::Caches;
use tollgate::upstream::{Calling, TargetAnswer, TargetCall, Upstream};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bundle), Some(target)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("say a bundle and a path, such as proxies/weather /weather/oslo");
    };
    let mut out = std::io::stdout().lock();
    let clock = Clock::system();

    // Under profile x a cache comes into being when a bundle names it.
    let profile = Profile::X;
    let settings = Settings {
        organization: "apifactory".into(),
        environment: "test".into(),
        profile,
        unsupported_faults: false,
        lint: Default::default(),
        limits: Limits::default(),
        body_bytes_max: 1024 * 1024,
        demo_backend: Some("backend.example".into()),
        zone: jiff::tz::TimeZone::UTC,
    };
    let caches = Arc::new(Caches::new(profile, Vec::new(), clock.clone())?);
    let registry = Arc::new(Registry::default());
    let mut deployer = Deployer::new(settings, caches, registry.clone());
    for report in deployer.apply(&[Change::Changed(Entry::at(PathBuf::from(&bundle)))]) {
        write!(out, "{}", render_text(&report.root, &report.diags, &report.sources, Style::Plain))?;
        ensure!(!report.diags.has_errors(), "{bundle} was refused");
    }

    let env = Env { clock: clock.clone(), upstream: Rc::new(Backend::default()), profile };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for _ in 0..2 {
        let generation = registry.current();
        let target: PathAndQuery = target.parse()?;
        let route = generation.route(target.path()).context("no base path fits")?;
        let client = Client { peer: "192.0.2.1:40000".parse()?, local: "127.0.0.1:8080".parse()? };
        let request = Message::request(Method::GET, target);
        let facts = route.plan.facts.clone();
        let mut cx = Box::new(MessageContext::new(facts, clock.clone(), client, request));
        cx.basepath_bytes = route.basepath_bytes;
        let answer = runtime
            .block_on(engine::run(&**generation, route.plan, route.endpoint, cx, &env))
            .response;
        let (head, mut body) = answer.into_parts();
        runtime.block_on(body.buffer(1024 * 1024, Duration::from_secs(1)))?;
        writeln!(out, "{}", head.status)?;
        for (name, value) in &head.headers {
            writeln!(out, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        let body = body.bytes().cloned().unwrap_or_default();
        writeln!(out, "\n{}\n", String::from_utf8_lossy(&body))?;
    }
    Ok(())
}

/// Answers every call with what was asked and how often.
#[derive(Default)]
struct Backend {
    calls: Cell<u32>,
}

impl Upstream for Backend {
    fn call<'a>(&'a self, call: TargetCall) -> Calling<'a> {
        self.calls.set(self.calls.get() + 1);
        let (method, target) = (call.request.method(), call.request.uri());
        let host = &call.address.host;
        let text = format!("call {}: {method} {target} at {host}", self.calls.get());
        let mut response = Message::response(StatusCode::OK);
        response.headers.insert("content-type", HeaderValue::from_static("text/plain"));
        response.body = Body::from(Bytes::from(text));
        Box::pin(async move { Ok(TargetAnswer { response, ip: None, subject: None }) })
    }
}
