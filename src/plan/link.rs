//! Gives every name of a bundle its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use hashbrown::HashMap;

use crate::diag::Diagnostics;
use crate::message::{Facts, Fault, FlowFacts, FlowRef, MessageContext, TargetFacts};
use crate::model::{
    ApiProxy, Connection, DefaultFaultRule, Destination, FaultRule, FaultRules, Flow, Flows,
    LocatedCondition, ProxyEndpoint, RouteRule, Step, TargetEndpoint,
};
use crate::plan::{
    ConditionPlan, DestinationPlan, FaultRulePlan, FaultRulesPlan, FlowPlan, FlowsPlan, Needs,
    Plan, PolicyId, PolicyPlan, ProxyPlan, ProxyProperties, RoutePlan, StepPlan, TargetId,
    TargetPlan, TargetProperties, TargetUrl,
};
use crate::policy::ReadPolicy;
use crate::policy::kind::{Linker, Next, PureStep, Revisions, Step as LinkedStep};
use crate::store::cache::{Caches, NamedCache};
use crate::template::Template;
use crate::upstream::Scheme;
use crate::variable::{Bind, Bindable, Part, Place, Role, Slot, Slots, VarId, VarRef};
use crate::xml::Text;

/// Raised where a step reaches a policy whose type this gateway does not run yet and
/// `[deploy] unsupported = "fault"` let it deploy.
const NOT_SUPPORTED: &str = "steps.unsupported.PolicyNotSupported";

/// What a plan is linked against.
pub struct LinkEnvironment<'a> {
    pub organization: &'a str,
    pub environment: &'a str,
    pub caches: &'a Caches,
    /// The zone of `TimeOfDay` and `ExpiryDate`.
    pub zone: &'a jiff::tz::TimeZone,
    /// The largest body that a step may read where its endpoint says nothing else.
    pub body_bytes_max: usize,
    /// `tollgate.demo.backend`.
    pub demo_backend: Option<&'a str>,
    /// What else is deployed, for policies that name another proxy.
    pub revisions: Option<Arc<dyn Revisions>>,
}

/// Links a bundle that lint found fit to run. `policies` are the bundle's own, then those of
/// the environment that its steps name; the first of a name counts.
pub fn link(
    proxy: &ApiProxy,
    policies: Vec<ReadPolicy>,
    environment: &LinkEnvironment<'_>,
) -> Plan {
    let mut linking = Linking {
        environment,
        templates: &proxy.templates,
        slots: Slots::default(),
        flows: Vec::new(),
        policies: Vec::new(),
        policy_ids: HashMap::new(),
    };
    for read in policies {
        linking.policy(read);
    }
    let targets: Vec<TargetPlan> =
        proxy.target_endpoints.iter().map(|target| linking.target(target)).collect();
    let endpoints =
        proxy.proxy_endpoints.iter().map(|endpoint| linking.endpoint(endpoint, &targets)).collect();
    let facts = Facts {
        organization: ByteString::from(environment.organization),
        environment: ByteString::from(environment.environment),
        proxy: ByteString::from(proxy.name.value.as_str()),
        revision: ByteString::from(proxy.revision.to_string()),
        deployment_basepath: ByteString::from_static("/"),
        demo_backend: environment.demo_backend.map(ByteString::from),
        flows: linking.flows,
        slots: linking.slots,
    };
    Plan { facts: Arc::new(facts), endpoints, targets, policies: linking.policies }
}

struct Linking<'a> {
    environment: &'a LinkEnvironment<'a>,
    templates: &'a BTreeMap<String, ByteString>,
    slots: Slots,
    flows: Vec<FlowFacts>,
    policies: Vec<PolicyPlan>,
    policy_ids: HashMap<String, PolicyId>,
}

