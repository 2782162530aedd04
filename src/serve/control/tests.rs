use std::fs;
use std::path::Path;

use http::Version;
use http::header::HOST;
use http_body_util::{BodyExt, Empty};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::serve::tls::{CertificateError, CertificateFiles};

use super::*;

/// A listener on a free port, and the folder of its certificate.
struct Rig {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    folder: TempDir,
    certificate: Certificate,
}

impl Rig {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let files = files_in(folder.path());
        make_certificate(&files);
        let certificate = Certificate::load(files).expect("the certificate serves");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let (stop, stopped) = watch::channel(false);
        let transport = Transport { tls: Some(certificate.clone()), plain: Plain::Loopback };
        let serving = tokio::spawn(serve(listener, transport, stopped, |request| async move {
            assert_ne!(request.uri().path(), "/panic", "it is meant to");
            let seen = format!("{:?} {}", request.version(), request.uri().path());
            Response::new(Full::new(Bytes::from(seen)))
        }));
        Self { address, stop, serving, folder, certificate }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    async fn connect_tls(&self, alpn: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
        self.handshake(alpn).await.expect("the certificate is trusted")
    }

    /// Trusts what lies in the folder now.
    async fn handshake(
        &self,
        alpn: &[u8],
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        use rustls_pki_types::pem::PemObject;
        let pem = fs::OpenOptions::new().read(true).open(&files_in(self.folder.path()).certificate);
        let mut roots = RootCertStore::empty();
        for found in CertificateDer::pem_reader_iter(pem.expect("it is there")) {
            roots.add(found.expect("it is one")).expect("it is one");
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        let name = ServerName::try_from("cache.gw.example").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, self.connect().await).await
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.serving.await.expect("it ends");
    }
}

fn files_in(folder: &Path) -> CertificateFiles {
    CertificateFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") }
}

fn make_certificate(files: &CertificateFiles) {
    let made = rcgen::generate_simple_self_signed(vec!["cache.gw.example".to_owned()]);
    let made = made.expect("it is made");
    fs::write(&files.certificate, made.cert.pem()).expect("it is written");
    fs::write(&files.key, made.signing_key.serialize_pem()).expect("it is written");
}

