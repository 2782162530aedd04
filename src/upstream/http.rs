//! Sends requests to targets over HTTP/1.1, with hyper's connections driven directly.
//!
//! Source: Apigee docs, "Endpoint properties reference" (`connect.timeout.millis` and its
//! retries, `io.timeout.millis`, `keepalive.timeout.millis`); RFC 9112 section 9.3.1 (which
//! requests may be sent again). One instance belongs to one data thread.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::message::{Body, BodyError, Head, Message, ResponseHead, Subject};
use crate::upstream::link::Link;
use crate::upstream::pool::{Lease, Pool, PoolLimits, Pools, Remote, Silence, Upload, Watch};
use crate::upstream::tls::{self, Tls};
use crate::upstream::{
    CallFailed, Calling, Scheme, TargetAddress, TargetAnswer, TargetCall, Timeouts, Upstream,
    UpstreamError,
};

/// The largest head of an answer; beyond it the answer counts as no HTTP. hyper takes at most
/// 100 headers on top.
const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;

/// How often a connection that an address refused is tried again.
const CONNECT_RETRIES_MAX: usize = 3;

/// On requests to the gateway's own API listener: how often they passed it.
const HOPS: HeaderName = HeaderName::from_static("x-tollgate-hops");
const HOPS_MAX: u32 = 16;

/// Upstream over sockets. Calls run on the thread's `LocalSet`.
pub struct HttpUpstream {
    pools: Rc<Pools>,
    client: http1::Builder,
    tasks: RefCell<JoinSet<()>>,
    /// Listeners of this gateway that are no targets.
    refused: Vec<SocketAddr>,
    /// The gateway's own API listener, which may be a target a few times over.
    own_api: Option<SocketAddr>,
}

impl HttpUpstream {
    /// `refused`: the gateway's own admin and memcached addresses, or none where the
    /// configuration allows them as targets. `own_api`: its own API listener; a request that
    /// comes back through it too often is refused.
    pub fn new(limits: PoolLimits, refused: Vec<SocketAddr>, own_api: Option<SocketAddr>) -> Self {
        let mut client = http1::Builder::new();
        client
            .preserve_header_case(true)
            .title_case_headers(true)
            .max_header_size(ANSWER_HEAD_BYTES_MAX);
        Self { pools: Pools::new(limits), client, tasks: RefCell::default(), refused, own_api }
    }

    async fn send(&self, call: TargetCall) -> Result<TargetAnswer, CallFailed> {
        let TargetCall { address, request, timeouts } = call;
        let pool = self.pools.of(address);
        let mut request = request.map(Upload::new);
        if let Some(lease) = pool.take() {
            count_hop(&lease, &mut request)?;
            let spare = replay(&request);
            match exchange(lease, request, &timeouts).await {
                Ok(answer) => return Ok(answer),
                // The target closed the idle connection while the request was on its way.
                Err(Failed { unsent: Some(unsent), .. }) => request = unsent,
                Err(Failed { error, answered, .. }) => match spare {
                    Some(again)
                        if !answered && matches!(error, UpstreamError::ClosedEarly { .. }) =>
                    {
                        request = again;
                    }
                    Some(_) | None => return Err(CallFailed::from(error)),
                },
            }
        }
        // Boxed: a handshake needs much room, which the calls over idle connections would carry.
        let lease = match Box::pin(self.connect(&pool, timeouts.connect)).await {
            Ok(lease) => lease,
            Err(error) => {
                pool.prune();
                let unsent = Some(Box::new(request.map(Upload::into_body)));
                return Err(CallFailed { error, unsent });
            }
        };
        count_hop(&lease, &mut request)?;
        exchange(lease, request, &timeouts).await.map_err(|failed| CallFailed::from(failed.error))
    }

    /// A fresh connection, ready for a request, all within `timeout`.
    async fn connect(&self, pool: &Rc<Pool>, timeout: Duration) -> Result<Lease, UpstreamError> {
        let deadline = Instant::now() + timeout;
        let (stream, mut to) = self.dial(&pool.address, timeout, deadline).await?;
        let stream = match pool.address.scheme {
            Scheme::Http => Link::Plain(stream),
            Scheme::Https => match timeout_at(deadline, secure(stream, &pool.address)).await {
                Ok(secured) => {
                    let (link, subject) = secured?;
                    to.subject = subject;
                    link
                }
                Err(_) => {
                    let timeout_ms = timeout.as_millis();
                    let address = shown(&pool.address);
                    return Err(UpstreamError::ConnectTimeout { address, timeout_ms });
                }
            },
        };
        let (lease, driver) = pool
            .adopt(stream, to, &self.client)
            .await
            .map_err(|source| UpstreamError::ClosedEarly { source })?;
        let mut tasks = self.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_local(driver);
        Ok(lease)
    }

