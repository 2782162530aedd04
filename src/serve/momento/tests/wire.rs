//! Clients that break off, over sockets: nothing is changed, and what was held for them comes
//! back.

use std::collections::VecDeque;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use momento_protos::cache_client::{
    GetRequest, GetResponse, ListConcatenateBackRequest, ListFetchRequest, SetRequest,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::serve::control::{Transport, serve};
use crate::serve::momento::answering::{CONNECTION_BYTES_MAX, WAITING_MESSAGE_BYTES_MAX};

/// A door behind a listener.
struct Wire {
    rig: Rig,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Wire {
    async fn start() -> Self {
        let rig = Rig::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let (stop, stopped) = watch::channel(false);
        let door = rig.door.clone();
        let serving =
            tokio::spawn(serve(listener, Transport::default(), stopped, move |request| {
                let door = door.clone();
                async move { door.answer(request).await }
            }));
        Self { rig, address, stop, serving }
    }

    /// A client that takes so many bytes of an answer before it reads it, and its socket.
    async fn connect(&self, window_bytes: u32) -> (SendRequest<Sent>, std::net::TcpStream) {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let stream = stream.into_std().expect("a socket");
        let socket = stream.try_clone().expect("a second handle");
        let stream = TcpStream::from_std(stream).expect("a socket");
        let (client, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window_bytes)
            .handshake(TokioIo::new(stream))
            .await
            .expect("HTTP/2");
        tokio::spawn(async move { connection.await.map(drop).unwrap_or_default() });
        (client, socket)
    }

    fn request(&self, method: &str, body: Sent) -> Request<Sent> {
        let request = Request::post(format!("http://localhost/cache_client.Scs/{method}"))
            .header(CONTENT_TYPE, "application/grpc")
            .header("te", "trailers")
            .header(AUTHORIZATION, self.rig.super_user())
            .header("cache", CACHE);
        request.body(body).expect("well-formed")
    }

    fn held_bytes(&self) -> usize {
        self.rig.door.inner.receiving.bytes() + self.rig.door.inner.answering.bytes()
    }

    /// Waits until so much is held; the listener runs meanwhile.
    async fn until(&self, is_so: impl Fn(usize) -> bool) {
        let wait = async {
            while !is_so(self.held_bytes()) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
        waited.unwrap_or_else(|_| panic!("{} bytes are held", self.held_bytes()));
    }

    /// Whether nothing was set.
    async fn is_unchanged(&self) -> bool {
        let get = GetRequest { cache_key: b"k".to_vec() }.encode_to_vec();
        let token = self.rig.super_user();
        let answer = self.rig.call("cache_client.Scs/Get", &token, CACHE, &get).await;
        let reply = GetResponse::decode(&*answer.replies[0]).expect("a reply");
        reply.result == 3
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.serving.await.expect("it ends");
    }
}

/// What becomes of a body after its pieces.
#[derive(Clone, Copy, Debug)]
enum Then {
    Ends,
    IsReset,
    Waits,
}

struct Sent {
    pieces: VecDeque<Bytes>,
    then: Then,
}

impl Sent {
    fn framed(message: &[u8], then: Then) -> Self {
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).expect("it fits"));
        framed.extend_from_slice(message);
        Self { pieces: VecDeque::from([framed.freeze()]), then }
    }

    /// A part of the message, after a head that announces all of it.
    fn part(message: &[u8], sent_bytes: usize, then: Then) -> Self {
        let mut whole = Self::framed(message, then);
        whole.pieces.iter_mut().for_each(|piece| piece.truncate(sent_bytes));
        whole
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match (self.pieces.pop_front(), self.then) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, Then::Ends) => Poll::Ready(None),
            (None, Then::IsReset) => {
                Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
            }
            (None, Then::Waits) => Poll::Pending,
        }
    }
}

fn set() -> Vec<u8> {
    let cache_body = vec![7; 10_000];
    SetRequest { cache_key: b"k".to_vec(), cache_body, ttl_milliseconds: 60_000 }.encode_to_vec()
}

#[tokio::test]
async fn half_a_message_sets_nothing() {
    let wire = Wire::start().await;
    for sent_bytes in [0, 3, 5, 6, 5_000] {
        // The client's half is closed, and it waits for the answer.
        let (mut client, _socket) = wire.connect(65_535).await;
        let body = Sent::part(&set(), sent_bytes, Then::Ends);
        let answer = client.send_request(wire.request("Set", body)).await.expect("an answer");
        let answer = answered(answer.map(Payload::stream)).await;
        assert_eq!(answer.code, Code::InvalidArgument, "{sent_bytes}: {}", answer.message);
    }
    wire.until(|held_bytes| held_bytes == 0).await;
    assert!(wire.is_unchanged().await);
    wire.stop().await;
}

