//! Targets that are other proxies, which are looked for when they are called: whichever runs in the
//! generation that the request began with.

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::model::LocalTarget;
use crate::plan::{EndpointId, Plan};
use crate::template::Template;
use crate::variable::{Bindable, Slots};
use crate::xml::Text;

const DEFAULT_ENDPOINT: &str = "default";

/// What runs in the same generation.
pub trait Deployed {
    /// A proxy's endpoint by their names.
    fn endpoint(&self, proxy: &str, endpoint: &str) -> Option<LocalRoute>;

    /// The endpoint whose base path fits best; `path` is without query.
    fn route(&self, path: &str) -> Option<LocalRoute>;
}

/// Where a request goes on.
#[derive(Clone, Debug)]
pub struct LocalRoute {
    pub plan: Arc<Plan>,
    pub endpoint: EndpointId,
    /// How many bytes of the path the base path took. By name there is no path to begin with.
    pub basepath_bytes: usize,
}

/// Whom a LocalTargetConnection names.
#[derive(Debug)]
pub enum LocalPlan {
    Endpoint { proxy: Template, endpoint: Template },
    Path(Template),
}

impl LocalPlan {
    pub(super) fn link(target: &LocalTarget, slots: &mut Slots) -> Self {
        let mut bound = |text: &Text| {
            // Its findings were reported when the bundle was read.
            let mut template = Template::parse(&text.value, text.span, &mut Diagnostics::default());
            template.bind(slots);
            template
        };
        match target {
            LocalTarget::Endpoint { proxy, endpoint } => Self::Endpoint {
                proxy: bound(proxy),
                endpoint: match endpoint {
                    Some(endpoint) => bound(endpoint),
                    None => Template::literal(DEFAULT_ENDPOINT),
                },
            },
            LocalTarget::Path(path) => Self::Path(bound(path)),
        }
    }

    /// Whom it names, where no variable says it and nobody of that name is there.
    pub fn missing(&self, deployed: &dyn Deployed) -> Option<String> {
        match self {
            Self::Endpoint { proxy, endpoint } => {
                let (proxy, endpoint) = (proxy.as_literal()?, endpoint.as_literal()?);
                let is_missing = deployed.endpoint(proxy, endpoint).is_none();
                is_missing.then(|| format!("ProxyEndpoint `{endpoint}` of proxy `{proxy}`"))
            }
            Self::Path(path) => {
                let path = path.as_literal()?.split('?').next().unwrap_or_default();
                deployed.route(path).is_none().then(|| format!("a proxy at `{path}`"))
            }
        }
    }
}
