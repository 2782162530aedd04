//! One client connection after another: HTTP/1.1 by hyper, with the deadlines, the panic guard
//! and the drain that hyper leaves to its user.
//!
//! Deadlines are kept in ticks of one sweep per thread instead of a timer per request: a
//! connection notes the tick at which it last moved, and the sweep closes those whose time is
//! up. They are met within one sweep period.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashMap;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::message::{Body, BodyError, Client};
use crate::upstream::observed::{Observed, Observer};

/// The largest head that hyper reads; past it, it answers a bare 431 and closes.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Of the whole process; each data thread takes its share.
    pub connections_max: usize,
    /// For a request's head to be there, idling between requests included.
    pub head_wait: Duration,
    /// The longest silence of a client that owes us bytes of a body, or that does not take
    /// those of an answer.
    pub stall: Duration,
    /// How often deadlines are looked at.
    pub sweep_period: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            head_wait: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            sweep_period: Duration::from_secs(1),
        }
    }
}

/// Answers requests. A panic in it is answered too.
pub(super) trait Handler: 'static {
    fn handle(
        self: Rc<Self>,
        request: Request<Body>,
        client: Client,
    ) -> impl Future<Output = Reply> + 'static;

    /// The answer where `handle` panicked.
    fn panicked(&self) -> Response<Body>;
}

pub(super) struct Reply {
    pub(super) response: Response<Body>,
    /// Called when the answer's last byte was handed over, or the client had gone.
    pub(super) after: Option<Box<dyn FnOnce()>>,
}

impl From<Response<Body>> for Reply {
    fn from(response: Response<Body>) -> Self {
        Self { response, after: None }
    }
}

/// The connections of one thread.
pub(super) struct Connections {
    open: RefCell<HashMap<u64, Rc<Peer>, foldhash::fast::RandomState>>,
    opened: Cell<u64>,
    tick: Rc<Cell<u32>>,
    tasks: RefCell<JoinSet<()>>,
    closed: Notify,
    http: http1::Builder,
    connections_max: usize,
    head_wait_ticks: u32,
    stall_ticks: u32,
}

impl Connections {
    /// `connections_max`: this thread's share.
    pub(super) fn new(limits: &ConnectionLimits, connections_max: usize) -> Rc<Self> {
        let mut http = http1::Builder::new();
        http.preserve_header_case(true)
            .title_case_headers(true)
            .header_read_timeout(None)
            .half_close(true)
            .max_header_size(HEAD_BYTES_MAX);
        Rc::new(Self {
            open: RefCell::default(),
            opened: Cell::new(0),
            tick: Rc::default(),
            tasks: RefCell::default(),
            closed: Notify::new(),
            http,
            connections_max,
            head_wait_ticks: ticks(limits.head_wait, limits.sweep_period),
            stall_ticks: ticks(limits.stall, limits.sweep_period),
        })
    }

    /// Returns at once when there is room for a connection.
    pub(super) async fn room(&self) {
        while self.open.borrow().len() >= self.connections_max {
            self.closed.notified().await;
        }
    }

    pub(super) fn serve<H: Handler>(
        self: &Rc<Self>,
        stream: TcpStream,
        client: Client,
        handler: Rc<H>,
    ) {
        let id = self.opened.get();
        self.opened.set(id.wrapping_add(1));
        let peer = Rc::new(Peer::new(self.tick.clone()));
        self.open.borrow_mut().insert(id, peer.clone());
        let place = Place { id, connections: self.clone() };
        let io = TokioIo::new(Observed::new(stream, peer.clone()));
        let serving = peer.clone();
        let service =
            service_fn(move |request| answer(serving.clone(), handler.clone(), client, request));
        let http = self.http.serve_connection(io, service);
        self.spawn(async move {
            let _place = place;
            let ended = drive(pin!(http), &peer, http1::Connection::graceful_shutdown).await;
            if let Err(error) = ended {
                tracing::debug!(%error, peer = %client.peer, "a client's connection ended");
            }
        });
    }

