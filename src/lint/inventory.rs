//! What a bundle is made of, how much of it this gateway runs, and what it needs of its
//! environment.
//!
//! A cache or a shared flow that the environment does not have is a need and no fault. What is
//! "in part" supported is told by the findings of [`catalogue::WAITING`].

use std::collections::BTreeMap;

use crate::diag::catalogue;
use crate::diag::{Diagnostic, Diagnostics, FileId, Severity};
use crate::lint::{EnvironmentView, gw141_cache_resource};
use crate::model::{ApiProxy, Connection, Destination, PolicyHead, TargetEndpoint};
use crate::policy::{ReadPolicy, kind_of};
use crate::profile::Profile;
use crate::template;
use crate::xml::Element;

#[derive(Debug, Default)]
pub struct Inventory {
    /// By kind and name.
    pub parts: Vec<Part>,
    /// By kind and name.
    pub needs: Vec<Need>,
}

/// Things of one name that a bundle has.
#[derive(Debug)]
pub struct Part {
    pub kind: PartKind,
    pub name: String,
    pub count: usize,
    pub support: Support,
    /// What has no effect yet, each once.
    pub limits: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// The name is the policy's type.
    Policy,
    Connection,
    Route,
    /// The name is a function of message templates.
    Function,
    /// A file with something that has no effect yet and is none of the others.
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    Yes,
    InPart,
    No,
}

/// What a bundle names and does not hold.
#[derive(Debug)]
pub struct Need {
    pub kind: NeedKind,
    pub name: String,
    /// Policies and endpoints that name it, each once.
    pub by: Vec<String>,
    pub presence: Presence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeedKind {
    Cache,
    KeyValueMap,
    TargetServer,
    SharedFlow,
    EnvironmentPolicy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Present,
    Missing,
    /// It comes into being on first use.
    MadeOnUse,
    /// The environment has no list of such things yet.
    Unknown,
}

impl Inventory {
    /// `diags` are the findings about the bundle.
    pub fn of_bundle(
        proxy: &ApiProxy,
        policies: &[ReadPolicy],
        diags: &Diagnostics,
        view: &EnvironmentView,
    ) -> Self {
        let mut builder = Builder::new(diags);
        for policy in policies {
            builder.policy(&policy.head);
        }
        for target in &proxy.target_endpoints {
            builder.target(target);
        }
        let rules = proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules);
        for rule in rules {
            if let Destination::Integration(_) = rule.destination {
                builder.part(PartKind::Route, "IntegrationEndpoint", Support::No);
            }
        }
        for step in proxy.steps() {
            let name = &step.name.value;
            let is_own = policies.iter().any(|policy| policy.head.name.value == *name);
            if !is_own && view.environment_policies.contains(name) {
                builder.need(NeedKind::EnvironmentPolicy, name, "a Step");
            }
        }
        builder.rest();
        builder.finish(view)
    }

    pub fn of_policy(head: &PolicyHead, diags: &Diagnostics, view: &EnvironmentView) -> Self {
        let mut builder = Builder::new(diags);
        builder.policy(head);
        builder.rest();
        builder.finish(view)
    }

    /// The worst of the parts.
    pub fn support(&self) -> Support {
        self.parts.iter().map(|part| part.support).max().unwrap_or(Support::Yes)
    }
}

/// Whether the platform refuses the bundle for this: an error that is neither a need nor a lack
/// of this gateway.
pub fn is_refusal(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
        && found.code != gw141_cache_resource::RULE.code
        && !catalogue::WAITING.contains(&found.code)
}

type Parts = BTreeMap<(PartKind, String), (usize, Support, Vec<String>)>;

struct Builder<'d> {
    /// What has no effect yet, by file, until a part takes it.
    limits: BTreeMap<Option<FileId>, Vec<&'d Diagnostic>>,
    parts: Parts,
    needs: BTreeMap<(NeedKind, String), Vec<String>>,
}

impl<'d> Builder<'d> {
    fn new(diags: &'d Diagnostics) -> Self {
        let mut limits: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for found in diags.iter().filter(|found| catalogue::WAITING.contains(&found.code)) {
            limits.entry(found.span.map(|span| span.file)).or_default().push(found);
        }
        Self { limits, parts: BTreeMap::new(), needs: BTreeMap::new() }
    }

