//! Which target server a call goes to, and which ones are out.
//!
//! Source: Apigee docs, "Load balancing across backend servers". `Unknown:` whether a call that
//! was tried on every other server goes to the fallback too; it does. A server that failed
//! `MaxFailures` times on end is out until its HealthMonitor finds it well, or for
//! `TargetDisableSecs`. What is counted here is counted anew with each generation.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use bytestring::ByteString;
use http::{HeaderValue, StatusCode};

use crate::diag::Diagnostics;
use crate::message::header_text;
use crate::model::LoadBalancer;
use crate::model::load_balancer::{Algorithm, HealthMonitor};
use crate::plan::{TlsChoice, TlsPlan};
use crate::template::Template;
use crate::upstream::target_server::Targets;
use crate::upstream::tls::{Tls, TlsError, TlsSettings};
use crate::upstream::{Scheme, TargetAddress};
use crate::variable::{Bindable, Slots};

/// In rotation.
const IN: i64 = i64::MIN;
/// Out until a HealthMonitor says otherwise.
const OUT: i64 = i64::MAX;

#[derive(Debug)]
pub struct BalancerPlan {
    /// Those that the environment has and that are enabled.
    pub servers: Vec<ServerPlan>,
    pub unhealthy: Vec<StatusCode>,
    pub retry: bool,
    /// `HTTPTargetConnection/Path`.
    pub path: Option<Template>,
    pub monitor: Option<HealthMonitor>,
    algorithm: Algorithm,
    /// 0: never out.
    max_failures: u32,
    disabled_for: Duration,
    turn: AtomicUsize,
}

#[derive(Debug)]
pub struct ServerPlan {
    pub name: ByteString,
    pub is_fallback: bool,
    /// The Host field.
    pub host: HeaderValue,
    address: TargetAddress,
    tls: ServerWay,
    weight: u32,
    /// On end.
    failures: AtomicU32,
    /// In the clock's elapsed milliseconds; [`IN`] and [`OUT`] for always.
    out_until: AtomicI64,
    /// Calls under way, counted where the algorithm asks.
    active: Arc<AtomicUsize>,
}

/// How a server is reached.
#[derive(Debug)]
enum ServerWay {
    /// It says so itself.
    Plain,
    Tls(Result<Tls, TlsError>),
    /// As the endpoint says.
    Endpoint,
}

