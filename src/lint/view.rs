//! What lint knows of the environment: immutable, made anew for each bundle.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::options::{LintOptions, RcFile};
use crate::profile::Profile;
use crate::upstream::target_server::Targets;

/// The environment without the bundle in hand, which may replace what runs under its name.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    pub organization: String,
    pub environment: String,
    pub profile: Profile,
    /// Whether what this gateway does not run yet deploys and faults when a request reaches
    /// it. `false`: the bundle is refused.
    pub unsupported_faults: bool,
    /// What the configuration asks of lint; for a bundle, what all together do.
    pub lint: LintOptions,
    /// What the command line asks of it, which wins over a bundle's `.apigeelintrc`.
    pub flags: LintOptions,
    pub rc_file: RcFile,
    /// Names of the environment's caches.
    pub caches: BTreeSet<String>,
    /// Base paths that are taken.
    pub base_paths: Vec<DeployedPath>,
    /// Names of the deployed shared flows.
    pub shared_flows: BTreeSet<String>,
    /// The types of the environment's own policies, by name.
    pub environment_policies: BTreeMap<String, String>,
    /// Target servers and keystores.
    pub targets: Targets,
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
            lint: LintOptions::default(),
            flags: LintOptions::default(),
            rc_file: RcFile::ReadForDeployment,
            caches: BTreeSet::new(),
            base_paths: Vec::new(),
            shared_flows: BTreeSet::new(),
            environment_policies: BTreeMap::new(),
            targets: Targets::default(),
        }
    }
}