impl Linking<'_> {
    fn policy(&mut self, read: ReadPolicy) {
        let name = read.head.name.value.clone();
        if self.policy_ids.contains_key(&name) {
            return;
        }
        let mut linker = PolicyLinker {
            policy: &name,
            environment: self.environment,
            templates: self.templates,
            binder: Binder { slots: &mut self.slots, needs: Needs::default() },
        };
        let failed = match read.kind {
            Some(kind) => [
                linker.output(&format!("{}.{name}.failed", kind.failed_prefix)),
                linker.output(&format!("{}.failed", kind.failed_prefix)),
            ],
            None => [None, None],
        };
        let step = match read.policy {
            Some(policy) => policy.link(&mut linker),
            None => LinkedStep::Pure(Box::new(Unsupported { kind: read.head.kind.clone() })),
        };
        let needs = linker.binder.needs;
        let id = PolicyId(narrow(self.policies.len()));
        self.policies.push(PolicyPlan {
            name: ByteString::from(name.as_str()),
            enabled: read.head.enabled,
            continue_on_error: read.head.continue_on_error,
            step,
            needs,
            failed,
        });
        self.policy_ids.insert(name, id);
    }

    fn endpoint(&mut self, endpoint: &ProxyEndpoint, targets: &[TargetPlan]) -> ProxyPlan {
        let post_client = (!endpoint.post_client.is_empty()).then(|| FlowPlan {
            flow: self.flow("PostClientFlow", None),
            condition: None,
            request: Vec::new(),
            response: self.steps(&endpoint.post_client),
        });
        let mut fault_rules = self.fault_rules(&endpoint.fault_rules);
        fault_rules.rules.reverse();
        let flows = self.flows(&endpoint.flows);
        let post_client_needs =
            post_client.as_ref().map_or_else(Needs::default, |flow| self.needs_of(&flow.response));
        let mut late = self.needs_after_target(&flows, &fault_rules).and(post_client_needs);
        for target in targets {
            late = late.and(self.needs_after_target(&target.flows, &target.fault_rules));
        }
        ProxyPlan {
            name: ByteString::from(endpoint.name.value.as_str()),
            base_path: ByteString::from(
                endpoint.base_path.as_ref().map_or("/", |path| path.value.as_str()),
            ),
            flows,
            post_client,
            fault_rules,
            late,
            post_client_needs,
            routes: endpoint.route_rules.iter().map(|rule| self.route(rule, targets)).collect(),
            properties: ProxyProperties::read(
                &endpoint.properties,
                self.environment.body_bytes_max,
            ),
        }
    }

    /// What is read by whatever may run after the request has gone to the target.
    fn needs_after_target(&self, flows: &FlowsPlan, rules: &FaultRulesPlan) -> Needs {
        let mut needs = Needs::default();
        for flow in flows.pre.iter().chain(&flows.conditional).chain(&flows.post) {
            needs = needs.and(condition_needs(flow.condition.as_ref()));
            needs = needs.and(self.needs_of(&flow.response));
        }
        for rule in rules.rules.iter().chain(&rules.default) {
            needs = needs.and(condition_needs(rule.condition.as_ref()));
            needs = needs.and(self.needs_of(&rule.steps));
        }
        needs
    }

    fn needs_of(&self, steps: &[StepPlan]) -> Needs {
        steps.iter().fold(Needs::default(), |needs, step| {
            let policy = self.policies.get(step.policy.0 as usize);
            needs
                .and(condition_needs(step.condition.as_ref()))
                .and(policy.map_or_else(Needs::default, |policy| policy.needs))
        })
    }

    fn target(&mut self, target: &TargetEndpoint) -> TargetPlan {
        let url = match &target.connection {
            Connection::Url { url, .. } => self.url(url),
            Connection::Unsupported { .. } | Connection::Missing => None,
        };
        TargetPlan {
            facts: Arc::new(target_facts(&target.name.value, url.as_ref())),
            url,
            flows: self.flows(&target.flows),
            fault_rules: self.fault_rules(&target.fault_rules),
            properties: TargetProperties::read(&target.properties, self.environment.body_bytes_max),
        }
    }

    fn route(&mut self, rule: &RouteRule, targets: &[TargetPlan]) -> RoutePlan {
        let destination = match &rule.destination {
            Destination::Target(name) => {
                let found = targets.iter().position(|target| *target.facts.name == *name.value);
                // Lint refuses an unknown target, so the position is there.
                DestinationPlan::Target(TargetId(found.map_or(u32::MAX, narrow)))
            }
            Destination::Url(url) => {
                let url = self.url(url);
                DestinationPlan::Url(Box::new(TargetPlan {
                    facts: Arc::new(target_facts("default", url.as_ref())),
                    url,
                    flows: FlowsPlan::default(),
                    fault_rules: FaultRulesPlan::default(),
                    properties: TargetProperties::read(&[], self.environment.body_bytes_max),
                }))
            }
            Destination::Integration(_) => DestinationPlan::Target(TargetId(u32::MAX)),
            Destination::Null => DestinationPlan::Null,
        };
        RoutePlan {
            name: ByteString::from(rule.name.value.as_str()),
            condition: self.condition(rule.condition.as_ref()),
            destination,
        }
    }

    fn flows(&mut self, flows: &Flows) -> FlowsPlan {
        FlowsPlan {
            pre: flows.pre.as_ref().map(|flow| self.flow_plan(flow)),
            conditional: flows.conditional.iter().map(|flow| self.flow_plan(flow)).collect(),
            post: flows.post.as_ref().map(|flow| self.flow_plan(flow)),
        }
    }

    fn flow_plan(&mut self, flow: &Flow) -> FlowPlan {
        FlowPlan {
            flow: self.flow(&flow.name.value, flow.description.as_ref()),
            condition: self.condition(flow.condition.as_ref()),
            request: self.steps(&flow.request),
            response: self.steps(&flow.response),
        }
    }

    fn fault_rules(&mut self, rules: &FaultRules) -> FaultRulesPlan {
        FaultRulesPlan {
            rules: rules.rules.iter().map(|rule| self.fault_rule(rule)).collect(),
            always_enforce: rules.default.as_ref().is_some_and(|rule| rule.always_enforce),
            default: rules.default.as_ref().map(|rule| self.default_fault_rule(rule)),
        }
    }

    fn fault_rule(&mut self, rule: &FaultRule) -> FaultRulePlan {
        FaultRulePlan {
            flow: self.flow(&rule.name.value, None),
            condition: self.condition(rule.condition.as_ref()),
            steps: self.steps(&rule.steps),
        }
    }

    fn default_fault_rule(&mut self, rule: &DefaultFaultRule) -> FaultRulePlan {
        FaultRulePlan {
            flow: self.flow("DefaultFaultRule", None),
            condition: self.condition(rule.condition.as_ref()),
            steps: self.steps(&rule.steps),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Vec<StepPlan> {
        // A step whose policy is not there was refused by lint; a plan holds only those that
        // can run.
        steps
            .iter()
            .filter_map(|step| {
                let policy = *self.policy_ids.get(&step.name.value)?;
                Some(StepPlan { policy, condition: self.condition(step.condition.as_ref()) })
            })
            .collect()
    }

    fn condition(&mut self, located: Option<&LocatedCondition>) -> Option<ConditionPlan> {
        let mut condition = located?.condition.clone();
        let mut binder = Binder { slots: &mut self.slots, needs: Needs::default() };
        condition.bind(&mut binder);
        let needs = binder.needs;
        Some(ConditionPlan { condition, needs })
    }

    /// `None` for a template that this gateway cannot render: calling the target faults.
    fn url(&mut self, url: &Text) -> Option<TargetUrl> {
        // Its findings were reported when the bundle was read.
        let mut template = Template::parse(&url.value, url.span, &mut Diagnostics::default());
        if template.unsupported().is_some() {
            return None;
        }
        template.bind(&mut self.slots);
        Some(TargetUrl::new(template))
    }

    fn flow(&mut self, name: &str, description: Option<&Text>) -> FlowRef {
        self.flows.push(FlowFacts {
            name: ByteString::from(name),
            description: description.map(|text| ByteString::from(text.value.as_str())),
        });
        FlowRef(narrow(self.flows.len() - 1))
    }
}

fn condition_needs(condition: Option<&ConditionPlan>) -> Needs {
    condition.map_or_else(Needs::default, |condition| condition.needs)
}

fn target_facts(name: &str, url: Option<&TargetUrl>) -> TargetFacts {
    let fixed = match url {
        Some(TargetUrl::Fixed(parsed)) => Some(parsed),
        Some(TargetUrl::Template(_)) | None => None,
    };
    let path = fixed.map(|parsed| parsed.uri.path()).filter(|path| !matches!(*path, "" | "/"));
    let scheme = fixed.map_or(Scheme::Http, |parsed| parsed.address.scheme);
    TargetFacts {
        name: ByteString::from(name),
        basepath: path.map(ByteString::from),
        url: fixed.map(|parsed| ByteString::from(parsed.uri.to_string())),
        scheme: ByteString::from_static(scheme.as_str()),
    }
}

/// Numbers variables and notes which bodies they stand in.
struct Binder<'a> {
    slots: &'a mut Slots,
    needs: Needs,
}