async fn get_http1<S>(stream: S, path: &str) -> (StatusCode, String)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header(HOST, "a").body(Empty::<Bytes>::new());
    let response = client.send_request(request.expect("well-formed")).await.expect("an answer");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    connection.abort();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn get_http2<S>(stream: S, path: &str) -> (StatusCode, String)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = Request::get(format!("http://a{path}")).version(Version::HTTP_2);
    let request = request.body(Empty::<Bytes>::new()).expect("well-formed");
    let response = client.send_request(request).await.expect("an answer");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    connection.abort();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn one_port_takes_both_versions_with_and_without_tls() {
    let rig = Rig::start().await;
    let (one, two) = ("HTTP/1.1 /a".to_owned(), "HTTP/2.0 /a".to_owned());
    assert_eq!(get_http1(rig.connect().await, "/a").await.1, one);
    assert_eq!(get_http2(rig.connect().await, "/a").await.1, two);
    let stream = rig.connect_tls(b"http/1.1").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(get_http1(stream, "/a").await.1, one);
    let stream = rig.connect_tls(b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(get_http2(stream, "/a").await.1, two);
    rig.stop().await;
}

#[tokio::test]
async fn a_panic_ends_its_request_alone() {
    let rig = Rig::start().await;
    assert_eq!(get_http1(rig.connect().await, "/panic").await.0, 500);
    assert_eq!(get_http2(rig.connect().await, "/panic").await.0, 500);
    assert_eq!(get_http2(rig.connect().await, "/a").await.0, 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let rig = Rig::start().await;
    let files = files_in(rig.folder.path());
    assert!(!rig.certificate.reload().expect("it is as before"));
    make_certificate(&files);
    rig.handshake(b"h2").await.expect_err("the one before is in use");
    assert!(rig.certificate.reload().expect("it serves"));
    assert_eq!(get_http2(rig.connect_tls(b"h2").await, "/a").await.0, 200);
    let key = fs::OpenOptions::new().read(true).open(&files.key).expect("it is there");
    let key = io::read_to_string(key).expect("it is text");
    make_certificate(&files);
    fs::write(&files.key, key).expect("it is written");
    let refused = rig.certificate.reload().expect_err("they do not belong together");
    assert!(matches!(refused, CertificateError::Unfit { .. }), "{refused}");
    fs::write(&files.certificate, "no certificate").expect("it is written");
    let refused = rig.certificate.reload().expect_err("it is none");
    assert!(matches!(refused, CertificateError::NoCertificate { .. }), "{refused}");
    fs::remove_file(&files.certificate).expect("it is removed");
    let refused = rig.certificate.reload().expect_err("it is gone");
    assert!(matches!(refused, CertificateError::Read { .. }), "{refused}");
    rig.stop().await;
}

#[tokio::test]
async fn broken_connections_end_and_leave_the_others() {
    let rig = Rig::start().await;
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x05\x07"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x16garbage",
        b"\x00\x01\x02\x03",
        b"",
    ] {
        let mut stream = rig.connect().await;
        stream.write_all(bytes).await.expect("it is sent");
        stream.shutdown().await.expect("it is closed");
        let mut rest = Vec::new();
        // Reset or closed, as long as it ends.
        stream.read_to_end(&mut rest).await.map(drop).unwrap_or_default();
    }
    assert_eq!(get_http2(rig.connect().await, "/a").await.0, 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_within_the_first_bytes_does_not_hold_up_the_end() {
    let rig = Rig::start().await;
    let mut stream = rig.connect().await;
    stream.write_all(b"PRI").await.expect("it is sent");
    assert_eq!(get_http1(rig.connect().await, "/a").await.0, 200);
    rig.stop().await;
    assert_eq!(stream.read(&mut [0; 1]).await.expect("it is closed"), 0);
}

#[test]
fn in_the_clear_come_only_those_of_this_machine_where_there_is_tls() {
    for (plain, peer, expected) in [
        (Plain::Anywhere, "192.0.2.1", true),
        (Plain::Loopback, "192.0.2.1", false),
        (Plain::Loopback, "127.0.0.9", true),
        (Plain::Loopback, "::1", true),
        (Plain::Loopback, "::ffff:127.0.0.1", true),
        (Plain::Loopback, "::ffff:192.0.2.1", false),
    ] {
        assert_eq!(plain.takes(peer.parse().expect("an address")), expected, "{plain:?} {peer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unused_connection_is_told_to_go() {
    let asked = AtomicU32::new(0);
    let begun = tokio::time::Instant::now();
    idle(&asked).await;
    assert_eq!(begun.elapsed(), IDLE_LOOK * UNUSED_LOOKS_MAX);
    asked.fetch_add(1, Ordering::Relaxed);
    let begun = tokio::time::Instant::now();
    idle(&asked).await;
    assert_eq!(begun.elapsed(), IDLE_LOOK * (IDLE_LOOKS_MAX + 1));
}

/// Over pipes in memory, so that the time can be moved.
async fn ask_and_take_nothing(http2: bool) -> String {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (_stop, mut stopped) = watch::channel(false);
    let spoken = if http2 { Spoken::Http2 } else { Spoken::Http1 };
    let respond = |_| async {
        Ok::<_, Infallible>(Response::new(Payload::from(Full::new(Bytes::from(vec![
            7;
            5_000_000
        ])))))
    };
    let serving = http(spoken, ours, &mut stopped, respond);
    let asking = async {
        if http2 {
            let (mut client, connection) =
                hyper::client::conn::http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(1024)
                    .handshake(TokioIo::new(theirs))
                    .await
                    .expect("HTTP/2");
            let connection = tokio::spawn(connection);
            let request =
                Request::get("http://a/").body(Empty::<Bytes>::new()).expect("well-formed");
            let response = client.send_request(request).await.expect("an answer");
            assert_eq!(response.status(), 200);
            // It answers pings all the while, and its body is not read.
            connection.await.expect("it ends").map(drop).unwrap_or_default();
            drop(response);
        } else {
            let mut theirs = theirs;
            theirs.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = serving => ended.expect_err("it does not end well").to_string(),
        () = asking => "the client was closed".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_given_up() {
    let begun = tokio::time::Instant::now();
    assert_eq!(ask_and_take_nothing(true).await, NOT_TAKEN);
    assert_eq!(ask_and_take_nothing(false).await, NOT_TAKEN);
    assert!(begun.elapsed() <= 2 * OWED_LOOK * (OWED_LOOKS_MAX + 2));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_us_is_not_owed() {
    struct Later;
    impl http_body::Body for Later {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }
    let tally = Arc::new(Tally::default());
    let mut body = Counted::new(Payload::stream(Later), tally.clone());
    assert!(tally.is_owed(), "nobody has asked for it yet");
    assert!(timeout(Duration::from_secs(1), body.frame()).await.is_err());
    assert!(!tally.is_owed());
    let mut body = Counted::new(Payload::from(Full::new(Bytes::from_static(b"ab"))), tally.clone());
    let frame = body.frame().await.expect("a frame").expect("it is one");
    drop(body);
    assert!(tally.is_owed(), "the piece is not written");
    drop(frame);
    assert!(!tally.is_owed());
}
