//! Fixture bundles and their transcripts: real deploy and engine over a scripted target and a
//! clock moved by hand.
//!
//! Each folder below `tests/fixtures/policy/` and `tests/fixtures/engine/` holds a bundle and
//! `*.http` files. Lines of a transcript:
//!
//! ```text
//! > GET /path HTTP/1.1      the client sends: request line, headers, empty line, body
//! >> GET /path              the target must receive: the headers named, `!name` for absent
//! << 200                    the target answers; `<< refused`, `<< timeout`, `<< closed`,
//!                         `<< handshake` fail, `<< late` does so when an hour has passed
//! < 200                     the client must get: status, the headers named, the whole body
//! @ advance 5s              the clock moves
//! @ kv KEY|LABEL=VALUE      another door writes a key-value
//! @ lock KEY|LABEL          another door locks one
//! # comment
//! ```
//!
//! A body written `gzip(text)` or `deflate(text)`, also one in the other, is sent compressed, and
//! received so. `> !content-length` is a client that does not say that a POST or PUT has no body.
//!
//! Several `>>` and `<<` in turn are as many calls. An exchange without `>>` says that no target is called. `tollgate.toml` beside the bundle
//! is its environment, else the default one with a cache `tokens`. Where `kv.json` stands there
//! too, there is a store that holds its values: `{"encrypted": [[map, label]], "values": [[key,
//! label, value]]}`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder, ZlibDecoder, ZlibEncoder};
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};
use libtest_mimic::Trial;
use tollgate::clock::Clock;
use tollgate::config::{Config, Overrides, Unsupported};
use tollgate::deploy::watch::{Change, Entry};
use tollgate::deploy::{Deployer, Registry, Settings};
use tollgate::diag::{Style, render_text};
use tollgate::engine::{self, Env, Ran};
use tollgate::message::{Body, BodyError, Client, Head, Message, MessageContext, Subject};
use tollgate::profile::Profile;
use tollgate::store::cache::Caches;
use tollgate::store::durable::{
    self, Address, Condition, Content, KeyFile, Location, MapId, Store, Via, Write,
};
use tollgate::store::kvm::Maps;
use tollgate::upstream::{
    CallFailed, Calling, Scheme, TargetAnswer, TargetCall, Upstream, UpstreamError,
};

/// 2013-08-21T19:16:47Z: every transcript begins here.
const START_MS: i64 = 1_377_112_607_000;

pub(crate) fn trials() -> Vec<Trial> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut trials = Vec::new();
    for group in ["policy", "engine"] {
        for folder in sorted(&root.join(group)) {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let lint = folder.clone();
            trials.push(Trial::test(format!("{group}::{name}::lint"), move || {
                check_lint(&lint).map_err(|error| format!("{error:#}").into())
            }));
            for file in sorted(&folder) {
                if file.extension().is_none_or(|extension| extension != "http") {
                    continue;
                }
                let case = file.file_stem().unwrap().to_string_lossy().into_owned();
                let folder = folder.clone();
                trials.push(Trial::test(format!("{group}::{name}::{case}"), move || {
                    check_transcript(&folder, &file).map_err(|error| format!("{error:#}").into())
                }));
            }
        }
    }
    trials
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A deployer over the fixture's environment, its registry, and the profile of both.
fn deployer(folder: &Path, clock: &Clock) -> Result<(Deployer, Arc<Registry>, Profile)> {
    let file = folder.join("tollgate.toml");
    let text = match file.exists() {
        true => fs::read_to_string(&file)?,
        false => "[[cache]]\nname = 'tokens'\n".to_owned(),
    };
    let mut config = Config::parse(&file, &text, &Overrides::default())?;
    // Nearly every fixture has a target, and none a target server.
    config.lint.excluded.get_or_insert_default().insert("TD002".to_owned());
    let settings = Settings {
        organization: config.organization,
        environment: config.environment,
        profile: config.profile,
        unsupported_faults: config.deploy.unsupported == Unsupported::Fault,
        lint: config.lint,
        limits: tollgate::bundle::Limits::default(),
        body_bytes_max: config.limits.body_bytes_max,
        demo_backend: None,
        zone: config.time_zone,
    };
    let caches = Caches::new(config.profile, config.caches, clock.clone())?;
    let registry = Arc::new(Registry::default());
    let mut deployer = Deployer::new(settings, Arc::new(caches), registry.clone());
    deployer.set_flow_hooks(config.flow_hooks);
    deployer.set_targets(config.targets);
    Ok((deployer, registry, config.profile))
}

