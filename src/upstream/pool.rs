//! Connections to targets: which are idle, and the task that drives each one.
//!
//! A connection's task owns its socket and its one timer. While a call is under way the timer
//! measures silence (`io.timeout.millis`), between calls idleness (`keepalive.timeout.millis`);
//! it is set anew only when it fires or must fire sooner, so that a call costs a clock reading
//! and no timer. A connection whose time is up closes and leaves the pool by itself.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::message::{Body, BodyError, Subject};
use crate::upstream::link::Link;
use crate::upstream::observed::{Observed, Observer};
use crate::upstream::{Scheme, TargetAddress, Timeouts};

/// How many idle connections one data thread keeps.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    pub idle_per_address_max: usize,
    pub idle_total_max: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { idle_per_address_max: 256, idle_total_max: 1024 }
    }
}

/// All pools of one data thread. An address without connections has no entry.
pub(super) struct Pools {
    by_address: RefCell<HashMap<TargetAddress, Rc<Pool>, foldhash::fast::RandomState>>,
    idle_total: Cell<usize>,
    limits: PoolLimits,
}

impl Pools {
    pub(super) fn new(limits: PoolLimits) -> Rc<Self> {
        Rc::new(Self { by_address: RefCell::default(), idle_total: Cell::new(0), limits })
    }

    pub(super) fn of(self: &Rc<Self>, address: TargetAddress) -> Rc<Pool> {
        let mut by_address = self.by_address.borrow_mut();
        if let Some(pool) = by_address.get(&address) {
            return pool.clone();
        }
        let pool = Rc::new(Pool {
            address: address.clone(),
            idle: RefCell::default(),
            connections: Cell::new(0),
            pools: Rc::downgrade(self),
        });
        by_address.insert(address, pool.clone());
        pool
    }

    #[cfg(test)]
    pub(super) fn addresses(&self) -> usize {
        self.by_address.borrow().len()
    }

    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.idle_total.get()
    }

    fn has_room(&self, idle_here: usize) -> bool {
        idle_here < self.limits.idle_per_address_max
            && self.idle_total.get() < self.limits.idle_total_max
    }

    fn count_idle(&self, by: isize) {
        self.idle_total.set(self.idle_total.get().saturating_add_signed(by));
    }
}

/// The connections to one address, the one used last on top.
pub(super) struct Pool {
    pub(super) address: TargetAddress,
    idle: RefCell<Vec<Connection>>,
    /// Idle and leased ones.
    connections: Cell<usize>,
    pools: Weak<Pools>,
}

/// A connection as its user holds it; its task holds the socket.
struct Connection {
    sender: SendRequest<Upload>,
    watch: Rc<Watch>,
    peer: Remote,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) ip: IpAddr,
    /// It is this gateway's own API listener.
    pub(super) is_own: bool,
    /// Of its certificate.
    pub(super) subject: Option<Arc<Subject>>,
}

impl Pool {
    pub(super) fn take(self: &Rc<Self>) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        while let Some(connection) = idle.pop() {
            self.count_idle(-1);
            if !connection.sender.is_closed() {
                return Some(Lease { connection, pool: self.clone() });
            }
        }
        None
    }

    /// Makes a fresh connection usable; the returned task must be spawned.
    pub(super) async fn adopt(
        self: &Rc<Self>,
        stream: Link,
        peer: Remote,
        client: &http1::Builder,
    ) -> hyper::Result<(Lease, Driver)> {
        let watch = Watch::new();
        let io = TokioIo::new(Observed::new(stream, watch.clone()));
        let (sender, http) = client.handshake(io).await?;
        self.connections.set(self.connections.get() + 1);
        let driver =
            Driver { http, timer: None, place: Place { watch: watch.clone(), pool: self.clone() } };
        let connection = Connection { sender, watch, peer };
        Ok((Lease { connection, pool: self.clone() }, driver))
    }

    /// Drops the pool from the table when nothing uses it any more.
    pub(super) fn prune(self: &Rc<Self>) {
        let Some(pools) = self.pools.upgrade() else { return };
        let only_this_and_the_table = Rc::strong_count(self) <= 2;
        if self.connections.get() == 0 && only_this_and_the_table {
            let mut by_address = pools.by_address.borrow_mut();
            if by_address.get(&self.address).is_some_and(|pool| Rc::ptr_eq(pool, self)) {
                by_address.remove(&self.address);
            }
        }
    }

    fn put(&self, connection: Connection) {
        let Some(pools) = self.pools.upgrade() else { return };
        let mut idle = self.idle.borrow_mut();
        if pools.has_room(idle.len()) {
            connection.watch.rest();
            pools.count_idle(1);
            idle.push(connection);
        }
    }

    fn remove(&self, watch: &Rc<Watch>) {
        let mut idle = self.idle.borrow_mut();
        if let Some(at) = idle.iter().position(|held| Rc::ptr_eq(&held.watch, watch)) {
            idle.remove(at);
            self.count_idle(-1);
        }
    }

    fn count_idle(&self, by: isize) {
        if let Some(pools) = self.pools.upgrade() {
            pools.count_idle(by);
        }
    }
}

