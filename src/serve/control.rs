//! HTTP/1.1 and HTTP/2 on the control runtime, in the clear and over TLS, for listeners where
//! ease counts for more than speed.
//!
//! One port takes all of them: the first bytes tell which it is (RFC 8446, section 5.1: a
//! handshake record begins with 22; RFC 9113, section 3.4: the preface of HTTP/2). HTTP/2 is what
//! gRPC's clients speak: they send pings without a call in flight, which nothing here counts.

mod holding;
mod payload;
mod sniff;
mod stalling;
mod tally;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub(super) use crate::serve::control::holding::Holding;
pub(super) use crate::serve::control::payload::Payload;

use crate::serve::control::sniff::{Spoken, sniff};
use crate::serve::control::stalling::Stalling;
use crate::serve::control::tally::{Counted, Tally};
use crate::serve::tls::Certificate;

/// Open connections of one listener; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;

const HEAD_BYTES_MAX: usize = 64 * 1024;

/// For a request's head to be there, idling between requests of HTTP/1.1 included; for a TLS
/// handshake.
const HEAD_WAIT: Duration = Duration::from_secs(30);

/// The longest silence of a client that does not take the bytes of an answer.
const WRITE_STALL: Duration = Duration::from_secs(60);

/// How often a connection is looked at for a client that is owed something and takes nothing of
/// it, and how many such looks it may pass. HTTP/2 hides that from the socket: such a client may
/// still answer pings.
const OWED_LOOK: Duration = Duration::from_secs(30);
const OWED_LOOKS_MAX: u32 = 2;

/// For requests under way when the listener is told to stop.
const DRAIN_WAIT: Duration = Duration::from_secs(5);

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Requests of one HTTP/2 connection at a time; its client lets more wait.
const STREAMS_MAX: u32 = 256;
/// Requests that were taken back before they were looked at, as a client with a short deadline
/// does to many at once.
const RESET_STREAMS_MAX: usize = 512;
/// What a client may send ahead of our reading, of one stream and of all.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// An HTTP/2 peer that is gone, or that stands still within a frame, is found out by a ping.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WAIT: Duration = Duration::from_secs(20);
/// How often an HTTP/2 connection is looked at for requests, and how many such looks it may pass
/// without one: before its first, and after. It is then told to go away, which ends no request.
const IDLE_LOOK: Duration = Duration::from_secs(30);
const UNUSED_LOOKS_MAX: u32 = 4;
const IDLE_LOOKS_MAX: u32 = 20;

/// How clients reach a listener.
#[derive(Clone, Default)]
pub(super) struct Transport {
    /// `None`: in the clear alone.
    pub(super) tls: Option<Certificate>,
    pub(super) plain: Plain,
}

/// From where a client may come without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plain {
    #[default]
    Anywhere,
    /// Who has a credential must not send it in the clear over a network.
    Loopback,
}

impl Plain {
    fn takes(self, peer: IpAddr) -> bool {
        self == Self::Anywhere || peer.to_canonical().is_loopback()
    }
}