impl Bind for Binder<'_> {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.slots.bind(variable);
        match variable.place() {
            Place::Message(role, part) => self.needs.add(*role, part),
            Place::Fixed(
                VarId::ClientResolvedIp | VarId::ProxyClientIp | VarId::VirtualhostAliases,
            ) => self.needs.request_head = true,
            Place::Fixed(_) | Place::Slot(_) | Place::SlotPart { .. } | Place::Named => {}
        }
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.slots.bind_output(variable);
        // Writing one form parameter edits the body that is there.
        if let Place::Message(role, part @ Part::FormParam(..)) = variable.place() {
            self.needs.add(*role, part);
        }
    }
}

impl Needs {
    /// What either of the two needs.
    fn and(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            response: self.response || other.response,
            message: self.message || other.message,
            error: self.error || other.error,
            request_head: self.request_head || other.request_head,
        }
    }

    fn add(&mut self, role: Role, part: &Part) {
        self.request_head |= matches!(role, Role::Request);
        if !part.needs_body() {
            return;
        }
        match role {
            Role::Request => self.request = true,
            Role::Response => self.response = true,
            Role::Message => self.message = true,
            Role::Error => self.error = true,
        }
    }
}

struct PolicyLinker<'a, 's> {
    policy: &'a str,
    environment: &'a LinkEnvironment<'a>,
    templates: &'a BTreeMap<String, ByteString>,
    binder: Binder<'s>,
}