/// A connection in use. Dropping it closes the connection; [`Lease::release`] keeps it.
pub(super) struct Lease {
    connection: Connection,
    pool: Rc<Pool>,
}

impl Lease {
    pub(super) fn sender(&mut self) -> &mut SendRequest<Upload> {
        &mut self.connection.sender
    }

    pub(super) fn watch(&self) -> &Rc<Watch> {
        &self.connection.watch
    }

    /// The address, where it is reached by TLS.
    pub(super) fn secure(&self) -> Option<&TargetAddress> {
        let address = &self.pool.address;
        (address.scheme == Scheme::Https).then_some(address)
    }

    pub(super) fn peer(&self) -> &Remote {
        &self.connection.peer
    }

    /// Back to the pool, unless the connection is spent: closed, or still taking a request
    /// body whose answer is already whole.
    pub(super) fn release(self) {
        let Self { connection, pool } = self;
        if !connection.sender.is_closed() && connection.watch.upload.get() == Sending::Done {
            pool.put(connection);
        }
    }
}

/// How far the request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    Done,
    Flowing,
    /// The client has the next bytes.
    Starved,
}

/// Why the connection's task closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    None,
    /// The target was waited for too long.
    Target,
    /// The client was, for the request's body.
    Client,
}

/// What the connection's user and its task tell each other.
pub(super) struct Watch {
    busy: Cell<bool>,
    /// The silence allowed now.
    allowed: Cell<Duration>,
    keepalive: Cell<Duration>,
    last_moved: Cell<Instant>,
    moved: Cell<bool>,
    /// The task waits for the peer, not for us.
    waits: Cell<bool>,
    /// Bytes of the answer arrived.
    answered: Cell<bool>,
    upload: Cell<Sending>,
    upload_error: RefCell<Option<BodyError>>,
    silence: Cell<Silence>,
    timer_at: Cell<Option<Instant>>,
    task: RefCell<Option<Waker>>,
}

impl Watch {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            busy: Cell::new(false),
            allowed: Cell::new(Timeouts::default().io),
            keepalive: Cell::new(Timeouts::default().keepalive),
            last_moved: Cell::new(Instant::now()),
            moved: Cell::new(false),
            waits: Cell::new(false),
            answered: Cell::new(false),
            upload: Cell::new(Sending::Done),
            upload_error: RefCell::new(None),
            silence: Cell::new(Silence::None),
            timer_at: Cell::new(None),
            task: RefCell::new(None),
        })
    }

    /// A call begins; the clock starts when the task is next polled, which sending does.
    pub(super) fn start(&self, timeouts: &Timeouts) {
        self.busy.set(true);
        self.allowed.set(timeouts.io);
        self.keepalive.set(timeouts.keepalive);
        self.moved.set(true);
        self.answered.set(false);
    }

    pub(super) fn answered(&self) -> bool {
        self.answered.get()
    }

    pub(super) fn silence(&self) -> Silence {
        self.silence.get()
    }

    pub(super) fn upload_error(&self) -> Option<BodyError> {
        self.upload_error.borrow_mut().take()
    }

    fn rest(&self) {
        self.busy.set(false);
        self.allowed.set(self.keepalive.get());
        self.last_moved.set(Instant::now());
        let due = self.last_moved.get() + self.allowed.get();
        if self.timer_at.get().is_none_or(|at| due < at)
            && let Some(task) = &*self.task.borrow()
        {
            task.wake_by_ref();
        }
    }

    /// When the connection's time is up; `None` while nobody waits for the peer.
    fn due(&self) -> Option<Instant> {
        let counts = !self.busy.get() || self.waits.get();
        counts.then(|| self.last_moved.get() + self.allowed.get())
    }

    fn expire(&self) {
        if self.busy.get() {
            self.silence.set(match self.upload.get() {
                Sending::Starved => Silence::Client,
                Sending::Done | Sending::Flowing => Silence::Target,
            });
        }
    }
}