/// Serves until `stopped` says true or its sender has gone.
pub(super) async fn serve<F, R, B>(
    listener: TcpListener,
    transport: Transport,
    mut stopped: watch::Receiver<bool>,
    respond: F,
) where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<B>> + Send + 'static,
    B: Into<Payload> + 'static,
{
    let tls = transport.tls.as_ref().map(|certificate| TlsAcceptor::from(certificate.server()));
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (place, Ok((stream, peer))) => {
                let (mut stopped, respond) = (stopped.clone(), respond.clone());
                let (tls, plain) = (tls.clone(), transport.plain);
                tasks.spawn(async move {
                    let _place = place;
                    let ended = connection(stream, peer, tls, plain, &mut stopped, respond).await;
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection ended");
                    }
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "cannot accept connections for a moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(DRAIN_WAIT, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn connection<F, R, B>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    plain: Plain,
    stopped: &mut watch::Receiver<bool>,
    respond: F,
) -> Result<(), BoxError>
where
    F: Fn(Request<Incoming>) -> R + Send + 'static,
    R: Future<Output = Response<B>> + Send + 'static,
    B: Into<Payload> + 'static,
{
    stream.set_nodelay(true)?;
    let stream = Stalling::new(stream, WRITE_STALL);
    let Some((spoken, stream)) = begun(sniff(stream), stopped).await? else { return Ok(()) };
    match (spoken, tls) {
        (Spoken::Tls, Some(tls)) => {
            let Some(stream) = begun(tls.accept(stream), stopped).await? else { return Ok(()) };
            let Some((spoken, stream)) = begun(sniff(stream), stopped).await? else {
                return Ok(());
            };
            http(spoken, stream, stopped, move |request| answered(respond(request))).await
        }
        (Spoken::Http1 | Spoken::Http2, _) if plain.takes(peer.ip()) => {
            http(spoken, stream, stopped, move |request| answered(respond(request))).await
        }
        (Spoken::Http1 | Spoken::Http2, _) => {
            let says = "this listener takes TLS; write https\n";
            let refuse =
                move |_| async move { Ok(text(StatusCode::BAD_REQUEST, says).map(Payload::from)) };
            http(spoken, stream, stopped, refuse).await
        }
        (Spoken::Tls, None) => {
            Err("the client speaks TLS, for which there is no certificate".into())
        }
        (Spoken::Nothing, _) => Ok(()),
    }
}

/// The beginning of a connection, which must not take long; `None` where the listener stops.
async fn begun<T>(
    beginning: impl Future<Output = io::Result<T>>,
    stopped: &mut watch::Receiver<bool>,
) -> io::Result<Option<T>> {
    tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => Ok(None),
        begun = timeout(HEAD_WAIT, beginning) => {
            begun.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(Some)
        }
    }
}

async fn http<S, F, R>(
    spoken: Spoken,
    stream: S,
    stopped: &mut watch::Receiver<bool>,
    respond: F,
) -> Result<(), BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> R + Send + 'static,
    R: Future<Output = Result<Response<Payload>, Infallible>> + Send + 'static,
{
    let tally = Arc::new(Tally::default());
    let counting = tally.clone();
    let holding = Holding::default();
    let respond = move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(holding.clone());
        let (response, tally) = (respond(request), counting.clone());
        async move { Ok::<_, Infallible>(response.await?.map(|body| Counted::new(body, tally))) }
    };
    match spoken {
        Spoken::Nothing => Ok(()),
        Spoken::Tls => Err("TLS within TLS".into()),
        Spoken::Http1 => {
            let mut http = pin!(
                http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_WAIT)
                    .max_header_size(HEAD_BYTES_MAX)
                    .half_close(true)
                    .serve_connection(TokioIo::new(stream), service_fn(respond))
            );
            tokio::select! {
                ended = http.as_mut() => return Ok(ended?),
                () = owing(&tally) => return Err(NOT_TAKEN.into()),
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            http.as_mut().graceful_shutdown();
            Ok(http.await?)
        }
        Spoken::Http2 => {
            let asked = Arc::new(AtomicU32::new(0));
            let counted = asked.clone();
            let service = service_fn(move |request| {
                counted.fetch_add(1, Ordering::Relaxed);
                respond(request)
            });
            let mut http = pin!(
                http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
                    .max_concurrent_streams(STREAMS_MAX)
                    .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                    .keep_alive_interval(PING_EVERY)
                    .keep_alive_timeout(PING_WAIT)
                    .serve_connection(TokioIo::new(stream), service)
            );
            tokio::select! {
                ended = http.as_mut() => return Ok(ended?),
                () = owing(&tally) => return Err(NOT_TAKEN.into()),
                _ = stopped.wait_for(|stop| *stop) => {}
                () = idle(&asked) => {}
            }
            http.as_mut().graceful_shutdown();
            tokio::select! {
                ended = http.as_mut() => Ok(ended?),
                () = owing(&tally) => Err(NOT_TAKEN.into()),
            }
        }
    }
}

const NOT_TAKEN: &str = "the client takes nothing of what it asked for";

/// Returns when a client has taken nothing for long of what it is owed.
async fn owing(tally: &Tally) {
    let mut looks = interval(OWED_LOOK);
    let (mut seen, mut since) = (0, 0);
    loop {
        looks.tick().await;
        let now = tally.taken();
        since = if tally.is_owed() && now == seen { since + 1 } else { 0 };
        seen = now;
        if since > OWED_LOOKS_MAX {
            return;
        }
    }
}

/// Returns when a connection of HTTP/2 was not asked anything for long.
async fn idle(asked: &AtomicU32) {
    let mut looks = interval(IDLE_LOOK);
    let (mut seen, mut since) = (0, 0);
    loop {
        looks.tick().await;
        let now = asked.load(Ordering::Relaxed);
        since = if now == seen { since + 1 } else { 0 };
        seen = now;
        let looks_max = if now == 0 { UNUSED_LOOKS_MAX } else { IDLE_LOOKS_MAX };
        if since > looks_max {
            return;
        }
    }
}

/// Answers a request whose handling panicked too.
fn answered<R, B>(
    response: R,
) -> impl Future<Output = Result<Response<Payload>, Infallible>> + Send + 'static
where
    R: Future<Output = Response<B>> + Send + 'static,
    B: Into<Payload> + 'static,
{
    let mut response = Box::pin(response);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(response)) => Poll::Ready(Ok(response.map(B::into))),
        Err(panic) => {
            tracing::error!(panic = panic_text(&*panic), "a request panicked");
            let response = text(StatusCode::INTERNAL_SERVER_ERROR, "the gateway failed\n");
            Poll::Ready(Ok(response.map(Payload::from)))
        }
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    reply(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Full<Bytes>> {
    reply(status, "application/json", Bytes::from(value.to_string()))
}

fn reply(status: StatusCode, media: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