    /// Runs beside the connections, and counts for the drain.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_local(task);
    }

    /// Counts a tick, and ends what waited for too long.
    pub(super) fn sweep(&self) {
        let now = self.tick.get().wrapping_add(1);
        self.tick.set(now);
        for peer in self.open.borrow().values() {
            let since = now.wrapping_sub(peer.moved_at.get());
            match peer.stage.get() {
                Stage::Idle if since > self.head_wait_ticks => peer.order(Order::Close),
                Stage::Busy if since > self.stall_ticks && peer.write_waits.get() => {
                    peer.order(Order::Close);
                }
                Stage::Busy if since > self.stall_ticks => peer.fail_upload(),
                Stage::Idle | Stage::Busy => {}
            }
        }
        let mut tasks = self.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
    }

    /// Closes idle connections, lets the others finish their request, and waits for all tasks.
    pub(super) async fn drain(&self) {
        for peer in self.open.borrow().values() {
            peer.order(Order::Finish);
        }
        poll_fn(|cx| {
            let mut tasks = self.tasks.borrow_mut();
            loop {
                match tasks.poll_join_next(cx) {
                    Poll::Ready(Some(_)) => {}
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

fn ticks(wait: Duration, period: Duration) -> u32 {
    let period_ms = period.as_millis().max(1);
    u32::try_from(wait.as_millis().div_ceil(period_ms)).unwrap_or(u32::MAX)
}

/// Takes the connection off the list when its task ends, however it ends.
struct Place {
    id: u64,
    connections: Rc<Connections>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open.borrow_mut().remove(&self.id);
        self.connections.closed.notify_one();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Between requests, or within a head.
    Idle,
    Busy,
}

/// What the connection's task is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Serve,
    /// Close after the request at hand.
    Finish,
    Close,
}

/// What a connection's task, its requests and the sweep tell each other.
struct Peer {
    tick: Rc<Cell<u32>>,
    moved_at: Cell<u32>,
    stage: Cell<Stage>,
    order: Cell<Order>,
    /// The client does not take our bytes.
    write_waits: Cell<bool>,
    upload: Cell<Upload>,
    upload_reader: RefCell<Option<Waker>>,
    task: RefCell<Option<Waker>>,
}

/// The request's body, as its reader sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upload {
    Flowing,
    /// The reader waits for the client.
    Starved,
    TimedOut,
}

impl Peer {
    fn new(tick: Rc<Cell<u32>>) -> Self {
        Self {
            moved_at: Cell::new(tick.get()),
            tick,
            stage: Cell::new(Stage::Idle),
            order: Cell::new(Order::Serve),
            write_waits: Cell::new(false),
            upload: Cell::new(Upload::Flowing),
            upload_reader: RefCell::new(None),
            task: RefCell::new(None),
        }
    }

    fn order(&self, order: Order) {
        self.order.set(order);
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }

    fn fail_upload(&self) {
        if self.upload.get() == Upload::Starved {
            self.upload.set(Upload::TimedOut);
            if let Some(reader) = self.upload_reader.borrow_mut().take() {
                reader.wake();
            }
        }
    }

    fn enter(&self, stage: Stage) {
        self.stage.set(stage);
        self.moved_at.set(self.tick.get());
    }
}

impl Observer for Peer {
    fn read(&self, _bytes: usize) {
        // Bytes of a head do not prolong its deadline, or one byte at a time would do.
        if self.stage.get() == Stage::Busy {
            self.moved_at.set(self.tick.get());
        }
    }

    fn read_waits(&self) {}

    fn written(&self) {
        self.write_waits.set(false);
        if self.stage.get() == Stage::Busy {
            self.moved_at.set(self.tick.get());
        }
    }

    fn write_waits(&self) {
        self.write_waits.set(true);
    }
}

/// Polls the connection, and obeys orders.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    mut http: Pin<&mut C>,
    peer: &Peer,
    finish: fn(Pin<&mut C>),
) -> hyper::Result<()> {
    poll_fn(|cx| {
        if peer.task.borrow().is_none() {
            *peer.task.borrow_mut() = Some(cx.waker().clone());
        }
        match peer.order.get() {
            Order::Serve => {}
            Order::Finish => finish(http.as_mut()),
            Order::Close => return Poll::Ready(Ok(())),
        }
        http.as_mut().poll(cx)
    })
    .await
}

fn answer<H: Handler>(
    peer: Rc<Peer>,
    handler: Rc<H>,
    client: Client,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Outgoing>, Infallible>> {
    peer.enter(Stage::Busy);
    let request = request.map(|body| inbound(body, &peer));
    // Boxed: hyper moves the future about, and keeps its room while the connection idles.
    let mut handling = Box::pin(handler.clone().handle(request, client));
    poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(cx)));
        let reply = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(reply)) => reply,
            Err(panic) => {
                tracing::error!(panic = panic_text(&*panic), "a request panicked");
                Reply::from(handler.panicked())
            }
        };
        let Reply { response, after } = reply;
        let peer = peer.clone();
        Poll::Ready(Ok(response.map(|body| Outgoing { body, peer, after })))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

fn inbound(body: Incoming, peer: &Rc<Peer>) -> Body {
    if body.is_end_stream() {
        return Body::Empty;
    }
    peer.upload.set(Upload::Flowing);
    Body::Stream(Box::pin(Inbound { body, peer: peer.clone() }))
}

/// A request's body, which fails when the client stalls.
struct Inbound {
    body: Incoming,
    peer: Rc<Peer>,
}

impl HttpBody for Inbound {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.peer.upload.get() == Upload::TimedOut {
            return Poll::Ready(Some(Err(BodyError::Timeout)));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_pending() {
            if self.peer.upload.replace(Upload::Starved) == Upload::Flowing {
                self.peer.moved_at.set(self.peer.tick.get());
            }
            *self.peer.upload_reader.borrow_mut() = Some(cx.waker().clone());
        } else {
            self.peer.upload.set(Upload::Flowing);
        }
        polled.map_err(BodyError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.peer.upload.set(Upload::Flowing);
        self.peer.upload_reader.borrow_mut().take();
    }
}

/// An answer's body; its drop is the end of the request.
struct Outgoing {
    body: Body,
    peer: Rc<Peer>,
    after: Option<Box<dyn FnOnce()>>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.peer.enter(Stage::Idle);
        if let Some(after) = self.after.take() {
            after();
        }
    }
}

/// The addresses of an accepted connection; `listening` saves the question where it says all.
pub(super) fn client(stream: &TcpStream, peer: SocketAddr, listening: SocketAddr) -> Client {
    let local = if listening.ip().is_unspecified() {
        stream.local_addr().unwrap_or(listening)
    } else {
        listening
    };
    Client { peer, local }
}