/// A call under way. Dropping it ends the call for [`Algorithm::LeastConnections`].
#[derive(Debug)]
pub struct Active(Arc<AtomicUsize>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl BalancerPlan {
    pub(super) fn link(
        balancer: &LoadBalancer,
        resumption: bool,
        targets: &Targets,
        slots: &mut Slots,
    ) -> Self {
        let servers = balancer.servers.iter().filter_map(|named| {
            let server = targets.servers.get(&named.name.value)?;
            if !server.is_enabled || !named.is_enabled {
                return None;
            }
            let tls = match &server.tls {
                None => ServerWay::Endpoint,
                Some(tls) if tls.enabled => {
                    let settings = TlsSettings { resumption, ..tls.settings.clone() };
                    ServerWay::Tls(Tls::new(&settings, &targets.stores))
                }
                Some(_) => ServerWay::Plain,
            };
            let (host, port) = (server.host.clone(), server.port);
            let shown = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
            let default = [Scheme::Http, Scheme::Https].iter().any(|s| s.default_port() == port);
            let shown = if default { shown } else { format!("{shown}:{port}") };
            Some(ServerPlan {
                name: ByteString::from(named.name.value.as_str()),
                is_fallback: named.is_fallback,
                host: header_text(&shown),
                address: TargetAddress { scheme: Scheme::Http, host, port, tls: None },
                tls,
                weight: named.weight,
                failures: AtomicU32::new(0),
                out_until: AtomicI64::new(IN),
                active: Arc::default(),
            })
        });
        let path = balancer.path.as_ref().map(|path| {
            let mut template = Template::parse(&path.value, path.span, &mut Diagnostics::default());
            template.bind(slots);
            template
        });
        Self {
            servers: servers.collect(),
            unhealthy: balancer.unhealthy.clone(),
            retry: balancer.retry_enabled,
            path,
            // It counts failures, which nobody counts without a bound.
            monitor: balancer.monitor.clone().filter(|_| balancer.max_failures > 0),
            algorithm: balancer.algorithm,
            max_failures: balancer.max_failures,
            disabled_for: balancer.disabled_for,
            turn: AtomicUsize::new(0),
        }
    }

    /// The server that the next call goes to, which is none of `failed`; `None` where none is left.
    pub fn choose(&self, now: Duration, failed: &[usize]) -> Option<usize> {
        let now = millis(now);
        let usable = |at: usize, server: &ServerPlan| {
            server.out_until.load(Ordering::Relaxed) <= now && !failed.contains(&at)
        };
        let all = || self.servers.iter().enumerate();
        let main = || all().filter(|(at, server)| !server.is_fallback && usable(*at, server));
        let count = main().count();
        if count == 0 {
            let mut fallback =
                all().filter(|(at, server)| server.is_fallback && usable(*at, server));
            return fallback.next().map(|(at, _)| at);
        }
        // Another try of a call takes no turn from the next one.
        let turn = match failed {
            [] => self.turn.fetch_add(1, Ordering::Relaxed),
            _ => self.turn.load(Ordering::Relaxed),
        };
        let chosen = match self.algorithm {
            Algorithm::RoundRobin => None,
            Algorithm::Weighted => {
                let total: u64 = main().map(|(_, server)| u64::from(server.weight)).sum();
                let mut place = (turn as u64).checked_rem(total);
                main().find(|(_, server)| match &mut place {
                    Some(left) if *left >= u64::from(server.weight) => {
                        *left -= u64::from(server.weight);
                        false
                    }
                    Some(_) => true,
                    // None has a weight.
                    None => false,
                })
            }
            Algorithm::LeastConnections => {
                let start = turn % count;
                let from = main().skip(start).chain(main().take(start));
                from.min_by_key(|(_, server)| server.active.load(Ordering::Relaxed))
            }
        };
        chosen.or_else(|| main().nth(turn % count)).map(|(at, _)| at)
    }

    /// Counts a call, where the algorithm asks for it.
    pub fn begin(&self, server: &ServerPlan) -> Option<Active> {
        (self.algorithm == Algorithm::LeastConnections).then(|| {
            server.active.fetch_add(1, Ordering::Relaxed);
            Active(server.active.clone())
        })
    }

    pub fn succeeded(&self, server: &ServerPlan) {
        // Most calls succeed: the line that all threads share stays as it is.
        if server.failures.load(Ordering::Relaxed) != 0 {
            server.failures.store(0, Ordering::Relaxed);
        }
    }

    pub fn failed(&self, server: &ServerPlan, now: Duration) {
        if self.max_failures == 0 {
            return;
        }
        let failures = server.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= self.max_failures {
            let until = match self.monitor {
                Some(_) => OUT,
                None => millis(now.saturating_add(self.disabled_for)),
            };
            server.out_until.store(until, Ordering::Relaxed);
            server.failures.store(0, Ordering::Relaxed);
        }
    }

    /// What a HealthMonitor found.
    pub fn checked(&self, server: &ServerPlan, is_healthy: bool, now: Duration) {
        if is_healthy {
            server.failures.store(0, Ordering::Relaxed);
            server.out_until.store(IN, Ordering::Relaxed);
        } else {
            self.failed(server, now);
        }
    }
}

impl ServerPlan {
    /// Where the server is, and by which TLS it is reached.
    pub fn address(&self, endpoint: &TlsChoice) -> Result<TargetAddress, TlsError> {
        let tls = match (&self.tls, endpoint) {
            (ServerWay::Plain, _) | (ServerWay::Endpoint, TlsChoice::Off(_)) => {
                return Ok(self.address.clone());
            }
            (ServerWay::Tls(made), _) | (ServerWay::Endpoint, TlsChoice::On(made)) => {
                made.clone()?
            }
        };
        Ok(TargetAddress { scheme: Scheme::Https, tls: Some(tls), ..self.address.clone() })
    }

    /// As far as it is known before a call.
    pub fn scheme(&self, endpoint: &TlsPlan) -> Scheme {
        match (&self.tls, endpoint) {
            (ServerWay::Plain, _) | (ServerWay::Endpoint, TlsPlan::Off(_)) => Scheme::Http,
            (ServerWay::Tls(_), _) | (ServerWay::Endpoint, _) => Scheme::Https,
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(OUT - 1)
}

#[cfg(test)]
mod tests;
