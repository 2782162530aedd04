//! One bundle or policy file from its path to its findings, deploying nothing.

use std::path::Path;

use crate::bundle::{Bundle, BundleError, BundleKind, Limits};
use crate::diag::{Diagnostics, SourceMap};
use crate::lint::{self, EnvironmentView};
use crate::model::{self, ApiProxy, PolicyHead};
use crate::policy::{self, ReadPolicy};

/// The path holds nothing that can be opened as a bundle.
pub const UNREADABLE: &str = "GW110";

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

/// What a path holds that bundles of its environment can name.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    SharedFlow {
        name: String,
    },
    /// `kind`: its type.
    Policy {
        name: String,
        kind: String,
    },
}

/// Reads no more than it needs, and judges nothing. `None` for a proxy, and for what cannot be read.
pub fn offer_of(path: &Path, limits: &Limits) -> Option<Offer> {
    // Most are proxies in folders, which need not be opened for that.
    if path.join(BundleKind::Proxy.root()).is_dir() {
        return None;
    }
    let mut bundle = open(path, limits).ok()?;
    let mut unheard = Diagnostics::default();
    if is_policy(path) {
        let head = model::read_environment_policy(&mut bundle, &mut unheard)?;
        return Some(Offer::Policy { name: head.name.value, kind: head.kind });
    }
    match bundle.kind() {
        BundleKind::Proxy => None,
        BundleKind::SharedFlow => {
            let flow = model::read(&mut bundle, &mut unheard)?;
            Some(Offer::SharedFlow { name: flow.name.value })
        }
    }
}

/// Reads and lints what stands at `path`: a bundle's folder or zip, or a bare policy file.
pub fn check_path(path: &Path, limits: &Limits, view: &EnvironmentView) -> Checked {
    match open(path, limits) {
        Ok(mut bundle) => judge(path, &mut bundle, view).with_sources(bundle),
        Err(error) => unreadable(path, &error),
    }
}

/// What is to be said of an open bundle.
pub(super) struct Judged {
    name: String,
    found: Option<Found>,
    pub(super) diags: Diagnostics,
    warnings_max: Option<usize>,
}

impl Judged {
    /// With the bundle's texts, which its findings speak of.
    pub(super) fn with_sources(self, bundle: Bundle) -> Checked {
        let Self { name, found, diags, warnings_max } = self;
        let root = bundle.display_root().to_owned();
        let sources = bundle.into_sources();
        Checked { name, found, diags, sources, root, warnings_max, incomplete: false }
    }
}

pub(super) fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
    if is_policy(path) { Bundle::single_policy(path, limits) } else { Bundle::open(path, limits) }
}

pub(super) fn judge(path: &Path, bundle: &mut Bundle, view: &EnvironmentView) -> Judged {
    let mut diags = Diagnostics::default();
    let view = &lint::view_for(bundle, view, &mut diags);
    let (name, found) = if is_policy(path) {
        let head = model::read_environment_policy(bundle, &mut diags);
        if let Some(head) = &head {
            let read = policy::read_one(head, &mut diags);
            lint::run_on_policy(&read, view, &mut diags);
        }
        let name = head.as_ref().map(|head| head.name.value.clone());
        (name, head.map(|head| Found::EnvironmentPolicy { head: Box::new(head) }))
    } else {
        let proxy = model::read(bundle, &mut diags);
        let name = proxy.as_ref().map(|proxy| proxy.name.value.clone());
        let found = proxy.map(|proxy| {
            let policies = policy::read_all(&proxy, &mut diags);
            lint::run(&proxy, &policies, view, &mut diags);
            let proxy = Box::new(proxy);
            match proxy.kind {
                BundleKind::Proxy => Found::Proxy { proxy, policies },
                BundleKind::SharedFlow => Found::SharedFlow { proxy, policies },
            }
        });
        (name, found)
    };
    lint::exclude(&mut diags, bundle.sources(), view);
    diags.sort();
    let warnings_max = view.lint.warnings_max;
    Judged { name: name.unwrap_or_else(|| file_name(path)), found, diags, warnings_max }
}

pub(super) fn unreadable(path: &Path, error: &BundleError) -> Checked {
    let mut diags = Diagnostics::default();
    diags.error(UNREADABLE, None, error.to_string());
    Checked {
        name: file_name(path),
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

fn is_policy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "xml")
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
