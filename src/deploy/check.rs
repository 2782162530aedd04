//! One bundle or policy file from its path to its findings, deploying nothing.

use std::path::Path;

use crate::bundle::{Bundle, BundleError, BundleKind, Limits};
use crate::diag::{Diagnostics, SourceMap};
use crate::lint::{self, EnvironmentView};
use crate::model::{self, ApiProxy, PolicyHead};
use crate::policy::{self, ReadPolicy};

/// The path holds nothing that can be opened as a bundle.
const UNREADABLE: &str = "GW110";

/// What a path was found to hold, with everything that is to be said of it.
#[derive(Debug)]
pub struct Checked {
    /// The manifest's name, else the file's.
    pub name: String,
    pub found: Option<Found>,
    pub diags: Diagnostics,
    pub sources: SourceMap,
    /// What stands before each file name where findings are shown.
    pub root: String,
    /// The bundle may have so many warnings, where its `.apigeelintrc` or the command line says it.
    pub warnings_max: Option<usize>,
    /// The file is not all there yet: worth another try.
    pub incomplete: bool,
}

#[derive(Debug)]
pub enum Found {
    Proxy { proxy: Box<ApiProxy>, policies: Vec<ReadPolicy> },
    SharedFlow { proxy: Box<ApiProxy>, policies: Vec<ReadPolicy> },
    EnvironmentPolicy { head: Box<PolicyHead> },
}

impl Checked {
    /// Whether it may run.
    pub fn is_fit(&self) -> bool {
        self.found.is_some() && !self.diags.has_errors()
    }
}

/// Reads and lints what stands at `path`: a bundle's folder or zip, or a bare policy file.
pub fn check_path(path: &Path, limits: &Limits, view: &EnvironmentView) -> Checked {
    let is_policy = path.extension().is_some_and(|extension| extension == "xml");
    let opened =
        if is_policy { Bundle::single_policy(path, limits) } else { Bundle::open(path, limits) };
    let file_name = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match opened {
        Ok(mut bundle) if is_policy => {
            let mut diags = Diagnostics::default();
            let head = model::read_environment_policy(&mut bundle, &mut diags);
            if let Some(head) = &head {
                let read = policy::read_one(head, &mut diags);
                lint::run_on_policy(&read, view, &mut diags);
            }
            finish(
                head.as_ref().map_or_else(file_name, |head| head.name.value.clone()),
                head.map(|head| Found::EnvironmentPolicy { head: Box::new(head) }),
                diags,
                bundle,
                view,
            )
        }
        Ok(mut bundle) => {
            let mut diags = Diagnostics::default();
            let view = &lint::view_for(&mut bundle, view, &mut diags);
            let proxy = model::read(&mut bundle, &mut diags);
            let name = proxy.as_ref().map_or_else(file_name, |proxy| proxy.name.value.clone());
            let found = proxy.map(|proxy| {
                let policies = policy::read_all(&proxy, &mut diags);
                lint::run(&proxy, &policies, view, &mut diags);
                let proxy = Box::new(proxy);
                match proxy.kind {
                    BundleKind::Proxy => Found::Proxy { proxy, policies },
                    BundleKind::SharedFlow => Found::SharedFlow { proxy, policies },
                }
            });
            finish(name, found, diags, bundle, view)
        }
        Err(error) => unreadable(file_name(), &error),
    }
}

fn finish(
    name: String,
    found: Option<Found>,
    mut diags: Diagnostics,
    bundle: Bundle,
    view: &EnvironmentView,
) -> Checked {
    lint::exclude(&mut diags, bundle.sources(), view);
    diags.sort();
    let root = bundle.display_root().to_owned();
    let (warnings_max, sources) = (view.lint.warnings_max, bundle.into_sources());
    Checked { name, found, diags, sources, root, warnings_max, incomplete: false }
}

fn unreadable(name: String, error: &BundleError) -> Checked {
    let mut diags = Diagnostics::default();
    diags.error(UNREADABLE, None, error.to_string());
    Checked {
        name,
        found: None,
        diags,
        sources: SourceMap::default(),
        root: String::new(),
        warnings_max: None,
        incomplete: matches!(
            error,
            BundleError::Incomplete { .. } | BundleError::EntryChanged { .. }
        ),
    }
}
