//! Gives every name of a bundle its place.

mod linker;
mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytestring::ByteString;
use hashbrown::HashMap;

use crate::diag::Diagnostics;
use crate::message::faults::POLICY_NOT_SUPPORTED;
use crate::message::{Facts, Fault, FlowFacts, FlowRef, MessageContext, TargetFacts};
use crate::model::{
    ApiProxy, Authentication, Bearer, Connection, DefaultFaultRule, Destination, FaultRule,
    FaultRules, Flow, Flows, LocatedCondition, PolicyHead, ProxyEndpoint, RouteRule, Step,
    TargetEndpoint,
};
use crate::plan::balancer::BalancerPlan;
use crate::plan::landing::landings;
use crate::plan::link::linker::{Binder, PolicyLinker, output};
use crate::plan::link::needs::NeedsOf;
use crate::plan::property_sets::PropertySets;
use crate::plan::{
    ConditionPlan, DestinationPlan, FaultRulePlan, FaultRulesPlan, FlowHook, FlowPlan, FlowsPlan,
    HookPlan, HookPoint, Hooks, Needs, Plan, PolicyId, PolicyPlan, ProxyPlan, ProxyProperties,
    RoutePlan, SharedFlowPlan, StepPlan, TargetId, TargetPlan, TargetProperties, TargetUrl,
    TlsPlan,
};
use crate::policy::kind::{
    CacheAccess, Linker, Next, PureStep, QuotaCounter, Revisions, SharedFlowId, Step as LinkedStep,
};
use crate::policy::{self, ReadPolicy};
use crate::profile::Profile;
use crate::store::cache::{Caches, NamedCache};
use crate::store::counters::CounterBackend;
use crate::store::kvm::Maps;
use crate::store::logs::Logs;
use crate::store::metrics::Metrics;
use crate::template::Template;
use crate::upstream::Scheme;
use crate::upstream::google::GoogleTokens;
use crate::upstream::target_server::Targets;
use crate::variable::{Bindable, Slots};
use crate::xml::Text;

/// What a plan is linked against.
pub struct LinkEnvironment<'a> {
    pub organization: &'a str,
    pub environment: &'a str,
    pub caches: &'a Caches,
    pub counters: &'a Arc<dyn CounterBackend>,
    pub metrics: &'a Arc<Metrics>,
    pub maps: &'a Maps,
    pub profile: Profile,
    pub logs: &'a Arc<Logs>,
    /// The zone of `TimeOfDay` and `ExpiryDate`.
    pub zone: &'a jiff::tz::TimeZone,
    /// The largest body that a step may read where its endpoint says nothing else.
    pub body_bytes_max: usize,
    /// `tollgate.demo.backend`.
    pub demo_backend: Option<&'a str>,
    /// What else is deployed, for policies that name another proxy.
    pub revisions: Option<Arc<dyn Revisions>>,
    /// The environment's own policies by name.
    pub policies: BTreeMap<&'a str, &'a PolicyHead>,
    /// The deployed shared flows by name.
    pub shared_flows: BTreeMap<&'a str, &'a ApiProxy>,
    pub hooks: &'a Hooks<FlowHook>,
    pub targets: &'a Targets,
    /// Of the environment's account.
    pub google: &'a Arc<GoogleTokens>,
}

impl LinkEnvironment<'_> {
    /// Apigee Edge has no tokens.
    fn google(&self) -> Option<Arc<GoogleTokens>> {
        (self.profile == Profile::X).then(|| self.google.clone())
    }
}

/// A plan, and what of the environment it was linked with.
pub struct Linked {
    pub plan: Plan,
    pub used: Used,
}

/// Names whose change links the proxy anew.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// With what was found under them.
    pub caches: BTreeMap<String, Option<Arc<NamedCache>>>,
    pub policies: BTreeSet<String>,
    /// Those that are not there too.
    pub shared_flows: BTreeSet<String>,
    pub target_servers: BTreeSet<String>,
}

