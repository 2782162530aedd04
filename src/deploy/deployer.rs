//! Keeps what runs in step with the folders: one change set in, one generation out.
//!
//! A bundle with an error never replaces what runs. Of two bundles with one name or one base
//! path the deployed one stays; among newcomers the order is by path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bundle::{BundleKind, Limits};
use crate::clock::Clock;
use crate::deploy::check::{Checked, Found, check_path};
use crate::deploy::generation::{DeployedRevisions, Generation, Registry};
use crate::deploy::health::Monitors;
use crate::deploy::watch::Change;
use crate::diag::{Diagnostics, SourceMap};
use crate::lint::{DeployedPath, EnvironmentView, LintOptions};
use crate::model::{ApiProxy, PolicyHead};
use crate::plan::{FlowHook, HookPoint, Hooks, LinkEnvironment, Linked, Plan, Used, link};
use crate::policy::{self, ReadPolicy};
use crate::profile::Profile;
use crate::store::cache::Caches;
use crate::store::counters::{CounterBackend, MemoryCounters};
use crate::store::kvm::Maps;
use crate::store::logs::{LogSettings, LogWriter, Logs};
use crate::store::metrics::Metrics;
use crate::upstream::google::{GoogleAccount, GoogleTokens};
use crate::upstream::target_server::Targets;

/// A proxy, shared flow or environment policy of that name is deployed from another place.
const NAME_TAKEN: &str = "GW111";
/// An environment policy went away or broke while proxies use it.
const STILL_USED: &str = "GW112";
/// A shared flow went away while the environment's flow hooks name it.
const STILL_HOOKED: &str = "GW150";

/// What does not change while the gateway runs.
#[derive(Clone, Debug)]
pub struct Settings {
    pub organization: String,
    pub environment: String,
    pub profile: Profile,
    /// Whether a policy type that is not built yet refuses the bundle or faults when reached.
    pub unsupported_faults: bool,
    /// What the configuration asks of lint.
    pub lint: LintOptions,
    pub limits: Limits,
    /// The largest body that a step may read where its endpoint says nothing else.
    pub body_bytes_max: usize,
    /// `tollgate.demo.backend`: host and port of the samples' backend, where it runs.
    pub demo_backend: Option<String>,
    /// The zone of `TimeOfDay` and `ExpiryDate`.
    pub zone: jiff::tz::TimeZone,
}

/// What became of one entry, for the log and for those who ask.
#[derive(Debug)]
pub struct Report {
    pub path: PathBuf,
    pub name: String,
    pub outcome: Outcome,
    pub diags: Diagnostics,
    pub sources: SourceMap,
    /// What stands before each file name where findings are shown.
    pub root: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Deployed {
        revision: u32,
        base_paths: Vec<String>,
    },
    DeployedSharedFlow {
        revision: u32,
    },
    DeployedPolicy,
    /// Refused; what ran under its name before runs on.
    Refused {
        runs_on: bool,
    },
    Undeployed,
    /// Gone from its folder, and kept because of the proxies named in the findings.
    Kept,
    /// The file is not all there yet.
    Incomplete,
}

/// The state behind the registry. One owner, on the control runtime.
pub struct Deployer {
    settings: Settings,
    caches: Arc<Caches>,
    /// They outlive every revision.
    counters: Arc<dyn CounterBackend>,
    metrics: Arc<Metrics>,
    maps: Maps,
    logs: Arc<Logs>,
    /// The other half of `logs` where nobody has taken it: lines wait there.
    _unwritten: Option<LogWriter>,
    registry: Arc<Registry>,
    hooks: Hooks<FlowHook>,
    targets: Targets,
    google: Arc<GoogleTokens>,
    monitors: Option<Monitors>,
    active: BTreeMap<PathBuf, Active>,
    /// Entries that are there and do not run.
    refused: BTreeSet<PathBuf>,
    generations: u64,
}

enum Active {
    Proxy(ActiveProxy),
    SharedFlow { proxy: Box<ApiProxy> },
    Policy { head: Box<PolicyHead>, gone: bool },
}

struct ActiveProxy {
    name: String,
    revision: u32,
    plan: Arc<Plan>,
    /// Kept for a change of the environment, which links the proxy anew.
    proxy: Box<ApiProxy>,
    used: Used,
}