    fn policy(&mut self, head: &PolicyHead) {
        let limits = self.limits.remove(&Some(head.body.span.file)).unwrap_or_default();
        let support = match kind_of(&head.kind) {
            None => Support::No,
            Some(_) if limits.is_empty() => Support::Yes,
            Some(_) => Support::InPart,
        };
        // Of a type that is not run at all, nothing more is to be said.
        let limits = if support == Support::No { Vec::new() } else { limits };
        self.limited_part(PartKind::Policy, &head.kind, support, &limits);
        self.functions(&head.body);
        let by = &head.name.value;
        for name in texts(&head.body, "CacheResource") {
            self.need(NeedKind::Cache, &name, by);
        }
        if head.kind == "KeyValueMapOperations" {
            let attribute = head.body.attribute("mapIdentifier").map(|found| found.value.clone());
            for name in attribute.into_iter().chain(texts(&head.body, "MapName")) {
                self.need(NeedKind::KeyValueMap, &name, by);
            }
        }
        for name in texts(&head.body, "SharedFlowBundle") {
            self.need(NeedKind::SharedFlow, &name, by);
        }
        self.servers(&head.body, by);
    }

    fn target(&mut self, target: &TargetEndpoint) {
        let limits = self.limits.remove(&Some(target.span.file)).unwrap_or_default();
        match target.connection {
            Connection::Url { .. } => {
                let support = if limits.is_empty() { Support::Yes } else { Support::InPart };
                self.limited_part(PartKind::Connection, "URL", support, &limits);
            }
            Connection::Unsupported { element, .. } => {
                self.part(PartKind::Connection, element, Support::No);
            }
            Connection::Missing => {}
        }
        if let Some(element) = &target.http_connection {
            self.functions(element);
            self.servers(element, &target.name.value);
        }
    }

    /// Files that none of the parts is made of.
    fn rest(&mut self) {
        for found in std::mem::take(&mut self.limits).into_values().flatten() {
            self.limited_part(PartKind::File, "endpoints", Support::InPart, &[found]);
        }
    }

    fn functions(&mut self, element: &Element) {
        for name in element.texts_below().flat_map(template::functions_in) {
            self.part(PartKind::Function, name, Support::Yes);
        }
    }

    /// The target servers that any load balancer below the element names.
    fn servers(&mut self, element: &Element, by: &str) {
        for balancer in element.descendants().filter(|found| found.name == "LoadBalancer") {
            for server in balancer.elements().filter(|found| found.name == "Server") {
                if let Some(name) = server.attribute("name") {
                    self.need(NeedKind::TargetServer, &name.value, by);
                }
            }
        }
    }

    fn part(&mut self, kind: PartKind, name: &str, support: Support) {
        self.limited_part(kind, name, support, &[]);
    }

    fn limited_part(
        &mut self,
        kind: PartKind,
        name: &str,
        support: Support,
        limits: &[&Diagnostic],
    ) {
        let key = (kind, name.to_owned());
        let (count, worst, told) = self.parts.entry(key).or_insert((0, support, Vec::new()));
        *count += 1;
        *worst = support.max(*worst);
        for limit in limits {
            if !told.contains(&limit.message) {
                told.push(limit.message.clone());
            }
        }
    }

    fn need(&mut self, kind: NeedKind, name: &str, by: &str) {
        let named_by = self.needs.entry((kind, name.to_owned())).or_default();
        if !named_by.iter().any(|known| known == by) {
            named_by.push(by.to_owned());
        }
    }

    fn finish(self, view: &EnvironmentView) -> Inventory {
        let parts = self.parts.into_iter().map(|((kind, name), (count, support, limits))| Part {
            kind,
            name,
            count,
            support,
            limits,
        });
        let needs = self.needs.into_iter().map(|((kind, name), by)| {
            let presence = presence(kind, &name, view);
            Need { kind, name, by, presence }
        });
        Inventory { parts: parts.collect(), needs: needs.collect() }
    }
}

fn presence(kind: NeedKind, name: &str, view: &EnvironmentView) -> Presence {
    let is_there = match kind {
        NeedKind::Cache => view.caches.contains(name),
        NeedKind::SharedFlow => view.shared_flows.contains(name),
        NeedKind::EnvironmentPolicy => view.environment_policies.contains(name),
        NeedKind::KeyValueMap | NeedKind::TargetServer => return Presence::Unknown,
    };
    match (is_there, kind, view.profile) {
        (true, ..) => Presence::Present,
        (false, NeedKind::Cache, Profile::X) => Presence::MadeOnUse,
        (false, ..) => Presence::Missing,
    }
}

/// The trimmed texts of the children of that name.
fn texts(element: &Element, name: &str) -> Vec<String> {
    let children = element.elements().filter(|child| child.name == name);
    let texts = children.map(|child| child.text().trim().to_owned());
    texts.filter(|text| !text.is_empty()).collect()
}
