//! Everything that runs at one moment, swapped as a whole.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use bytestring::ByteString;
use hashbrown::HashMap;

use crate::deploy::router::Router;
use crate::plan::{Deployed, EndpointId, LocalRoute, Plan};
use crate::policy::kind::Revisions;

/// The plans of all deployed proxies and the way to them. Immutable: a request keeps the one
/// that it began with.
#[derive(Debug, Default)]
pub struct Generation {
    router: Router<Target>,
    /// By proxy name.
    plans: HashMap<ByteString, Arc<Plan>>,
    number: u64,
}

#[derive(Debug)]
struct Target {
    plan: Arc<Plan>,
    endpoint: EndpointId,
}

/// Where a path leads.
#[derive(Debug)]
pub struct Route<'a> {
    pub plan: &'a Arc<Plan>,
    pub endpoint: EndpointId,
    /// How many bytes of the path the base path took.
    pub basepath_bytes: usize,
}

impl Generation {
    /// Of plans whose base paths lint found to be free of conflicts.
    pub fn new(number: u64, plans: impl IntoIterator<Item = Arc<Plan>>) -> Self {
        let mut router = Router::default();
        let mut by_name = HashMap::new();
        for plan in plans {
            by_name.insert(plan.facts.proxy.clone(), plan.clone());
            for (index, endpoint) in plan.endpoints.iter().enumerate() {
                let id = EndpointId(u32::try_from(index).unwrap_or(u32::MAX));
                let base_path = endpoint.base_path.clone();
                router.insert(&base_path, Target { plan: plan.clone(), endpoint: id });
            }
        }
        Self { router, plans: by_name, number }
    }

    /// The endpoint whose base path fits best; `path` is without query.
    pub fn route(&self, path: &str) -> Option<Route<'_>> {
        let found = self.router.find(path)?;
        Some(Route {
            plan: &found.value.plan,
            endpoint: found.value.endpoint,
            basepath_bytes: found.bytes,
        })
    }

    /// Counts from 0, the empty generation before the first deployment.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Deployed for Generation {
    fn endpoint(&self, proxy: &str, endpoint: &str) -> Option<LocalRoute> {
        let plan = self.plans.get(proxy)?;
        let at = plan.endpoints.iter().position(|found| found.name == endpoint)?;
        let endpoint = EndpointId(u32::try_from(at).ok()?);
        Some(LocalRoute { plan: plan.clone(), endpoint, basepath_bytes: 0 })
    }

    fn route(&self, path: &str) -> Option<LocalRoute> {
        let Route { plan, endpoint, basepath_bytes } = Generation::route(self, path)?;
        Some(LocalRoute { plan: plan.clone(), endpoint, basepath_bytes })
    }
}

/// The generation that new requests begin with.
#[derive(Debug, Default)]
pub struct Registry {
    current: ArcSwap<Generation>,
}

impl Registry {
    pub fn current(&self) -> arc_swap::Guard<Arc<Generation>> {
        self.current.load()
    }

    pub fn publish(&self, generation: Generation) {
        self.current.store(Arc::new(generation));
    }
}

/// What the plans of a registry know of each other. The registry holds the plans, so that
/// they hold it weakly.
#[derive(Debug)]
pub(super) struct DeployedRevisions(pub(super) Weak<Registry>);

impl Revisions for DeployedRevisions {
    fn deployed(&self, proxy: &str) -> Option<ByteString> {
        Some(self.0.upgrade()?.current().plans.get(proxy)?.facts.revision.clone())
    }
}
