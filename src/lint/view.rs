//! What lint knows of the environment: immutable, made anew for each bundle.

use std::collections::BTreeSet;

use crate::profile::Profile;

/// What [`EnvironmentView::condition_terms_max`] is where nobody says it; apigeelint's own default.
pub(super) const CONDITION_TERMS_MAX: usize = 12;
/// What [`EnvironmentView::policy_count_max`] is where nobody says it; apigeelint's own default.
pub(super) const POLICY_COUNT_MAX: usize = 100;

/// The environment without the bundle in hand, which may replace what runs under its name.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    pub organization: String,
    pub environment: String,
    pub profile: Profile,
    /// Whether what this gateway does not run yet deploys and faults when a request reaches
    /// it. `false`: the bundle is refused.
    pub unsupported_faults: bool,
    /// Codes whose warnings and notes nobody wants to hear.
    pub excluded: BTreeSet<String>,
    /// A condition may have so many terms (CC004).
    pub condition_terms_max: usize,
    /// A bundle may have so many policies (BN006).
    pub policy_count_max: usize,
    /// Names of the environment's caches.
    pub caches: BTreeSet<String>,
    /// Base paths that are taken.
    pub base_paths: Vec<DeployedPath>,
    /// Names of the deployed shared flows.
    pub shared_flows: BTreeSet<String>,
    /// Names of the environment's own policies.
    pub environment_policies: BTreeSet<String>,
}

/// A base path and whose it is.
#[derive(Clone, Debug)]
pub struct DeployedPath {
    /// As the ProxyEndpoint has it.
    pub base_path: String,
    pub proxy: String,
    pub revision: u32,
}

impl EnvironmentView {
    /// An environment in which nothing is.
    pub fn new(organization: &str, environment: &str, profile: Profile) -> Self {
        Self {
            organization: organization.to_owned(),
            environment: environment.to_owned(),
            profile,
            unsupported_faults: false,
            excluded: BTreeSet::new(),
            condition_terms_max: CONDITION_TERMS_MAX,
            policy_count_max: POLICY_COUNT_MAX,
            caches: BTreeSet::new(),
            base_paths: Vec::new(),
            shared_flows: BTreeSet::new(),
            environment_policies: BTreeSet::new(),
        }
    }
}
