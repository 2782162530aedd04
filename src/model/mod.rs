//! A bundle's endpoints, flows, steps, routes and fault rules, typed and with their places.
//!
//! Source: Apigee docs, "API proxy configuration reference". Reading is tolerant where the
//! platform is: an empty element means absent, an unknown one is a finding. The `span` of
//! a flow, step, route or rule is its start tag.

mod authentication;
mod endpoint;
mod flow;
pub mod load_balancer;
mod policy_head;
pub mod properties;
pub mod property_set;
mod read;
mod ssl_info;

pub use authentication::{Authentication, Bearer};
pub use flow::condition as read_condition;
pub use load_balancer::LoadBalancer;
pub use read::{read, read_environment_policy};
pub use ssl_info::SslInfo;

use std::collections::BTreeMap;

use bytestring::ByteString;

use crate::bundle::BundleKind;
use crate::condition::Condition;
use crate::diag::Span;
use crate::xml::{Element, Text};

/// A proxy bundle or a shared-flow bundle.
#[derive(Debug)]
pub struct ApiProxy {
    pub kind: BundleKind,
    /// The manifest's name.
    pub name: Text,
    /// The manifest's revision, else 1.
    pub revision: u32,
    pub description: Option<Text>,
    pub proxy_endpoints: Vec<ProxyEndpoint>,
    pub target_endpoints: Vec<TargetEndpoint>,
    pub shared_flows: Vec<SharedFlow>,
    pub policies: Vec<PolicyHead>,
    /// Names of resource files, such as `jsc/a.js`.
    pub resources: Vec<String>,
    /// The texts of `resources/template/`, by name; what is not UTF-8 is left out.
    pub templates: BTreeMap<String, ByteString>,
    /// The values of `resources/properties/`, by `{set}.{key}`.
    pub properties: BTreeMap<String, ByteString>,
    /// Paths of XML files that could not be read, and so are missing above.
    pub unread: Vec<String>,
}

/// The head of a policy file; its body is read by its kind.
#[derive(Clone, Debug)]
pub struct PolicyHead {
    pub name: Text,
    /// The root element.
    pub kind: String,
    /// The file inside the bundle, such as `apiproxy/policies/A.xml`.
    pub file: String,
    pub enabled: bool,
    pub continue_on_error: bool,
    pub body: Element,
    /// `DisplayName` and the like, which any policy may hold and which `body` is without.
    pub shared: Vec<Element>,
}

#[derive(Debug)]
pub struct ProxyEndpoint {
    pub name: Text,
    pub file: String,
    pub span: Span,
    pub flows: Flows,
    pub post_client: Vec<Step>,
    /// Of the EventFlow, which nothing runs.
    pub event_flow: Vec<Step>,
    pub fault_rules: FaultRules,
    /// The start tag of the HTTPProxyConnection.
    pub connection: Option<Span>,
    /// `None`: nothing written; the platform takes `/`.
    pub base_path: Option<Text>,
    pub virtual_hosts: Vec<VirtualHost>,
    pub properties: Vec<Property>,
    pub route_rules: Vec<RouteRule>,
}

#[derive(Debug)]
pub struct VirtualHost {
    pub name: Text,
    /// What goes away with it.
    pub removal: Span,
}

#[derive(Debug)]
pub struct TargetEndpoint {
    pub name: Text,
    pub file: String,
    pub span: Span,
    pub flows: Flows,
    /// Of the EventFlow, which nothing runs.
    pub event_flow: Vec<Step>,
    pub fault_rules: FaultRules,
    pub connection: Connection,
    /// The HTTPTargetConnection as written, for what speaks of its parts.
    pub http_connection: Option<Element>,
    /// The Google token that its calls show.
    pub authentication: Option<Authentication>,
    pub properties: Vec<Property>,
}

/// PreFlow, the conditional flows, PostFlow: what both kinds of endpoint have.
#[derive(Debug, Default)]
pub struct Flows {
    pub pre: Option<Flow>,
    pub conditional: Vec<Flow>,
    pub post: Option<Flow>,
}