impl Deployer {
    pub fn new(settings: Settings, caches: Arc<Caches>, registry: Arc<Registry>) -> Self {
        let nowhere = LogSettings { folder: PathBuf::new(), refused: Vec::new() };
        let (logs, unwritten) = Logs::new(nowhere, Clock::system());
        Self {
            settings,
            caches,
            counters: Arc::new(MemoryCounters::default()),
            metrics: Arc::default(),
            maps: Maps::none(),
            logs,
            _unwritten: Some(unwritten),
            registry,
            hooks: Hooks::default(),
            targets: Targets::default(),
            google: Arc::new(GoogleTokens::new(GoogleAccount::default())),
            monitors: None,
            active: BTreeMap::new(),
            refused: BTreeSet::new(),
            generations: 0,
        }
    }

    /// Runs the HealthMonitors of what is deployed. Without it none runs.
    #[must_use]
    pub fn with_monitors(self, monitors: Monitors) -> Self {
        Self { monitors: Some(monitors), ..self }
    }

    /// The maps that policies read and write, in place of none.
    pub fn with_maps(self, maps: Maps) -> Self {
        Self { maps, ..self }
    }

    /// Where policies log to. Without it nothing that they log is written.
    #[must_use]
    pub fn with_logs(mut self, logs: Arc<Logs>) -> Self {
        self.logs = logs;
        self._unwritten = None;
        self
    }

    /// Attaches shared flows to the environment's flow hooks, in place of what was attached.
    /// They need not be deployed. Every proxy is linked anew into the next generation.
    pub fn set_flow_hooks(&mut self, hooks: Hooks<FlowHook>) {
        if self.hooks == hooks {
            return;
        }
        self.hooks = hooks;
        self.relink(|_| true);
        self.publish();
    }

    /// The target servers and keystores of the environment, in place of those before. What names
    /// a server that changed is linked anew into the next generation, or everything where a
    /// keystore or the Google account did.
    pub fn set_targets(&mut self, targets: Targets) {
        if self.targets == targets {
            return;
        }
        let old = std::mem::replace(&mut self.targets, targets);
        let new = self.targets.clone();
        let is_same_store = old.stores == new.stores;
        let is_same_account = old.account == new.account;
        if !is_same_account {
            self.google = Arc::new(GoogleTokens::new(new.account.clone()));
        }
        self.relink(|used| {
            let is_same = |name: &String| old.servers.get(name) == new.servers.get(name);
            !is_same_store || !is_same_account || !used.target_servers.iter().all(is_same)
        });
        self.publish();
    }

    /// The hooks whose shared flow is not deployed.
    pub fn idle_flow_hooks(&self) -> impl Iterator<Item = (HookPoint, &FlowHook)> {
        self.hooks.iter().filter(|(_, hook)| {
            !self.active.values().any(|active| match active {
                Active::SharedFlow { proxy } => proxy.name.value == hook.shared_flow,
                Active::Proxy(_) | Active::Policy { .. } => false,
            })
        })
    }

