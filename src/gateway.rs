//! The running gateway: configuration in, listeners, threads and deployments out.
//!
//! The data threads serve the API listener; one control runtime of two workers has the admin
//! listener, the watcher, lint and deploys, so that nothing it does stalls a request.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{Config, Unsupported};
use crate::deploy::watch::{Change, Watch};
use crate::deploy::{Deployer, Monitors, Registry, Report, Settings};
use crate::serve::admin::{Admin, Plain};
use crate::serve::appconfig::{AppConfig, Credentials};
use crate::serve::data::{ConnectionLimits, DataRuntimes, Shared};
use crate::serve::demo;
use crate::serve::listener::{ListenError, Listener};
use crate::serve::management::{self, Credential, Management};
use crate::serve::momento::{Door, Keyring, Momento};
use crate::serve::tls::{Certificate, CertificateError};
use crate::store::cache::{CacheControl, Caches};
use crate::store::credentials::{AppConfigKeys, Kept, ManagementLogin, MomentoKey, MomentoKeys};
use crate::store::durable::{Store, StoreError};
use crate::store::kvm::Maps;
use crate::store::logs::{LogSettings, Logs};
use crate::store::mirror::Mirror;
use crate::upstream::PoolLimits;

const CONTROL_THREADS: usize = 2;