    /// Tries each address that the name stands for, until `deadline`, which is `timeout` away.
    async fn dial(
        &self,
        address: &TargetAddress,
        timeout: Duration,
        deadline: Instant,
    ) -> Result<(TcpStream, Remote), UpstreamError> {
        let too_late = || UpstreamError::ConnectTimeout {
            address: shown(address),
            timeout_ms: timeout.as_millis(),
        };
        let addresses = match timeout_at(deadline, resolve(address)).await {
            Ok(resolved) => resolved.map_err(|source| UpstreamError::Resolve {
                host: address.host.to_string(),
                source,
            })?,
            Err(_) => return Err(too_late()),
        };
        let mut refusal = None;
        for _ in 0..=CONNECT_RETRIES_MAX {
            for (at, socket_address) in addresses.iter().enumerate() {
                self.check_foreign(*socket_address, address)?;
                // What is left is shared among the addresses still to be tried, so that one
                // that never answers does not cost the others their turn.
                let waiting = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
                let share = deadline.saturating_duration_since(Instant::now()) / waiting;
                match timeout_at(Instant::now() + share, TcpStream::connect(*socket_address)).await
                {
                    Ok(Ok(stream)) => return self.accept(stream, *socket_address, address),
                    Ok(Err(error)) => refusal = Some(error),
                    Err(_) => {}
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        match refusal {
            Some(source) => Err(UpstreamError::Connect { address: shown(address), source }),
            None => Err(too_late()),
        }
    }

    fn accept(
        &self,
        stream: TcpStream,
        to: SocketAddr,
        address: &TargetAddress,
    ) -> Result<(TcpStream, Remote), UpstreamError> {
        let failed = |source| UpstreamError::Connect { address: shown(address), source };
        let mut own = self.refused.iter().chain(&self.own_api);
        // A connection to an address of this machine comes from that same address.
        let is_here = own.any(|own| own.port() == to.port())
            && stream.local_addr().map_err(failed)?.ip()
                == stream.peer_addr().map_err(failed)?.ip();
        let is_port_of = |own: &SocketAddr| own.port() == to.port() && own.ip().is_unspecified();
        if is_here && self.refused.iter().any(is_port_of) {
            return Err(UpstreamError::OwnAddress { address: shown(address) });
        }
        stream.set_nodelay(true).map_err(failed)?;
        let is_own = is_here && self.own_api.is_some_and(|own| own.port() == to.port());
        Ok((stream, Remote { ip: to.ip().to_canonical(), is_own, subject: None }))
    }

    fn check_foreign(&self, to: SocketAddr, address: &TargetAddress) -> Result<(), UpstreamError> {
        if is_refused(&self.refused, to) {
            return Err(UpstreamError::OwnAddress { address: shown(address) });
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn pools(&self) -> &Pools {
        &self.pools
    }
}

impl Upstream for HttpUpstream {
    fn call<'a>(&'a self, call: TargetCall) -> Calling<'a> {
        Box::pin(self.send(call))
    }
}

/// Whether a listener of this gateway that is no target has that address.
pub(super) fn is_refused(refused: &[SocketAddr], to: SocketAddr) -> bool {
    let ip = to.ip().to_canonical();
    refused.iter().any(|own| {
        let own_ip = own.ip().to_canonical();
        // Linux takes the unspecified address as loopback.
        let same_host = own_ip == ip || (ip.is_unspecified() && own_ip.is_loopback());
        let loopback = own_ip.is_unspecified() && (ip.is_loopback() || ip.is_unspecified());
        own.port() == to.port() && (same_host || loopback)
    })
}

/// TLS over a connection that was made, and whose certificate was shown.
pub(super) async fn secure(
    stream: TcpStream,
    address: &TargetAddress,
) -> Result<(Link, Option<Arc<Subject>>), UpstreamError> {
    let failed = |reason: String| UpstreamError::Handshake { address: shown(address), reason };
    let tls = address.tls.as_ref().unwrap_or_else(|| Tls::plain());
    let name = ServerName::try_from(address.host.to_string())
        .map_err(|_| failed(format!("`{}` can be no name of a server", address.host)))?;
    let connector = TlsConnector::from(tls.config());
    let stream = connector
        .connect(name.clone(), stream)
        .await
        .map_err(|error| failed(tls::reason(&error).unwrap_or_else(|| error.to_string())))?;
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    tls.check_name(certificate, &name).map_err(|error| failed(error.to_string()))?;
    let subject = certificate.and_then(tls::subject).map(Arc::new);
    Ok((Link::Tls(Box::new(stream)), subject))
}

/// A call that got no answer, and what may be tried again.
struct Failed {
    error: UpstreamError,
    /// The request, where no byte of it was sent.
    unsent: Option<Request<Upload>>,
    /// A part of the answer had arrived.
    answered: bool,
}

async fn exchange(
    mut lease: Lease,
    mut request: Request<Upload>,
    timeouts: &Timeouts,
) -> Result<TargetAnswer, Failed> {
    lease.watch().start(timeouts);
    if !lease.sender().is_ready()
        && let Err(source) = lease.sender().ready().await
    {
        let error = UpstreamError::ClosedEarly { source };
        return Err(Failed { error, unsent: Some(request), answered: false });
    }
    let watch = lease.watch().clone();
    request.body_mut().attach(&watch);
    match lease.sender().try_send_request(request).await {
        Ok(response) => Ok(answer(lease, response)),
        Err(mut failed) => {
            let unsent = failed.take_message();
            let error = explain(lease.secure(), &watch, failed.into_error(), timeouts);
            Err(Failed { error, unsent, answered: watch.answered() })
        }
    }
}

/// How often the request has come back to this gateway already.
fn hops(request: &Request<Upload>) -> u32 {
    let count = request.headers().get(HOPS).and_then(|count| count.to_str().ok());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Marks a request to the gateway's own API listener, and refuses one that goes in circles.
fn count_hop(lease: &Lease, request: &mut Request<Upload>) -> Result<(), UpstreamError> {
    if !lease.peer().is_own {
        return Ok(());
    }
    let hops = hops(request);
    if hops >= HOPS_MAX {
        return Err(UpstreamError::Loop { hops });
    }
    request.headers_mut().insert(HOPS, HeaderValue::from(hops + 1));
    Ok(())
}

fn explain(
    secure: Option<&TargetAddress>,
    watch: &Watch,
    source: hyper::Error,
    timeouts: &Timeouts,
) -> UpstreamError {
    if let Some(source) = watch.upload_error() {
        return UpstreamError::RequestBody { source };
    }
    // With TLS 1.3 a target refuses the client's certificate when the handshake is over for it.
    if let Some(address) = secure
        && let Some(reason) = tls::reason(&source)
    {
        return UpstreamError::Handshake { address: shown(address), reason };
    }
    match watch.silence() {
        Silence::Target => UpstreamError::ReadTimeout { timeout_ms: timeouts.io.as_millis() },
        Silence::Client => UpstreamError::RequestBody { source: BodyError::Timeout },
        Silence::None if source.is_parse() => UpstreamError::Protocol { source },
        Silence::None => UpstreamError::ClosedEarly { source },
    }
}

/// A second copy of a request that may be sent twice: its method is idempotent and its body in
/// memory. The case of its header names is not copied: the copy is rarely sent, and costs every
/// request.
fn replay(request: &Request<Upload>) -> Option<Request<Upload>> {
    if !request.method().is_idempotent() {
        return None;
    }
    let mut copy = Request::new(request.body().copy()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

fn answer(lease: Lease, response: Response<Incoming>) -> TargetAnswer {
    let (ip, subject) = (Some(lease.peer().ip), lease.peer().subject.clone());
    let (parts, incoming) = response.into_parts();
    let body = if incoming.is_end_stream() {
        lease.release();
        Body::Empty
    } else {
        Body::Stream(Box::pin(AnswerBody { incoming, lease: Some(lease) }))
    };
    let reason = parts
        .extensions
        .get::<ReasonPhrase>()
        .map(|reason| ByteString::from(String::from_utf8_lossy(reason.as_bytes()).into_owned()));
    let response = Message {
        head: Head::Response(ResponseHead { status: parts.status, reason }),
        version: parts.version,
        headers: parts.headers,
        body,
        extensions: parts.extensions,
    };
    TargetAnswer { response, ip, subject }
}

/// The answer's body; at its end the connection goes back to the pool.
struct AnswerBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if self.incoming.is_end_stream()
                    && let Some(lease) = self.lease.take()
                {
                    lease.release();
                }
                Some(Ok(frame))
            }
            Some(Err(source)) => {
                let silence = self.lease.take().map(|lease| lease.watch().silence());
                Some(Err(match silence {
                    Some(Silence::Target | Silence::Client) => BodyError::Timeout,
                    Some(Silence::None) | None => BodyError::Closed { source },
                }))
            }
            None => {
                if let Some(lease) = self.lease.take() {
                    lease.release();
                }
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

pub(super) async fn resolve(address: &TargetAddress) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = address.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, address.port)]);
    }
    let found: Vec<SocketAddr> = lookup_host((&*address.host, address.port)).await?.collect();
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found)
}

fn shown(address: &TargetAddress) -> String {
    if address.host.contains(':') {
        format!("[{}]:{}", address.host, address.port)
    } else {
        format!("{}:{}", address.host, address.port)
    }
}
