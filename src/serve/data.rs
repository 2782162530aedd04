//! The data threads: one single-threaded runtime each, with its own listening socket, its own
//! connections to targets, and no lock on the way of a request.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::clock::Clock;
use crate::deploy::Registry;
use crate::engine::Env;
use crate::profile::Profile;
use crate::serve::connection::{self, Connections, Handler};
use crate::serve::listener::Listener;
use crate::serve::runtime::Api;
use crate::upstream::{HttpUpstream, PoolLimits};

pub use crate::serve::connection::ConnectionLimits;

/// How long accepting rests when the process is out of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all data threads see.
pub struct Shared {
    pub registry: Arc<Registry>,
    pub clock: Clock,
    pub profile: Profile,
    pub connection_limits: ConnectionLimits,
    pub pool_limits: PoolLimits,
    /// The gateway's own addresses that no target may be; empty with `allow_self`.
    pub refused_targets: Vec<SocketAddr>,
}

/// The running data threads.
pub struct DataRuntimes {
    address: SocketAddr,
    stop: watch::Sender<Option<Duration>>,
    threads: Vec<JoinHandle<()>>,
}

impl DataRuntimes {
    /// One thread for each of the listener's sockets.
    pub fn start(listener: Listener, shared: &Arc<Shared>) -> io::Result<Self> {
        let address = listener.address();
        let (stop, stopped) = watch::channel(None);
        let sockets = listener.into_sockets();
        let connections_max =
            shared.connection_limits.connections_max.div_ceil(sockets.len().max(1));
        let mut threads = Vec::with_capacity(sockets.len());
        for (at, socket) in sockets.into_iter().enumerate() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (shared, stopped) = (shared.clone(), stopped.clone());
            threads.push(std::thread::Builder::new().name(format!("data-{at}")).spawn(
                move || {
                    let local = LocalSet::new();
                    let served = local.block_on(&runtime, async move {
                        let env = Env {
                            clock: shared.clock.clone(),
                            upstream: Rc::new(HttpUpstream::new(
                                shared.pool_limits,
                                shared.refused_targets.clone(),
                                Some(address),
                            )),
                            profile: shared.profile,
                        };
                        let connections =
                            Connections::new(&shared.connection_limits, connections_max);
                        let period = shared.connection_limits.sweep_period;
                        let api = Rc::new(Api::new(shared, env, connections.clone()));
                        // The outermost future is polled at every turn of the loop, whoever was
                        // woken; a task of its own is polled when it is its turn.
                        let serving = serve(socket, address, connections, period, api, stopped);
                        spawn_local(serving).await
                    });
                    match served {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => {
                            tracing::error!(%error, "a data thread cannot serve");
                        }
                        Err(error) => tracing::error!(%error, "a data thread ended early"),
                    }
                },
            )?);
        }
        Ok(Self { address, stop, threads })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, closes idle connections, gives requests `within` to finish, and ends
    /// the threads. Blocks until they have ended.
    pub fn drain(self, within: Duration) {
        self.stop.send_replace(Some(within));
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a data thread panicked");
            }
        }
    }
}

/// One data thread's work, until it is told to stop or its owner has gone.
pub(super) async fn serve<H: Handler>(
    socket: std::net::TcpListener,
    address: SocketAddr,
    connections: Rc<Connections>,
    sweep_period: Duration,
    handler: Rc<H>,
    mut stopped: watch::Receiver<Option<Duration>>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(socket)?;
    let sweep = async {
        let mut ticks = interval(sweep_period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            connections.sweep();
        }
    };
    let serving = async {
        tokio::select! {
            () = accept(listener, address, &connections, &handler) => Duration::ZERO,
            within = stop(&mut stopped) => within,
        }
        // The listening socket is closed here: `accept` owned it.
    };
    let work = async {
        let within = serving.await;
        if timeout(within, connections.drain()).await.is_err() {
            tracing::warn!("some requests did not finish in time and are cut off");
        }
    };
    tokio::select! {
        () = sweep => {}
        () = work => {}
    }
    Ok(())
}

async fn stop(stopped: &mut watch::Receiver<Option<Duration>>) -> Duration {
    match stopped.wait_for(Option::is_some).await {
        Ok(within) => within.unwrap_or_default(),
        Err(_) => Duration::ZERO,
    }
}

async fn accept<H: Handler>(
    listener: TcpListener,
    address: SocketAddr,
    connections: &Rc<Connections>,
    handler: &Rc<H>,
) {
    loop {
        connections.room().await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                let client = connection::client(&stream, peer, address);
                connections.serve(stream, client, handler.clone());
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for a moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The client had gone before it was accepted; others may be waiting.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