/// Links a bundle that lint found fit to run. `own` are the bundle's policies; those of the
/// environment that its steps name are read here.
pub fn link(proxy: &ApiProxy, own: Vec<ReadPolicy>, environment: &LinkEnvironment<'_>) -> Linked {
    let mut linking = Linking {
        environment,
        templates: &proxy.templates,
        slots: Slots::default(),
        flows: Vec::new(),
        policies: Vec::new(),
        policy_ids: HashMap::new(),
        answering: Vec::new(),
        shared: SharedFlows::default(),
        used: Used::default(),
        quotas: Vec::new(),
        proxy: &proxy.name.value,
        revision: proxy.revision,
        properties: PropertySets {
            own: proxy.properties.clone(),
            shared: environment.maps.properties().into(),
        },
    };
    linking.all_policies(proxy, own);
    let targets: Vec<TargetPlan> =
        proxy.target_endpoints.iter().map(|target| linking.target(target)).collect();
    let drafts: Vec<ProxyDraft> =
        proxy.proxy_endpoints.iter().map(|endpoint| linking.draft(endpoint)).collect();
    let hooks = environment.hooks.map(|at, hook| linking.hook(at, hook));
    let shared_flows = linking.shared_flows();
    let needs = NeedsOf { policies: &linking.policies, shared_flows: &shared_flows };
    let drafts: Vec<_> = drafts
        .into_iter()
        .map(|draft| {
            let post_client = draft.post_client.as_ref();
            let post_client_needs =
                post_client.map_or_else(Needs::default, |flow| needs.of(&flow.response, 0));
            let mut late =
                needs.after_target(&draft.flows, &draft.fault_rules).and(post_client_needs);
            for target in &targets {
                late = late.and(needs.after_target(&target.flows, &target.fault_rules));
            }
            for hook in [&hooks.post_target, &hooks.post_proxy].into_iter().flatten() {
                late = late.and(needs.of_shared_flow(hook.flow, 0));
            }
            (draft, late, post_client_needs)
        })
        .collect();
    let endpoints = proxy
        .proxy_endpoints
        .iter()
        .zip(drafts)
        .map(|(endpoint, (draft, late, post_client_needs))| {
            linking.endpoint(endpoint, draft, late, post_client_needs, &targets)
        })
        .collect();
    let facts = Facts {
        organization: ByteString::from(environment.organization),
        environment: ByteString::from(environment.environment),
        proxy: ByteString::from(proxy.name.value.as_str()),
        revision: ByteString::from(proxy.revision.to_string()),
        deployment_basepath: ByteString::from_static("/"),
        demo_backend: environment.demo_backend.map(ByteString::from),
        flows: linking.flows,
        slots: linking.slots,
        properties: Some(Arc::new(linking.properties)),
    };
    let policies = linking.policies;
    let plan = Plan { facts: Arc::new(facts), endpoints, targets, policies, shared_flows, hooks };
    Linked { plan, used: linking.used }
}

/// The parts of a ProxyEndpoint that hold steps.
struct ProxyDraft {
    flows: FlowsPlan,
    post_client: Option<FlowPlan>,
    fault_rules: FaultRulesPlan,
}

/// The shared flows that policies named, by the order in which they were.
#[derive(Default)]
struct SharedFlows {
    names: Vec<String>,
}

/// The variables that say which shared flow runs, and for which hook.
const RUNNING: &str = "apigee.edge.sharedflow.name";
const HOOK: &str = "apigee.edge.flowhook.name";

impl SharedFlows {
    fn id(&mut self, name: &str) -> SharedFlowId {
        let known = self.names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        SharedFlowId(narrow(index))
    }
}