/// How often expired cache entries are given back without being asked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long the keys of the doors are not looked at again after they were.
const KEYS_PAUSE: Duration = Duration::from_secs(1);
/// How many entries of each cache one sweep may free.
const SWEEP_ENTRIES_MAX: usize = 100_000;

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the {listener} listener did not start")]
    Listen { listener: &'static str, source: ListenError },
    #[error("the {listener} listener did not start")]
    Socket { listener: &'static str, source: std::io::Error },
    #[error("the caches of the configuration cannot be made")]
    Caches { source: crate::store::cache::registry::CachesError },
    #[error("the store cannot be opened")]
    Store { source: StoreError },
    #[error("the doors have no certificate")]
    Certificate { source: CertificateError },
    #[error("a thread did not start")]
    Thread { source: std::io::Error },
}

/// A gateway that serves until [`Gateway::stop`].
pub struct Gateway {
    data: DataRuntimes,
    control: Runtime,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    drain_timeout: Duration,
    admin: SocketAddr,
    momento: Option<SocketAddr>,
    management: Option<SocketAddr>,
    demo: Option<SocketAddr>,
    registry: Arc<Registry>,
}

impl Gateway {
    /// Listens, deploys what lies in the folders, and returns when every bundle that is there
    /// was tried. `told` hears of each, and of every
    /// deployment after that.
    pub fn start(
        config: &Config,
        mut told: impl FnMut(&Report) + Send + 'static,
    ) -> Result<Self, StartError> {
        let clock = Clock::system();
        let control = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(CONTROL_THREADS)
            .thread_name("control")
            .enable_all()
            .build()
            .map_err(|source| StartError::Thread { source })?;
        let api = bind("api", config.listen.api, data_threads(config))?;
        let admin = bind("admin", config.listen.admin, NonZeroUsize::MIN)?;
        let demo = match config.demo_backend {
            Some(address) => Some(bind("demo", address, NonZeroUsize::MIN)?),
            None => None,
        };
        let momento = match config.listen.momento {
            Some(address) => Some(bind("momento", address, NonZeroUsize::MIN)?),
            None => None,
        };
        let momento_address = momento.as_ref().map(Listener::address);
        let management = match config.listen.management {
            Some(address) => Some(bind("management", address, NonZeroUsize::MIN)?),
            None => None,
        };
        let management_address = management.as_ref().map(Listener::address);
        let certificate = config.admin_tls.clone().map(Certificate::load).transpose();
        let certificate = certificate.map_err(|source| StartError::Certificate { source })?;
        let (api_address, admin_address) = (api.address(), admin.address());
        let demo_address = demo.as_ref().map(Listener::address);

        let caches = Caches::new(config.profile, config.caches.clone(), clock.clone())
            .map_err(|source| StartError::Caches { source })?;
        let caches = Arc::new(caches);
        let registry = Arc::new(Registry::default());
        let store = control.block_on(open_store(config, &clock))?;
        let keys = control.block_on(AppConfigKeys::of(&store, &config.environment));
        let keys = keys.map_err(|source| StartError::Store { source })?;
        let credentials = Arc::new(ArcSwap::from_pointee(Credentials::from(&keys)));
        let login = control.block_on(ManagementLogin::of(&store, &config.environment));
        let login = login.map_err(|source| StartError::Store { source })?;
        let operator = Arc::new(ArcSwap::from_pointee(Credential::from(&login)));
        let tokens = control.block_on(momento_keys(&store, &config.environment));
        let tokens = tokens.map_err(|source| StartError::Store { source })?;
        let keyring = Arc::new(ArcSwap::from_pointee(Keyring::new(tokens.clone())));
        let maps = control.block_on(Maps::open(
            store.clone(),
            clock.clone(),
            &config.environment,
            config.store.snapshot_bytes_max,
        ));
        let cache_control = control.block_on(CacheControl::open(
            caches.clone(),
            store.clone(),
            &config.environment,
            config.caches.clone(),
        ));
        let cache_control = cache_control.map_err(|source| StartError::Store { source })?;
        let doors = [Some(admin_address), momento_address, management_address];
        let refused =
            if config.allow_self { Vec::new() } else { doors.into_iter().flatten().collect() };
        let (logs, log_writer) = Logs::new(log_settings(config, &refused), clock.clone());
        let mut deployer =
            Deployer::new(settings(config, demo_address), caches.clone(), registry.clone())
                .with_logs(logs)
                .with_monitors(Monitors::new(control.handle().clone(), clock.clone(), &refused))
                .with_maps(maps);
        deployer.set_flow_hooks(config.flow_hooks.clone());
        deployer.set_targets(config.targets.clone());
        // One look serves both: what changes after it is a change, however soon.
        let mut watch = Watch::new(config.deploy.folders.clone(), clock.clone());
        let present = control.block_on(watch.scan_all()).into_iter().map(Change::Changed);
        deployer.apply(&present.collect::<Vec<_>>()).iter().for_each(&mut told);
        for (at, hook) in deployer.idle_flow_hooks() {
            let flow = &hook.shared_flow;
            tracing::warn!(hook = at.name(), "shared flow `{flow}` of the hook is not deployed");
        }

        let shared = Arc::new(Shared {
            registry: registry.clone(),
            clock: clock.clone(),
            profile: config.profile,
            connection_limits: ConnectionLimits {
                connections_max: config.limits.connections_max,
                ..ConnectionLimits::default()
            },
            pool_limits: PoolLimits::default(),
            refused_targets: refused,
        });
        let data =
            DataRuntimes::start(api, &shared).map_err(|source| StartError::Thread { source })?;
        debug_assert_eq!(data.address(), api_address);

        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let entered = control.enter();
        let ready = Arc::new(AtomicBool::new(false));
        let mirror = Mirror::open(store.clone(), config.store.snapshot_bytes_max);
        let door = AppConfig::new(
            store.clone(),
            mirror,
            clock.clone(),
            credentials.clone(),
            config.appconfig_requests_per_second,
        );
        let momento_door = Momento::new(Door {
            caches: cache_control.clone(),
            store: store.clone(),
            environment: config.environment.clone(),
            clock: clock.clone(),
            keyring: keyring.clone(),
            open: config.momento.open,
            endpoint: config.momento_endpoint(momento_address.unwrap_or(admin_address).port()),
            requests_per_second: config.momento.requests_per_second,
            cors_origins: config.momento.cors_origins.clone(),
        });
        let management_door = Management::new(management::Door {
            caches: cache_control.clone(),
            organization: config.organization.clone(),
            environment: config.environment.clone(),
            clock: clock.clone(),
            zone: config.time_zone.clone(),
            credential: operator.clone(),
        });
        let dressed = |service: Admin, address| match &certificate {
            Some(certificate) => service.with_tls(certificate.clone(), plain(config, address)),
            None => service,
        };
        let service = Admin::new(admin_address, config.listen.hosts.clone(), ready.clone())
            .with_store(store.clone(), clock.clone())
            .with_appconfig(door)
            .with_momento(momento_door.clone())
            .with_management(management_door.clone());
        let listener = socket("admin", admin)?;
        tasks.spawn(dressed(service, admin_address).serve(listener, stopped.clone()));
        if let Some(listener) = momento {
            let address = listener.address();
            let service = Admin::new(address, config.listen.hosts.clone(), ready.clone())
                .with_momento(momento_door);
            let listener = socket("momento", listener)?;
            tasks.spawn(dressed(service, address).serve(listener, stopped.clone()));
        }
        if let Some(listener) = management {
            let address = listener.address();
            let service = Admin::new(address, config.listen.hosts.clone(), ready.clone())
                .with_management(management_door);
            let listener = socket("management", listener)?;
            tasks.spawn(dressed(service, address).serve(listener, stopped.clone()));
        }
        if let Some(certificate) = certificate {
            tasks.spawn(certificate.follow(stopped.clone()));
        }
        if let Some(listener) = demo {
            tasks.spawn(demo::serve(socket("demo", listener)?, stopped.clone()));
        }
        tasks.spawn(sweep(caches, stopped.clone()));
        tasks.spawn(log_writer.run(stopped.clone()));
        let environment = config.environment.clone();
        let follower = FollowKeys { store, environment, credentials, operator, tokens, keyring };
        tasks.spawn(follower.run(stopped.clone()));
        let watch = config.deploy.watch.then_some(watch);
        tasks.spawn(follow(watch, cache_control, deployer, told, stopped));
        drop(entered);
        ready.store(true, Ordering::Release);
        let drain_timeout = Duration::from_millis(config.limits.drain_timeout_ms);
        Ok(Self {
            data,
            control,
            stop,
            tasks,
            drain_timeout,
            admin: admin_address,
            momento: momento_address,
            management: management_address,
            demo: demo_address,
            registry,
        })
    }

    /// Where API traffic is served; the port is the one that was taken.
    pub fn api_address(&self) -> SocketAddr {
        self.data.address()
    }

    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// Momento's own listener, where there is one.
    pub fn momento_address(&self) -> Option<SocketAddr> {
        self.momento
    }

    /// The management API's own listener, where there is one.
    pub fn management_address(&self) -> Option<SocketAddr> {
        self.management
    }

    /// The samples' backend, where it runs.
    pub fn demo_address(&self) -> Option<SocketAddr> {
        self.demo
    }

    /// Whether a deployed proxy takes that path now.
    pub fn serves(&self, path: &str) -> bool {
        self.registry.current().route(path).is_some()
    }

    /// Takes no more requests, lets those under way finish, and ends every thread.
    pub fn stop(mut self) {
        self.data.drain(self.drain_timeout);
        self.stop.send_replace(true);
        self.control.block_on(async { while self.tasks.join_next().await.is_some() {} });
    }

    /// Waits for an interrupt or a termination signal. `again` is called at the next one, while
    /// the gateway stops.
    pub fn wait_for_signal(&self, again: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        self.control.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            self.control.spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                again();
            });
            Ok(())
        })
    }
}

