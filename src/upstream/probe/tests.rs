//! Probes of servers on loopback.

use bytes::Bytes;
use bytestring::ByteString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

/// A server that answers its first connection with these bytes, or never.
async fn server(answer: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        match answer {
            Some(answer) => drop(stream.write_all(answer).await),
            None => drop(stream.read_u8().await),
        }
    });
    address
}

fn probe<'a>(to: SocketAddr, http: Option<HttpProbe<'a>>) -> Probe<'a> {
    let address = TargetAddress {
        scheme: Scheme::Http,
        host: ByteString::from(to.ip().to_string()),
        port: to.port(),
        tls: None,
    };
    Probe { address, connect_timeout: LONG, http, refused: &[] }
}

fn http<'a>(
    codes: &'a [StatusCode],
    headers: &'a [(HeaderName, HeaderValue)],
    read_timeout: Duration,
) -> Option<HttpProbe<'a>> {
    let request = Request::builder().uri("/status").header("host", "h");
    Some(HttpProbe {
        request: request.body(Full::<Bytes>::default()).expect("it is well-formed"),
        read_timeout,
        success_codes: codes,
        success_headers: headers,
    })
}

fn run(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), test).await.expect("the test does not hang");
    });
}

#[test]
fn a_connection_is_enough_for_tcp() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let to = listener.local_addr().expect("an address");
        probe(to, None).run().await.expect("it listens");
        let own = probe(to, None);
        let refused = Probe { refused: &[to], ..own }.run().await;
        assert!(matches!(refused, Err(Unwell::OwnAddress)), "{refused:?}");
        drop(listener);
        let gone = probe(to, None).run().await;
        assert!(matches!(gone, Err(Unwell::Connect { .. })), "{gone:?}");
    });
}

#[test]
fn an_answer_has_its_status_and_headers() {
    run(async {
        let found: &[u8] = b"HTTP/1.1 204 No Content\r\nX-State: well\r\n\r\n";
        let fine: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        let header =
            |value| [(HeaderName::from_static("x-state"), HeaderValue::from_static(value))];
        let codes = [StatusCode::OK, StatusCode::NO_CONTENT];
        let (well, ill) = (header("well"), header("ill"));
        for (answer, codes, headers, expected) in [
            (fine, &[][..], &[][..], "well"),
            (found, &[], &[], "it answers 204 No Content"),
            (found, &codes, &[], "well"),
            (found, &codes, &well, "well"),
            (found, &codes, &ill, "its answer has not the header x-state"),
            (fine, &codes, &well, "its answer has not the header x-state"),
            (b"HTTP/1.1 500 No\r\n\r\n", &codes, &[], "it answers 500 Internal Server Error"),
            (b"no HTTP\r\n\r\n", &[], &[], "no answer"),
            (b"", &[], &[], "no answer"),
        ] {
            let to = server(Some(answer)).await;
            let outcome = probe(to, http(codes, headers, LONG)).run().await;
            let outcome = outcome.map_or_else(|unwell| unwell.to_string(), |()| "well".to_owned());
            assert_eq!(outcome, expected);
        }
    });
}

#[test]
fn a_silent_server_is_not_well() {
    run(async {
        let to = server(None).await;
        let outcome = probe(to, http(&[], &[], SHORT)).run().await;
        assert!(matches!(outcome, Err(Unwell::ReadTimeout)), "{outcome:?}");
    });
}

#[test]
fn one_that_speaks_no_tls_is_not_well() {
    run(async {
        let to = server(Some(b"HTTP/1.1 200 OK\r\n\r\n")).await;
        let mut asked = probe(to, http(&[], &[], LONG));
        asked.address.scheme = Scheme::Https;
        asked.connect_timeout = SHORT;
        let outcome = asked.run().await;
        assert!(
            matches!(outcome, Err(Unwell::Handshake { .. } | Unwell::ConnectTimeout)),
            "{outcome:?}"
        );
    });
}
