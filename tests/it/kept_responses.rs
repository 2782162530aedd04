//! ResponseCache over real sockets: what hyper does with the bodies on both sides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use tollgate::config::Config;
use tollgate::gateway::Gateway;

use crate::support::{Client, PATIENCE, keep_store_in, write_bundle};

/// More than a cache takes, in the backend's chunks.
const CHUNKS: usize = 10;
const CHUNK: &str = "0123456789abcdef";
const CHUNK_REPEATS: usize = 2048;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("kept_responses::are_whole_and_leave_connections_whole", || {
        over_sockets().map_err(|error| format!("{error:#}").into())
    })]
}

fn over_sockets() -> Result<()> {
    let (backend, asked) = backend()?;
    let folder = tempfile::tempdir()?;
    bundle(&folder.path().join("proxies/kept"), backend)?;
    let mut config = Config::default();
    config.listen.api = "127.0.0.1:0".parse()?;
    config.listen.admin = "127.0.0.1:0".parse()?;
    config.deploy.folders = vec![folder.path().join("proxies")];
    config.threads = 1;
    keep_store_in(folder.path(), &mut config);
    let gateway = Gateway::start(&config, |_| {})?;
    let address = gateway.api_address();

    let mut client = Client::connect(address)?;
    for _ in 0..2 {
        let answer = client.get("/kept/small")?;
        ensure!(answer.status == 200 && answer.body == "answer 1", "{}", answer.body);
        ensure!(answer.headers.get("X-Mixed-Case") == Some("yes"), "the headers are kept");
    }
    // A body that nobody reads, on a hit: the next request is still understood.
    let answer = client.send("POST", "/kept/small", &"b".repeat(100_000))?;
    ensure!(answer.body == "answer 1", "{}", answer.body);
    let answer = Client::connect(address)?.get("/kept/small")?;
    ensure!(answer.body == "answer 1", "{}", answer.body);
    ensure!(asked.load(Ordering::SeqCst) == 1, "the backend was asked once");

    // HEAD: the length of the body that GET has, and no body.
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(
        b"HEAD /kept/small HTTP/1.1\r\nHost: gateway\r\n\r\n\
          GET /kept/small HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n",
    )?;
    let mut both = String::new();
    stream.read_to_string(&mut both)?;
    let (head, get) = both.split_once("\r\n\r\n").context("two answers")?;
    ensure!(head.contains("Content-Length: 8"), "{head}");
    ensure!(get.starts_with("HTTP/1.1 200") && get.ends_with("answer 1"), "{get}");

    // What comes in chunks and is larger than the cache takes arrives whole, each time anew.
    for served in 2..4 {
        let body = read_chunked(address, "/kept/big")?;
        ensure!(body.len() == CHUNKS * CHUNK.len() * CHUNK_REPEATS, "{} bytes", body.len());
        ensure!(body == CHUNK.repeat(CHUNK_REPEATS * CHUNKS), "in its order");
        ensure!(asked.load(Ordering::SeqCst) == served, "it is not kept");
    }
    gateway.stop();
    Ok(())
}

/// Its address, and how often it was asked.
fn backend() -> Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counter = counter.clone();
            // A client that goes away ends its thread.
            std::thread::spawn(move || drop(answer_all(stream, &counter)));
        }
    });
    Ok((address, asked))
}

fn answer_all(stream: TcpStream, asked: &AtomicUsize) -> Result<()> {
    let mut write = stream.try_clone()?;
    let mut read = BufReader::new(stream);
    let mut line = String::new();
    let mut start = String::new();
    while read.read_line(&mut line)? > 0 {
        if start.is_empty() {
            start.clone_from(&line);
        }
        if line == "\r\n" {
            let served = asked.fetch_add(1, Ordering::SeqCst) + 1;
            if start.contains("/big") {
                write!(write, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                let chunk = CHUNK.repeat(CHUNK_REPEATS);
                for _ in 0..CHUNKS {
                    write!(write, "{:x}\r\n{chunk}\r\n", chunk.len())?;
                }
                write!(write, "0\r\n\r\n")?;
            } else {
                let body = format!("answer {served}");
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\nx-mixed-Case: yes\r\nContent-Length:";
                write!(write, "{head} {length}\r\n\r\n{body}")?;
            }
            start.clear();
        }
        line.clear();
    }
    Ok(())
}

fn read_chunked(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut read = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        ensure!(read.read_line(&mut line)? > 0, "the head ends");
    }
    let mut body = String::new();
    loop {
        let mut size = String::new();
        ensure!(read.read_line(&mut size)? > 0, "the body ends with its last chunk");
        let size = u64::from_str_radix(size.trim(), 16)?;
        if size == 0 {
            return Ok(body);
        }
        read.by_ref().take(size).read_to_string(&mut body)?;
        read.read_line(&mut String::new())?;
    }
}

fn bundle(folder: &std::path::Path, backend: SocketAddr) -> Result<()> {
    let target = format!(
        r#"<TargetEndpoint name="default">
        <PreFlow><Response><Step><Name>Keep</Name></Step></Response></PreFlow>
        <HTTPTargetConnection><URL>http://{backend}</URL></HTTPTargetConnection>
        </TargetEndpoint>"#
    );
    write_bundle(
        folder,
        &[
            ("apiproxy/kept.xml", r#"<APIProxy name="kept"/>"#),
            (
                "apiproxy/proxies/default.xml",
                r#"<ProxyEndpoint name="default">
                <PreFlow><Request><Step><Name>Keep</Name></Step></Request></PreFlow>
                <HTTPProxyConnection><BasePath>/kept</BasePath></HTTPProxyConnection>
                <RouteRule name="r"><TargetEndpoint>default</TargetEndpoint></RouteRule>
                </ProxyEndpoint>"#,
            ),
            ("apiproxy/targets/default.xml", &target),
            (
                "apiproxy/policies/Keep.xml",
                r#"<ResponseCache name="Keep">
                <CacheKey><KeyFragment ref="request.uri"/></CacheKey>
                <ExpirySettings><TimeoutInSeconds>600</TimeoutInSeconds></ExpirySettings>
                <ExcludeErrorResponse>true</ExcludeErrorResponse>
                </ResponseCache>"#,
            ),
        ],
    )?;
    Ok(())
}
