//! The bundles that a command names, and the environment that it judges them against.

use std::fs;
use std::path::PathBuf;

use crate::bundle::{BundleKind, Limits};
use crate::cli::CliError;
use crate::config::{Config, Unsupported};
use crate::deploy::watch::{entries, holds_bundle};
use crate::deploy::{Offer, offer_of};
use crate::lint::EnvironmentView;

/// Each bundle and policy that the paths stand for, a folder of bundles for each of them.
pub(super) fn named(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, CliError> {
    let mut bundles = Vec::new();
    for path in paths {
        expand(path, &mut bundles)?;
    }
    Ok(bundles)
}

/// The environment of the configuration, with the shared flows and environment policies that
/// lie in its folders or are judged along.
pub(super) fn environment(config: &Config, paths: &[PathBuf], limits: &Limits) -> EnvironmentView {
    let mut view = EnvironmentView::new(&config.organization, &config.environment, config.profile);
    view.unsupported_faults = config.deploy.unsupported == Unsupported::Fault;
    view.lint = config.lint.clone();
    view.targets = config.targets.clone();
    view.caches = config.caches.iter().map(|cache| cache.name.clone()).collect();
    // A folder that cannot be read adds nothing; serving says so.
    let deployed = config.deploy.folders.iter().filter_map(|folder| entries(folder).ok());
    let deployed = deployed.flatten().map(|entry| entry.path);
    for path in deployed.chain(paths.iter().cloned()) {
        match offer_of(&path, limits) {
            Some(Offer::SharedFlow { name }) => drop(view.shared_flows.insert(name)),
            Some(Offer::Policy { name, kind }) => {
                view.environment_policies.insert(name, kind);
            }
            None => {}
        }
    }
    view
}

/// A folder of bundles stands for each of them, by path.
fn expand(path: PathBuf, paths: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let failed = |source| CliError::Read { path: path.clone(), source };
    let is_folder = fs::metadata(&path).map_err(failed)?.is_dir();
    if !is_folder {
        let is_bundle = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("zip") || extension == "xml");
        return if is_bundle {
            paths.push(path);
            Ok(())
        } else {
            Err(CliError::NoBundle { path })
        };
    }
    let is_root = |kind: BundleKind| path.file_name().is_some_and(|name| name == kind.root());
    if holds_bundle(&path) || BundleKind::ALL.into_iter().any(is_root) {
        paths.push(path);
        return Ok(());
    }
    let found = entries(&path).map_err(failed)?;
    if found.is_empty() {
        return Err(CliError::NoBundle { path });
    }
    paths.extend(found.into_iter().map(|entry| entry.path));
    Ok(())
}