#[tokio::test]
async fn who_breaks_off_sets_nothing_and_leaves_nothing() {
    let wire = Wire::start().await;
    let part = |then| wire.request("Set", Sent::part(&set(), 5_000, then));
    // A stream that is reset.
    let (mut client, socket) = wire.connect(65_535).await;
    client.send_request(part(Then::IsReset)).await.expect_err("it was reset");
    // A connection that goes away within a message.
    let waiting = tokio::spawn(client.send_request(part(Then::Waits)));
    wire.until(|held_bytes| held_bytes == 10_000).await;
    socket.shutdown(Shutdown::Both).expect("it is open");
    waiting.await.expect("it ends").expect_err("there is no connection");
    wire.until(|held_bytes| held_bytes == 0).await;
    // A frame that ends within its head, and one within its payload.
    for frame in [&b"\x00\x00\x08\x00"[..], b"\x00\x00\x08\x00\x00\x00\x00\x00\x01abc"] {
        let mut stream = TcpStream::connect(wire.address).await.expect("it listens");
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
        stream.write_all(&[&preface[..], frame].concat()).await.expect("it is sent");
        stream.shutdown().await.expect("it is closed");
    }
    assert!(wire.is_unchanged().await);
    let (mut client, _socket) = wire.connect(65_535).await;
    let whole = wire.request("Set", Sent::framed(&set(), Then::Ends));
    let answer = client.send_request(whole).await.expect("an answer");
    assert_eq!(answered(answer.map(Payload::stream)).await.code, Code::Ok);
    assert!(!wire.is_unchanged().await);
    drop(client);
    wire.stop().await;
}

#[tokio::test]
async fn a_reader_that_never_reads_leaves_nothing_when_it_goes() {
    let wire = Wire::start().await;
    let push = ListConcatenateBackRequest {
        list_name: b"l".to_vec(),
        values: vec![vec![7; 100_000]; 10],
        ttl_milliseconds: 60_000,
        refresh_ttl: true,
        truncate_front_to_size: 0,
    };
    let token = wire.rig.super_user();
    let path = "cache_client.Scs/ListConcatenateBack";
    // Its reply would count as long as we had it.
    let pushed = wire.rig.call(path, &token, CACHE, &push.encode_to_vec()).await.code;
    assert_eq!(pushed, Code::Ok);
    let (mut client, socket) = wire.connect(1024).await;
    let mut unread = Vec::new();
    for _ in 0..8 {
        let fetch = ListFetchRequest { list_name: b"l".to_vec(), ..ListFetchRequest::default() };
        let body = Sent::framed(&fetch.encode_to_vec(), Then::Ends);
        let answer = client.send_request(wire.request("ListFetch", body)).await;
        unread.push(answer.expect("an answer"));
    }
    wire.until(|held_bytes| held_bytes >= 8 * 1_000_000).await;
    socket.shutdown(Shutdown::Both).expect("it is open");
    wire.until(|held_bytes| held_bytes == 0).await;
    drop((unread, client));
    wire.stop().await;
}

/// The replies that one client does not take keep nobody else from asking.
#[tokio::test]
async fn a_reader_that_never_reads_takes_its_share_alone() {
    const LIST_BYTES: usize = 4_500_000;
    let wire = Wire::start().await;
    let push = ListConcatenateBackRequest {
        list_name: b"l".to_vec(),
        values: vec![vec![7; 100_000]; LIST_BYTES / 100_000],
        ttl_milliseconds: 60_000,
        refresh_ttl: true,
        truncate_front_to_size: 0,
    };
    let token = wire.rig.super_user();
    let path = "cache_client.Scs/ListConcatenateBack";
    let pushed = wire.rig.call(path, &token, CACHE, &push.encode_to_vec()).await.code;
    assert_eq!(pushed, Code::Ok);
    let fetch = ListFetchRequest { list_name: b"l".to_vec(), ..ListFetchRequest::default() };
    let fetch = fetch.encode_to_vec();
    let fetch = || wire.request("ListFetch", Sent::framed(&fetch, Then::Ends));
    let (mut idle, socket) = wire.connect(1024).await;
    let mut unread = VecDeque::new();
    for _ in 0..=CONNECTION_BYTES_MAX / LIST_BYTES {
        unread.push_back(idle.send_request(fetch()).await.expect("an answer"));
    }
    let full = wire.held_bytes();
    assert!((CONNECTION_BYTES_MAX..CONNECTION_BYTES_MAX + LIST_BYTES).contains(&full), "{full}");
    let waiting = tokio::spawn(idle.send_request(fetch()));
    // What carries much is not kept waiting.
    let cache_body = vec![7; WAITING_MESSAGE_BYTES_MAX];
    let set = SetRequest { cache_key: b"k".to_vec(), cache_body, ttl_milliseconds: 60_000 };
    let set = wire.request("Set", Sent::framed(&set.encode_to_vec(), Then::Ends));
    let refused = idle.send_request(set).await.expect("an answer");
    let refused = answered(refused.map(Payload::stream)).await;
    assert_eq!(refused.code, Code::ResourceExhausted, "{}", refused.message);
    assert!(wire.is_unchanged().await);

    let (mut busy, _socket) = wire.connect(1024 * 1024).await;
    for _ in 0..20 {
        let answer = busy.send_request(fetch()).await.expect("an answer");
        assert_eq!(answered(answer.map(Payload::stream)).await.code, Code::Ok);
    }
    assert!(!waiting.is_finished());
    // It takes one back, and the next one comes.
    drop(unread.pop_front());
    unread.push_back(waiting.await.expect("it ends").expect("an answer"));
    socket.shutdown(Shutdown::Both).expect("it is open");
    wire.until(|held_bytes| held_bytes == 0).await;
    drop((unread, idle, busy));
    wire.stop().await;
}