impl Observer for Watch {
    fn read(&self, bytes: usize) {
        self.moved.set(true);
        if bytes > 0 {
            self.answered.set(true);
        }
    }

    fn read_waits(&self) {
        self.waits.set(true);
    }

    fn written(&self) {
        self.moved.set(true);
    }

    fn write_waits(&self) {
        self.waits.set(true);
    }
}

/// A connection's task.
pub(super) struct Driver {
    http: http1::Connection<TokioIo<Observed<Watch, Link>>, Upload>,
    timer: Option<Pin<Box<Sleep>>>,
    place: Place,
}

/// Leaves the pool when the task ends, however it ends.
struct Place {
    watch: Rc<Watch>,
    pool: Rc<Pool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pool.remove(&self.watch);
        self.pool.connections.set(self.pool.connections.get().saturating_sub(1));
        self.pool.prune();
    }
}

impl Driver {
    /// Ready when the connection has been silent or idle for too long.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let watch = &self.place.watch;
        let Some(due) = watch.due() else { return Poll::Pending };
        let timer = match &mut self.timer {
            Some(timer) => timer,
            None => {
                watch.timer_at.set(Some(due));
                *watch.task.borrow_mut() = Some(cx.waker().clone());
                self.timer.insert(Box::pin(sleep_until(due)))
            }
        };
        if watch.timer_at.get().is_none_or(|at| due < at) {
            timer.as_mut().reset(due);
            watch.timer_at.set(Some(due));
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
            watch.timer_at.set(Some(due));
        }
        Poll::Pending
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waited = this.place.watch.waits.replace(false);
        if let Poll::Ready(end) = Pin::new(&mut this.http).poll(cx) {
            if let Err(error) = end {
                tracing::debug!(%error, "a connection to a target ended");
            }
            return Poll::Ready(());
        }
        let watch = &this.place.watch;
        if watch.moved.take() || (watch.waits.get() && !waited) {
            watch.last_moved.set(Instant::now());
        }
        if this.poll_timer(cx).is_ready() {
            this.place.watch.expire();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// The request's body on its way out: what goes wrong with it is kept for the caller.
pub(super) struct Upload {
    body: Body,
    /// Only where the body is a stream.
    watch: Option<Rc<Watch>>,
}

impl Upload {
    pub(super) fn new(body: Body) -> Self {
        Self { body, watch: None }
    }

    /// The body, which nobody has begun to read.
    pub(super) fn into_body(mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// A second one, where the body is in memory.
    pub(super) fn copy(&self) -> Option<Self> {
        self.body.bytes().cloned().map(|bytes| Self::new(Body::from(bytes)))
    }

    pub(super) fn attach(&mut self, watch: &Rc<Watch>) {
        if self.body.is_buffered() {
            watch.upload.set(Sending::Done);
        } else {
            watch.upload.set(Sending::Flowing);
            self.watch = Some(watch.clone());
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.upload.set(Sending::Done);
        }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = UploadFailed;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadFailed>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        let Some(watch) = &this.watch else {
            return polled.map_err(|_| UploadFailed);
        };
        watch.upload.set(if polled.is_pending() { Sending::Starved } else { Sending::Flowing });
        polled.map_err(|error| {
            *watch.upload_error.borrow_mut() = Some(error);
            UploadFailed
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What hyper is told; the caller finds the reason in the [`Watch`].
#[derive(Debug, thiserror::Error)]
#[error("the request's body failed")]
pub(super) struct UploadFailed;