struct Linking<'a> {
    environment: &'a LinkEnvironment<'a>,
    templates: &'a BTreeMap<String, ByteString>,
    slots: Slots,
    flows: Vec<FlowFacts>,
    policies: Vec<PolicyPlan>,
    /// Those of the bundle in hand.
    policy_ids: HashMap<String, PolicyId>,
    /// Those that may answer in the target's stead.
    answering: Vec<PolicyId>,
    shared: SharedFlows,
    used: Used,
    quotas: Vec<QuotaCounter>,
    proxy: &'a str,
    revision: u32,
    properties: PropertySets,
}

impl<'a> Linking<'a> {
    /// A bundle's own policies, then those of the environment that its steps name.
    fn all_policies(&mut self, bundle: &ApiProxy, own: Vec<ReadPolicy>) {
        let mut reads = own;
        for step in bundle.steps() {
            let name = &step.name.value;
            if reads.iter().any(|read| read.head.name.value == *name) {
                continue;
            }
            if let Some(head) = self.environment.policies.get(name.as_str()) {
                self.used.policies.insert(name.clone());
                // Its findings were reported when it was deployed.
                reads.push(policy::read_one(head, &mut Diagnostics::default()));
            }
        }
        self.quotas.extend(quota_counters(&reads));
        let quotas: Arc<[QuotaCounter]> = Arc::from(self.quotas.as_slice());
        for read in reads {
            self.policy(read, &quotas);
        }
    }

    fn hook(&mut self, at: HookPoint, hook: &FlowHook) -> HookPlan {
        let name = hook.shared_flow.as_str();
        self.used.shared_flows.insert(name.to_owned());
        let is_there = self.environment.shared_flows.contains_key(name);
        if !is_there {
            tracing::debug!(hook = at.name(), "shared flow `{name}` is not deployed");
        }
        HookPlan {
            flow: is_there.then(|| self.shared.id(name)),
            shared_flow: ByteString::from(name),
            continue_on_error: hook.continue_on_error,
            running: output(&mut self.slots, RUNNING),
            hook_name: output(&mut self.slots, HOOK),
        }
    }

    /// Links the shared flows that were named, and those that they name in turn.
    fn shared_flows(&mut self) -> Vec<SharedFlowPlan> {
        let mut plans = Vec::new();
        while let Some(name) = self.shared.names.get(plans.len()).cloned() {
            let Some(bundle) = self.environment.shared_flows.get(name.as_str()).copied() else {
                plans.push(SharedFlowPlan::default());
                continue;
            };
            self.templates = &bundle.templates;
            self.properties.add(&bundle.properties);
            self.policy_ids = HashMap::new();
            let own = policy::read_all(bundle, &mut Diagnostics::default());
            self.all_policies(bundle, own);
            let flows = bundle.shared_flows.iter();
            let steps = flows.flat_map(|flow| self.steps(&flow.steps)).collect();
            plans.push(SharedFlowPlan { steps });
        }
        plans
    }