    /// What the policies of all proxies have recorded.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// Takes a set of changes, publishes at most one generation, and says what became of each.
    pub fn apply(&mut self, changes: &[Change]) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut moved = false;
        let mut changed = BTreeSet::new();
        for change in changes {
            match change {
                Change::Removed(entry) => {
                    changed.remove(&entry.path);
                    if let Some(report) = self.remove(&entry.path) {
                        moved |= report.outcome == Outcome::Undeployed;
                        reports.push(report);
                    }
                }
                Change::Changed(entry) => {
                    changed.insert(entry.path.clone());
                }
            }
        }
        let fresh: Vec<PathBuf> = changed.iter().cloned().collect();
        moved |= self.try_all(&fresh, &mut reports, Tell::Everything);
        self.settle(moved, &mut reports);
        reports
    }

    /// Links anew every proxy that uses a cache which came, went or became another, and tries
    /// what was refused for lack of one. Publishes at most one generation.
    pub fn caches_changed(&mut self) -> Vec<Report> {
        let caches = self.caches.clone();
        let moved = self.relink(|used| {
            used.caches.iter().any(|(name, linked)| match (linked, caches.get(name)) {
                (Some(linked), Some(now)) => !Arc::ptr_eq(linked, &now),
                (None, None) => false,
                (Some(_), None) | (None, Some(_)) => true,
            })
        });
        let mut reports = Vec::new();
        let waiting: Vec<PathBuf> = self.refused.iter().cloned().collect();
        let deployed = self.try_all(&waiting, &mut reports, Tell::Deployed);
        self.settle(moved || deployed, &mut reports);
        reports
    }

    /// The proxies that use a cache which is not there, with its name.
    pub fn missing_caches(&self) -> impl Iterator<Item = (&str, &str)> {
        self.active.values().flat_map(|active| {
            let (proxy, used) = match active {
                Active::Proxy(active) => (active.name.as_str(), Some(&active.used.caches)),
                Active::SharedFlow { .. } | Active::Policy { .. } => ("", None),
            };
            let missing = used.into_iter().flatten().filter(|(_, found)| found.is_none());
            missing.map(move |(cache, _)| (proxy, cache.as_str()))
        })
    }

    /// What was refused for lack of something, or for something in its way, may fit now.
    fn settle(&mut self, mut moved: bool, reports: &mut Vec<Report>) {
        let mut progress = moved;
        while progress {
            let waiting: Vec<PathBuf> = self.refused.iter().cloned().collect();
            progress = self.try_all(&waiting, reports, Tell::Deployed);
            moved |= progress;
        }
        if moved {
            self.drop_unused_policies();
            self.publish();
        }
    }

    /// The view that a newcomer at `path` is judged against: everything deployed but itself.
    pub fn view_for(&self, path: Option<&Path>) -> EnvironmentView {
        let mut view = EnvironmentView::new(
            &self.settings.organization,
            &self.settings.environment,
            self.settings.profile,
        );
        view.unsupported_faults = self.settings.unsupported_faults;
        view.lint = self.settings.lint.clone();
        view.targets = self.targets.clone();
        view.caches = self.caches.names().into_iter().collect();
        for (at, active) in &self.active {
            if Some(at.as_path()) == path {
                continue;
            }
            match active {
                Active::Proxy(active) => {
                    for endpoint in &active.plan.endpoints {
                        view.base_paths.push(DeployedPath {
                            base_path: endpoint.base_path.to_string(),
                            proxy: active.name.clone(),
                            revision: active.revision,
                        });
                    }
                }
                Active::SharedFlow { proxy } => {
                    view.shared_flows.insert(proxy.name.value.clone());
                }
                Active::Policy { head, .. } => {
                    view.environment_policies.insert(head.name.value.clone());
                }
            }
        }
        view
    }

    /// The names of the proxies that run, with their base paths.
    pub fn proxies(&self) -> impl Iterator<Item = (&str, &Arc<Plan>)> {
        self.active.values().filter_map(|active| match active {
            Active::Proxy(active) => Some((active.name.as_str(), &active.plan)),
            Active::SharedFlow { .. } | Active::Policy { .. } => None,
        })
    }

    /// Environment policies first, then shared flows, then proxies: what may be named before
    /// what names it. True where something was deployed.
    fn try_all(&mut self, paths: &[PathBuf], reports: &mut Vec<Report>, tell: Tell) -> bool {
        let rank = |path: &Path| {
            if path.extension().is_some_and(|extension| extension == "xml") {
                0
            } else if path.join(BundleKind::SharedFlow.root()).is_dir() {
                1
            } else {
                2
            }
        };
        let mut ordered: Vec<&PathBuf> = paths.iter().collect();
        ordered.sort_by_key(|path| (rank(path), *path));
        let mut moved = false;
        for path in ordered {
            moved |= self.try_one(path, reports, tell);
        }
        moved
    }

    fn try_one(&mut self, path: &Path, reports: &mut Vec<Report>, tell: Tell) -> bool {
        let view = self.view_for(Some(path));
        let mut checked = check_path(path, &self.settings.limits, &view);
        if checked.incomplete {
            reports.push(report(path, checked, Outcome::Incomplete));
            return false;
        }
        self.refuse_taken_name(path, &mut checked);
        self.refuse_lost_policy(path, &mut checked);
        if !checked.is_fit() {
            let runs_on = self.active.contains_key(path);
            self.refused.insert(path.to_owned());
            if tell == Tell::Everything {
                reports.push(report(path, checked, Outcome::Refused { runs_on }));
            }
            return false;
        }
        let Some(found) = checked.found.take() else { return false };
        let outcome = match found {
            Found::Proxy { proxy, policies } => {
                let before = self.shared_flow_at(path);
                let outcome = self.activate_proxy(path, proxy, policies);
                self.forget_shared_flow(before);
                outcome
            }
            Found::SharedFlow { proxy, .. } => {
                let (name, revision) = (proxy.name.value.clone(), proxy.revision);
                let before = self.shared_flow_at(path);
                self.active.insert(path.to_owned(), Active::SharedFlow { proxy });
                self.relink(|used| {
                    used.shared_flows.contains(&name)
                        || before.as_ref().is_some_and(|name| used.shared_flows.contains(name))
                });
                Outcome::DeployedSharedFlow { revision }
            }
            Found::EnvironmentPolicy { head } => {
                let name = head.name.value.clone();
                self.active.insert(path.to_owned(), Active::Policy { head, gone: false });
                self.relink(|used| used.policies.contains(&name));
                Outcome::DeployedPolicy
            }
        };
        self.refused.remove(path);
        reports.push(report(path, checked, outcome));
        true
    }

    fn activate_proxy(
        &mut self,
        path: &Path,
        proxy: Box<ApiProxy>,
        own: Vec<ReadPolicy>,
    ) -> Outcome {
        let Linked { plan, used } = self.link(&proxy, own);
        let outcome = Outcome::Deployed {
            revision: proxy.revision,
            base_paths: plan.endpoints.iter().map(|at| at.base_path.to_string()).collect(),
        };
        let active = ActiveProxy {
            name: proxy.name.value.clone(),
            revision: proxy.revision,
            plan: Arc::new(plan),
            proxy,
            used,
        };
        self.active.insert(path.to_owned(), Active::Proxy(active));
        outcome
    }

    /// Links a proxy with its own policies and with what it names of the environment.
    fn link(&self, proxy: &ApiProxy, own: Vec<ReadPolicy>) -> Linked {
        let mut policies = BTreeMap::new();
        let mut shared_flows = BTreeMap::new();
        for active in self.active.values() {
            match active {
                Active::Policy { head, .. } => {
                    policies.insert(head.name.value.as_str(), head.as_ref());
                }
                Active::SharedFlow { proxy } => {
                    shared_flows.insert(proxy.name.value.as_str(), proxy.as_ref());
                }
                Active::Proxy(_) => {}
            }
        }
        let environment = LinkEnvironment {
            organization: &self.settings.organization,
            environment: &self.settings.environment,
            caches: &self.caches,
            counters: &self.counters,
            metrics: &self.metrics,
            maps: &self.maps,
            profile: self.settings.profile,
            logs: &self.logs,
            zone: &self.settings.zone,
            body_bytes_max: self.settings.body_bytes_max,
            demo_backend: self.settings.demo_backend.as_deref(),
            revisions: Some(Arc::new(DeployedRevisions(Arc::downgrade(&self.registry)))),
            policies,
            shared_flows,
            hooks: &self.hooks,
            targets: &self.targets,
            google: &self.google,
        };
        link(proxy, own, &environment)
    }

    /// A change of the environment reaches the plans that use what changed. True where there
    /// are any.
    fn relink(&mut self, is_user: impl Fn(&Used) -> bool) -> bool {
        let users: Vec<PathBuf> = self
            .active
            .iter()
            .filter(|(_, active)| match active {
                Active::Proxy(active) => is_user(&active.used),
                Active::SharedFlow { .. } | Active::Policy { .. } => false,
            })
            .map(|(path, _)| path.clone())
            .collect();
        for path in &users {
            let Some(Active::Proxy(user)) = self.active.get(path) else { continue };
            let own = policy::read_all(&user.proxy, &mut Diagnostics::default());
            let Linked { plan, used } = self.link(&user.proxy, own);
            if let Some(Active::Proxy(user)) = self.active.get_mut(path) {
                user.plan = Arc::new(plan);
                user.used = used;
            }
        }
        !users.is_empty()
    }

    fn remove(&mut self, path: &Path) -> Option<Report> {
        self.refused.remove(path);
        let users = match self.active.get(path)? {
            Active::Policy { head, .. } => self.users_of(&head.name.value),
            Active::Proxy(_) | Active::SharedFlow { .. } => Vec::new(),
        };
        let mut diags = Diagnostics::default();
        let outcome = if users.is_empty() {
            Outcome::Undeployed
        } else {
            diags
                .warning(
                    STILL_USED,
                    None,
                    format!(
                        "the environment policy is gone and still used by {}",
                        users.join(", ")
                    ),
                )
                .help("it runs on until no deployed proxy names it");
            Outcome::Kept
        };
        let name = match self.active.get_mut(path)? {
            Active::Policy { head, gone } => {
                *gone = true;
                head.name.value.clone()
            }
            Active::Proxy(active) => active.name.clone(),
            Active::SharedFlow { proxy } => proxy.name.value.clone(),
        };
        if outcome == Outcome::Undeployed {
            let before = self.shared_flow_at(path);
            self.active.remove(path);
            self.forget_shared_flow(before);
            self.warn_of_hooks(&name, &mut diags);
        }
        let (sources, root) = (SourceMap::default(), String::new());
        Some(Report { path: path.to_owned(), name, outcome, diags, sources, root })
    }

    /// The name of the shared flow that an entry holds.
    fn shared_flow_at(&self, path: &Path) -> Option<String> {
        match self.active.get(path)? {
            Active::SharedFlow { proxy } => Some(proxy.name.value.clone()),
            Active::Proxy(_) | Active::Policy { .. } => None,
        }
    }

    /// Its callers fault from now on where they reach it.
    fn forget_shared_flow(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.relink(|used| used.shared_flows.contains(&name));
        }
    }

    /// Of the shared flow that was undeployed.
    fn warn_of_hooks(&self, shared_flow: &str, diags: &mut Diagnostics) {
        for (at, hook) in self.idle_flow_hooks() {
            if hook.shared_flow != shared_flow {
                continue;
            }
            let message = format!("the shared flow is gone and still attached to {}", at.name());
            let effect = match hook.continue_on_error {
                true => "requests skip the hook until it is back",
                false => "requests fault with `flow.SharedFlowNotFound` until it is back",
            };
            diags.warning(STILL_HOOKED, None, message).note(None, effect);
        }
    }

    fn users_of(&self, policy: &str) -> Vec<String> {
        self.active
            .values()
            .filter_map(|active| match active {
                Active::Proxy(active) if active.used.policies.contains(policy) => {
                    Some(format!("`{}`", active.name))
                }
                Active::Proxy(_) | Active::SharedFlow { .. } | Active::Policy { .. } => None,
            })
            .collect()
    }

    fn drop_unused_policies(&mut self) {
        let unused: Vec<PathBuf> = self
            .active
            .iter()
            .filter(|(_, active)| match active {
                Active::Policy { head, gone } => {
                    *gone && self.users_of(&head.name.value).is_empty()
                }
                Active::Proxy(_) | Active::SharedFlow { .. } => false,
            })
            .map(|(path, _)| path.clone())
            .collect();
        for path in unused {
            self.active.remove(&path);
        }
    }

    fn refuse_taken_name(&self, path: &Path, checked: &mut Checked) {
        let (kind, name) = match &checked.found {
            Some(Found::Proxy { proxy, .. }) => ("proxy", &proxy.name),
            Some(Found::SharedFlow { proxy, .. }) => ("shared flow", &proxy.name),
            Some(Found::EnvironmentPolicy { head }) => ("environment policy", &head.name),
            None => return,
        };
        let holder = self.active.iter().find(|(at, active)| {
            let same = match (active, kind) {
                (Active::Proxy(active), "proxy") => active.name == name.value,
                (Active::SharedFlow { proxy }, "shared flow") => proxy.name.value == name.value,
                (Active::Policy { head, gone }, "environment policy") => {
                    !gone && head.name.value == name.value
                }
                _ => false,
            };
            same && at.as_path() != path
        });
        if let Some((at, _)) = holder {
            checked
                .diags
                .error(
                    NAME_TAKEN,
                    name.span,
                    format!(
                        "the {kind} `{}` is already deployed from {}",
                        name.value,
                        at.display()
                    ),
                )
                .help("give one of the two another name, or remove one");
        }
    }

    /// A policy file that takes another name would take the old one from those who use it.
    fn refuse_lost_policy(&self, path: &Path, checked: &mut Checked) {
        let Some(Active::Policy { head: old, .. }) = self.active.get(path) else { return };
        let name = match &checked.found {
            Some(Found::EnvironmentPolicy { head }) => &head.name,
            Some(Found::Proxy { .. } | Found::SharedFlow { .. }) | None => return,
        };
        let users = self.users_of(&old.name.value);
        if name.value != old.name.value && !users.is_empty() {
            let (old, users) = (&old.name.value, users.join(", "));
            checked
                .diags
                .error(STILL_USED, name.span, format!("policy `{old}` is still used by {users}"))
                .help(format!("put `{}` into a file of its own", name.value));
        }
    }

    fn publish(&mut self) {
        self.generations += 1;
        let plans = self.active.values().filter_map(|active| match active {
            Active::Proxy(active) => Some(active.plan.clone()),
            Active::SharedFlow { .. } | Active::Policy { .. } => None,
        });
        self.registry.publish(Generation::new(self.generations, plans));
        if let Some(monitors) = &mut self.monitors {
            monitors.follow(self.active.values().filter_map(|active| match active {
                Active::Proxy(active) => Some(&active.plan),
                Active::SharedFlow { .. } | Active::Policy { .. } => None,
            }));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tell {
    Everything,
    /// Only what changed for the better.
    Deployed,
}

fn report(path: &Path, checked: Checked, outcome: Outcome) -> Report {
    // The texts serve to show the findings.
    let sources = if checked.diags.is_empty() { SourceMap::default() } else { checked.sources };
    Report {
        path: path.to_owned(),
        name: checked.name,
        outcome,
        diags: checked.diags,
        sources,
        root: checked.root,
    }
}