fn bind(
    listener: &'static str,
    address: SocketAddr,
    threads: NonZeroUsize,
) -> Result<Listener, StartError> {
    Listener::bind(address, threads).map_err(|source| StartError::Listen { listener, source })
}

fn socket(listener: &'static str, bound: Listener) -> Result<TcpListener, StartError> {
    let first = bound.into_sockets().into_iter().next();
    let taken = first.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound));
    taken.and_then(TcpListener::from_std).map_err(|source| StartError::Socket { listener, source })
}

/// Over a network credentials go by TLS alone, unless the operator accepts otherwise.
fn plain(config: &Config, address: SocketAddr) -> Plain {
    if config.insecure || address.ip().is_loopback() { Plain::Anywhere } else { Plain::Loopback }
}

fn data_threads(config: &Config) -> NonZeroUsize {
    NonZeroUsize::new(config.threads)
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

async fn open_store(config: &Config, clock: &Clock) -> Result<Store, StartError> {
    let settings = config.store.settings();
    Store::open(&settings, clock).await.map_err(|source| StartError::Store { source })
}

/// What tokens are judged by, made where there is nothing yet.
async fn momento_keys(store: &Store, environment: &str) -> Result<MomentoKeys, StoreError> {
    MomentoKey::of(store, environment).await?;
    MomentoKeys::stored(store, environment).await?.ok_or(StoreError::NotFound)
}

/// Takes rotated keys for the ones before.
struct FollowKeys {
    store: Store,
    environment: String,
    credentials: Arc<ArcSwap<Credentials>>,
    operator: Arc<ArcSwap<Credential>>,
    /// What the keyring is made of.
    tokens: MomentoKeys,
    keyring: Arc<ArcSwap<Keyring>>,
}

impl FollowKeys {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut revision = self.store.watch();
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                changed = revision.changed() => if changed.is_err() { return },
            }
            if let Err(error) = self.look().await {
                // Keys that were rotated away must not stay: look again, told or not.
                tracing::warn!(%error, "the keys of the doors cannot be read for a moment");
                revision.mark_changed();
            }
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(KEYS_PAUSE) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        if let Some(keys) = AppConfigKeys::stored(&self.store, &self.environment).await? {
            self.credentials.store(Arc::new(Credentials::from(&keys)));
        }
        if let Some(login) = ManagementLogin::stored(&self.store, &self.environment).await? {
            self.operator.store(Arc::new(Credential::from(&login)));
        }
        // A keyring remembers what it has verified, which is lost with it.
        if let Some(tokens) = MomentoKeys::stored(&self.store, &self.environment).await?
            && tokens != self.tokens
        {
            self.keyring.store(Arc::new(Keyring::new(tokens.clone())));
            self.tokens = tokens;
        }
        Ok(())
    }
}