/// `lint.txt` holds what lint says of the bundle; no file means that it says nothing.
fn check_lint(folder: &Path) -> Result<()> {
    let clock = Clock::manual(START_MS);
    let (mut deployer, ..) = deployer(folder, &clock)?;
    let reports = deployer.apply(&changes(folder));
    let text: String = reports
        .iter()
        .map(|report| render_text("", &report.diags, &report.sources, Style::Plain))
        .collect();
    let expected = folder.join("lint.txt");
    if text.is_empty() && !expected.exists() {
        return Ok(());
    }
    expect_test::expect_file![expected].assert_eq(&text);
    Ok(())
}

/// The bundle itself, the environment policies, the shared flows and the proxies beside it.
fn changes(folder: &Path) -> Vec<Change> {
    let mut changes: Vec<Change> =
        sorted(&folder.join("policies")).into_iter().map(Entry::at).map(Change::Changed).collect();
    for beside in ["shared", "chained"] {
        let entries = sorted(&folder.join(beside)).into_iter().map(Entry::at);
        changes.extend(entries.map(Change::Changed));
    }
    changes.push(Change::Changed(Entry::at(folder.to_owned())));
    changes
}

fn check_transcript(folder: &Path, file: &Path) -> Result<()> {
    let clock = Clock::manual(START_MS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut deployer, registry, profile) = deployer(folder, &clock)?;
    let kept = runtime.block_on(Kept::open(folder, &clock))?;
    if let Some(kept) = &kept {
        deployer = deployer.with_maps(kept.maps.clone());
    }
    for report in deployer.apply(&changes(folder)) {
        ensure!(
            !report.diags.has_errors(),
            "the fixture does not deploy:\n{}",
            render_text("", &report.diags, &report.sources, Style::Plain)
        );
    }
    let text = fs::read_to_string(file)?;
    let target = Rc::new(ScriptedTarget::new(clock.clone()));
    let env = Env { clock: clock.clone(), upstream: target.clone(), profile };
    let mut seen = 0;
    for exchange in parse(&text)? {
        match exchange {
            Line::Advance(by) => clock.advance(by),
            Line::Write(write) => {
                let kept = kept.as_ref().context("the fixture has no kv.json")?;
                runtime.block_on(kept.write(write))?;
            }
            Line::Exchange(exchange) => {
                seen += 1;
                runtime
                    .block_on(play(&exchange, &registry, &env, &target))
                    .with_context(|| format!("exchange {seen}, line {}", exchange.line))?;
            }
        }
    }
    ensure!(seen > 0, "the transcript holds no exchange");
    Ok(())
}

async fn play(
    exchange: &Exchange,
    registry: &Registry,
    env: &Env,
    target: &ScriptedTarget,
) -> Result<()> {
    let mut answers = VecDeque::new();
    answers.extend(exchange.answers.iter().cloned());
    target.answers.replace(answers);
    target.received.borrow_mut().clear();

    let (start, headers, body) = exchange.sends.split()?;
    let mut words = start.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        bail!("`> {start}` is no request line");
    };
    let mut request = Message::request(method.parse()?, path.parse()?);
    for (name, value) in headers {
        request.headers.append(
            http::HeaderName::from_bytes(name.as_bytes())?,
            http::HeaderValue::from_str(&value)?,
        );
    }
    // Most clients say that a POST or PUT has no body; `> !content-length` is one that does not.
    let is_silent = exchange.sends.0.iter().any(|line| line == "!content-length");
    if body.is_empty() && !is_silent && matches!(method, "POST" | "PUT") {
        request.headers.entry(CONTENT_LENGTH).or_insert(http::HeaderValue::from_static("0"));
    }
    request.body = arriving(body);

    let generation = registry.current();
    let route = generation.route(request.path().unwrap_or("/")).context("no base path matches")?;
    let address: SocketAddr = "192.0.2.7:40000".parse()?;
    let local: SocketAddr = "127.0.0.1:8080".parse()?;
    let client = Client { peer: address, local };
    let facts = route.plan.facts.clone();
    let mut cx = Box::new(MessageContext::new(facts, env.clock.clone(), client, request));
    cx.basepath_bytes = route.basepath_bytes;
    cx.times.client_received_start = Some(env.clock.epoch_ms());
    cx.times.client_received_end = Some(env.clock.epoch_ms());
    let answer = engine::run(&**generation, route.plan, route.endpoint, cx, env).await;
    let (head, mut body) = answer.response.into_parts();
    body.buffer(usize::MAX, Duration::from_secs(5)).await?;
    if let Some(mut cx) = answer.after {
        engine::run_post_client(route.plan, route.endpoint, &mut cx, env).await;
    }
    for Ran { plan, endpoint, mut cx } in answer.called {
        engine::run_post_client(&plan, endpoint, &mut cx, env).await;
    }

    let received = target.received.borrow();
    for (at, call) in received.iter().enumerate() {
        let Some(expected) = exchange.receives.get(at) else {
            bail!("the target was called and should not: {}", call.start);
        };
        let (start, _, _) = expected.split()?;
        check_length(&call.headers, &call.body).context("what the target got")?;
        ensure!(call.start == start, "target got `{}`, not `{start}`", call.start);
        expected.compare(&call.headers, &call.body).context("what the target got")?;
    }
    let (found, wanted) = (received.len(), exchange.receives.len());
    ensure!(found == wanted, "the target was called {found} times, and not {wanted}");
    let (start, _, _) = exchange.gets.split()?;
    ensure!(
        head.status.as_str() == start,
        "the client got {} with {}, not {start}",
        head.status.as_str(),
        String::from_utf8_lossy(body.bytes().map_or(&[][..], |bytes| bytes))
    );
    let bytes = body.bytes().cloned().unwrap_or_default();
    check_length(&head.headers, &bytes).context("what the client got")?;
    exchange.gets.compare(&head.headers, &bytes).context("what the client got")
}