impl Bind for PolicyLinker<'_, '_> {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.binder.bind_variable(variable);
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.binder.bind_output(variable);
    }
}

impl Linker for PolicyLinker<'_, '_> {
    fn policy(&self) -> &str {
        self.policy
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        let mut variable = VarRef::parse(name);
        self.binder.slots.bind_output(&mut variable);
        match variable.place() {
            Place::Slot(slot) | Place::SlotPart { whole: slot, .. } => Some(*slot),
            Place::Fixed(_) | Place::Message(..) | Place::Named => None,
        }
    }

    fn cache(&mut self, resource: Option<&str>) -> Option<Arc<NamedCache>> {
        let caches = self.environment.caches;
        match resource {
            None => Some(caches.shared()),
            // Under profile x a cache comes into being when a policy uses it; where the name
            // or the number of caches forbids it, the step faults as for a missing one.
            Some(name) => caches.get(name).or_else(|| caches.get_or_create(name).ok()),
        }
    }

    fn needs_message_body(&mut self) {
        self.binder.needs.message = true;
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        self.environment.zone.clone()
    }

    fn resource(&self, url: &str) -> Option<ByteString> {
        self.templates.get(url.strip_prefix("template://")?).cloned()
    }

    fn revisions(&self) -> Option<Arc<dyn Revisions>> {
        self.environment.revisions.clone()
    }
}

/// What stands where a policy's type is not built yet.
struct Unsupported {
    kind: String,
}

impl PureStep for Unsupported {
    fn run(&self, _cx: &mut MessageContext) -> Result<Next, Fault> {
        Err(Fault::new(NOT_SUPPORTED, format!("Policy type {} is not supported", self.kind)))
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