#[derive(Debug)]
pub struct Flow {
    /// `PreFlow` and `PostFlow` for those two, whatever their attribute says.
    pub name: Text,
    pub description: Option<Text>,
    pub span: Span,
    pub condition: Option<LocatedCondition>,
    pub request: Vec<Step>,
    pub response: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Step {
    /// The policy's name.
    pub name: Text,
    pub condition: Option<LocatedCondition>,
    pub span: Span,
}

/// A condition that parsed, and where its text stands.
#[derive(Clone, Debug)]
pub struct LocatedCondition {
    pub condition: Condition,
    pub text: Text,
}

#[derive(Debug)]
pub struct RouteRule {
    pub name: Text,
    pub span: Span,
    pub condition: Option<LocatedCondition>,
    pub destination: Destination,
}

#[derive(Debug)]
pub enum Destination {
    Target(Text),
    Url(Text),
    Integration(Text),
    /// A null route: nobody is called.
    Null,
}

#[derive(Debug, Default)]
pub struct FaultRules {
    /// In document order; each kind of endpoint has its own order of evaluation.
    pub rules: Vec<FaultRule>,
    pub default: Option<DefaultFaultRule>,
}

#[derive(Debug)]
pub struct FaultRule {
    pub name: Text,
    pub span: Span,
    pub condition: Option<LocatedCondition>,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct DefaultFaultRule {
    pub span: Span,
    pub condition: Option<LocatedCondition>,
    pub always_enforce: bool,
    pub steps: Vec<Step>,
}

/// A `Property` of a connection, name and text.
#[derive(Clone, Debug)]
pub struct Property {
    pub name: Text,
    /// `None` where the element is empty.
    pub value: Option<Text>,
}

/// How a TargetEndpoint reaches its backend.
#[derive(Debug)]
pub enum Connection {
    /// `HTTPTargetConnection/URL`, a message template.
    Url { url: Text, tls: Option<Box<SslInfo>> },
    /// `HTTPTargetConnection/LoadBalancer`.
    Servers(Box<LoadBalancer>),
    /// One that this gateway does not run yet: its element and place.
    Unsupported { element: &'static str, span: Span },
    /// None that can be used; reported where it was read.
    Missing,
}

#[derive(Debug)]
pub struct SharedFlow {
    pub name: Text,
    pub file: String,
    pub span: Span,
    pub steps: Vec<Step>,
}

impl Destination {
    /// What the RouteRule names; `None` for a null route.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Target(text) | Self::Url(text) | Self::Integration(text) => Some(text),
            Self::Null => None,
        }
    }
}

impl ApiProxy {
    /// Every run of steps of the bundle, in document order of its endpoints.
    pub fn step_lists(&self) -> impl Iterator<Item = &[Step]> {
        let proxies = self.proxy_endpoints.iter().flat_map(ProxyEndpoint::step_lists);
        let targets = self.target_endpoints.iter().flat_map(TargetEndpoint::step_lists);
        let shared = self.shared_flows.iter().map(|flow| flow.steps.as_slice());
        proxies.chain(targets).chain(shared)
    }

    /// Every step that can run.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.step_lists().flatten()
    }

    /// Every condition of an endpoint: of its flows, steps, rules and routes.
    pub fn conditions(&self) -> impl Iterator<Item = &LocatedCondition> {
        let proxies = self.proxy_endpoints.iter().flat_map(|endpoint| {
            let routes = endpoint.route_rules.iter().map(|rule| &rule.condition);
            endpoint.flows.conditions().chain(endpoint.fault_rules.conditions()).chain(routes)
        });
        let targets = self.target_endpoints.iter().flat_map(|endpoint| {
            endpoint.flows.conditions().chain(endpoint.fault_rules.conditions())
        });
        let steps = self.steps().map(|step| &step.condition);
        proxies.chain(targets).chain(steps).flatten()
    }

    /// Steps that are written where nothing runs them.
    pub fn idle_steps(&self) -> impl Iterator<Item = &Step> {
        let proxies = self.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.event_flow);
        proxies.chain(self.target_endpoints.iter().flat_map(|endpoint| &endpoint.event_flow))
    }
}

impl ProxyEndpoint {
    pub fn step_lists(&self) -> impl Iterator<Item = &[Step]> {
        self.flows
            .step_lists()
            .chain(self.fault_rules.step_lists())
            .chain([self.post_client.as_slice()])
    }
}

impl TargetEndpoint {
    pub fn step_lists(&self) -> impl Iterator<Item = &[Step]> {
        self.flows.step_lists().chain(self.fault_rules.step_lists())
    }
}

impl Flows {
    /// PreFlow, the conditional flows, PostFlow.
    pub fn iter(&self) -> impl Iterator<Item = &Flow> {
        self.pre.iter().chain(&self.conditional).chain(&self.post)
    }

    fn conditions(&self) -> impl Iterator<Item = &Option<LocatedCondition>> {
        self.iter().map(|flow| &flow.condition)
    }

    fn step_lists(&self) -> impl Iterator<Item = &[Step]> {
        self.iter().flat_map(|flow| [flow.request.as_slice(), flow.response.as_slice()])
    }
}

impl FaultRules {
    fn conditions(&self) -> impl Iterator<Item = &Option<LocatedCondition>> {
        let rules = self.rules.iter().map(|rule| &rule.condition);
        rules.chain(self.default.iter().map(|rule| &rule.condition))
    }

    fn step_lists(&self) -> impl Iterator<Item = &[Step]> {
        let rules = self.rules.iter().map(|rule| rule.steps.as_slice());
        rules.chain(self.default.iter().map(|rule| rule.steps.as_slice()))
    }
}

/// `policies/A.xml` is `A`: the name that a file should have inside.
pub fn file_stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".xml").unwrap_or(name)
}