    fn policy(&mut self, read: ReadPolicy, quotas: &Arc<[QuotaCounter]>) {
        let name = read.head.name.value.clone();
        if self.policy_ids.contains_key(&name) {
            return;
        }
        let mut linker = PolicyLinker {
            policy: &name,
            environment: self.environment,
            templates: self.templates,
            quotas,
            proxy: self.proxy,
            revision: self.revision,
            binder: Binder { slots: &mut self.slots, needs: Needs::default() },
            shared: &mut self.shared,
            used: &mut self.used,
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
        if read.uses.caches.iter().any(|found| found.access == CacheAccess::Respond) {
            self.answering.push(id);
        }
        self.policy_ids.insert(name, id);
    }

    fn draft(&mut self, endpoint: &ProxyEndpoint) -> ProxyDraft {
        let post_client = (!endpoint.post_client.is_empty()).then(|| FlowPlan {
            flow: self.flow("PostClientFlow", None),
            condition: None,
            request: Vec::new(),
            response: self.steps(&endpoint.post_client),
        });
        let mut fault_rules = self.fault_rules(&endpoint.fault_rules);
        fault_rules.rules.reverse();
        ProxyDraft { flows: self.flows(&endpoint.flows), post_client, fault_rules }
    }

    fn endpoint(
        &mut self,
        endpoint: &ProxyEndpoint,
        draft: ProxyDraft,
        late: Needs,
        post_client_needs: Needs,
        targets: &[TargetPlan],
    ) -> ProxyPlan {
        ProxyPlan {
            name: ByteString::from(endpoint.name.value.as_str()),
            base_path: ByteString::from(
                endpoint.base_path.as_ref().map_or("/", |path| path.value.as_str()),
            ),
            landings: landings(&self.answering, &draft.flows, targets),
            flows: draft.flows,
            post_client: draft.post_client,
            fault_rules: draft.fault_rules,
            late,
            post_client_needs,
            routes: endpoint.route_rules.iter().map(|rule| self.route(rule, targets)).collect(),
            properties: ProxyProperties::read(
                &endpoint.properties,
                self.environment.body_bytes_max,
            ),
        }
    }

    fn target(&mut self, target: &TargetEndpoint) -> TargetPlan {
        let properties =
            TargetProperties::read(&target.properties, self.environment.body_bytes_max);
        let (url, info) = match &target.connection {
            Connection::Url { url, tls } => (Some(self.url(url)), tls.as_deref()),
            Connection::Servers(balancer) => (None, balancer.tls.as_ref()),
            Connection::Unsupported { .. } | Connection::Missing => (None, None),
        };
        let stores = &self.environment.targets.stores;
        let tls = TlsPlan::link(info, properties.tls_resumption, stores, &mut self.slots);
        let balancer = match &target.connection {
            Connection::Servers(balancer) => {
                let targets = self.environment.targets;
                let names = balancer.servers.iter().map(|server| server.name.value.clone());
                self.used.target_servers.extend(names);
                let resumption = properties.tls_resumption;
                let linked = BalancerPlan::link(balancer, resumption, targets, &mut self.slots);
                Some(Box::new(linked))
            }
            Connection::Url { .. } | Connection::Unsupported { .. } | Connection::Missing => None,
        };
        let mut facts = target_facts(&target.name.value, url.as_ref(), tls.common_name());
        if let Some(balancer) = &balancer {
            let scheme = balancer.servers.first().map_or(Scheme::Http, |first| first.scheme(&tls));
            facts.scheme = ByteString::from_static(scheme.as_str());
            let path = balancer.path.as_ref().and_then(Template::as_literal);
            facts.basepath = path.filter(|path| *path != "/").map(ByteString::from);
        }
        TargetPlan {
            facts: Arc::new(facts),
            balancer,
            url,
            tls,
            bearer: self.bearer(target.authentication.as_ref()),
            flows: self.flows(&target.flows),
            fault_rules: self.fault_rules(&target.fault_rules),
            properties,
        }
    }

    fn bearer(&mut self, authentication: Option<&Authentication>) -> Option<Box<Bearer>> {
        let tokens = self.environment.google()?;
        let mut authentication = authentication?.clone();
        authentication.bind(&mut self.slots);
        Some(Box::new(Bearer { authentication, tokens }))
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
                    facts: Arc::new(target_facts("default", Some(&url), None)),
                    url: Some(url),
                    balancer: None,
                    tls: TlsPlan::Off(None),
                    bearer: None,
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

fn quota_counters(policies: &[ReadPolicy]) -> Vec<QuotaCounter> {
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

fn target_facts(
    name: &str,
    url: Option<&TargetUrl>,
    expected_cn: Option<&ByteString>,
) -> TargetFacts {
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
        expected_cn: expected_cn.cloned(),
    }
}

/// What stands where a policy's type is not built yet.
struct Unsupported {
    kind: String,
}

impl PureStep for Unsupported {
    fn run(&self, _cx: &mut MessageContext) -> Result<Next, Fault> {
        Err(POLICY_NOT_SUPPORTED.raise_with(&[("type", &self.kind)]))
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
