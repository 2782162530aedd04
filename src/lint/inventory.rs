//! What a bundle is made of, how much of it this gateway runs, and what it needs of its
//! environment.
//!
//! A cache or a shared flow that the environment does not have is a need and no fault. What is
//! "in part" supported is told by the findings of [`catalogue::WAITING`].

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::catalogue;
use crate::diag::{Diagnostic, Diagnostics, FileId, Severity};
use crate::lint::{EnvironmentView, gw141_cache_resource};
use crate::model::{ApiProxy, Connection, Destination, PolicyHead, TargetEndpoint};
use crate::policy::{ReadPolicy, kind_of};
use crate::profile::Profile;
use crate::template;
use crate::upstream::google::GoogleAccount;
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
    /// The policies and endpoints that it stands for, each once; none where a name says all.
    pub names: Vec<String>,
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
    /// Products, developers and apps that keys and tokens belong to; it has no name.
    ApiProduct,
    TargetServer,
    /// A KeyStore or TrustStore, or a reference to one.
    Store,
    /// A Google service account; it has no name.
    GoogleAccount,
    SharedFlow,
    EnvironmentPolicy,
    /// A file that the bundle does not have, by its URL.
    Resource,
    PropertySet,
    /// Scheme and host that it calls.
    Backend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Present,
    Missing,
    /// It comes into being on first use.
    MadeOnUse,
    /// Nobody asks the environment about such things.
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
        builder.resources = proxy.resources.iter().cloned().collect();
        for policy in policies {
            builder.policy(&policy.head);
        }
        for target in &proxy.target_endpoints {
            builder.target(target);
        }
        let rules = proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules);
        for rule in rules {
            match &rule.destination {
                Destination::Integration(_) => {
                    builder.part(PartKind::Route, "IntegrationEndpoint", Support::No);
                }
                Destination::Url(url) => builder.backend(&url.value, &rule.name.value),
                Destination::Target(_) | Destination::Null => {}
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

type Parts = BTreeMap<(PartKind, String), Part>;

/// Policies that ask whom a key or a token belongs to.
const ASK_FOR_APPS: [&str; 5] =
    ["AccessEntity", "GetOAuthV2Info", "OAuthV2", "SetOAuthV2Info", "VerifyAPIKey"];

/// Prefixes of the URLs of resource files.
const RESOURCE_TYPES: [&str; 7] = ["java", "jsc", "oas", "py", "template", "wsdl", "xsl"];

struct Builder<'d> {
    /// What has no effect yet, by file, until a part takes it.
    limits: BTreeMap<Option<FileId>, Vec<&'d Diagnostic>>,
    parts: Parts,
    needs: BTreeMap<(NeedKind, String), Vec<String>>,
    /// The bundle's own, such as `jsc/a.js`.
    resources: BTreeSet<String>,
}

impl<'d> Builder<'d> {
    fn new(diags: &'d Diagnostics) -> Self {
        let mut limits: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for found in diags.iter().filter(|found| catalogue::WAITING.contains(&found.code)) {
            limits.entry(found.span.map(|span| span.file)).or_default().push(found);
        }
        Self { limits, parts: BTreeMap::new(), needs: BTreeMap::new(), resources: BTreeSet::new() }
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
        let by = &head.name.value;
        self.limited_part(PartKind::Policy, &head.kind, support, &limits).name(by);
        self.functions(&head.body);
        self.files(&head.body, by);
        let product = head.body.child("UseQuotaConfigInAPIProduct");
        if ASK_FOR_APPS.contains(&head.kind.as_str()) || product.is_some() {
            self.need(NeedKind::ApiProduct, "", by);
        }
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
        self.calls(&head.body, by);
    }

    fn target(&mut self, target: &TargetEndpoint) {
        let limits = self.limits.remove(&Some(target.span.file)).unwrap_or_default();
        match &target.connection {
            Connection::Url { .. } | Connection::Servers(_) => {
                let element = match &target.connection {
                    Connection::Servers(_) => "LoadBalancer",
                    _ => "URL",
                };
                let support = if limits.is_empty() { Support::Yes } else { Support::InPart };
                let part = self.limited_part(PartKind::Connection, element, support, &limits);
                part.name(&target.name.value);
            }
            Connection::Unsupported { element, .. } => {
                let part = self.part(PartKind::Connection, element, Support::No);
                part.name(&target.name.value);
            }
            Connection::Missing => {}
        }
        if let Some(element) = &target.http_connection {
            self.functions(element);
            self.files(element, &target.name.value);
            self.calls(element, &target.name.value);
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

    /// Resource files and property sets that the bundle does not have.
    fn files(&mut self, element: &Element, by: &str) {
        for text in element.texts_below() {
            if let Some((kind, file)) = text.trim().split_once("://")
                && RESOURCE_TYPES.contains(&kind)
                && !self.resources.contains(&format!("{kind}/{file}"))
            {
                self.need(NeedKind::Resource, text.trim(), by);
            }
            for (_, rest) in text.match_indices("propertyset.").map(|(at, _)| text.split_at(at)) {
                let Some(set) = rest.split('.').nth(1).filter(|set| is_plain(set)) else {
                    continue;
                };
                if !self.resources.contains(&format!("properties/{set}.properties")) {
                    self.need(NeedKind::PropertySet, set, by);
                }
            }
        }
    }

    /// What an HTTPTargetConnection below the element, or it itself, calls and calls with.
    fn calls(&mut self, element: &Element, by: &str) {
        self.servers(element, by);
        for connection in element.descendants().filter(|found| is_connection(found)) {
            for url in texts(connection, "URL") {
                self.backend(&url, by);
            }
        }
        if element.descendants().any(|found| found.name == "Authentication") {
            self.need(NeedKind::GoogleAccount, "", by);
        }
        for tls in element.descendants().filter(|found| found.name == "SSLInfo") {
            for store in ["KeyStore", "TrustStore"].iter().flat_map(|name| texts(tls, name)) {
                self.need(NeedKind::Store, &store, by);
            }
        }
    }

    /// Up to the path; a URL that is made of variables is shown whole.
    fn backend(&mut self, url: &str, by: &str) {
        let host = url.find("://").map_or(0, |at| at + "://".len());
        let end = url.get(host..).and_then(|rest| rest.find(['/', '?']));
        let origin = end.and_then(|end| url.get(..host + end)).filter(|part| balanced(part));
        self.need(NeedKind::Backend, origin.unwrap_or(url), by);
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

    fn part(&mut self, kind: PartKind, name: &str, support: Support) -> &mut Part {
        self.limited_part(kind, name, support, &[])
    }

    fn limited_part(
        &mut self,
        kind: PartKind,
        name: &str,
        support: Support,
        limits: &[&Diagnostic],
    ) -> &mut Part {
        let part = self.parts.entry((kind, name.to_owned())).or_insert_with(|| Part {
            kind,
            name: name.to_owned(),
            count: 0,
            support,
            names: Vec::new(),
            limits: Vec::new(),
        });
        part.count += 1;
        part.support = support.max(part.support);
        for limit in limits {
            if !part.limits.contains(&limit.message) {
                part.limits.push(limit.message.clone());
            }
        }
        part
    }

    fn need(&mut self, kind: NeedKind, name: &str, by: &str) {
        let named_by = self.needs.entry((kind, name.to_owned())).or_default();
        if !named_by.iter().any(|known| known == by) {
            named_by.push(by.to_owned());
        }
    }

    fn finish(self, view: &EnvironmentView) -> Inventory {
        let needs = self.needs.into_iter().map(|((kind, name), by)| {
            let presence = presence(kind, &name, view);
            Need { kind, name, by, presence }
        });
        Inventory { parts: self.parts.into_values().collect(), needs: needs.collect() }
    }
}

fn presence(kind: NeedKind, name: &str, view: &EnvironmentView) -> Presence {
    let is_there = match kind {
        NeedKind::Cache => view.caches.contains(name),
        NeedKind::SharedFlow => view.shared_flows.contains(name),
        NeedKind::EnvironmentPolicy => view.environment_policies.contains(name),
        NeedKind::TargetServer => view.targets.servers.contains_key(name),
        // What a variable names is known to the flow alone.
        NeedKind::Store if name.contains('{') => return Presence::Unknown,
        NeedKind::Store => view.targets.stores.find(name).is_ok(),
        // Whether a metadata server answers is known when it is asked.
        NeedKind::GoogleAccount if matches!(view.targets.account, GoogleAccount::Key(_)) => true,
        NeedKind::KeyValueMap
        | NeedKind::GoogleAccount
        | NeedKind::ApiProduct
        | NeedKind::Resource
        | NeedKind::PropertySet
        | NeedKind::Backend => return Presence::Unknown,
    };
    match (is_there, kind, view.profile) {
        (true, ..) => Presence::Present,
        (false, NeedKind::Cache, Profile::X) => Presence::MadeOnUse,
        (false, ..) => Presence::Missing,
    }
}

impl Part {
    fn name(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

fn is_connection(element: &Element) -> bool {
    matches!(element.name.as_str(), "HTTPTargetConnection" | "HttpTargetConnection")
}

/// Whether no reference of a template begins in it and ends elsewhere.
fn balanced(text: &str) -> bool {
    text.matches('{').count() == text.matches('}').count()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The trimmed texts of the children of that name.
fn texts(element: &Element, name: &str) -> Vec<String> {
    let children = element.elements().filter(|child| child.name == name);
    let texts = children.map(|child| child.text().trim().to_owned());
    texts.filter(|text| !text.is_empty()).collect()
}