fn settings(config: &Config, demo: Option<SocketAddr>) -> Settings {
    Settings {
        organization: config.organization.clone(),
        environment: config.environment.clone(),
        profile: config.profile,
        unsupported_faults: config.deploy.unsupported == Unsupported::Fault,
        lint: config.lint.clone(),
        limits: crate::bundle::Limits::default(),
        body_bytes_max: config.limits.body_bytes_max,
        zone: config.time_zone.clone(),
        demo_backend: demo.map(|address| address.to_string()),
    }
}

fn log_settings(config: &Config, refused: &[SocketAddr]) -> LogSettings {
    // The platform has these two above a proxy's folder.
    let folder = config.log_folder.join(&config.organization).join(&config.environment);
    LogSettings { folder, refused: refused.to_vec() }
}

/// Deploys what changes in the folders, and follows the caches, until the gateway stops.
async fn follow(
    mut watch: Option<Watch>,
    caches: CacheControl,
    mut deployer: Deployer,
    mut told: impl FnMut(&Report) + Send,
    mut stopped: watch::Receiver<bool>,
) {
    let mut cache_changes = caches.changes();
    // What was linked at start was linked with the caches of then.
    cache_changes.mark_changed();
    let mut missing = BTreeSet::new();
    let mut uncalled = BTreeSet::new();
    loop {
        let reports = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            changes = next(&mut watch) => {
                tokio::task::block_in_place(|| deployer.apply(&changes))
            }
            changed = cache_changes.changed() => {
                if changed.is_err() {
                    return;
                }
                let change = *cache_changes.borrow_and_update();
                let reports = tokio::task::block_in_place(|| deployer.caches_changed());
                caches.linked(change);
                reports
            }
        };
        for report in &reports {
            told(report);
        }
        let owned = |(proxy, cache): (&str, &str)| (proxy.to_owned(), cache.to_owned());
        let now: BTreeSet<_> = deployer.missing_caches().map(owned).collect();
        for (proxy, cache) in now.difference(&missing) {
            tracing::warn!(proxy, "cache `{cache}` is gone; what uses it faults until it is back");
        }
        missing = now;
        let owned = |(proxy, called): (&str, String)| (proxy.to_owned(), called);
        let now: BTreeSet<_> = deployer.missing_proxies().into_iter().map(owned).collect();
        for (proxy, called) in now.difference(&uncalled) {
            tracing::warn!(proxy, "{called} is not deployed; calls of it fault until it is");
        }
        uncalled = now;
    }
}

/// Never, where nobody watches.
async fn next(watch: &mut Option<Watch>) -> Vec<Change> {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}

async fn sweep(caches: Arc<Caches>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {
                caches.sweep(SWEEP_ENTRIES_MAX);
            }
        }
    }
}
