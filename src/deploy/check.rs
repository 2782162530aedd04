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
}

impl Judged {
    /// With the bundle's texts, which its findings speak of.
    pub(super) fn with_sources(self, bundle: Bundle) -> Checked {
        let Self { name, found, diags } = self;
        let root = bundle.display_root().to_owned();
        Checked { name, found, diags, sources: bundle.into_sources(), root, incomplete: false }
    }
}

pub(super) fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
    if is_policy(path) { Bundle::single_policy(path, limits) } else { Bundle::open(path, limits) }
}

pub(super) fn judge(path: &Path, bundle: &mut Bundle, view: &EnvironmentView) -> Judged {
    let mut diags = Diagnostics::default();
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
    Judged { name: name.unwrap_or_else(|| file_name(path)), found, diags }
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
