//! Gives every name of a bundle its place.

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
use crate::policy::kind::{Linker, Next, PureStep, QuotaCounter, Step as LinkedStep};
use crate::store::cache::{Caches, NamedCache};
use crate::store::counters::CounterBackend;
use crate::store::metrics::Metrics;
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
    pub counters: &'a Arc<dyn CounterBackend>,
    pub metrics: &'a Arc<Metrics>,
    /// The zone of `TimeOfDay` and `ExpiryDate`.
    pub zone: &'a jiff::tz::TimeZone,
    /// The largest body that a step may read where its endpoint says nothing else.
    pub body_bytes_max: usize,
    /// `tollgate.demo.backend`.
    pub demo_backend: Option<&'a str>,
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
        slots: Slots::default(),
        flows: Vec::new(),
        policies: Vec::new(),
        policy_ids: HashMap::new(),
        quotas: quota_counters(&policies),
        proxy: &proxy.name.value,
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
    slots: Slots,
    flows: Vec<FlowFacts>,
    policies: Vec<PolicyPlan>,
    policy_ids: HashMap<String, PolicyId>,
    quotas: Arc<[QuotaCounter]>,
    proxy: &'a str,
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
            quotas: &self.quotas,
            proxy: self.proxy,
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
        let reads_request_late = self.reads_request_late(&flows, &fault_rules)
            || post_client.as_ref().is_some_and(|flow| self.steps_read_request(&flow.response))
            || targets
                .iter()
                .any(|target| self.reads_request_late(&target.flows, &target.fault_rules));
        ProxyPlan {
            name: ByteString::from(endpoint.name.value.as_str()),
            base_path: ByteString::from(
                endpoint.base_path.as_ref().map_or("/", |path| path.value.as_str()),
            ),
            flows,
            post_client,
            fault_rules,
            reads_request_late,
            routes: endpoint.route_rules.iter().map(|rule| self.route(rule, targets)).collect(),
            properties: ProxyProperties::read(
                &endpoint.properties,
                self.environment.body_bytes_max,
            ),
        }
    }

    /// Whether what may run after the target's answer reads the request's headers.
    fn reads_request_late(&self, flows: &FlowsPlan, rules: &FaultRulesPlan) -> bool {
        let reads = |condition: &Option<ConditionPlan>| {
            condition.as_ref().is_some_and(|condition| condition.needs.request_head)
        };
        let flows = flows.pre.iter().chain(&flows.conditional).chain(&flows.post);
        let rules = rules.rules.iter().chain(&rules.default);
        flows
            .into_iter()
            .any(|flow| reads(&flow.condition) || self.steps_read_request(&flow.response))
            || rules
                .into_iter()
                .any(|rule| reads(&rule.condition) || self.steps_read_request(&rule.steps))
    }

    fn steps_read_request(&self, steps: &[StepPlan]) -> bool {
        steps.iter().any(|step| {
            let condition = step.condition.as_ref();
            condition.is_some_and(|condition| condition.needs.request_head)
                || self
                    .policies
                    .get(step.policy.0 as usize)
                    .is_some_and(|policy| policy.needs.request_head)
        })
    }

    fn target(&mut self, target: &TargetEndpoint) -> TargetPlan {
        let url = match &target.connection {
            Connection::Url { url, .. } => Some(self.url(url)),
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
                    facts: Arc::new(target_facts("default", Some(&url))),
                    url: Some(url),
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

    fn url(&mut self, url: &Text) -> TargetUrl {
        // Its findings were reported when the bundle was read.
        let mut template = Template::parse(&url.value, url.span, &mut Diagnostics::default());
        template.bind(&mut self.slots);
        TargetUrl::new(template)
    }

    fn flow(&mut self, name: &str, description: Option<&Text>) -> FlowRef {
        self.flows.push(FlowFacts {
            name: ByteString::from(name),
            description: description.map(|text| ByteString::from(text.value.as_str())),
        });
        FlowRef(narrow(self.flows.len() - 1))
    }
}

fn quota_counters(policies: &[ReadPolicy]) -> Arc<[QuotaCounter]> {
    let quota = |policy: &ReadPolicy| {
        let shared_name = policy.uses.quota_counter.as_ref()?;
        let name = &policy.head.name.value;
        Some(QuotaCounter {
            policy: ByteString::from(name.as_str()),
            counter: ByteString::from(shared_name.as_ref().unwrap_or(name).as_str()),
        })
    };
    policies.iter().filter_map(quota).collect()
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
    quotas: &'a Arc<[QuotaCounter]>,
    proxy: &'a str,
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

    fn counters(&self) -> Arc<dyn CounterBackend> {
        self.environment.counters.clone()
    }

    fn proxy(&self) -> &str {
        self.proxy
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.environment.metrics.clone()
    }

    fn quota_counters(&self) -> Arc<[QuotaCounter]> {
        self.quotas.clone()
    }

    fn needs_message_body(&mut self) {
        self.binder.needs.message = true;
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        self.environment.zone.clone()
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