enum Line {
    Exchange(Box<Exchange>),
    Advance(Duration),
    Write(Write),
}

/// A store with what `kv.json` says.
struct Kept {
    store: Store,
    maps: Maps,
    _folder: tempfile::TempDir,
}

impl Kept {
    async fn open(fixture: &Path, clock: &Clock) -> Result<Option<Self>> {
        let file = fixture.join("kv.json");
        if !file.exists() {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let settings = durable::Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(7 * 24 * 3600),
        };
        let store = Store::open(&settings, clock).await?;
        let given: serde_json::Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        let rows = |name: &str| given[name].as_array().cloned().unwrap_or_default();
        for row in rows("encrypted") {
            let map = MapId { name: bytes(&row[0])?, label: bytes(&row[1]).ok() };
            store.write(Write::CreateMap { map, encrypted: true }).await?;
        }
        for row in rows("values") {
            let at = Address { key: bytes(&row[0])?, label: bytes(&row[1]).ok() };
            store.write(put(at, bytes(&row[2])?, Via::Map)).await?;
        }
        let maps = Maps::open(store.clone(), clock.clone(), "test", 1024 * 1024).await;
        Ok(Some(Self { store, maps, _folder: folder }))
    }

    /// Returns when policies see it.
    async fn write(&self, write: Write) -> Result<()> {
        let receipt = self.store.write(write).await?;
        self.maps.wait_for(receipt.revision).await;
        Ok(())
    }
}

fn bytes(value: &serde_json::Value) -> Result<Bytes> {
    Ok(Bytes::from(value.as_str().context("no text")?.to_owned()))
}

fn put(at: Address, value: Bytes, via: Via) -> Write {
    let content = Content { value: Some(value), ..Content::default() };
    Write::Put { at, content, when: Condition::None, via }
}

/// `kv KEY|LABEL=VALUE` and `lock KEY|LABEL`.
fn parse_write(text: &str) -> Option<Write> {
    let at = |text: &str| {
        let (key, label) = text.split_once('|').unwrap_or((text, ""));
        let label = (!label.is_empty()).then(|| Bytes::from(label.to_owned()));
        Address { key: Bytes::from(key.to_owned()), label }
    };
    match text.split_once(' ')? {
        ("kv", rest) => {
            let (place, value) = rest.split_once('=')?;
            Some(put(at(place), Bytes::from(value.to_owned()), Via::Open))
        }
        ("lock", rest) => Some(Write::Lock { at: at(rest), locked: true, when: Condition::None }),
        _ => None,
    }
}

#[derive(Default)]
struct Exchange {
    line: usize,
    sends: Block,
    /// Of each call, in their order.
    receives: Vec<Block>,
    answers: Vec<Block>,
    gets: Block,
}

/// Start line, headers, empty line, body.
#[derive(Clone, Default)]
struct Block(Vec<String>);

type Headers = Vec<(String, String)>;

