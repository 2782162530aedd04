//! HealthMonitors: ask the servers of LoadBalancers whether they are well, as long as their plan
//! is deployed.
//!
//! Source: Apigee docs, "Load balancing across backend servers". A failed check counts as a failed
//! call does; one that succeeds brings the server back. `Unknown:` when the first one is made; it
//! is when the plan is deployed. `Unknown:` how a server is asked where `IsSSL` is not written; it
//! is as it is called.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request};
use http_body_util::Full;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use uuid::Uuid;

use crate::clock::Clock;
use crate::model::load_balancer::{HealthCheck, HttpCheck};
use crate::plan::{Plan, ServerPlan, TargetPlan};
use crate::upstream::keystore::KeyStores;
use crate::upstream::probe::{HttpProbe, Probe};
use crate::upstream::tls::{Tls, TlsError, TlsSettings};
use crate::upstream::{Scheme, TargetAddress};

/// How many servers are asked at one moment.
const PROBES_MAX: usize = 64;

/// Those of all plans that are deployed. Dropping it ends them.
pub struct Monitors {
    on: Handle,
    clock: Clock,
    /// Listeners of this gateway that are no targets.
    refused: Arc<[SocketAddr]>,
    room: Arc<Semaphore>,
    tasks: JoinSet<()>,
    running: Vec<(Arc<Plan>, Vec<AbortHandle>)>,
}

impl Monitors {
    pub fn new(on: Handle, clock: Clock, refused: &[SocketAddr]) -> Self {
        Self {
            on,
            clock,
            refused: Arc::from(refused),
            room: Arc::new(Semaphore::new(PROBES_MAX)),
            tasks: JoinSet::new(),
            running: Vec::new(),
        }
    }

    /// Begins with what is new among the plans, and ends what is not among them.
    pub(super) fn follow<'p>(&mut self, plans: impl Iterator<Item = &'p Arc<Plan>>) {
        let plans: Vec<&Arc<Plan>> = plans.collect();
        let is_deployed = |plan: &Arc<Plan>| plans.iter().any(|found| Arc::ptr_eq(found, plan));
        for (_, tasks) in self.running.extract_if(.., |(plan, _)| !is_deployed(plan)) {
            tasks.iter().for_each(AbortHandle::abort);
        }
        while self.tasks.try_join_next().is_some() {}
        for plan in plans {
            let is_running = self.running.iter().any(|(known, _)| Arc::ptr_eq(known, plan));
            if !is_running && is_monitored(plan) {
                let tasks = self.start(plan);
                self.running.push((plan.clone(), tasks));
            }
        }
    }

    fn start(&mut self, plan: &Arc<Plan>) -> Vec<AbortHandle> {
        let mut started = Vec::new();
        for (at, target) in plan.targets.iter().enumerate() {
            let Some(balancer) = target.balancer.as_ref().filter(|found| found.monitor.is_some())
            else {
                continue;
            };
            for server in 0..balancer.servers.len() {
                let watch = Watch {
                    plan: plan.clone(),
                    target: at,
                    server,
                    clock: self.clock.clone(),
                    refused: self.refused.clone(),
                    room: self.room.clone(),
                };
                started.push(self.tasks.spawn_on(watch.run(), &self.on));
            }
        }
        started
    }
}

fn is_monitored(plan: &Plan) -> bool {
    let mut balancers = plan.targets.iter().filter_map(|target| target.balancer.as_ref());
    balancers.any(|balancer| balancer.monitor.is_some())
}

/// One server of a plan.
struct Watch {
    plan: Arc<Plan>,
    target: usize,
    server: usize,
    clock: Clock,
    refused: Arc<[SocketAddr]>,
    room: Arc<Semaphore>,
}

impl Watch {
    async fn run(self) {
        let Some(target) = self.plan.targets.get(self.target) else { return };
        let Some(balancer) = &target.balancer else { return };
        let Some(server) = balancer.servers.get(self.server) else { return };
        let Some(monitor) = &balancer.monitor else { return };
        loop {
            // Held for one check, so that a server that never answers keeps no other waiting long.
            let Ok(place) = self.room.acquire().await else { return };
            let is_well = self.check(target, server, &monitor.check).await;
            drop(place);
            balancer.checked(server, is_well, self.clock.elapsed());
            tokio::time::sleep(monitor.interval).await;
        }
    }

    async fn check(&self, target: &TargetPlan, server: &ServerPlan, check: &HealthCheck) -> bool {
        let outcome = match self.probe(target, server, check) {
            Ok(probe) => probe.run().await.map_err(|unwell| unwell.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = &outcome {
            let proxy = &self.plan.facts.proxy;
            tracing::debug!(%proxy, server = %server.name, "the health check failed: {reason}");
        }
        outcome.is_ok()
    }

    fn probe<'a>(
        &'a self,
        target: &TargetPlan,
        server: &ServerPlan,
        check: &'a HealthCheck,
    ) -> Result<Probe<'a>, TlsError> {
        let refused = &*self.refused;
        let called = server.address(&target.tls.fixed());
        match check {
            HealthCheck::Tcp { connect_timeout, port } => {
                // A connection says enough; TLS is the requests' business.
                let address = TargetAddress { scheme: Scheme::Http, tls: None, ..called? };
                let address = TargetAddress { port: port.unwrap_or(address.port), ..address };
                Ok(Probe { address, connect_timeout: *connect_timeout, http: None, refused })
            }
            HealthCheck::Http(check) => {
                let address = address(called?, check)?;
                let http = HttpProbe {
                    request: self.request(server, check),
                    read_timeout: check.read_timeout,
                    success_codes: &check.success_codes,
                    success_headers: &check.success_headers,
                };
                let connect_timeout = check.connect_timeout;
                Ok(Probe { address, connect_timeout, http: Some(http), refused })
            }
        }
    }

    fn request(&self, server: &ServerPlan, check: &HttpCheck) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(check.payload.clone())));
        request.method_mut().clone_from(&check.method);
        // Reading has found it to be a path.
        *request.uri_mut() = check.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(HOST, server.host.clone());
        for (name, value) in &check.headers {
            headers.append(name.clone(), value.clone());
        }
        if check.check_id_header {
            let facts = &self.plan.facts;
            let id = Uuid::new_v4();
            let now = self.clock.epoch_ms();
            let text = format!("{}/{}/{id}/{now}", facts.organization, facts.environment);
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert("x-apigee-healthcheck-id", value);
            }
        }
        request
    }
}

/// Where a server is asked, and by which TLS.
fn address(called: TargetAddress, check: &HttpCheck) -> Result<TargetAddress, TlsError> {
    let port = check.port.unwrap_or(called.port);
    let scheme = match check.is_ssl {
        _ if check.use_server_tls => called.scheme,
        Some(true) => Scheme::Https,
        Some(false) => Scheme::Http,
        None => called.scheme,
    };
    let tls = match scheme {
        Scheme::Http => None,
        Scheme::Https if check.trust_all_ssl && !check.use_server_tls => {
            let settings = TlsSettings { ignore_validation_errors: true, ..TlsSettings::default() };
            Some(Tls::new(&settings, &KeyStores::default())?)
        }
        Scheme::Https => called.tls.clone(),
    };
    Ok(TargetAddress { scheme, port, tls, ..called })
}

#[cfg(test)]
mod tests;
