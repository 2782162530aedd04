//! What the tests over real sockets share: a backend, a client, bundles made on the fly.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tollgate::config::Config;
use tollgate::store::durable::{KeyFile, Location};

/// The longest that a test waits for anything: past it something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A backend that answers every request `200` with its path as the body. It ends with the test
/// process.
pub(crate) fn echo_backend() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                // A client that goes away ends its thread.
                drop(answer_all(stream));
            });
        }
    });
    Ok(address)
}

fn answer_all(stream: TcpStream) -> Result<()> {
    let mut write = stream.try_clone()?;
    let mut read = BufReader::new(stream);
    loop {
        let mut start = String::new();
        if read.read_line(&mut start)? == 0 {
            return Ok(());
        }
        let length = read_headers(&mut read)?.content_length();
        std::io::copy(&mut read.by_ref().take(length), &mut std::io::sink())?;
        let path = start.split(' ').nth(1).unwrap_or("").to_owned();
        write!(write, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len())?;
    }
}

/// What a test says where a program of the machine does not run: Debian's package that has it.
pub(crate) fn missing(program: &str) -> String {
    let package = match program {
        "node" => "nodejs",
        "script" => "bsdutils",
        "unshare" => "util-linux",
        other => other,
    };
    format!("this test needs `{program}`, which Debian has in the package {package}")
}

/// The store's files in a folder of the test's own.
pub(crate) fn keep_store_in(folder: &Path, config: &mut Config) {
    config.store.location = Location::Sqlite(folder.join("tollgate.db"));
    config.store.key_file = KeyFile::Own(folder.join("store.key"));
}

/// A kept-alive connection to a gateway.
pub(crate) struct Client {
    write: TcpStream,
    read: BufReader<TcpStream>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

#[derive(Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn content_length(&self) -> u64 {
        self.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let write = TcpStream::connect(address)?;
        write.set_nodelay(true)?;
        write.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { read: BufReader::new(write.try_clone()?), write })
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, "")
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.write.write_all(request.as_bytes())?;
        let mut start = String::new();
        if self.read.read_line(&mut start)? == 0 {
            bail!("the gateway closed the connection");
        }
        let status = start.split(' ').nth(1).context("a status line")?.parse()?;
        let headers = read_headers(&mut self.read)?;
        let mut body = String::new();
        self.read.by_ref().take(headers.content_length()).read_to_string(&mut body)?;
        Ok(Answer { status, headers, body })
    }
}

fn read_headers(read: &mut impl BufRead) -> Result<Headers> {
    let mut headers = Headers::default();
    loop {
        let mut line = String::new();
        if read.read_line(&mut line)? == 0 {
            bail!("the connection ended within a head");
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').context("a header has a colon")?;
        headers.0.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Asks again and again until the answer is the one that is waited for.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        std::thread::yield_now();
    }
    bail!("{what} did not happen within {PATIENCE:?}")
}

/// Writes a bundle's files below `folder`; parents are made.
pub(crate) fn write_bundle(folder: &Path, files: &[(&str, &str)]) -> Result<PathBuf> {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, text)?;
    }
    Ok(folder.to_owned())
}

/// A pass-through proxy whose answers carry `x-revision`.
pub(crate) fn revision_bundle(
    folder: &Path,
    name: &str,
    base_path: &str,
    target: SocketAddr,
    revision: &str,
) -> Result<PathBuf> {
    let assign = |policy: &str, header: &str| {
        format!(
            r#"<AssignMessage name="{policy}"><AssignVariable><Name>{header}</Name>
               <Value>{revision}</Value></AssignVariable></AssignMessage>"#
        )
    };
    let headers = r#"<AssignMessage name="Headers"><Set><Headers>
        <Header name="x-begin">{begin}</Header><Header name="x-end">{end}</Header>
        </Headers></Set></AssignMessage>"#;
    write_bundle(
        folder,
        &[
            (
                &format!("apiproxy/{name}.xml"),
                &format!(r#"<APIProxy name="{name}" revision="1"/>"#),
            ),
            (
                "apiproxy/proxies/default.xml",
                &format!(
                    r#"<ProxyEndpoint name="default">
                    <PreFlow name="PreFlow">
                      <Request><Step><Name>Begin</Name></Step></Request>
                      <Response><Step><Name>End</Name></Step><Step><Name>Headers</Name></Step></Response>
                    </PreFlow>
                    <HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>
                    <RouteRule name="r"><TargetEndpoint>default</TargetEndpoint></RouteRule>
                    </ProxyEndpoint>"#
                ),
            ),
            (
                "apiproxy/targets/default.xml",
                &format!(
                    r#"<TargetEndpoint name="default"><HTTPTargetConnection>
                    <URL>http://{target}</URL></HTTPTargetConnection></TargetEndpoint>"#
                ),
            ),
            ("apiproxy/policies/Begin.xml", &assign("Begin", "begin")),
            ("apiproxy/policies/End.xml", &assign("End", "end")),
            ("apiproxy/policies/Headers.xml", headers),
        ],
    )
}