impl Block {
    fn split(&self) -> Result<(String, Headers, String)> {
        let start = self.0.first().context("a block is missing")?.clone();
        let end = self.0.iter().position(String::is_empty).unwrap_or(self.0.len());
        let headers = self.0[1.min(end)..end]
            .iter()
            .filter(|line| !line.starts_with('!'))
            .map(|line| {
                let (name, value) = line.split_once(':').context("a header has no colon")?;
                Ok((name.to_owned(), value.trim().to_owned()))
            })
            .collect::<Result<_>>()?;
        let body = self.0.get(end + 1..).unwrap_or_default().join("\n");
        Ok((start, headers, body))
    }

    /// The headers named must be there with these values, `!name` must not; a body, where the
    /// block has an empty line, must be the whole.
    fn compare(&self, headers: &http::HeaderMap, body: &[u8]) -> Result<()> {
        let (_, expected, expected_body) = self.split()?;
        for (name, _) in &expected {
            let wanted: Vec<&str> = expected
                .iter()
                .filter(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .collect();
            let found: Vec<&str> =
                headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
            ensure!(found == wanted, "{name}: found {found:?}, wanted {wanted:?}");
        }
        for absent in self.0.iter().filter_map(|line| line.strip_prefix('!')) {
            ensure!(!headers.contains_key(absent), "{absent} is there and should not");
        }
        if self.0.iter().any(String::is_empty) {
            let (expected_body, found) = decompressed(&expected_body, body.to_vec())?;
            let found = String::from_utf8_lossy(&found);
            ensure!(found == expected_body, "body: found {found:?}, wanted {expected_body:?}");
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut current: Option<Exchange> = None;
    let mut last = "";
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        if mark == "@" || (mark == ">" && last != ">") {
            lines.extend(current.take().map(|done| Line::Exchange(Box::new(done))));
        }
        if mark == "@"
            && let Some(write) = parse_write(rest)
        {
            lines.push(Line::Write(write));
            last = mark;
            continue;
        }
        if mark == "@" {
            let by = rest.strip_prefix("advance ").with_context(|| format!("line {number}"))?;
            let by: jiff::SignedDuration = by.parse()?;
            lines.push(Line::Advance(by.unsigned_abs()));
            last = mark;
            continue;
        }
        let exchange = match (mark, &mut current) {
            (">", None) => current.insert(Exchange { line: number, ..Exchange::default() }),
            (_, Some(exchange)) => exchange,
            (_, None) => bail!("line {number}: `{mark}` before any `>`"),
        };
        let block = match mark {
            ">" => &mut exchange.sends,
            ">>" => next_block(&mut exchange.receives, last == mark),
            "<<" => next_block(&mut exchange.answers, last == mark),
            "<" => &mut exchange.gets,
            other => bail!("line {number}: `{other}` begins no line of a transcript"),
        };
        block.0.push(rest.to_owned());
        last = mark;
    }
    lines.extend(current.take().map(|done| Line::Exchange(Box::new(done))));
    Ok(lines)
}

/// The block that a line goes on, or the one that it begins.
fn next_block(blocks: &mut Vec<Block>, goes_on: bool) -> &mut Block {
    if !goes_on {
        blocks.push(Block::default());
    }
    blocks.last_mut().expect("one was pushed")
}

struct ScriptedTarget {
    clock: Clock,
    answers: RefCell<VecDeque<Block>>,
    received: RefCell<Vec<Received>>,
}

impl ScriptedTarget {
    fn new(clock: Clock) -> Self {
        Self { clock, answers: RefCell::default(), received: RefCell::default() }
    }
}

struct Received {
    start: String,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Upstream for ScriptedTarget {
    fn call<'a>(&'a self, call: TargetCall) -> Calling<'a> {
        Box::pin(async move {
            let address = format!("{}:{}", call.address.host, call.address.port);
            let (head, mut body) = call.request.into_parts();
            let refuses = self.answers.borrow().front().is_none_or(|block| block.0[0] == "refused");
            let buffered = body.buffer(usize::MAX, Duration::from_secs(5)).await;
            buffered.map_err(|source| UpstreamError::RequestBody { source })?;
            self.received.borrow_mut().push(Received {
                start: format!("{} {}", head.method, head.uri),
                headers: head.headers.clone(),
                body: body.bytes().cloned().unwrap_or_default(),
            });
            // Who is refused has sent nothing.
            let unsent = refuses.then(|| Box::new(http::Request::from_parts(head, body)));
            let refused = || UpstreamError::Connect {
                address: address.clone(),
                source: std::io::ErrorKind::ConnectionRefused.into(),
            };
            let Some(block) = self.answers.borrow_mut().pop_front() else {
                return Err(refused().into());
            };
            let (start, headers, body) = block.split().expect("the transcript's answer is whole");
            match start.as_str() {
                "refused" => return Err(CallFailed { error: refused(), unsent }),
                "timeout" => return Err(UpstreamError::ReadTimeout { timeout_ms: 55_000 }.into()),
                "late" => {
                    self.clock.advance(Duration::from_secs(3600));
                    return Err(UpstreamError::ReadTimeout { timeout_ms: 3_600_000 }.into());
                }
                "connect-timeout" => {
                    return Err(UpstreamError::ConnectTimeout {
                        address: "target".into(),
                        timeout_ms: 3_000,
                    }
                    .into());
                }
                "closed" => return Err(closed_early().await.into()),
                "handshake" => {
                    let reason = "received corrupt message".to_owned();
                    return Err(UpstreamError::Handshake { address, reason }.into());
                }
                _ => {}
            }
            let mut words = start.splitn(2, ' ');
            let status = words.next().unwrap_or("").parse().expect("a status");
            let mut response = Message::response(status);
            if let (Head::Response(head), Some(reason)) = (&mut response.head, words.next()) {
                head.reason = Some(reason.into());
            }
            for (name, value) in headers {
                response.headers.append(
                    http::HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                    http::HeaderValue::from_str(&value).expect("a header value"),
                );
            }
            response.body = arriving(body);
            let is_tls = call.address.scheme == Scheme::Https;
            Ok(TargetAnswer {
                response,
                ip: Some("198.51.100.1".parse().expect("an address")),
                subject: is_tls.then(|| {
                    let cn = Some(call.address.host.clone());
                    Arc::new(Subject { cn, ..Subject::default() })
                }),
            })
        })
    }
}

/// A body as a connection brings it: to be read once, its length known.
fn arriving(text: String) -> Body {
    if text.is_empty() {
        return Body::Empty;
    }
    Body::Stream(Box::pin(Arriving(compressed(&text).into())))
}

/// The coding of a body that is written `gzip(text)` or `deflate(text)`, and what is inside.
fn coding_of(text: &str) -> Option<(&str, &str)> {
    let (coding, rest) = text.split_once('(')?;
    let inner = rest.strip_suffix(')')?;
    ["gzip", "deflate"].contains(&coding).then_some((coding, inner))
}

fn compressed(text: &str) -> Vec<u8> {
    let Some((coding, inner)) = coding_of(text) else { return text.as_bytes().to_vec() };
    let (inner, level) = (compressed(inner), Compression::default());
    let mut out = Vec::new();
    let read = match coding {
        "gzip" => GzEncoder::new(&inner[..], level).read_to_end(&mut out),
        _ => ZlibEncoder::new(&inner[..], level).read_to_end(&mut out),
    };
    read.expect("bytes in memory are compressed");
    out
}

/// Undoes the codings in which a body is expected: the text that is expected inside, and what
/// was found there.
fn decompressed(expected: &str, body: Vec<u8>) -> Result<(&str, Vec<u8>)> {
    let Some((coding, inner)) = coding_of(expected) else { return Ok((expected, body)) };
    let mut out = Vec::new();
    let read = match coding {
        "gzip" => GzDecoder::new(&body[..]).read_to_end(&mut out),
        _ => ZlibDecoder::new(&body[..]).read_to_end(&mut out),
    };
    read.with_context(|| format!("the body is no {coding}: {:?}", String::from_utf8_lossy(&body)))?;
    decompressed(inner, out)
}

struct Arriving(Bytes);

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// A length that goes out is that of the body.
fn check_length(headers: &http::HeaderMap, body: &[u8]) -> Result<()> {
    let Some(declared) = headers.get(CONTENT_LENGTH) else { return Ok(()) };
    let length = body.len().to_string();
    ensure!(
        body.is_empty() || declared == length.as_str(),
        "Content-Length is {declared:?} and the body has {length} bytes"
    );
    Ok(())
}

/// What a connection says that ends before the answer's head.
async fn closed_early() -> UpstreamError {
    let (near, far) = tokio::io::duplex(1024);
    drop(far);
    let io = hyper_util::rt::TokioIo::new(near);
    let source = match hyper::client::conn::http1::handshake::<_, Body>(io).await {
        Err(error) => error,
        Ok((mut sender, connection)) => {
            let request = http::Request::new(Body::Empty);
            let (answer, _) = tokio::join!(sender.send_request(request), connection);
            answer.expect_err("nobody is there to answer")
        }
    };
    UpstreamError::ClosedEarly { source }
}
